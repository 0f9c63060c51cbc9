"""Logins, from settings and secret references."""

from aadsync_lib.auth.databricks import databricks_api
from aadsync_lib.auth.entra import graph_credential, graph_endpoint

__all__ = ["databricks_api", "graph_credential", "graph_endpoint"]
