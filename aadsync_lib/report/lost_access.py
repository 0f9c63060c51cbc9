"""People who lose access by a plan: one line each, with everything that they lose and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aadsync_lib.model.change import ACCESS, DEPROVISIONS, Change
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.model.plan import Loss, TargetPlan
from aadsync_lib.report.access_words import access_words
from aadsync_lib.report.document import Table

HEAD = ("Name", "Loses", "Why")
TITLES = (
    (Kind.USER, "People who lose access"),
    (Kind.SERVICE_PRINCIPAL, "Service principals that lose access"),
    (Kind.GROUP, "Groups that lose access to a workspace"),
)
LISTED = 5  # groups named in a line
DELETED, DEACTIVATED = "account deleted", "account deactivated"


@dataclass(frozen=True, slots=True)
class LostAccess:
    """Somebody who loses access: what, the groups among it last, and the reasons."""

    name: str
    kind: Kind
    what: tuple[str, ...]
    why: tuple[str, ...]


def lost_access(target: TargetPlan) -> tuple[LostAccess, ...]:
    """Return everybody who loses an account, access to a workspace or a group, in this order, then by name."""
    found: dict[tuple[Kind, str], tuple[list[str], list[str], list[str]]] = {}
    for change in target.changes:
        if change.action in DEPROVISIONS or change.takes_access:
            own, _, why = found.setdefault((_kind(change), change.name), ([], [], []))
            own.append(_what(change))
            why.append(change.reason)
    for loss in target.losing:
        _, groups, why = found.setdefault((loss.kind, loss.name), ([], [], []))
        groups.extend((loss.group, *loss.above))
        why.append(_why(loss))
    lost = (
        LostAccess(name, kind, (*own, *_groups(groups)), tuple(dict.fromkeys(filter(None, why))))
        for (kind, name), (own, groups, why) in found.items()
    )
    return tuple(sorted(lost, key=lambda each: (_rank(each), name_key(each.name))))


def _rank(lost: LostAccess) -> int:
    if any(what in (DELETED, DEACTIVATED) for what in lost.what):
        return 0
    return 2 if all(what.startswith("group") for what in lost.what) else 1


def _why(loss: Loss) -> str:
    return f"{loss.through} leaves {loss.group}: {loss.reason}" if loss.through else loss.reason


def lost_tables(target: TargetPlan) -> Iterator[Table]:
    """Yield a table of people, one of service principals and one of groups, as far as they lose any."""
    lost = lost_access(target)
    for kind, title in TITLES:
        rows = tuple(_row(each) for each in lost if each.kind is kind)
        if rows:
            yield Table(title, HEAD, rows)


def _row(lost: LostAccess) -> tuple[str, str, str]:
    return lost.name, "; ".join(lost.what), "; ".join(lost.why)


def _kind(change: Change) -> Kind:
    return (change.principal or change.kind) if change.action in ACCESS else change.kind


def _what(change: Change) -> str:
    if change.action in ACCESS:
        return f"workspace {access_words(change)}" if change.workspace_id else access_words(change)
    return DELETED if change.action.verb == "delete" else DEACTIVATED


def _groups(names: Iterable[str]) -> Iterator[str]:
    ordered = sorted(dict.fromkeys(names), key=name_key)
    if ordered:
        more = len(ordered) - LISTED
        listed = ", ".join(ordered[:LISTED]) + (f" and {more:,} more" if more > 0 else "")
        yield f"group{'s' if len(ordered) > 1 else ''} {listed}"
