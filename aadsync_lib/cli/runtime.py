"""Planners and runners from options, and the output of their results."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from aadsync_lib.cli.options import Options
from aadsync_lib.errors import StoreError

if TYPE_CHECKING:
    from aadsync_lib.cli.consent import Consent
    from aadsync_lib.config.settings import Settings
    from aadsync_lib.connector.compare.run import Comparer
    from aadsync_lib.connector.connectors import Connectors
    from aadsync_lib.engine.planner import Planner
    from aadsync_lib.engine.planning import Planning
    from aadsync_lib.engine.runner import Runner
    from aadsync_lib.model.carried import RunRecord
    from aadsync_lib.model.codec import JsonObject
    from aadsync_lib.model.head import Address, Head
    from aadsync_lib.model.moved import Moved
    from aadsync_lib.model.plan import Plan
    from aadsync_lib.model.run import RunReport
    from aadsync_lib.ports import HistoryReader
    from aadsync_lib.reconcile.guard import Verdict
    from aadsync_lib.report.document import Document
    from aadsync_lib.report.next_steps import Call
    from aadsync_lib.secrets import SecretResolver

log = logging.getLogger(__name__)


def settings_of(options: Options) -> Settings:
    """Read and check the settings."""
    from aadsync_lib.config.load import load_settings

    settings = load_settings(options.config, dict(options.overrides), options.target)
    options.output.settings = settings
    return settings


def headed(options: Options, document: Document) -> Document:
    """Return a document with the head of this command, unless it has one."""
    from aadsync_lib.report.heading import places_of

    settings = options.output.settings
    if settings is None or document.head:
        return document
    head, addresses = _head(options, settings)
    return replace(document, head=head, places=places_of(addresses.items()))


def headed_json(options: Options, document: JsonObject) -> JsonObject:
    """Return a JSON document with the head of this command, unless it has one."""
    from aadsync_lib.report.heading import with_head

    settings = options.output.settings
    return document if settings is None else with_head(document, *_head(options, settings))


def _head(options: Options, settings: Settings) -> tuple[Head, Mapping[str, Address]]:
    from aadsync_lib.engine.head import addresses_of, head_of
    from aadsync_lib.store.process import Process

    addresses = addresses_of(settings)
    chosen = {name: addresses[name] for name in addresses if options.target in (None, name)}
    return head_of(settings, time.time(), Process.here().user), chosen


def planner_of(options: Options, settings: Settings) -> Planner:
    """Build the planner for a command that writes nothing."""
    from aadsync_lib.wiring import open_planner

    return open_planner(settings, only=options.target, secrets=secrets_of(options))


@contextmanager
def runner_of(
    options: Options, settings: Settings, consent: Consent | None = None
) -> Iterator[Runner]:
    """Open the runner for a command that applies something."""
    from aadsync_lib.report.progress import progress_on
    from aadsync_lib.wiring import open_runner

    with open_runner(
        settings,
        only=options.target,
        progress=progress_on(sys.stderr, quiet=options.quiet),
        secrets=secrets_of(options),
        consent=consent,
    ) as runner:
        yield runner


@contextmanager
def connectors_of(
    options: Options, settings: Settings, *, write: bool = False
) -> Iterator[Connectors]:
    """Open the connectors for a command; one that is to ``write`` records what it does."""
    from aadsync_lib.wiring import open_connector

    with open_connector(
        settings, only=options.target, write=write, secrets=secrets_of(options)
    ) as connectors:
        yield connectors


@contextmanager
def comparer_of(options: Options, settings: Settings) -> Iterator[Comparer]:
    """Open what compares the connectors with the sync; it writes nothing."""
    from aadsync_lib.wiring import open_comparer

    with open_comparer(settings, only=options.target, secrets=secrets_of(options)) as comparer:
        yield comparer


def secrets_of(options: Options) -> SecretResolver:
    """Return what looks secrets up, and keep them out of what is shown."""
    from aadsync_lib.secrets import SecretResolver

    secrets = SecretResolver()
    options.output.hide(secrets.redact)
    return secrets


def store_of(settings: Settings) -> HistoryReader:
    """Open the memory of the sync to read it; no credentials are needed, and nothing is written."""
    from aadsync_lib.wiring import open_reader

    return open_reader(settings)


def history_of(runs: Planner | Runner) -> tuple[RunRecord, ...]:
    """Return the runs before; a run is no worse where they cannot be read."""
    try:
        return runs.history()
    except StoreError as error:
        log.warning("the page is without the run history: %s", error)
        return ()


def publish_plan(
    options: Options,
    planner: Planner,
    planning: Planning,
    call: Call,
    moved: Moved | None = None,
) -> None:
    """Write a plan in the format asked for, with what the guard has against it and what ``moved``."""
    from aadsync_lib.report.against import moved_to_json, with_moved
    from aadsync_lib.report.as_json import plan_to_json
    from aadsync_lib.report.html import plan_page
    from aadsync_lib.report.plans import plan_document

    plan, verdict = planning.plan, planning.verdict

    def document() -> Document:
        shown = plan_document(plan, verdict, call)
        return with_moved(shown, moved) if moved else shown

    publish_document(
        options,
        document,
        lambda: plan_to_json(plan) | ({"against": moved_to_json(moved)} if moved else {}),
        lambda: plan_page(plan, verdict, call, history_of(planner), moved),
    )


def publish_run(
    options: Options,
    runner: Runner,
    report: RunReport,
    plan: Plan | None,
    call: Call,
    verdict: Verdict | None = None,
    *,
    brief: bool = False,
) -> None:
    """Write what a run did in the format asked for; a page shows its plan and the runs before, too.

    ``brief`` leaves to the message that follows why it was refused.

    The run is over and recorded: it ends as it ended, whether its report can be written or not.
    """
    from aadsync_lib.report.as_json import run_to_json
    from aadsync_lib.report.html import run_page
    from aadsync_lib.report.plans import run_document

    try:
        publish_document(
            options,
            lambda: run_document(report, verdict, call),
            lambda: run_to_json(report),
            lambda: run_page(report, plan, verdict, call, history_of(runner)),
            shown=_without_refusal if brief else None,
        )
    except Exception as error:  # noqa: BLE001 - nothing may turn what was done into an error
        again = call.command("history", report.run_id)
        text = "the report of the run was not written (%s); %s shows it"
        log.error(text, _reason(error), again)  # noqa: TRY400 - the cause is a sentence already


def _without_refusal(document: Document) -> Document:
    return replace(document, alerts=(), next="")


def _reason(error: Exception) -> str:
    if isinstance(error, BrokenPipeError):
        return "nobody reads stdout any more"
    return str(error).rstrip(".") or type(error).__name__


def publish_document(
    options: Options,
    document: Callable[[], Document],
    as_json: Callable[[], JsonObject],
    page: Callable[[], str] | None = None,
    *,
    shown: Callable[[Document], Document] | None = None,
) -> None:
    """Write a document in the format asked for; ``shown`` is what becomes of its text on stdout.

    ``page`` writes the HTML of what has a page of its own, such as a plan.
    """
    from aadsync_lib.cli.following import call_of, completed_document
    from aadsync_lib.report.markdown import as_markdown
    from aadsync_lib.report.terminal import as_text
    from aadsync_lib.report.terminal_page import Look

    def whole() -> Document:
        return completed_document(headed(options, document()), call_of(options))

    match options.form:
        case "json":
            publish(options, options.output.json(headed_json(options, as_json())))
        case "markdown":
            publish(options, as_markdown(whole(), full=options.every))
        case "html":
            publish(options, page() if page else _page(whole()))
        case _:
            result = whole()
            here = shown(result) if shown else result
            text = as_text(here, Look.of(sys.stdout), full=options.every)
            publish(options, text, as_text(result, full=options.every))


def _page(document: Document) -> str:
    from aadsync_lib.report.html import document_page

    return document_page(document)


def publish(options: Options, shown: str, plain: str | None = None) -> None:
    """Write a result to stdout, and to ``--out`` as it reads in a file."""
    try:
        if options.out is not None:
            options.output.file(options.out, shown if plain is None else plain)
    finally:
        options.output.result(shown)
