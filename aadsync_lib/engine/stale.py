"""Whether a saved plan still is what planning now gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from aadsync_lib.errors import StalePlanError
from aadsync_lib.model.change import Change
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.report.escape import visible
from aadsync_lib.report.wording import count

SHOWN = 10
SETTINGS = "the settings have changed since the plan was saved"
SOURCE = "Entra has changed since the plan was saved"
TARGET = "the target has changed since the plan was saved"
NEITHER = (
    "neither Entra nor the target has changed: what the sync remembers has (a run since then, a "
    "change that failed, grace days that ended), or this is another version of aadsync"
)


def check_current(saved: Plan, current: Plan, fingerprinted: Callable[[], Plan]) -> None:
    """Raise ``StalePlanError``, with what moved, unless the targets' plans are the same.

    ``fingerprinted`` gives the current plan with its digests, which nobody asks for while nothing moved.
    """
    if not any(_differences_of(saved, current)):
        return
    moved = (*_sides(saved, fingerprinted()), *_differences_of(saved, current))
    lines = "\n".join(f"  {line}" for line in dict.fromkeys(moved[:SHOWN]))
    more = f"\n  and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
    raise StalePlanError(
        f"The saved plan no longer fits. Nothing was changed.\n{lines}{more}\n"
        f"Plan again, and look at the new plan before you apply it."
    )


def _sides(saved: Plan, current: Plan) -> Iterator[str]:
    """Say which side has moved, as far as the digests of a plan tell it."""
    if saved.settings_digest != current.settings_digest:
        return
    moved = list(_moved_sides(saved, current))
    yield from moved
    known = saved.source_digest or saved.undoes
    if known and not moved and saved.sync == current.sync:
        yield NEITHER


def _moved_sides(saved: Plan, current: Plan) -> Iterator[str]:
    if saved.source_digest and saved.source_digest != current.source_digest:
        yield SOURCE
    then = {one.target: one.state_digest for one in saved.targets}
    for one in current.targets:
        if then.get(one.target) and then[one.target] != one.state_digest:
            yield f"{one.target}: {TARGET}"


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
            yield f"{now.target}: no longer planned: {_said(change)}"
    for change in now.changes:
        if change not in before:
            yield f"{now.target}: planned now: {_said(change)}"


def _said(change: Change) -> str:
    members = f" ({count(len(change.members), 'member')})" if change.members else ""
    return f"{change.action.value} {visible(change.name)}{members}"
