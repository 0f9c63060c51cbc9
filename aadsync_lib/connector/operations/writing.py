"""Single actions on connectors, sent under the lease and recorded as a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aadsync_lib.clock import new_run_id
from aadsync_lib.connector.connectors import Connector, Connectors
from aadsync_lib.connector.journal import Announced
from aadsync_lib.connector.operations.place import Place
from aadsync_lib.connector.record import leased, recorded, report_of
from aadsync_lib.connector.recovery import AGAIN
from aadsync_lib.errors import EntraError
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import Ending, Step, TargetResult
from aadsync_lib.model.run import Outcome, Result, TargetReport

ACTIONS = frozenset({Action.START, Action.STOP, Action.RESTART, Action.PROVISION})
WELL = (Ending.DONE, Ending.UNCHANGED)


class Deed(Protocol):
    """What is to be done to one connector."""

    @property
    def place(self) -> Place:
        """Where."""

    @property
    def change(self) -> Change:
        """What, as the journal keeps it."""

    def send(self, connectors: Connectors) -> TargetResult:
        """Do it, and say what came of it. Raises ``EntraError``."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """What a command does, connector by connector; a result is of one with which nothing is to be done."""

    connectors: Connectors
    each: Sequence[Deed | TargetResult]

    def carry_out(self) -> tuple[TargetResult, ...]:
        """Do and record it. Where nothing is to be done, nothing is recorded.

        Raises ``LeaseHeldError`` while another command works on one of the connectors.
        """
        if all(isinstance(each, TargetResult) for each in self.each):
            return tuple(each for each in self.each if isinstance(each, TargetResult))
        run_id = new_run_id(self.connectors.clock)
        reports: list[tuple[Connector, TargetReport]] = []
        with leased(self.connectors, run_id), recorded(self.connectors, run_id, reports):
            self._settle_earlier()
            return tuple(
                each if isinstance(each, TargetResult) else self._do(each, run_id, reports)
                for each in self.each
            )

    def _settle_earlier(self) -> None:
        """Close what a command announced that died: nobody goes on with it."""
        for connector in self.connectors.each:
            died = {
                item.entry: Outcome(item.change, Result.FAILED, AGAIN)
                for item in self.connectors.writable.pending(connector.journal)
                if item.change.action in ACTIONS
            }
            if died:
                self.connectors.writable.settle(connector.journal, died)

    def _do(
        self, deed: Deed, run_id: str, reports: list[tuple[Connector, TargetReport]]
    ) -> TargetResult:
        connector, change, store = deed.place.connector, deed.change, self.connectors.writable
        announced = Announced(store, connector, run_id, (change,), hide=_as_it_is)
        try:
            result = deed.send(self.connectors)
            if result.status in WELL:
                announced.done(change)
            else:
                announced.failed(change, EntraError(_words(result)))
        except EntraError as error:
            announced.failed(change, error)
            step = Step("Request", Ending.FAILED, str(error))
            result = TargetResult(connector.target, Ending.FAILED, (step,))
        finally:
            announced.keep()
        reports.append((connector, report_of(connector.target, announced.outcomes)))
        return result


def _words(result: TargetResult) -> str:
    return "; ".join(step.detail for step in result.steps if step.detail) or result.status.value


_as_it_is: Callable[[str], str] = str  # no action sends a secret
