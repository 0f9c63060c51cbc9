"""Tokens kept for as long as they last, and one sentence for a login that failed."""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aadsync_lib.errors import CredentialError
from aadsync_lib.own_words import joined, own
from aadsync_lib.secrets import SecretResolver

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

MARGIN = 300.0  # seconds before its end at which a token is replaced
PAUSE = 30.0  # seconds until a token that was too short when it came is asked for again
LONGEST = 300  # characters of another system's message
NO_AUTHORITY = "Unable to get authority configuration"  # of msal, where Entra knows no such tenant
REMEDIES = {
    NO_AUTHORITY: "Check tenant_id and cloud, and that this machine reaches the address.",
    "AADSTS7000215": "Store the secret's value, not its id.",
    "AADSTS7000222": "The secret has expired: aadsync register makes a new one and stores it.",
    "AADSTS700016": "Check client_id, and that the application is in this tenant.",
    "AADSTS700027": "Upload the certificate to the application, or renew it.",
    "AADSTS90002": "Check tenant_id and cloud.",
    "AADSTS700024": "Check this machine's clock.",
    "AADSTS65001": "An administrator has to grant consent to the application.",
    "AADSTS53003": "A conditional access policy blocks this login.",
}


@dataclass(frozen=True, slots=True)
class Login:
    """A login, to name it in errors: the key of its settings, its method, the tenant to reach."""

    setting: str
    method: str
    tenant_id: str | None = None


class CachedCredential:
    """A credential for both SDKs: safe from many threads, and asks Entra once a token's lifetime.

    Graph's client asks for a token with each request, and ``az`` starts a process each time.
    Options that the inner credential may not know are given to it only when they carry something.
    """

    def __init__(
        self,
        inner: Any,
        login: Login,
        secrets: SecretResolver,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._inner = inner
        self._login = login
        self._secrets = secrets
        self._now = now
        self._lock = threading.Lock()
        self._tokens: dict[object, tuple[AccessToken, float]] = {}

    def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> AccessToken:
        """Return a token that lasts; ``claims`` is Entra's demand for a fresh one."""
        given = {name: value for name, value in options.items() if value}
        key = (scopes, tuple(sorted(given.items())))
        with self._lock:
            token, renew_at = self._tokens.get(key, (None, 0.0))
            if token is None or claims or self._now() >= renew_at:
                token = self._fetch(scopes, {**given, **({"claims": claims} if claims else {})})
                soon = min(float(token.expires_on), self._now() + PAUSE)
                self._tokens[key] = (token, max(token.expires_on - MARGIN, soon))
            return token

    def _fetch(self, scopes: tuple[str, ...], options: dict[str, Any]) -> AccessToken:
        from azure.core.credentials import AccessToken
        from azure.core.exceptions import AzureError

        try:
            raw = self._inner.get_token(*scopes, **options)
        except (AzureError, ValueError, OSError) as error:
            raise refused(self._login, error, self._secrets) from error
        token = AccessToken(str(raw.token), int(raw.expires_on))
        self._secrets.hide(token.token)
        self._check_tenant(token.token)
        return token

    def _check_tenant(self, token: str) -> None:
        """Refuse a token of another tenant: everybody in this one would look gone."""
        wanted, tenant = self._login.tenant_id, claim(token, "tid")
        if wanted and tenant and wanted.lower() != str(tenant).lower():
            raise CredentialError(
                f"{self._login.setting}: {self._login.method} logs in to the tenant {tenant}, and "
                f"source.tenant_id is {wanted}. Nothing was read or changed. Log in to the other "
                f"tenant, or correct source.tenant_id."
            )


def refused(login: Login, error: Exception, secrets: SecretResolver) -> CredentialError:
    """Say in one sentence why a login failed, and what to do."""
    text = secrets.redact(str(error)).strip() or type(error).__name__
    code = re.search(rf"AADSTS\d+|{NO_AUTHORITY}", text)
    remedy = REMEDIES.get(code[0] if code else "", f"Check {login.setting} and try again.")
    first = (
        re.split(r"[\r\n]| Trace ID:| Config: |\. Authority would", text)[0]
        .strip()[:LONGEST]
        .rstrip(". ")
    )
    return CredentialError(
        joined(f"{login.setting}: the login by {login.method} failed: {first}. ", own(remedy))
    )


def claim(token: str, name: str) -> Any:
    """Return a claim of a token, ``None`` when it is not there or the token cannot be read."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return None
    return claims.get(name) if isinstance(claims, dict) else None
