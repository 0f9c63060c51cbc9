"""The identities and secrets of every sandbox; worth nothing outside one."""

GRAPH_TOKEN = "sandbox-graph-token"  # noqa: S105 - opens the sandbox only
DATABRICKS_TOKEN = "sandbox-databricks-token"  # noqa: S105 - opens the sandbox only
CLIENT_ID = "5a4db0c5-0000-4000-8000-00000000da7a"
CLIENT_SECRET = "sandbox-databricks-secret"  # noqa: S105 - opens the sandbox only
ENTRA_CLIENT_ID = "5a4db0c5-0000-4000-8000-00000000e474"
ENTRA_CLIENT_SECRET = "sandbox-entra-secret"  # noqa: S105 - opens the sandbox only
IDENTITY_HEADER = "sandbox-identity-header"
WORKSPACE_TOKEN = "sandbox-workspace-token-"  # noqa: S105 - opens the sandbox only
"""Followed by the workspace's name."""
