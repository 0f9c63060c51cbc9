"""What is remembered of a target when a run begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aadsync_lib.model.link import Link


@dataclass(frozen=True, slots=True)
class Past:
    """Since when linked identities are missing, and the objects that others have replaced."""

    missing: Mapping[str, float] = field(default_factory=dict)
    former: tuple[Link, ...] = ()
