"""The published rate limits of Databricks, in requests per second."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Verb(StrEnum):
    """The classes of request that have a limit of their own."""

    GET = "get"
    LIST = "list"
    PATCH = "patch"
    WRITE = "write"  # POST, PUT and DELETE together
    ASSIGNMENT = "assignment"  # of principals to the workspaces of an account
    ENTITLEMENT = "entitlement"  # of principals in one of them: PATCH of its own SCIM


# Account SCIM, per account, shared with every other tool: resource limits page, 2026-07-28.
ACCOUNT_RATES: Mapping[Verb, float] = {
    Verb.GET: 20.0,
    Verb.LIST: 240 / 60,
    Verb.PATCH: 2.0,
    Verb.WRITE: 5.0,
}

# Workspace SCIM, per workspace: the same page for writes, Databricks Labs' own client (ucx) for the others.
# A listing has no limit of its own there: it counts as a GET.
WORKSPACE_RATES: Mapping[Verb, float] = {
    Verb.GET: 255 / 60,
    Verb.PATCH: 10 / 60,
    Verb.WRITE: 35 / 60,
}

PAGE = 100  # "at most 100 at a time": SCIM 2.1, and legal under every reading of 2.0
CREATE_MEMBERS = 5000  # members of one group create: SCIM 2.1
PATCH_VALUES = (
    1000  # member values of one PATCH; no limit is published, the chunk halves when refused
)
PATCH_REMOVES = 100  # remove operations of one PATCH, one member each

# Requests a second. Of permissionassignments no limit is published; ucx keeps to five a second. Entitlements
# are a PATCH of the SCIM of the workspace itself.
ACCESS_RATES: Mapping[Verb, float] = {
    Verb.ASSIGNMENT: 5.0,
    Verb.ENTITLEMENT: WORKSPACE_RATES[Verb.PATCH],
}
