"""The Databricks workspace of the sandbox."""
