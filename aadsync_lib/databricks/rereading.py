"""A few objects of a target, each read by itself, and names that nobody may have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.databricks.membership import members_in
from aadsync_lib.databricks.paging import Listing
from aadsync_lib.databricks.translate import (
    ADMIN_ROLE,
    LIST_QUERY,
    RESOURCES,
    account_of,
    name_filter,
    path_of,
)
from aadsync_lib.model.account import Account, Reread, TargetSnapshot, Unread
from aadsync_lib.model.identity import Kind, fold_key
from aadsync_lib.ports import ChangeRefused, Clock
from aadsync_lib.responses import JsonObject

Ask = Callable[[], Reread]
# Of a group everything at once: what a listing shows, and its members.
QUERY = {
    **LIST_QUERY,
    Kind.GROUP: {"attributes": f"{LIST_QUERY[Kind.GROUP]['attributes']},members"},
}
ADMINS = f'roles.value co "{ADMIN_ROLE}"'


@dataclass(frozen=True, slots=True)
class Rereading:
    """The requests for it. Each raises ``ChangeRefused`` where the answer is not as it has to be."""

    client: ScimClient
    clock: Clock
    application_id: bool

    def asks(
        self,
        ids: Mapping[str, Kind],
        names: Iterable[tuple[Kind, str]],
        admins_of: TargetSnapshot | None,
        shown: Mapping[str, str],
    ) -> list[Ask]:
        """Return one for each object and name, and one for the groups of account admins."""
        objects = (partial(self._object, kind, key) for key, kind in ids.items())
        named = (partial(self._nobody, *each) for each in sorted(names))
        admins = () if admins_of is None else (partial(self._admin_groups, admins_of, shown),)
        return [*objects, *named, *admins]

    def _object(self, kind: Kind, target_id: str) -> Reread:
        row = self.client.get(path_of(kind, target_id), QUERY[kind])
        members = members_in(row, target_id)  # the id is looked at for every kind
        if isinstance(members, Unread):
            raise ChangeRefused(f"{kind.value} {target_id}: {members.reason}")
        inside = {target_id: members} if kind is Kind.GROUP else {}
        return Reread({target_id: account_of(kind, row)}, inside)

    def _nobody(self, kind: Kind, name: str) -> Reread:
        """See that nobody has a name, as far as a filter shows."""
        filter_ = name_filter(kind, name)
        known = kind is not Kind.SERVICE_PRINCIPAL or self.application_id
        if filter_ is None or not known:
            raise ChangeRefused(f"whether there is a {kind.value} {name} is not known")
        rows = self._rows(kind, filter_)
        if any(fold_key(account_of(kind, row).name) == fold_key(name) for row in rows):
            raise ChangeRefused(f"there is a {kind.value} {name}")
        return Reread({}, {})

    def _admin_groups(self, known: TargetSnapshot, shown: Mapping[str, str]) -> Reread:
        """Read which groups make account admins: not fewer than there were, as a filter may not be understood.

        Those to be ``shown`` as well, by id and name, tell whether it is.
        """
        named = [name_filter(Kind.GROUP, name) for name in shown.values()]
        filters = [each for each in (ADMINS, *named) if each]
        rows = self._rows(Kind.GROUP, " or ".join(filters))
        accounts = {str(row["id"]): account_of(Kind.GROUP, row) for row in rows}
        before = (a for a in known.accounts.values() if a.admin and a.kind is Kind.GROUP)
        if any(group.id not in accounts for group in before) or not shown.keys() <= accounts.keys():
            raise ChangeRefused("which groups make account admins is not known")
        return Reread({k: group for k, group in accounts.items() if group.admin or k in shown}, {})

    def _rows(self, kind: Kind, filter_: str) -> tuple[JsonObject, ...]:
        query = {**LIST_QUERY[kind], "filter": filter_}
        return Listing(self.client, self.clock, RESOURCES[kind], query).rows()


def joined(parts: Collection[Reread], placed: Callable[[Account], Account]) -> Reread:
    """Return all answers as one; ``placed`` says how an account is in its place."""
    accounts = {key: placed(each) for part in parts for key, each in part.accounts.items()}
    return Reread(accounts, {key: ids for part in parts for key, ids in part.members.items()})
