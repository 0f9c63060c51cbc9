# Databricks notebook source
# /// script
# [tool.databricks.environment]
# environment_version = "4"
# ///
# MAGIC %md
# MAGIC # Explain
# MAGIC Why is somebody in a group, or not? `user`: every group of theirs and every path; `group`: everybody in it; both: the paths of the one into the
# MAGIC other, or the reason why there is none. Names or ids of either side. It reads Entra, Databricks and the memory, and changes nothing.

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

notebook = Notebook(globals(), "explain")

# COMMAND ----------

answer = notebook.explain()

# COMMAND ----------

notebook.show(answer)
notebook.finish(answer)
