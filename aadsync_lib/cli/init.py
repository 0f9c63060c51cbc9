"""``aadsync init``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from aadsync_lib.cli import following
from aadsync_lib.cli.following import DEFAULT_CONFIG
from aadsync_lib.cli.options import FILE, Options, new_file, options
from aadsync_lib.errors import SettingsError, UsageError

SOURCE_METHODS = (
    "client_secret", "certificate", "managed_identity", "workload_identity", "azure_cli",
    "device_code", "service_credential", "access_token",
)  # fmt: skip
TARGET_METHODS = (
    "oauth_m2m", "pat", "azure_client_secret", "azure_cli", "managed_identity", "default",
)  # fmt: skip
WITH_SOURCE_CLIENT = {"client_secret", "certificate", "workload_identity", "device_code"}
WITH_TARGET_CLIENT = {"oauth_m2m", "azure_client_secret"}

Given = dict[str, Any]
Questions = Mapping[str, tuple[str, str]]


ANSWERS = (
    click.option("--name", default="entra", show_default=True, help="Name of the sync."),
    click.option("--tenant-id", metavar="GUID", help="The Entra tenant."),
    click.option("--group", "groups", multiple=True, help="A group to sync, by its exact name."),
    click.option("--prefix", "prefixes", multiple=True, help="Sync groups whose name starts so."),
    click.option(
        "--source-method",
        type=click.Choice(SOURCE_METHODS),
        default="client_secret",
        show_default=True,
        metavar="METHOD",
        help=f"Login to Entra: {', '.join(SOURCE_METHODS)}.",
    ),
    click.option("--source-client-id", metavar="GUID", help="Client id of that login."),
    click.option(
        "--service-credential", metavar="NAME", help="Name of a service_credential login."
    ),
    click.option("--account-id", metavar="GUID", help="The Databricks account."),
    click.option(
        "--cloud",
        type=click.Choice(("public", "usgov", "usgov-dod", "china")),
        help="The Microsoft cloud of the tenant.",
    ),
    click.option("--host", help="The account console, if not that of the cloud."),
    click.option(
        "--target-method",
        type=click.Choice(TARGET_METHODS),
        default="oauth_m2m",
        show_default=True,
        metavar="METHOD",
        help=f"Login to Databricks: {', '.join(TARGET_METHODS)}.",
    ),
    click.option("--target-client-id", metavar="ID", help="Client id of that login."),
    click.option(
        "--protect",
        "protected",
        multiple=True,
        metavar="NAME",
        help="Somebody whom no sync may touch: a break-glass account.",
    ),
    click.option("--secret-scope", metavar="SCOPE", help="Databricks secret scope of the secrets."),
)


@click.command()
@options(*ANSWERS)
@click.option(
    "-c",
    "--config",
    type=FILE,
    default=DEFAULT_CONFIG,
    show_default=True,
    callback=new_file,
    metavar="F",
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(options: Options, *, force: bool, **given: Any) -> None:
    """Write an aadsync.yml to start from.

    Whatever is not given as an option is asked for on a terminal.
    """
    from aadsync_lib.scaffold import Answers, starter

    path = options.config
    if path.exists() and not force:
        raise UsageError(f"{path} is there already. Nothing was written; --force writes over it.")
    missing = questions(given)
    text = starter(Answers(**given, **ask(missing)))
    check(text)
    options.output.file(path, text)
    doctor = following.call_of(options).command("doctor")
    options.output.result(
        f"{path} is written, with every default as a comment.\n"
        f"Next: put the secrets that it names where it says, then {doctor}\n"
    )


def ask(missing: Questions) -> Given:
    """Ask on a terminal. Raises ``UsageError`` that names every option, where there is none."""
    if missing and not is_terminal():
        raise UsageError(f"Nothing was written. Say also: {', '.join(missing)}")
    answers = {name: click.prompt(question, err=True) for name, question in missing.values()}
    return {name: (text,) if name == "prefixes" else text for name, text in answers.items()}


def is_terminal() -> bool:
    return sys.stdin.isatty()


def questions(given: Given) -> Questions:
    """Return what is not known yet, by option: the answer's name and the question."""
    needs_source = given["source_method"] in WITH_SOURCE_CLIENT
    needs_target = given["target_method"] in WITH_TARGET_CLIENT
    needs_name = given["source_method"] == "service_credential"
    needs_groups = not given["groups"] and not given["prefixes"]
    every = (
        ("--tenant-id", "tenant_id", "Entra tenant id", True),
        ("--source-client-id", "source_client_id", "Client id of the Entra login", needs_source),
        ("--service-credential", "service_credential", "Service credential", needs_name),
        ("--account-id", "account_id", "Databricks account id", True),
        ("--target-client-id", "target_client_id", "Client id in Databricks", needs_target),
        ("--prefix", "prefixes", "Sync the groups whose name starts with", needs_groups),
    )
    wanted = {option: (name, question) for option, name, question, needed in every if needed}
    asked = {option: pair for option, pair in wanted.items() if not given[pair[0]]}
    for name, _ in asked.values():
        del given[name]
    return asked


def check(text: str) -> None:
    """Refuse answers that do not make good settings before anything is written."""
    from aadsync_lib.config.load import load_settings

    with TemporaryDirectory() as folder:
        file = Path(folder, "answers")
        file.write_text(text, encoding="utf-8")
        try:
            load_settings(file)
        except SettingsError as error:
            lines = "\n".join(f"  {problem}" for problem in error.problems)
            raise UsageError(
                f"These answers make no settings. Nothing was written.\n{lines}"
            ) from None
