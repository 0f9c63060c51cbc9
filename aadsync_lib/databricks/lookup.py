"""Look-up of objects by name, within a budget of whole listings."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.paging import Listing
from aadsync_lib.databricks.translate import LIST_QUERY, RESOURCES, account_of, name_filter
from aadsync_lib.model.account import Account
from aadsync_lib.model.identity import Attributes, Kind, alike, name_key
from aadsync_lib.model.rates import PAGE
from aadsync_lib.ports import Clock
from aadsync_lib.responses import JsonObject

LIST_BUDGET = 400  # requests for whole listings, by kind: 100 s of the published limit


@dataclass(slots=True)
class _Whole:
    """The last whole listing of a kind, the time it began, and the cost of all of them."""

    accounts: tuple[Account, ...]
    began: float
    spent: int


class Lookup:
    """Looks objects up by the server's filter, and where that finds nothing in a whole listing.

    Whole listings are shared by the threads that wait for one. Once they have cost
    ``LIST_BUDGET`` requests, the last one serves.
    """

    def __init__(self, client: ScimClient, clock: Clock, *, application_id: bool) -> None:
        self._client = client
        self._clock = clock
        self._application_id = application_id
        self._locks = {kind: threading.Lock() for kind in Kind}
        self._whole: dict[Kind, _Whole] = {}
        self._created: dict[str, Attributes] = {}

    def note(self, wanted: Attributes) -> None:
        """Remember the attributes of a new service principal, where Databricks chooses its name."""
        if wanted.application_id is not None and not self._application_id:
            self._created[name_key(wanted.application_id)] = wanted

    def find(self, kind: Kind, name: str) -> tuple[Account, ...]:
        """Return every object of this name, or else those that a target may hold for one with it."""
        asked = self._clock.monotonic()
        key = name_key(name)
        matches = _named(key, self._filtered(kind, name))
        if matches:
            return matches
        accounts = self._listed(kind, asked)
        created = self._created.get(key)
        if kind is Kind.SERVICE_PRINCIPAL and created is not None:
            return tuple(account for account in accounts if _is(account, created))
        return _named(key, accounts) or tuple(a for a in accounts if alike(a.name, name))

    def _filtered(self, kind: Kind, name: str) -> Iterable[Account]:
        query = name_filter(kind, name)
        if query is None or (kind is Kind.SERVICE_PRINCIPAL and not self._application_id):
            return ()
        try:
            rows = self._listing(kind, {**LIST_QUERY[kind], "filter": query}).rows()
        except Refusal as refusal:
            if refusal.status != 400:  # a filter that this version does not take
                raise
            return ()
        return (account_of(kind, row) for row in rows)

    def _listed(self, kind: Kind, asked: float) -> tuple[Account, ...]:
        with self._locks[kind]:
            last = self._whole.get(kind)
            if last is not None and (last.began >= asked or last.spent >= LIST_BUDGET):
                return last.accounts
            began = self._clock.monotonic()
            rows = self._listing(kind, LIST_QUERY[kind]).rows()
            accounts = tuple(account_of(kind, row) for row in rows)
            spent = 1 + len(rows) // PAGE + (last.spent if last is not None else 0)
            self._whole[kind] = _Whole(accounts, began, spent)
            return accounts

    def _listing(self, kind: Kind, query: JsonObject) -> Listing:
        return Listing(self._client, self._clock, RESOURCES[kind], query)


def _named(key: str, accounts: Iterable[Account]) -> tuple[Account, ...]:
    return tuple(account for account in accounts if name_key(account.name) == key)


def _is(account: Account, created: Attributes) -> bool:
    """Return whether this may be the one created: by externalId, else by display name."""
    if account.external_id is not None:
        return account.external_id == created.external_id
    return account.display_name == created.display_name
