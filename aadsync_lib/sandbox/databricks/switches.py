"""Switches for behaviour that Databricks does not promise, so that either answer can be rehearsed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from aadsync_lib.sandbox.databricks.records import Kind
from aadsync_lib.sandbox.switching import turn

Stored = Literal["stored", "dropped"]
Operation = Literal[
    "displayName",
    "active",
    "externalId",
    "group.displayName",
    "group.externalId",
    "members.add",
    "members.remove",
    "entitlements",
    "assign",
    "unassign",
]
"""What a write may be deaf to; those without a prefix are of users and service principals, and
the last three of workspaces."""


@dataclass(slots=True)
class Switches:
    """Behaviour of one account; the defaults are the likelier or the stricter answers."""

    oversized_count: Literal["clamp", "honour", "reject"] = "clamp"
    """SCIM 2.0 asked for more than 100 rows a page; 2.1 always answers 400."""
    list_groups_with_members: bool = False
    """Accounts that relied on it before August 2025 still get members in listings."""
    empty_members_listed: bool = False
    """A group without members shows ``members: []`` instead of no attribute."""
    member_order: Literal["added", "reversed", "shuffled"] = "added"
    duplicate_rows: bool = False
    """Each page repeats the last row of the page before it."""
    shuffled_pages: int = 0
    """How many more list pages come in an order of their own; -1 is for ever."""

    list_lag: dict[Kind, int] = field(default_factory=dict)
    """By kind (``Users``, ``Groups``, ``ServicePrincipals``), how many of the newest objects whole
    listings leave out. Their totals agree; GET by id and members of groups show them."""
    unlisted: list[str] = field(default_factory=list)
    """Ids or names that listings of any kind leave out in the same way."""
    lagging_listings: dict[Kind, int] = field(default_factory=dict)
    """By kind, how many more listings lag before they show everything; absent is for ever."""
    lag_filters: bool = False
    """Listings by filter lag, too."""

    deaf: dict[Operation, int] = field(default_factory=dict)
    """How many more PATCHes with this operation are answered like any other and change nothing of
    it; -1 is all."""
    deaf_objects: list[str] = field(default_factory=list)
    """Ids or names of the objects that are deaf; empty is every object."""

    user_external_id: Stored = "stored"
    service_principal_external_id: Stored = "stored"
    group_external_id: Stored = "stored"
    external_id_case: Literal["kept", "upper", "lower"] = "kept"
    """How answers show externalIds, which are stored as they were given."""
    filter_users_by_external_id: bool = False
    case_variant_groups: bool = True
    """``Admins`` may exist next to ``admins``, and what else ``name_folding`` takes for one."""
    name_folding: Literal["lower", "fold"] = "lower"
    """Names that differ by case alone compare equal, in filters and where names are unique; under
    ``fold`` those are that differ by ``ß`` and ``ss``, by ligatures or by width, too."""
    trim_names: bool = False
    """Group and display names lose the spaces around them."""
    user_name_case: Literal["lower", "kept"] = "lower"
    application_id_case: Literal["kept", "upper", "lower"] = "kept"
    unknown_application_id: Literal["accepted", "error"] = "accepted"
    """A service principal of an applicationId that Entra does not know."""
    meta_at_account: bool = False

    patch_answer: Literal["by_version", "body", "empty"] = "by_version"
    """200 with the resource, or 204. By version: 2.0 the former, 2.1 the latter."""
    patch_schemas_required: bool = True
    active_string: Literal["error", "accepted"] = "error"
    """``"value": "false"`` was seen to work and to be answered with a 500 cast error."""
    remove_without_filter: Literal["error", "empties"] = "error"
    unknown_member: Literal["ignored", "error"] = "ignored"
    repeated_membership: Literal["accepted", "error"] = "accepted"
    """Adding who is a member, or removing who is not."""
    max_patch_operations: int | None = None
    max_patch_values: int | None = None

    error_shape: Literal["by_version", "scim", "databricks"] = "by_version"
    """By version: 2.0 answers SCIM errors, 2.1 Databricks errors."""
    scim_20: bool = True
    scim_21: bool = True
    scim_token_on_20: bool = False
    """A SCIM provisioning token is accepted on 2.0 paths, too."""
    iam_v2: bool = True
    token_lifetime: int = 3600

    assignment_errors: int = 0
    """How many more assignments a workspace answers with 200, an ``error`` in the body, and nothing
    done; -1 is all."""
    assignment_error_objects: list[str] = field(default_factory=list)
    """Ids or names of the principals whose assignments fail so; empty is every principal."""
    assignment_conflict: Literal["in_body", "status"] = "in_body"
    """A local group of the same name in the workspace: 200 with ``error``, or 400."""
    assignments_unavailable: int = 0
    """How many more requests a federated workspace refuses as one without federation would, as new
    ones do for a while; -1 is all."""
    inherited_listed: bool = True
    """A federated workspace lists those who are there by a group as well as the assigned."""

    cycles: Literal["error", "accepted"] = "error"
    max_depth: int = 10
    """Groups on the longest chain of nested groups."""
    max_groups: int = 5000
    max_direct_parents: int = 1500
    max_principals: int = 10_000
    max_members_in_create: int = 5000

    stale_seconds: float = 0.0
    """For so long after a write some reads show what was before it."""
    stale_share: float = 0.5
    seed: int = 0

    def turn(self, name: str, value: Any) -> None:
        """Set a switch by name, as the admin endpoint does. ``ValueError`` on what it does not know."""
        turn(self, "databricks", name, value)
