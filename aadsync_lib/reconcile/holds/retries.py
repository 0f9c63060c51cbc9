"""Defers changes that failed before, until it is their turn or a person has looked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from aadsync_lib.model.carried import Retry
from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.model.wording import listed
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.split import Held, Split
from aadsync_lib.reconcile.state.retries import RetryPolicy

NAMED = 3  # members named in a reason
TRY_NOW = "aadsync sync --full tries it now"  # ends a reason
RUNS = {1: "this run", 2: "this and the next run"}
DOING = {Action.ADD_MEMBERS: "adding", Action.REMOVE_MEMBERS: "removing"}


def defer_failed(context: TargetContext, changes: Sequence[Change]) -> Split:
    """Leave out what waits; with an adoption, everything else of that object waits, too."""
    if context.retry_policy.idle:
        return Split(changes)
    return Split.of(_tried(context.retry_policy, changes))


def _tried(policy: RetryPolicy, changes: Sequence[Change]) -> Iterator[Change | Held]:
    rest: list[Change] = []
    unadopted: set[str | None] = set()
    for change in changes:
        if retry := policy.waiting(change):
            yield _held(policy, change, (retry,))
            unadopted |= {change.external_id} if change.action.verb == "adopt" else set()
        else:
            rest.append(change)
    for change in rest:
        if change.external_id not in unadopted:
            yield from _tried_members(policy, change)


def _tried_members(policy: RetryPolicy, change: Change) -> Iterator[Change | Held]:
    waiting = policy.waiting_members(change)
    if not waiting:
        yield change
        return
    alike: dict[tuple[int, int, str], list[MemberRef]] = defaultdict(list)
    for member, retry in waiting.items():
        alike[retry.failures, retry.waited, retry.error].append(member)
    for members in alike.values():
        yield _held(policy, change, [waiting[member] for member in members], members)
    if rest := tuple(member for member in change.members if member not in waiting):
        yield replace(change, members=rest)


def _held(
    policy: RetryPolicy, change: Change, retries: Sequence[Retry], members: Sequence[MemberRef] = ()
) -> Held:
    """Describe what waits, after how many failures, and until when; ``retries`` are alike."""
    retry, keys = retries[0], frozenset(retry.key for retry in retries)
    times = "once" if retry.failures == 1 else f"{retry.failures} times"
    names = listed([member.name for member in members], NAMED)
    what = f"{DOING[change.action]} {names}" if members else change.action.value
    given_up = policy.given_up(retry)
    if given_up:
        way_out = f"it is tried once a day; {TRY_NOW}"
    else:
        left = policy.runs_left(retry)
        runs = RUNS.get(left, f"this and the next {left - 1} runs")
        way_out = f"not tried in {runs}; {TRY_NOW}"
    reason = f"{what} failed {times}, last: {retry.error}; {way_out}"
    return Held(Quarantined(change.external_id, change.name, reason), given_up, keys)
