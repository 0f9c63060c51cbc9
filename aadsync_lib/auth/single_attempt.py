"""Settings that make databricks-sdk send each request once: retries and pace are the target's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from databricks.sdk.clock import Clock as SdkClock

CONNECTIONS = 32  # requests that a target sends at once


class _OneAttempt(SdkClock):
    """Makes databricks-sdk send each request once: where it would wait, its error goes on to us."""

    def time(self) -> float:
        """Stand still, so that its own time limit is never reached."""
        return 0.0

    def sleep(self, seconds: float) -> None:  # noqa: ARG002 - the SDK's signature
        """Raise the error that the SDK is about to retry."""
        error = sys.exc_info()[1]
        assert error is not None, "databricks-sdk waits only while it handles an error"
        raise error


SINGLE_ATTEMPT: Mapping[str, Any] = {
    "clock": _OneAttempt(),
    "http_timeout_seconds": 60,
    "retry_timeout_seconds": 1,  # for the look-ups of the host that do not know the clock
    "max_connection_pools": CONNECTIONS,
    "max_connections_per_pool": CONNECTIONS,
}
"""Arguments of ``databricks.sdk.config.Config`` for the client that a target sends its requests with."""
