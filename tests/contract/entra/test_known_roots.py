"""Roots that earlier runs found: renamed, left out of a listing, unread, gone."""

from __future__ import annotations

import pytest

from aadsync_lib.errors import SourceError
from aadsync_lib.model.directory import KnownRoot
from aadsync_lib.sandbox import Fault
from tests.contract.entra.meddling import count, hide

GHOST = "00000000-1111-4222-8333-44444444dead"


def notices(snapshot):
    return {notice.code: notice.message for notice in snapshot.notices}


def ids(snapshot):
    return {root.id for root in snapshot.found}


@pytest.fixture
def ada(entra):
    return entra.add_user("ada@contoso.com")


@pytest.fixture
def app(entra):
    return entra.add_service_principal("App", "app-1")


@pytest.fixture
def group(entra, ada):
    return entra.add_group("dbx-data", members=[ada])


class TestQuiet:
    @pytest.mark.parametrize("by", ["id", "name", "prefix", "filter", "application", "app name"])
    def test_where_everything_is_found_again_nothing_more_is_asked(
        self, box, entra, source, ada, app, group, by
    ):
        entra.assign(app, group)
        entra.assign(app, ada)
        selector = {
            "id": {"id": group},
            "name": {"name": "dbx-data"},
            "prefix": {"prefix": "dbx-"},
            "filter": {"filter": "startswith(displayName,'dbx-')"},
            "application": {"application": app},
            "app name": {"application": "App"},
        }[by]
        asked = count(box, ".*")
        first = source(selector).read()
        before = asked()
        second = source(selector).read(known=first.found)
        assert asked() == 2 * before
        assert second == first
        assert first.notices == ()

    def test_what_a_line_found_is_told_under_the_line(self, entra, source, ada, app, group):
        entra.assign(app, ada)
        other = entra.add_group("Other")
        entra.assign(app, other)
        snapshot = source({"id": group.upper()}, "dbx-data", {"application": "App"}).read()
        assert set(snapshot.found) == {
            KnownRoot(f"id:{group}", group, "dbx-data"),
            KnownRoot("name:dbx-data", group, "dbx-data"),
            KnownRoot("application:App", app, "App"),
            KnownRoot("assigned:application:App", ada, "ada"),
            KnownRoot("assigned:application:App", other, "Other"),
        }

    def test_what_another_line_found_is_no_root_of_this_one(self, entra, source, group):
        known = source("dbx-data").read().found
        entra.rename_group(group, "Elsewhere")
        snapshot = source({"prefix": "dbx-"}).read(known=known)
        assert snapshot.roots == frozenset()
        assert snapshot.found == ()


