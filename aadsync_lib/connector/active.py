"""Connectors that run beside a sync of the same target: two writers that undo each other's changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.operations.place import Place, place_of
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.directory import Notice
from aadsync_lib.own_words import joined, own

ACTIVE, UNREAD = "connector_active", "connector_unread"
RUNS = (
    "Entra's connector {0} runs and provisions into this target, too: each of the two would take back "
    "what the other does. "
)
STOP = "Stop it with aadsync connector stop --target {0}, or leave the target to it."
NOT_READ = "whether Entra's connector {0} runs beside this sync is not known: {1}"


@dataclass(frozen=True)
class ConnectorsBeside:
    """Entra's connectors of the targets of a sync, which knows them only as ``Neighbours``."""

    open: Callable[[], AbstractContextManager[Connectors]]
    targets: Sequence[TargetSettings]

    def notices(self) -> Mapping[str, tuple[Notice, ...]]:
        """Return by target the warning of a connector that runs, or of one that could not be read."""
        try:
            with self.open() as connectors:
                return {each.target: tuple(_notices(connectors, each)) for each in connectors.each}
        except Exception as error:  # noqa: BLE001 - no look at a connector may end a sync
            named = ((each.name, each.connector) for each in self.targets)
            return {target: (_unread(own.name, error),) for target, own in named if own}


def _notices(connectors: Connectors, connector: Connector) -> Iterator[Notice]:
    try:
        place = place_of(connectors, connector, patient=False)
    except Exception as error:  # noqa: BLE001 - as above
        yield _unread(connector.settings.name, error)
        return
    if isinstance(place, Place) and place.job.runs:
        runs = RUNS.format(place.application.name)
        yield Notice(ACTIVE, joined(runs, own(STOP.format(connector.target))))


def _unread(name: str, error: Exception) -> Notice:
    known = isinstance(error, AadsyncError)
    reason = str(error) if known else f"Graph's answer makes no sense ({type(error).__name__})"
    return Notice(UNREAD, NOT_READ.format(name, reason.rstrip(".") + "."))
