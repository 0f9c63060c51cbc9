"""The report on automatic identity management, as a document and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aadsync_lib.model.aim import AimReport, AimTarget, MembershipGap, Mismatch
from aadsync_lib.model.codec import JsonObject
from aadsync_lib.model.wording import and_more
from aadsync_lib.own_words import own
from aadsync_lib.report.document import BAD, BENT, GOOD, Alert, Document, Part, Table
from aadsync_lib.report.wording import count

VERSION = 1
NAMES = 5  # members named in a line
INCOMPLETE = "Not all of Entra's scope could be read: what is missing here may only be unread."
CLEAN = "Nothing of this scope stands in the way of automatic identity management."
KINDS = {"user": "user", "service_principal": "service principal", "group": "group"}
HEAD = ("Name", "Kind", "Target id", "externalId there", "Object id in Entra")
TABLES = (
    ("doubled", "Would be there twice"),
    ("missing", own("No externalId: aadsync aim align fills it in")),
    (
        "wrong",
        own(
            "Another externalId: aadsync aim align replaces it under policy.adopt: same_name or adopt_names"
        ),
    ),
    (
        "blocked",
        "Groups that keep a group of Entra out by its name: rename or delete them, or give them its object id",
    ),
    ("managed", "Groups that automatic identity management has already"),
)


def aim_document(report: AimReport) -> Document:
    """Show what automatic identity management would double, block or split."""
    alerts = () if report.complete else (Alert(BENT, INCOMPLETE),)
    clean = all(target.clean for target in report.targets)
    return Document(
        f"Automatic identity management and {report.sync}",
        state="clean" if clean else "to do",
        tone=GOOD if clean else BAD,
        alerts=alerts,
        lines=(CLEAN,) if clean else (),
        parts=tuple(_part(target) for target in report.targets),
    )


def _part(target: AimTarget) -> Part:
    tables = (Table(title, HEAD, _rows(getattr(target, key))) for key, title in TABLES)
    head = ("Group", "Target id", "What would change")
    gaps = Table("Memberships that would differ", head, tuple(map(_gap, target.memberships)))
    return Part(target.target, target.target, tables=tuple(t for t in (*tables, gaps) if t.rows))


def _rows(mismatches: Iterable[Mismatch]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (m.name, KINDS[m.kind.value], m.target_id, m.has or "none", m.external_id)
        for m in mismatches
    )


def _gap(gap: MembershipGap) -> tuple[str, ...]:
    return gap.name, gap.target_id, "; ".join(_changes(gap))


def _changes(gap: MembershipGap) -> Iterator[str]:
    for names, what in ((gap.joining, "come in"), (gap.leaving, "are not in Entra's")):
        if names:
            first = ", ".join(names[:NAMES]) + and_more(len(names) - NAMES)
            yield f"{count(len(names), 'member')} {what}: {first}"


def aim_to_json(report: AimReport) -> JsonObject:
    """Return the ``aim_report`` document of the public contract."""
    targets = [_target_to_json(target) for target in report.targets]
    return {
        "kind": "aim_report",
        "version": VERSION,
        "sync": report.sync,
        "complete": report.complete,
        "targets": targets,
    }


def _target_to_json(target: AimTarget) -> JsonObject:
    return {
        "target": target.target,
        "missing_external_id": [_mismatch_to_json(m) for m in target.missing],
        "wrong_external_id": [_mismatch_to_json(m) for m in target.wrong],
        "blocked": [_mismatch_to_json(m) for m in target.blocked],
        "doubled": [_mismatch_to_json(m) for m in target.doubled],
        "memberships": [_gap_to_json(gap) for gap in target.memberships],
        "managed": [_mismatch_to_json(m) for m in target.managed],
    }


def _mismatch_to_json(mismatch: Mismatch) -> JsonObject:
    return {
        "type": mismatch.kind.value,
        "name": mismatch.name,
        "external_id": mismatch.external_id,
        "target_id": mismatch.target_id,
        "target_external_id": mismatch.has,
    }


def _gap_to_json(gap: MembershipGap) -> JsonObject:
    return {
        "group": gap.name,
        "external_id": gap.external_id,
        "target_id": gap.target_id,
        "joining": list(gap.joining),
        "leaving": list(gap.leaving),
    }
