"""Everything that is tried, in an order in which each step finds what it needs."""

from __future__ import annotations

from aadsync_lib.doctor.probe import groups, members, names, principals
from aadsync_lib.doctor.probe.definition import Probe

BEFORE_NESTING: tuple[Probe, ...] = (
    *principals.PROBES[:3],
    groups.CREATE,
    *groups.READING,
    *principals.PROBES[3:],
    *members.PROBES,
    *groups.WRITING,
    *names.PROBES,
)
NESTING: tuple[Probe, ...] = members.NESTING
AFTER_NESTING: tuple[Probe, ...] = (*names.SPACES, *groups.DELETING)
CATALOGUE: tuple[Probe, ...] = (*BEFORE_NESTING, *NESTING, *AFTER_NESTING)
