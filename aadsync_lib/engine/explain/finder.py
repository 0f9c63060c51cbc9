"""Identities by any of their names, on both sides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from aadsync_lib.engine.explain.sides import Sides
from aadsync_lib.model.account import Account, Unread
from aadsync_lib.model.directory import DirectoryMatch, Presence
from aadsync_lib.model.explanation import Identity, Place
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.ports import Source
from aadsync_lib.reconcile.explain import Explained

NEAREST = 5
PLACES = {
    Presence.PRESENT: Place.OUT_OF_SCOPE,
    Presence.DISABLED: Place.OUT_OF_SCOPE,
    Presence.DELETED: Place.DELETED,
    Presence.GONE: Place.GONE,
}


@dataclass(frozen=True)
class Finder:
    """Finds identities by any of their names."""

    source: Source
    sides: Sides
    explained: Explained
    matches: tuple[DirectoryMatch, ...] = ()

    def people(self, name: str) -> tuple[Identity, ...]:
        """Return every user and service principal of a name, in Entra or only on a target."""
        people = (match for match in self.matches if match.kind is not Kind.GROUP)
        identities = {match.id: self._matched(match) for match in people}
        for key in self._in_snapshot(name):
            identities.setdefault(key, self.person(key))
        return self._with_targets(name, identities, (Kind.USER, Kind.SERVICE_PRINCIPAL))

    def groups(self, name: str) -> tuple[Identity, ...]:
        """Return every group of a name, in Entra or only on a target."""
        groups = self.sides.desired.groups
        mapped = (key for key, group in groups.items() if _is(name, group.principal.name))
        ids = dict.fromkeys((*self.explained.named(name), *mapped))
        identities = {key: self.group(key) for key in ids}
        return self._with_targets(name, identities, (Kind.GROUP,))

    def person(self, key: str) -> Identity:
        """Return somebody whom the scope was read with."""
        users, services = self.sides.snapshot.users, self.sides.snapshot.service_principals
        user, service = users.get(key), services.get(key)
        kind = Kind.SERVICE_PRINCIPAL if service else Kind.USER
        name = user.user_principal_name if user else service.app_id if service else key
        shown = user or service
        return Identity(
            kind=kind,
            name=self._mapped(key) or name,
            place=Place.IN_SCOPE if self._in_scope(key) else Place.OUT_OF_SCOPE,
            external_id=key,
            display_name=shown.display_name if shown else None,
            enabled=shown.enabled if shown else None,
            reason=self._why(key),
        )

    def nearest(self, name: str, kinds: Iterable[Kind]) -> tuple[str, ...]:
        """Return the names that look most like one that nobody has."""
        names = {name_key(near): near for near in self._names(frozenset(kinds))}
        return tuple(
            names[key] for key in get_close_matches(name_key(name.strip()), names, NEAREST)
        )

    def _names(self, kinds: frozenset[Kind]) -> Iterator[str]:
        snapshot = self.sides.snapshot
        if Kind.GROUP in kinds:
            yield from (group.display_name for group in snapshot.groups.values())
        if Kind.USER in kinds:
            for user in snapshot.users.values():
                yield from filter(None, (user.user_principal_name, user.mail, user.display_name))
            services = snapshot.service_principals.values()
            yield from (service.display_name or service.app_id for service in services)
        for side in self.sides.targets:
            yield from (a.name for a in side.accounts.values() if a.kind in kinds)

    def _matched(self, match: DirectoryMatch) -> Identity:
        return Identity(
            kind=match.kind,
            name=self._mapped(match.id) or match.name,
            place=Place.IN_SCOPE if self._in_scope(match.id) else Place.OUT_OF_SCOPE,
            external_id=match.id,
            display_name=match.display_name,
            enabled=match.enabled,
            reason=self._why(match.id),
        )

    def group(self, key: str) -> Identity:
        """Return a group in Entra, in scope or not."""
        desired, snapshot = self.sides.desired, self.sides.snapshot
        reason = self._why(key)
        if key in snapshot.groups and key not in desired.groups:
            reason = "is not made on the targets: what is in it goes to the groups above directly"
        elif key not in snapshot.groups:
            reason = self.explained.left_out(key)
        place = Place.IN_SCOPE if key in snapshot.groups else Place.OUT_OF_SCOPE
        return Identity(
            Kind.GROUP, self._mapped(key) or self.explained.name(key), place, key, reason=reason
        )

    def _in_snapshot(self, name: str) -> Iterator[str]:
        for user in self.sides.snapshot.users.values():
            if _is(name, user.id, user.user_principal_name, user.mail, user.display_name):
                yield user.id
        for service in self.sides.snapshot.service_principals.values():
            if _is(name, service.id, service.app_id, service.display_name):
                yield service.id

    def _with_targets(
        self, name: str, identities: dict[str, Identity], kinds: tuple[Kind, ...]
    ) -> tuple[Identity, ...]:
        """Add who is found on a target only, looked up in Entra where it says who that is.

        Whoever merely holds the name of somebody found is no answer, but what that somebody's notes tell.
        """
        names = {(identity.kind, name_key(identity.name)) for identity in identities.values()}
        strangers: dict[str, Identity] = {}
        for side in self.sides.targets:
            for account in side.accounts.values():
                owner = side.owners.get(account.id)
                linked = account.id in side.part.links.by_target
                holder = (account.kind, name_key(account.name)) in names and not linked
                if owner in identities or holder or account.kind not in kinds:
                    continue
                if _is(name, *_names_of(account), owner):
                    strangers.setdefault(owner or account.name, _stranger(account, owner))
        ids = {who.external_id: who.kind for who in strangers.values() if who.external_id}
        places = self.source.look_up(ids) if ids else {}
        return (*identities.values(), *(_placed(who, places) for who in strangers.values()))

    def _mapped(self, key: str) -> str | None:
        desired = self.sides.desired
        group = desired.groups.get(key)
        principal = group.principal if group else desired.principals.get(key)
        return principal.name if principal else None

    def _in_scope(self, key: str) -> bool:
        desired = self.sides.desired
        return key in desired.principals or key in desired.quarantined

    def _why(self, key: str) -> str | None:
        reason = self.explained.outside(key)
        group = key in self.sides.snapshot.groups
        if reason or group or self._in_scope(key):
            return reason
        return "is in no group that is in scope, and assigned to no application that is"


def _is(name: str, *names: str | None) -> bool:
    wanted = name_key(name.strip())
    return any(name_key(known) == wanted for known in names if known)


def _names_of(account: Account) -> tuple[str | None, ...]:
    return account.id, account.name, account.display_name, account.external_id


def _stranger(account: Account, owner: str | None) -> Identity:
    reason = None if owner else "nothing on the target says who this is in Entra"
    place = Place.UNREAD if owner else Place.UNKNOWN
    return Identity(account.kind, account.name, place, owner, account.display_name, reason=reason)


def _placed(identity: Identity, places: Mapping[str, Presence | Unread]) -> Identity:
    place = places.get(identity.external_id or "")
    if place is None:
        return identity
    if isinstance(place, Unread):
        return replace(identity, reason=place.reason)
    enabled = None if identity.kind is Kind.GROUP else place is Presence.PRESENT
    return replace(identity, place=PLACES[place], enabled=enabled)
