"""``aadsync history``."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from aadsync_lib.cli import runtime
from aadsync_lib.cli.options import PAGE, SETTINGS, TALK, Options, options
from aadsync_lib.model.change import Action

if TYPE_CHECKING:
    from aadsync_lib.model.codec import JsonObject
    from aadsync_lib.ports import HistoryReader
    from aadsync_lib.report.document import Document

Answer = tuple["Document", "JsonObject"]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the history."""

    sync: str
    run: str | None
    user: str | None
    group: str | None
    action: Action | None
    on: str | None
    every: bool


@click.command()
@click.argument("run_id", metavar="[RUN]", required=False)
@options(*SETTINGS, *PAGE, *TALK)
@click.option("--user", metavar="NAME", help="Only what is about this person: name or id.")
@click.option("--group", metavar="NAME", help="Only what is about this group: name or id.")
@click.option(
    "--action",
    type=click.Choice([each.value for each in Action]),
    metavar="ACTION",
    help="Only changes of this kind, such as add_members.",
)
@click.option("--on", metavar="DATE", help="Who was in --group on that date, which ends in UTC.")
@click.option("--quarantine", is_flag=True, help="What is held back, since when, and why.")
def history(
    options: Options,
    run_id: str | None,
    user: str | None,
    group: str | None,
    action: str | None,
    on: str | None,
    *,
    quarantine: bool,
) -> None:
    """Show past runs, what came of each change, and who was in a group when.

    RUN is the id of a run, its beginning or its last six letters, or "last". Only the store is read; no login is needed.
    """
    _check(run_id, user, group, action, on, quarantine=quarantine)
    if options.form == "html" and run_id is not None and not (user or group or action):
        _publish_run(options, run_id)
        return
    settings = runtime.settings_of(options)
    chosen = None if action is None else Action(action)
    question = Question(settings.name, run_id, user, group, chosen, on, options.every)
    store = runtime.store_of(settings)
    document, as_json = _answer(store, question, quarantine=quarantine)
    narrowed = any((run_id, user, group, action, on, quarantine))
    runtime.publish_document(
        options,
        lambda: document,
        lambda: as_json,
        lambda: _page(runtime.headed(options, document), store, every=not narrowed),
    )


def _page(document: Document, store: HistoryReader, *, every: bool) -> str:
    from aadsync_lib.report.html import history_page

    return history_page(document, store.runs() if every else ())


def _check(
    run_id: str | None,
    user: str | None,
    group: str | None,
    action: str | None,
    on: str | None,
    *,
    quarantine: bool,
) -> None:
    if on is not None and (group is None or run_id or user or action):
        raise click.UsageError("--on goes with --group and nothing else: who was in it that day?")
    if quarantine and (run_id or user or group or action):
        raise click.UsageError(
            "--quarantine goes with nothing else: it shows what is held back now."
        )
    if any(name is not None and not name.strip() for name in (user, group)):
        raise click.UsageError("--user and --group want a name, or an id.")


def _answer(store: HistoryReader, question: Question, *, quarantine: bool) -> Answer:
    from aadsync_lib.report.history import answers
    from aadsync_lib.report.history.select import Wanted

    now = time.time()
    if quarantine:
        return answers.quarantine(store, question.sync)
    if question.on is not None and question.group is not None:
        return answers.members(store, question.sync, question.group, question.on, now)
    if question.run is None and not (question.user or question.group or question.action):
        return answers.runs(store, question.sync)
    return answers.outcomes(
        store,
        question.sync,
        question.run,
        Wanted(question.user, question.group, question.action),
        full=question.every,
    )


def _publish_run(options: Options, run_id: str) -> None:
    from aadsync_lib.report.history.as_json import report_of, with_outcomes
    from aadsync_lib.report.history.select import run_named
    from aadsync_lib.report.html import run_page

    settings = runtime.settings_of(options)
    store = runtime.store_of(settings)
    runs = store.runs()
    run = run_named(runs, run_id)
    report = with_outcomes(report_of(run, settings.name), store.entries(run.run_id))
    runtime.publish(options, run_page(report, history=runs))
