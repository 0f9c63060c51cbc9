"""A connector while it is set up: application and job as they come to be."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from aadsync_lib.connector import credentials
from aadsync_lib.connector.application import Application, principal_of
from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.entra import NOT_YET, Entra
from aadsync_lib.connector.state import State, job_path
from aadsync_lib.errors import EntraError
from aadsync_lib.responses import JsonObject
from aadsync_lib.secrets import HIDDEN, Secret

T = TypeVar("T")
OF_THE_CALLER = frozenset({0, 401, 403, 404, 409, 429})  # refusals that are not of the credentials


@dataclass
class Work:
    """What the steps of a setup share. ``refusal`` is why Databricks does not take the credentials."""

    entra: Entra
    connector: Connector
    token: Secret
    state: State
    known: Application | None = None
    job: str = ""
    refusal: str = ""
    _tried: bool = field(default=False, repr=False)

    @property
    def application(self) -> Application:
        """The application, once it is there."""
        assert self.known
        return self.known

    @property
    def job_path(self) -> str:
        """Address of the job, once it is there."""
        return job_path(self.application, self.job)

    def settled(self, call: Callable[[], T], statuses: Collection[int] = NOT_YET) -> T:
        """Return what a call returns once Graph has all that it takes."""
        return self.entra.settled(call, tries=self.application.tries, statuses=statuses)

    def roles(self) -> Application:
        """Return the application with its roles, which come later than itself."""

        def look() -> JsonObject | None:
            principal = principal_of(self.entra, self.application.row, fresh=self.application.fresh)
            return principal if principal.get("appRoles") else None

        if not self.application.principal.get(
            "appRoles"
        ):  # a setup before this may have made it just now
            principal = self.entra.until(look, tries=self.application.tries)
            self.known = self.application.with_principal(principal or self.application.principal)
        return self.application

    def validate(self, template: str = "") -> None:
        """Let Entra try the credentials out on Databricks, by the job or by its template.

        Raises ``NotAcceptedError``.
        """
        if self._tried:
            return
        body: JsonObject = {"credentials": credentials.tried(self.connector, self.token)}
        path = f"{self.job_path}/validateCredentials"
        if not self.job:
            path = f"{self.application.jobs}/validateCredentials"
            body |= {"templateId": template, "useSavedCredentials": False}
        try:
            self.entra.post(path, body, "try the credentials out", repeatable=True)
        except EntraError as error:
            if error.status in OF_THE_CALLER or error.status >= 500:
                raise
            self.refusal = self.hide(str(error))
            raise NotAcceptedError(self._not_accepted(), error.status, error.code) from error
        self._tried = True

    def hide(self, text: str) -> str:
        """Take the token out of a text."""
        return text.replace(self.token.reveal(), HIDDEN)

    def _not_accepted(self) -> str:
        return (
            f"Databricks does not accept the credentials: {self.refusal} "
            f"Check targets.{self.connector.target}.connector.token: for an account it is a SCIM token of "
            f"the account console, for a workspace a token of one of its admins; and base_address "
            f"{self.connector.base_address}. Nothing was started."
        )


class NotAcceptedError(EntraError):
    """Databricks does not take the address and token that Entra is to log in with."""
