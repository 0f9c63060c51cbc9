"""Paths through groups, and what the scope makes of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.model.directory import DirectoryMatch, GroupAbove, Snapshot
from aadsync_lib.model.explanation import EdgeOutcome, Path, Paths, Step
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.reconcile.explain import UNSEEN, Explained
from aadsync_lib.reconcile.paths import TRIED, shortest_down, ways_up
from tests.unit.build import directory, group, guest, service, settings, user

ADA, BOB = user("ada"), user("bob")


def explained(snapshot: Snapshot, *sightings: DirectoryMatch, **scope: object) -> Explained:
    chosen = settings(scope=scope)
    desired = desire(snapshot, chosen.scope, chosen.mapping)
    return Explained(snapshot, chosen.scope, desired, sightings)


def drawn(paths: Paths) -> list[str]:
    """Every path as one line: ``a > b > `` with marks for what is not kept."""
    mark = {EdgeOutcome.KEPT: ">", EdgeOutcome.FLATTENED: "^", EdgeOutcome.DROPPED: "x"}
    return [" ".join(f"{s.name} {mark[s.fate]}" for s in path.steps) for path in paths.listed]


def reasons(paths: Paths) -> list[str | None]:
    return [step.reason for path in paths.listed for step in path.steps]


class TestWays:
    def test_every_way_is_found_the_shortest_first(self):
        parents = {"u": "ab", "a": "r", "b": "a", "r": ""}
        ways, whole = ways_up("u", "r".__eq__, lambda n: parents[n])
        assert ways == (("r", "a"), ("r", "a", "b"))
        assert whole

    def test_a_cycle_is_gone_round_once(self):
        parents = {"u": "a", "a": "b", "b": "a"}
        assert ways_up("u", "a".__eq__, lambda n: parents[n]) == ((("a",),), True)
        assert ways_up("u", "b".__eq__, lambda n: parents[n]) == ((("b", "a"),), True)

    def test_whoever_is_nowhere_has_no_way(self):
        assert ways_up("u", "r".__eq__, lambda _: ()) == ((), True)

    def test_too_many_ways_end_and_say_so(self):
        def parents(node):  # two to the power of thirty ways
            level = int(node[1:])
            return [] if level == 30 else [f"{side}{level + 1}" for side in "ab"]

        ways, whole = ways_up("a0", "a5".__eq__, parents)
        assert len(ways) == 16
        assert whole  # nothing leads on from the end
        ways, whole = ways_up("a0", lambda n: n.endswith("5") or n == "a30", parents)
        assert not whole
        assert 0 < len(ways) <= TRIED

    @given(st.dictionaries(st.sampled_from("abcde"), st.sets(st.sampled_from("abcdeu"))))
    def test_they_are_the_simple_paths_of_the_graph(self, members):
        def parents(node):
            return [gid for gid, its in members.items() if node in its]

        ways, whole = ways_up("u", lambda n: n in "ab", parents)
        assert whole
        assert len(set(ways)) == len(ways)
        assert sorted(ways, key=len) == list(ways)
        for way in ways:
            assert way[0] in "ab"
            assert len(set(way)) == len(way)
            assert all(low in members[high] for high, low in pairwise((*way, "u")))
        assert set(ways) == set(_naive(members, "u", ()))

    @given(st.dictionaries(st.sampled_from("abcde"), st.sets(st.sampled_from("abcdeu"))))
    def test_the_shortest_way_down_is_as_short_as_the_shortest_way_up(self, members):
        down = shortest_down("a", lambda gid: members.get(gid, ()))
        up, _ = ways_up("u", "a".__eq__, lambda n: [g for g, its in members.items() if n in its])
        assert ("u" in down) == bool(up)
        if up:
            assert len(down["u"]) == len(up[0])
        assert "a" not in down


def _naive(members, node, seen):
    for gid, its in members.items():
        if node in its and gid not in seen and gid != "u":
            if gid in "ab":
                yield (gid, *seen)
            yield from _naive(members, gid, (gid, *seen))


class TestPaths:
    def test_each_way_from_the_groups_of_the_scope_is_told(self):
        snapshot = directory(
            ADA, group("R", ["g-a", "g-b"]), group("A", [ADA]), group("B", [ADA]), roots=["R"]
        )
        assert drawn(explained(snapshot).paths(ADA.id)) == ["R > A >", "R > B >"]

    def test_a_path_within_a_longer_one_is_not_told_twice(self):
        snapshot = directory(ADA, group("R", ["g-a"]), group("A", [ADA]))
        (path,) = explained(snapshot).paths(ADA.id).listed
        assert path == Path((Step("g-r", "R", root=True), Step("g-a", "A", root=True)))
        assert path.kept

    def test_a_path_may_start_at_any_group(self):
        snapshot = directory(ADA, group("R", ["g-a"]), group("A", [ADA]), roots=["R"])
        found = explained(snapshot)
        assert drawn(found.paths(ADA.id, "g-a")) == ["A >"]
        assert drawn(found.paths("g-a", "g-r")) == ["R >"]
        assert found.paths(ADA.id, "g-elsewhere") == Paths()

    def test_more_paths_than_fit_are_counted(self):
        teams = [group(f"T{n:02}", [ADA]) for n in range(60)]
        snapshot = directory(ADA, *teams)
        found = explained(snapshot).paths(ADA.id)
        assert (len(found.listed), found.more, found.all) == (50, 10, True)

    def test_an_edge_that_closes_a_cycle_is_lifted(self):
        snapshot = directory(ADA, group("A", ["g-b"]), group("B", ["g-a", ADA]), roots=["A"])
        found = explained(snapshot)
        assert drawn(found.paths("g-a", "g-b")) == ["B ^"]
        assert "cycle" in found.judge("g-b", "g-a")[1]
        assert drawn(found.paths(ADA.id)) == ["A > B >"]

    def test_a_level_too_deep_is_lifted_and_says_so(self):
        snapshot = directory(
            ADA, group("A", ["g-b"]), group("B", ["g-c"]), group("C", [ADA]), roots=["A"]
        )
        found = explained(snapshot, max_depth=2).paths(ADA.id)
        assert drawn(found) == ["A > B ^ C >"]
        assert "deeper than scope.max_depth, 2" in reasons(found)[1]
        assert found.listed[0].kept

    def test_what_is_below_a_level_too_deep_is_lifted_as_well(self):
        chain = [group(f"L{n}", [f"g-l{n + 1}"]) for n in range(4)]
        snapshot = directory(ADA, *chain, group("L4", [ADA]), roots=["L0"])
        found = explained(snapshot, max_depth=2).paths(ADA.id)
        assert drawn(found) == ["L0 > L1 ^ L2 ^ L3 ^ L4 >"]

    def test_flattening_lifts_every_nested_group(self):
        snapshot = directory(ADA, group("R", ["g-a"]), group("A", [ADA]), roots=["R"])
        found = explained(snapshot, nested="flatten").paths(ADA.id)
        assert drawn(found) == ["R ^ A >"]
        assert "scope.nested is flatten" in reasons(found)[0]

    def test_direct_cuts_every_nested_group_which_only_the_sighting_shows(self):
        above = (
            GroupAbove("g-a", "A", parents=frozenset({"g-r"})),
            GroupAbove("g-r", "R"),
        )
        seen = sighting(ADA.id, {"g-a"}, above)
        snapshot = directory(group("R"), roots=["R"])
        found = explained(snapshot, seen, nested="direct")
        assert drawn(found.paths(ADA.id)) == ["R x A x"]
        assert reasons(found.paths(ADA.id)) == [
            "is a nested group, and scope.nested is direct",
            "the group is not in scope",
        ]
        assert not found.paths(ADA.id).listed[0].kept
        assert found.beyond(ADA.id) == ("A",)

    def test_direct_cuts_a_nested_group_that_is_in_scope_by_itself(self):
        snapshot = directory(ADA, group("R", ["g-a"]), group("A", [ADA]))
        found = explained(snapshot, nested="direct")
        assert found.judge("g-r", "g-a")[0] is EdgeOutcome.DROPPED

    def test_a_nested_group_of_another_kind_is_cut(self):
        above = (
            GroupAbove("g-m", "M", security_enabled=False, parents=frozenset({"g-r"})),
            GroupAbove("g-r", "R"),
        )
        seen = sighting(ADA.id, {"g-m"}, above)
        found = explained(directory(group("R")), seen)
        assert "scope.groups_of_kind is security" in found.judge("g-r", "g-m")[1]
        everything = explained(directory(group("R")), seen, groups_of_kind="all")
        assert everything.judge("g-r", "g-m") == (EdgeOutcome.DROPPED, UNSEEN)

    def test_a_guest_is_cut_by_the_setting_that_leaves_guests_out(self):
        eve = guest("eve")
        found = explained(directory(eve, group("R", [eve])), guests=False)
        assert found.judge("g-r", eve.id) == (
            EdgeOutcome.DROPPED,
            "is a guest, and scope.guests is false",
        )

    def test_a_clause_that_does_not_hold_is_named(self):
        clause = {"attribute": "userPrincipalName", "operator": "starts_with", "value": "b"}
        found = explained(directory(ADA, group("R", [ADA])), users=[[clause]])
        assert "userPrincipalName starts_with 'b' does not hold" in found.judge("g-r", ADA.id)[1]

    def test_somebody_without_a_name_is_cut_with_the_reason_of_the_quarantine(self):
        eve = guest("eve", mail=None)
        found = explained(directory(eve, group("R", [eve])))
        assert "has no mail" in found.judge("g-r", eve.id)[1]

    def test_two_of_one_name_are_members_all_the_same(self):
        other = user("ada2", user_principal_name="ADA@contoso.com")
        found = explained(directory(ADA, other, group("R", [ADA, other])))
        assert found.judge("g-r", ADA.id) == (EdgeOutcome.KEPT, None)
        assert "two Entra users" in found.outside(ADA.id)

    def test_a_service_principal_is_cut_where_the_scope_leaves_them_out(self):
        bot = service("bot")
        seen = sighting(bot.id, {"g-r"}, (GroupAbove("g-r", "R"),), Kind.SERVICE_PRINCIPAL)
        found = explained(directory(group("R")), seen, service_principals=False)
        assert "scope.service_principals is false" in found.judge("g-r", bot.id)[1]
        allowed = explained(directory(group("R")), seen)
        assert allowed.judge("g-r", bot.id) == (EdgeOutcome.DROPPED, UNSEEN)

    def test_a_group_that_was_not_read_in_full_says_so_on_its_memberships(self):
        snapshot = directory(
            ADA, group("R", [ADA, "u-x", "g-a"], unread="503"), group("A", [ADA]), roots=["R"]
        )
        found = explained(snapshot)
        for member in (ADA.id, "g-a"):
            fate, reason = found.judge("g-r", member)
            assert fate is EdgeOutcome.KEPT
            assert "could not be read in full" in reason
        fate, reason = found.judge("g-r", "u-x")
        assert fate is EdgeOutcome.DROPPED
        assert "503" in reason

    def test_a_group_out_of_scope_keeps_nothing(self):
        found = explained(
            directory(ADA, group("R")), sighting(ADA.id, {"g-o"}, (GroupAbove("g-o", "O"),))
        )
        assert found.judge("g-o", ADA.id) == (EdgeOutcome.DROPPED, "the group is not in scope")
        assert drawn(found.paths(ADA.id, "g-o")) == ["O x"]


class TestNames:
    def test_a_group_is_found_by_name_or_id_in_scope_or_not(self):
        seen = sighting(ADA.id, {"g-o"}, (GroupAbove("g-o", "Other"),))
        found = explained(directory(group("Data")), seen)
        assert found.named(" data ") == ("g-data",)
        assert found.named("OTHER") == found.named("g-o") == ("g-o",)
        assert found.named("nothing") == ()
        assert [found.name(gid) for gid in ("g-data", "g-o", "g-x")] == ["Data", "Other", "g-x"]

    def test_groups_beyond_the_scope_are_unknown_where_they_could_not_be_read(self):
        found = explained(directory(ADA, group("R", [ADA])))
        assert found.beyond(ADA.id) is None
        unread = explained(directory(ADA), sighting(ADA.id, (), (), groups=None))
        assert unread.beyond(ADA.id) is None


def test_members_of_a_group_have_the_shortest_path_and_groups_are_none():
    snapshot = directory(
        ADA,
        BOB,
        group("R", ["g-a", BOB]),
        group("A", [ADA, BOB, "g-r"]),
        roots=["R"],
    )
    found = explained(snapshot).members("g-r")
    assert {key: drawn(Paths((path,))) for key, path in found.items()} == {
        ADA.id: ["R > A >"],
        BOB.id: ["R >"],
    }


def test_what_of_a_group_could_not_be_read_is_said_at_any_depth():
    snapshot = directory(ADA, group("R", ["g-a"]), group("A", unread="503"), roots=["R"])
    found = explained(snapshot)
    assert found.unread("g-r") == ("A in Entra: 503",)
    assert found.unread("g-x") == found.unread("") == ()


class TestLeftOut:
    def test_a_group_that_no_selector_finds_says_so(self):
        above = (GroupAbove("g-o", "O"), GroupAbove("g-m", "M", security_enabled=False))
        found = explained(directory(group("R")), sighting(ADA.id, {"g-o"}, above))
        assert found.left_out("g-o") == "no line of scope.groups finds it"
        assert "it is no security group" in found.left_out("g-m")
        assert found.left_out("g-unheard-of") == "no line of scope.groups finds it"

    def test_a_group_nested_in_one_of_the_scope_says_what_cut_it(self):
        above = (GroupAbove("g-o", "O", parents=frozenset({"g-r"})),)
        seen = sighting("g-o", {"g-r"}, above, Kind.GROUP)
        found = explained(directory(group("R")), seen, nested="direct")
        assert found.left_out("g-o").startswith("it is nested in R, but is a nested group")


@pytest.mark.parametrize(
    ("edges", "kept"),
    [
        ((EdgeOutcome.KEPT, EdgeOutcome.FLATTENED), True),
        ((EdgeOutcome.DROPPED, EdgeOutcome.KEPT), False),
        ((), True),
    ],
)
def test_a_path_is_kept_unless_a_step_is_cut(edges, kept):
    assert Path(tuple(Step("g", "G", fate) for fate in edges)).kept is kept


def sighting(key, parents, above, kind=Kind.USER, groups=()):
    return DirectoryMatch(key, key, None, True, groups, kind, frozenset(parents), above)
