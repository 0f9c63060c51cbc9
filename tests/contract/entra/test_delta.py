"""The feed of Entra's changes, with every trap that Graph sets in it, over real HTTP."""

from __future__ import annotations

import pytest

from aadsync_lib.errors import SourceError
from aadsync_lib.model.directory import Announcement, Changes, Cursor, KnownRoot
from aadsync_lib.model.identity import Kind
from tests.contract.entra.meddling import edit_answers

PREFIX = {"prefix": "dbx-"}


class Feed:
    """A tenant with a group and two people in it, and a source that follows what it announces."""

    def __init__(self, box, source) -> None:
        self.box, self.entra = box, box.world.entra
        self.ada = self.entra.add_user("ada@contoso.com")
        self.bob = self.entra.add_user("bob@contoso.com")
        self.app = self.entra.add_service_principal("Robot", "app-1")
        self.data = self.entra.add_group("dbx-data", members=[self.ada, self.app])
        self.source = source
        self.changes: Changes = source.changes()

    def next(self) -> dict[str, Announcement]:
        """Go on from the last cursor, and return what is announced, by object id."""
        self.changes = self.source.changes(self.changes.cursor)
        assert self.changes.announced is not None, self.changes.reason
        return {each.id: each for each in self.changes.announced}


@pytest.fixture
def feed(box, source) -> Feed:
    return Feed(box, source(PREFIX))


def test_a_feed_that_begins_announces_nothing_and_says_where_to_go_on(feed):
    assert feed.changes.announced is None
    assert feed.changes.cursor
    assert set(feed.changes.cursor.links) == {"user", "group", "service_principal"}


def test_it_begins_and_goes_on_in_one_request(feed):
    feed.box.log.clear()
    feed.next()
    assert [(e.method, e.path) for e in feed.box.log.select()] == [("POST", "/v1.0/$batch")]


def test_where_nothing_has_changed_nothing_is_announced(feed):
    assert feed.next() == {}
    assert feed.next() == {}


def test_changes_of_people_groups_and_service_principals_are_announced_once(feed):
    feed.entra.update_user(feed.ada, displayName="Ada L", accountEnabled=False)
    feed.entra.rename_group(feed.data, "dbx-new")
    feed.entra.update(feed.app, displayName="Robot 2")
    announced = feed.next()
    assert set(announced) == {feed.ada, feed.data, feed.app}
    ada, data = announced[feed.ada], announced[feed.data]
    assert (ada.shown.display_name, ada.shown.enabled) == ("Ada L", False)
    assert (data.name, data.shown.display_name) == ("dbx-new", "dbx-new")
    assert feed.next() == {}


def test_what_is_shown_of_somebody_is_what_a_read_shows(feed):
    feed.entra.update_user(feed.ada, jobTitle="CTO", displayName="Ada L", mail=None)
    feed.entra.update(feed.app, displayName="Robot 2")
    announced, read = feed.next(), feed.source.read()
    assert announced[feed.ada].shown == read.users[feed.ada]
    assert announced[feed.ada].unsaid == {"mail"}  # it had none before
    assert announced[feed.app].shown == read.service_principals[feed.app]


def test_properties_that_do_not_matter_are_not_announced(feed):
    feed.entra.update_user(feed.ada, jobTitle="CTO")
    assert feed.next() == {}


def test_properties_that_the_scope_filters_on_are(box, source):
    people = [[{"attribute": "jobTitle", "value": "CTO"}]]
    feed = Feed(box, source(PREFIX, users=people))
    feed.entra.update_user(feed.ada, jobTitle="CTO")
    assert feed.next()[feed.ada].shown.attributes == {"jobTitle": "CTO"}


def test_who_joins_and_who_leaves_is_told_by_the_last_entry_about_each(feed):
    feed.entra.add_member(feed.data, feed.bob)
    feed.entra.remove_member(feed.data, feed.ada)
    assert feed.next()[feed.data].joined == {feed.bob: Kind.USER}
    feed.entra.remove_member(feed.data, feed.bob)
    feed.entra.add_member(feed.data, feed.ada)
    announced = feed.next()[feed.data]
    assert (announced.joined, announced.left) == ({feed.ada: Kind.USER}, {feed.bob})


