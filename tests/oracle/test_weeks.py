"""Weeks of random days, against a plain oracle of what the account must look like after each."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from aadsync_lib.config.policy import Capacity, Policy
from aadsync_lib.config.scope import Scope
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import RunReport, Status
from tests.oracle import bans
from tests.oracle.compare import broken_off, differences
from tests.oracle.days import Event, Scenery, by_hand, events, pick, rules
from tests.oracle.inline import one_thread
from tests.oracle.ledger import Pair, RunLog
from tests.oracle.oracle import Foretold, foretell
from tests.oracle.regret import Regret, remains, wrongs
from tests.oracle.tenant import Tenant, TenantSource
from tests.oracle.watched import Scene, WatchedTarget
from tests.oracle.wishes import Wishes, wish
from tests.unit.build import NO_LIMITS, settings
from tests.unit.fakes import Fault
from tests.unit.world import World

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
day = st.lists(events, min_size=1, max_size=5)
NOTHING = {name: {"count": 0, "share": None} for name in NO_LIMITS}


def none(found: list[str]) -> None:
    assert not found, "\n".join(found)


class Weeks(RuleBasedStateMachine):
    """Each rule is a day: something happens, and somebody runs a sync."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._stack.enter_context(one_thread())
        self.tenant, self.target, self.ledger = Tenant(), WatchedTarget(), RunLog()
        self.world = self._stack.enter_context(World(None, self.target, config=settings()))
        self.world.source = TenantSource(self.tenant)
        self.target.announced = self._announced

    def teardown(self) -> None:
        self._stack.close()

    # --- the days

    @initialize(rules=rules, events=st.lists(events, max_size=12))
    def begin(self, rules: dict[str, Any], events: list[Event]) -> None:
        for name, value in rules.items():
            self._configure(name, value)
        self._happen([Event("found", n, n + 1) for n in range(3)])
        self._happen([Event("hire", n, n) for n in range(5)])
        self._happen([Event("join", n, n + 2) for n in range(6)])
        self._happen(events)

    @rule(
        events=day,
        again=st.booleans(),
        full=st.booleans(),
        refused=st.sampled_from([False, False, False, True]),
    )
    def quiet(self, events: list[Event], again: bool, full: bool, refused: bool) -> None:
        """A run without trouble brings about exactly what the oracle says, and a second one nothing."""
        self._happen(events)
        if refused:
            self._refuse()
        report = self._sync_as_foretold(full=full)
        if again and report.status is Status.SUCCEEDED:
            sent = len(self.target.log)
            assert self.world.plan().empty
            assert self._sync_as_foretold().status is Status.SUCCEEDED
            assert len(self.target.log) == sent

    @rule(events=day, fault=st.sampled_from(list(Fault)), share=st.sampled_from([1, 2, 3]))
    def troubled(self, events: list[Event], fault: Fault, share: int) -> None:
        """What is refused, lost or cut off leaves everything as it was or as it should be."""
        self._happen(events)
        self.target.trouble, self.target.share = fault, share
        before, ledger_then, foretold, wishes = self._foretell()
        mark, self.target.hits = len(self.target.effects), 0
        killed = self.world.sync_until_killed()
        hit, self.target.trouble = self.target.hits > 0, None
        after = self.target.scene()
        self._settle(mark, foretold, wishes, ended=not killed, unanswered=hit)
        self._forbid(mark, foretold, ledger_then, before, wishes)
        none(broken_off(foretold, before, after))

    @rule(
        events=day, chosen=st.sets(st.integers(0, 4), min_size=1), seen=st.sets(st.integers(0, 9))
    )
    def half_read(self, events: list[Event], chosen: set[int], seen: set[int]) -> None:
        """Of some groups only a part can be read: nobody loses anything by that."""
        self._happen(events)
        ids = self.tenant.ids()
        part = frozenset(ids[n] for n in seen if n < len(ids))
        self.tenant.unread = {
            gid: part for n, gid in enumerate(sorted(self.tenant.groups)) if n in chosen
        }
        self._sync_as_foretold()
        self.tenant.unread = {}

    @rule(events=day, since=st.lists(by_hand, max_size=2))
    def regretted(self, events: list[Event], since: list[Event]) -> None:
        """A run is undone: what it did is as before, and what somebody did since stays."""
        self._happen(events)
        before = self.target.scene()
        run = self._sync_as_foretold()
        done = self.target.scene()
        self._happen(since)
        found, mark, then = self.target.scene(), len(self.target.effects), self.ledger.copy()
        undo = self.world.runner().undo(run.run_id)
        self.world.clock.advance(1.0)
        effects = self.target.effects[mark:]
        regret = Regret(before, done, found, self.target.scene())
        self.ledger.saw(effects, set(), unanswered=False)
        made = {one.id for one in effects if one.verb == "create"}
        self.ledger.blurred |= {(gid, tid) for gid in made for tid in self.target.accounts}
        self._relink()
        none([*wrongs(regret), *bans.touched_by_undo(then, found, effects)])
        none([f"not announced: {what}" for what in self.target.unannounced])
        additive = self.world.settings.policy.mode == "additive"  # then nothing is taken back
        if regret.untouched and undo.status is Status.SUCCEEDED and not additive:
            none([*remains(regret)])

    # --- behind them

    def _refuse(self) -> None:
        """What the guard refuses writes nothing, and counts as a read all the same."""
        self._configure("limits", NOTHING)
        before, _, _, wishes = self._foretell()
        sent = len(self.target.log)
        try:
            self._sync_as_foretold()
        except RefusedError:
            assert len(self.target.log) == sent
            assert self.target.scene() == before
            self._missed(wishes)
            self._relink()
        self._configure("limits", NO_LIMITS)

    def _happen(self, events: list[Event]) -> None:
        self.tenant.unseen = False
        before = self.target.scene()
        scenery = Scenery(
            tenant=self.tenant,
            target=self.target,
            configure=self._configure,
            advance=self.world.clock.advance,
            share=self._share,
            open=self._open,
        )
        for event in events:
            event.happen(scenery)
        self.ledger.touched(before, self.target.scene())
        self._relink()  # of what died unrecorded, somebody may have deleted what the target had

    def _configure(self, name: str, value: Any) -> None:
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

    def _share(self, index: int) -> None:
        """Let another sync of the store have an object that is not ours."""
        ours = self.ledger.owners.keys() | self.ledger.former | self.ledger.shared
        if free := sorted(self.target.accounts.keys() - ours):
            one = self.target.accounts[pick(free, index)]
            link = Link(one.kind, f"x{one.id}", one.id, Origin.CREATED, one.name)
            with closing(self.world.store_of("fabrikam")) as other:
                other.settle("account", {}, linked=[link])
            self.ledger.shared.add(one.id)

    def _open(self) -> set[str]:
        """Return the names and object ids of what was announced and never answered."""
        changes = [one.change for one in self.world.store.pending("account")]
        return {name for one in changes for name in (one.name, one.external_id) if name}

    def _announced(self, about: str) -> bool:
        changes = (one.change for one in self.world.store.pending("account"))
        return any(about in (change.target_id, change.name) for change in changes)

    def _foretell(self) -> tuple[Scene, RunLog, Foretold, Wishes]:
        scene, wishes = self.target.scene(), wish(self.tenant.read(), self.world.settings.scope)
        foretold = foretell(
            wishes,
            scene,
            self.ledger,
            self.world.settings,
            self.world.clock.now(),
            unseen=self.tenant.unseen,
        )
        return scene, self.ledger.copy(), foretold, wishes

    def _sync_as_foretold(self, *, full: bool = True) -> RunReport:
        """Sync and compare; what failed before may wait, unless the run is a full one."""
        before, ledger_then, foretold, wishes = self._foretell()
        mark, waits = len(self.target.effects), self.world.store.retries("account")
        try:
            report = self.world.runner().sync(full=full)
        finally:
            self.world.clock.advance(1.0)
        self._excuse(report, foretold)
        after = self.target.scene()
        self._settle(mark, foretold, wishes, ended=True, unanswered=False)
        self._forbid(mark, foretold, ledger_then, before, wishes)
        compare = broken_off if waits and not full else differences
        none(compare(foretold, before, after))
        return report

    def _excuse(self, report: RunReport, foretold: Foretold) -> None:
        """Groups that are not ours to take apart can make a nesting impossible."""
        for outcome in report.targets[0].failed:
            assert "cycle" in str(outcome.error) or "deep" in str(outcome.error), outcome
            change = outcome.change
            fate = foretold.presences[change.target_id or change.external_id or ""]
            for member in change.members:
                fate.must -= {member.target_id or "", member.external_id or ""}

    def _settle(
        self, mark: int, foretold: Foretold, wishes: Wishes, *, ended: bool, unanswered: bool
    ) -> None:
        scene, ledger = self.target.scene(), self.ledger
        self.old_links = dict(ledger.links)
        again = {tid for oid, tid in foretold.adopts.items() if oid in ledger.links}
        ledger.blurred |= {(gid, tid) for gid in again for tid in scene.accounts}
        ledger.disown(set(foretold.adopts.values()))
        unanswered |= not ended
        ledger.saw(self.target.effects[mark:], self.target.tried, unanswered=unanswered)
        self.target.tried.clear()
        self._relink()
        self._missed(wishes)
        if ended:
            ledger.settled(wishes, *self._wanted(foretold, wishes, scene), scene)

    def _relink(self) -> None:
        store = self.world.store
        open_ = [one.change for one in store.pending("account")]
        adopting = {c.external_id: c.target_id for c in open_ if c.action.verb == "adopt"}
        links = store.links("account").by_external.values()
        self.ledger.relink(links, adopting, self.target.scene())

    def _missed(self, wishes: Wishes) -> None:
        if wishes.complete:
            in_scope = set(wishes.all) | wishes.nameless
            self.ledger.missed(in_scope, self.world.clock.now() - 1.0)

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

    def _forbid(
        self, mark: int, foretold: Foretold, then: RunLog, before: Scene, wishes: Wishes
    ) -> None:
        after, effects = self.target.scene(), self.target.effects[mark:]
        now = self.world.clock.now() - 1.0
        in_scope = set(wishes.all) | wishes.nameless
        config = self.world.settings
        found = [
            *(f"not announced: {what}" for what in self.target.unannounced),
            *bans.strangers_touched(foretold, then, before, after, effects),
            *bans.protected_touched(foretold, before, after),
            *bans.access_lost(self.tenant, config, foretold, then, self.ledger, before, after),
            *bans.duplicates(then, self.ledger, before, after),
            *bans.too_early(then, config, in_scope, effects, now),
            *bans.wrong_links(foretold, self.old_links, self.ledger, before, after),
        ]
        none(found)


TestWeeks = Weeks.TestCase
TestWeeks.settings = hypothesis_settings(
    max_examples=hypothesis_settings.default.max_examples if SOAK else 75,
    stateful_step_count=40 if SOAK else 12,
)
