"""One Databricks account as a target: its accounts, its memberships, and the writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from aadsync_lib.apply.pacing import Pacer
from aadsync_lib.databricks.automatic import is_automatic
from aadsync_lib.databricks.by_id import in_admin_groups, read_object
from aadsync_lib.databricks.client import Api, ScimClient
from aadsync_lib.databricks.errors import LoginFailed, NotSent, Refusal
from aadsync_lib.databricks.lookup import Lookup
from aadsync_lib.databricks.membership import read_members
from aadsync_lib.databricks.paging import Listing, Page
from aadsync_lib.databricks.translate import LIST_QUERY, RESOURCES, account_of
from aadsync_lib.databricks.writes import ScimWriter
from aadsync_lib.errors import AadsyncError, CredentialError, TargetError
from aadsync_lib.model.account import Account, Members, TargetSnapshot, Unread
from aadsync_lib.model.identity import Attributes, Kind, name_key
from aadsync_lib.model.rates import ACCOUNT_RATES, Verb
from aadsync_lib.ports import ChangeRefused, Clock

# An account SCIM token is restricted to 2.1; whether 2.0 still takes it is not known.
VERSIONS = ("2.0", "2.1")
OTHER_VERSION = frozenset({401, 403, 404})


def _marked(accounts: Mapping[str, Account], admins: Iterable[str]) -> dict[str, Account]:
    """Return, as admins, the listed principals whom a group makes account admins."""
    listed = (accounts[member] for member in admins if member in accounts)
    return {a.id: replace(a, admin=True) for a in listed if a.kind is not Kind.GROUP}


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool that, after an error, drops what it has not begun."""
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


