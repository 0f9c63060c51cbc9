"""Questions on a terminal: each answer is checked when it is given, and asked for again."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from aadsync_lib.errors import AadsyncError, SettingsError, UsageError

Given = dict[str, Any]
SAMPLE = "00000000-0000-4000-8000-000000000000"  # an answer that fits, for what is not asked yet
SAMPLES: Mapping[str, Any] = {
    "tenant_id": SAMPLE,
    "account_id": SAMPLE,
    "source_client_id": SAMPLE,
    "target_client_id": SAMPLE,
    "service_credential": "sample",
}
INTRO = (
    "Each answer is checked as it is given. Nothing is written before the last one; Ctrl-C stops."
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for where an option does not say it; ``key`` is the setting that the answer becomes.

    ``check`` returns what is wrong with an answer that becomes no setting of the file.
    """

    option: str
    name: str
    words: str
    key: str
    check: Callable[[str], str] | None = None

    @property
    def text(self) -> str:
        """The question as it is asked."""
        return f"{self.words} [{self.key}]"


def is_terminal() -> bool:
    return sys.stdin.isatty()


@contextmanager
def stopping(what: str) -> Iterator[None]:
    """Say at Ctrl-C and at the end of the input that nothing was done: ``what`` names it."""
    try:
        yield
    except (click.Abort, KeyboardInterrupt):
        click.echo(err=True)
        raise AadsyncError(f"Stopped. {what}") from None


def ask(
    questions: Iterable[Question], given: Given, stopped: str = "Nothing was written."
) -> Given:
    """Ask on a terminal, and return the answers by name; ``given`` is known and fits.

    Raises ``UsageError`` that names every option, where there is no terminal.
    """
    asked = tuple(questions)
    if asked and not is_terminal():
        missing = ", ".join(question.option for question in asked)
        raise UsageError(f"Nothing was written. Say also: {missing}")
    answers: Given = {}
    with stopping(stopped):
        if asked:
            click.echo(INTRO, err=True)
        for question in asked:
            answers[question.name] = _answer(question, {**given, **answers})
    return answers


def _answer(question: Question, known: Given) -> Any:
    """Ask one question until its answer fits."""
    while True:
        text = click.prompt(question.text, err=True).strip()
        answer = listed_in(text) if question.name == "prefixes" else text
        problem = _problem(question, answer, known)
        if not problem:
            return answer
        click.echo(f"  That does not fit: {_without_key(problem)}", err=True)


def _problem(question: Question, answer: Any, known: Given) -> str:
    if not answer:
        return "it is empty"
    if question.check:
        return question.check(answer)
    return next(iter(problems({**known, question.name: answer})), "")


def listed_in(text: str) -> tuple[str, ...]:
    """Return the names that somebody typed with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def problems(known: Given) -> tuple[str, ...]:
    """Return what keeps answers from being settings, a line each; what is not answered yet fits."""
    from aadsync_lib.config.load import settings_from
    from aadsync_lib.scaffold import Answers, starter

    names = Answers.__dataclass_fields__.keys()
    answers = {**SAMPLES, **{name: known[name] for name in names if known.get(name)}}
    if not answers.get("groups") and not answers.get("prefixes"):
        answers["prefixes"] = ("sample-",)
    try:
        settings_from(starter(Answers(**answers)), "answers")
    except SettingsError as error:
        return error.problems
    return ()


def check(known: Given) -> None:
    """Refuse options that make no settings, before anything is asked or written."""
    if lines := "\n".join(f"  {problem}" for problem in problems(known)):
        raise UsageError(f"These answers make no settings. Nothing was written.\n{lines}")


def _without_key(problem: str) -> str:
    return re.sub(r"^[\w.]+: ", "", problem)
