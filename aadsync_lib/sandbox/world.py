"""A world: one Entra tenant and one Databricks account, as one JSON file.

Only what matters has to be written by hand. ``entra`` may have ``users``, ``groups`` (with
``members``, a list of object ids), ``servicePrincipals``, ``devices``, ``contacts``, ``deleted``
(each with ``kind`` and ``object``) and ``appRoleAssignments`` (``resourceId``, ``principalId``),
with Graph's property names. A user needs ``id`` and ``userPrincipalName``, a service principal
``id``, ``displayName`` and ``appId``, anything else ``id`` and ``displayName``. Left out,
``accountEnabled`` and ``securityEnabled`` are true, ``mailEnabled`` is false, ``userType`` is
``Member``, ``groupTypes`` is empty, a user's ``displayName`` is the first part of its name, and
everything else is null.

``databricks`` may have an ``account_id``, ``switches``, ``users`` (``user_name``),
``service_principals`` (``application_id``) and ``groups`` (``display_name``, and ``members`` by
name); each may have an ``external_id``, ``roles``, and but for groups ``display_name`` and
``active``. A file that was saved has ids as well, and ``next_id``.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.switches import Switches
from aadsync_lib.sandbox.entra.state import EntraState

VERSION = 1


@dataclass
class World:
    """Both sides of a sync."""

    entra: EntraState = field(default_factory=EntraState)
    databricks: DatabricksState = field(default_factory=DatabricksState)

    def to_json(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "entra": self.entra.to_json(),
            "databricks": self.databricks.to_json(),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        if data.get("version", VERSION) != VERSION:
            raise ValueError(f"a world of version {data['version']}, not {VERSION}")
        entra = EntraState.from_json(data.get("entra", {}))
        return cls(entra, _account(data.get("databricks", {})))

    @classmethod
    def load(cls, path: Path | str) -> Self:
        return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))

    def save(self, path: Path | str) -> None:
        """Write the world, one object a line, so that two worlds compare well."""
        with Path(path).open("w", encoding="utf-8") as file:
            file.writelines(_lines(self.to_json()))


def _account(section: dict[str, Any]) -> DatabricksState:
    """A saved account, or one written by hand, without ids."""
    if "next_id" in section:
        return DatabricksState.from_json(section)
    state = DatabricksState(switches=Switches(**section.get("switches", {})))
    state.account_id = section.get("account_id", state.account_id)
    for user in section.get("users", ()):
        state.add_user(**user)
    for principal in section.get("service_principals", ()):
        state.add_service_principal(**principal)
    for group in section.get("groups", ()):
        state.add_group(**group)
    return state


def _lines(world: dict[str, Any]) -> Iterator[str]:

    yield f'{{\n"version": {world["version"]}'
    for name in ("entra", "databricks"):
        yield f',\n"{name}": {{\n'
        for number, (key, value) in enumerate(world[name].items()):
            yield (",\n" if number else "") + f"  {_text(key)}: "
            yield from _value(value)
        yield "\n}"
    yield "\n}\n"


def _value(value: Any) -> Iterator[str]:
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        yield _text(value)
        return
    for number, item in enumerate(value):
        yield ("[\n    " if number == 0 else ",\n    ") + _text(item)
    yield "\n  ]"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