class TestName:
    @pytest.mark.parametrize("new", ["Elsewhere", "DBX-data", "dbx-data "])
    def test_a_renamed_root_stays_with_a_warning_that_says_what_to_write(
        self, entra, source, ada, group, new
    ):
        known = source("dbx-data").read().found
        entra.rename_group(group, new)
        for _ in range(2):
            snapshot = source("dbx-data").read(known=known)
            assert snapshot.roots == {group}
            assert ada in snapshot.users
            assert snapshot.groups[group].display_name == new
            assert snapshot.complete
            message = notices(snapshot)["root_renamed"]
            assert message.startswith("name 'dbx-data': ")
            assert f"to name: {new}" in message
            known = snapshot.found

    def test_another_group_of_the_old_name_is_not_taken(self, entra, source, group):
        known = source("dbx-data").read().found
        entra.rename_group(group, "Elsewhere")
        others = [entra.add_group("dbx-data") for _ in range(2)]
        snapshot = source("dbx-data").read(known=known)
        assert snapshot.roots == {group}
        assert all(f"{other}" in notices(snapshot)["root_renamed"] for other in others)
        assert "was not taken" in notices(snapshot)["root_renamed"]

    def test_a_second_group_of_the_name_that_the_root_still_has_is_an_error(
        self, entra, source, group
    ):
        known = source("dbx-data").read().found
        entra.add_group("dbx-data")
        with pytest.raises(SourceError, match="2 groups have it"):
            source("dbx-data").read(known=known)

    def test_one_left_out_of_the_listing_stays_without_a_word(self, box, entra, source, group):
        known = source("dbx-data").read().found
        hide(box, group, among="groups")
        snapshot = source("dbx-data").read(known=known)
        assert snapshot.roots == {group}
        assert snapshot.complete
        assert "root_renamed" not in notices(snapshot)

    def test_one_without_a_name_stays(self, entra, source, ada, group):
        known = source("dbx-data").read().found
        entra.update(group, displayName=None)
        snapshot = source("dbx-data").read(known=known)
        assert snapshot.roots == {group}
        assert ada in snapshot.users
        assert f"id: {group}" in notices(snapshot)["root_renamed"]

    def test_one_made_anew_under_its_name_takes_the_place_of_the_one_that_is_gone(
        self, entra, source, group
    ):
        known = source("dbx-data").read().found
        entra.delete_group(group)
        new = entra.add_group("dbx-data")
        snapshot = source("dbx-data").read(known=known)
        assert snapshot.roots == ids(snapshot) == {new}
        assert f"dbx-data ({group}) is gone" in notices(snapshot)["root_gone"]
        assert snapshot.complete

    @pytest.mark.parametrize("remembered", [True, False])
    def test_only_one_that_is_remembered_is_looked_for(self, entra, source, group, remembered):
        known = source("dbx-data").read().found if remembered else ()
        entra.rename_group(group, "Elsewhere")
        assert source("dbx-data").read(known=known).roots == (
            {group} if remembered else frozenset()
        )


class TestId:
    @pytest.mark.parametrize("skip", [0, 1])
    def test_a_404_for_a_moment_is_no_proof(self, box, entra, source, group, skip):
        box.faults.add(Fault("404", path=rf"/groups/{group}\?", skip=skip))
        snapshot = source({"id": group}).read()
        assert snapshot.roots == {group}
        assert snapshot.complete

    def test_a_group_that_listings_still_show_is_there(self, box, entra, source, group):
        box.faults.add(Fault("404", path=rf"/groups/{group}\?", count=None))
        snapshot = source({"id": group}).read()
        assert snapshot.roots == {group}

    def test_one_that_is_gone_is_told_by_name(self, entra, source, group):
        known = source({"id": group}).read().found
        entra.delete_group(group)
        snapshot = source({"id": group}).read(known=known)
        assert f"dbx-data ({group}) is gone" in notices(snapshot)["root_gone"]
        assert snapshot.found == ()
        assert snapshot.complete

    def test_a_rename_is_no_matter(self, entra, source, group):
        known = source({"id": group}).read().found
        entra.rename_group(group, "Elsewhere")
        snapshot = source({"id": group}).read(known=known)
        assert snapshot.roots == {group}
        assert snapshot.notices == ()


PREFIX, FILTER = {"prefix": "dbx-"}, {"filter": "startswith(displayName,'dbx-')"}


