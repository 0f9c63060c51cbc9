"""Which credential holds, whether another one is made, and which ones go."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.connector.registration.credential import (
    DAY,
    RENEWED_BEFORE,
    Credential,
    Standing,
    decide,
)
from aadsync_lib.connector.registration.marks import Stored

NOW = 1_750_000_000.0
HERE, THERE = "0" * 16, "1" * 16
OURS = "aadsync:contoso"


def made(key: str, mark: str | None = None, days: float = 365, name: str = OURS) -> Credential:
    return Credential(key, name, mark or key[:3], NOW - DAY, NOW + days * DAY)


def found(*credentials, stored=(), content="", now=NOW) -> Standing:
    known = tuple(Stored(key, place) for key, place in stored)
    return Standing(credentials, known, HERE, OURS, content, now)


class TestNew:
    def test_the_first_one_is_made(self):
        decision = decide(found(), rotate=False)
        assert (decision.current, decision.reason) == (None, "there is none yet")

    def test_one_that_holds_is_kept(self):
        stored = found(made("abc"), stored=[("abc", HERE)], content="abc")
        decision = decide(stored, rotate=False)
        assert (decision.reason, decision.remove, decision.note) == (None, (), False)

    @pytest.mark.parametrize(("days", "new"), [(30, True), (30.01, False), (0, True), (-5, True)])
    def test_a_new_one_is_made_thirty_days_before_the_end(self, days, new):
        stored = found(made("abc", days=days), stored=[("abc", HERE)], content="abc")
        assert bool(decide(stored, rotate=False).reason) is new

    def test_another_place_needs_one_of_its_own(self):
        elsewhere = found(made("abc"), stored=[("abc", THERE)])
        decision = decide(elsewhere, rotate=False)
        assert decision.reason == "there is none yet"
        assert decision.remove == ()

    def test_what_somebody_stored_and_is_of_this_application_is_kept(self):
        by_hand = found(made("abc", name="by hand"), content="abc")
        assert decide(by_hand, rotate=False).reason is None

    def test_what_is_stored_and_of_another_application_is_replaced(self):
        stored = found(made("abc"), stored=[("abc", HERE)], content="xyz")
        decision = decide(stored, rotate=False)
        assert decision.reason == "what is stored there is none of this application"

    def test_a_stored_one_that_was_removed_in_entra_is_replaced(self):
        assert decide(found(stored=[("abc", HERE)], content="abc"), rotate=False).reason

    def test_a_place_that_may_not_be_read_is_taken_at_its_word(self):
        stored = found(made("abc"), stored=[("abc", HERE)], content=None)
        assert decide(stored, rotate=False).reason is None
        assert decide(found(made("abc"), content=None), rotate=False).reason


class TestUnknown:
    """Credentials whose answer was lost, or whose run died."""

    def test_one_that_nobody_has_is_removed(self):
        lost = made("xyz")
        decision = decide(
            found(made("abc"), lost, stored=[("abc", HERE)], content="abc"), rotate=False
        )
        assert (decision.reason, decision.remove) == (None, (lost,))

    def test_one_that_is_stored_and_only_not_noted_stays_and_is_noted(self):
        decision = decide(found(made("abc"), content="abc"), rotate=False)
        assert (decision.reason, decision.remove, decision.note) == (None, (), True)

    def test_those_of_others_stay(self):
        others = [made("xyz", name="by hand"), made("uvw", name="aadsync:other")]
        decision = decide(
            found(made("abc"), *others, stored=[("abc", HERE)], content="abc"), rotate=True
        )
        assert decision.remove == ()

    def test_where_the_place_may_not_be_read_a_new_one_comes_before_it_goes(self):
        lost = made("xyz")
        decision = decide(
            found(made("abc"), lost, stored=[("abc", HERE)], content=None), rotate=False
        )
        assert decision.reason == "a run before broke off, and what is stored may not be read"
        assert decision.remove == (lost,)


class TestRotation:
    def test_the_old_one_stays_until_the_next(self):
        stored = found(made("abc"), stored=[("abc", HERE)], content="abc")
        decision = decide(stored, rotate=True)
        assert (decision.reason, decision.remove) == ("asked for by --rotate", ())

    def test_the_one_before_goes_with_the_next(self):
        before = made("abc")
        stored = found(before, made("def"), stored=[("abc", HERE), ("def", HERE)], content="def")
        assert decide(stored, rotate=True).remove == (before,)
        assert decide(stored, rotate=False).remove == ()

    def test_those_of_other_places_stay(self):
        stored = found(
            made("abc"), made("def"), stored=[("abc", THERE), ("def", HERE)], content="def"
        )
        assert decide(stored, rotate=True).remove == ()

    def test_what_has_ended_goes_too(self):
        ended = made("abc", days=-1)
        stored = found(
            ended, made("def", days=10), stored=[("abc", THERE), ("def", HERE)], content="def"
        )
        assert decide(stored, rotate=False).remove == (ended,)


marks = st.sampled_from(["abc", "def", "ghi", "jkl"])
credentials = st.lists(
    st.builds(
        made, marks, days=st.floats(-100, 400), name=st.sampled_from([OURS, "by hand"])
    ),
    unique_by=lambda each: each.key_id,
    max_size=4,
)  # fmt: skip


@given(
    credentials,
    st.lists(st.tuples(marks, st.sampled_from([HERE, THERE])), unique_by=lambda s: s[0]),
    st.sampled_from([None, "", "abc", "def", "xyz"]),
    st.booleans(),
)
def test_what_logins_use_is_never_removed_and_a_second_run_makes_nothing(
    listed, stored, content, rotate
):
    standing = found(*listed, stored=stored, content=content)
    decision = decide(standing, rotate=rotate)
    assert decision.current not in decision.remove
    assert all(each.name == OURS for each in decision.remove)
    left = tuple(each for each in listed if each not in decision.remove)
    after = replace(standing, credentials=left)
    if decision.reason:
        new = made("new")
        after = replace(
            after,
            credentials=(*left, new),
            stored=(*standing.stored, Stored("new", HERE)),
            content=None if content is None else "new",
        )
    elif decision.note:
        after = replace(after, stored=(*standing.stored, Stored(decision.current.key_id, HERE)))
    again = decide(after, rotate=False)
    assert (again.reason, again.remove, again.note) == (None, (), False)


def test_the_margin_is_thirty_days():
    assert RENEWED_BEFORE == 30 * DAY
