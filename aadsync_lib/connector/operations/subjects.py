"""Requests to provision at once: one person, or one group and up to five of its members.

Sources: provisioning_api.md, sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aadsync_lib.errors import AadsyncError, UsageError
from aadsync_lib.model.identity import Kind
from aadsync_lib.own_words import own
from aadsync_lib.responses import JsonObject

MOST_MEMBERS = 5
TYPES = {Kind.USER: "User", Kind.GROUP: "Group"}  # with regard to case


@dataclass(frozen=True, slots=True)
class Subject:
    """An object of Entra to be provisioned, with members where it is a group."""

    id: str
    name: str
    kind: Kind
    members: tuple[Subject, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Names of the command line: a person, or a group with some members."""

    user: str | None = None
    group: str | None = None
    members: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise ``UsageError`` for what no request can say."""
        if (self.user is None) == (self.group is None):
            raise UsageError(
                own("Say whom to provision: --user NAME or --group NAME, one of the two.")
            )
        if self.members and self.group is None:
            raise UsageError(
                own("--member goes with --group: the members are provisioned into it.")
            )
        if len(self.members) > MOST_MEMBERS:
            raise UsageError(
                f"{len(self.members)} members: Entra provisions at most {MOST_MEMBERS} with a group at "
                f"once. Nothing was changed. Call it again for the others."
            )


def demand_body(schema: JsonObject, subject: Subject) -> JsonObject:
    """Return the body of a request, with the rule of the schema that has the subject's type.

    A rule is found by what it maps, never by its id, its name or its place.
    """
    parameters = {"ruleId": _rule(schema, subject.kind), "subjects": [_subject(subject)]}
    return {"parameters": [parameters]}


def _subject(subject: Subject) -> JsonObject:
    row: JsonObject = {"objectId": subject.id, "objectTypeName": TYPES[subject.kind]}
    if subject.members:
        row["links"] = {"members": [_subject(member) for member in subject.members]}
    return row


def _rule(schema: JsonObject, kind: Kind) -> str:
    """Return the id of the rule that maps this type, one whose mapping is switched on before others."""
    mapped = [
        (mapping.get("enabled") is False, str(rule["id"]))
        for rule in _list(schema.get("synchronizationRules"))
        for mapping in _list(rule.get("objectMappings"))
        if rule.get("id")
        and str(mapping.get("sourceObjectName") or "").lower() == TYPES[kind].lower()
    ]
    if not mapped:
        raise AadsyncError(
            f"The schema of the connector has no rule that maps {TYPES[kind].lower()}s: they cannot be "
            f"provisioned. Nothing was changed. Look at its mappings in Entra."
        )
    return min(mapped, key=lambda pair: pair[0])[1]


def _list(value: object) -> Sequence[JsonObject]:
    values: Iterable[object] = value if isinstance(value, list) else ()
    return [each for each in values if isinstance(each, dict)]
