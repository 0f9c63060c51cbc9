"""The policy of a sync, its limits, and the capacity of a target."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from aadsync_lib.config.base import Count, Days, Section, Share, Text, Whole
from aadsync_lib.model.identity import Kind


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
    """People and service principals that lose a group, directly or with a nested or deleted group."""

    count: Count | None = Field(200, description=Limit.model_fields["count"].description)
    share: Share | None = Field(0.20, description=Limit.model_fields["share"].description)


class AccessRemoved(Limit):
    """Workspace assignments and entitlements taken back."""

    count: Count | None = Field(5, description=Limit.model_fields["count"].description)
    share: Share | None = Field(0.10, description=Limit.model_fields["share"].description)


class GroupsEmptied(Limit):
    """Groups that stay in scope and lose their last member."""

    count: Count | None = Field(0, description=Limit.model_fields["count"].description)


class Limits(Section):
    """Per run and target; over any one, the whole run is refused before its first write."""

    users_deprovisioned: UsersDeprovisioned = UsersDeprovisioned()
    groups_removed: GroupsRemoved = GroupsRemoved()
    members_removed: MembersRemoved = MembersRemoved()
    access_removed: AccessRemoved = AccessRemoved()
    groups_emptied: GroupsEmptied = GroupsEmptied()


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


def _id_as_text(value: Any) -> Any:
    """Databricks ids are digits, which YAML reads as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


NameOrId = Annotated[Text, BeforeValidator(_id_as_text)]


class Protected(Section):
    """Never changed, whatever the plan: names or ids."""

    users: tuple[NameOrId, ...] = Field((), description="such as a break-glass account")
    groups: tuple[NameOrId, ...] = Field((), description="their members stay as they are, too")
    service_principals: tuple[NameOrId, ...] = Field((), description="application ids")


PERIOD = r"^(0|[1-9][0-9]{0,4}[mhd])$"


def _period(value: Any) -> Any:
    """Take the text of a period; nothing is the only one without a unit, which YAML reads as a number."""
    text = "0" if value == 0 and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(PERIOD, text):
        raise ValueError("expected minutes, hours or days, such as 30m, 24h or 7d, or 0")
    return text


Period = Annotated[
    str,
    BeforeValidator(_period),
    WithJsonSchema({"anyOf": [{"pattern": PERIOD, "type": "string"}, {"const": 0}]}),
]
SECONDS = {"m": 60.0, "h": 3_600.0, "d": 86_400.0}


AdoptWord = Literal["never", "unowned", "same_name"]


class Adopt(Section):
    """Which existing accounts and groups of the same name may be taken over.

    One word stands for all kinds; read and written so.
    """

    users: AdoptWord = "unowned"
    service_principals: AdoptWord = "unowned"
    groups: AdoptWord = "unowned"

    def of(self, kind: Kind) -> AdoptWord:
        """Return the word for one kind."""
        word: AdoptWord = getattr(self, f"{kind.value}s")
        return word

    @model_validator(mode="before")
    @classmethod
    def _one_word(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        if data not in get_args(AdoptWord):
            raise ValueError(
                "expected never, unowned or same_name, or one of them for each of users, service_principals and groups"
            )
        return dict.fromkeys(cls.model_fields, data)

    @model_serializer
    def _as_one_word(self) -> Any:
        words = {name: getattr(self, name) for name in type(self).model_fields}
        return self.groups if len(set(words.values())) == 1 else words

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        by_kind = handler.resolve_ref_schema(handler(core))
        return {"anyOf": [{"enum": list(get_args(AdoptWord)), "type": "string"}, dict(by_kind)]}


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
    grace_days: Days = Field(
        0, description="days a leaver keeps the account; memberships go at once"
    )
    user_name_change: Literal["quarantine", "recreate"] = Field(
        "quarantine",
        description="a user name cannot be changed: wait for a person, or make a new user",
    )
    adopt: Adopt = Field(
        Adopt(), description="which existing accounts and groups of the same name may be taken over"
    )
    adopt_names: tuple[NameOrId, ...] = Field(
        (),
        description="names or object ids that may be adopted as under same_name, one by one: "
        "somebody made anew in Entra under an old name",
    )
    full_every: Period = Field(
        "24h",
        description="a sync reads both sides in full when it last did so longer ago than this (30m, 24h, "
        "7d), and else only asks Entra what has changed; 0: every sync is full",
    )
    drift: Literal["repair", "report"] = Field(
        "repair", description="report leaves alone what was changed by hand on the target"
    )
    quarantine_after: Annotated[Whole, Field(ge=1, le=1000)] = Field(
        5, description="failures in a row after which a change waits for a person"
    )
    limits: Limits = Field(Limits(), description="over any one of them, nothing at all is written")
    protected: Protected = Field(
        Protected(), description="never changed; account admins and the sync itself always are"
    )

    @property
    def seconds_between_full(self) -> float:
        """``full_every`` in seconds; 0: every run is full."""
        return float(self.full_every[:-1] or 0) * SECONDS.get(self.full_every[-1], 0.0)
