"""Retry policy: which changes that failed before are tried again, and which wait."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping

from aadsync_lib.model.carried import DAY, Retry
from aadsync_lib.model.change import ACCESS, MEMBERS, REMOVING, Change, MemberRef
from aadsync_lib.model.codec import attributes_to_json

MOST_DOUBLED = 4  # times that the pause doubles: fifteen runs at the most


class Everything(Container[str]):
    """Contains every key: a full run tries all that failed."""

    def __contains__(self, _: object) -> bool:
        return True


def retry_key(change: Change, member: MemberRef | None = None) -> str:
    """Return what tells the same change, or the same member of it, in a later plan.

    What takes something away is about an object: an identity may have former ones beside its own.
    """
    takes = change.action in REMOVING and change.action not in ACCESS
    identity = _subject(member, takes=takes) if member else None
    about = _subject(change, takes=takes and not member) or change.name
    taken = change.before if change.action in ACCESS and change.after is None else None
    values = attributes_to_json(change.after or taken)
    parts = (change.action.value, about, values, identity)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _subject(subject: Change | MemberRef, *, takes: bool) -> str | None:
    return (takes and subject.target_id) or subject.external_id or subject.target_id


def keys_of(change: Change) -> Iterator[str]:
    """Return the keys of a change: its own, or one for each member."""
    if change.action in MEMBERS:
        yield from (retry_key(change, member) for member in change.members)
    else:
        yield retry_key(change)


class RetryPolicy:
    """What failed before, and whether it waits in this run.

    ``after`` so many failures a change waits for a person, and is tried once a day until then. ``anyway``
    are keys that are tried all the same, as is whatever takes access away. ``now`` is in seconds since the
    epoch.
    """

    def __init__(
        self,
        retries: Iterable[Retry] = (),
        after: int = 5,
        anyway: Container[str] = frozenset(),
        now: float = 0.0,
    ) -> None:
        self.retries = tuple(retries)
        self._after = after
        self._now = now
        self._known = {retry.key for retry in self.retries}
        self._waiting = {
            retry.key: retry
            for retry in self.retries
            if retry.key not in anyway and not self._due(retry)
        }
        self._about = {retry.external_id for retry in self._waiting.values()}

    def _due(self, retry: Retry) -> bool:
        day_passed = not 0 <= self._now - retry.last < DAY  # or the clock was put back
        return day_passed or (not self.given_up(retry) and self.runs_left(retry) <= 0)

    def given_up(self, retry: Retry) -> bool:
        """Return whether a change failed so often that a person has to look."""
        return retry.failures >= self._after

    def runs_left(self, retry: Retry) -> int:
        """Return for how many runs a change still waits: after its failures 0, 1, 3, 7, then 15."""
        return int(2 ** min(retry.failures - 1, MOST_DOUBLED)) - 1 - retry.waited

    def failed_before(self, change: Change, member: MemberRef | None = None) -> bool:
        """Return whether this change, or this member of it, failed when it was last tried."""
        return bool(self._known) and retry_key(change, member) in self._known

    @property
    def idle(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def waiting(self, change: Change) -> Retry | None:
        """Return why this change is not tried now, if so."""
        if change.external_id not in self._about or change.action in REMOVING:
            return None
        return self._waiting.get(retry_key(change))

    def waiting_members(self, change: Change) -> Mapping[MemberRef, Retry]:
        """Return the members of a change that are not tried now, and why."""
        if change.external_id not in self._about or change.action in REMOVING:
            return {}
        keys = ((member, retry_key(change, member)) for member in change.members)
        return {member: self._waiting[key] for member, key in keys if key in self._waiting}
