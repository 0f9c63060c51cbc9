"""Logins, from settings and secret references."""

from aadsync_lib.auth.databricks import databricks_api, login_of
from aadsync_lib.auth.entra import graph_credential, graph_endpoint
from aadsync_lib.auth.vault import read_vaults

__all__ = ["databricks_api", "graph_credential", "graph_endpoint", "login_of", "read_vaults"]
