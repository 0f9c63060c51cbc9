# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # Set up and check
# MAGIC Takes the answers of the widgets, checks them and writes them into the settings file, where the other notebooks find them; an empty one leaves the
# MAGIC file as it is. Then it makes what is missing of secret scope, schema, tables and a volume for reports, and tests every credential, permission and
# MAGIC limit: a row each, red ones with what to do. It changes nobody's access. Run all, fill in the widgets, Run all again: those of a login follow its method.

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

notebook = Notebook(globals(), "setup")

# COMMAND ----------

findings = notebook.setup()

# COMMAND ----------

notebook.show(findings)
notebook.finish(findings)
