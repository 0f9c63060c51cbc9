"""Changes that failed before: which are tried again now, and which wait."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from aadsync_lib.model.carried import Retry
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.codec import attributes_to_json
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.model.wording import listed

NAMED = 3  # members named in a reason
RUNS = {1: "this run", 2: "this and the next run"}
MEMBERS = (Action.ADD_MEMBERS, Action.REMOVE_MEMBERS)
DOING = {Action.ADD_MEMBERS: "adding", Action.REMOVE_MEMBERS: "removing"}


class Everything(Container[str]):
    """Contains every key: a full run tries all that failed."""

    def __contains__(self, _: object) -> bool:
        return True


def retry_key(change: Change, member: MemberRef | None = None) -> str:
    """Return what tells the same change, or the same member of it, in a later plan."""
    who = (member.external_id or member.target_id) if member else None
    about = change.external_id or change.target_id or change.name
    parts = (change.action.value, about, attributes_to_json(change.after), who)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def keys_of(change: Change) -> Iterator[str]:
    """Return the keys of a change: its own, or one for each member."""
    if change.action in MEMBERS:
        yield from (retry_key(change, member) for member in change.members)
    else:
        yield retry_key(change)


class RetryPolicy:
    """What failed before, and whether it waits in this run.

    ``after`` so many failures a change waits for a person; ``anyway`` are keys that are tried all the
    same.
    """

    def __init__(
        self,
        retries: Iterable[Retry] = (),
        after: int = 5,
        anyway: Container[str] = frozenset(),
    ) -> None:
        self.retries = tuple(retries)
        self._after = after
        held = (one for one in self.retries if one.key not in anyway and not self._due(one))
        self._waiting = {one.key: one for one in held}
        self._about = {one.external_id for one in self._waiting.values()}

    def _due(self, retry: Retry) -> bool:
        return not self.given_up(retry) and retry.waited >= _pause(retry)

    def given_up(self, retry: Retry) -> bool:
        """Return whether a change failed so often that a person has to look."""
        return retry.failures >= self._after

    @property
    def idle(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def waiting(self, change: Change) -> Retry | None:
        """Return why this change is not tried now, if so."""
        return self._waiting.get(retry_key(change)) if self._concerns(change) else None

    def waiting_members(self, change: Change) -> dict[str, list[MemberRef]]:
        """Return by key the members of a change that are not tried now."""
        found: dict[str, list[MemberRef]] = defaultdict(list)
        for member in change.members if self._concerns(change) else ():
            key = retry_key(change, member)
            if key in self._waiting:
                found[key].append(member)
        return found

    def of(self, key: str) -> Retry:
        """Return what waits by its key."""
        return self._waiting[key]

    def _concerns(self, change: Change) -> bool:
        return change.external_id in self._about

    def describe(
        self, retry: Retry, change: Change, members: Sequence[MemberRef] = ()
    ) -> Quarantined:
        """Say what waits, since how many failures, and until when."""
        times = "once" if retry.failures == 1 else f"{retry.failures} times"
        what = f"{_named(change, members)} failed {times}, last: {retry.error}"
        if self.given_up(retry):
            reason = f"{what}; aadsync sync --full tries it again"
        else:
            runs = RUNS.get(_pause(retry) - retry.waited, "this and the next {} runs")
            after = runs.format(_pause(retry) - retry.waited - 1)
            reason = f"{what}; not tried in {after}; aadsync sync --full tries it now"
        return Quarantined(change.external_id, change.name, reason)


def _pause(retry: Retry) -> int:
    """Return how many runs a change waits after its failures: 0, 1, 3, 7 and so on."""
    return int(2 ** (retry.failures - 1)) - 1


def _named(change: Change, members: Sequence[MemberRef]) -> str:
    if not members:
        return change.action.value
    names = [member.name for member in members]
    return f"{DOING[change.action]} {listed(names, NAMED)}"


@dataclass(slots=True)
class Deferred:
    """The changes that are tried, and what of them waits: for a later run, or for a person."""

    changes: list[Change] = field(default_factory=list)
    held: list[Quarantined] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)

    def wait(self, retry_policy: RetryPolicy, change: Change, retries: Sequence[Retry]) -> None:
        """Note a change that waits as a whole."""
        for retry in retries:
            describe = retry_policy.describe(retry, change)
            (self.quarantined if retry_policy.given_up(retry) else self.held).append(describe)
            self.waiting.add(retry.key)


def defer_failed(retry_policy: RetryPolicy, changes: Iterable[Change]) -> Deferred:
    """Leave out what waits; with an adoption, everything else of that object waits, too."""
    if retry_policy.idle:
        return Deferred(list(changes))
    found, rest = Deferred(), []
    unadopted: set[str | None] = set()
    for change in changes:
        retry = retry_policy.waiting(change)
        if retry:
            found.wait(retry_policy, change, (retry,))
            unadopted |= {change.external_id} if change.action.verb == "adopt" else set()
        else:
            rest.append(change)
    for change in rest:
        if change.external_id not in unadopted:
            found.changes.extend(_without_waiting(retry_policy, change, found))
    return found


def _without_waiting(
    retry_policy: RetryPolicy, change: Change, found: Deferred
) -> Iterator[Change]:
    waiting = retry_policy.waiting_members(change)
    if not waiting:
        yield change
        return
    alike: dict[tuple[int, int, str], list[str]] = defaultdict(list)
    for key in waiting:
        retry = retry_policy.of(key)
        alike[retry.failures, retry.waited, retry.error].append(key)
    for keys in alike.values():
        retry = retry_policy.of(keys[0])
        describe = retry_policy.describe(
            retry, change, [one for key in keys for one in waiting[key]]
        )
        (found.quarantined if retry_policy.given_up(retry) else found.held).append(describe)
    found.waiting |= waiting.keys()
    held = {member for members in waiting.values() for member in members}
    members = tuple(member for member in change.members if member not in held)
    if members:
        yield replace(change, members=members)
