# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # Plan
# MAGIC Reads Entra and Databricks and shows every change that a sync would make. It changes nobody's access. With `reports`, the plan is saved there, for
# MAGIC a review and for `03_apply`. A plan over the limits is refused, and says how to approve it.

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

notebook = Notebook(globals(), "plan")

# COMMAND ----------

plan = notebook.plan()

# COMMAND ----------

notebook.show(plan)
notebook.finish(plan)
