"""Weeks of a company and of a sync, and everything that is kept and compared behind the days."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, TypeVar

from aadsync_lib.config.policy import Capacity, Policy
from aadsync_lib.config.scope import Scope
from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.change import Action
from aadsync_lib.model.directory import Presence, Snapshot
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.model.run import Result, RunReport, Status, TargetReport
from tests.oracle import bans
from tests.oracle.compare import broken_off, differences
from tests.oracle.counts import miscounted
from tests.oracle.days import Event, Scenery
from tests.oracle.inline import one_thread
from tests.oracle.ledger import Pair, RunLog
from tests.oracle.oracle import Foretold, Time, foretell
from tests.oracle.other import OtherSync, ended_for_us
from tests.oracle.regret import Regret, remains, wrongs
from tests.oracle.tenant import Tenant, TenantSource
from tests.oracle.watched import Effect, Scene, WatchedTarget
from tests.oracle.wishes import Wishes, wish
from tests.unit.build import NO_LIMITS, settings
from tests.unit.world import World

DAY = 86_400.0
GONE = (Presence.DELETED, Presence.GONE)
P = TypeVar("P", TargetPlan, TargetReport)
NOTHING = {name: {"count": 0, "share": None} for name in NO_LIMITS}


def none(found: list[str]) -> None:
    assert not found, "\n".join(found)


class Company:
    """Entra, a target, the sync under test and another one, and what the oracle has to remember."""

    def __init__(self, config: Settings | None = None) -> None:
        self._stack = ExitStack()
        self._stack.enter_context(one_thread())
        self.tenant, self.target, self.ledger = Tenant(), WatchedTarget(), RunLog()
        self.world = self._stack.enter_context(
            World(None, self.target, config=config or settings())
        )
        self.world.source = TenantSource(self.tenant, self.tenant.read)
        self.other = OtherSync(self.world, self.tenant, self.target)
        self.target.announced = self._announced
        self.skew = self._skew_before = 0.0
        self._ran_at = self.now
        self.unheard: tuple[Effect, ...] = ()  # by the target, in the run before

    def close(self) -> None:
        self._stack.close()

    @property
    def config(self) -> Settings:
        """The settings that are in force for the target."""
        return self.world.settings

    @property
    def now(self) -> float:
        """What time it really is."""
        return self.world.clock.now() - self.skew

    def refuse(self) -> bool:
        """What the guard refuses writes nothing, and counts as a read all the same; return whether it did."""
        self.configure("limits", NOTHING)
        before, _, _, wishes = self.foretell()
        sent, refused = len(self.target.log), False
        try:
            self.sync_as_foretold()
        except RefusedError:
            refused = True
            assert len(self.target.log) == sent
            assert self.target.scene() == before
            self._missed(wishes)
            self.relink()
        self.configure("limits", NO_LIMITS)
        return refused

    def happen(self, events: list[Event]) -> None:
        """Let a day pass; what was wrong on the one before is over."""
        self.tenant.unseen = False
        self.target.behind.clear()
        self._skew_before = self.skew
        self._set_clock(0.0)
        before = self.target.scene()
        scenery = Scenery(
            tenant=self.tenant,
            target=self.target,
            configure=self.configure,
            advance=self.world.clock.advance,
            sync_other=self._sync_other,
            set_clock=self._set_clock,
            open=self._open,
        )
        for event in events:
            event.happen(scenery)
        self.ledger.touched(before, self.target.scene())
        self.relink()  # of what died unrecorded, somebody may have deleted what the target had

    def configure(self, name: str, value: Any) -> None:
        old = self.world.settings
        if name in Policy.model_fields:
            policy = Policy.model_validate(old.policy.model_dump() | {name: value})
            self.world.settings = old.model_copy(update={"policy": policy})
        elif name == "capacity":
            target = old.targets[0].model_copy(update={"capacity": Capacity(**value)})
            self.world.settings = old.model_copy(update={"targets": (target,)})
        elif name in Scope.model_fields:
            scope = old.scope.model_copy(update={name: value})
            self.world.settings = old.model_copy(update={"scope": scope})

    def _set_clock(self, skew: float) -> None:
        """Set the clock wrong by so much; the wrong year is not believed the first time."""
        if skew < DAY or self._skew_before < DAY:
            self.world.clock.set_wall(self.now + skew)
            self.skew = skew

    def _sync_other(self) -> None:
        before, in_scope = self.target.scene(), set(self.ledger.wished)
        self.other.sync()
        none([*ended_for_us(self.ledger, self.tenant, in_scope, before, self.target.scene())])

    def _open(self) -> set[str]:
        """Return the object ids of what was announced and never answered."""
        changes = [one.change for one in self.world.store.pending(self.target.name)]
        return {change.external_id for change in changes if change.external_id}

    def _creations(self) -> dict[str, str]:
        """Return, by object id, the names of whoever was to be made, and no answer came."""
        changes = (one.change for one in self.world.store.pending(self.target.name))
        return {c.external_id or "": c.name for c in changes if c.action.verb == "create"}

    def _announced(self, about: str) -> bool:
        changes = (one.change for one in self.world.store.pending(self.target.name))
        return any(about in (change.target_id, change.name) for change in changes)

    def read(self) -> Snapshot:
        """Return what today's read of Entra has for the target."""
        return self.tenant.read()

    def foretell(self) -> tuple[Scene, RunLog, Callable[[], Foretold], Wishes]:
        """Look at everything as it is before a run; what becomes of it is asked for after that.

        Whom listings leave out is known where somebody has looked them up.
        """
        then, asked, settings = self.ledger.copy(), self.target.asked, self.config
        scene = self.target.scene()
        wishes = wish(self.read(), settings.scope, settings.mapping)
        asked.clear()
        self.target.sought.clear()
        self._recorded = set(self.world.store.links(self.target.name).by_external)
        at_least = self._ran_at if self.skew > 0 else self.now
        time = Time(self.now, at_least, self.world.clock.now())

        def foretold() -> Foretold:
            behind = self.target.behind - asked - (self.target.sought & then.unsettled)
            return foretell(wishes, scene, then, settings, self.tenant, time, behind)

        return scene, then, foretold, wishes

    def sync(self, *, full: bool = True) -> RunReport:
        try:
            return self.world.runner().sync(full=full)
        finally:
            self.world.clock.advance(1.0)

    def sync_as_foretold(self, *, full: bool = True) -> RunReport:
        """Sync and compare; what failed before may wait, unless the run is a full one."""
        compare = self.expect(full=full)
        report = self.sync(full=full)
        compare(report)
        return report

    def expect(self, *, full: bool = True) -> Callable[[RunReport], None]:
        """Look at everything as it is before a run; what is returned compares it with how the run ended."""
        before, ledger_then, foretell, wishes = self.foretell()
        mark, waits = len(self.target.effects), self.world.store.retries(self.target.name)

        def compare(report: RunReport) -> None:
            foretold, ended = foretell(), self._part(report.targets)
            self._excuse(ended, foretold)
            after = self.target.scene()
            none([*bans.untried(foretold, wishes, ledger_then, self.target, before)])
            if all(one.result is Result.DONE for one in ended.outcomes):
                assert report.plan
                own = replace(report.plan, targets=(self._part(report.plan.targets),))
                none([*miscounted(own, wishes, foretold, ledger_then, before, after)])
            self.settle(mark, foretold, wishes, ended=True, unanswered=False)
            self.forbid(mark, foretold, ledger_then, before, wishes)
            compare = broken_off if waits and not full else differences
            none(compare(foretold, before, after))

        return compare

    def expect_undo(self, before: Scene, done: Scene) -> Callable[[RunReport], None]:
        """Look at everything before a run is undone that went from one scene to another; what is returned compares."""
        found, mark, then = self.target.scene(), len(self.target.effects), self.ledger.copy()

        def compare(undo: RunReport) -> None:
            effects = self.target.effects[mark:]
            regret = Regret(before, done, found, self.target.scene())
            self.ledger.saw(effects, set(), unanswered=False)
            made = {one.id for one in effects if one.verb == "create"}
            ours = set(self.ledger.owners)
            self.ledger.blurred |= {(gid, tid) for gid in made for tid in self.target.accounts}
            self.relink()
            given_up = ours - self.ledger.owners.keys()  # nobody remembers where they were
            self.ledger.blurred |= {(g, tid) for g in self.target.groups for tid in given_up}
            none([*wrongs(regret), *bans.touched_by_undo(then, found, effects)])
            none([f"not announced: {what}" for what in self.target.unannounced])
            additive = self.config.policy.mode == "additive"  # then nothing is taken back
            ended = self._part(undo.targets).status is Status.SUCCEEDED
            if regret.untouched and ended and not additive:
                none([*remains(regret)])

        return compare

    def _part(self, parts: Iterable[P]) -> P:
        return next(part for part in parts if part.target == self.target.name)

    def _excuse(self, ended: TargetReport, foretold: Foretold) -> None:
        """Groups that are not ours to take apart can make a nesting impossible, and unlisted ones a name."""
        excuses = ["cycle", "deep", "was not added to"]
        unlisted = ["already exists", "not made on the target", "waits for"]
        excuses += unlisted if self.target.behind else []
        excuses += self.further_excuses()
        for outcome in ended.outcomes if self.target.behind else ():
            if outcome.change.action.verb == "create" and outcome.result is not Result.DONE:
                self._stays(foretold.matches.get(outcome.change.external_id or ""), foretold)
        self._broken_circle(ended, foretold)
        for outcome in ended.failed:
            assert any(excuse in str(outcome.error) for excuse in excuses), outcome
            change = outcome.change
            fate = foretold.presences.get(change.target_id or change.external_id or "")
            for member in change.members if fate else ():
                assert fate
                member_ids = {member.target_id or "", member.external_id or ""}
                fate.must -= member_ids
                fate.may |= member_ids if change.action is Action.REMOVE_MEMBERS else set()

    def further_excuses(self) -> list[str]:
        """Return what else may stand in the message of a change that failed."""
        return []

    def _broken_circle(self, ended: TargetReport, foretold: Foretold) -> None:
        """Let groups that take each other's names stop half-way, where an unlisted one has the last name."""
        renames = [o for o in ended.outcomes if o.change.action is Action.RENAME_GROUP]
        failed = any(
            o.result is Result.FAILED and "already exists" in str(o.error) for o in renames
        )
        for outcome in renames if failed and self.target.behind else ():
            fate, change = foretold.presences[outcome.change.target_id or ""], outcome.change
            if outcome.result is Result.DONE and change.after and change.after.display_name:
                fate.names.add(change.after.display_name)

    def _stays(self, tid: str | None, foretold: Foretold) -> None:
        """Let whoever was not made anew stay what they were."""
        if account := self.target.scene().accounts.get(tid or ""):
            fate = foretold.presences[account.id]
            fate.display.add(account.display_name)
            fate.active.add(account.active)

    def settle(
        self, mark: int, foretold: Foretold, wishes: Wishes, *, ended: bool, unanswered: bool
    ) -> None:
        scene, ledger = self.target.scene(), self.ledger
        self.old_links = dict(ledger.links)
        again = {tid for oid, tid in foretold.adopts.items() if oid in ledger.links}
        ledger.blurred |= {(gid, tid) for gid in again for tid in scene.accounts}
        owners, adopts = ledger.owners, foretold.adopts.items()
        taken = {tid for oid, tid in adopts if owners.get(tid, oid) != oid}  # from whose it was
        ledger.blurred |= {(gid, tid) for gid in scene.groups for tid in taken}
        ledger.disown(set(foretold.adopts.values()))
        unanswered |= not ended
        ledger.saw(self.target.effects[mark:], self.target.tried, unanswered=unanswered)
        self._note_unheard(scene)
        ledger.mistaken(self.target.behind, self._creations(), scene)
        self.target.tried.clear()
        self.target.touched.clear()
        self.relink()
        self._missed(wishes)
        if ended:
            ledger.settled(wishes, *self._wanted(foretold, wishes, scene), scene)
            ledger.renamed(self.tenant.names)

    def _note_unheard(self, scene: Scene) -> None:
        policy, self.unheard = self.config.policy, tuple(self.target.unheard)
        looks, removals = policy.drift == "report", policy.members == "managed"
        self.ledger.unheard(self.unheard, scene, looks=looks, removals=removals)
        self.target.unheard.clear()

    def relink(self) -> None:
        store = self.world.store
        open_ = [one.change for one in store.pending(self.target.name)]
        adopting = {c.external_id: c.target_id for c in open_ if c.action.verb == "adopt"}
        self.ledger.ending = {c.target_id or "" for c in open_ if c.action.verb == "delete"}
        links = store.links(self.target.name).by_external.values()
        self.ledger.shared = dict(self.other.shared())
        scene, behind = self.target.scene(), self.target.behind
        self.ledger.relink(links, adopting, scene, self.tenant.names, behind)

    def _missed(self, wishes: Wishes) -> None:
        self._ran_at = self.now
        gone = [oid for oid in self.ledger.links if self.tenant.presence(oid) in GONE]
        mirrors = self.config.policy.mode == "mirror"
        self.ledger.missed(wishes, gone if mirrors else (), self.now, self._sure_since())

    def _sure_since(self) -> set[str]:
        """Return of whom a run notes that they are missing: who is linked, by a clock that is believed."""
        return self._recorded if self.skew <= 0 else set()

    def _wanted(
        self, foretold: Foretold, wishes: Wishes, scene: Scene
    ) -> tuple[set[Pair], set[str]]:
        """Return the memberships that Entra wants, by ids on the target, and the groups in doubt."""
        place = {one.external_id: tid for tid, one in scene.accounts.items() if one.external_id}
        place |= {oid: tid for oid, tid in foretold.matches.items() if tid}
        wanted = {
            (place.get(gid, gid), place.get(member, member))
            for gid, members in foretold.wanted.items()
            for member in members
        }
        unread = {place.get(one.id, one.id) for one in wishes.all.values() if one.unread}
        unread |= foretold.protected  # nobody looks into them
        if not wishes.complete:
            unread |= scene.groups.keys() - {place.get(gid, gid) for gid in foretold.wanted}
        return wanted, unread

    def forbid(
        self, mark: int, foretold: Foretold, then: RunLog, before: Scene, wishes: Wishes
    ) -> None:
        after, effects = self.target.scene(), self.target.effects[mark:]
        config = self.config
        found = [
            *(f"not announced: {what}" for what in self.target.unannounced),
            *bans.strangers_touched(foretold, then, before, after, effects),
            *bans.protected_touched(foretold, before, after),
            *bans.access_lost(self.tenant, config, foretold, then, self.ledger, before, after),
            *bans.duplicates(then, self.ledger, before, after, self.target.behind),
            *bans.too_early(then, config, self.tenant, wishes, effects, self.now),
            *bans.wrong_links(foretold, self.old_links, self.ledger, before, after),
        ]
        none(found)
