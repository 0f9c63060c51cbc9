# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # Connector
# MAGIC Entra's own provisioning into Databricks, the gallery connector that the settings name (`targets[].connector`). `do`: `status` shows its state,
# MAGIC cycles, quarantine with its remedy, and what fails; `compare` shows who only it provisions, or only this sync, and why; `setup` shows the plan of
# MAGIC its setup. Only with the digest of that plan typed into `confirm`, it is carried out. **It changes access in Databricks.**

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

notebook = Notebook(globals(), "connector")

# COMMAND ----------

answer = notebook.connector()

# COMMAND ----------

notebook.show(answer)
notebook.finish(answer)
