"""``aadsync install`` and ``aadsync uninstall``: the bundle in a workspace, from one line."""

from __future__ import annotations

import shlex
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from aadsync_lib.cli.consent import YES, asks
from aadsync_lib.cli.init import ANSWERS, Questions, ask, check, is_terminal, questions
from aadsync_lib.cli.options import TALK, Options, options
from aadsync_lib.errors import AadsyncError

if TYPE_CHECKING:
    from aadsync_lib.bundle import Bundle

RUN_AS = ("run_as_sp", "Application id of the service principal that runs the job")
NOTIFY = ("notify_email", "E-mail address that hears of failures")
PROTECT = "Break-glass account that no sync may touch (empty: none)"
PLACE = (
    click.option("--profile", metavar="NAME", help="Profile of the Databricks CLI."),
    click.option(
        "--bundle", "folder", type=click.Path(path_type=Path), default=".", metavar="DIR",
        help="A clone of the repository, if not this folder.",
    ),
)  # fmt: skip


@click.command()
@options(*PLACE, *ANSWERS, *TALK)
@click.option("--run-as", "run_as_sp", metavar="ID", help=f"{RUN_AS[1]}.")
@click.option("--notify", "notify_email", metavar="MAIL", help=f"{NOTIFY[1]}.")
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
    """Take jobs, notebooks and dashboard out of a workspace; secrets, tables and reports stay."""
    from aadsync_lib.bundle import Bundle

    bundle = Bundle.find(folder.absolute(), profile)
    question = "Take jobs, notebooks and dashboard away? Secrets, tables and reports stay."
    if not yes and asks() and not click.confirm(question, err=True):
        raise AadsyncError("Nothing was changed.")
    kept = bundle.remove()
    stays = f" What stays: {', '.join(kept)}." if kept else ""
    again = _again(bundle)
    options.output.result(f"The jobs and their files are gone.{stays} {again} takes it up again.\n")


def _settle(options: Options, bundle: Bundle, known: dict[str, Any], given: dict[str, Any]) -> None:
    """Ask what is missing, check all of it, and only then write the settings and the variables."""
    from aadsync_lib.bundle import BESIDE
    from aadsync_lib.config.load import load_settings
    from aadsync_lib.scaffold import BUNDLE_NAME, Answers, starter

    new = not bundle.settings.exists()
    missing: Questions = {
        **(questions(given) if new else {}),
        **({} if known.get("run_as_sp") else {"--run-as": RUN_AS}),
        **({} if known.get("notify_email") else {"--notify": NOTIFY}),
    }
    answers = ask(missing)
    asked = {name: answers.pop(name) for name, _ in (RUN_AS, NOTIFY) if name in answers}
    if new:
        given["secret_scope"] = known.get("secret_scope") or BUNDLE_NAME
        given["protected"] = given["protected"] or _protected()
        text = starter(Answers(**given, **answers))
        check(text)
        options.output.file(bundle.settings, text)
    load_settings(bundle.settings)
    bundle.remember({"config": BESIDE, **known, **asked})


def _protected() -> tuple[str, ...]:
    if not is_terminal():
        return ()
    text = click.prompt(PROTECT, default="", show_default=False, err=True)
    return tuple(name.strip() for name in text.split(",") if name.strip())


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
    return shlex.join(["aadsync", "install", *folder, *profile])


def _there(bundle: Bundle) -> str:
    """Say where the commands of the Databricks CLI are to run, if that is not here."""
    return "" if _is_here(bundle) else f", in the folder {bundle.folder}"


def _is_here(bundle: Bundle) -> bool:
    return bundle.folder == Path.cwd()
