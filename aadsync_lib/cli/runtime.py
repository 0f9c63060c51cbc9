"""From options to a planner or a runner, and from its results to output."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from aadsync_lib.cli.options import DEFAULT_CONFIG, Options
from aadsync_lib.errors import StoreError

if TYPE_CHECKING:
    from aadsync_lib.config.settings import Settings
    from aadsync_lib.engine.planner import Planner
    from aadsync_lib.engine.runner import Runner
    from aadsync_lib.model.carried import RunRecord
    from aadsync_lib.model.plan import Plan
    from aadsync_lib.model.run import RunReport
    from aadsync_lib.ports import HistoryReader
    from aadsync_lib.report.next_steps import Call
    from aadsync_lib.secrets import SecretResolver

log = logging.getLogger(__name__)


def settings_of(options: Options) -> Settings:
    """Read and check the settings."""
    from aadsync_lib.config.load import load_settings

    return load_settings(options.config, dict(options.overrides))


def planner_of(options: Options, settings: Settings) -> Planner:
    """Build the planner for a command that writes nothing."""
    from aadsync_lib.wiring import open_planner

    return open_planner(settings, only=options.target, secrets=_secrets(options))


@contextmanager
def runner_of(options: Options, settings: Settings) -> Iterator[Runner]:
    """Open the runner for a command that applies something."""
    from aadsync_lib.report.progress import progress_on
    from aadsync_lib.wiring import open_runner

    with open_runner(
        settings,
        only=options.target,
        progress=progress_on(sys.stderr, quiet=options.quiet),
        secrets=_secrets(options),
    ) as runner:
        yield runner


def _secrets(options: Options) -> SecretResolver:
    """Return what looks secrets up, and keep them out of what is shown."""
    from aadsync_lib.secrets import SecretResolver

    secrets = SecretResolver()
    options.outlet.hide(secrets.redact)
    return secrets


def store_of(settings: Settings) -> HistoryReader:
    """Open the memory of the sync to read it; no credentials are needed, and nothing is written."""
    from aadsync_lib.wiring import open_reader

    return open_reader(settings)


def call_of(options: Options, saved: str | None = None) -> Call:
    """Return how the command was called, for what it says to do next."""
    from aadsync_lib.report.next_steps import Call

    config = str(options.config)
    return Call(
        config=None if config == DEFAULT_CONFIG else config,
        target=options.target,
        settings=tuple(f"{key}={value}" for key, value in options.overrides),
        saved=saved,
    )


def history_of(runs: Planner | Runner, options: Options) -> tuple[RunRecord, ...]:
    """Return the runs before, for a format that draws them; a run is no worse where they cannot be read."""
    if options.form != "html":
        return ()
    try:
        return runs.history()
    except StoreError as error:
        log.warning("the page is without the run history: %s", error)
        return ()


def publish_plan(
    plan: Plan, options: Options, call: Call, history: Sequence[RunRecord] = ()
) -> None:
    """Write a plan in the format asked for."""
    from aadsync_lib.report import as_json, markdown, text
    from aadsync_lib.report.page import Look

    match options.form:
        case "json":
            publish(options, options.outlet.json(as_json.plan_to_json(plan)))
        case "markdown":
            publish(options, markdown.plan_markdown(plan, full=options.every, call=call))
        case "html":
            from aadsync_lib.report.html import plan_page

            publish(options, plan_page(plan, call=call, history=history))
        case _:
            shown, plain = (
                text.plan_text(plan, look, full=options.every, call=call)
                for look in (Look.of(sys.stdout), Look())
            )
            publish(options, shown, plain)


def publish_run(
    report: RunReport,
    options: Options,
    call: Call,
    plan: Plan | None = None,
    history: Sequence[RunRecord] = (),
) -> None:
    """Write what a run did in the format asked for; a page shows its plan and the runs before, too."""
    from aadsync_lib.report import as_json, markdown, text
    from aadsync_lib.report.page import Look

    match options.form:
        case "json":
            publish(options, options.outlet.json(as_json.run_to_json(report)))
        case "markdown":
            publish(options, markdown.run_markdown(report, full=options.every, call=call))
        case "html":
            from aadsync_lib.report.html import run_page

            publish(options, run_page(report, plan, call=call, history=history))
        case _:
            shown, plain = (
                text.run_text(report, look, full=options.every, call=call)
                for look in (Look.of(sys.stdout), Look())
            )
            publish(options, shown, plain)


def publish(options: Options, shown: str, plain: str | None = None) -> None:
    """Write a result to stdout, and to ``--out`` as it reads in a file."""
    options.outlet.result(shown)
    if options.out is not None:
        options.outlet.file(options.out, shown if plain is None else plain)
