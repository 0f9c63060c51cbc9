"""Start, stop and restart of the jobs of connectors."""

from __future__ import annotations

from dataclasses import dataclass

from aadsync_lib.connector.connectors import Connectors
from aadsync_lib.connector.operations.place import Place, place_of
from aadsync_lib.connector.operations.reset import chosen, effects, restart_body
from aadsync_lib.connector.operations.writing import Deed, Deeds
from aadsync_lib.connector.status.job import job_of
from aadsync_lib.connector.status.model import Job
from aadsync_lib.errors import EntraError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import ConnectorResult, Ending, Step, TargetResult
from aadsync_lib.own_words import joined, own
from aadsync_lib.responses import JsonObject

PATHS = {Action.START: "start", Action.STOP: "pause", Action.RESTART: "restart"}
REASONS = {action: f"aadsync connector {action.value}" for action in PATHS}
STARTED = "Entra runs its cycles"
ENDS_QUARANTINE = "this ends the quarantine, too, until its cause shows again"
STOPPED = "a cycle under way still ends, and no further one begins"
AS_IT_WAS = {Action.START: "it is started already", Action.STOP: "it is stopped already"}
OTHERWISE = "connector.enabled says {0}, and the next aadsync connector setup {1} it again unless that changes"
LATE = "Graph took it, and does not show it yet"


def switch(connectors: Connectors, action: Action, resets: tuple[str, ...] = ()) -> ConnectorResult:
    """Start, stop or restart every connector, once it is known where all of them are.

    ``resets`` are those of a restart. Raises ``AadsyncError`` where something could not be read,
    ``UsageError`` for a reset that there is not.
    """
    chosen(resets)
    each = [
        _needed(place_of(connectors, connector), action, resets) for connector in connectors.each
    ]
    return ConnectorResult(connectors.sync, action.value, Deeds(connectors, each).carry_out())


def _needed(
    place: Place | TargetResult, action: Action, resets: tuple[str, ...]
) -> Deed | TargetResult:
    if isinstance(place, TargetResult):
        return place
    if _done(place.job, action):
        step = Step("Job", Ending.UNCHANGED, AS_IT_WAS[action])
        return TargetResult(place.connector.target, Ending.UNCHANGED, (step,))
    return Switch(place, action, resets)


def _done(job: Job, action: Action) -> bool:
    """Return whether there is nothing to do; to start also ends a quarantine."""
    if action is Action.START:
        return job.runs and job.quarantine is None
    return action is Action.STOP and not job.runs


@dataclass(frozen=True, slots=True)
class Switch:
    """One of the three actions on one connector."""

    place: Place
    action: Action
    resets: tuple[str, ...]

    @property
    def change(self) -> Change:
        """The action as the journal keeps it."""
        return self.place.change(self.action, REASONS[self.action], self._body or {})

    @property
    def _body(self) -> JsonObject | None:
        return restart_body(self.resets) if self.action is Action.RESTART else None

    def send(self, connectors: Connectors) -> TargetResult:
        """Ask for it, and look whether it is so."""
        path = f"{self.place.path}/{PATHS[self.action]}"
        doing = f"{self.action.value} the job of {self.place.application.name}"
        connectors.entra.post(path, self._body, doing, repeatable=True)
        steps = (Step("Job", Ending.DONE, self._effect()), self._now(connectors))
        return TargetResult(self.place.connector.target, Ending.DONE, steps)

    def _effect(self) -> str:
        """Say what was done, and whether the settings want it otherwise."""
        match self.action:
            case Action.START:
                done = f"{STARTED}; {ENDS_QUARANTINE}" if self.place.job.quarantine else STARTED
            case Action.STOP:
                done = STOPPED
            case _:
                done = effects(self.resets)
        runs, wanted = self.action is not Action.STOP, self.place.connector.settings.enabled
        if runs == wanted:
            return done
        undone = OTHERWISE.format(str(wanted).lower(), "starts" if wanted else "stops")
        return joined(f"{done}; ", own(undone))

    def _now(self, connectors: Connectors) -> Step:
        """Look whether the job is as it should be now; Graph may need a while to show it."""
        runs = self.action is not Action.STOP

        def look() -> JsonObject | None:
            row = connectors.entra.get(self.place.path, "read the job")
            return row if job_of(row).runs == runs else None

        try:
            row = connectors.entra.until(look)
        except EntraError as error:
            return Step("State", "unknown", str(error))
        return Step("State", job_of(row).state if row else "unknown", "" if row else LATE)
