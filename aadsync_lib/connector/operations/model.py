"""The result of an operation on connectors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Done(StrEnum):
    """The end of an operation on one target."""

    DONE = "done"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


WORST = (Done.UNCHANGED, Done.DONE, Done.SKIPPED, Done.FAILED)


def together(parts: tuple[Done, ...]) -> Done:
    """Return the end of several parts: the worst of them."""
    return max(parts, key=WORST.index, default=Done.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Step:
    """One step in words. ``status`` is ours, or Graph's as it came."""

    name: str
    status: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TargetResult:
    """The operation on the connector of one target. ``impossible``: there was nothing to try it on."""

    target: str
    status: Done
    steps: tuple[Step, ...] = ()
    impossible: bool = False


@dataclass(frozen=True, slots=True)
class ConnectorResult:
    """An operation on the connectors of a sync; ``action`` is the word of the command line."""

    sync: str
    action: str
    targets: tuple[TargetResult, ...]

    @property
    def exit_code(self) -> int:
        """0 where all is done, 1 where nothing could be tried, 3 where it is done in part or not."""
        if all(target.status in (Done.DONE, Done.UNCHANGED) for target in self.targets):
            return 0
        return 1 if all(target.impossible for target in self.targets) else 3
