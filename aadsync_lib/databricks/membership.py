"""Members of one group: read whole, changed in large chunks that halve when they are refused."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.translate import member_operations, patch_body, path_of
from aadsync_lib.model.account import Members, Unread
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.rates import PATCH_REMOVES, PATCH_VALUES
from aadsync_lib.ports import ChangeRefused, MembersRefused, TogetherRefused
from aadsync_lib.responses import JsonObject

NOT_ABOUT_IT = frozenset({401, 429, 503})  # sending it in parts would not help
NOT_ABOUT_MEMBERS = NOT_ABOUT_IT | {403}  # sending less would not help
ENOUGH = 32  # members refused alone, and none taken: then it is the group
PLACES = 4  # where members are tried alone first, before their neighbours are: those share requests


def read_members(client: ScimClient, group_id: str) -> Members | None:
    """Return the direct members, why they could not be read, or ``None`` for no such group."""
    try:
        group = client.get(path_of(Kind.GROUP, group_id), {"attributes": "id,members"})
    except Refusal as refusal:
        return None if refusal.status == 404 else Unread(str(refusal), refusal.status == 403)
    except ChangeRefused as failure:
        return Unread(str(failure))
    return members_in(group, group_id)


def members_in(group: JsonObject, group_id: str) -> frozenset[str] | Unread:
    """Return the direct members that the answer for a group shows."""
    if str(group.get("id")) != group_id:
        return Unread("the answer does not show the group's id")
    members = [row.get("value") for row in group.get("members") or ()]
    if not all(members):
        return Unread("the answer has a member without an id")
    return frozenset(str(member) for member in members)


@dataclass(frozen=True, slots=True)
class Edit:
    """Members to remove and to add. ``checked``: the group was asked which of it is done already."""

    remove: tuple[str, ...]
    add: tuple[str, ...]
    checked: bool = False

    def __len__(self) -> int:
        return len(self.remove) + len(self.add)

    @property
    def members(self) -> tuple[str, ...]:
        """Everybody in it, in order."""
        return self.remove + self.add

    def chunks(self, removes: int, values: int) -> Iterator[Edit]:
        """Cut into parts for one PATCH each, removals and additions in each as long as there are both."""
        count = max(ceil(len(self.remove) / removes), ceil(len(self.add) / values))
        for n in range(count):
            remove = self.remove[n * removes : (n + 1) * removes]
            yield Edit(remove, self.add[n * values : (n + 1) * values], self.checked)

    def halves(self) -> tuple[Edit, Edit]:
        """Cut in two; removals stay before additions."""
        if self.remove and self.add:
            return Edit(self.remove, (), True), Edit((), self.add, True)
        middle = len(self) // 2
        return (
            Edit(self.remove[:middle], self.add[:middle], True),
            Edit(self.remove[middle:], self.add[middle:], True),
        )

    def only(self, members: frozenset[str]) -> Edit:
        """Return the part about these members."""
        return Edit(
            tuple(m for m in self.remove if m in members),
            tuple(m for m in self.add if m in members),
            True,
        )


class MembershipWriter:
    """Changes members of groups; knows how large a PATCH this target has refused as too large."""

    def __init__(self, client: ScimClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._removes = PATCH_REMOVES
        self._values = PATCH_VALUES

    def change(
        self,
        group_id: str,
        add: Iterable[str],
        remove: Iterable[str],
        operations: Sequence[JsonObject] = (),
    ) -> None:
        """Remove, then add. Raises ``MembersRefused`` after everything that could be done was.

        An error that is not about members is raised as it is, if nothing was done before it. Other
        ``operations`` go with the first PATCH; raises ``TogetherRefused`` where that may be at fault.
        """
        added = tuple(dict.fromkeys(add))
        staying = frozenset(added)
        edit = Edit(tuple(m for m in dict.fromkeys(remove) if m not in staying), added)
        with self._lock:
            chunks = tuple(edit.chunks(self._removes, self._values))
        change = _Change(self._client, group_id, chunks, self._too_large)
        if operations:
            change.begin(operations)
        change.run()

    def _too_large(self, edit: Edit) -> None:
        with self._lock:
            if len(edit.add) > 1:
                self._values = min(self._values, len(edit.add) // 2)
            if len(edit.remove) > 1:
                self._removes = min(self._removes, len(edit.remove) // 2)


class _Change:
    """One change of one group's members, under way."""

    def __init__(
        self,
        client: ScimClient,
        group_id: str,
        chunks: Iterable[Edit],
        too_large: Callable[[Edit], None],
    ) -> None:
        self._client = client
        self._group_id = group_id
        self._too_large = too_large
        self._todo = deque(chunks)
        self._refused: dict[str, str] = {}
        self._untried: dict[str, str] = {}
        self._done = False

    def begin(self, operations: Sequence[JsonObject]) -> None:
        """Send the first part together with other operations."""
        edit = self._todo.popleft() if self._todo else Edit((), ())
        try:
            self._patch(edit, operations)
        except Refusal as refusal:
            if refusal.status in NOT_ABOUT_IT:
                raise
            if refusal.status == 413:
                self._too_large(edit)
            raise TogetherRefused(str(refusal)) from refusal
        self._done = True

    def run(self) -> None:
        while self._todo:
            edit = self._todo.popleft()
            try:
                self._patch(edit)
            except Refusal as refusal:
                self._refuse(edit, refusal)
            except ChangeRefused as failure:
                self._stop(edit, failure)
            else:
                self._done = True
        if self._refused:
            raise MembersRefused(self._group_id, self._refused, self._untried)

    def _patch(self, edit: Edit, operations: Sequence[JsonObject] = ()) -> None:
        whole = [*operations, *member_operations(edit.add, edit.remove)]
        self._client.patch(path_of(Kind.GROUP, self._group_id), patch_body(whole))

    def _refuse(self, edit: Edit, refusal: Refusal) -> None:
        if refusal.status not in NOT_ABOUT_MEMBERS:
            self._smaller(edit, refusal)
        elif refusal.status == 403 and edit.remove and edit.add:
            self._todo.extendleft(reversed(edit.halves()))  # who leaves waits for nobody who comes
        else:
            self._stop(edit, refusal)

    def _smaller(self, edit: Edit, refusal: Refusal) -> None:
        if refusal.status == 413:
            self._too_large(edit)
        elif not edit.checked:
            # To add a member again, or remove one that is gone, may be an error or not: and a
            # request whose answer was lost is sent twice.
            members = read_members(self._client, self._group_id)
            if members is None:
                self._stop(edit, refusal)
                return
            left = _undone(edit, members)
            if len(left) < len(edit):
                self._todo.extendleft([left] if left else [])
                return
        if len(edit) > 1:
            self._todo.extendleft(reversed(edit.halves()))
            return
        self._refused[edit.members[0]] = str(refusal)
        if not self._done:
            self._suspect_group(refusal)

    def _suspect_group(self, refusal: Refusal) -> None:
        """Give up on a group that takes nobody, instead of trying thousands one by one.

        At first another place is next, as who is at fault may stand in a row.
        """
        if len(self._refused) >= ENOUGH:
            reason = f"not tried in this run, as {ENOUGH} others alone were refused: {refusal}"
            left = (member for edit in self._todo for member in edit.members)
            self._untried.update(dict.fromkeys(left, reason))
            self._todo.clear()
        elif len(self._refused) < PLACES and not any(edit.remove for edit in self._todo):
            self._todo.rotate(1)

    def _stop(self, edit: Edit, failure: ChangeRefused) -> None:
        """Leave the rest: sending it would meet the same error."""
        if not self._done and not self._refused:
            raise failure
        left = (*edit.members, *(member for later in self._todo for member in later.members))
        self._refused.update(dict.fromkeys(left, str(failure)))
        self._todo.clear()


def _undone(edit: Edit, members: Members) -> Edit:
    if isinstance(members, Unread):
        return edit
    removable = frozenset(m for m in edit.remove if m in members)
    return edit.only(removable | (frozenset(edit.add) - members))