class AccountTarget:
    """A Databricks account behind its SCIM API; ``pace`` is the share of its limits to use."""

    def __init__(
        self,
        name: str,
        api: Api,
        account_id: str,
        *,
        pace: float = 1.0,
        clock: Clock,
        client_id: str | None = None,
        azure: bool = True,
        workers: int = 16,
    ) -> None:
        self.name = name
        self._roots = tuple(f"/api/{v}/accounts/{account_id}/scim/v2" for v in VERSIONS)
        self.pacer = Pacer(ACCOUNT_RATES, pace, clock)
        self._client = ScimClient(api, self._roots[0], pacer=self.pacer, clock=clock)
        identity = f"/api/2.0/identity/accounts/{account_id}"
        self._identity = ScimClient(api, identity, pacer=self.pacer, clock=clock)
        self._clock = clock
        self._client_id = client_id
        self._workers = workers
        self._lookup = Lookup(self._client, clock, application_id=azure)
        self._writer = ScimWriter(self._client, application_id=azure)
        self._lock = threading.Lock()
        self._version_known = False

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._client.requests + self._identity.requests

    @property
    def rates(self) -> Mapping[Verb, float]:
        """Requests a second that may be sent, by class: the share of the published limits."""
        return self.pacer.rates

    def scim(self) -> ScimClient:
        """Return what sends the requests, with the API version that this login may use.

        For requests that are no part of a sync. Raises ``TargetError`` or ``CredentialError``.
        """
        try:
            self._find_version()
        except ChangeRefused as failure:
            raise self._unreadable(failure) from failure
        return self._client

    def read(self) -> TargetSnapshot:
        """Read who exists. Raises ``TargetError`` unless all of it could be read."""
        try:
            first = self._find_version()
            with _pool(self._workers) as pages, _pool(1 + len(Kind)) as kinds:
                me = kinds.submit(self._me)
                firsts = [first if kind is Kind.USER else None for kind in Kind]
                read = kinds.map(self._accounts, Kind, [pages] * len(Kind), firsts)
                accounts = {account.id: account for listed in read for account in listed}
                own = self._own(accounts.values()) | me.result()
            admins = in_admin_groups(accounts, self.members, self.look_up)
            marked = accounts | _marked(accounts, admins)
            return TargetSnapshot(marked, own, admins, self._client_id)
        except ChangeRefused as failure:
            raise self._unreadable(failure) from failure

    def members(self, group_ids: Iterable[str]) -> Mapping[str, Members]:
        """Read the direct members of these groups; a group that is gone is left out."""
        ids = tuple(dict.fromkeys(group_ids))
        try:
            self._find_version()
        except ChangeRefused as failure:
            return dict.fromkeys(ids, Unread(str(failure)))
        with _pool(self._workers) as pool:
            listed = pool.map(lambda group_id: read_members(self._client, group_id), ids)
            read = dict(zip(ids, listed, strict=True))
        return {group_id: members for group_id, members in read.items() if members is not None}

    def automatic(self, group_ids: Collection[str]) -> Mapping[str, bool]:
        """Say of each group whether automatic identity management has it; what does not tell counts as no."""
        with _pool(self._workers) as pool:
            answers = pool.map(lambda group_id: is_automatic(self._identity, group_id), group_ids)
            return dict(zip(group_ids, answers, strict=True))

    def look_up(self, ids: Mapping[str, Kind | None]) -> Mapping[str, Account | Unread | None]:
        """Read objects by target id, whatever a listing shows; ``None`` for what is not there."""
        try:
            self._find_version()
        except ChangeRefused as failure:
            return dict.fromkeys(ids, Unread(str(failure)))
        with _pool(self._workers) as pool:
            answers = pool.map(lambda asked: read_object(self._client, *asked), ids.items())
            return dict(zip(ids, answers, strict=True))

    def create(self, kind: Kind, wanted: Attributes, members: Sequence[str] = ()) -> str:
        """Create an object, a group with its first members, and return its id."""
        self._find_version()
        if kind is Kind.SERVICE_PRINCIPAL:
            self._lookup.note(wanted)
        return self._writer.create(kind, wanted, members)

    def find(self, kind: Kind, name: str) -> tuple[Account, ...]:
        """Look up every object of this name afresh, or else those that may be held for one with it."""
        self._find_version()
        return self._lookup.find(kind, name)

    def update(self, kind: Kind, target_id: str, wanted: Attributes) -> None:
        """Set the attributes that are not ``None``."""
        self._find_version()
        self._writer.update(kind, target_id, wanted)

    def change_members(self, group_id: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """Remove, then add members."""
        self._find_version()
        self._writer.change_members(group_id, add, remove)

    def delete(self, kind: Kind, target_id: str) -> None:
        """Delete; an object that is gone already counts as deleted."""
        self._find_version()
        self._writer.delete(kind, target_id)

    def _find_version(self) -> Page | None:
        """Find the API version that this login may use; return the page of users it took, if any."""
        if self._version_known:
            return None
        with self._lock:
            if self._version_known:
                return None
            page = self._first_page()
            self._version_known = True
            return page

    def _first_page(self) -> Page:
        listing = self._listing(Kind.USER)
        try:
            return listing.page(1)
        except Refusal as refusal:
            if refusal.status not in OTHER_VERSION:
                raise
            first = refusal
        self._client.root = self._roots[1]
        try:
            return listing.page(1)
        except Refusal as second:
            self._client.root = self._roots[0]
            # A version that does not exist here says nothing about the login.
            raise (second if first.status == 404 else first) from None

    def _accounts(self, kind: Kind, pool: Executor, first: Page | None) -> list[Account]:
        return [account_of(kind, row) for row in self._listing(kind).rows(pool, first)]

    def _listing(self, kind: Kind) -> Listing:
        return Listing(self._client, self._clock, RESOURCES[kind], LIST_QUERY[kind])

    def _me(self) -> frozenset[str]:
        """Return the id of the caller, if this account names it: a SCIM token belongs to nobody."""
        try:
            own = self._client.get("Me").get("id")
        except Refusal:
            return frozenset()
        return frozenset([str(own)]) if own else frozenset()

    def _own(self, accounts: Iterable[Account]) -> frozenset[str]:
        if not self._client_id:
            return frozenset()
        key = name_key(self._client_id)
        return frozenset(
            account.id
            for account in accounts
            if account.kind is Kind.SERVICE_PRINCIPAL and name_key(account.name) == key
        )

    def _unreadable(self, failure: ChangeRefused) -> AadsyncError:
        status = failure.status if isinstance(failure, Refusal) else None
        error: Callable[[str], AadsyncError] = TargetError
        match status:
            case 401:
                hint = (
                    "Databricks does not accept this login: check the auth of this target. The "
                    "token or secret may have expired, or be of another account."
                )
            case 403:
                hint = "The identity that runs the sync must be an account admin of this account."
            case 404:
                hint = "Check the host and account_id of this target."
            case _ if isinstance(failure, LoginFailed):
                error, hint = CredentialError, "Check the auth of this target."
            case _ if isinstance(failure, NotSent):
                hint = "Check the host of this target, and the network."
            case _:
                hint = "Run it again; if it stays so, ask Databricks about it."
        return error(
            f"{self.name}: the account could not be read: {failure}. Nothing was changed. {hint}"
        )
