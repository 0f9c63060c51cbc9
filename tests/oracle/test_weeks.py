"""Weeks of random days, against a plain oracle of what the account must look like after each."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from aadsync_lib.model.run import Status
from tests.oracle import bans
from tests.oracle.compare import broken_off
from tests.oracle.days import Event, by_hand, events, rules
from tests.oracle.weeks import DAY, Company, none
from tests.unit.fakes import Fault

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
day = st.lists(events, min_size=1, max_size=5)


class Weeks(Company, RuleBasedStateMachine):
    """Each rule is a day: something happens, and somebody runs a sync."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Company.__init__(self)

    def teardown(self) -> None:
        self.close()

    # --- the days

    @initialize(rules=rules, events=st.lists(events, max_size=12))
    def begin(self, rules: dict[str, Any], events: list[Event]) -> None:
        for name, value in rules.items():
            self.configure(name, value)
        self.happen([Event("found", n, n + 1) for n in range(3)])
        self.happen([Event("hire", n, n) for n in range(5)])
        self.happen([Event("join", n, n + 2) for n in range(6)])
        self.happen(events)

    @rule(
        events=day,
        again=st.booleans(),
        full=st.booleans(),
        refused=st.sampled_from([False, False, False, True]),
    )
    def quiet(self, events: list[Event], again: bool, full: bool, refused: bool) -> None:
        """A run without trouble brings about exactly what the oracle says, and a second one nothing."""
        self.happen(events)
        if refused and self.skew < DAY:
            self.refuse()
        report = self.sync_as_foretold(full=full)
        if (
            again
            and self.skew < DAY
            and not self.target.behind
            and report.status is Status.SUCCEEDED
        ):
            sent = len(self.target.log)
            assert self.world.plan().empty
            assert self.sync_as_foretold().status is Status.SUCCEEDED
            assert len(self.target.log) == sent

    @rule(events=day, fault=st.sampled_from(list(Fault)), share=st.sampled_from([1, 2, 3]))
    def troubled(self, events: list[Event], fault: Fault, share: int) -> None:
        """What is refused, lost or cut off leaves everything as it was or as it should be."""
        self.happen(events)
        self.target.trouble, self.target.share = fault, share
        before, ledger_then, foretell, wishes = self.foretell()
        mark, self.target.hits = len(self.target.effects), 0
        killed = self.world.sync_until_killed()
        hit, self.target.trouble = self.target.hits > 0, None
        foretold = foretell()
        after = self.target.scene()
        self.settle(mark, foretold, wishes, ended=not killed, unanswered=hit)
        self.forbid(mark, foretold, ledger_then, before, wishes)
        none(broken_off(foretold, before, after))

    @rule(events=day, deaf=st.sets(st.integers(0, 9), min_size=1))
    def deafened(self, events: list[Event], deaf: set[int]) -> None:
        """What is answered and not done leaves everything as it was or as it should be, and is said when repeated."""
        self.happen(events)
        ids = sorted(self.target.accounts)
        self.target.deaf = {tid for n, tid in enumerate(ids) if n in deaf}
        before, ledger_then, foretell, wishes = self.foretell()
        mark = len(self.target.effects)
        report, foretold = self.sync(), foretell()
        again = set(self.target.unheard) & set(self.unheard)
        assert not again or report.status is not Status.SUCCEEDED, again
        none([*bans.untried(foretold, wishes, ledger_then, self.target, before)])
        self.settle(mark, foretold, wishes, ended=True, unanswered=False)
        self.forbid(mark, foretold, ledger_then, before, wishes)
        none(broken_off(foretold, before, self.target.scene()))
        self.target.deaf = set()

    @rule(
        events=day, chosen=st.sets(st.integers(0, 4), min_size=1), seen=st.sets(st.integers(0, 9))
    )
    def half_read(self, events: list[Event], chosen: set[int], seen: set[int]) -> None:
        """Of some groups only a part can be read: nobody loses anything by that."""
        self.happen(events)
        ids = self.tenant.ids()
        part = frozenset(ids[n] for n in seen if n < len(ids))
        self.tenant.unread = {
            gid: part for n, gid in enumerate(sorted(self.tenant.groups)) if n in chosen
        }
        self.sync_as_foretold()
        self.tenant.unread = {}

    @rule(events=day, since=st.lists(by_hand, max_size=2))
    def regretted(self, events: list[Event], since: list[Event]) -> None:
        """A run is undone: what it did is as before, and what somebody did since stays."""
        self.happen(events)
        before = self.target.scene()
        run = self.sync_as_foretold()
        done = self.target.scene()
        self.happen(since)
        compare = self.expect_undo(before, done)
        undo = self.world.runner().undo(run.run_id)
        self.world.clock.advance(1.0)
        compare(undo)


TestWeeks = Weeks.TestCase
TestWeeks.settings = hypothesis_settings(
    max_examples=hypothesis_settings.default.max_examples if SOAK else 50,
    stateful_step_count=40 if SOAK else 12,
)


def test_each_seed_of_a_soak_has_weeks_of_its_own() -> None:
    assert not hypothesis_settings.get_profile("soak").derandomize
