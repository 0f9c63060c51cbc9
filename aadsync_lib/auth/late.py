"""A client of Databricks that is made, and so asks Databricks for how to log in, with its first request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from databricks.sdk.core import ApiClient

    from aadsync_lib.config.settings import TargetSettings
    from aadsync_lib.secrets import SecretResolver


def late_api(settings: TargetSettings, secrets: SecretResolver) -> LateApi:
    """Return a client of a target that logs in when it is first used."""
    from aadsync_lib.auth import databricks_api

    return LateApi(settings.host, partial(databricks_api, settings, secrets))


class LateApi:
    """Stands for an ``ApiClient``, and for the part of its configuration that is used.

    databricks-sdk asks the host where its logins are as soon as a client is made, and a secret may have to
    be fetched. A run that has nothing to ask of Databricks does neither.
    """

    def __init__(self, host: str, make: Callable[[], ApiClient]) -> None:
        self.host = host
        self._make = make
        self._lock = threading.Lock()
        self._made: ApiClient | None = None

    @property
    def _cfg(self) -> Self:
        return self

    def authenticate(self) -> dict[str, str]:
        """Return the headers of a request."""
        return dict(self.client._cfg.authenticate())  # noqa: SLF001 - as whoever uses it does

    def do(self, method: str, path: str, **options: Any) -> Any:
        """Send a request."""
        return self.client.do(method, path, **options)

    @property
    def client(self) -> ApiClient:
        """The client itself. Raises ``CredentialError`` where the settings give no login."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
