"""Comparison of a plan with one that was saved earlier. Nothing is refused by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from aadsync_lib.engine.stale import SETTINGS, moved_sides
from aadsync_lib.errors import UsageError
from aadsync_lib.model.change import Change
from aadsync_lib.model.moved import Moved, MovedTarget
from aadsync_lib.model.plan import Plan, TargetPlan

Key = tuple[object, ...]


def moved_since(saved: Plan, current: Plan) -> Moved:
    """Return what moved. Both have the digests of both sides. Raises ``UsageError`` for another kind of plan."""
    if saved.undoes:
        raise UsageError(
            f"--against: that plan undoes run {saved.undoes}, and this plans a sync. apply says by itself "
            f"what has moved under it."
        )
    if saved.sync != current.sync:
        raise UsageError(
            f"--against: that plan is of sync {saved.sync}, the settings are of {current.sync}."
        )
    then = {target.target: target for target in saved.targets}
    now = {target.target: target for target in current.targets}
    targets = (_moved(name, then.get(name), now.get(name)) for name in {**then, **now})
    return Moved(saved.digest, saved.head, tuple(_sides(saved, current)), tuple(targets))


def _sides(saved: Plan, current: Plan) -> Iterator[str]:
    then = {target.target: target.address for target in saved.targets}
    for target in current.targets:
        before = then.get(target.target)
        if before and target.address and before.key != target.address.key:
            yield f"{target.target}: it was {before} then, and is {target.address} now"
    if saved.settings_digest != current.settings_digest:
        yield SETTINGS
    else:
        yield from moved_sides(saved, current)


def _moved(name: str, then: TargetPlan | None, now: TargetPlan | None) -> MovedTarget:
    before, after = (target.changes if target else () for target in (then, now))
    return MovedTarget(name, _missing(after, before), _missing(before, after))


def _missing(changes: Sequence[Change], other: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes that the others lack; of members, those that they lack."""
    known = {key for change in other for key in _keys(change)}
    return tuple(
        replace(change, members=tuple(member for key, member in zip(_keys(change), change.members, strict=True) if key not in known))
        if change.members
        else change
        for change in changes
        if any(key not in known for key in _keys(change))
    )  # fmt: skip


def _keys(change: Change) -> list[Key]:
    """Return what tells a change from others, one for each of its members; not why it is made."""
    whose = (change.action, change.external_id, change.target_id, change.principal)
    if not change.members:
        return [(*whose, change.name, change.before, change.after)]
    return [
        (*whose, member.type, member.external_id or member.target_id) for member in change.members
    ]
