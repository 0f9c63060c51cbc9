"""Logins of the applications that are registered in the tenant, each with its own credentials and permissions."""

import hmac
from datetime import datetime
from typing import Any

from aadsync_lib.sandbox.entra.applications.login_credentials import federated
from aadsync_lib.sandbox.entra.applications.making import application_of
from aadsync_lib.sandbox.entra.assertions import claims_of, read_assertion
from aadsync_lib.sandbox.entra.graph_roles import GRAPH_APP
from aadsync_lib.sandbox.entra.kinds import JsonObject
from aadsync_lib.sandbox.entra.state import EntraState

WRONG_SECRET = "AADSTS7000215: Invalid client secret provided."  # noqa: S105
EXPIRED_SECRET = "AADSTS7000222: The provided client secret keys are expired."  # noqa: S105
WRONG_KEY = "AADSTS700027: The certificate with identifier is not registered."
NO_FEDERATION = (
    "AADSTS700213: No matching federated identity record found for presented assertion subject."
)
EXPIRED_ASSERTION = "AADSTS700024: Client assertion is not within its valid time range."
NO_PRINCIPAL = "AADSTS7000229: The client application is missing service principal in the tenant."


class Logins:
    """Checks what an application logs in with, and tells what it then may do."""

    def __init__(self, state: EntraState) -> None:
        self.state = state

    def knows(self, app_id: str) -> bool:
        return application_of(self.state, app_id) is not None

    def refusal(self, body: dict[str, str], endpoint: str) -> str | None:
        """Why this login is refused, as Entra says it; ``None`` where it is not."""
        app_id = body["client_id"]
        key = application_of(self.state, app_id)
        assert key is not None
        if self.state.find(app_id) is None:
            return NO_PRINCIPAL
        item = self.state.objects[key]
        if "client_assertion" in body:
            return self._refused_assertion(item, body["client_assertion"], endpoint)
        return self._refused_secret(item, body.get("client_secret", ""))

    def roles(self, app_id: str) -> list[str]:
        """The application permissions of Graph that an application was granted."""
        principal, graph = self.state.find(app_id), self.state.find(GRAPH_APP)
        granted = {
            entry["appRoleId"]
            for entry in self.state.assignments.values()
            if (entry["principalId"], entry["resourceId"]) == (principal, graph)
        }
        published = self.state.objects[graph]["appRoles"] if graph else ()
        return sorted(role["value"] for role in published if role["id"] in granted)

    def _refused_secret(self, item: JsonObject, secret: str) -> str | None:
        secrets = self.state.applications.secrets
        for entry in item["passwordCredentials"]:
            known = secrets.get(entry["keyId"], "")
            if known and hmac.compare_digest(known.encode(), secret.encode()):
                return EXPIRED_SECRET if self._over(entry) else None
        return WRONG_SECRET

    def _refused_assertion(self, item: JsonObject, assertion: str, endpoint: str) -> str | None:
        claims = claims_of(assertion)
        if claims.get("iss") != item["appId"]:
            return self._refused_token(item, claims)
        certificates = self.state.applications.certificates
        for entry in item["keyCredentials"]:
            if read_assertion(assertion, certificates[entry["keyId"]].encode()) is not None:
                timely = claims.get("exp", 0) > self._now() and not self._over(entry)
                return None if timely and claims.get("aud") == endpoint else EXPIRED_ASSERTION
        return WRONG_KEY

    def _refused_token(self, item: JsonObject, claims: dict[str, Any]) -> str | None:
        """Trust a token by its claims: the sandbox has no other issuer's keys."""
        for entry in federated(self.state, item["id"]):
            fits = (entry["issuer"], entry["subject"]) == (claims.get("iss"), claims.get("sub"))
            audience = claims.get("aud")
            named = audience if isinstance(audience, list) else [audience]
            if fits and set(named) & set(entry["audiences"]):
                return None if claims.get("exp", 0) > self._now() else EXPIRED_ASSERTION
        return NO_FEDERATION

    def _over(self, entry: JsonObject) -> bool:
        return datetime.fromisoformat(entry["endDateTime"]).timestamp() <= self._now()

    def _now(self) -> float:
        return self.state.clock().timestamp()
