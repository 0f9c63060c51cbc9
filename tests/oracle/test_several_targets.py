"""Weeks of random days of one sync with two targets, against the plain oracle, asked once for each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from aadsync_lib.config.scope import Scope
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.run import Status
from tests.oracle.days import Event, by_hand, events, numbers
from tests.oracle.doubles import ShutError
from tests.oracle.own_settings import CHOICES, FILE_EVENTS
from tests.oracle.sides import NAMES, REROOT_BOTH, Both, Placed
from tests.oracle.test_weeks import SOAK
from tests.oracle.weeks import DAY, none
from tests.unit.build import NO_LIMITS
from tests.unit.fakes import Fault

which = st.integers(0, 1)
of_the_file = st.builds(Event, st.sampled_from([*FILE_EVENTS, REROOT_BOTH]), numbers, numbers)
placed = st.builds(Placed, which, events | events | events | of_the_file)
day = st.lists(placed, min_size=1, max_size=6)
since = st.lists(st.builds(Placed, which, by_hand), max_size=2)
losses = st.builds(
    Event, st.sampled_from(["part", "move_out", "dissolve", "reroot"]), numbers, numbers
)
limits = st.just(set(NO_LIMITS)) | st.sets(st.sampled_from(sorted(NO_LIMITS)), min_size=1)
LINES = [*NAMES, "both", "Databricks"]
dark = st.sampled_from(LINES).map(lambda line: {line}) | st.sets(st.sampled_from(LINES))


def some_of(names: Iterable[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return some of these settings."""
    return st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(CHOICES[name]) for name in names}
    )


some_rules = some_of(CHOICES)
own_rules = some_rules | some_of(sorted(CHOICES.keys() - Scope.model_fields.keys()))
own_lines = st.tuples(st.integers(0, 4), st.integers(0, 4)) | st.sampled_from([(3, 3), (4, 4)])


