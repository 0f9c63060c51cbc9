"""A world: one Entra tenant and one Databricks account with its workspaces, as one JSON file.

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
``active``, and groups ``managers``. A file that was saved has ids as well, and ``next_id``.

``workspaces`` is a list; each may have a ``name``, ``federated``, the same sections as the account,
``assignments`` (name of an account principal: ``USER`` or ``ADMIN``) and ``entitlements`` (name: list).
``vaults`` is a list of key vaults with a ``name`` and ``secrets`` (name: value).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.switches import Switches
from aadsync_lib.sandbox.databricks.workspaces.state import WorkspaceState
from aadsync_lib.sandbox.entra.state import EntraState
from aadsync_lib.sandbox.vault.state import SUFFIXES, Vault

VERSION = 1


@dataclass
class World:
    """Both sides of a sync."""

    entra: EntraState = field(default_factory=EntraState)
    databricks: DatabricksState = field(default_factory=DatabricksState)
    workspaces: list[WorkspaceState] = field(default_factory=list)
    vaults: list[Vault] = field(default_factory=list)

    def workspace(self, name: str) -> WorkspaceState:
        for workspace in self.workspaces:
            if workspace.name == name:
                return workspace
        raise KeyError(name)

    def add_workspace(
        self, name: str, *, federated: bool = False, switches: Switches | None = None
    ) -> WorkspaceState:
        """Add an empty workspace of the account, to be served at a host of its own."""
        if any(workspace.name == name for workspace in self.workspaces):
            raise ValueError(f"two workspaces are named {name!r}")
        workspace = WorkspaceState(
            switches=switches or Switches(),
            name=name,
            federated=federated,
            number=len(self.workspaces) + 1,
            account=self.databricks,
        )
        self.workspaces.append(workspace)
        return workspace

    def add_vault(self, name: str, suffix: str = SUFFIXES[0], **secrets: str) -> Vault:
        """Add a key vault. The sandbox has to start with one to serve any."""
        vault = Vault(name, suffix)
        for key, value in secrets.items():
            vault.add(key.replace("_", "-"), value)
        self.vaults.append(vault)
        return vault

    def to_json(self) -> dict[str, Any]:
        lists = {
            "workspaces": [workspace.to_json() for workspace in self.workspaces],
            "vaults": [vault.to_json() for vault in self.vaults],
        }
        return {
            "version": VERSION,
            "entra": self.entra.to_json(),
            "databricks": self.databricks.to_json(),
            **{name: items for name, items in lists.items() if items},
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        if data.get("version", VERSION) != VERSION:
            raise ValueError(f"a world of version {data['version']}, not {VERSION}")
        entra = EntraState.from_json(data.get("entra", {}))
        world = cls(entra, _account(data.get("databricks", {})))
        for section in data.get("workspaces", ()):
            _add_workspace(world, section)
        world.vaults = [Vault.from_json(section) for section in data.get("vaults", ())]
        return world

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
    _fill(state, section)
    return state


def _add_workspace(world: World, section: dict[str, Any]) -> None:
    """A saved workspace, or one written by hand, without ids."""
    workspace = world.add_workspace(
        section.get("name", f"workspace-{len(world.workspaces) + 1}"),
        federated=section.get("federated", False),
        switches=Switches(**section.get("switches", {})),
    )
    if "next_id" in section:
        workspace.restore(section)
        return
    _fill(workspace, section)
    for name, permission in section.get("assignments", {}).items():
        workspace.assign(name, permission)
    for name, granted in section.get("entitlements", {}).items():
        workspace.entitle(name, *granted)


def _fill(state: DatabricksState, section: dict[str, Any]) -> None:
    for user in section.get("users", ()):
        state.add_user(**user)
    for principal in section.get("service_principals", ()):
        state.add_service_principal(**principal)
    for group in section.get("groups", ()):
        state.add_group(**group)


def _lines(world: dict[str, Any]) -> Iterator[str]:

    yield f'{{\n"version": {world["version"]}'
    for name in ("entra", "databricks"):
        yield f',\n"{name}": {{\n'
        for number, (key, value) in enumerate(world[name].items()):
            yield (",\n" if number else "") + f"  {_text(key)}: "
            yield from _value(value)
        yield "\n}"
    for name in ("workspaces", "vaults"):
        if name in world:
            yield f',\n"{name}": '
            yield from _value(world[name])
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
