"""Runner of the tasks of access to workspaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from aadsync_lib.apply.announced import Announced
from aadsync_lib.apply.run_log import RunLog
from aadsync_lib.model.assignment import WorkspaceId
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Permission
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import AnswerLost, ChangeRefused, Clock
from aadsync_lib.workspace_port import Assignments

TRIES = 5
FIRST_WAIT = 1.0  # seconds, doubled from try to try: 15 s in all
MOST_IN_VAIN = 3  # principals of one workspace; then it is not only slow
NOT_MADE = "not made on the target in this run, so it gets no access yet"
NO_PORT = "this target has no workspaces in the settings"


@dataclass(frozen=True, slots=True)
class AccessRunner:
    """Announces, sends and records what changes of somebody's access to one workspace.

    What was made or assigned a moment ago may not be known to the workspace yet: that is tried again for
    a while, unless that was ``in_vain`` there a few times.
    """

    assignments: Assignments | None
    run_log: RunLog
    clock: Clock
    in_vain: Counter[WorkspaceId] = field(default_factory=Counter)

    def perform(self, changes: Sequence[Change]) -> bool:
        """Send the changes of one task and return whether they were done."""
        placed = tuple(self._placed(change) for change in changes)
        if placed[0].target_id is None:
            for change in placed:
                self.run_log.note(Outcome(change, Result.SKIPPED, NOT_MADE))
            return False
        announced = Announced(self.run_log, placed, self.run_log.announce(placed))
        try:
            self._send(placed)
        except AnswerLost as lost:
            announced.settle(Result.UNKNOWN, str(lost))
            return False
        except ChangeRefused as refused:
            announced.settle(Result.FAILED, str(refused))
            return False
        announced.settle(Result.DONE)
        return True

    def _placed(self, change: Change) -> Change:
        if change.target_id is not None:
            return change
        return replace(change, target_id=self.run_log.made(change.external_id))

    def _send(self, changes: Sequence[Change]) -> None:
        """Send, and try again where a workspace may not know yet what this run did a moment ago."""
        first = changes[0]
        made = self.run_log.made(first.external_id) is not None
        new = made or self.run_log.assigned(first.workspace_id, first.target_id)
        patient = new and self.in_vain[first.workspace_id] < MOST_IN_VAIN
        tries = 0
        while True:
            try:
                self._once(changes)
            except AnswerLost:
                raise
            except ChangeRefused:
                tries += 1
                if not patient or tries == TRIES:
                    self.in_vain[first.workspace_id] += patient
                    raise
            else:
                return
            self.clock.sleep(FIRST_WAIT * 2 ** (tries - 1))

    def _once(self, changes: Sequence[Change]) -> None:
        first, port = changes[0], self.assignments
        if port is None:
            raise ChangeRefused(NO_PORT)
        assert first.target_id
        after = first.after or Attributes()
        match first.action:
            case Action.ASSIGN_WORKSPACE:
                assert first.workspace_id is not None
                permission = after.permission or Permission.USER
                port.assign(first.workspace_id, first.target_id, permission)
            case Action.UNASSIGN_WORKSPACE:
                assert first.workspace_id is not None
                port.unassign(first.workspace_id, first.target_id)
            case _:
                granted = [
                    name for c in changes for name in (c.after or Attributes()).entitlements or ()
                ]
                revoked = [
                    name for c in changes for name in (c.before or Attributes()).entitlements or ()
                ]
                port.change_entitlements(
                    first.workspace_id, first.kind, first.target_id, granted, revoked
                )
