"""How much a target can hold."""

from __future__ import annotations

from pydantic import Field

from aadsync_lib.config.base import Count, Section


class Capacity(Section):
    """Limits of Databricks itself; what would go over is quarantined, and the rest goes on.

    ``None`` is no limit.
    """

    groups: Count | None = Field(5000, description="groups of the account; null: no limit")
    principals: Count | None = Field(
        10000,
        description="users and service principals; raise it where Databricks did, null: no limit",
    )
    direct_groups: Count | None = Field(
        1500, description="groups that one of them is directly in; null: no limit"
    )
