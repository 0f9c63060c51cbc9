# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # Apply
# MAGIC Applies exactly the plan that `02_plan` has saved (`plan`: its path), or its part for one `target`. **It changes access in Databricks.** When
# MAGIC Entra, Databricks or the settings have changed since the plan was made, it refuses and says what moved.

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

notebook = Notebook(globals(), "apply")

# COMMAND ----------

report = notebook.apply()

# COMMAND ----------

notebook.show(report)
notebook.finish(report)
