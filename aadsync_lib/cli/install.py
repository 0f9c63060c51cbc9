"""``aadsync install`` and ``aadsync uninstall``: the bundle in a workspace, from one line."""

from __future__ import annotations

import re
import shlex
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from aadsync_lib.cli.consent import YES, asks
from aadsync_lib.cli.following import program
from aadsync_lib.cli.init import ANSWERS, questions
from aadsync_lib.cli.options import TALK, Options, options
from aadsync_lib.cli.questions import Question, ask, check, is_terminal, listed_in, stopping
from aadsync_lib.errors import AadsyncError, UsageError
from aadsync_lib.model.identity import GUID

if TYPE_CHECKING:
    from aadsync_lib.bundle import Bundle

MAIL = re.compile(r"[^@\s]+@[^@\s]+")


def _no_id(text: str) -> str:
    return "" if GUID.fullmatch(text) else f"found {text!r}; expected an application id, a GUID"


def _no_mail(text: str) -> str:
    return (
        ""
        if MAIL.fullmatch(text)
        else f"found {text!r}; expected an e-mail address such as it@contoso.com"
    )


RUN_AS = Question(
    "--run-as", "run_as_sp", "Application id of the service principal that runs the job",
    "run_as_sp of the bundle", _no_id,
)  # fmt: skip
NOTIFY = Question(
    "--notify", "notify_email", "E-mail address that hears of failures",
    "notify_email of the bundle", _no_mail,
)  # fmt: skip
PROTECT = "Break-glass account that no sync may touch, or Enter for none [policy.protected.users]"
STOPPED = "Nothing was written, and nothing deployed."
PLACE = (
    click.option("--profile", metavar="NAME", help="Profile of the Databricks CLI."),
    click.option(
        "--bundle", "folder", type=click.Path(path_type=Path), default=".", metavar="DIR",
        help="A clone of the repository, if not this folder.",
    ),
)  # fmt: skip


@click.command()
@options(*PLACE, *ANSWERS, *TALK)
@click.option("--run-as", "run_as_sp", metavar="ID", help=f"{RUN_AS.words}.")
@click.option("--notify", "notify_email", metavar="MAIL", help=f"{NOTIFY.words}.")
@click.option("--catalog", metavar="NAME", help="Catalog of the memory.  [default: main]")
@click.option(
    "--unpause/--pause",
    "unpaused",
    default=None,
    help="Start the schedule, after a first run that you took for right; or stop it.",
)
@click.option(
    "--open/--no-open", "opens", default=True, help="Whether a browser opens the quickstart."
)
def install(
    options: Options,
    *,
    profile: str | None,
    folder: Path,
    unpaused: bool | None,
    opens: bool,
    **given: Any,
) -> None:
    """Deploy the job into a workspace, and open the quickstart there.

    Asks what is not given: once, it remembers the answers. A settings file that is there is taken as it
    is. The schedule is paused until you say otherwise.
    """
    from aadsync_lib.bundle import Bundle

    bundle = Bundle.find(folder.absolute(), profile)
    own = {name: given.pop(name) for name in ("run_as_sp", "notify_email", "catalog")}
    status = {None: None, True: "UNPAUSED", False: "PAUSED"}[unpaused]
    variables = {**own, "secret_scope": given["secret_scope"], "schedule_status": status}
    known = {**bundle.variables, **{name: text for name, text in variables.items() if text}}
    _settle(options, bundle, known, given)
    page = _quickstart(bundle.deploy())
    options.output.result("\n".join(_next(bundle, page)) + "\n")
    if opens and page.startswith("http") and sys.stdout.isatty():
        webbrowser.open(page)


@click.command()
@options(*PLACE, *TALK)
@YES
def uninstall(options: Options, *, profile: str | None, folder: Path, yes: bool) -> None:
    """Take jobs, notebooks and dashboard out of a workspace.

    Secrets, tables and reports stay.
    """
    from aadsync_lib.bundle import Bundle

    bundle = Bundle.find(folder.absolute(), profile)
    question = "Take jobs, notebooks and dashboard away? Secrets, tables and reports stay."
    with stopping("Nothing was changed."):
        if not yes and asks() and not click.confirm(question, err=True):
            raise AadsyncError("Nothing was changed.")
    kept = bundle.remove()
    bundle.remember({"schedule_status": "PAUSED"})  # who takes it up again looks at a run first
    stays = f" What stays: {', '.join(kept)}." if kept else ""
    again = _again(bundle)
    options.output.result(f"The jobs and their files are gone.{stays} {again} takes it up again.\n")


