"""One Databricks account or workspace as a target: its accounts, its memberships, and the writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TypeVar

from aadsync_lib.apply.pacing import Pacer
from aadsync_lib.databricks.automatic import is_automatic
from aadsync_lib.databricks.by_id import AdminsHidden, in_admin_groups, marked, read_object
from aadsync_lib.databricks.client import Api, ScimClient
from aadsync_lib.databricks.errors import Refusal, unreadable
from aadsync_lib.databricks.federation import INSTEAD, RECOGNISED, UNKNOWN, is_federated
from aadsync_lib.databricks.lookup import Lookup
from aadsync_lib.databricks.membership import read_members
from aadsync_lib.databricks.paging import Listing, Page
from aadsync_lib.databricks.place import API, CREDENTIALS, IDENTITY, PROXY, Place
from aadsync_lib.databricks.pool import pool_of
from aadsync_lib.databricks.rereading import Rereading, joined
from aadsync_lib.databricks.secret_ends import read_secret_ends
from aadsync_lib.databricks.translate import LIST_QUERY, RESOURCES, account_of
from aadsync_lib.databricks.writes import ScimWriter
from aadsync_lib.errors import TargetError
from aadsync_lib.model.account import Account, Members, Reread, TargetSnapshot, Unread
from aadsync_lib.model.directory import Notice
from aadsync_lib.model.identity import Attributes, Kind, name_key
from aadsync_lib.model.rates import Verb
from aadsync_lib.ports import ChangeRefused, Clock
from aadsync_lib.target_port import NOBODY

T = TypeVar("T")
ANOTHER_ROOT = frozenset({401, 403, 404})  # of one SCIM root; another one may take the login


class ScimTarget:
    """A Databricks account or workspace behind its SCIM API; ``pace`` is the share of its limits to use."""

    def __init__(
        self,
        name: str,
        api: Api,
        place: Place,
        *,
        pace: float = 1.0,
        clock: Clock,
        client_id: str | None = None,
        login: Callable[[], str | None] | None = None,
        azure: bool = True,
        workers: int = 16,
    ) -> None:
        self.name = name
        self._place = place
        self.pacer = Pacer(place.rates, pace, clock)
        self._client = ScimClient(api, place.roots[0], pacer=self.pacer, clock=clock)
        self._outside = ScimClient(api, API, pacer=self.pacer, clock=clock)
        self._clock = clock
        self._client_id = client_id
        self.login = login or (lambda: client_id)
        self._workers = workers
        self._lookup = Lookup(self._client, clock, application_id=azure)
        self._rereading = Rereading(self._client, clock, application_id=azure)
        self._writer = ScimWriter(self._client, application_id=azure)
        self._lock = threading.Lock()
        self._version_known = False

    @property
    def requests(self) -> int:
        """Requests sent so far."""
        return self._client.requests + self._outside.requests

    @property
    def through_workspace(self) -> bool:
        """Whether this is an account that is reached on the host of a workspace, as far as is known yet."""
        return self._client.root == PROXY

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
            raise unreadable(self.name, self._place, failure) from failure
        return self._client

    def read(self) -> TargetSnapshot:
        """Read who exists. Raises ``TargetError`` unless all of it could be read.

        A workspace whose identities are its account's is an error as well.
        """
        try:
            first = self._find_version()
            with pool_of(self._workers) as pages, pool_of(2 + len(Kind)) as kinds:
                federation = kinds.submit(self._federation)
                me = kinds.submit(self._me)
                firsts = [first if kind is Kind.USER else None for kind in Kind]
                read = kinds.map(self._accounts, Kind, [pages] * len(Kind), firsts)
                accounts = {account.id: account for listed in read for account in listed}
                own = self._own(accounts.values()) | me.result()
                notices = federation.result()
            accounts |= self._unlisted_admins(accounts)
            admins, hidden = self._admins(accounts)
            everybody = accounts | marked(accounts, admins)
            notices = (*notices, *hidden)
            return TargetSnapshot(everybody, own, admins, self._client_id, notices=notices)
        except ChangeRefused as failure:
            raise unreadable(self.name, self._place, failure) from failure

    def members(self, group_ids: Iterable[str]) -> Mapping[str, Members]:
        """Read the direct members of these groups; a group that is gone is left out."""
        ids = tuple(dict.fromkeys(group_ids))
        try:
            self._find_version()
        except ChangeRefused as failure:
            return dict.fromkeys(ids, Unread(str(failure)))
        with pool_of(self._workers) as pool:
            listed = pool.map(lambda group_id: read_members(self._client, group_id), ids)
            read = dict(zip(ids, listed, strict=True))
        return {group_id: members for group_id, members in read.items() if members is not None}

    def automatic(self, group_ids: Collection[str]) -> Mapping[str, bool]:
        """Say of each group whether automatic identity management has it; what does not tell counts as no."""
        base = IDENTITY if self.through_workspace else self._place.identity
        if base is None:  # nothing of the account's is in this place
            return dict.fromkeys(group_ids, False)
        with pool_of(self._workers) as pool:
            answers = pool.map(lambda key: is_automatic(self._outside, base, key), group_ids)
            return dict(zip(group_ids, answers, strict=True))

    def secret_ends(self, principal_id: str) -> tuple[float | None, ...] | Unread:
        """Return when each OAuth secret of a service principal ends, in seconds since the epoch."""
        base = CREDENTIALS if self.through_workspace else self._place.credentials
        return read_secret_ends(self._outside, base, principal_id)

    def look_up(self, ids: Mapping[str, Kind | None]) -> Mapping[str, Account | Unread | None]:
        """Read objects by target id, whatever a listing shows; ``None`` for what is not there."""
        try:
            self._find_version()
        except ChangeRefused as failure:
            return dict.fromkeys(ids, Unread(str(failure)))
        with pool_of(self._workers) as pool:
            answers = pool.map(lambda asked: read_object(self._client, *asked), ids.items())
            read = dict(zip(ids, answers, strict=True))
        return {
            key: self._placed(answer) if isinstance(answer, Account) else answer
            for key, answer in read.items()
        }

    def read_again(
        self,
        ids: Mapping[str, Kind],
        names: Collection[tuple[Kind, str]],
        admins_of: TargetSnapshot | None = None,
        shown: Mapping[str, str] = NOBODY,
    ) -> Reread:
        """Read a few objects by id, groups with their members. The first request finds the API version as well."""
        by_role = admins_of if self._place.admin_group is None else None
        asks = self._rereading.asks(ids, names, by_role, shown)
        with self._lock:
            first = [] if self._version_known else [self._first_answer(ask) for ask in asks[:1]]
            self._version_known = self._version_known or bool(first)
        with pool_of(self._workers) as pool:
            answers = [*first, *pool.map(lambda ask: ask(), asks[len(first) :])]
        reread = joined(answers, self._placed)
        if admins_of is None:
            return reread
        accounts = {**admins_of.accounts, **reread.accounts}
        admins = in_admin_groups(accounts, self.members, self.look_up, self._place.name)
        return replace(reread, admins=admins, own=frozenset() if self.login() else self._me())

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

    def change_members(
        self,
        group_id: str,
        add: Sequence[str],
        remove: Sequence[str],
        wanted: Attributes | None = None,
    ) -> None:
        """Set the attributes, remove, then add members: in one request, or more for many members."""
        self._find_version()
        self._writer.change_members(group_id, add, remove, wanted)

    def delete(self, kind: Kind, target_id: str) -> None:
        """Delete; an object that is gone already counts as deleted."""
        self._find_version()
        self._writer.delete(kind, target_id)

    def _find_version(self) -> Page | None:
        """Find the SCIM root that this login may use; return the page of users it took, if any."""
        if self._version_known:
            return None
        with self._lock:
            if self._version_known:
                return None
            page = self._first_answer(lambda: self._listing(Kind.USER).page(1))
            self._version_known = True
            return page

    def _first_answer(self, ask: Callable[[], T]) -> T:
        """Try one root after the other; one that does not exist here says nothing about the login."""
        refusals = list[Refusal]()
        for root in self._place.roots:
            self._client.root = root
            try:
                return ask()
            except Refusal as refusal:
                refusals.append(refusal)
                if refusals[0].status not in ANOTHER_ROOT:
                    break
        self._client.root = self._place.roots[0]
        raise next((r for r in refusals if r.status != 404), refusals[-1]) from None

    def _accounts(self, kind: Kind, pool: Executor, first: Page | None) -> list[Account]:
        rows = self._listing(kind).rows(pool, first)
        return [self._placed(account_of(kind, row)) for row in rows]

    def _placed(self, account: Account) -> Account:
        """Return an account as its place has it: nothing of a workspace is foreign to it."""
        if self._place.admin_group is None:
            return account
        admins = account.kind is Kind.GROUP and name_key(account.name) == self._place.admin_group
        return replace(account, local=False, admin=account.admin or admins)

    def _unlisted_admins(self, accounts: Mapping[str, Account]) -> Mapping[str, Account]:
        """Return the group of the admins where a listing leaves it out: every workspace has it."""
        name = self._place.admin_group
        if name is None or any(a.name == name and a.kind is Kind.GROUP for a in accounts.values()):
            return {}
        groups = [self._placed(group) for group in self._lookup.find(Kind.GROUP, name)]
        if all(group.name != name for group in groups):
            raise ChangeRefused(f"who is workspace admin is not known: there is no group {name}")
        return {group.id: group for group in groups}

    def _admins(self, accounts: Mapping[str, Account]) -> tuple[frozenset[str], tuple[Notice, ...]]:
        """Return whom groups make admins: where a workspace hides that, anybody may be one."""
        try:
            return in_admin_groups(accounts, self.members, self.look_up, self._place.name), ()
        except AdminsHidden as hidden:
            if not self.through_workspace:
                raise
            everybody = frozenset(a.id for a in accounts.values() if a.kind is not Kind.GROUP)
            return everybody, (hidden.notice,)

    def _federation(self) -> tuple[Notice, ...]:
        """Refuse a workspace whose identities are its account's; where that is not known, say so."""
        if self._place.admin_group is None:
            return ()
        federated = is_federated(self._outside)
        if federated is True:
            raise TargetError(f"{self.name}: {RECOGNISED}. Nothing was changed. {INSTEAD}")
        if federated is False:
            return ()
        return (Notice("federation_unknown", UNKNOWN.format(federated.reason)),)

    def _listing(self, kind: Kind) -> Listing:
        return Listing(self._client, self._clock, RESOURCES[kind], LIST_QUERY[kind])

    def _me(self) -> frozenset[str]:
        """Return the id of the caller, if it has one: a SCIM token belongs to nobody."""
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
