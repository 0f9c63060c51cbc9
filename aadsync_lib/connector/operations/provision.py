"""Provisioning of one person, or of one group and some of its members, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aadsync_lib.connector.connectors import Connectors
from aadsync_lib.connector.operations.answers import result_of
from aadsync_lib.connector.operations.naming import subject_of
from aadsync_lib.connector.operations.place import Place, place_of
from aadsync_lib.connector.operations.subjects import Asked, Subject, demand_body
from aadsync_lib.connector.operations.writing import Deed, Deeds
from aadsync_lib.connector.reading import schema_of
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import ConnectorResult, TargetResult
from aadsync_lib.responses import JsonObject

REASON = "aadsync connector provision"


def provision(connectors: Connectors, asked: Asked) -> ConnectorResult:
    """Have every connector provision whom is asked for, once it is known what to send.

    Raises ``AadsyncError`` where something could not be read, and for a name that is nobody's.
    """
    asked.check()
    places = [place_of(connectors, connector) for connector in connectors.each]
    each = _demands(connectors, places, asked)
    return ConnectorResult(connectors.sync, "provision", Deeds(connectors, each).carry_out())


def _demands(
    connectors: Connectors, places: Sequence[Place | TargetResult], asked: Asked
) -> list[Deed | TargetResult]:
    if not any(isinstance(place, Place) for place in places):
        return [place for place in places if isinstance(place, TargetResult)]
    subject = subject_of(connectors.entra, asked)
    return [
        place if isinstance(place, TargetResult) else _demand(connectors, place, subject)
        for place in places
    ]


def _demand(connectors: Connectors, place: Place, subject: Subject) -> Demand:
    schema = schema_of(connectors.entra, place.application, place.job.id)
    return Demand(place, subject, demand_body(schema, subject))


@dataclass(frozen=True, slots=True)
class Demand:
    """What one connector is to provision."""

    place: Place
    subject: Subject
    body: JsonObject

    @property
    def change(self) -> Change:
        """The request as the journal keeps it."""
        job, name, kind = self.place.job.id, self.subject.name, self.subject.kind
        return Change(Action.PROVISION, self.subject.id, job, name, REASON, principal=kind)

    def send(self, connectors: Connectors) -> TargetResult:
        """Have it provisioned."""
        path, doing = f"{self.place.path}/provisionOnDemand", f"provision {self.subject.name}"
        answer = connectors.entra.post(path, self.body, doing, repeatable=True)
        return result_of(self.place.connector.target, answer)
