"""Tables beside the changes: who waits, who is not ours, what warns, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aadsync_lib.model.plan import Plan, Quarantined, TargetPlan
from aadsync_lib.model.run import RunReport, TargetReport
from aadsync_lib.report.html.grid import Column, Grid, cleaned
from aadsync_lib.report.lost_access import lost_access
from aadsync_lib.report.plan_rows import words

LOOK = "Look at it in Entra and on the target."
GRANT = (
    "Grant the permission, if the message names one (aadsync doctor tells how); otherwise the next run "
    "asks again."
)

WARNINGS: Mapping[str, str] = {
    "absent": "Nothing if it passes; otherwise ask Databricks about that id.",
    "access_left": "Nothing, if that is meant; otherwise change it in the workspace, or in its rules.",
    "assignment_orphaned": "Nothing, or take the assignment off the application in Entra.",
    "assignment_type_unknown": "Look whether a newer version knows this type.",
    "clock": "Look at the clock of the machine that ran last, and of this one.",
    "cycle": "Take one of the two out of the other in Entra.",
    "disabled_unmanaged": "Deactivate it by hand, or let policy.adopt take it over.",
    "external_id": "Nothing, unless somebody else is to adopt it.",
    "grace": "Nothing: back in scope before then, it keeps its account.",
    "group_kind_skipped": "scope.groups_of_kind: all takes them in.",
    "max_depth": "Nest less deeply in Entra, or live with the flattened level.",
    "member_gone": "Nothing: Entra's listings follow after a while.",
    "member_type_skipped": "Nothing: Databricks has no such principals.",
    "member_type_unknown": "Look whether a newer version knows this type.",
    "new_ids": "Give the new ids again what was granted to the old ones outside of this sync.",
    "no_memory": "Go on if this is the first run; otherwise correct store in the settings.",
    "protected": "Nothing, if that is meant; otherwise take it out of policy.protected.",
    "root_gone": "Take the line out of scope.groups, if the group is not to come back.",
    "root_renamed": "Change the line of scope.groups that the message names.",
    "scope_empty": "Correct the selector, or put somebody into what it finds.",
    "shared": "Nothing: it ends when no sync has them in scope.",
    "source_unread": GRANT,
    "additive": "To take back the rest, undo again with --set policy.mode=mirror.",
    "undo_of_undo": "Nothing, if that is meant; aadsync history lists the runs.",
    "undo": "Change Entra, the scope or the settings before the next sync.",
}

# By words of the reason, the first that fits: reasons are sentences for people and have no code.
REASONS: Mapping[str, str] = {
    "would adopt it": "Set what the reason names if both are the same; otherwise rename one of the two.",
    "does not take over": "Set what the reason names if both are the same; otherwise rename one of the two.",
    "is a group of the sync": "Decide which of the two syncs has it in scope.",
    " map to ": "Rename one of them in Entra; mapping.group_name can tell groups apart.",
    "is a group of Databricks itself": "Give it another name in Entra, or by mapping.group_name.",
    "characters; Databricks takes": "Shorten its name in Entra, or by mapping.group_name.",
    ", which mapping.": "Give it one in Entra, or change the mapping.",
    "on the target could not be read": "Nothing if it passes; otherwise see aadsync doctor.",
    "whether Entra still has it is unknown": GRANT,
    "who may enter it could not be read": "As the reason says; aadsync doctor tries each workspace.",
    "entitlements there could not be read": "As the reason says; aadsync doctor tries each workspace.",
    "could not be read": GRANT,
    "aadsync sync --full tries it": "Mend the cause of the last error; aadsync sync --full tries it at once.",
    "has a group of its own of this name": "Rename or delete the workspace's own group there.",
    "Databricks does not give together": "Take one of the two out of the rules of the workspace.",
    "Databricks cannot change it": "As the reason says, or set policy.user_name_change: recreate.",
    "objects on the target have its": "Delete or rename all but one of them on the target.",
    "(capacity.": "Make room there; a limit that Databricks raised goes into targets[].capacity.",
    "name belongs to": "Rename one of the two; the next run goes on by itself.",
}


def of_warning(code: str) -> str:
    """Return what to do about a warning."""
    return WARNINGS.get(code, LOOK)


def of_reason(reason: str) -> str:
    """Return what to do about an identity that is held back."""
    return next((remedy for words, remedy in REASONS.items() if words in reason), LOOK)


Rows = Iterable[tuple[str, ...]]

QUARANTINED = "Held back until a person looks or the cause is gone; each ends by itself then."
HELD = "These wait for a whole read or another try; later runs go on with them by themselves."
LEFT_SINCE = "Changed since that run, so that undoing it leaves this alone."
FOUND = "On the target, in scope by name or object id, and not managed by this sync."
EMPTIED = "Groups that stay, and have nobody in them afterwards."
RETIRED = "Groups of this sync that Entra no longer has in scope; policy.retired_groups decides."


def plan_notes(plan: Plan) -> Iterator[Grid]:
    """Return the tables of a plan."""
    targets = plan.targets
    yield _waiting("quarantined", "Quarantined", QUARANTINED, targets, _quarantined_of(targets))
    held = LEFT_SINCE if plan.undoes else HELD
    yield _waiting("held", "Held back", held, targets, _held_of(targets))
    yield found_grid(targets)
    yield _groups("retired", "Left the scope", RETIRED, targets, _retired_of(targets))
    yield _groups("emptied", "Lose their last member", EMPTIED, targets, _emptied(targets))
    yield _warnings(targets)


def losing_grid(plan: Plan) -> Grid:
    """Return the table of everybody who loses access, one line each."""
    columns = (
        Column("Name", "name"),
        Column("Kind", filtered=True),
        Column("Loses"),
        Column("Why", "quiet"),
        _target(plan.targets),
    )
    rows = (
        (
            lost.name,
            lost.kind.value.replace("_", " "),
            "; ".join(lost.what),
            "; ".join(lost.why),
            target.target,
        )
        for target in plan.targets
        for lost in lost_access(target)
    )
    return Grid("losing", "Who loses access", "", columns, cleaned(columns, rows))


def run_notes(report: RunReport) -> Iterator[Grid]:
    """Return the tables of a run."""
    targets = report.targets
    ended = [(target.target, item) for target in targets for item in target.in_quarantine]
    yield _waiting("quarantined", "Quarantined", QUARANTINED, targets, ended)
    held = LEFT_SINCE if report.undoes else HELD
    yield _waiting("held", "Held back", held, targets, _held_of(targets))
    yield found_grid(targets)
    yield _warnings(targets)


def failed_grid(report: RunReport) -> Grid:
    """Return the table of changes that were not done."""
    columns = (
        Column("Name", "name"),
        Column("Change", filtered=True),
        Column("Error"),
        _target(report.targets),
    )
    rows = (
        (failed.change.name, words(failed.change.action), failed.reason, target.target)
        for target in report.targets
        for failed in target.failed
    )
    intro = "" if report.undoes else "The next run tries these again."
    return Grid("failed", "Failed", intro, columns, cleaned(columns, rows))


def found_grid(targets: Sequence[TargetPlan | TargetReport]) -> Grid:
    """Return the table of what is there and not ours."""
    columns = (
        Column("Name", "name"),
        Column("Kind", filtered=True),
        Column("Who seems to own it"),
        Column("Adopted by", "code", filtered=True),
        Column("Id on the target", "quiet"),
        Column("Object id in Entra", "quiet", shown=False),
        _target(targets),
    )
    rows = (
        (
            unowned.name,
            unowned.kind.value.replace("_", " "),
            unowned.owner,
            unowned.setting or "",
            unowned.target_id,
            unowned.external_id,
            target.target,
        )
        for target in targets
        for unowned in target.unowned
    )
    return Grid("found", "Found, not ours", FOUND, columns, cleaned(columns, rows))


def _waiting(
    name: str,
    title: str,
    intro: str,
    targets: Sequence[object],
    items: Iterable[tuple[str, Quarantined]],
) -> Grid:
    columns = (
        Column("Name", "name"),
        Column("Why"),
        Column("What to do", "quiet"),
        Column("Object id in Entra", shown=False),
        _target(targets),
    )
    rows = (
        (item.name, item.reason, of_reason(item.reason), item.external_id or "", target)
        for target, item in items
    )
    return Grid(name, title, intro, columns, cleaned(columns, rows))


def _groups(name: str, title: str, intro: str, targets: Sequence[object], rows: Rows) -> Grid:
    columns = (Column("Group", "name"), _target(targets))
    return Grid(name, title, intro, columns, cleaned(columns, rows))


def _warnings(targets: Sequence[TargetPlan | TargetReport]) -> Grid:
    columns = (
        Column("What"),
        Column("What to do", "quiet"),
        Column("Code", "code", filtered=True),
        _target(targets),
    )
    rows = (
        (notice.message, of_warning(notice.code), notice.code, target.target)
        for target in targets
        for notice in target.warnings
    )
    return Grid("warnings", "Warnings", "", columns, cleaned(columns, rows))


def _target(targets: Sequence[object]) -> Column:
    return Column("Target", "quiet", shown=len(targets) > 1, filtered=True)


def _quarantined_of(targets: Sequence[TargetPlan]) -> Iterator[tuple[str, Quarantined]]:
    return ((target.target, item) for target in targets for item in target.quarantined)


def _held_of(
    targets: Sequence[TargetPlan] | Sequence[TargetReport],
) -> Iterator[tuple[str, Quarantined]]:
    return ((target.target, item) for target in targets for item in target.on_hold)


def _retired_of(targets: Sequence[TargetPlan]) -> Rows:
    return ((name, target.target) for target in targets for name in target.retired)


def _emptied(targets: Sequence[TargetPlan]) -> Rows:
    return ((name, target.target) for target in targets for name in target.emptied)
