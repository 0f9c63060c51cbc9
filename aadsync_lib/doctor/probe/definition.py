"""Probes as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aadsync_lib.doctor.probe.answers import Outcome, Seen
from aadsync_lib.doctor.probe.bench import Bench


@dataclass(frozen=True, slots=True)
class Use:
    """The parts of Databricks that the settings make use of."""

    nested: bool = True
    service_principals: bool = True


def always(_: Use) -> bool:
    """Hold for every sync."""
    return True


def of_service_principals(use: Use) -> bool:
    """Hold for a sync that makes service principals."""
    return use.service_principals


def of_nested_groups(use: Use) -> bool:
    """Hold for a sync that nests groups."""
    return use.nested


@dataclass(frozen=True, slots=True)
class Probe:
    """A shape of request, the answers it may get by key, and how to try it.

    ``relied_on`` says whether a sync of these settings sends it.
    """

    name: str
    tried: str
    outcomes: Mapping[str, Outcome]
    attempt: Callable[[Bench], Seen]
    relied_on: Callable[[Use], bool] = always

    @property
    def assumption(self) -> str:
        """The answer that the sync counts on."""
        return next(o.text for o in self.outcomes.values() if o.status == "assumed")
