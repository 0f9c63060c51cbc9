"""Changes of a connector in the journal: announced before they are sent, settled after."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from aadsync_lib.connector.connectors import Connector
from aadsync_lib.errors import AnswerUnclearError
from aadsync_lib.model.change import Change
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Store


class Announced:
    """Changes that are about to be sent, and what is known to have come of them.

    ``hide`` takes the token out of a text, should Graph repeat it.
    """

    def __init__(
        self,
        store: Store,
        connector: Connector,
        run_id: str,
        changes: Sequence[Change],
        hide: Callable[[str], str],
    ) -> None:
        self.changes = tuple(changes)
        self._store = store
        self._journal = connector.journal
        self._hide = hide
        self._entries = dict(
            zip(self.changes, store.announce(run_id, self._journal, self.changes), strict=True)
        )
        self._outcomes: dict[Change, Outcome] = {}
        self._unkept: dict[int, Outcome] = {}

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What came of the changes, in their order."""
        return tuple(self._outcomes[change] for change in self.changes)

    def done(self, change: Change, as_done: Change | None = None) -> None:
        """Note that a change was done; ``as_done`` is it with what is known now."""
        self._note(change, Outcome(as_done or change, Result.DONE))

    def made(self, change: Change, target_id: str) -> None:
        """Note that a change made an object."""
        self.done(change, replace(change, target_id=target_id))

    def incomplete(self, change: Change, error: Exception) -> None:
        """Report a change that is recorded as done for one that failed: what belongs to it did."""
        self._outcomes[change] = Outcome(change, Result.FAILED, self._hide(str(error)))

    def failed(self, change: Change, error: Exception) -> None:
        """Note that a change failed, or that nobody knows."""
        text = self._hide(str(error))
        if isinstance(error, AnswerUnclearError):  # stays open: the next setup looks what was done
            self._outcomes[change] = Outcome(change, Result.UNKNOWN, text)
        else:
            self._note(change, Outcome(change, Result.FAILED, text))

    def others_failed(self, error: Exception) -> None:
        """Note of every change without an outcome that it failed."""
        for change in self.changes:
            if change not in self._outcomes:
                self.failed(change, error)

    def keep(self) -> None:
        """Record what is known so far."""
        if self._unkept:
            self._store.settle(self._journal, self._unkept)
            self._unkept = {}

    def _note(self, change: Change, outcome: Outcome) -> None:
        self._outcomes[change] = self._unkept[self._entries[change]] = outcome
