# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # Set up and check
# MAGIC Creates the secret scope and the tables that the settings name and that are not there yet, then tests every credential, permission and
# MAGIC limit and says what to do about each failure. It changes nobody's access. Fill in the widgets, or name an `aadsync.yml` in `config`.

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
