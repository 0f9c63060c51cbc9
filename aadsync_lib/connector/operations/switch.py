"""Start, stop and restart of the jobs of connectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aadsync_lib.connector.connectors import Connectors
from aadsync_lib.connector.operations.journal import Journal, recorded
from aadsync_lib.connector.operations.place import Place, place_of
from aadsync_lib.connector.operations.reset import chosen, effects, restart_body
from aadsync_lib.connector.status.job import job_of
from aadsync_lib.connector.status.model import Job
from aadsync_lib.errors import EntraError
from aadsync_lib.model.change import Action
from aadsync_lib.model.connector import ConnectorResult, Ending, Step, TargetResult
from aadsync_lib.responses import JsonObject

PATHS = {Action.START: "start", Action.STOP: "pause", Action.RESTART: "restart"}
REASONS = {
    Action.START: "aadsync connector start",
    Action.STOP: "aadsync connector stop",
    Action.RESTART: "aadsync connector restart",
}
STARTED = "Entra runs its cycles"
ENDS_QUARANTINE = "this ends the quarantine, too, until its cause shows again"
STOPPED = "a cycle under way still ends, and no further one begins"
AS_IT_WAS = {Action.START: "it is started already", Action.STOP: "it is stopped already"}
OTHERWISE = "connector.enabled says {0}, and the next aadsync connector setup {1} it again unless that changes"
LATE = "Graph took it, and does not show it yet"


@dataclass(frozen=True, slots=True)
class Switch:
    """One action, for every connector of a command. ``resets`` are those of a restart."""

    action: Action
    resets: tuple[str, ...] = ()

    def run(self, connectors: Connectors) -> ConnectorResult:
        """Act on every connector, once it is known where all of them are.

        Raises ``EntraError`` where that could not be read, ``UsageError`` for a reset that there is not.
        """
        if self.action is Action.RESTART:
            chosen(self.resets)
        places = [place_of(connectors, connector) for connector in connectors.each]
        return ConnectorResult(
            connectors.sync, self.action.value, self._carry_out(connectors, places)
        )

    def _carry_out(
        self, connectors: Connectors, places: Sequence[Place | TargetResult]
    ) -> tuple[TargetResult, ...]:
        if not any(isinstance(place, Place) and not self._done(place.job) for place in places):
            return tuple(self._unchanged(place) for place in places)
        with recorded(connectors) as journal:
            return tuple(
                self._unchanged(place)
                if isinstance(place, TargetResult) or self._done(place.job)
                else self._act(connectors, journal, place)
                for place in places
            )

    def _done(self, job: Job) -> bool:
        """Return whether there is nothing to do; to start also ends a quarantine."""
        if self.action is Action.START:
            return job.runs and job.quarantine is None
        return self.action is Action.STOP and not job.runs

    def _unchanged(self, place: Place | TargetResult) -> TargetResult:
        if isinstance(place, TargetResult):
            return place
        step = Step("Job", Ending.UNCHANGED, AS_IT_WAS[self.action])
        return TargetResult(place.connector.target, Ending.UNCHANGED, (step,))

    def _act(self, connectors: Connectors, journal: Journal, place: Place) -> TargetResult:
        body = restart_body(self.resets) if self.action is Action.RESTART else None
        name, doing = place.application.name, f"{self.action.value} the job of"
        change = place.change(self.action, REASONS[self.action], body or {})
        path = f"{place.path}/{PATHS[self.action]}"
        try:
            journal.write(
                place.connector,
                change,
                lambda: connectors.entra.post(path, body, f"{doing} {name}", repeatable=True),
            )
        except EntraError as error:
            failed = Step("Job", Ending.FAILED, str(error))
            return TargetResult(place.connector.target, Ending.FAILED, (failed,))
        steps = (Step("Job", Ending.DONE, self._effect(place)), self._now(connectors, place))
        return TargetResult(place.connector.target, Ending.DONE, steps)

    def _effect(self, place: Place) -> str:
        """Say what was done, and whether the settings want it otherwise."""
        match self.action:
            case Action.START:
                done = f"{STARTED}; {ENDS_QUARANTINE}" if place.job.quarantine else STARTED
            case Action.STOP:
                done = STOPPED
            case _:
                done = effects(self.resets)
        runs, wanted = self.action is not Action.STOP, place.connector.settings.enabled
        if runs == wanted:
            return done
        undone = OTHERWISE.format(str(wanted).lower(), "starts" if wanted else "stops")
        return f"{done}; {undone}"

    def _now(self, connectors: Connectors, place: Place) -> Step:
        """Look whether the job is as it should be now; Graph may need a while to show it."""
        runs = self.action is not Action.STOP

        def look() -> JsonObject | None:
            row = connectors.entra.get(place.path, "read the job")
            return row if job_of(row).runs == runs else None

        try:
            row = connectors.entra.until(look)
        except EntraError as error:
            return Step("State", "unknown", str(error))
        return Step("State", job_of(row).state if row else "unknown", "" if row else LATE)
