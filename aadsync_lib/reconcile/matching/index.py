"""Index of a target's objects by what identifies them, and the names that will be free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType

from aadsync_lib.model.account import Account, TargetSnapshot
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, Principal, name_key
from aadsync_lib.model.link import Links, Sharer

NOBODY: Mapping[str, Sharer] = MappingProxyType({})


class Index:
    """The target's objects by link, externalId and name; where all is linked, only by link.

    ``shared`` names, by target id, the other sync that manages an object. ``ending`` objects give up their
    names.
    """

    def __init__(
        self,
        desired: Desired,
        target: TargetSnapshot,
        links: Links,
        shared: Mapping[str, Sharer] = NOBODY,
        ending: frozenset[str] = frozenset(),
    ) -> None:
        self.accounts = target.accounts
        self.links = links
        self.shared = shared
        self._desired = desired
        self.ending = ending

    @cached_property
    def _by_id(self) -> Mapping[tuple[Kind, str], list[Account]]:
        accounts: dict[tuple[Kind, str], list[Account]] = defaultdict(list)
        for account in self.accounts.values():
            if account.external_id:
                accounts[account.kind, account.external_id].append(account)
        return accounts

    @cached_property
    def _by_name(self) -> Mapping[tuple[Kind, str], list[Account]]:
        accounts: dict[tuple[Kind, str], list[Account]] = defaultdict(list)
        for account in self.accounts.values():
            accounts[account.kind, name_key(account.name)].append(account)
        return accounts

    def linked(self, principal: Principal) -> Account | None:
        """Return the object that is linked to this identity, if it still is there."""
        link = self.links.by_external.get(principal.external_id)
        account = self.accounts.get(link.target_id) if link else None
        return account if account and account.kind is principal.kind else None

    def same_id(self, principal: Principal) -> list[Account]:
        """Return the objects whose externalId is the identity's object id."""
        return self._by_id.get((principal.kind, principal.external_id), [])

    def same_name(self, principal: Principal) -> list[Account]:
        """Return the objects that have the identity's name."""
        name = name_key(principal.name)  # empty where only a link can name it
        return self._by_name.get((principal.kind, name), []) if name else []

    def candidates(self, principal: Principal) -> Iterable[Account]:
        """Return every object that could be meant."""
        return (*self.same_id(principal), *self.same_name(principal))

    def owner_in_scope(self, account: Account) -> str | None:
        """Return the identity in scope that this object is linked to or carries the id of."""
        link = self.links.by_target.get(account.id)
        owner = link.external_id if link else account.external_id
        in_scope = owner in self._desired.principals or owner in self._desired.groups
        return owner if in_scope else None

    def owner_unseen(self, account: Account) -> str | None:
        """Return the identity that this object is linked to, where it may be what was not read."""
        link = self.links.by_target.get(account.id)
        return link.external_id if link and not self._desired.complete else None


def movable(
    renamed: Mapping[str, Principal], index: Index, fixed: frozenset[str]
) -> frozenset[str]:
    """Return which groups can be renamed, by target id: the names they have now will be free.

    A group whose new name stays taken keeps the one it has, and so does whoever waits for that.
    """
    free = frozenset(renamed) - fixed
    while stuck := {group for group in free if _stays_taken(renamed[group], index, free)}:
        free -= stuck
    return free


def _stays_taken(principal: Principal, index: Index, free: frozenset[str]) -> bool:
    return any(holder.id not in free for holder in index.same_name(principal))