def test_groups_that_join_are_told_and_devices_are_not(feed):
    nested = feed.entra.add_group("nested")
    feed.entra.add_member(feed.data, nested)
    feed.entra.add_member(feed.data, feed.entra.add_device("laptop"))
    announced = feed.next()
    assert announced[feed.data].joined == {nested: Kind.GROUP}
    assert announced[nested].name == "nested"


def test_who_joins_without_a_type_is_told_of_no_kind(feed):
    edit_answers(feed.box, "@odata.type", "of.a.later.version")
    feed.entra.add_member(feed.data, feed.bob)
    assert feed.next()[feed.data].joined == {feed.bob: None}


def test_ids_in_capitals_are_the_same_ids(feed):
    for key in (feed.bob, feed.app, feed.data):
        edit_answers(feed.box, key, key.upper())
    feed.entra.add_member(feed.data, feed.bob)
    feed.entra.remove_member(feed.data, feed.app)
    announced = feed.next()[feed.data]
    assert (set(announced.joined), announced.left) == ({feed.bob}, {feed.app})


def test_members_over_many_pages_and_empty_pages_are_all_told(feed):
    people = [feed.entra.add_user(f"user{n}@contoso.com") for n in range(9)]
    for person in people:
        feed.entra.add_member(feed.data, person)
    feed.entra.delta_members_per_page, feed.entra.delta_page_size = 2, 3
    feed.entra.empty_pages = 2
    announced = feed.next()
    assert announced[feed.data].joined == dict.fromkeys(people, Kind.USER)
    assert set(people) <= set(announced)


def test_what_is_deleted_is_told_and_what_comes_back_is_as_well(feed):
    feed.entra.delete(feed.bob, soft=True)
    feed.entra.delete_group(feed.data)
    announced = feed.next()
    assert announced[feed.bob].removed
    assert announced[feed.data].removed
    feed.entra.restore(feed.bob)
    assert not feed.next()[feed.bob].removed


def test_the_recycle_bin_in_a_first_round_does_no_harm(box, source):
    box.world.entra.removed_in_first_round = True
    box.world.entra.delete(box.world.entra.add_user("old@contoso.com"), soft=True)
    assert Feed(box, source(PREFIX)).next() == {}


def test_replays_are_told_as_they_come_and_late_entries_once_they_show(feed):
    feed.entra.update_user(feed.ada, displayName="Ada L")
    feed.entra.delta_lag = 1
    assert feed.next() == {}
    feed.entra.delta_lag = 0
    assert set(feed.next()) == {feed.ada}
    feed.entra.delta_replays = 1
    assert set(feed.next()) == {feed.ada}


@pytest.mark.parametrize("answer", ["gone", "syncStateNotFound"])
def test_a_dead_link_says_so_and_the_feed_begins_anew(feed, answer):
    feed.box.world.entra.expire_delta_tokens(answer)
    dead = feed.source.changes(feed.changes.cursor)
    assert (dead.cursor, dead.announced) == (None, None)
    assert "link is dead" in dead.reason
    feed.changes = feed.source.changes()
    assert feed.next() == {}


def test_without_a_permission_there_is_no_feed_and_it_says_which(feed):
    feed.entra.permissions.discard("User.Read.All")
    changes = feed.source.changes(feed.changes.cursor)
    assert changes.cursor is None
    assert "grant User.Read.All" in changes.reason


def test_a_link_of_another_host_is_not_followed(feed):
    cursor = Cursor(dict.fromkeys(feed.changes.cursor.links, "https://evil.example/v1.0/x"))
    with pytest.raises(SourceError, match="another address"):
        feed.source.changes(cursor)


def test_service_principals_are_asked_about_only_where_they_matter(feed, source):
    without = source(PREFIX, service_principals=False)
    assert set(without.changes().cursor.links) == {"user", "group"}
    assert "other kinds" in without.changes(feed.changes.cursor).reason
    portal = {"application": feed.entra.add_service_principal("Portal", "app-2")}
    assert len(source(portal, service_principals=False).changes().cursor.links) == 3


