"""A few groups and people read by themselves, over real HTTP."""

from __future__ import annotations

import pytest

from aadsync_lib.model.directory import Affected
from aadsync_lib.sandbox import Fault


@pytest.fixture
def tenant(entra):
    ada, bob = entra.add_user("ada@contoso.com"), entra.add_user("bob@contoso.com")
    robot = entra.add_service_principal("Robot", "app-1")
    inner = entra.add_group("inner", members=[bob])
    data = entra.add_group("dbx-data", members=[ada, inner, robot])
    return ada, bob, robot, inner, data


@pytest.fixture
def reader(source):
    return source({"prefix": "dbx-"})


def test_what_is_read_again_is_what_a_whole_read_shows_and_takes_one_request(
    box, entra, reader, tenant
):
    ada, _, robot, inner, data = tenant
    known = reader.read()
    cyd = entra.add_user("cyd@contoso.com", displayName="Cyd")
    bot = entra.add_service_principal("Bot", "app-2")
    entra.add_member(inner, cyd)
    entra.add_member(inner, bot)
    entra.remove_member(data, ada)
    mark = box.log.mark()
    about = Affected(frozenset({data, inner}), frozenset({ada, cyd}), frozenset({robot, bot}))
    again = reader.read_again(known, about)
    assert [e.path for e in box.log.select(after=mark)] == ["/v1.0/$batch"]
    whole = reader.read()
    assert again.groups == whole.groups
    assert again.users == {ada: known.users[ada], cyd: whole.users[cyd]}
    assert again.service_principals == whole.service_principals
    assert (again.complete, again.passed_over) == (True, frozenset())


def test_who_was_not_announced_and_is_there_is_read_as_well(box, entra, reader, tenant):
    *_, inner, data = tenant
    known = reader.read()
    cyd = entra.add_user("cyd@contoso.com")
    entra.add_member(inner, cyd)
    assert cyd in reader.read_again(known, Affected(frozenset({inner, data}))).users


def test_who_has_come_into_a_group_that_is_not_announced_yet_has_not_left(entra, reader, tenant):
    ada, _, robot, inner, data = tenant
    known, about = reader.read(), Affected(frozenset({data}), frozenset({ada}), frozenset({robot}))
    entra.remove_member(data, ada)
    entra.remove_member(data, robot)
    entra.add_group("elsewhere", members=[ada, robot])
    assert reader.read_again(known, about).complete
    entra.add_member(inner, robot)
    (reason,) = reader.read_again(known, about).unread
    assert reason.startswith(f"{robot} has come into group {inner}")


def test_whose_groups_cannot_be_read_has_not_left(box, entra, reader, tenant):
    ada, _, robot, _, data = tenant
    known, about = reader.read(), Affected(frozenset({data}), frozenset({ada}), frozenset({robot}))
    entra.remove_member(data, ada)
    entra.remove_member(data, robot)
    box.faults.add(Fault("403", side="graph", path="memberOf", count=None))
    assert set(reader.read_again(known, about).unread) == {f"groups of {ada}", f"groups of {robot}"}


def test_a_group_whose_members_cannot_be_read_says_so_though_nobody_is_looked_for(
    box, reader, tenant
):
    *_, data = tenant
    known = reader.read()
    box.faults.add(Fault("403", side="graph", path=f"groups/{data}/members", count=None))
    assert not reader.read_again(known, Affected(frozenset({data}))).complete


@pytest.mark.parametrize("what", ["deleted", "hidden", "gone", "failing", "nothing"])
def test_what_cannot_be_gone_by_says_so(box, entra, reader, tenant, what):
    ada, *_, inner, data = tenant
    known, about = reader.read(), Affected(frozenset({inner, data}), frozenset({ada}))
    match what:
        case "deleted":
            entra.delete_group(inner)
        case "hidden":
            entra.update(data, visibility="HiddenMembership")
        case "gone":
            entra.delete(ada, soft=False)
        case "failing":
            box.faults.add(Fault("403", side="graph", path=f"groups/{data}/members", count=None))
    assert reader.read_again(known, about).complete is (what == "nothing")


def test_a_group_of_another_kind_in_it_is_passed_over(entra, reader, tenant):
    *_, data = tenant
    known = reader.read()
    mail = entra.add_group("mail", securityEnabled=False, groupTypes=["Unified"])
    entra.add_member(data, mail)
    again = reader.read_again(known, Affected(frozenset({data})))
    assert again.passed_over == {mail}
    assert again.groups[data].members == known.groups[data].members
