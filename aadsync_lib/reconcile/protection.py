"""Protection: whom no change may touch, by every name and id that an identity has."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from types import MappingProxyType

from aadsync_lib.config.policy import Protected
from aadsync_lib.model.account import Account, TargetSnapshot, Unread
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, Principal, name_key
from aadsync_lib.model.link import Links
from aadsync_lib.reconcile.desired.naming import SYSTEM_GROUPS

Elsewhere = Mapping[str, frozenset[str] | Unread]
NOWHERE: Elsewhere = MappingProxyType({})


def protected_ids(
    target: TargetSnapshot,
    protected: Protected,
    desired: Desired,
    links: Links,
    elsewhere: Elsewhere = NOWHERE,
) -> frozenset[str]:
    """Return the target ids that no change may touch, and the object ids of who is protected in scope.

    By name or id, on either side, of today and of when the object was linked, from the settings; account
    admins, the identity that runs the sync, and the groups that Databricks itself keeps. What is not ours
    and has the name of somebody in scope is theirs, as it is for adoption. ``elsewhere``
    are the names of identities out of scope; of whom they could not be read, nothing is certain.
    """
    by_default = frozenset(_untouchable(target)) | target.own | frozenset(_admins(target))
    named = protected_names(protected)
    if not any(named.values()):
        return by_default
    identities = frozenset(_identities(named, desired))
    by_name = frozenset(
        account.id
        for account in target.accounts.values()
        if named[account.kind]
        and not named[account.kind].isdisjoint(_names(account, desired, links, elsewhere))
    )
    unlinked = frozenset(_of_protected(target, desired, links, identities))
    listed = (*protected.users, *protected.groups, *protected.service_principals)
    names = frozenset(name.strip() for name in listed)
    return by_default | by_name | unlinked | identities | names


def protected_names(protected: Protected) -> Mapping[Kind, frozenset[str]]:
    """Return the names and ids of the settings, by kind, in the form in which they are compared."""
    return {
        Kind.USER: frozenset(map(_key, protected.users)),
        Kind.SERVICE_PRINCIPAL: frozenset(map(_key, protected.service_principals)),
        Kind.GROUP: frozenset(map(_key, protected.groups)),
    }


def identity_of(account: Account, links: Links) -> str | None:
    """Return the object id of whom an object is, or says that it is."""
    link = links.by_target.get(account.id)
    return link.external_id if link else account.external_id


def _admins(target: TargetSnapshot) -> Iterator[str]:
    """Return whom a group makes account admins; the groups nested in it are not protected by that."""
    accounts = ((target_id, target.accounts.get(target_id)) for target_id in target.admins)
    return (key for key, account in accounts if account is None or account.kind is not Kind.GROUP)


def _untouchable(target: TargetSnapshot) -> Iterator[str]:
    own = name_key(target.own_application or "")
    for account in target.accounts.values():
        system = account.kind is Kind.GROUP and name_key(account.name) in SYSTEM_GROUPS
        itself = account.kind is Kind.SERVICE_PRINCIPAL and name_key(account.name) == own
        if account.admin or system or itself:
            yield account.id


def own_names(account: Account) -> Iterator[str]:
    """Yield an object's id and names, the display name only where it identifies: two people may share one."""
    yield account.id
    yield _key(account.name)
    if account.display_name and account.kind is Kind.SERVICE_PRINCIPAL:
        yield _key(account.display_name)


def _names(account: Account, desired: Desired, links: Links, elsewhere: Elsewhere) -> Iterator[str]:
    """Yield every name and id of an object and of whose it is."""
    yield from own_names(account)
    if link := links.by_target.get(account.id):
        yield from map(_key, (link.name, *link.names))
    external_id = identity_of(account, links)
    if external_id is None:
        return
    group = desired.groups.get(external_id)
    principal = group.principal if group else desired.principals.get(external_id)
    yield from _called(external_id, principal, desired)
    names = elsewhere.get(external_id, frozenset())
    if not isinstance(names, Unread):
        yield from map(_key, names)


def _called(external_id: str, principal: Principal | None, desired: Desired) -> Iterator[str]:
    """Yield an object id and what Entra calls it."""
    yield _key(external_id)
    yield from map(_key, desired.names.get(external_id, ()))
    if principal:
        yield _key(principal.name)


def _identities(named: Mapping[Kind, frozenset[str]], desired: Desired) -> Iterator[str]:
    """Yield the object ids of who is protected in scope, whether the target has them or not."""
    for principal in _principals(desired):
        names, external_id = named[principal.kind], principal.external_id
        if names and not names.isdisjoint(_called(external_id, principal, desired)):
            yield external_id


def _of_protected(
    target: TargetSnapshot, desired: Desired, links: Links, identities: Container[str]
) -> Iterator[str]:
    """Yield what is not ours and has the name of somebody in scope who is protected."""
    names = {
        (principal.kind, _key(principal.name))
        for principal in _principals(desired)
        if principal.name and principal.external_id in identities
    }
    for account in target.accounts.values() if names else ():
        if account.id not in links.by_target and (account.kind, _key(account.name)) in names:
            yield account.id


def _principals(desired: Desired) -> Iterator[Principal]:
    yield from desired.principals.values()
    yield from (group.principal for group in desired.groups.values())


def _key(name: str) -> str:
    return name_key(name.strip())
