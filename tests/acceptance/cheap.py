"""Clients that cost little to open, for sweeps that open a thousand of them."""

from __future__ import annotations

import functools
import sys

import pytest
from httpx._transports import default as transport


def make_clients_cheap(patch: pytest.MonkeyPatch) -> None:
    """Load the certificates of all authorities once, which nothing here needs, and not 30 ms a client.

    Neither look, for 5 ms a client, for a package that httpcore could use and that is not there.
    """
    patch.setattr(transport, "create_ssl_context", functools.cache(transport.create_ssl_context))
    patch.setitem(sys.modules, "trio", None)
