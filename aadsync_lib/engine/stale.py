"""Tells a saved plan that no longer fits, by what is planned now and by digests of both sides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from aadsync_lib.engine.planning import Planning, TargetPlanning
from aadsync_lib.errors import StalePlanError
from aadsync_lib.model.account import Account, Members
from aadsync_lib.model.assignment import AccessShown
from aadsync_lib.model.desired import Desired
from aadsync_lib.model.identity import Kind, Principal
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.reconcile.assignments.given import access_rows
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.report.against import change_words
from aadsync_lib.report.escape import visible

SHOWN = 10
DONE = (
    "The saved plan was applied already: {}. Nothing of it is left to do, and nothing was changed."
)
OTHERS = "It was applied already ({}), and other changes are planned now. "
SETTINGS = "the settings have changed since the plan was saved"
SOURCE = "Entra has changed since the plan was saved"
TARGET = "the target has changed since the plan was saved"
NEITHER = (
    "neither Entra nor the target has changed: what the sync remembers has (a run since then, a "
    "change that failed, grace days that ended), or this is another version of aadsync"
)


def differences(saved: Plan, current: Plan) -> tuple[str, ...]:
    """Return what differs between a saved plan and what is planned now, a line each."""
    return tuple(_differences_of(saved, current))


def stale(saved: Plan, current: Planning, earlier: str | None) -> StalePlanError:
    """Return the refusal of a saved plan, with what moved, or with who carried it out ``earlier``."""
    if earlier and current.plan.empty:
        return StalePlanError(DONE.format(earlier))
    moved = (*_sides(saved, fingerprinted(current)), *differences(saved, current.plan))
    lines = "\n".join(f"  {line}" for line in dict.fromkeys(moved[:SHOWN]))
    more = f"\n  and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
    before = OTHERS.format(earlier) if earlier else ""
    return StalePlanError(
        f"The saved plan no longer fits. {before}Nothing was changed.\n{lines}{more}\n"
        f"Plan again, and look at the new plan before you apply it."
    )


def _sides(saved: Plan, current: Plan) -> Iterator[str]:
    """Say which side has moved, as far as the digests of a plan tell it."""
    if saved.settings_digest != current.settings_digest:
        return
    moved = list(moved_sides(saved, current))
    yield from moved
    known = saved.source_digest or saved.undoes
    if known and not moved and saved.sync == current.sync:
        yield NEITHER


def moved_sides(saved: Plan, current: Plan) -> Iterator[str]:
    """Yield which sides have moved, in sentences; both plans have the digests of these.

    Of Entra they tell it only where both are of the same targets, for which the same was read.
    """
    then = {target.target: target.state_digest for target in saved.targets}
    same = list(then) == [target.target for target in current.targets]
    if same and saved.source_digest and saved.source_digest != current.source_digest:
        yield SOURCE
    for target in current.targets:
        if then.get(target.target) and then[target.target] != target.state_digest:
            yield f"{target.target}: {TARGET}"


def _differences_of(saved: Plan, current: Plan) -> Iterator[str]:
    if saved.sync != current.sync:
        yield f"the plan is of sync {saved.sync}, the settings are of {current.sync}"
    if saved.settings_digest != current.settings_digest:
        yield SETTINGS
    then = {target.target: target for target in saved.targets}
    for target in current.targets:
        if target.target not in then:
            yield f"{target.target}: not in the saved plan"
        else:
            yield from _differences(then[target.target], target)


def _differences(then: TargetPlan, now: TargetPlan) -> Iterator[str]:
    before, after = set(then.changes), set(now.changes)
    for change in then.changes:
        if change not in after:
            yield f"{now.target}: no longer planned: {visible(change_words(change))}"
    for change in now.changes:
        if change not in before:
            yield f"{now.target}: planned now: {visible(change_words(change))}"


def fingerprinted(planned: Planning) -> Plan:
    """Return the plan with the digests of both sides. What undoes a run reads no source.

    They cost seconds where there are a million memberships, so that nothing but a saved plan has them.
    """
    plan = planned.plan
    targets = tuple(_with_state(planned.parts[target.target]) for target in plan.targets)
    views = (planned.parts[target.target].view for target in plan.targets)
    desired = list({id(view.desired): view.desired for view in views if view}.values())
    source = source_digest(*desired) if desired else None
    return replace(plan, targets=targets, source_digest=source)


def source_digest(*views: Desired) -> str:
    """Return a digest of who is in scope, and who is in which group, as each target sees it."""
    digests = [_digest(_rows(desired)) for desired in views]
    return digests[0] if len(digests) == 1 else _digest(enumerate(digests))


def _rows(desired: Desired) -> Iterator[object]:
    groups = desired.groups.values()
    yield from map(_row, desired.principals.values())
    yield from ((*_row(group.principal), group.unread, sorted(group.members)) for group in groups)
    held = desired.quarantined.values()
    yield from ((waiting.external_id, waiting.name, waiting.reason) for waiting in held)
    yield desired.complete, sorted(desired.assigned)


def state_digest(
    accounts: Mapping[str, Account],
    members: Mapping[str, Members],
    concerned: Collection[str],
    access: AccessShown,
) -> str:
    """Return a digest of the objects that a plan is about, the members of its groups, and their access."""
    shown = (accounts[target_id] for target_id in concerned if target_id in accounts)
    return _digest(
        (
            *((a.id, a.kind, a.name, a.display_name, a.external_id, a.active) for a in shown),
            *(
                (group, sorted(inside) if isinstance(inside, frozenset) else inside.reason)
                for group, inside in members.items()
            ),
            *access_rows(access),
        )
    )


def _with_state(part: TargetPlanning) -> TargetPlan:
    context = part.context
    if context is None:
        return part.plan
    shown = context.access.shown
    digest = state_digest(context.target.accounts, context.members, _concerned(context), shown)
    return replace(part.plan, state_digest=digest)


def _concerned(context: TargetContext) -> frozenset[str]:
    matched = (match.account.id for match in context.correlation.matches.values() if match.account)
    accounts = context.target.accounts.values()
    groups = (account.id for account in accounts if account.kind is Kind.GROUP)
    return frozenset((*matched, *context.links.by_target, *context.correlation.held, *groups))


def _row(who: Principal) -> tuple[object, ...]:
    return who.external_id, who.kind, who.name, who.display_name, who.active


def _digest(parts: Iterable[Any]) -> str:
    lines = sorted(json.dumps(part, ensure_ascii=True) for part in parts)
    return f"sha256:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"
