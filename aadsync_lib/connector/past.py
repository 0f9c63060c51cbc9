"""The past of a connector, as far as the journal of its sync goes back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.connector import settings_in
from aadsync_lib.model.run import Result
from aadsync_lib.ports import HistoryReader, Pending

BY_OTHERS = "by_others"  # in an assignment that somebody else made at the same moment
SENT = "token_digest"


@dataclass(slots=True)
class Past:
    """Made and assigned by setups: ids of application and job, assignments by principal.

    ``pending`` are writes of runs that died; ``token`` is the keyed digest of the token sent last.
    """

    application: str | None = None
    job: str | None = None
    token: str | None = None
    assigned: dict[str, str | None] = field(default_factory=dict)
    pending: tuple[Pending, ...] = ()

    @classmethod
    def of(cls, reader: HistoryReader, journal: str) -> Past:
        """Read the past of a connector by its name in the journal."""
        past = cls(pending=reader.pending(journal))
        for entry in reader.later(journal, 0):
            if entry.outcome.result is Result.DONE:
                past.add(entry.outcome.change)
        return past

    def add(self, change: Change) -> None:
        """Take note of a change that was done."""
        match change.action:
            case Action.CREATE_APPLICATION:
                self.application, self.assigned = change.target_id, {}
                self.job = self.token = None
            case Action.CREATE_JOB:
                self.job = change.target_id
            case Action.SET_CREDENTIALS:
                self.token = settings_in(change.after).get(SENT)
            case Action.ASSIGN:
                self._assign(change)
            case Action.UNASSIGN:
                self.assigned.pop(change.external_id or "", None)
            case Action.DELETE_JOB:
                self.job = None
            case Action.DELETE_APPLICATION:
                self.application = self.job = self.token = None
                self.assigned = {}
            case _:
                pass

    def under_way(self, action: Action) -> tuple[Change, ...]:
        """Return the changes of an action that were sent, with no word of what came of them."""
        return tuple(item.change for item in self.pending if item.change.action is action)

    def _assign(self, change: Change) -> None:
        if change.external_id and not settings_in(change.after).get(BY_OTHERS):
            self.assigned[change.external_id] = change.target_id


def listed(names: Iterable[str], most: int = 20) -> str:
    """Return names in order, the first of many."""
    known = sorted(names)
    more = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more
