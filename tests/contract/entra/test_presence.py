"""Objects looked up by id or by name, in scope or not."""

from __future__ import annotations

import pytest

from aadsync_lib.errors import SourceError
from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import GroupAbove, Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.sandbox import Fault
from tests.contract.entra.meddling import edit_answers, hide

NOBODY = "00000000-0000-4000-8000-00000000dead"
ADD = {
    Kind.USER: lambda entra: entra.add_user("name"),
    Kind.SERVICE_PRINCIPAL: lambda entra: entra.add_service_principal("name", "app-1"),
    Kind.GROUP: lambda entra: entra.add_group("name"),
}


class TestLookUp:
    def test_present_disabled_deleted_and_gone_are_told_apart(self, entra, source):
        ada, bob = entra.add_user("ada@x"), entra.add_user("bob@x", accountEnabled=False)
        cyd, dan = entra.add_user("cyd@x"), entra.add_user("dan@x")
        entra.delete_user(cyd)
        entra.delete_user(dan)
        entra.purge(dan)
        ids = dict.fromkeys((ada, bob, cyd, dan, NOBODY), Kind.USER)
        assert source("Any").look_up(ids) == {
            ada: Presence.PRESENT,
            bob: Presence.DISABLED,
            cyd: Presence.DELETED,
            dan: Presence.GONE,
            NOBODY: Presence.GONE,
        }

    def test_service_principals_and_groups_are_looked_up_as_what_they_are(self, entra, source):
        entra.permissions.add("Group.Read.All")
        bot, gone = entra.add_service_principal("bot", "a1"), entra.add_service_principal("x", "a2")
        off = entra.add_service_principal("off", "a3", accountEnabled=False)
        team, unified = entra.add_group("Team"), entra.add_group("Social", groupTypes=["Unified"])
        security = entra.add_group("Old")
        entra.delete_service_principal(gone)
        entra.delete_group(unified)
        entra.delete_group(security)
        ids = dict.fromkeys((bot, gone, off), Kind.SERVICE_PRINCIPAL)
        ids |= dict.fromkeys((team, unified, security), Kind.GROUP)
        assert source("Any").look_up(ids) == {
            bot: Presence.PRESENT,
            gone: Presence.DELETED,
            off: Presence.DISABLED,
            team: Presence.PRESENT,
            unified: Presence.DELETED,
            security: Presence.GONE,
        }

    def test_nobody_to_look_up_is_no_request(self, source):
        reader = source("Any")
        assert reader.look_up({}) == {}
        assert reader.requests == 0

    def test_a_hundred_people_take_two_requests(self, box, entra, source):
        users = [entra.add_user(f"u{n}@x") for n in range(100)]
        deleted = users[::10]
        for user in deleted:
            entra.delete_user(user)
        reader = source("Any")
        found = reader.look_up(dict.fromkeys(users, Kind.USER))
        assert {key for key, place in found.items() if place is Presence.DELETED} == set(deleted)
        assert list(found.values()).count(Presence.PRESENT) == 90
        assert reader.requests == 2  # seven listings in one batch, the ten in another

    def test_without_permission_nobody_is_gone(self, entra, source):
        ada = entra.add_user("ada@x")
        entra.delete_user(ada)
        entra.permissions.discard("User.Read.All")
        place = source("Any").look_up({ada: Kind.USER})[ada]
        assert isinstance(place, Unread)
        assert "403" in place.reason
        assert "grant User.Read.All" in place.reason

    def test_a_recycle_bin_that_may_not_be_read_keeps_nobody_from_being_gone(self, entra, source):
        social = entra.add_group("Social", groupTypes=["Unified"])
        entra.delete_group(social)
        assert source("Any").look_up({social: Kind.GROUP}) == {social: Presence.GONE}

    @pytest.mark.parametrize("kind", Kind)
    @pytest.mark.parametrize("status", ["403", "503"])
    def test_a_recycle_bin_that_does_not_answer_only_costs_the_word(
        self, box, source, kind, status
    ):
        box.faults.add(Fault(status, side="graph", path="deletedItems", count=None))
        assert source("Any").look_up({NOBODY: kind}) == {NOBODY: Presence.GONE}

    @pytest.mark.parametrize("kind", Kind)
    def test_a_single_404_is_no_proof(self, box, entra, source, kind):
        key = ADD[kind](entra)
        hide(box, key)
        box.faults.add(Fault("404", side="graph", path=f"s/{key}", count=1))
        assert source("Any").look_up({key: kind}) == {key: Presence.PRESENT}

    def test_an_id_in_capitals_is_the_same_id(self, entra, source):
        ada, bob = entra.add_user("ada@x").upper(), entra.add_user("bob@x")
        entra.delete_user(bob)
        ids = {ada: Kind.USER, bob.upper(): Kind.USER, bob: Kind.USER}
        assert source("Any").look_up(ids) == {
            ada: Presence.PRESENT,
            bob.upper(): Presence.DELETED,
            bob: Presence.DELETED,
        }

    def test_ids_that_graph_writes_in_capitals_are_the_same_ids(self, box, entra, source):
        ada = entra.add_user("ada@x")
        edit_answers(box, ada, ada.upper())
        assert source("Any").look_up({ada: Kind.USER}) == {ada: Presence.PRESENT}

    @pytest.mark.parametrize("path", [r"/users\?", f"/users/{NOBODY}"])
    def test_a_server_that_fails_anywhere_leaves_them_unread(self, box, source, path):
        box.faults.add(Fault("503", side="graph", path=path, count=None))
        place = source("Any").look_up({NOBODY: Kind.USER})[NOBODY]
        assert isinstance(place, Unread)
        assert "503" in place.reason
        assert "grant" not in place.reason

    def test_a_second_look_that_fails_leaves_them_unread(self, box, source):
        box.faults.add(Fault("403", side="graph", path=f"/users/{NOBODY}", skip=1, count=None))
        place = source("Any").look_up({NOBODY: Kind.USER})[NOBODY]
        assert isinstance(place, Unread)
        assert "403" in place.reason

    def test_a_server_that_fails_for_a_moment_is_asked_again(self, box, source):
        box.faults.add(Fault("503", side="graph", path="deletedItems", count=2))
        assert source("Any").look_up({NOBODY: Kind.USER}) == {NOBODY: Presence.GONE}

    def test_where_graph_refuses_to_filter_by_id_everybody_is_looked_for_alone(
        self, box, entra, source
    ):
        ada, bob = entra.add_user("ada@x"), entra.add_user("bob@x", accountEnabled=False)
        box.faults.add(Fault("400", side="graph", path=r"/users\?", count=None))
        ids = dict.fromkeys((ada, bob, NOBODY), Kind.USER)
        assert source("Any").look_up(ids) == {
            ada: Presence.PRESENT,
            bob: Presence.DISABLED,
            NOBODY: Presence.GONE,
        }

    def test_limited_information_is_no_presence(self, entra, source):
        ada = entra.add_user("ada@x")
        entra.update(ada, accountEnabled=None)
        place = source("Any").look_up({ada: Kind.USER})[ada]
        assert isinstance(place, Unread)
        assert "grant User.Read.All" in place.reason

    def test_an_id_is_data_in_filter_and_path(self, entra, source):
        entra.add_user("ada@x")
        odd = "o'brien') or (id ne '?y#z%27"
        (place,) = source("Any").look_up({odd: Kind.USER}).values()
        assert place is Presence.GONE


