"""Desired state: everybody and everything in scope, named for the targets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from aadsync_lib.config.scope import MappingSettings, Scope
from aadsync_lib.model.desired import Desired, DesiredGroup, Nest
from aadsync_lib.model.directory import Group, Notice, ServicePrincipal, Snapshot, User
from aadsync_lib.model.identity import Kind, Principal, name_key
from aadsync_lib.model.plan import GroupNode, Quarantined
from aadsync_lib.reconcile.collector import uncollected
from aadsync_lib.reconcile.desired.filters import excluded, value_of
from aadsync_lib.reconcile.desired.nesting import nest


def tree(*views: Desired) -> tuple[GroupNode, ...]:
    """Return every group with the groups in it, parents first; a group of several views once."""
    nodes = {node.external_id: node for desired in reversed(views) for node in _nodes(desired)}
    return tuple(nodes.values())


def _nodes(desired: Desired) -> Iterator[GroupNode]:
    ids = desired.groups.keys()
    for group in sorted(
        desired.groups.values(), key=lambda group: (-group.height, name_key(group.principal.name))
    ):
        nested = sorted(
            (ids & group.members), key=lambda gid: name_key(desired.groups[gid].principal.name)
        )
        named = (desired.principals[key] for key in group.members & desired.principals.keys())
        people = sum(principal.kind is Kind.USER for principal in named)
        principal = group.principal
        yield GroupNode(principal.external_id, principal.name, tuple(nested), people)


FIELD = re.compile(r"\{(\w+)\}")
SYSTEM_GROUPS = frozenset({"admins", "users", "account users"})
LONGEST_NAME = 255
NOUN = {Kind.USER: "users", Kind.SERVICE_PRINCIPAL: "service principals", Kind.GROUP: "groups"}
ATTRIBUTE = {
    Kind.USER: "userName",
    Kind.SERVICE_PRINCIPAL: "applicationId",
    Kind.GROUP: "displayName",
}
REMEDY = {
    Kind.USER: "mapping.user_name and mapping.guest_user_name say which attribute names them",
    Kind.SERVICE_PRINCIPAL: "take all but one of them out of scope",
    Kind.GROUP: "rename them in Entra, or tell them apart by {mailNickname} or {id} in "
    "mapping.group_name",
}


@uncollected()
def desire(snapshot: Snapshot, scope: Scope, mapping: MappingSettings) -> Desired:
    """Return everybody and everything in scope, named for the target.

    Identities that cannot be named without a guess are quarantined, all claimants of a name alike.
    """
    nesting = nest(snapshot, scope)
    wanted = frozenset().union(snapshot.assigned, *(n.members for n in nesting.groups.values()))
    quarantined: dict[str, Quarantined] = {}
    principals = _people(snapshot, scope, mapping, wanted, quarantined)
    principals |= _services(snapshot, scope, wanted)
    groups = {
        gid: _group(snapshot.groups[gid], mapping, quarantined) for gid in sorted(nesting.groups)
    }
    _contested((*principals.values(), *groups.values()), quarantined)
    in_scope = principals.keys() | groups.keys() | quarantined.keys()
    whole = wanted <= in_scope  # then every group's members are
    return Desired(
        principals=principals,
        groups={
            gid: _with_members(principal, nesting.groups[gid], None if whole else in_scope)
            for gid, principal in groups.items()
        },
        quarantined=quarantined,
        notices=(*snapshot.notices, *_unread_notices(snapshot), *nesting.notices),
        excluded=frozenset(snapshot.users.keys() - principals.keys()) & wanted,
        names=_other_names(snapshot, principals, groups),
        complete=snapshot.complete,
        assigned=snapshot.assigned,
    )


def _other_names(
    snapshot: Snapshot, principals: Mapping[str, Principal], groups: Mapping[str, Principal]
) -> dict[str, tuple[str, ...]]:
    """Return what Entra calls whoever was read, where that is not the name on the target."""
    names: dict[str, tuple[str, ...]] = {}
    for uid, user in snapshot.users.items():
        mapped = principals[uid].name if uid in principals else None
        if user.user_principal_name != mapped or user.mail not in (None, mapped):
            names[uid] = _unlike(mapped, user.user_principal_name, user.mail)
    for sid, service in snapshot.service_principals.items():
        names[sid] = _unlike(None, service.display_name)
    for gid, group in snapshot.groups.items():
        mapped = groups[gid].name if gid in groups else None
        if group.display_name != mapped:
            names[gid] = _unlike(mapped, group.display_name)
    return {key: others for key, others in names.items() if others}


def _unlike(name: str | None, *others: str | None) -> tuple[str, ...]:
    return tuple(other for other in others if other and other.lower() != name)


def _unread_notices(snapshot: Snapshot) -> Iterable[Notice]:
    return (Notice("source_unread", reason) for reason in snapshot.unread)


def _people(
    snapshot: Snapshot,
    scope: Scope,
    mapping: MappingSettings,
    wanted: frozenset[str],
    quarantined: dict[str, Quarantined],
) -> dict[str, Principal]:
    people: dict[str, Principal] = {}
    shown_of = _filler(mapping.display_name)
    for uid in sorted(wanted & snapshot.users.keys()):
        user = snapshot.users[uid]
        if excluded(user, scope):
            continue
        attribute = mapping.guest_user_name if user.guest else mapping.user_name
        name = user.mail if attribute == "mail" else user.user_principal_name
        if name and name.strip():
            people[uid] = _person(user, name.strip().lower(), shown_of(user))
        else:  # who is linked is managed by the link, whatever the name
            people[uid] = _person(user, "", shown_of(user))
            key = "guest_user_name" if user.guest else "user_name"
            reason = f"has no {attribute}, which mapping.{key} takes the userName from"
            quarantined[uid] = Quarantined(uid, user.user_principal_name, reason)
    return people


def _person(user: User, name: str, shown: str) -> Principal:
    shown = shown or name or user.user_principal_name
    return Principal(Kind.USER, user.id, name, shown, user.enabled)


def _filler(template: str) -> Callable[[User], str]:
    """Return what fills in the template; it gives nothing where the person has none of what that names."""
    if template == "{displayName}":  # in a tenth of the time, for a hundred thousand people
        return lambda user: (user.display_name or "").strip()
    fields = frozenset(FIELD.findall(template))

    def filled(user: User) -> str:
        values = {key: str(value_of(key, user) or "").strip() for key in fields}
        if not any(values.values()):
            return ""
        return FIELD.sub(lambda key: values[key[1]], template).strip()

    return filled


def _services(snapshot: Snapshot, scope: Scope, wanted: frozenset[str]) -> dict[str, Principal]:
    if not scope.service_principals:
        return {}
    ids = sorted(wanted & snapshot.service_principals.keys())
    return {sid: _service(snapshot.service_principals[sid]) for sid in ids}


def _service(service: ServicePrincipal) -> Principal:
    shown = (service.display_name or "").strip() or service.app_id
    return Principal(Kind.SERVICE_PRINCIPAL, service.id, service.app_id, shown, service.enabled)


def _group(
    group: Group, mapping: MappingSettings, quarantined: dict[str, Quarantined]
) -> Principal:
    values = {
        "displayName": group.display_name,
        "mailNickname": group.mail_nickname or "",
        "id": group.id,
    }
    name = re.sub(FIELD, lambda key: values[key[1]], mapping.group_name).strip()
    if not group.display_name.strip() and "{displayName}" in mapping.group_name:
        name = ""  # the rest of the template is no name
    problem = _unusable(name)
    if problem:
        shown = name or group.display_name.strip() or group.id
        quarantined[group.id] = Quarantined(group.id, shown, problem)
    return Principal(Kind.GROUP, group.id, name, name)


def _unusable(name: str) -> str | None:
    if not name:
        return "its name is empty after mapping.group_name"
    if name_key(name) in SYSTEM_GROUPS:
        return f"{name} is a group of Databricks itself; give it another name by mapping.group_name"
    if len(name) > LONGEST_NAME:
        return f"its name has {len(name)} characters; Databricks takes {LONGEST_NAME}"
    return None


def _contested(principals: Iterable[Principal], quarantined: dict[str, Quarantined]) -> None:
    first: dict[Kind, dict[str, Principal]] = {kind: {} for kind in Kind}
    claims: dict[tuple[Kind, str], list[Principal]] = {}
    for principal in principals:
        kind, key = principal.kind, name_key(principal.name)
        if not key:
            continue
        earlier = first[kind].setdefault(key, principal)
        if earlier is not principal:
            claims.setdefault((kind, key), [earlier]).append(principal)
    for (kind, _), claimants in claims.items():
        ids = ", ".join(sorted(claimant.external_id for claimant in claimants))
        count = "two" if len(claimants) == 2 else str(len(claimants))
        for claimant in claimants:
            reason = f"{count} Entra {NOUN[kind]} map to {ATTRIBUTE[kind]} {claimant.name}: {ids}; {REMEDY[kind]}"
            quarantined.setdefault(
                claimant.external_id, Quarantined(claimant.external_id, claimant.name, reason)
            )


def _with_members(principal: Principal, nest_: Nest, among: Set[str] | None) -> DesiredGroup:
    members = nest_.members if among is None else nest_.members & among
    return DesiredGroup(principal, members, nest_.height, nest_.unread)
