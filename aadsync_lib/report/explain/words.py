"""What identities are called, and where they are."""

from __future__ import annotations

from datetime import UTC, datetime

from aadsync_lib.model.explanation import Identity, Place
from aadsync_lib.model.identity import Kind

PLACES = {
    Place.IN_SCOPE: "in scope",
    Place.OUT_OF_SCOPE: "in Entra, but not in scope",
    Place.DELETED: "deleted in Entra, in the recycle bin",
    Place.GONE: "gone from Entra",
    Place.UNREAD: "Entra could not say where it is",
    Place.UNKNOWN: "not known in Entra",
}


def shown(one: Identity) -> str:
    """Return the name a person knows: an application id says nothing."""
    if one.kind is Kind.SERVICE_PRINCIPAL:
        return one.display_name or one.name
    return one.name


def who(one: Identity) -> str:
    """Return who or what somebody is and where, as a sentence without its subject."""
    other = one.name if shown(one) == one.display_name else one.display_name
    also = f"{other}, " if other and other != shown(one) else ""
    enabled = {True: ", enabled", False: ", disabled in Entra", None: ""}[one.enabled]
    key = f", object id {one.external_id}" if one.external_id else ""
    reason = f": {one.reason}" if one.reason else ""
    return f"{also}{kind_of(one.kind)}{key}{enabled}, {PLACES[one.place]}{reason}"


def kind_of(kind: Kind) -> str:
    """Return a kind as a person says it."""
    return kind.value.replace("_", " ")


def when(seconds: float | None) -> str:
    """Return a moment, to the minute."""
    return f"{datetime.fromtimestamp(seconds or 0.0, UTC):%Y-%m-%d %H:%M} UTC"
