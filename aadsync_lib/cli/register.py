"""``aadsync register``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aadsync_lib.cli import runtime
from aadsync_lib.cli.options import OUTPUT, SETTINGS, TALK, Options, options

if TYPE_CHECKING:
    from aadsync_lib.connector.registration.model import Registration
    from aadsync_lib.registration import Request

KINDS = ("client_secret", "certificate", "federated")
SIGN_INS = ("azure_cli", "device_code", "settings")
SHORTEST, LONGEST = 31, 730  # days: a new one is made 30 days before the end


@click.command()
@options(*SETTINGS, *OUTPUT, *TALK)
@click.option(
    "--store-in", metavar="REF",
    help='Where a new credential is put: "secret: scope/key" or "key_vault: URL". It is never shown.',
)  # fmt: skip
@click.option(
    "--workspace", metavar="URL",
    help="The workspace of the secret scope. [default: DATABRICKS_HOST]",
)  # fmt: skip
@click.option("--plan", "only_plan", is_flag=True, help="Only show what would be done.")
@click.option(
    "--rotate", is_flag=True,
    help="Make a new credential; the one before it works until the next rotation.",
)  # fmt: skip
@click.option(
    "--credential", type=click.Choice(KINDS), help="Its kind. [default: as source.auth logs in]"
)
@click.option(
    "--days", type=click.IntRange(SHORTEST, LONGEST), default=365, show_default=True, metavar="N",
    help="The life of a new credential.",
)  # fmt: skip
@click.option("--issuer", metavar="URL", help="Federated: who issues the tokens.")
@click.option("--subject", metavar="TEXT", help="Federated: whom the tokens are of.")
@click.option(
    "--audience",
    metavar="TEXT",
    help="Federated: whom the tokens are for. [default: the usual one of source.cloud]",
)
@click.option(
    "--sign-in", type=click.Choice(SIGN_INS),
    help="How you sign in. [default: as source.auth if that is a person's login, else Azure CLI]",
)  # fmt: skip
def register(options: Options, *, only_plan: bool, credential: str | None, **given: Any) -> None:
    """Register the application that this sync logs in to Entra with.

    Its permissions are the least that the settings need, with admin consent; its credential goes
    straight to --store-in. A second run adds what is missing, and no more.
    """
    from aadsync_lib.connector.registration.credential import CredentialKind
    from aadsync_lib.registration import Request

    words = {name: value for name, value in given.items() if value is not None}
    kind = CredentialKind(credential) if credential else None
    request = Request(credential=kind, **words)
    _run(options, request, only_plan=only_plan)


def _run(options: Options, request: Request, *, only_plan: bool) -> None:
    from aadsync_lib.connector.registration.registering import UnfinishedError
    from aadsync_lib.errors import PartialError
    from aadsync_lib.registration import open_registration

    settings = runtime.settings_of(options)
    secrets = runtime.secrets_of(options)
    write = not only_plan
    with open_registration(settings, request, secrets=secrets, write=write) as registering:
        if only_plan:
            _publish(options, registering.plan(), planned=True)
            return
        try:
            done = registering.run()
        except UnfinishedError as error:
            _publish(options, error.registration)
            raise
        _publish(options, done)
    if done.problem:
        raise PartialError(done.problem)


def _publish(options: Options, registration: Registration, *, planned: bool = False) -> None:
    from aadsync_lib.connector.registration.as_json import registration_to_json
    from aadsync_lib.connector.registration.document import registration_document

    runtime.publish_document(
        options,
        lambda: registration_document(registration, planned=planned),
        lambda: registration_to_json(registration),
    )