def _settle(options: Options, bundle: Bundle, known: dict[str, Any], given: dict[str, Any]) -> None:
    """Ask what is missing, check all of it, and only then write the settings and the variables."""
    from aadsync_lib.bundle import BESIDE
    from aadsync_lib.config.load import load_settings
    from aadsync_lib.scaffold import BUNDLE_NAME, Answers, starter

    new = not bundle.settings.exists()
    _check_variables(known)
    if new:
        given["secret_scope"] = known.get("secret_scope") or BUNDLE_NAME
        check(given)
    own = [question for question in (RUN_AS, NOTIFY) if not known.get(question.name)]
    answers = ask([*(questions(given) if new else ()), *own], given, STOPPED)
    asked = {question.name: answers.pop(question.name) for question in own}
    if new:
        given["protected"] = given["protected"] or _protected()
        text = starter(Answers(**{**given, **answers}))
        options.output.file(bundle.settings, text, names_nobody=True)
    load_settings(bundle.settings)
    bundle.remember({"config": BESIDE, **known, **asked})


def _check_variables(known: Mapping[str, Any]) -> None:
    """Raise ``UsageError`` for a principal or a recipient that can be none."""
    given = ((each, str(known[each.name])) for each in (RUN_AS, NOTIFY) if known.get(each.name))
    wrong = [
        f"{each.option}: {each.check(text)}"
        for each, text in given
        if each.check and each.check(text)
    ]
    if wrong:
        raise UsageError("\n".join((*wrong, "Nothing was changed.")))


def _protected() -> tuple[str, ...]:
    if not is_terminal():
        return ()
    with stopping(STOPPED):
        return listed_in(click.prompt(PROTECT, default="", show_default=False, err=True))


def _quickstart(summary: dict[str, Any]) -> str:
    """Return the address of the quickstart, or its path where the CLI does not tell the workspace's."""
    path = f"{summary['workspace']['file_path']}/notebooks/00_quickstart"
    job = summary["resources"]["jobs"]["sync"].get("url") or ""
    host = urlsplit(job)
    return (
        f"{host.scheme}://{host.netloc}/#workspace{path.removeprefix('/Workspace')}"
        if job
        else path
    )


def _next(bundle: Bundle, page: str) -> list[str]:
    from aadsync_lib.bundle import TARGET
    from aadsync_lib.config.load import load_settings
    from aadsync_lib.config.references import references

    refs = [ref for _, _, ref in references(load_settings(bundle.settings).logins()) if ref.secret]
    places = dict.fromkeys(str(ref.secret).replace("/", " ") for ref in refs)
    plan = bundle.command("bundle", "run", "sync", "-t", TARGET, "--params", "plan_only=true")
    if bundle.variables.get("schedule_status") == "UNPAUSED":
        return ["Deployed, and on its schedule.", f"Quickstart: {page}"]
    return [
        f"Deployed, and paused. The settings are {bundle.settings}.",
        f"Quickstart: {page}",
        f"Next, in this order{_there(bundle)}:",
        *(f"  {bundle.command('secrets', 'put-secret', *place.split())}" for place in places),
        f"  {plan}",
        f"  {bundle.command('bundle', 'run', 'sync', '-t', TARGET)}",
        f"  {_again(bundle)} --unpause",
    ]


def _again(bundle: Bundle) -> str:
    """Return the line that installs the same bundle by the same profile."""
    folder = () if _is_here(bundle) else ("--bundle", str(bundle.folder))
    profile = ("--profile", bundle.profile) if bundle.profile else ()
    return shlex.join([program(), "install", *folder, *profile])


def _there(bundle: Bundle) -> str:
    """Say where the commands of the Databricks CLI are to run, if that is not here."""
    return "" if _is_here(bundle) else f", in the folder {bundle.folder}"


def _is_here(bundle: Bundle) -> bool:
    return bundle.folder == Path.cwd()
