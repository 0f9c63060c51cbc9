"""Explanations for a terminal, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from aadsync_lib.model.explanation import Explanation
from aadsync_lib.report.escape import label, markdown_name, markdown_prose, visible
from aadsync_lib.report.explain.parts import not_found, parts
from aadsync_lib.report.explain.tree import Branch, Part
from aadsync_lib.report.page import Look, Page

INCOMPLETE = "Not all of Entra's scope could be read: what is missing here may only be unread."


def explanation_text(found: Explanation, look: Look | None = None, *, full: bool = False) -> str:
    """Return an explanation as trees."""
    page = Page(look or Look())
    if not found.complete:
        page.line(INCOMPLETE, "yellow")
    if not found.found:
        page.lines(Text(visible(line)) for line in not_found(found))
    for number, part in enumerate(parts(found, full=full)):
        if number:
            page.line()
        _part(page, part)
    return page.text()


def explanation_markdown(found: Explanation, *, full: bool = False) -> str:
    """Return an explanation as nested lists."""
    blocks = [] if found.complete else [f"**{INCOMPLETE}**"]
    if not found.found:
        first, *rest = not_found(found)
        blocks += [markdown_prose(first), "\n".join(f"- {markdown_prose(line)}" for line in rest)]
    for part in parts(found, full=full):
        blocks.append(f"## {markdown_prose(part.title)}")
        blocks.append("\n".join(f"- {markdown_prose(line)}" for line in part.lines))
        for title, branches in part.trees:
            blocks += [f"### {markdown_prose(title)}", "\n".join(_items(branches, 0))]
    return "\n\n".join(blocks) + "\n"


def _part(page: Page, part: Part) -> None:
    page.line(part.title, "bold")
    for line in part.lines:
        page.note(line)
    for title, branches in part.trees:
        page.heading(title)
        page.lines(_drawn(branches, ""))


def _drawn(branches: tuple[Branch, ...], indent: str) -> Iterator[Text]:
    """Draw a tree with its lines, one line for each branch, so that it can be searched."""
    for branch in branches:
        last = branch is branches[-1]
        line = Text(f"{indent}{'└── ' if last else '├── '}", "dim")
        line.append(label(branch.name), branch.style or "default")
        if branch.words:
            line.append(f"  {visible(branch.words)}", "dim")
        yield line
        yield from _drawn(branch.below, f"{indent}{'    ' if last else '│   '}")


def _items(branches: Iterable[Branch], depth: int) -> Iterator[str]:
    for branch in branches:
        words = f": {markdown_prose(branch.words)}" if branch.words else ""
        yield f"{'  ' * depth}- {markdown_name(branch.name)}{words}"
        yield from _items(branch.below, depth + 1)
