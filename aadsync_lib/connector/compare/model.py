"""The connector and the sync side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aadsync_lib.model.identity import Kind


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition of a scoping filter, as the schema has it: Entra's words for operator and attribute."""

    attribute: str
    operator: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = " or ".join(repr(value) for value in self.values)
        return " ".join(filter(None, (self.attribute, self.operator, shown)))


Filter = tuple[
    tuple[Clause, ...], ...
]  # clauses of one list are AND, lists are OR; empty: everything


@dataclass(frozen=True, slots=True)
class ConnectorScope:
    """Whom a connector provisions.

    ``everybody``: all of the tenant rather than those assigned. ``users`` and ``groups`` are the object
    ids that are assigned directly, ``filters`` those of the schema by kind. A kind whose mapping is
    switched off is not in ``kinds``. ``missing`` says why there is nothing to provision with at all,
    ``notices`` what else a reader has to know.
    """

    name: str
    everybody: bool = False
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    filters: Mapping[Kind, Filter] = field(default_factory=dict)
    kinds: frozenset[Kind] = frozenset({Kind.USER, Kind.GROUP})
    missing: str | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Somebody or something on one side only, and why not on the other."""

    name: str
    kind: Kind
    why: str


@dataclass(frozen=True, slots=True)
class TargetComparison:
    """One target. ``both`` counts who is on both sides."""

    target: str
    connector: str
    both: int
    only_connector: tuple[Difference, ...] = ()
    only_sync: tuple[Difference, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nobody is on one side only."""
        return not (self.only_connector or self.only_sync)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All targets of a sync. ``complete``: all of Entra's scope could be read."""

    sync: str
    targets: Sequence[TargetComparison]
    complete: bool = True