class TestNames:
    def test_every_name_of_each_kind_is_told(self, entra, source):
        ada = entra.add_user("Ada@x", mail="ada@home.org", displayName="Ada")
        bob = entra.add_user("bob@x", mail=None)
        bot, team = entra.add_service_principal("Robot", "a1"), entra.add_group("Team O'Neil")
        nameless = entra.add_group("x")
        entra.update(nameless, displayName=None)
        ids = {ada.upper(): Kind.USER, bob: Kind.USER, bot: Kind.SERVICE_PRINCIPAL}
        assert source("Any").names(ids | {team: Kind.GROUP, nameless: Kind.GROUP}) == {
            ada.upper(): {"Ada@x", "ada@home.org"},
            bob: {"bob@x"},
            bot: {"a1", "Robot"},
            team: {"Team O'Neil"},
            nameless: frozenset(),
        }

    def test_nobody_to_name_is_no_request(self, source):
        reader = source("Any")
        assert reader.names({}) == {}
        assert reader.requests == 0

    def test_thirty_people_take_one_request(self, entra, source):
        users = [entra.add_user(f"u{n}@x") for n in range(30)]
        reader = source("Any")
        assert len(reader.names(dict.fromkeys(users, Kind.USER))) == 30
        assert reader.requests == 1

    @pytest.mark.parametrize("kind", Kind)
    def test_one_that_is_gone_has_none_and_a_single_404_is_no_proof(self, box, entra, source, kind):
        key = ADD[kind](entra)
        hide(box, key)
        box.faults.add(Fault("404", side="graph", path=f"s/{key}", count=1))
        names = source("Any").names({key: kind, NOBODY: kind})
        assert "name" in names[key]
        assert names[NOBODY] == frozenset()

    def test_a_deleted_one_has_none(self, entra, source):
        ada = entra.add_user("ada@x")
        entra.delete_user(ada)
        assert source("Any").names({ada: Kind.USER}) == {ada: frozenset()}

    @pytest.mark.parametrize("kind", Kind)
    @pytest.mark.parametrize("status", ["403", "500"])
    def test_what_graph_does_not_answer_is_unread(self, box, entra, source, kind, status):
        key = ADD[kind](entra)
        box.faults.add(Fault(status, side="graph", count=None))
        unread = source("Any").names({key: kind})[key]
        assert isinstance(unread, Unread)
        assert status in unread.reason
        assert ("grant" in unread.reason) == (status == "403")

    def test_limited_information_is_no_name(self, entra, source):
        ada = entra.add_user("ada@x", mail="ada@home.org")
        entra.update(ada, userPrincipalName=None)
        assert isinstance(source("Any").names({ada: Kind.USER})[ada], Unread)

    def test_where_graph_refuses_to_filter_by_id_each_is_read_alone(self, box, entra, source):
        ada = entra.add_user("ada@x", mail=None)
        box.faults.add(Fault("400", side="graph", path=r"/users\?", count=None))
        names = source("Any").names({ada: Kind.USER, NOBODY: Kind.USER})
        assert names == {ada: {"ada@x"}, NOBODY: frozenset()}


