"""Read-back of writes that an earlier run made in vain, or that mend what nobody owns up to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aadsync_lib.apply.announced import by_member, failed_member
from aadsync_lib.model.account import Account
from aadsync_lib.model.change import MEMBERS, Action, Change
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Clock, MembersRefused, Target

PAUSES = (
    3.0,
    6.0,
    12.0,
    24.0,
)  # seconds before further looks: Databricks caches what it reads for up to 60
DEAF = "Databricks answered 200, but still shows"

Numbered = Mapping[int, Change]
Failures = Mapping[int, tuple[Outcome, ...]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of each change of a request that was answered; ``left`` are the places of what does not show."""

    changes: Sequence[Change]
    outcomes: Sequence[tuple[Outcome, ...]]
    left: Collection[int]

    @property
    def shown(self) -> Sequence[Change]:
        """The changes that show whole, as far as was looked."""
        return [change for place, change in enumerate(self.changes) if place not in self.left]

    @property
    def object_shows(self) -> bool:
        """Whether the object is as planned, members apart."""
        return all(self.changes[place].action in MEMBERS for place in self.left)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Looks whether a write shows: once, and where that disagrees again, until the patience is over.

    Databricks answers 200 to what it ignores. Only changes to ``verify`` are looked at: the others cost
    no request. What cannot be read tells nothing. A failure is nobody's drift: no hand has made it.
    """

    target: Target
    clock: Clock

    def answered(
        self, changes: Sequence[Change], refused: MembersRefused | None = None
    ) -> Answered:
        """Return what came of changes, of which the target has told what members it ``refused``."""
        failures = self._failures([_unread(c) for c in changes] if refused else changes)
        outcomes = [
            by_member(change, refused)
            if refused and place not in failures
            else _outcomes(change, failures.get(place, ()))
            for place, change in enumerate(changes)
        ]
        return Answered(changes, outcomes, failures.keys())

    def _failures(self, changes: Sequence[Change]) -> Failures:
        """Return, by their place in a request that was answered, what of these changes does not show."""
        asked = {place: change for place, change in enumerate(changes) if _shows_later(change)}
        failures = self._look(asked)
        for pause in PAUSES:
            if not failures:
                break
            self.clock.sleep(pause)
            failures = self._look({place: asked[place] for place in failures})
        return failures

    def _look(self, changes: Numbered) -> Failures:
        looks = (
            (self._members_left, {n: c for n, c in changes.items() if c.action in MEMBERS}),
            (self._attributes_left, {n: c for n, c in changes.items() if c.action not in MEMBERS}),
        )
        return {
            place: outcomes
            for look, part in looks
            if part
            for place, outcomes in look(next(iter(part.values())).target_id or "", part)
        }

    def _members_left(
        self, group_id: str, changes: Numbered
    ) -> Iterator[tuple[int, tuple[Outcome, ...]]]:
        current = self.target.members((group_id,)).get(group_id)
        if not isinstance(current, frozenset):
            return
        for place, change in changes.items():
            left = [member for member in change.members if member.target_id in current]
            if left:
                by_nobody = replace(change, drift=False)
                reason = f"{DEAF} it as a member"
                yield place, tuple(failed_member(by_nobody, member, reason) for member in left)

    def _attributes_left(
        self, target_id: str, changes: Numbered
    ) -> Iterator[tuple[int, tuple[Outcome, ...]]]:
        kind = next(iter(changes.values())).action.kind
        account = self.target.look_up({target_id: kind}).get(target_id)
        if not isinstance(account, Account):
            return
        for place, change in changes.items():
            if shown := _as_before(account, change.after or Attributes()):
                by_nobody = replace(change, drift=False)
                yield place, (Outcome(by_nobody, Result.FAILED, f"{DEAF} {shown}"),)


def _outcomes(change: Change, failures: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return what came of a change of which some was answered, and does not show; what was made is there."""
    lost = {member for outcome in failures for member in outcome.change.members}
    rest = tuple(member for member in change.members if member not in lost)
    if rest or not failures or change.action.verb == "create":
        return Outcome(replace(change, members=rest), Result.DONE), *failures
    return tuple(failures)


def _unread(change: Change) -> Change:
    """Return a change that is not read back if it is one of members: of these the target has told."""
    return replace(change, verify=False) if change.action in MEMBERS else change


def _shows_later(change: Change) -> bool:
    if not change.verify or not change.target_id:
        return False
    verbs = ("create", "update", "activate", "deactivate", "rename")
    return change.action is Action.REMOVE_MEMBERS or change.action.verb in verbs


def _as_before(account: Account, wanted: Attributes) -> str:
    """Return what an object shows in place of what was set, in words; empty where it shows that."""
    name = account.name if account.kind is Kind.GROUP else account.display_name
    shown = []
    if wanted.display_name is not None and wanted.display_name != name:
        shown.append(f"the displayName {name}")
    if wanted.active is not None and wanted.active is not account.active:
        shown.append("it active" if account.active else "it inactive")
    return " and ".join(shown)
