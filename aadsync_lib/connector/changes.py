"""Changes of an application and its job, as plans and the journal have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import as_settings


def own_change(
    action: Action,
    name: str,
    reason: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Change:
    """Return a change of the application itself."""
    return Change(action, None, None, name, reason, as_settings(before), as_settings(after))
