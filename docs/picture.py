"""Draws docs/plan.svg: what ``aadsync plan`` shows on the morning after a day at Contoso."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from aadsync_lib.config.load import load_settings
from aadsync_lib.model.plan import Plan
from aadsync_lib.report.plans import plan_document
from aadsync_lib.report.terminal import Look, as_text
from aadsync_lib.sandbox import Sandbox, company, day
from aadsync_lib.sandbox.command import config, describe
from aadsync_lib.wiring import open_planner, open_runner

WIDTH = 104
FRAME = """<svg viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg" xml:space="preserve">
<style>.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace;
font-size: {char_height}px; line-height: {line_height}px; white-space: pre; }} {styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}"
height="{terminal_height}"/></clipPath>{lines}</defs>
<rect width="100%" height="100%" rx="8" fill="#191919"/>
<g transform="translate(8, 8)" clip-path="url(#{unique_id}-clip-terminal)">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g></svg>"""


def a_plan() -> Plan:
    """Return the plan of a real sync after one day."""
    world = company(40, seed=3)
    with Sandbox(world) as sandbox, tempfile.TemporaryDirectory() as folder:
        os.environ.update(describe(sandbox)["environment"])  # type: ignore[call-overload]  # texts, by name
        path = Path(folder, "aadsync.yml")
        path.write_text(config(sandbox), encoding="utf-8")
        settings = load_settings(path, {"store.sqlite": f"{folder}/aadsync.db"})
        with open_runner(settings) as runner:
            runner.sync()
        day(world, 2)
        return open_planner(settings).plan().plan


def main() -> None:
    """Write the picture beside this file."""
    text = Text.from_ansi(as_text(plan_document(a_plan()), Look(WIDTH, color=True)))
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(text)
    svg = console.export_svg(theme=DIMMED_MONOKAI, code_format=FRAME, unique_id="plan")
    Path(__file__).with_name("plan.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
