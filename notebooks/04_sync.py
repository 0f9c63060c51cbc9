# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # Sync
# MAGIC Plans and applies in one go, for a person who looks on. **It changes access in Databricks.** A plan over the limits is shown and refused, and
# MAGIC nothing is changed. To look first, run `02_plan`.

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

from aadsync_lib.notebook import Notebook

notebook = Notebook(globals(), "sync")

# COMMAND ----------

report = notebook.sync()

# COMMAND ----------

notebook.show(report)
notebook.finish(report)
