"""Entra's gallery connector of a target: its application, assignments, mappings and filters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from aadsync_lib.config.base import SecretRef, Section, Switch, Text, Url, Whole
from aadsync_lib.config.scope import Clause, GroupSelector

GALLERY = "Azure Databricks SCIM Provisioning Connector"
NAME = 120  # the most characters of an application's displayName
ATTRIBUTE = r"^[A-Za-z][A-Za-z0-9_.]*$"
# Entra evaluates single-valued attributes alone (define-conditional-rules-for-provisioning-user-accounts).
MULTI_VALUED = frozenset(
    name.lower()
    for name in (
        "members", "memberOf", "isMemberOf", "owners", "proxyAddresses", "otherMails", "businessPhones",
        "imAddresses", "groupTypes", "assignedPlans", "assignedLicenses", "identities", "provisionedPlans",
    )
)  # fmt: skip


def _expressible(clause: Clause) -> Clause:
    if problem := _problem(clause):
        raise ValueError(problem)
    return clause


def _problem(clause: Clause) -> str | None:
    """Return what a scoping filter of Entra has no words for."""
    values = clause.value if isinstance(clause.value, tuple) else (clause.value,)
    if clause.attribute.lower() in MULTI_VALUED:
        return f"{clause.attribute} has several values, and Entra filters by single ones alone"
    if "." in clause.attribute:
        return f"{clause.attribute} is a property of a property, which Entra does not filter by"
    if "" in values:
        return (
            f"{clause.attribute} {clause.operator} compares with nothing, which no clause of Entra "
            f"holds for; expected is_null or is_not_null"
        )
    return None


Expressible = Annotated[Clause, AfterValidator(_expressible)]
Filter = tuple[Annotated[tuple[Expressible, ...], Field(min_length=1)], ...]


def _one_address(text: str) -> str:
    name, sign, host = text.partition("@")
    odd = any(char.isspace() or char in ",;<>" for char in text)
    if not (name and sign and host) or "@" in host or odd:
        raise ValueError("expected one mail address, such as it@contoso.com")
    return text


def _each_once(mappings: dict[str, str]) -> dict[str, str]:
    names = [name.lower() for name in mappings]
    twice = sorted({name for name in mappings if names.count(name.lower()) > 1})
    if twice:
        raise ValueError(f"names one attribute in several ways: {', '.join(twice)}")
    return mappings


Mapped = Annotated[dict[Text, Annotated[str, Field(pattern=ATTRIBUTE)]], AfterValidator(_each_once)]


class ConnectorAssign(Section):
    """Groups and people that the connector provisions."""

    groups: tuple[GroupSelector, ...] = Field((), description="selectors as in scope.groups")
    users: tuple[Text, ...] = Field((), description="user names, mail addresses or object ids")
    role: Text = Field("User", description="app role to assign them, where the application has it")


class ConnectorMappings(Section):
    """Target attribute: source attribute. Only those named are changed."""

    users: Mapped = Field({}, description="of people")
    groups: Mapped = Field({}, description="of groups")


class ConnectorFilters(Section):
    """Scoping filters: clauses of a list are AND, lists are OR. Absent: left alone; empty: removed."""

    users: Filter | None = None
    groups: Filter | None = None


class ConnectorSettings(Section):
    """The enterprise application with which Entra itself provisions a target."""

    name: Annotated[str, Field(min_length=1, max_length=NAME)] = Field(
        description="displayName of the enterprise application"
    )
    template: Text = Field(GALLERY, description="template of the gallery, by displayName or id")
    token: SecretRef = Field(description="with which Entra logs in to Databricks")
    base_address: Url | None = Field(None, description="SCIM root; null: from the target")
    scope: Literal["assigned", "all"] = Field(
        "assigned", description="who is provisioned: who is assigned, or everybody"
    )
    assign: ConnectorAssign = ConnectorAssign()
    mappings: ConnectorMappings = ConnectorMappings()
    filters: ConnectorFilters = ConnectorFilters()
    notify: Annotated[str, AfterValidator(_one_address)] | None = Field(
        None, description="mail address that hears of a quarantine; null: nobody"
    )
    delete_threshold: Annotated[Whole, Field(ge=1, le=1_000_000_000)] | None = Field(
        None, description="Entra's prevention of accidental deletions, per cycle; null: off"
    )
    enabled: Switch = Field(True, description="whether provisioning runs")

    @field_validator("name")
    @classmethod
    def _as_entra_keeps_it(cls, value: str) -> str:
        if value != value.strip():
            raise ValueError("begins or ends with a space, which Entra does not keep")
        return value
