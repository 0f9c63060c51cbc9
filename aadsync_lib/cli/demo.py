"""``aadsync demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from aadsync_lib.cli.options import TALK, Options, options
from aadsync_lib.cli.sandbox import needs_sandbox

PEOPLE = 120
SEED = 7
STARTING = f"Starting a made-up Entra and Databricks of {PEOPLE} people on this machine; it takes some seconds.\n\n"
SPEED = 20  # times as fast as the published limits


@click.command()
@options(*TALK)
def demo(options: Options) -> None:
    """Watch a made-up company being synced.

    A first plan, two days of changes, an accident, a question and an undo, all on this machine.
    """
    if not options.quiet:
        options.output.result(STARTING)
    embedded = needs_sandbox("aadsync_lib.sandbox")
    from aadsync_lib.cli.demo_text import TextTeller
    from aadsync_lib.demo import Tour
    from aadsync_lib.report.progress import progress_on
    from aadsync_lib.report.terminal_page import Look

    progress = progress_on(sys.stderr, quiet=options.quiet)
    with (
        TemporaryDirectory(prefix="aadsync-demo-") as folder,
        embedded.Sandbox(embedded.company(PEOPLE, SEED), speed=SPEED) as sandbox,
    ):
        teller = TextTeller(options.output, Look.of(sys.stdout))
        tour = Tour(sandbox, Path(folder), teller, progress)
        options.output.hide(tour.secrets.redact)
        tour.walk()
        teller.what_next()