class TestWho:
    @pytest.mark.parametrize(
        "name", ["Ann.O'Neil@contoso.com", "ann@home.org", "Ann O'Neil", "ann o'neil"]
    )
    def test_a_person_is_found_by_every_name(self, entra, source, name):
        ann = entra.add_user(
            "ann.o'neil@contoso.com", mail="ann@home.org", displayName="Ann O'Neil"
        )
        entra.add_user("bob@contoso.com")
        (found,) = source("Any").search(name)
        assert (found.id, found.name) == (ann, "ann.o'neil@contoso.com")
        assert (found.display_name, found.enabled, found.groups) == ("Ann O'Neil", True, ())

    def test_people_and_service_principals_are_found_by_object_id(self, entra, source):
        ann = entra.add_user("ann@x", accountEnabled=False)
        app = "33333333-0000-4000-8000-00000000aaaa"
        bot = entra.add_service_principal("Robot", app)
        assert [(one.id, one.enabled) for one in source("Any").search(ann)] == [(ann, False)]
        for name in (bot, app, "robot"):
            (found,) = source("Any").search(name)
            assert (found.id, found.name, found.kind) == (bot, app, Kind.SERVICE_PRINCIPAL)

    def test_everybody_of_a_name_is_found_once(self, entra, source):
        entra.add_user("ann@x", mail="ann@x", displayName="Ann")
        entra.add_user("ann@y", displayName="Ann")
        entra.add_service_principal("ANN", "a1")
        assert [one.name for one in source("Any").search("Ann")] == ["a1", "ann@x", "ann@y"]

    def test_nobody_is_nobody(self, entra, source):
        assert source("Any").search("nobody@x") == ()
        assert source("Any").search("' or startswith(displayName,'a") == ()

    def test_groups_above_come_with_their_nesting_whatever_the_scope_is(self, entra, source):
        ann = entra.add_user("ann@x")
        inner = entra.add_group("Inner", members=[ann])
        social = entra.add_group("Social", securityEnabled=False, members=[ann])
        outer = entra.add_group("Outer", members=[inner, social])
        entra.add_member(inner, outer)  # a cycle
        (found,) = source("Any", nested="direct").search("ann@x")
        assert found.groups == ("Inner", "Outer", "Social")
        assert found.parents == {inner, social}
        assert found.above == (
            GroupAbove(inner, "Inner", True, frozenset({outer})),
            GroupAbove(outer, "Outer", True, frozenset({inner})),
            GroupAbove(social, "Social", False, frozenset({outer})),
        )

    def test_many_groups_above_take_one_request_for_each_level_of_twenty(self, entra, source):
        ann = entra.add_user("ann@x")
        teams = [entra.add_group(f"team {n}", members=[ann]) for n in range(20)]
        entra.add_group("all", members=teams)
        reader = source("Any")
        (found,) = reader.search("ann@x")
        assert len(found.groups) == 21
        assert reader.requests == 4  # by name, her groups, theirs, and that of all

    def test_groups_that_could_not_be_read_are_none_and_not_nobody(self, box, entra, source):
        ann = entra.add_user("ann@x")
        inner = entra.add_group("Inner", members=[ann])
        entra.add_group("Outer", members=[inner])
        box.faults.add(Fault("403", side="graph", path=rf"/groups/{inner}/memberOf", count=None))
        (found,) = source("Any").search("ann@x")
        assert found.groups is None
        assert [group.name for group in found.above] == ["Inner"]

    def test_a_group_is_found_by_name_or_id_with_itself_and_what_is_above(self, entra, source):
        team = entra.add_group("Team O'Neil", securityEnabled=False)
        outer = entra.add_group("Outer", members=[team])
        entra.add_member(team, outer)  # a cycle: it is above itself
        entra.add_user("team@x", displayName="Team O'Neil")
        for name in ("team o'neil", team):
            (found,) = source("Any").search(name, (Kind.GROUP,))
            assert (found.id, found.kind, found.parents) == (team, Kind.GROUP, {outer})
            assert found.above == (
                GroupAbove(team, "Team O'Neil", False, frozenset({outer})),
                GroupAbove(outer, "Outer", True, frozenset({team})),
            )
        assert source("Any").search("Outer") == ()

    def test_nobody_found_is_an_error_when_not_all_could_be_asked(self, entra, source):
        entra.permissions.discard("Application.Read.All")
        with pytest.raises(SourceError, match=r"grant Application\.Read\.All"):
            source("Any").search("nobody@x")

    def test_whoever_is_found_is_told_of_even_when_not_all_could_be_asked(self, entra, source):
        ann = entra.add_user("ann@x")
        entra.permissions.discard("Application.Read.All")
        assert [one.id for one in source("Any").search("ann@x")] == [ann]

    def test_an_object_id_that_may_not_be_read_is_an_error(self, box, source):
        box.faults.add(Fault("403", side="graph", path=f"/users/{NOBODY}", count=None))
        with pytest.raises(SourceError, match="403"):
            source("Any").search(NOBODY)
