"""Settings that are part of the contract and that this version cannot carry out yet."""

from __future__ import annotations

from collections.abc import Callable

from aadsync_lib.config.settings import Settings, TargetSettings

# Carrying one out means to take its line away.
OF_A_TARGET: tuple[tuple[str, Callable[[TargetSettings], bool]], ...] = (
    ("workspaces", lambda target: bool(target.workspaces)),
)


def unsupported(settings: Settings) -> tuple[str, ...]:
    """Name each setting that would be ignored, so that none is ignored in silence."""
    keys = (
        f"targets.{index}.{key}"
        for index, target in enumerate(settings.targets)
        for key, used in OF_A_TARGET
        if used(target)
    )
    return tuple(f"{key}: this version cannot carry this out yet; take it out" for key in keys)
