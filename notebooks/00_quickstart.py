# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # aadsync in two minutes
# MAGIC A made-up company, Contoso, with its Microsoft Entra ID and its Databricks account, both running on this driver. You see a plan, a sync, a second
# MAGIC sync that finds nothing to do, two days of changes, an accident that is refused, why somebody is in a group, and an undo.
# MAGIC
# MAGIC **No credentials, no configuration: Run all.** Nothing outside of this notebook is read or changed.

# COMMAND ----------

import sys

sys.path.append("..")  # in a bundle's files, where the root is not on the path

from aadsync_lib.packages import missing

packages = missing("../requirements.txt")

# COMMAND ----------

# MAGIC %pip install --quiet --no-deps --require-hashes -r $packages
# MAGIC %restart_python

# COMMAND ----------

import sys

sys.path.append("..")  # again, after the restart

from aadsync_lib.notebook.quickstart import quickstart, what_next

# COMMAND ----------

report = quickstart(globals())

# COMMAND ----------

what_next(globals(), report)
