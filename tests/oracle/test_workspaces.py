"""Weeks of random days of an account with workspaces, and of a workspace, against the plain oracle."""

from __future__ import annotations

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.oracle.days import Event
from tests.oracle.entrances import BY_HAND, ByHand, Entrances
from tests.oracle.test_weeks import SOAK, Weeks, day

numbers = st.integers(0, 20)
inside = st.builds(ByHand, st.sampled_from([*sorted(BY_HAND), "rules"]), numbers, numbers, numbers)
by_hand = st.lists(inside, min_size=1, max_size=4)
losses = st.builds(
    Event, st.sampled_from(["dissolve", "reroot", "assign", "rename", "found"]), numbers, numbers
)


class WorkspaceWeeks(Entrances, Weeks):
    """Each rule is a day, as in the weeks without workspaces, or something that people do in a workspace."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        Entrances.__init__(self)

    @initialize(first=st.integers(0, 5), second=numbers)
    def write_rules(self, first: int, second: int) -> None:
        for place, choice in zip(self.places, (first, second), strict=False):
            self.rule_workspace(place, choice)
        self.happen([Event("hire", 5, 1), Event("register"), *(Event("assign", n) for n in (0, 5))])

    @rule(inside=by_hand, events=day, full=st.booleans())
    def inside_too(self, inside: list[ByHand], events: list[Event], full: bool) -> None:
        """What somebody did in a workspace stays, unless it is against the rules and this sync's."""
        self.happen(events)
        self.happen_inside(inside)
        self.sync_as_foretold(full=full)

    @rule(inside=by_hand)
    def inside_alone(self, inside: list[ByHand]) -> None:
        """Somebody did something in a workspace, and the next run sees it."""
        self.happen_inside(inside)

    @rule(
        inside=by_hand,
        events=day,
        lost=st.lists(losses, min_size=2, max_size=5),
        count=st.integers(0, 3),
    )
    def limited_to(
        self, inside: list[ByHand], events: list[Event], lost: list[Event], count: int
    ) -> None:
        """What takes more away than the limit of it allows is refused, whole."""
        self.happen(events)
        self.sync_as_foretold()
        self.happen(lost)
        self.happen_inside(inside)
        self.limited(count)

    @rule(events=day, inside=by_hand, where=numbers, half=st.booleans())
    def unread(self, events: list[Event], inside: list[ByHand], where: int, half: bool) -> None:
        """In a workspace that cannot be read nobody gets or loses anything."""
        self.happen(events)
        self.happen_inside(inside)
        place = self.places[where % len(self.places)]
        trouble = self.workspaces.unreadable_scim if half else self.workspaces.unreadable
        trouble[place] = "503 for the test"
        self.sync_as_foretold()
        trouble.clear()


class OwnWorkspaceWeeks(WorkspaceWeeks):
    """Weeks of a target that is a workspace."""

    level = "workspace"


few = hypothesis_settings(
    max_examples=hypothesis_settings.default.max_examples if SOAK else 20,
    stateful_step_count=40 if SOAK else 8,
)
TestWorkspaceWeeks = WorkspaceWeeks.TestCase
TestWorkspaceWeeks.settings = few
TestOwnWorkspaceWeeks = OwnWorkspaceWeeks.TestCase
TestOwnWorkspaceWeeks.settings = few