class SeveralTargets(Both, RuleBasedStateMachine):
    """Each rule is a day: something happens, and somebody runs the sync."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Both.__init__(self)

    def teardown(self) -> None:
        self.close()

    @initialize(
        whole=some_rules,
        first=own_rules,
        second=own_rules,
        lines=own_lines,
        more=day,
    )
    def begin(
        self,
        whole: dict[str, Any],
        first: dict[str, Any],
        second: dict[str, Any],
        lines: tuple[int, int],
        more: list[Placed],
    ) -> None:
        for target, rules in zip((None, *NAMES), (whole, first, second), strict=True):
            for name, value in rules.items():
                self.configure(name, value, target)
        self.happen([Placed(n, Event("other_lines", 0, line)) for n, line in enumerate(lines)])
        self.happen([Placed(n % 2, Event("found", n, n + 1)) for n in range(4)])
        self.happen([Placed(0, Event(REROOT_BOTH, n)) for n in range(2)])
        self.happen([Placed(0, Event("hire", n, n)) for n in range(5)])
        self.happen([Placed(0, Event("join", n, n + 2)) for n in range(6)])
        self.happen(
            [Placed(0, Event("register")), *(Placed(0, Event("assign", n)) for n in (0, 5))]
        )
        self.happen(more)

    # --- the days

    @rule(events=day, again=st.booleans(), full=st.booleans())
    def quiet(self, events: list[Placed], again: bool, full: bool) -> None:
        """A run without trouble ends on each target as foretold for it, and a second one does nothing."""
        self.happen(events)
        report = self.sync_as_foretold(full=full)
        lags = any(side.target.behind for side in self.sides)
        if again and self.skew < DAY and not lags and report.status is Status.SUCCEEDED:
            sent = [len(side.target.log) for side in self.sides]
            assert self.world.plan().empty
            none([*self.source.twice()])
            assert self.sync_as_foretold().status is Status.SUCCEEDED
            assert [len(side.target.log) for side in self.sides] == sent

    @rule(events=day, where=which)
    def alone(self, events: list[Placed], where: int) -> None:
        """A run for one target ends there as foretold, and is none for the other."""
        self.happen(events)
        side, other = self.sides[where], self.sides[1 - where]
        compare, compare_other = side.expect(), other.untouched()
        everything, self.world.targets = self.world.targets, (side.target,)
        try:
            compare(self.sync())
        finally:
            self.world.targets = everything
        compare_other(False)

    @rule(events=day, where=which, lost=st.lists(losses, min_size=3, max_size=6), limits=limits)
    def refused(
        self, events: list[Placed], where: int, lost: list[Event], limits: set[str]
    ) -> None:
        """What the guard refuses on one target writes nothing on either, and counts as a read all the same."""
        self.happen(events)
        self.sync_as_foretold()
        self.happen([Placed(where, event) for event in lost])
        narrow = {name: {"count": 0, "share": None} for name in limits}
        self.configure("limits", narrow, NAMES[where])
        nothing = [side.untouched() for side in self.sides]
        ended = self.sync_unless_refused()
        if isinstance(ended, RefusedError):
            assert {one.target for one in ended.verdict.breaches} == {NAMES[where]}
            assert {one.limit for one in ended.verdict.breaches} <= limits
            for compare in nothing:
                compare(True)
        else:
            none([*self.sides[where].over(limits, ended)])
        self.configure("limits", None, NAMES[where])

    @rule(events=day, where=which, at=st.integers(0, 3))
    def shut(self, events: list[Placed], where: int, at: int) -> None:
        """A target that cannot be read stops the first write of all."""
        self.happen(events)
        nothing = [side.untouched() for side in self.sides]
        self.sides[where].target.shut_at = at
        try:
            self.sync_as_foretold()
        except ShutError:
            for compare in nothing:
                compare(False)
        self.open_doors()

    @rule(events=day, where=which, fault=st.sampled_from(Fault), share=st.sampled_from([1, 2, 3]))
    def troubled(self, events: list[Placed], where: int, fault: Fault, share: int) -> None:
        """What is refused, lost or cut off on one target is nothing to the other, unless the run dies."""
        self.happen(events)
        side, other = self.sides[where], self.sides[1 - where]
        side.target.trouble, side.target.share, side.target.hits = fault, share, 0
        compare = side.expect_trouble()
        full, done, nothing = other.expect(full=False), other.expect_trouble(), other.untouched()
        killed = self.world.sync_until_killed()
        none([*self.source.twice()])
        hit, side.target.trouble = side.target.hits > 0, None
        compare(not killed, hit)
        if not killed:
            full(self.world.report)
        elif other is self.sides[0]:  # which was done by then
            done(True, False)
        else:  # what earlier runs left open there is still open
            nothing(True)

    @rule(events=day, where=which, deaf=st.sets(st.integers(0, 9), min_size=1))
    def deafened(self, events: list[Placed], where: int, deaf: set[int]) -> None:
        """What one target answers and does not do is nothing to the other."""
        self.happen(events)
        side, other = self.sides[where], self.sides[1 - where]
        ids = sorted(side.target.accounts)
        side.target.deaf = {tid for n, tid in enumerate(ids) if n in deaf}
        compare, compare_other = side.expect_trouble(), other.expect()
        before = set(side.unheard)
        report = self.sync()
        again = set(side.target.unheard) & before
        assert not again or report.status is not Status.SUCCEEDED, again
        compare(True, False)
        compare_other(report)
        side.target.deaf = set()

    @rule(
        events=day,
        chosen=st.just(set()) | st.sets(st.integers(0, 4)),
        seen=st.sets(st.integers(0, 9)),
        dark=dark,
        lost=st.lists(st.builds(Placed, which, losses), min_size=2, max_size=5),
    )
    def half_read(
        self,
        events: list[Placed],
        chosen: set[int],
        seen: set[int],
        dark: set[str],
        lost: list[Placed],
    ) -> None:
        """Of some groups only a part can be read, and some lines not at all: nobody loses anything by that."""
        self.happen([*events, *lost])
        ids, gids = self.tenant.ids(), sorted(self.tenant.groups)
        part = frozenset(ids[n] for n in seen if n < len(ids))
        self.tenant.unread = {gid: part for n, gid in enumerate(gids) if n in chosen}
        self.dark = dark
        self.sync_as_foretold()
        self.tenant.unread, self.dark = {}, set()

    @rule(events=day, since=since)
    def regretted(self, events: list[Placed], since: list[Placed]) -> None:
        """A run is undone on both targets: what it did is as before, and what somebody did since stays."""
        self.happen(events)
        before = self.scenes()
        run = self.sync_as_foretold()
        done = self.scenes()
        self.happen(since)
        regrets = [
            side.expect_undo(*scenes)
            for side, *scenes in zip(self.sides, before, done, strict=True)
        ]
        undo = self.undo(run.run_id)
        for regret in regrets:
            regret(undo)


TestSeveralTargets = SeveralTargets.TestCase
TestSeveralTargets.settings = hypothesis_settings(
    max_examples=hypothesis_settings.default.max_examples if SOAK else 30,
    stateful_step_count=30 if SOAK else 8,
)