@pytest.mark.parametrize("selector", [PREFIX, FILTER], ids=["prefix", "filter"])
class TestListings:
    def test_one_that_a_listing_leaves_out_stays(self, box, entra, source, ada, group, selector):
        entra.add_group("dbx-other")
        known = source(selector).read().found
        hide(box, group, among="groups", times=1)
        snapshot = source(selector).read(known=known)
        assert group in snapshot.roots
        assert group in ids(snapshot)
        assert ada in snapshot.users
        assert snapshot.complete
        assert snapshot.notices == ()

    def test_an_empty_listing_is_no_empty_scope(self, box, entra, source, group, selector):
        known = source(selector).read().found
        hide(box, group, among="groups", times=1)
        snapshot = source(selector).read(known=known)
        assert snapshot.roots == {group}
        assert "scope_empty" not in notices(snapshot)

    def test_one_that_is_renamed_away_leaves(self, entra, source, group, selector):
        known = source(selector).read().found
        entra.rename_group(group, "Elsewhere")
        snapshot = source(selector).read(known=known)
        assert snapshot.roots == frozenset()
        assert snapshot.found == ()
        assert snapshot.complete

    def test_one_that_is_gone_leaves(self, entra, source, group, selector):
        known = source(selector).read().found
        entra.delete_group(group)
        snapshot = source(selector).read(known=known)
        assert snapshot.roots == frozenset()
        assert snapshot.found == ()
        assert snapshot.complete

    def test_one_of_a_kind_that_is_left_out_is_not_looked_for(
        self, box, entra, source, group, selector
    ):
        known = source(selector, groups_of_kind="all").read().found
        entra.update(group, securityEnabled=False)
        asked = count(box, rf"/groups(/{group})?\?")
        snapshot = source(selector).read(known=known)
        assert snapshot.roots == frozenset()
        assert asked() == 1

    def test_many_left_out_stay(self, box, entra, source, selector):
        groups = [entra.add_group(f"dbx-{number}") for number in range(20)]
        known = source(selector).read().found
        for group in groups:
            hide(box, group, among="groups", times=1)
        assert source(selector).read(known=known).roots == set(groups)


class TestUndecided:
    @pytest.fixture(params=["403", "500", "timeout"])
    def fault(self, request):
        return {"kind": request.param, "count": None, "seconds": 0.0}

    @pytest.mark.parametrize("by", ["name", "prefix"])
    def test_one_that_cannot_be_looked_for_is_unread_and_remembered(
        self, box, entra, source, group, fault, by
    ):
        selector = {by: "dbx-data"}
        known = source(selector).read().found
        other = entra.add_group("Other")
        entra.rename_group(group, "Elsewhere")
        box.faults.add(Fault(path=rf"/groups/{group}\?", **fault))
        snapshot = source(selector, "Other").read(known=known)
        assert not snapshot.complete
        assert f"group dbx-data ({group}): " in snapshot.unread[0]
        assert ("grant" in snapshot.unread[0]) == (fault["kind"] == "403")
        assert ids(snapshot) == {group, other}

    def test_one_of_an_id_is_named(self, box, entra, source, group):
        known = source({"id": group}).read().found
        entra.add_group("Other")
        box.faults.add(Fault("500", path=rf"/groups/{group}\?", count=None))
        snapshot = source({"id": group}, "Other").read(known=known)
        assert f"group dbx-data ({group}): Graph answered 500" in snapshot.unread[0]
        assert group in ids(snapshot)

    def test_the_second_answer_of_a_filter_has_to_come(self, box, entra, source, group):
        known = source(FILTER).read().found
        entra.add_group("Other")
        hide(box, group, among="groups")
        box.faults.add(Fault("403", path="and id in", count=None))
        snapshot = source(FILTER, "Other").read(known=known)
        assert not snapshot.complete
        assert group in ids(snapshot)

    def test_a_filter_that_cannot_be_narrowed_is_asked_again_as_it_is(
        self, box, entra, source, group
    ):
        known = source(FILTER).read().found
        hide(box, group, among="groups", times=1)
        box.faults.add(Fault("400", path="and id in", count=None))
        snapshot = source(FILTER).read(known=known)
        assert snapshot.roots == {group}
        assert snapshot.complete

    @pytest.mark.parametrize("selector", [{"name": "dbx-data"}, PREFIX, FILTER])
    def test_a_listing_that_fails_keeps_what_was_found(self, box, entra, source, group, selector):
        known = source(selector).read().found
        other = entra.add_group("Other")
        box.faults.add(Fault("403", path=r"/groups\?.*dbx", count=None))
        snapshot = source(selector, {"id": other}).read(known=known)
        assert ids(snapshot) == {group, other}
        assert not snapshot.complete


