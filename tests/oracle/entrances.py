"""Weeks of an account with workspaces, or of one workspace, and what is kept of who got what there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.assignment import WorkspaceId
from aadsync_lib.model.change import ACCESS
from aadsync_lib.model.identity import Permission
from aadsync_lib.model.run import Result, RunReport, Status
from aadsync_lib.reconcile.guard import breaches
from tests.oracle.access import NOTHING, Access, Gift, Rules, differences, forbidden
from tests.oracle.days import pick
from tests.oracle.doors import Doors, Hold, Seat, Step, WatchedWorkspaces
from tests.oracle.doubles import NoOther
from tests.oracle.ledger import RunLog
from tests.oracle.oracle import Foretold
from tests.oracle.watched import Scene
from tests.oracle.weeks import Company, none
from tests.oracle.wishes import Wishes
from tests.unit.build import NO_LIMITS, settings
from tests.unit.workspaces import rule

HOSTS = {7: "https://adb-7.7.azuredatabricks.net", 8: "https://adb-8.8.azuredatabricks.net"}
ALL, SQL, CLUSTER = "workspace-access", "databricks-sql-access", "allow-cluster-create"
POOL, CONSUME = "allow-instance-pool-create", "workspace-consume"
NAMES = ["*", "D*", "?ed", "*s", "data", "*@contoso.com", "bob", "app-*", "ma?e"]
RULES: list[list[dict[str, Any]] | None] = [
    [rule("*")],
    [rule("*", entitlements=[ALL])],
    [rule("d*", "?ed", entitlements=[SQL]), rule("*@CONTOSO.com", permission="admin")],
    [rule("*", entitlements=[SQL]), rule("DATA", "*s", permission="admin", entitlements=[ALL])],
    [rule("o*", "Bob", "app-*", "a*@*", entitlements=[POOL, CLUSTER])],
    [rule("*a*", entitlements=[CONSUME]), rule("data", entitlements=[ALL])],
    [],
    None,  # not in the settings
]


@dataclass(frozen=True)
class ByHand:
    """What somebody does in a workspace. ``a`` to ``c`` choose from whatever there is at the time."""

    what: str
    a: int = 0
    b: int = 0
    c: int = 0


class Entrances(Company):
    """A company whose target has workspaces, or is one (``level``)."""

    level = "account"

    def __init__(self) -> None:
        Company.__init__(self, _settings(self.level, {}))
        if self.level == "workspace":
            self.other = NoOther()  # type: ignore[assignment]
        self.workspaces = WatchedWorkspaces(self.target)
        self.workspaces.announced = self._announced_access
        self.world.workspaces = {self.target.name: self.workspaces}
        self.written: dict[WorkspaceId, list[dict[str, Any]]] = {}
        self.gifts: dict[Seat, Gift] = {}
        self.blurred: set[Seat] = set()
        self.open_seats: set[Seat] = set()  # of which the store may not know what was done
        self.strict = False
        self._last_steps: list[Step] = []
        self.doors_then = self.doors_done = Doors()

    @property
    def places(self) -> list[WorkspaceId]:
        return [None] if self.level == "workspace" else [*HOSTS]

    def rule_workspace(self, place: WorkspaceId, choice: int) -> None:
        """Write other rules for a workspace into the settings."""
        chosen = pick(RULES, choice)
        self.written.pop(place, None)
        if chosen is not None:
            self.written[place] = _entitling(chosen) if place is None else chosen
        target = _settings(self.level, self.written).targets[0]
        more = {"workspaces": target.workspaces, "entitlements": target.entitlements}
        old = self.world.settings
        changed = old.targets[0].model_copy(update=more)
        self.world.settings = old.model_copy(update={"targets": (changed,)})

    def _announced_access(self, seat: Seat) -> bool:
        changes = (one.change for one in self.world.store.pending(self.target.name))
        return any((c.workspace_id, c.target_id) == seat for c in changes if c.action in ACCESS)

    # --- the days

    def happen_inside(self, events: Sequence[ByHand]) -> None:
        """Let people do something in the workspaces."""
        before = self.workspaces.doors()
        for event in events:
            BY_HAND[event.what](self, event)
        after = self.workspaces.doors()
        self.blurred |= {seat for seat in self.open_seats if before.at(seat) != after.at(seat)}

    # --- the runs

    def foretell(self) -> tuple[Scene, RunLog, Callable[[], Foretold], Wishes]:
        self.doors_then, self._steps_mark = self.workspaces.doors(), len(self.workspaces.steps)
        self._behind_then = set(self.target.behind)
        self.workspaces.tried.clear()
        return super().foretell()

    def expect(self, *, full: bool = True) -> Callable[[RunReport], None]:
        compare, waits = super().expect(full=full), self.world.store.retries(self.target.name)

        def compare_all(report: RunReport) -> None:
            outcomes = self._part(report.targets).outcomes
            done = all(one.result is Result.DONE for one in outcomes)
            self.strict = done and not (waits and not full)
            standing = dict(self.gifts)
            compare(report)
            if done:
                none([*self._access_miscounted(report, standing)])
            self.strict = False

        return compare_all

    def further_excuses(self) -> list[str]:
        """Return what fails where nobody can read which groups a workspace has to itself."""
        unread = bool(self.doors_then.half_closed)
        return ["a group of this name exists", "waits for"] if unread else []

    def forbid(
        self, mark: int, foretold: Foretold, then: RunLog, before: Scene, wishes: Wishes
    ) -> None:
        super().forbid(mark, foretold, then, before, wishes)
        access = self._access(foretold, then, wishes, before)
        self._last_steps = steps = self.workspaces.steps[self._steps_mark :]
        none([f"not announced: {what}" for what in self.workspaces.unannounced])
        none([*forbidden(access, steps)])
        self.doors_done = self.workspaces.doors()
        none([*differences(access, self.doors_done, through=self.strict)])
        self._note(access)

    def _access(self, foretold: Foretold, then: RunLog, wishes: Wishes, before: Scene) -> Access:
        return Access(
            rules=self.written,
            doors=self.doors_then,
            gifts=self.gifts,
            blurred=self.blurred,
            wishes=wishes,
            assigned=frozenset(self.read().assigned),
            foretold=foretold,
            then=then,
            owners=self.ledger.owners,
            before=before,
            after=self.target.scene(),
            settings=self.config,
            tenant=self.tenant,
            behind=self._behind_then,
        )

    def _note(self, access: Access) -> None:
        """Note what a run has given and taken, and what it has seen gone."""
        if self.strict:
            there, let_in = access.after.accounts, self._let_in()
            self.blurred |= {s for s in self.gifts if s[1] in there and access.unclear(s)}
            self.gifts = {s: access.ended(s, let_in) for s in self.gifts if s[1] in there}
            read = self.written.keys() - self.doors_then.closed - self.doors_then.half_closed
            self.open_seats = {seat for seat in self.open_seats if seat[0] not in read}
        else:
            self.open_seats |= self.workspaces.tried | self._gone()
        self._saw()

    def _let_in(self) -> set[Seat]:
        """Return who was assigned by the last run, and was not before."""
        steps = self.workspaces.steps[self._steps_mark :]
        return {s.seat for s in steps if s.after.permission and not s.before.permission}

    def _gone(self) -> set[Seat]:
        """Return the seats of which a run that failed may have noted that something is gone."""
        return {
            seat
            for seat, gift in self.gifts.items()
            if (gift.permission and not self.doors_then.at(seat).permission)
            or gift.entitlements - self.doors_then.at(seat).entitlements
        }

    def _saw(self) -> None:
        for step in self.workspaces.steps[self._steps_mark :]:
            gift = self.gifts.get(step.seat, NOTHING)
            unseen = step.seat[0] in self.doors_then.half_closed
            if unseen and gift.entitlements and not step.after.permission:
                self.blurred.add(step.seat)  # nobody saw whether they went with the assignment
            self.gifts[step.seat] = gift.changed(step.before, step.after)
        self._steps_mark = len(self.workspaces.steps)

    def _access_miscounted(self, report: RunReport, standing: dict[Seat, Gift]) -> Iterator[str]:
        """Yield where the guard counts other than what the run took: more by what was gone already."""
        assert report.plan
        counted = {b.limit: b.count for b in breaches(report.plan, _NOTHING_TAKEN)}
        took = self._taken()
        gone = sum(
            bool(g.permission and not self.doors_then.at(seat).permission)
            + len(g.entitlements - self.doors_then.at(seat).entitlements)
            for seat, g in standing.items()
        )
        gone += len(self.blurred) * 9
        if not took <= counted.get("access_removed", 0) <= took + gone:
            yield f"access_removed is {counted} for the guard, {took} to {took + gone} were taken"

    def _taken(self) -> int:
        """Return how much the last run took: what goes with an assignment is not counted again."""
        left = {step.seat: step.after for step in self._last_steps}
        return sum(_lost(seat, self.doors_then.at(seat), hold) for seat, hold in left.items())

    def refuse(self) -> bool:
        """What the guard refuses writes nothing in any workspace."""
        before, sent = self.workspaces.doors(), len(self.workspaces.log)
        refused = super().refuse()
        if refused:
            assert len(self.workspaces.log) == sent
            assert self.workspaces.doors() == before
        return refused

    def limited(self, count: int) -> None:
        """A limit of ``access_removed`` refuses what takes more than that, and nothing else."""
        narrow = {"access_removed": {"count": count, "share": None}}
        self.configure("limits", NO_LIMITS | narrow)
        nothing = self.untouched()
        refused = self._refused_by()
        if refused is None:
            assert self._taken() <= count
        else:
            nothing()
            assert refused.keys() == {"access_removed"}
            assert refused["access_removed"] > count
        self.configure("limits", NO_LIMITS)

    def _refused_by(self) -> dict[str, int] | None:
        """Sync and return the limits that refuse that, with what they count."""
        try:
            self.sync_as_foretold()
        except RefusedError as error:
            return {one.limit: one.count for one in error.verdict.breaches}
        return None

    def untouched(self) -> Callable[[], None]:
        before, _, _, wishes = self.foretell()
        doors, sent = self.workspaces.doors(), len(self.workspaces.log) + len(self.target.log)

        def compare() -> None:
            assert len(self.workspaces.log) + len(self.target.log) == sent
            assert (self.target.scene(), self.workspaces.doors()) == (before, doors)
            self._missed(wishes)
            self.relink()

        return compare

    def expect_undo(self, before: Scene, done: Scene) -> Callable[[RunReport], None]:
        """Look at everything before a run is undone; what the run did in workspaces is as before, the rest as it is."""
        compare = super().expect_undo(before, done)
        then, did, found = self.doors_then, self.doors_done, self.workspaces.doors()
        untouched = self.target.scene() == done and found == did
        self._steps_mark = len(self.workspaces.steps)
        accounts = before.accounts.keys() & self.target.accounts.keys()

        def compare_all(undo: RunReport) -> None:
            compare(undo)
            none([f"not announced: {what}" for what in self.workspaces.unannounced])
            ends = self.workspaces.doors()
            none([*_undone_wrongly(then, did, found, ends)])
            ended = self._part(undo.targets).status is Status.SUCCEEDED
            if untouched and ended and self.config.policy.mode != "additive":
                none([*_left_over(then, did, ends, accounts & self.target.accounts.keys())])
            self._saw()

        return compare_all


def _lost(seat: Seat, was: Hold, is_: Hold) -> int:
    if seat[0] is not None and was.permission and not is_.permission:
        return 1
    lowered = was.permission is Permission.ADMIN and is_.permission is Permission.USER
    return lowered + len(was.entitlements - is_.entitlements)


def _undone_wrongly(then: Doors, did: Doors, found: Doors, ends: Doors) -> Iterator[str]:
    """Yield what an undo changed that the run had not, or somebody has since."""
    for seat in found.holds.keys() & ends.holds.keys():
        was, by_run, is_, end = (doors.at(seat) for doors in (then, did, found, ends))
        if is_.permission != end.permission and (
            by_run.permission != is_.permission or end.permission != was.permission
        ):
            yield f"{seat}: {was} became {by_run}, was {is_}, and now is {end}"
        out = is_.permission and not end.permission
        changed = was.entitlements ^ by_run.entitlements
        if not out and (is_.entitlements ^ end.entitlements) - changed:
            yield f"{seat}: of {was}, {by_run} and {is_}, {end} is left"


def _left_over(then: Doors, did: Doors, ends: Doors, accounts: set[str]) -> Iterator[str]:
    """Yield what an undo that nothing stood in the way of did not bring back."""
    for seat in then.holds.keys() | ends.holds.keys():
        was, by_run, end = (doors.at(seat) for doors in (then, did, ends))
        lost = was.permission and not by_run.permission  # and with it what others gave
        same = was.permission == end.permission and (lost or was.entitlements == end.entitlements)
        if seat[1] in accounts and not same:
            yield f"{seat}: {was} became {by_run}, and was not brought back: {end}"


_NOTHING_TAKEN = settings(
    limits=NO_LIMITS | {"access_removed": {"count": 0, "share": None}}
).policy.limits


def _settings(level: str, rules: Rules) -> Settings:
    if level == "workspace":
        entitlements = rules.get(None)
        own: dict[str, Any] = {
            "level": "workspace",
            "account_id": None,
            "entitlements": entitlements,
        }
        own["host"] = HOSTS[7]
    else:
        listed = [
            {"workspace_id": place, "host": HOSTS[place or 0], "assign": some}
            for place, some in rules.items()
        ]
        own = {"workspaces": listed}
    return settings(own={"account": own})


def _entitling(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules as the settings of a workspace have them, without permissions."""
    return [
        {"groups": one["groups"], "entitlements": one["entitlements"]}
        for one in some
        if one["entitlements"]
    ]


