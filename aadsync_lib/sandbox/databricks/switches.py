"""Switches for behaviour that Databricks does not promise, so that either answer can be rehearsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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

    user_external_id: Literal["stored", "dropped"] = "stored"
    filter_users_by_external_id: bool = False
    case_variant_groups: bool = True
    """``Admins`` may exist next to ``admins``."""
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
