"""Secrets of an application for provisioning: address, token, who is provisioned, notification and threshold.

A PUT of them replaces them all, and what is secret is read back as a mask.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aadsync_lib.connector.connectors import Connector
from aadsync_lib.responses import JsonObject
from aadsync_lib.secrets import Secret

ADDRESS, TOKEN, ALL, NOTICE = "BaseAddress", "SecretToken", "SyncAll", "SyncNotificationSettings"
MASK = "*"


def digest_of(token: Secret, key: str | None = None) -> str:
    """Return ``key:digest``: what tells one token from another, and is none. A new key where none is given."""
    key = key or secrets.token_hex(16)
    digest = hmac.new(key.encode(), token.reveal().encode(), hashlib.sha256).hexdigest()
    return f"{key}:{digest}"


def is_same(token: Secret, digest: str | None) -> bool:
    """Return whether a token is the one of a digest."""
    key = (digest or "").partition(":")[0]
    return bool(key) and hmac.compare_digest(digest_of(token, key), str(digest))


@dataclass(frozen=True, slots=True)
class Rules:
    """Who is provisioned (``assigned`` or ``all``), who hears of a quarantine, and the threshold of deletions."""

    scope: str
    notify: str | None
    delete_threshold: int | None

    @classmethod
    def wanted(cls, connector: Connector) -> Rules:
        """Return those of the settings."""
        settings = connector.settings
        return cls(settings.scope, settings.notify, settings.delete_threshold)

    @classmethod
    def of(cls, stored: Mapping[str, str]) -> Rules:
        """Return those of stored secrets."""
        notice = notice_in(stored)
        threshold = (
            notice.get("DeleteThresholdValue") if is_on(notice, "DeleteThresholdEnabled") else None
        )
        recipients = str(notice.get("Recipients") or "") if is_on(notice, "Enabled") else ""
        everybody = stored.get(ALL, "").strip().lower() == "true"
        return cls("all" if everybody else "assigned", recipients or None, _number(threshold))


def notice_in(stored: Mapping[str, str]) -> JsonObject:
    """Return the settings of notification and threshold; empty where there are none."""
    try:
        notice = json.loads(stored.get(NOTICE) or "{}")
    except ValueError:
        return {}
    return notice if isinstance(notice, dict) else {}


def is_on(notice: Mapping[str, Any], key: str) -> bool:
    """Return a switch, which may be written as text."""
    return str(notice.get(key)).lower() == "true"


def pairs(connector: Connector, token: Secret, stored: Mapping[str, str]) -> list[JsonObject]:
    """Return all that is to be stored: ours, and what else is there and can be read."""
    values = {key: value for key, value in stored.items() if value != MASK}
    values |= {
        ADDRESS: connector.base_address,
        TOKEN: token.reveal(),
        ALL: "true" if connector.settings.scope == "all" else "false",
        NOTICE: _notice(connector, notice_in(stored)),
    }
    return [{"key": key, "value": value} for key, value in values.items()]


def tried(connector: Connector, token: Secret) -> list[JsonObject]:
    """Return what it takes to try the credentials out."""
    return [
        {"key": ADDRESS, "value": connector.base_address},
        {"key": TOKEN, "value": token.reveal()},
    ]


def lost(stored: Mapping[str, str]) -> list[str]:
    """Return the keys of secrets that nobody can read, and that a PUT drops."""
    return sorted(key for key, value in stored.items() if value == MASK and key != TOKEN)


def same_address(stored: Mapping[str, str], connector: Connector) -> bool:
    """Return whether the stored address is the one of the settings."""
    return stored.get(ADDRESS, "").rstrip("/") == connector.base_address.rstrip("/")


def _notice(connector: Connector, known: JsonObject) -> str:
    """Return the text of notification and threshold; members that we do not know stay."""
    settings = connector.settings
    on = settings.delete_threshold is not None
    notice = {
        **known,
        "Enabled": settings.notify is not None,
        "Recipients": settings.notify or "",
        "DeleteThresholdEnabled": on,
    }
    notice.pop("DeleteThresholdValue", None)
    if on:
        notice["DeleteThresholdValue"] = settings.delete_threshold
    return json.dumps(notice, separators=(",", ":"))


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
