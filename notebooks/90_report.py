# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # Report
# MAGIC The last task of the job: what became of every target of one `run` below `reports`. It records the targets that had nothing to do, keeps a page of
# MAGIC totals beside the plan, and fails when anything was refused or not done.

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

notebook = Notebook(globals(), "report")

# COMMAND ----------

totals = notebook.report()

# COMMAND ----------

notebook.show(totals)
notebook.finish(totals)
