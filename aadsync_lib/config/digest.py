"""A digest that tells whether two runs had the same settings."""

from __future__ import annotations

import hashlib
import json

from aadsync_lib.config.settings import Settings


def settings_digest(settings: Settings) -> str:
    """Return ``sha256:…``, the same for a default that is written down and one that is not."""
    canonical = json.dumps(
        settings.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
