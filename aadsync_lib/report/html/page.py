"""The page as one file: its words escaped, its script and style inside, and nothing else allowed to run.

The content security policy in the page names the two scripts and the style by their hashes, so that no name
from a directory could ever run or load anything, whatever a template forgot.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment

from aadsync_lib.model.carried import RunRecord
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.report.escape import visible
from aadsync_lib.report.html.grid import LISTED
from aadsync_lib.report.html.payload import payload
from aadsync_lib.report.html.view import View, plan_view, run_view
from aadsync_lib.report.next_steps import Call
from aadsync_lib.report.templates import templates

STYLES = ("base.css", "parts.css")
SCRIPTS = ("dom.js", "grid.js", "tree.js")
HEAD_SCRIPTS = ("theme.js",)  # before anything is drawn, so that the page does not flash


def plan_page(plan: Plan, *, call: Call | None = None, history: Sequence[RunRecord] = ()) -> str:
    """Return the page of a plan.

    ``call`` is for a command, which says what to do next; ``call.verdict`` is the guard's.
    """
    return _page(plan_view(plan, call, history))


def run_page(
    report: RunReport,
    plan: Plan | None = None,
    *,
    call: Call | None = None,
    history: Sequence[RunRecord] = (),
) -> str:
    """Return the page of a run; its plan brings the nesting, and what a refused run would have done."""
    return _page(run_view(report, plan, call, history))


def _page(view: View) -> str:
    style, head, script = map(_joined, (STYLES, HEAD_SCRIPTS, SCRIPTS))
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            view=view,
            style=style,
            head_script=head,
            script=script,
            policy=_policy(style, head, script),
            data=payload(view.grids, view.tree),
        )
    )


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
    found = templates(__package__)
    found.filters["visible"] = visible
    found.globals |= {"LISTED": LISTED}
    return found