class TestApplication:
    @pytest.fixture
    def bot(self, entra):
        return entra.add_service_principal("bot", "app-2")

    @pytest.fixture
    def known(self, entra, source, app, ada, bot, group):
        """What an application found by name: a person, a service principal, a group."""
        for principal in (ada, bot, group):
            entra.assign(app, principal)
        return source({"application": "App"}).read().found

    @pytest.mark.parametrize("new", ["Elsewhere", "APP"])
    def test_a_renamed_application_stays_with_a_warning(
        self, entra, source, known, app, ada, bot, group, new
    ):
        entra.update(app, displayName=new)
        entra.add_service_principal("Application", "app-3")
        for _ in range(2):
            snapshot = source({"application": "App"}).read(known=known)
            assert snapshot.roots == {group}
            assert snapshot.assigned == {ada, bot}
            assert snapshot.complete
            assert f"to application: {new}" in notices(snapshot)["root_renamed"]
            known = snapshot.found

    def test_another_application_of_the_old_name_is_not_taken(self, entra, source, known, app, ada):
        entra.update(app, displayName="Elsewhere")
        other = entra.add_service_principal("App", "app-3")
        entra.assign(other, entra.add_user("mallory@contoso.com"))
        snapshot = source({"application": "App"}).read(known=known)
        assert ada in snapshot.assigned
        assert len(snapshot.users) == 1
        assert other in notices(snapshot)["root_renamed"]

    @pytest.mark.parametrize("which", ["ada", "bot", "group"])
    @pytest.mark.parametrize("times", [1, None])
    def test_only_two_listings_without_somebody_let_them_leave(
        self, box, source, known, request, which, times
    ):
        key = request.getfixturevalue(which)
        hide(box, key, among="appRoleAssignments", times=times)
        snapshot = source({"application": "App"}).read(known=known)
        assert (key in snapshot.assigned | snapshot.roots) is (times == 1)
        assert (key in ids(snapshot)) is (times == 1)
        assert snapshot.complete

    def test_a_second_listing_that_fails_lets_nobody_leave(self, box, entra, source, known, ada):
        entra.add_group("Other")
        hide(box, ada, among="appRoleAssignments")
        box.faults.add(Fault("403", path="appRoleAssignedTo", skip=1, count=None))
        snapshot = source({"application": "App"}, "Other").read(known=known)
        assert ada in ids(snapshot)
        assert not snapshot.complete

    @pytest.mark.parametrize("by", ["id", "name"])
    def test_a_404_for_a_moment_is_no_proof(self, box, source, known, app, ada, by):
        box.faults.add(Fault("404", path="appRoleAssignedTo"))
        selector = {"application": app if by == "id" else "App"}
        snapshot = source(selector).read(known=known)
        assert ada in snapshot.assigned
        assert snapshot.complete

    @pytest.mark.parametrize("by", ["id", "name"])
    def test_one_that_is_gone_leaves_nobody(self, entra, source, known, app, by):
        entra.delete_service_principal(app)
        selector = {"application": app if by == "id" else "App"}
        snapshot = source(selector).read(known=known)
        assert snapshot.assigned == snapshot.roots == frozenset()
        assert snapshot.found == ()
        assert snapshot.complete

    @pytest.mark.parametrize("status", ["403", "500"])
    def test_one_that_cannot_be_looked_for_keeps_what_it_found(
        self, box, entra, source, known, app, status
    ):
        entra.add_group("Other")
        entra.update(app, displayName="Elsewhere")
        box.faults.add(Fault(status, path=rf"servicePrincipals/{app}\?", count=None))
        snapshot = source({"application": "App"}, "Other").read(known=known)
        assert set(known) < set(snapshot.found)
        assert f"enterprise application App ({app}): Graph answered {status}" in snapshot.unread[0]

    def test_an_assigned_group_that_cannot_be_read_is_remembered(
        self, box, source, known, ada, group
    ):
        box.faults.add(Fault("500", path=rf"groups/{group}\?", count=None))
        snapshot = source({"application": "App"}).read(known=known)
        assert ids(snapshot) == {root.id for root in known}
        assert ada in snapshot.assigned
        assert not snapshot.complete
