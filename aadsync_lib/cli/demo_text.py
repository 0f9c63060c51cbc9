"""The story of the demo, on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aadsync_lib.cli.following import program
from aadsync_lib.cli.output import Output
from aadsync_lib.report.explain.parts import explanation_document
from aadsync_lib.report.plans import plan_document
from aadsync_lib.report.terminal import as_text
from aadsync_lib.report.terminal_page import Look, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aadsync_lib.engine.refusal import RefusedError
    from aadsync_lib.model.explanation import Explanation
    from aadsync_lib.model.plan import Plan

SHORT = 60  # changes up to which each of them is shown

NEXT = (
    (
        "sandbox --init contoso",
        "this company, to point your own clients at, and an aadsync.yml for it",
    ),
    ("init", "write an aadsync.yml for your own tenant and account"),
    ("doctor", "check its credentials, permissions and limits, with the remedy"),
    ("plan", "see what a first sync would do; it writes nothing"),
)


class TextTeller:
    """Implements ``tour.Teller`` with the pages that every command prints."""

    def __init__(self, output: Output, look: Look) -> None:
        self._outlet = output
        self._look = look

    def step(self, title: str, why: str) -> None:
        """Begin a step under a title."""
        with self._page() as page:
            page.line(title, "bold cyan")
            page.line("-" * len(title), "cyan")
            page.prose(why)

    def tell(self, text: str) -> None:
        """Say a sentence or two."""
        with self._page() as page:
            page.prose(text)

    def bullets(self, sentences: Iterable[str]) -> None:
        """Say what happened, one thing a line."""
        with self._page() as page:
            page.bullets(sentences)

    def plan(self, plan: Plan) -> None:
        """Show a plan; many changes are summed up."""
        self._outlet.result(f"{as_text(plan_document(plan), self._look, listed=SHORT)}\n")

    def refused(self, error: RefusedError) -> None:
        """Show why the guard stopped a plan."""
        self._outlet.result(f"{self._outlet.clean(str(error))}\n\n")

    def explained(self, found: Explanation) -> None:
        """Show why somebody is in a group."""
        self._outlet.result(f"{as_text(explanation_document(found), self._look)}\n")

    def what_next(self) -> None:
        """Say what to try next."""
        page = Page(self._look)
        page.line("What to try next", "bold cyan")
        rows = ((f"{program()} {command}", what) for command, what in NEXT)
        page.table(("Command", "What for"), rows)
        self._outlet.result(page.text())

    @contextmanager
    def _page(self) -> Iterator[Page]:
        page = Page(self._look)
        yield page
        page.line()
        self._outlet.result(page.text())
