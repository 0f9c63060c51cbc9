"""The rehearsal of the quickstart: a whole company on the driver, no credentials, no configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aadsync_lib.config.policy import Limits
from aadsync_lib.demo import Tour
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.notebook.log import notebook_progress
from aadsync_lib.notebook.platform import Platform
from aadsync_lib.notebook.results import run_result
from aadsync_lib.reconcile.guard import judge
from aadsync_lib.report.escape import visible
from aadsync_lib.report.explain.parts import explanation_document
from aadsync_lib.report.next_steps import InNotebook
from aadsync_lib.report.plans import plan_document
from aadsync_lib.report.summary import page, summary_part
from aadsync_lib.report.terminal import as_text
from aadsync_lib.sandbox import Sandbox, company

PEOPLE = 120
SEED = 7
WORKSPACES = 2  # one of the account, and one that is a target of its own
SPEED = 20  # times as fast as the published limits
AFTER = ("What to do next", "None of this was yours. In your own tenant, it is four steps:")
STEPS = (
    (
        "01_setup takes eight answers, makes and checks what a sync needs, and writes the settings file that "
        "the other notebooks find. What to have at hand: docs/first-sync-in-a-workspace.md."
    ),
    "02_plan shows what a first sync would change. It changes nobody's access.",
    (
        "04_sync does it: begin with one small group. 05_explain says why somebody is in a group, 06_history "
        "takes a run back."
    ),
    "A job does it every hour: docs/bundle.md.",
)
SHORT = 60  # changes up to which the text of a plan shows each of them


def quickstart(names: Mapping[str, Any]) -> RunReport:
    """Sync Contoso in front of the reader; return what became of the accident at the end.

    ``names`` are the globals of the notebook.
    """
    platform = Platform(names)
    teller = PageTeller(platform)
    with (
        TemporaryDirectory(prefix="aadsync-quickstart-") as folder,
        Sandbox(company(PEOPLE, SEED, workspaces=WORKSPACES), speed=SPEED) as sandbox,
    ):
        progress = notebook_progress(platform.interactive)
        report = Tour(sandbox, Path(folder), teller, progress).walk()
        teller.end()
    return report


def what_next(names: Mapping[str, Any], report: RunReport) -> None:
    """Show what to do after the rehearsal, and end the notebook with its last run as JSON."""
    platform = Platform(names)
    teller = PageTeller(platform)
    teller.step(*AFTER)
    teller.bullets(STEPS)
    teller.end()
    platform.exit({"kind": "quickstart", "rehearsed": run_result(report), "next": "01_setup"})


class PageTeller:
    """Implements ``tour.Teller``: one page for each step."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._title = ""
        self._html: list[str] = []
        self._text: list[str] = []

    def step(self, title: str, why: str) -> None:
        """Show what was told of the step before, and begin another."""
        self.end()
        self._title = title
        self._say(f"<h2>{_data(title)}</h2><p>{_data(why)}</p>", f"{title}\n\n{why}\n")

    def tell(self, text: str) -> None:
        """Say a sentence or two."""
        self._say(f"<p>{_data(text)}</p>", f"{text}\n")

    def bullets(self, sentences: Iterable[str]) -> None:
        """Say what happened, one thing a line."""
        said = list(sentences)
        items = "".join(f"<li>{_data(sentence)}</li>" for sentence in said)
        self._say(f"<ul>{items}</ul>", "".join(f"- {sentence}\n" for sentence in said))

    def plan(self, plan: Plan) -> None:
        """Show a plan."""
        document = plan_document(plan, judge(plan, Limits()), InNotebook())
        self._say(summary_part(document), as_text(plan_document(plan), listed=SHORT))

    def refused(self, error: RefusedError) -> None:
        """Show why the guard stopped a plan."""
        document = plan_document(error.plan, error.verdict, InNotebook())
        self._say(summary_part(document), f"{error}\n")

    def explained(self, found: Explanation) -> None:
        """Show why somebody is in a group."""
        document = explanation_document(found, advice=InNotebook())
        self._say(summary_part(document), as_text(document))

    def end(self) -> None:
        """Show what is not shown yet."""
        if self._html:
            self._platform.page(page(self._title, *self._html), "\n".join(self._text))
        self._html, self._text = [], []

    def _say(self, html: str, text: str) -> None:
        self._html.append(html)
        self._text.append(text)


def _data(text: str) -> str:
    return escape(visible(text))
