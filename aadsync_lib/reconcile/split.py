"""Split of changes into those that go on and what is deferred, with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aadsync_lib.model.change import Change
from aadsync_lib.model.plan import Quarantined, ReplacementPath, Unapplied


@dataclass(frozen=True, slots=True)
class Held:
    """A change, or members of one, that waits: for a later run, or, ``quarantined``, for a person.

    ``retry_keys`` are the keys of what failed before.
    """

    entry: Quarantined
    quarantined: bool = False
    retry_keys: frozenset[str] = frozenset()


Deferral = Held | Unapplied | ReplacementPath  # the last one of a removal: until additions are made


@dataclass(frozen=True, slots=True)
class Split:
    """The changes that go on, in order, and what is deferred."""

    changes: Sequence[Change]
    deferred: tuple[Deferral, ...] = ()

    @staticmethod
    def of(parts: Iterable[Change | Deferral]) -> Split:
        """Sort out changes and deferrals."""
        changes: list[Change] = []
        deferred: list[Deferral] = []
        for part in parts:
            if isinstance(part, Change):
                changes.append(part)
            else:
                deferred.append(part)
        return Split(changes, tuple(deferred))

    @property
    def quarantined(self) -> tuple[Quarantined, ...]:
        """What waits for a person."""
        return tuple(held.entry for held in self._held if held.quarantined)

    @property
    def on_hold(self) -> tuple[Quarantined, ...]:
        """What waits for a later run."""
        return tuple(held.entry for held in self._held if not held.quarantined)

    @property
    def retry_keys(self) -> frozenset[str]:
        """The keys of everything that failed before and is not tried."""
        return frozenset(key for held in self._held for key in held.retry_keys)

    @property
    def unapplied(self) -> tuple[Unapplied, ...]:
        """What the policy leaves as it is."""
        return tuple(part for part in self.deferred if isinstance(part, Unapplied))

    @property
    def replacement_paths(self) -> tuple[ReplacementPath, ...]:
        """The removals that wait for additions of the same plan."""
        return tuple(part for part in self.deferred if isinstance(part, ReplacementPath))

    @property
    def _held(self) -> Iterable[Held]:
        return (part for part in self.deferred if isinstance(part, Held))
