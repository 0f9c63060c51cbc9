"""What a sync may do, and how much of it at once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from aadsync_lib.config.base import Count, Section, Share, Text


class Limit(Section):
    """At most ``count`` changes, and at most ``share`` of what is managed once over ``floor``.

    ``None`` switches that half off.
    """

    count: Count | None = Field(None, description="most changes of a run; null: no such limit")
    share: Share | None = Field(
        None, description="most of what is managed, 0.10 is a tenth; null: no such limit"
    )
    floor: Count = Field(3, description="up to so many changes never count as too large a share")


# A class for each limit, so that a file that names one half of it keeps the default of the other.
class UsersDeprovisioned(Limit):
    """Users deactivated or deleted."""

    count: Count | None = Field(20, description=Limit.model_fields["count"].description)
    share: Share | None = Field(0.10, description=Limit.model_fields["share"].description)


class GroupsRemoved(Limit):
    """Groups deleted or emptied because they left the scope."""

    count: Count | None = Field(5, description=Limit.model_fields["count"].description)
    share: Share | None = Field(0.10, description=Limit.model_fields["share"].description)


class MembersRemoved(Limit):
    """Memberships ended."""

    count: Count | None = Field(200, description=Limit.model_fields["count"].description)
    share: Share | None = Field(0.20, description=Limit.model_fields["share"].description)


class GroupsEmptied(Limit):
    """Groups that stay in scope and lose their last member."""

    count: Count | None = Field(0, description=Limit.model_fields["count"].description)


class Limits(Section):
    """Per run and target; over any one, the whole run is refused before its first write."""

    users_deprovisioned: UsersDeprovisioned = UsersDeprovisioned()
    groups_removed: GroupsRemoved = GroupsRemoved()
    members_removed: MembersRemoved = MembersRemoved()
    groups_emptied: GroupsEmptied = GroupsEmptied()


def _id_as_text(value: Any) -> Any:
    """Databricks ids are digits, which YAML reads as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


NameOrId = Annotated[Text, BeforeValidator(_id_as_text)]


class Protected(Section):
    """Never changed, whatever the plan: names or ids."""

    users: tuple[NameOrId, ...] = Field((), description="such as a break-glass account")
    groups: tuple[NameOrId, ...] = Field((), description="their members stay as they are, too")
    service_principals: tuple[NameOrId, ...] = Field((), description="application ids")


class Policy(Section):
    """What a sync may do."""

    mode: Literal["mirror", "additive"] = Field(
        "mirror",
        description="additive adds and updates only: nobody is removed, deactivated or deleted",
    )
    members: Literal["exact", "managed"] = Field(
        "exact", description="managed leaves members alone that this sync did not add"
    )
    leavers: Literal["deactivate", "delete", "keep"] = Field(
        "deactivate", description="what happens to the account of somebody who left the scope"
    )
    retired_groups: Literal["empty", "delete", "keep"] = Field(
        "empty",
        description="what happens to a group of ours that left the scope: empty keeps its grants",
    )
    grace_days: Count = Field(
        0, description="days a leaver keeps the account; memberships go at once"
    )
    adopt: Literal["never", "unowned", "same_name"] = Field(
        "unowned",
        description="which existing accounts and groups of the same name may be taken over",
    )
    limits: Limits = Field(Limits(), description="over any one of them, nothing at all is written")
    protected: Protected = Field(
        Protected(), description="never changed; account admins and the sync itself always are"
    )
