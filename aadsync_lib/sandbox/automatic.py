"""Automatic identity management: Databricks itself brings Entra groups into the account."""

from __future__ import annotations

from dataclasses import dataclass, field

from aadsync_lib.sandbox.databricks.records import Group, Record
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.world import World


@dataclass(slots=True)
class Takeover:
    """Names of groups that are managed now, of those that a local group blocks, of the doubled."""

    managed: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    """People and applications that the account had without the externalId of Entra."""


def manage_automatically(world: World, *groups: str) -> Takeover:
    """Bring Entra groups, by id or name, with all below them into the account, or up to date.

    They match by externalId alone: people and applications without the right one get a second
    account, and a group whose name another group has is not brought in.
    """
    with world.entra.lock, world.databricks.lock:
        taking = _Taking(world)
        for group in groups:
            taking.group(_group_id(world, group))
        return taking.result


class _Taking:
    def __init__(self, world: World) -> None:
        self.entra = world.entra
        self.account = world.databricks
        self.result = Takeover()
        tables = (self.account.users, self.account.service_principals, self.account.groups)
        self._known: dict[str, Record] = {
            row.external_id: row for table in tables for row in table.values() if row.external_id
        }
        self._seen: set[str] = set()

    def group(self, key: str) -> str | None:
        """Return the account's id of an Entra group; ``None`` is a blocked one."""
        known = self._known.get(key)
        if key in self._seen:
            return known.id if known is not None else None
        self._seen.add(key)
        name = self.entra.objects[key]["displayName"]
        if known is None:
            if self.account.groups.named(name):
                self.result.blocked.append(name)
                return None
            known = self._known[key] = self.account.add_group(name, key)
        assert isinstance(known, Group)
        self._fill(known, key)
        self.result.managed.append(name)
        return known.id

    def _fill(self, row: Group, key: str) -> None:
        row.aim_managed = True
        members = [self._member(member) for member in self.entra.members[key]]
        wanted = [member for member in members if member is not None]
        for gone in row.members.keys() - set(wanted):
            self.account.unlink(row.id, gone)
        for member in wanted:
            self.account.link(row.id, member)

    def _member(self, key: str) -> str | None:
        item = self.entra.objects[key]
        match self.entra.kinds[key]:
            case "group":
                return self.group(key)
            case "user":
                return self._principal(key, item["userPrincipalName"].lower(), item)
            case "servicePrincipal":
                return self._principal(key, item["appId"], item)
        return None

    def _principal(self, key: str, name: str, item: JsonObject) -> str:
        if key in self._known:
            return self._known[key].id
        is_user = "userPrincipalName" in item
        table = self.account.users if is_user else self.account.service_principals
        if table.named(name):
            self.result.doubled.append(name)
        add = self.account.add_user if is_user else self.account.add_service_principal
        row = self._known[key] = add(name, item["displayName"], key)
        return row.id


def _group_id(world: World, name: str) -> str:
    if world.entra.kinds.get(name) == "group":
        return name
    found = [g for g in world.entra.ids("group") if world.entra.objects[g]["displayName"] == name]
    if len(found) != 1:
        raise ValueError(f"{len(found)} Entra groups are named {name!r}")
    return found[0]
