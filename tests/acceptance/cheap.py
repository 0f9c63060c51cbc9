"""Clients that cost little to open, for sweeps that open a thousand of them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from httpx._transports import default as transport

from aadsync_lib.config import text


def make_clients_cheap(patch: pytest.MonkeyPatch) -> None:
    """Load the certificates of all authorities once, which nothing here needs, and not 30 ms a client.

    Neither look, for 5 ms a client, for a package that httpcore could use and that is not there.
    """
    patch.setattr(transport, "create_ssl_context", functools.cache(transport.create_ssl_context))
    patch.setitem(sys.modules, "trio", None)


class _LoaderInC(yaml.CSafeLoader):
    """Reads what ``as_settings`` wrote as the loader of the settings does."""

    yaml_implicit_resolvers = text._Loader.yaml_implicit_resolvers


def make_settings_cheap(patch: pytest.MonkeyPatch) -> None:
    """Read settings that a test has written, and nobody has mistyped, in C: 10 ms less for each command."""
    patch.setattr(text, "_Loader", _LoaderInC)


def as_settings(tree: Mapping[str, Any]) -> str:
    """Return the YAML of settings."""
    return str(yaml.dump(tree, Dumper=yaml.CSafeDumper))
