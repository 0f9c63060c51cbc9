"""Whether a saved plan still is what planning now gives."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.errors import PlanMovedError
from aadsync_lib.model.change import Change
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.report.clean import visible

SHOWN = 10


def check_unmoved(saved: Plan, current: Plan) -> None:
    """Raise ``PlanMovedError``, with what moved, unless the targets' plans are the same."""
    moved = tuple(_moved(saved, current))
    if moved:
        lines = "\n".join(f"  {line}" for line in moved[:SHOWN])
        more = f"\n  and {len(moved) - SHOWN} more" if len(moved) > SHOWN else ""
        raise PlanMovedError(
            f"The saved plan no longer fits. Nothing was changed.\n{lines}{more}\n"
            f"Plan again, and look at the new plan before you apply it."
        )


def _moved(saved: Plan, current: Plan) -> Iterator[str]:
    if saved.sync != current.sync:
        yield f"the plan is of sync {saved.sync}, the settings are of {current.sync}"
    if saved.settings_digest != current.settings_digest:
        yield "the settings have changed since the plan was saved"
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
    members = f" ({len(change.members)} members)" if change.members else ""
    return f"{change.action.value} {visible(change.name)}{members}"
