"""Removal of everything that a probe made, and search for what others left."""

from __future__ import annotations

from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.doctor.probe.answers import Left
from aadsync_lib.doctor.probe.bench import PATIENCE, PREFIX, Bench
from aadsync_lib.doctor.probe.wordings import scrubbed
from aadsync_lib.model.identity import Kind
from aadsync_lib.ports import ChangeRefused

KINDS = (Kind.GROUP, Kind.SERVICE_PRINCIPAL)
TRIES = 3
PAUSE = 2.0  # seconds between two tries of a removal


def clean(bench: Bench) -> tuple[Left, ...]:
    """Remove every object of the probe, also after a request to stop; return what may be left."""
    bench.stopped = lambda: False
    left = drop(bench, *reversed(bench.made))
    for kind, name in bench.unanswered:
        left += _stray(bench, kind, name)
    return tuple(left)


def drop(bench: Bench, *target_ids: str) -> list[Left]:
    """Delete objects of the probe; return those that are not known to be gone."""
    left = []
    for target_id in target_ids:
        kind, name = bench.made[target_id]
        reason = _still_there(bench, target_id)
        if reason:
            left.append(Left(kind, name, target_id, reason))
        else:
            del bench.made[target_id]
    return left


def _still_there(bench: Bench, target_id: str) -> str:
    """Delete an object; return why it is not known to be gone, or nothing."""
    reason = ""
    for attempt in range(TRIES):
        if attempt:
            bench.clock.sleep(PAUSE)
        reason = _deleted(bench, target_id) or _shown(bench, target_id)
        if not reason:
            return ""
    return reason


def _deleted(bench: Bench, target_id: str) -> str:
    try:
        bench.delete(target_id)
    except ChangeRefused as failure:
        if not (isinstance(failure, Refusal) and failure.status == 404):
            return scrubbed(str(failure))
    return ""


def _shown(bench: Bench, target_id: str) -> str:
    """Return where it still shows. A 404 to its deletion is no proof: then a listing is asked, too."""
    try:
        gone = bench.until(lambda: bench.look(target_id) is None)
        if gone is not None and target_id not in bench.deleted:
            gone = bench.until(lambda: not _listed(bench, target_id), times=1)
    except ChangeRefused as failure:
        return scrubbed(str(failure))
    return f"deleted, and still shown after {PATIENCE:.0f} s" if gone is None else ""


def _listed(bench: Bench, target_id: str) -> bool:
    kind, _ = bench.made[target_id]
    return any(str(row["id"]) == target_id for row in bench.listed(kind))


def _stray(bench: Bench, kind: Kind, name: str) -> list[Left]:
    """Remove what came to be by a create without an answer, as far as it can be found."""
    try:
        bench.until(lambda: bool(_named(bench, kind, name)), times=1)
        strays = _named(bench, kind, name)
    except ChangeRefused as failure:
        return [Left(kind, name, None, f"its create had no answer, and {scrubbed(str(failure))}")]
    if not strays:
        return [Left(kind, name, None, NOT_LISTED)]
    bench.made.update((target_id, (kind, name)) for target_id in strays)
    return drop(bench, *strays)


NOT_LISTED = (
    f"its create had no answer, and nothing of this name was listed for {PATIENCE:.0f} s: most "
    "likely it was never made"
)


def _named(bench: Bench, kind: Kind, name: str) -> list[str]:
    return [str(row["id"]) for row in bench.listed(kind) if row.get("displayName") == name]


def earlier(bench: Bench) -> tuple[Left, ...]:
    """Find what earlier probes left, or others that run now have."""
    left: list[Left] = []
    for kind in KINDS:
        for row in _with_prefix(bench, kind):
            name = str(row.get("displayName") or "")
            if name.lower().startswith(PREFIX) and not name.startswith(bench.name):
                left.append(Left(kind, name, str(row["id"])))
    return tuple(left)


def _with_prefix(bench: Bench, kind: Kind) -> tuple[dict[str, object], ...]:
    try:
        return bench.listed(kind, f'displayName sw "{PREFIX}"')
    except Refusal as refusal:
        if refusal.status != 400:  # a filter that this version does not take
            raise
    return bench.listed(kind)
