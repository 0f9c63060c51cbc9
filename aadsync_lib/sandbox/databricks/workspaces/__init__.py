"""Workspaces: their own SCIM, assignments of account principals, and the account proxy."""
