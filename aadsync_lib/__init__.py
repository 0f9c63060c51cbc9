"""Governed sync of identities from Microsoft Entra ID into Databricks."""

__version__ = "0.1.0"
