# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # History and undo
# MAGIC Shows past runs, what came of each change (narrowed by `run`, `user`, `group` and `action`), who was in which group (`on` a date), drift and
# MAGIC quarantine. With a run in `undo`, it shows the plan that takes that run back. Only with the digest of that plan typed into `confirm`, it applies
# MAGIC it. **It changes access in Databricks.**

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

notebook = Notebook(globals(), "history")

# COMMAND ----------

past = notebook.history()

# COMMAND ----------

notebook.show(past)
notebook.finish(past)
