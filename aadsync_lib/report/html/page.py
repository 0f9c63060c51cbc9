"""Documents as one file for a browser: words escaped, script and style inside, nothing else allowed to run.

Beside the document it has charts, the tree of groups, and tables to search. The content security policy in
the page names the two scripts and the style by their hashes, so that no name from a directory could ever run
or load anything, whatever a template forgot.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment

from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.change import Action
from aadsync_lib.model.moved import Moved
from aadsync_lib.model.plan import GroupNode, Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.reconcile.guard import Verdict
from aadsync_lib.report.against import with_moved
from aadsync_lib.report.document import Document, Tile
from aadsync_lib.report.escape import visible
from aadsync_lib.report.heading import head_facts
from aadsync_lib.report.html import notes
from aadsync_lib.report.html.changes import (
    Line,
    changes_grid,
    left_grid,
    left_lines,
    planned_lines,
    run_lines,
)
from aadsync_lib.report.html.charts import action_bars, group_bars, run_bars
from aadsync_lib.report.html.grid import LISTED, Grid
from aadsync_lib.report.html.packing import payload
from aadsync_lib.report.html.tables import document_grids
from aadsync_lib.report.html.timeline import Timeline, timeline_of
from aadsync_lib.report.html.tree import tree_of
from aadsync_lib.report.html.words import run_mark
from aadsync_lib.report.next_steps import Advice, parted
from aadsync_lib.report.plans import counted_as, plan_document, run_document
from aadsync_lib.report.templates import templates

STYLES = ("base.css", "parts.css", "picture.css")
SCRIPTS = ("dom.js", "grid.js", "tree.js", "nesting.js", "layout.js", "picture.js")
HEAD_SCRIPTS = ("theme.js",)  # before anything is drawn, so that the page does not flash
LEFT_OUT = frozenset({"Requests"})  # the facts have them


def plan_page(
    plan: Plan,
    verdict: Verdict | None = None,
    advice: Advice | None = None,
    history: Sequence[RunRecord] = (),
    moved: Moved | None = None,
) -> str:
    """Return the page of a plan, with what ``moved`` since a saved one."""
    lines, several = planned_lines(plan), len(plan.targets) > 1
    after = (*notes.plan_notes(plan), left_grid(left_lines(plan), several=several))
    changes = changes_grid(lines, several=several)
    document = plan_document(plan, verdict, advice)
    document = with_moved(document, moved) if moved else document
    before = (notes.losing_grid(plan),)
    return _page(document, lines, plan.tree, history, before, changes, after)


def run_page(
    report: RunReport,
    plan: Plan | None = None,
    verdict: Verdict | None = None,
    advice: Advice | None = None,
    history: Sequence[RunRecord] = (),
) -> str:
    """Return the page of a run; its plan brings the nesting, and what a refused run would have done."""
    lines, several = run_lines(report, plan), len(report.targets) > 1
    before = (notes.failed_grid(report),)
    after = (*notes.run_notes(report), left_grid(left_lines(report), several=several))
    changes = changes_grid(lines, several=several)
    document = run_document(report, verdict, advice, plan=plan)
    return _page(document, lines, plan.tree if plan else (), history, before, changes, after)


def document_page(document: Document, times: Timeline | None = None) -> str:
    """Return the page of a document that is neither a plan nor a run: what it says, its tables, its times."""
    grids = document_grids(document)
    return _page(document, (), (), (), (), changes_grid((), several=False), grids, times)


def history_page(document: Document, runs: Sequence[RunRecord] = ()) -> str:
    """Return the page of what a history answers, with a timeline of ``runs``, newest first."""
    return document_page(document, timeline_of(runs))


def _page(
    document: Document,
    lines: Sequence[Line],
    groups: Sequence[GroupNode],
    history: Sequence[RunRecord],
    before: Iterable[Grid],
    changes: Grid,
    after: Iterable[Grid],
    times: Timeline | None = None,
) -> str:
    style, head, script = map(_joined, (STYLES, HEAD_SCRIPTS, SCRIPTS))
    tree = tree_of(groups, lines)
    before, after = _filled(before), _filled(after)
    grids = _filled((*before, changes, *after))
    advice, command = _advice(document)
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            view=document,
            next=advice,
            command=command,
            tiles=tuple(
                (tile, _place(tile, grids), CHOSEN.get(tile.label, tile.label))
                for tile in _tiles(document)
            ),
            heading=head_facts(document),
            facts=tuple(_facts(document)),
            actions=action_bars(lines),
            groups=group_bars(lines),
            runs=run_bars(history),
            times=times,
            before=before,
            changes=changes,
            tree=tree,
            after=after,
            grids=grids,
            style=style,
            head_script=head,
            script=script,
            policy=_policy(style, head, script),
            data=payload(grids, tree),
        )
    )


def _filled(grids: Iterable[Grid]) -> tuple[Grid, ...]:
    return tuple(grid for grid in grids if grid.rows)


def _advice(document: Document) -> tuple[str, str]:
    """Part a command or a digest that is to be copied from the sentence that leads to it."""
    sentence, command = parted(document.next, document.digest)
    return sentence if command else sentence.replace("named above", "named below"), command


def _tiles(document: Document) -> Iterator[Tile]:
    for tile in document.tiles:
        if tile.label == "Time" and document.cost:
            yield Tile(tile.label, tile.value.replace("under", "<"))
        elif tile.label not in ("Time", *LEFT_OUT):
            yield tile


TILES_OF = {
    "People who lose access": "losing",
    "Service principals that lose access": "losing",
    "Failed": "failed",
    "Quarantined": "quarantined",
    "Held back": "held",
    "Drift": "changes",
}
CHOSEN = {  # what a tile chooses in a filter of its table; the others choose their own label
    "People who lose access": "user",
    "Service principals that lose access": "service principal",
    "Drift": "by hand",
}
COUNTED = frozenset(filter(None, map(counted_as, Action)))


def _place(tile: Tile, grids: Sequence[Grid]) -> str:
    """Return the table that a tile counts lines of; nothing for one that counts none."""
    name = "changes" if tile.label in COUNTED else TILES_OF.get(tile.label, "")
    return name if tile.value != "0" and any(grid.name == name for grid in grids) else ""


def _facts(document: Document) -> Iterator[tuple[str, str]]:
    if document.run_id:
        yield "Run", document.run_id
    if document.parts:
        yield "Targets", "; ".join(part.title for part in document.parts)
    if document.undoes:
        yield "Undoes run", document.undoes
    if document.total:
        yield "Total", document.total
    if document.cost:
        yield "Cost", document.cost.split(": ", 1)[-1]


def _policy(style: str, *scripts: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {' '.join(map(_hash, scripts))}; "
        f"img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def _joined(names: tuple[str, ...]) -> str:
    here = files(__package__)
    return "\n" + "\n".join((here / name).read_text(encoding="utf-8") for name in names)


@cache
def _templates() -> Environment:
    environment = templates(__package__)
    environment.filters |= {"visible": visible, "run": run_mark}
    environment.globals |= {"LISTED": LISTED}
    return environment
