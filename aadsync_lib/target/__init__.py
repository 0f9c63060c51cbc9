"""Databricks, as the core sees it."""
