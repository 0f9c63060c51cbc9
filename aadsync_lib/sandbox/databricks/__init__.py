"""The Databricks account of the sandbox."""
