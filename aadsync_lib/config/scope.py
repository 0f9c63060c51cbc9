"""The scope of a sync in Entra, and the names that its identities get on a target."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Strict,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from aadsync_lib.config.base import Guid, Section, Switch, Text, UnshownError, not_one_of
from aadsync_lib.config.plain import show
from aadsync_lib.model.identity import canonical_id, normal

SELECTORS = ("id", "name", "prefix", "filter", "application")
Operator = Literal[
    "equals", "not_equals", "in", "not_in", "starts_with", "ends_with", "contains", "is_null",
    "is_not_null",
]  # fmt: skip
LISTS = ("in", "not_in")
NOTHING = ("is_null", "is_not_null")
PARTS = ("starts_with", "ends_with", "contains")


class GroupSelector(Section):
    """One way to name root groups; exactly one of the five keys."""

    id: Guid | None = Field(None, description="object id of a group")
    name: Text | None = Field(None, description="exact displayName of one group")
    prefix: Text | None = Field(None, description="every group whose displayName starts so")
    filter: Text | None = Field(None, description="OData filter, passed to Graph as it is")
    application: Text | None = Field(
        None, description="enterprise application: everybody and every group assigned to it"
    )
    default_access: Switch = Field(
        True, description="with application: false leaves out Default Access assignments"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> GroupSelector:
        given = [name for name in SELECTORS if getattr(self, name) is not None]
        if len(given) != 1:
            raise not_one_of(SELECTORS, given)
        if "default_access" in self.model_fields_set and self.application is None:
            raise ValueError("default_access belongs to application only")
        return self

    @property
    def by(self) -> str:
        """The one of the five keys that is given."""
        return next(name for name in SELECTORS if getattr(self, name) is not None)

    @property
    def key(self) -> str:
        """What the selector is remembered by, such as ``name:Data Platform``."""
        return f"{self.by}:{canonical_id(normal(getattr(self, self.by)))}"

    @property
    def line(self) -> str:
        """The selector in words, each another one: ``name 'Data Platform'``."""
        return f"{self}" if self.default_access else f"{self} without default access"

    def __str__(self) -> str:
        return f"{self.by} {getattr(self, self.by)!r}"


# Booleans of Graph's user and of its passwordProfile; every other property is compared as text.
SWITCHES = frozenset(
    name.lower()
    for name in (
        "accountEnabled", "onPremisesSyncEnabled", "isResourceAccount", "isManagementRestricted",
        "showInAddressList", "forceChangePasswordNextSignIn", "forceChangePasswordNextSignInWithMfa",
    )
)  # fmt: skip


def _arm(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return "list"
    return "switch" if isinstance(value, bool) else "text"


Value = Annotated[
    Annotated[bool, Strict(), Tag("switch")]
    | Annotated[str, Tag("text")]
    | Annotated[tuple[str, ...], Tag("list")],
    Discriminator(_arm),
]


class Clause(Section):
    """One condition on an attribute of a user, by Graph's property name."""

    attribute: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.]*$")]
    operator: Operator = "equals"
    value: Value | None = None

    @field_validator("value")
    @classmethod
    def _text_is_compared(cls, value: Any, info: ValidationInfo) -> Any:
        attribute = info.data.get("attribute", "").split(".")[-1]
        if isinstance(value, bool) and attribute.lower() not in SWITCHES:
            raise UnshownError(f"found {show(value)}; expected text in quotes")
        return value

    @model_validator(mode="after")
    def _value_fits(self) -> Clause:
        many = isinstance(self.value, tuple)
        takes = f"found {show(self.value)}; operator {self.operator} takes"
        if self.operator in LISTS and (not many or not self.value):
            raise ValueError(f"{takes} a list of at least one value")
        if self.operator in NOTHING and self.value is not None:
            raise ValueError(f"{takes} no value")
        if self.operator not in LISTS + NOTHING and (many or self.value is None):
            raise ValueError(f"{takes} one value")
        if self.operator in PARTS and not isinstance(self.value, str):
            raise ValueError(f"{takes} text")
        return self


class Scope(Section):
    """Which Entra identities a sync manages."""

    groups: Annotated[tuple[GroupSelector, ...], Field(min_length=1)] = Field(
        (), description="the root groups: the union of what every line finds"
    )
    nested: Literal["preserve", "flatten", "direct"] = Field(
        "preserve",
        description="preserve keeps nested groups; flatten gives each root its transitive members; "
        "direct takes direct members only",
    )
    max_depth: Annotated[int, Strict(), Field(ge=1, le=10)] = Field(
        10, description="levels of groups kept with preserve; 10 is Databricks' own limit"
    )
    groups_of_kind: Literal["security", "all"] = Field(
        "security", description="all takes Microsoft 365 and distribution groups, too"
    )
    guests: Switch = Field(True, description="false leaves guests of the tenant out")
    service_principals: Switch = Field(True, description="false leaves applications out")
    users: tuple[Annotated[tuple[Clause, ...], Field(min_length=1)], ...] = Field(
        (),
        description="only users for whom all clauses of one of these lists hold; empty: everyone",
    )


SHOWN = (
    "displayName", "givenName", "surname", "mail", "userPrincipalName", "department", "jobTitle",
)  # fmt: skip
PERSON_TEMPLATE = rf"^([^{{}}]|\{{({'|'.join(SHOWN)})\}})+$"


def _shows_each_person(template: str) -> str:
    if "{" not in template:
        raise ValueError(
            "must hold a property in braces, such as {displayName}, or all would be one name"
        )
    return template


def _names_each_group(template: str) -> str:
    if not re.search(r"\{(displayName|mailNickname|id)\}", template):
        raise ValueError(
            "must hold {displayName}, {mailNickname} or {id}, or all would be one name"
        )
    return template


class MappingSettings(Section):
    """How Entra identities are named on a target."""

    user_name: Literal["userPrincipalName", "mail"] = Field(
        "userPrincipalName", description="what a user is called on Databricks"
    )
    guest_user_name: Literal["mail", "userPrincipalName"] = Field(
        "mail", description="the same for a guest, whose userPrincipalName holds #EXT#"
    )
    group_name: Annotated[
        str,
        Field(pattern=r"^([^{}]|\{(displayName|mailNickname|id)\})+$"),
        AfterValidator(_names_each_group),
    ] = Field("{displayName}", description="template of {displayName}, {mailNickname} and {id}")
    display_name: Annotated[
        str,
        Field(pattern=PERSON_TEMPLATE),
        AfterValidator(_shows_each_person),
    ] = Field(
        "{displayName}",
        description=f"of people, template of {', '.join(f'{{{name}}}' for name in SHOWN)}; empty: the user name",
    )

    @property
    def attributes(self) -> tuple[str, ...]:
        """Graph's properties of a person that the templates name."""
        return tuple(re.findall(r"\{(\w+)\}", self.display_name))
