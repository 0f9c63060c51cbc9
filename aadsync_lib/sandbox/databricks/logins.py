"""Bearer tokens, OAuth clients and foreign tokens that open a directory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from aadsync_lib.sandbox.databricks.directory import Directory
from aadsync_lib.sandbox.databricks.records import FederationPolicy, JsonObject, Token


@dataclass
class Logins(Directory):
    """A directory with what its principals log in with."""

    external_tokens: Callable[[str], str | None] | None = field(init=False, default=None)
    """Names the application a token of another issuer stands for, as Entra tokens do on Azure."""
    foreign_claims: Callable[[str], JsonObject | None] | None = field(init=False, default=None)
    """Claims of a live token of an issuer that federation policies may trust."""

    federation: list[FederationPolicy] = field(init=False, default_factory=list)
    oauth_clients: dict[str, str] = field(init=False, default_factory=dict)
    tokens: dict[str, Token] = field(init=False, default_factory=dict)

    def add_token(
        self, token: str, identity: str | None = None, *, scim_only: bool = False
    ) -> None:
        """Accept a bearer token of the user or service principal of that name or id."""
        with self.lock:
            principal = self.resolve(identity) if identity is not None else None
            self.tokens[token] = Token(principal, scim_only)

    def trusted(self, subject_token: str, client_id: str) -> str | None:
        """Return the client id that a foreign token stands for; ``client_id`` empty is any."""
        claims = self.foreign_claims(subject_token) if self.foreign_claims is not None else None
        if claims is None:
            return None
        admitted = [policy.client_id for policy in self.federation if policy.admits(claims)]
        return next((known for known in admitted if client_id in {"", known}), None)

    def token_of(self, value: str) -> Token | None:
        """Return the token behind a bearer's text, its own or one of another issuer."""
        token = self.tokens.get(value)
        if token is not None or self.external_tokens is None:
            return token
        application_id = self.external_tokens(value)
        principals = self.service_principals.named(application_id) if application_id else []
        return Token(principals[0].id) if principals else None

    def secret_of(self, client_id: str) -> str | None:
        return self.oauth_clients.get(client_id)