def test_assignments_to_an_application_have_no_feed_and_are_compared(box, source):
    entra = box.world.entra
    portal = entra.add_service_principal("Portal", "app-2")
    feed = Feed(box, source({"application": portal}))
    assert (feed.next(), feed.changes.reassigned) == ({}, frozenset())
    key = entra.assign(portal, feed.bob)
    assert (feed.next(), feed.changes.reassigned) == ({}, {f"application:{portal}"})
    assert (feed.next(), feed.changes.reassigned) == ({}, frozenset())
    entra.unassign(key)
    assert (feed.next(), feed.changes.reassigned) == ({}, {f"application:{portal}"})


def test_an_application_by_name_is_followed_once_it_was_found(box, source):
    entra = box.world.entra
    portal = entra.add_service_principal("Portal", "app-2")
    feed = Feed(box, source({"application": "Portal"}))
    assert (feed.next(), feed.changes.reassigned) == ({}, frozenset())
    known = (KnownRoot("application:Portal", portal, "Portal"),)

    def reassigned() -> frozenset[str]:
        feed.changes = feed.source.changes(feed.changes.cursor, known)
        return feed.changes.reassigned

    assert reassigned() == {"application:Portal"}
    assert reassigned() == frozenset()
    entra.assign(portal, feed.bob)
    assert reassigned() == {"application:Portal"}
    assert (feed.next(), feed.changes.reassigned) == ({}, {"application:Portal"})


def test_without_the_assignments_there_is_no_feed(box, source):
    absent = source({"application": "aaaaaaaa-0000-4000-8000-000000000000"})
    assert "assignments" in absent.changes().reason


@pytest.mark.parametrize(
    ("filter_", "change"),
    [
        ("startswith(description,'dbx')", {"description": "dbx one"}),
        ("description ne 'x y ne z'", {"description": "x y ne z"}),
        ("endsWith(displayName,'zz')", {"displayName": "dbx-zz"}),
        ("description eq 'a not b'", {"description": "a not b"}),
    ],
)
def test_what_a_filter_finds_is_asked_in_one_question_and_held_against_the_last_read(
    box, source, filter_, change
):
    feed = Feed(box, source({"filter": filter_}))
    key = f"filter:{filter_}"
    roots = feed.source.read().found

    def changed() -> bool:
        box.log.clear()
        changes = feed.source.changes(feed.changes.cursor, roots)
        assert changes.announced is not None, changes.reason
        (batch,) = box.log.select()  # the three of the feed, and this one
        assert batch.path == "/v1.0/$batch"
        return changes.reassigned == {key}

    assert not changed()
    feed.entra.update(feed.data, **change)
    assert changed()
    assert changed()  # until it was read
    roots = feed.source.read().found
    assert not changed()


def test_groups_of_another_kind_that_a_filter_finds_are_none_of_the_scope(box, source):
    box.world.entra.add_group("mail", securityEnabled=False, description="dbx")
    for kind, of_kind in (("security", 0), ("all", 1)):
        feed = Feed(box, source({"filter": "description eq 'dbx'"}, groups_of_kind=kind))
        roots = feed.source.read().found
        assert len(roots) == of_kind
        assert not feed.source.changes(feed.changes.cursor, roots).reassigned


def test_without_what_a_filter_finds_there_is_no_feed(box, source):
    feed = Feed(box, source({"filter": "colour eq 'red'"}))
    assert "filter" in feed.source.changes(feed.changes.cursor).reason


@pytest.mark.parametrize("filter_", ["groupTypes/any(c:c eq 'not')", "not(description eq 'x')"])
def test_a_filter_that_is_taken_otherwise_than_it_looks_is_asked_again(
    box, source, filter_, monkeypatch
):
    monkeypatch.setattr("aadsync_lib.entra.delta._advanced", lambda _: False)
    feed = Feed(box, source({"filter": filter_}))
    roots = feed.source.read().found
    assert feed.source.changes(feed.changes.cursor, roots).reassigned == frozenset()


def test_an_announcement_says_of_what_kind_it_is(feed):
    feed.entra.update_user(feed.ada, displayName="A")
    feed.entra.rename_group(feed.data, "dbx-b")
    kinds = {key: each.kind for key, each in feed.next().items()}
    assert kinds == {feed.ada: Kind.USER, feed.data: Kind.GROUP}
