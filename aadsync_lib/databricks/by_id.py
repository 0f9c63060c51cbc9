"""Look-up of objects by their target id, whatever a listing shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.translate import LIST_QUERY, account_of, path_of
from aadsync_lib.model.account import Account, Members, Unread
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Kind
from aadsync_lib.ports import ChangeRefused

T = TypeVar("T")


ADMINS_HIDDEN = (
    "{0}, so who is account admin through a group is not known: everybody who is there stays as they are, "
    "and in their groups. A login of an account admin on the account's own host reads it"
)


class AdminsHidden(ChangeRefused):
    """The login may not read a group that makes its members admins of the place; ``notice`` tells a person."""

    def __init__(self, place: str, reason: str) -> None:
        self.notice = Notice("admins_hidden", ADMINS_HIDDEN.format(reason))
        super().__init__(_unknown(place, reason))


OTHER_ID = "the answer does not show the id that was asked for"

ReadMembers = Callable[[Iterable[str]], Mapping[str, Members]]
LookUp = Callable[[Mapping[str, Kind | None]], Mapping[str, Account | Unread | None]]


def read_object(client: ScimClient, target_id: str, kind: Kind | None) -> Account | Unread | None:
    """Return the object of this id, ``None`` where there is none; without a kind, each is tried.

    A kind that could not be read leaves open whether it is there, unless another one has it. Who asks has a listing
    without it already; a server that lags may answer 404 once as well, so a second read has to agree.
    """
    return _find(client, target_id, kind) or _find(client, target_id, kind)


def _find(client: ScimClient, target_id: str, kind: Kind | None) -> Account | Unread | None:
    unread: Unread | None = None
    for candidate in (kind,) if kind else Kind:
        answer = _read(client, candidate, target_id)
        if isinstance(answer, Account):
            return answer
        unread = unread or answer
    return unread


def _read(client: ScimClient, kind: Kind, target_id: str) -> Account | Unread | None:
    try:
        row = client.get(path_of(kind, target_id), LIST_QUERY[kind])
    except Refusal as refusal:
        return None if refusal.status == 404 else Unread(str(refusal), refusal.status == 403)
    except ChangeRefused as failure:
        return Unread(str(failure))
    return account_of(kind, row) if str(row.get("id")) == target_id else Unread(OTHER_ID)


def in_admin_groups(
    accounts: Mapping[str, Account], members: ReadMembers, look_up: LookUp, place: str
) -> frozenset[str]:
    """Return every id that a group of admins contains, at any depth, listed or not.

    Raises ``ChangeRefused`` where one of these groups could not be read, ``AdminsHidden`` where the login
    may not.
    """
    seen: set[str] = set()
    level = {a.id for a in accounts.values() if a.admin and a.kind is Kind.GROUP}
    while groups := _groups(level, accounts, look_up, place):
        level = set()
        for answer in members(groups).values():
            level |= _known(answer, place)
        level -= seen
        seen |= level
    return frozenset(seen)


def marked(accounts: Mapping[str, Account], admins: Iterable[str]) -> dict[str, Account]:
    """Return, as admins, the listed principals whom a group makes admins."""
    listed = (accounts[member] for member in admins if member in accounts)
    return {a.id: replace(a, admin=True) for a in listed if a.kind is not Kind.GROUP}


def _groups(
    ids: Iterable[str], accounts: Mapping[str, Account], look_up: LookUp, place: str
) -> list[str]:
    """Return which of these are groups; what a listing left out is asked for."""
    unlisted: dict[str, Kind | None] = {i: None for i in ids if i not in accounts}
    answers = {**accounts, **(look_up(unlisted) if unlisted else {})}
    objects = {i: _known(answers[i], place) for i in ids}
    return [i for i, account in objects.items() if account and account.kind is Kind.GROUP]


def _known(answer: T | Unread, place: str) -> T:
    if isinstance(answer, Unread):
        if answer.forbidden:
            raise AdminsHidden(place, answer.reason)
        raise ChangeRefused(_unknown(place, answer.reason))
    return answer


def _unknown(place: str, reason: str) -> str:
    return f"who is {place} admin is not known: {reason}"
