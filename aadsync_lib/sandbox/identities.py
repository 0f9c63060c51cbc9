"""The identities and secrets of every sandbox; worth nothing outside one."""

GRAPH_TOKEN = "sandbox-graph-token"  # noqa: S105
DATABRICKS_TOKEN = "sandbox-databricks-token"  # noqa: S105
CLIENT_ID = "5a4db0c5-0000-4000-8000-00000000da7a"
CLIENT_SECRET = "sandbox-databricks-secret"  # noqa: S105
ENTRA_CLIENT_ID = "5a4db0c5-0000-4000-8000-00000000e474"
ENTRA_CLIENT_SECRET = "sandbox-entra-secret"  # noqa: S105
IDENTITY_HEADER = "sandbox-identity-header"
