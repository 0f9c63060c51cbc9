"""Provisioning of one person, or of one group and some of its members, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aadsync_lib.connector.connectors import Connectors
from aadsync_lib.connector.operations.answers import result_of
from aadsync_lib.connector.operations.journal import Journal, recorded
from aadsync_lib.connector.operations.naming import subject_of
from aadsync_lib.connector.operations.place import Place, place_of
from aadsync_lib.connector.operations.subjects import Asked, Subject, demand_body
from aadsync_lib.errors import EntraError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import ConnectorResult, Ending, Step, TargetResult
from aadsync_lib.model.identity import Kind
from aadsync_lib.responses import JsonObject

REASON = "aadsync connector provision"


@dataclass(frozen=True, slots=True)
class Demand:
    """What to send to one place."""

    place: Place
    subject: Subject
    body: JsonObject

    @property
    def change(self) -> Change:
        """The request as the journal keeps it."""
        kind = Kind.USER if self.subject.kind is Kind.USER else Kind.GROUP
        job = self.place.job.id
        return Change(
            Action.PROVISION, self.subject.id, job, self.subject.name, REASON, principal=kind
        )


def provision(connectors: Connectors, asked: Asked) -> ConnectorResult:
    """Have every connector provision whom is asked for, once it is known what to send.

    Raises ``EntraError`` where that could not be read, ``AadsyncError`` for a name that is nobody's.
    """
    asked.check()
    places = [place_of(connectors, connector) for connector in connectors.each]
    demands = _demands(connectors, places, asked)
    return ConnectorResult(connectors.sync, "provision", _carry_out(connectors, demands))


def _demands(
    connectors: Connectors, places: Sequence[Place | TargetResult], asked: Asked
) -> list[Demand | TargetResult]:
    if not any(isinstance(place, Place) for place in places):
        return [place for place in places if isinstance(place, TargetResult)]
    subject = subject_of(connectors.entra, asked)
    return [
        place if isinstance(place, TargetResult) else _demand(connectors, place, subject)
        for place in places
    ]


def _demand(connectors: Connectors, place: Place, subject: Subject) -> Demand:
    schema = connectors.entra.get(f"{place.path}/schema", "read the connector's mappings")
    return Demand(place, subject, demand_body(schema, subject))


def _carry_out(
    connectors: Connectors, demands: Sequence[Demand | TargetResult]
) -> tuple[TargetResult, ...]:
    if not any(isinstance(demand, Demand) for demand in demands):
        return tuple(demand for demand in demands if isinstance(demand, TargetResult))
    with recorded(connectors) as journal:
        return tuple(
            demand if isinstance(demand, TargetResult) else _act(connectors, journal, demand)
            for demand in demands
        )


def _act(connectors: Connectors, journal: Journal, demand: Demand) -> TargetResult:
    place, name = demand.place, demand.subject.name
    path, doing = f"{place.path}/provisionOnDemand", f"provision {name}"

    def send() -> TargetResult:
        answer = connectors.entra.post(path, demand.body, doing, repeatable=True)
        return result_of(place.connector.target, answer)

    try:
        return journal.write(place.connector, demand.change, send, _refusal)
    except EntraError as error:
        step = Step("Request", Ending.FAILED, str(error))
        return TargetResult(place.connector.target, Ending.FAILED, (step,))


def _refusal(result: TargetResult) -> str | None:
    """Return why somebody was not provisioned; ``None`` where all is done."""
    if result.status in (Ending.DONE, Ending.UNCHANGED):
        return None
    return "; ".join(step.detail for step in result.steps if step.detail) or result.status.value
