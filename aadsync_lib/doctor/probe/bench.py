"""The objects of one probe, and every request about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from uuid import uuid4

from aadsync_lib.databricks.client import ScimClient
from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.databricks.paging import Listing
from aadsync_lib.databricks.translate import (
    LIST_QUERY,
    RESOURCES,
    new_body,
    patch_body,
    path_of,
)
from aadsync_lib.doctor.probe.answers import Seen, Stopped, Untried
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.ports import AnswerLost, ChangeRefused, Clock
from aadsync_lib.responses import JsonObject

PREFIX = "aadsync-probe-"
PATIENCE = 75.0  # seconds; Databricks' own caches are said to last up to 60
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0  # seconds between two looks

Operations = Sequence[JsonObject]


@dataclass
class Bench:
    """One group, one service principal, and what else came to be by trying names.

    No request but a look changes anything that is not in ``made``, and nobody becomes a member
    but these and the id of nobody.
    """

    client: ScimClient
    clock: Clock
    azure: bool
    stopped: Callable[[], bool] = lambda: False
    tag: str = field(default_factory=lambda: token_hex(6))
    made: dict[str, tuple[Kind, str]] = field(default_factory=dict)
    unanswered: list[tuple[Kind, str]] = field(default_factory=list)
    """Kind and name of creates that may or may not have been done."""
    group: str = ""
    principal: str = ""
    group_name: str = ""
    application_id: str = ""
    deleted: set[str] = field(default_factory=set)
    """Ids whose deletion was answered as done."""
    extras: list[str] = field(default_factory=list)
    """Second groups, where the target takes names that differ a little."""
    renames: bool = False
    filters: bool = False
    external_id: str = field(default_factory=lambda: str(uuid4()))
    nobody: str = field(default_factory=lambda: str(uuid4()))
    """A member id that nobody has: an id of Databricks is a number."""

    @property
    def name(self) -> str:
        """What the names of all objects of this probe begin with."""
        return f"{PREFIX}{self.tag}"

    def the_group(self) -> str:
        """Return the id of the group, or raise ``Untried``."""
        if not self.group:
            raise Untried("no group could be made")
        return self.group

    def the_principal(self) -> str:
        """Return the id of the service principal, or raise ``Untried``."""
        if not self.principal:
            raise Untried("no service principal could be made")
        return self.principal

    def create(
        self, kind: Kind, wanted: Attributes, members: Sequence[str] = (), *, fresh: bool = False
    ) -> JsonObject:
        """Make an object and remember it, also where its answer is lost.

        Of a ``fresh`` name there can be nothing before.
        """
        self._check(*members)
        name = wanted.display_name or ""
        body = new_body(
            kind, wanted, members, application_id=self.azure and wanted.application_id is not None
        )
        self.unanswered.append((kind, name))
        try:
            row = self.client.post(RESOURCES[kind], body)
        except Refusal as refusal:
            if not (fresh and refusal.status == 409):  # then a try before this one was done
                self.unanswered.remove((kind, name))
            raise
        if not row.get("id"):
            raise AnswerLost(f"POST {RESOURCES[kind]}: the answer has no id")
        self.made[str(row["id"])] = (kind, name)
        self.unanswered.remove((kind, name))
        return row

    def look(self, target_id: str) -> JsonObject | None:
        """Read an object of the probe by its id; ``None`` is a 404."""
        self._check()
        kind, _ = self.made[target_id]
        query = {"attributes": "id,displayName,externalId,members"} if kind is Kind.GROUP else None
        try:
            return self.client.get(path_of(kind, target_id), query)
        except Refusal as refusal:
            if refusal.status != 404:
                raise
            return None

    def patch(self, target_id: str, *operations: JsonObject) -> None:
        """Change an object of the probe."""
        self._check()
        kind, _ = self.made[target_id]
        self.client.patch(path_of(kind, target_id), patch_body(operations))

    def add(self, *members: str) -> None:
        """Add members of this probe to its group."""
        self._check(*members)
        values = [{"value": member} for member in members]
        self.patch(self.the_group(), {"op": "add", "path": "members", "value": values})

    def delete(self, target_id: str) -> None:
        """Delete an object of the probe; the bench keeps it in mind until a look says it is gone."""
        self._check()
        kind, _ = self.made[target_id]
        self.client.delete(path_of(kind, target_id))
        self.deleted.add(target_id)

    def listed(self, kind: Kind, filter_: str | None = None) -> tuple[JsonObject, ...]:
        """Read a listing, whole or by filter."""
        self._check()
        query = LIST_QUERY[kind] if filter_ is None else {**LIST_QUERY[kind], "filter": filter_}
        return Listing(self.client, self.clock, RESOURCES[kind], query).rows()

    def members(self) -> frozenset[str]:
        """Read the members of the group; a group that is not shown has none."""
        row = self.look(self.the_group()) or {}
        return frozenset(str(m.get("value")) for m in row.get("members") or ())

    def until(self, check: Callable[[], bool], *, times: int = 2) -> float | None:
        """Return the seconds until ``check`` held so often in a row, or ``None`` when it never did.

        One good read can be followed by a stale one.
        """
        began = self.clock.monotonic()
        pause = FIRST_PAUSE
        while True:
            passed = self.clock.monotonic() - began
            if all(check() for _ in range(times)):
                return passed
            if passed >= PATIENCE:
                return None
            self.clock.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    def _check(self, *members: str) -> None:
        if self.stopped():
            raise Stopped
        strangers = set(members) - self.made.keys() - {self.nobody}
        if strangers:
            raise AssertionError(f"the probe made none of {sorted(strangers)}")


def when(seconds: float | None) -> Seen:
    """Return how soon something was seen."""
    if seconds is None:
        return Seen("never")
    return Seen("later", f"after {seconds:.0f} s") if seconds >= FIRST_PAUSE else Seen("at_once")


def effect(seconds: float | None) -> Seen:
    """Return whether an answer of success was true."""
    if seconds is None:
        return Seen("deaf")
    return Seen("done", f"shown after {seconds:.0f} s" if seconds >= FIRST_PAUSE else "")


def refused(failure: ChangeRefused) -> bool:
    """Return whether the target refused a request for what it was, not for the moment or the login."""
    return isinstance(failure, Refusal) and failure.status in {400, 404, 409, 422}
