"""Writes to a target: each safe to repeat, none of them a PUT."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.membership import MembershipWriter
from aadsync_lib.databricks.translate import (
    RESOURCES,
    attribute_operations,
    new_body,
    patch_body,
    path_of,
)
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.rates import CREATE_MEMBERS
from aadsync_lib.ports import AlreadyThere, AnswerLost, ChangeRefused, MembersRefused

ABOUT_MEMBERS = frozenset({400, 404, 413, 422})


class ScimWriter:
    """Creates, changes and deletes objects; writes to one group come one after the other."""

    def __init__(self, client: ScimClient, *, application_id: bool) -> None:
        self._client = client
        self._application_id = application_id
        self._members = MembershipWriter(client)
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()

    def create(self, kind: Kind, wanted: Attributes, members: Sequence[str]) -> str:
        """Create an object and return its id.

        ``MembersRefused`` means that the group exists now, under the id in the error.
        """
        first, rest = members[:CREATE_MEMBERS], members[CREATE_MEMBERS:]
        try:
            target_id = self._post(kind, wanted, first)
        except Refusal as refusal:
            if not first or refusal.status not in ABOUT_MEMBERS:
                raise
            # One member may be at fault: the group comes first, then each member on its own merit.
            target_id, rest = self._post(kind, wanted, ()), members
        if rest:
            try:
                self.change_members(target_id, rest, ())
            except MembersRefused:
                raise
            except ChangeRefused as failure:
                raise MembersRefused(target_id, dict.fromkeys(rest, str(failure))) from failure
        return target_id

    def update(self, kind: Kind, target_id: str, wanted: Attributes) -> None:
        """Set attributes in one PATCH."""
        operations = attribute_operations(wanted)
        if not operations:
            return
        with self._lock_of(target_id), _conflict_means_there():
            self._client.patch(path_of(kind, target_id), patch_body(operations))

    def change_members(
        self,
        group_id: str,
        add: Sequence[str],
        remove: Sequence[str],
        wanted: Attributes | None = None,
    ) -> None:
        """Set attributes, remove, then add members, in as few requests as there can be."""
        operations = attribute_operations(wanted) if wanted else []
        with self._lock_of(group_id):
            self._members.change(group_id, add, remove, operations)

    def delete(self, kind: Kind, target_id: str) -> None:
        """Delete an object; one that is gone counts as deleted."""
        try:
            with self._lock_of(target_id):
                self._client.delete(path_of(kind, target_id))
        except Refusal as refusal:
            if refusal.status != 404:
                raise

    def _post(self, kind: Kind, wanted: Attributes, members: Sequence[str]) -> str:
        body = new_body(kind, wanted, members, application_id=self._application_id)
        with _conflict_means_there():
            created = self._client.post(RESOURCES[kind], body)
        if not created.get("id"):
            raise AnswerLost(f"POST {RESOURCES[kind]}: the answer has no id")
        return str(created["id"])

    def _lock_of(self, target_id: str) -> threading.Lock:
        with self._guard:
            return self._locks[target_id]


@contextmanager
def _conflict_means_there() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        if refusal.status == 409:
            raise AlreadyThere(str(refusal)) from refusal
        raise