# --- what people do in the workspaces


def _seat(company: Entrances, event: ByHand) -> Seat | None:
    """Choose whoever has something already, or anybody."""
    holds = company.workspaces.doors().holds
    if (seats := sorted(holds, key=str)) and event.c % 3:
        return pick(seats, event.a)
    tids = sorted(
        company.target.groups if company.level == "workspace" else company.target.accounts
    )
    return (pick(company.places, event.c), pick(tids, event.a)) if tids else None


def hand_over(company: Entrances, event: ByHand) -> None:
    """Somebody gives, raises or takes a permission."""
    if seat := _seat(company, event):
        hold = company.workspaces.hold(seat)
        permission = pick([None, Permission.USER, Permission.ADMIN, Permission.ADMIN], event.b)
        company.workspaces.put(seat, permission, set(hold.entitlements))


def entitle(company: Entrances, event: ByHand) -> None:
    """Somebody gives an entitlement, or takes it."""
    if seat := _seat(company, event):
        hold = company.workspaces.hold(seat)
        entitlements = hold.entitlements ^ {pick([ALL, SQL, CLUSTER], event.b)}
        company.workspaces.put(seat, hold.permission, set(entitlements))


def take_all(company: Entrances, event: ByHand) -> None:
    """Somebody takes away what the sync gave."""
    if seats := sorted(company.workspaces.doors().holds, key=str):
        company.workspaces.put(pick(seats, event.a), None, set())


def found_local(company: Entrances, event: ByHand) -> None:
    """A workspace gets a group of its own, or loses it."""
    place = pick(company.places, event.c)
    if place is not None:
        company.workspaces.local[place] ^= {pick(["Data", "red", "Masse"], event.a)}


def rules(company: Entrances, event: ByHand) -> None:
    """Somebody writes other rules."""
    company.rule_workspace(pick(company.places, event.c), event.a)


BY_HAND: dict[str, Callable[[Entrances, ByHand], None]] = {
    one.__name__: one for one in (hand_over, entitle, take_all, found_local, rules)
}
