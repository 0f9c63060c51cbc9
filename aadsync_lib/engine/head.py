"""Heads of plans, and addresses of targets, as the settings have them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import aadsync_lib
from aadsync_lib.clock import utc
from aadsync_lib.config.settings import Settings, TargetSettings
from aadsync_lib.model.head import Address, Head

OF_AZURE = re.compile(r"adb-(\d+)\.")  # the id of a workspace in its address


def head_of(settings: Settings, now: float, by: str) -> Head:
    """Return the head of what is planned now."""
    return Head(
        time=utc(now),
        by=by,
        settings=settings.file,
        tenant_id=settings.source.tenant_id,
        version=aadsync_lib.__version__,
    )


def address_of(target: TargetSettings) -> Address:
    """Return where a target is."""
    if target.level == "account":
        return Address(target.host, target.account_id)
    named = OF_AZURE.match(urlsplit(target.host).hostname or "")
    return Address(target.host, workspace_id=int(named[1]) if named else None)


def addresses_of(settings: Settings) -> dict[str, Address]:
    """Return where each target is, by its name."""
    return {target.name: address_of(target) for target in settings.targets}
