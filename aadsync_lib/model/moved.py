"""Differences between a saved plan and the plan of now."""

from __future__ import annotations

from dataclasses import dataclass

from aadsync_lib.model.change import Change
from aadsync_lib.model.head import Head


@dataclass(frozen=True, slots=True)
class MovedTarget:
    """What is planned now and was not, and what was and is not any more; of members, only those."""

    target: str
    planned: tuple[Change, ...] = ()
    no_longer: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """Everything that moved since a saved plan; ``sides`` says in sentences where, as far as it is known."""

    digest: str
    head: Head | None
    sides: tuple[str, ...]
    targets: tuple[MovedTarget, ...]

    @property
    def same(self) -> bool:
        """Whether the same would be done as then."""
        return not any(target.planned or target.no_longer for target in self.targets)
