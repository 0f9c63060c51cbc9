"""``aadsync init``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from aadsync_lib.cli.following import DEFAULT_CONFIG, call_of
from aadsync_lib.cli.options import FILE, Options, new_file, options
from aadsync_lib.cli.questions import Given, Question, ask, check
from aadsync_lib.errors import UsageError

if TYPE_CHECKING:
    from aadsync_lib.config.base import SecretRef
    from aadsync_lib.config.settings import Settings

SOURCE_METHODS = (
    "client_secret", "certificate", "managed_identity", "workload_identity", "azure_cli",
    "device_code", "service_credential", "access_token",
)  # fmt: skip
TARGET_METHODS = (
    "oauth_m2m", "pat", "azure_client_secret", "azure_cli", "managed_identity", "default",
)  # fmt: skip
WITH_SOURCE_CLIENT = {"client_secret", "certificate", "workload_identity", "device_code"}
WITH_TARGET_CLIENT = {"oauth_m2m", "azure_client_secret"}

QUESTIONS = (
    Question(
        "--tenant-id", "tenant_id", "Entra tenant id, as the Entra admin center shows it", "source.tenant_id"
    ),
    Question(
        "--source-client-id", "source_client_id",
        "Client id of the application that logs in to Entra", "source.auth.client_id",
    ),
    Question(
        "--service-credential", "service_credential",
        "Name of the Unity Catalog service credential that logs in to Entra", "source.auth.name",
    ),
    Question(
        "--account-id", "account_id", "Databricks account id, as the account console shows it",
        "targets.account.account_id",
    ),
    Question(
        "--target-client-id", "target_client_id",
        "Client id of the service principal that logs in to Databricks",
        "targets.account.auth.client_id",
    ),
    Question(
        "--prefix", "prefixes", "Sync the groups whose name starts with, such as dbx-", "scope.groups"
    ),
)  # fmt: skip
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
    from aadsync_lib.config.load import load_settings
    from aadsync_lib.scaffold import Answers, starter

    path = options.config
    if path.exists() and not force:
        raise UsageError(f"{path} is there already. Nothing was written; --force writes over it.")
    check(given)
    answers = ask(questions(given), given)
    options.output.file(path, starter(Answers(**{**given, **answers})), names_nobody=True)
    doctor = call_of(options).command("doctor")
    options.output.result(
        f"{path} is written, with every default as a comment.\n{_secrets(load_settings(path))}"
        f"Next: put the secrets that it names where it says, then {doctor}\n"
    )


def questions(given: Given) -> Iterator[Question]:
    """Yield what is not known yet."""
    needed = {
        "source_client_id": given["source_method"] in WITH_SOURCE_CLIENT,
        "target_client_id": given["target_method"] in WITH_TARGET_CLIENT,
        "service_credential": given["source_method"] == "service_credential",
        "prefixes": not given["groups"],
    }
    for question in QUESTIONS:
        if not given[question.name] and needed.get(question.name, True):
            yield question


def _secrets(settings: Settings) -> str:
    """Say where the secrets come from, a line for each."""
    from aadsync_lib.config.references import references

    refs = references(settings.logins())
    names = [(f"{owner}.{key}", ref) for owner, key, ref in refs]
    lines = "".join(f"  {_place(ref)}  [{key}]\n" for key, ref in names)
    return f"It reads its secrets from\n{lines}" if lines else ""


def _place(ref: SecretRef) -> str:
    if ref.env:
        return f"environment variable {ref.env}"
    scope, _, key = str(ref.secret).partition("/")
    return f"databricks secrets put-secret {scope} {key}"
