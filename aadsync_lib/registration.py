"""The registration of the application that a sync logs in as, put together from settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aadsync_lib.auth import graph_endpoint
from aadsync_lib.auth.cached import claim
from aadsync_lib.auth.entra import AUTHORITIES
from aadsync_lib.auth.person import person_credential, vault_credential
from aadsync_lib.clock import SystemClock
from aadsync_lib.config.auth import CertificateAuth, ClientSecretAuth, WorkloadIdentityAuth
from aadsync_lib.config.references import foreign_vaults
from aadsync_lib.config.settings import Settings
from aadsync_lib.connector.entra import Entra
from aadsync_lib.connector.registration.advice import role_for
from aadsync_lib.connector.registration.credential import DAY, LIFETIME, CredentialKind
from aadsync_lib.connector.registration.key_vault import VaultPlace
from aadsync_lib.connector.registration.marks import application_name
from aadsync_lib.connector.registration.model import Federation, Wanted
from aadsync_lib.connector.registration.place import Place, parse_reference
from aadsync_lib.connector.registration.record import OpenStore
from aadsync_lib.connector.registration.registering import Registering
from aadsync_lib.connector.registration.secret_scope import open_scope
from aadsync_lib.connector.registration.wanted import permissions_for
from aadsync_lib.errors import CredentialError, StoreError, UsageError
from aadsync_lib.graph.calls import GraphCalls
from aadsync_lib.ports import Clock
from aadsync_lib.secrets import SecretResolver
from aadsync_lib.wiring import open_store

PUBLIC_AUTHORITY = "https://login.microsoftonline.com"
WITHOUT_STORE = "Nothing was changed; --plan needs no store."
WITHOUT_PLACE = "--store-in is missing: it says where the credential is put."
# Of tokens that are to be exchanged (Bicep templates of Microsoft's own samples agree).
AUDIENCES = {
    "public": "api://AzureADTokenExchange",
    "usgov": "api://AzureADTokenExchangeUSGov",
    "usgov-dod": "api://AzureADTokenExchangeUSGov",
    "china": "api://AzureADTokenExchangeChina",
}
USUAL_DAYS = int(LIFETIME / DAY)


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for; ``days`` is the life of a new credential."""

    store_in: str | None = None
    workspace: str | None = None
    credential: CredentialKind | None = None
    issuer: str | None = None
    subject: str | None = None
    audience: str | None = None
    days: int = USUAL_DAYS
    rotate: bool = False
    sign_in: str | None = None


@contextmanager
def open_registration(
    settings: Settings,
    request: Request,
    *,
    secrets: SecretResolver | None = None,
    clock: Clock | None = None,
    write: bool = True,
    spark: Any = None,
    dbutils: Any = None,
) -> Iterator[Registering]:
    """Sign in and build the registration, which is to ``write`` unless it only plans.

    ``spark`` and ``dbutils`` are a notebook's, for a store in Delta tables and a service credential.
    Raises ``UsageError``, ``CredentialError``, ``StoreError``.
    """
    clock, secrets = clock or SystemClock(), secrets or SecretResolver()
    wanted = wanted_of(settings, request)
    opened = _store(settings, clock, spark) if write else None
    credential = person_credential(settings, secrets, request.sign_in, dbutils=dbutils)
    endpoint, token_scope = graph_endpoint(settings.source)
    with GraphCalls(credential, clock, endpoint=endpoint, token_scope=token_scope) as calls:
        place = _place(settings, request, credential, clock)
        entra = Entra(calls, clock, role_for)
        yield Registering(wanted, entra, place, clock, secrets.hide, opened)


def _store(settings: Settings, clock: Clock, spark: Any) -> OpenStore:
    """Return what opens the store.

    Raises ``StoreError`` for tables that nothing reaches from here: before anybody signs in.
    """
    if settings.store.delta and spark is None:
        from aadsync_lib.store.delta.session import session

        try:
            spark = session()
        except StoreError as error:
            raise StoreError(f"{error} {WITHOUT_STORE}") from error
    return partial(open_store, settings, clock, spark=spark)


def wanted_of(settings: Settings, request: Request) -> Wanted:
    """Return the application that settings and command line want. Raises ``UsageError``."""
    auth = settings.source.auth
    kind, federation = _kind(settings, request)
    client_id = None
    if isinstance(auth, (ClientSecretAuth, CertificateAuth, WorkloadIdentityAuth)):
        client_id = auth.client_id
    return Wanted(
        sync=settings.name,
        name=application_name(settings.name),
        permissions=permissions_for(settings),
        client_id=client_id,
        kind=kind,
        federation=federation,
        rotate=request.rotate,
        lifetime=request.days * DAY,
        consent=_consent_page(settings),
    )


def _consent_page(settings: Settings) -> str:
    """Return where an administrator consents to all that an application asks for, up to its client id."""
    authority = AUTHORITIES[settings.source.cloud] or PUBLIC_AUTHORITY
    return f"{authority}/{settings.source.tenant_id}/adminconsent?client_id="


def _kind(settings: Settings, request: Request) -> tuple[CredentialKind | None, Federation | None]:
    kind = request.credential or _usual_kind(settings, request)
    if kind is CredentialKind.FEDERATED:
        if request.store_in or request.rotate:
            raise UsageError(
                "a federated credential has no secret: leave out --store-in and --rotate."
            )
        return kind, _federation(settings, request)
    if request.issuer or request.subject:
        raise UsageError("--issuer and --subject go with --credential federated.")
    if request.store_in is None:
        if request.credential or request.rotate:
            raise UsageError(WITHOUT_PLACE)
        return None, None
    return kind, None


def _usual_kind(settings: Settings, request: Request) -> CredentialKind:
    """Return the kind of credential that the settings log in with."""
    auth = settings.source.auth
    federated = request.issuer or isinstance(auth, WorkloadIdentityAuth)
    if federated and not request.store_in:
        return CredentialKind.FEDERATED
    if isinstance(auth, CertificateAuth):
        return CredentialKind.CERTIFICATE
    return CredentialKind.CLIENT_SECRET


def _federation(settings: Settings, request: Request) -> Federation:
    """Return whose tokens log in, from the token of the settings where the command line does not say."""
    token = _token(settings)
    issuer = request.issuer or claim(token, "iss")
    subject = request.subject or claim(token, "sub")
    if not issuer or not subject:
        raise UsageError(
            "a federated credential needs --issuer and --subject, as the tokens have them; "
            "they are read from source.auth.token_file where that is a token."
        )
    audience = request.audience or claim(token, "aud") or AUDIENCES[settings.source.cloud]
    return Federation(
        str(issuer), str(subject), audience if isinstance(audience, str) else audience[0]
    )


def _token(settings: Settings) -> str:
    auth = settings.source.auth
    if not isinstance(auth, WorkloadIdentityAuth):
        return ""
    try:
        return (settings.folder / auth.token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _place(settings: Settings, request: Request, credential: Any, clock: Clock) -> Place | None:
    if request.store_in is None:
        return None
    ref = parse_reference(request.store_in)
    if ref.secret:
        return open_scope(ref.secret, request.workspace, clock)
    assert ref.key_vault
    for problem in foreign_vaults([("--store-in", ref.key_vault)], settings.source.cloud):
        raise CredentialError(f"{problem}. Nothing was changed.")
    login = vault_credential(settings, request.sign_in, credential)
    return VaultPlace(ref.key_vault, login, clock)
