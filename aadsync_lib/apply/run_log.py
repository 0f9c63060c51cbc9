"""Log of a run: announced changes, outcomes and links, in memory and in the store at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Lock

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.link import Link, Links, Origin, Sharer
from aadsync_lib.model.plan import Step
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.ports import Store
from aadsync_lib.reconcile.matching.pending import former_origin
from aadsync_lib.reconcile.matching.renames import renamed_links


class RunLog:
    """Records every intent before its request is sent, and every outcome after it is answered.

    An outcome that is unknown stays open in the store, so that the next run looks it up.
    """

    def __init__(self, store: Store, run_id: str, target: str, links: Links) -> None:
        self._store = store
        self._run_id = run_id
        self._target = target
        self._lock = Lock()
        self._links = dict(links.by_external)
        self._ids = {link.external_id: link.target_id for link in links.by_external.values()}
        self._made: dict[str, str] = {}
        self._owners = {link.target_id: link.external_id for link in links.by_external.values()}
        self._outcomes: list[Outcome] = []
        self._assigned: set[tuple[int | None, str | None]] = set()
        self._not_added: dict[Step, str] = {}
        self._additions: dict[str, list[Change]] = defaultdict(list)  # by the group's target id
        self._former: Sequence[Link] | None = None  # not yet read
        self._shared: Mapping[str, Sharer] | None = None

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Everything that came of this run so far."""
        with self._lock:
            return tuple(self._outcomes)

    def assigned(self, workspace_id: int | None, target_id: str | None) -> bool:
        """Return whether this run assigned somebody to a workspace."""
        with self._lock:
            return (workspace_id, target_id) in self._assigned

    def target_id(self, external_id: str | None) -> str | None:
        """Return where an identity is on the target, made in this run or before."""
        with self._lock:
            return self._ids.get(external_id or "")

    def made(self, external_id: str | None) -> str | None:
        """Return where an identity is that this run made or took over, not where it was before."""
        with self._lock:
            return self._made.get(external_id or "")

    def not_added(self, steps: Iterable[Step]) -> str | None:
        """Return which of these additions was not made, or perhaps was not, if one."""
        with self._lock:
            return next((self._not_added[step] for step in steps if step in self._not_added), None)

    def added(self, group_id: str | None) -> frozenset[str]:
        """Return the target ids of the members that this run has added to a group."""
        with self._lock:
            changes = self._additions.get(group_id or "", ())
            members = (member for change in changes for member in change.members)
            return frozenset(member.target_id for member in members if member.target_id)

    def owner(self, target_id: str) -> str | None:
        """Return the identity that an object on the target is linked to."""
        with self._lock:
            return self._owners.get(target_id)

    def sharer(self, target_id: str) -> str | None:
        """Return the other sync that manages an object by now, if one does."""
        sharer = self._store.shared(self._target).get(target_id)
        return sharer.sync if sharer else None

    def origin(self, change: Change) -> Origin:
        """Return the origin of the link that an adoption makes: what comes back is what it was."""
        with self._lock:
            if self._shared is None:
                self._shared = self._store.shared(self._target)
            sharer = self._shared.get(change.target_id or "")
            if sharer and sharer.link.external_id == change.external_id:
                return sharer.link.origin
            if self._former is None:
                self._former = self._store.former(self._target)
            return former_origin(self._former, change)

    def announce(self, changes: Sequence[Change]) -> tuple[int, ...]:
        """Record that these changes are about to be sent; return their journal entries."""
        return self._store.announce(self._run_id, self._target, changes)

    def settle(
        self,
        entries: Sequence[int],
        outcomes: Sequence[Outcome],
        *,
        linked: tuple[Link, ...] = (),
        unlinked: tuple[str, ...] = (),
    ) -> None:
        """Record what came of announced changes, with the links they made or ended."""
        outcomes = [self._placed(outcome, linked) for outcome in outcomes]
        known = {
            entry: outcome
            for entry, outcome in zip(entries, outcomes, strict=True)
            if outcome.result is not Result.UNKNOWN
        }
        ended = (*unlinked, *self._replaced(linked))
        linked = (*linked, *renamed_links(outcomes, self._links))
        self._store.settle(self._target, known, linked=linked, unlinked=ended)
        with self._lock:
            self._links.update({link.external_id: link for link in linked})
            places = {link.external_id: link.target_id for link in linked}
            self._ids.update(places)
            self._made.update(places)
            self._owners.update({link.target_id: link.external_id for link in linked})
            self._keep(outcomes)

    def note(self, outcome: Outcome) -> None:
        """Keep the outcome of a change that was never sent: there is nothing to undo."""
        with self._lock:
            self._keep((outcome,))

    def _keep(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self._outcomes.append(outcome)
            change = outcome.change
            if change.action is Action.ASSIGN_WORKSPACE and outcome.result is Result.DONE:
                self._assigned.add((change.workspace_id, change.target_id))
            if change.action is Action.ADD_MEMBERS and outcome.result in (
                Result.DONE,
                Result.UNKNOWN,
            ):
                self._additions[change.target_id or ""].append(change)
            if change.action is Action.ADD_MEMBERS and outcome.result is not Result.DONE:
                for member in change.members:
                    step = change.external_id or "", member.external_id or ""
                    self._not_added[step] = f"{member.name} was not added to {change.name}"

    def withdraw(self, entry: int, outcome: Outcome) -> None:
        """Record what came of an announced change whose place others take; the run does not tell of it."""
        self._store.settle(self._target, {entry: outcome})

    def fail(self, outcomes: Sequence[Outcome]) -> None:
        """Record failures that came to light beside the outcome of their change."""
        if outcomes:
            self.settle(self.announce([outcome.change for outcome in outcomes]), outcomes)

    def correct(self, done: Outcome, failed: Sequence[Outcome]) -> None:
        """Record that members which were taken as added are not there after all."""
        self.fail(failed)
        lost = {member for outcome in failed for member in outcome.change.members}
        rest = tuple(member for member in done.change.members if member not in lost)
        with self._lock:
            self._outcomes.remove(done)
            if rest:
                self._outcomes.append(replace(done, change=replace(done.change, members=rest)))

    def _placed(self, outcome: Outcome, linked: Iterable[Link]) -> Outcome:
        """Note where on the target an object is that this run has made: ``undo`` asks for it."""
        change = outcome.change
        if change.target_id is not None:
            return outcome
        made = {link.external_id: link.target_id for link in linked}
        target_id = made.get(change.external_id or "") or self.target_id(change.external_id)
        return replace(outcome, change=replace(change, target_id=target_id))

    def _replaced(self, linked: Iterable[Link]) -> tuple[str, ...]:
        """Return the identities that lose their object to another one that takes it over."""
        owners = ((link, self._owners.get(link.target_id)) for link in linked)
        return tuple(owner for link, owner in owners if owner and owner != link.external_id)
