"""A saved plan back from its text, and the part of it for one target."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from aadsync_lib.errors import UsageError
from aadsync_lib.model.plan import Plan
from aadsync_lib.report.as_json import plan_from_json


def plan_from_text(text: str, where: str) -> Plan:
    """Read what was saved in the file ``where``. Raises ``UsageError`` when it is no plan."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not a saved plan: it is not JSON ({error}).") from error
    return plan_from_json(document)


def part_of(plan: Plan, target: str | None) -> Plan:
    """Return the part of one target, or the whole plan.

    What the whole plan tells of Entra is of all its targets.
    """
    if target is None or [each.target for each in plan.targets] == [target]:
        return plan
    targets = tuple(each for each in plan.targets if each.target == target)
    if not targets:
        known = ", ".join(each.target for each in plan.targets)
        raise UsageError(f"The saved plan has no target {target}; it has: {known}.")
    return replace(plan, targets=targets, source_digest=None)


def alone(plan: Plan, known: Sequence[str]) -> str | None:
    """Return the target that a plan is of, where the settings have it and others."""
    names = [each.target for each in plan.targets]
    return names[0] if len(names) == 1 < len(known) and names[0] in known else None


def approval_of(part: Plan, whole: Plan, approve: str | None) -> str | None:
    """Return the approval of a part: whoever approved the whole plan approved each part of it."""
    return part.digest if approve == whole.digest else approve
