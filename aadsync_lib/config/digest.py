"""The digest of the settings of a sync."""

from __future__ import annotations

import hashlib
import json

from aadsync_lib.config.settings import Settings

OF_A_TARGET = ("scope", "mapping", "policy")  # sections that a target may have its own keys of
NOT_OF_A_SYNC = "connector"  # of a target


def settings_digest(settings: Settings) -> str:
    """Return ``sha256:…``, the same for a default that is written down and one that is not."""
    tree = settings.model_dump(mode="json")
    for target, own in zip(tree["targets"], settings.each(), strict=True):
        del target[NOT_OF_A_SYNC]
        effective = own.model_dump(mode="json", include=set(OF_A_TARGET))
        target |= {key: value if value != tree[key] else None for key, value in effective.items()}
    canonical = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
