"""A part of the scope read again: what a whole read shows of it, and nothing of the rest."""

from __future__ import annotations

import pytest

from aadsync_lib.config.scope import Scope
from aadsync_lib.model.directory import Affected
from aadsync_lib.sandbox import Fault


@pytest.fixture
def tenant(entra):
    """Ada and a robot in dbx-data, Bob in what is nested there, Cyd in dbx-ops."""
    ada, bob, cyd = (
        entra.add_user(f"{n}@contoso.com", displayName=n.title()) for n in ("ada", "bob", "cyd")
    )
    robot = entra.add_service_principal("Robot", "app-1")
    inner = entra.add_group("inner", members=[bob])
    data = entra.add_group("dbx-data", members=[ada, robot, inner])
    return ada, bob, cyd, robot, inner, data, entra.add_group("dbx-ops", members=[cyd])


@pytest.fixture
def reader(source):
    return source({"prefix": "dbx-"})


def test_where_nothing_changed_it_is_what_was_known(reader, tenant):
    *_, data, _ = tenant
    known = reader.read()
    assert reader.read_part(known.found, known, Affected(frozenset((data,)))) == known
    assert reader.read_part(known.found, known, Affected()) == known


def test_whom_it_is_about_is_as_a_whole_read_shows_and_the_rest_as_it_was(
    box, entra, reader, tenant
):
    ada, bob, cyd, robot, inner, data, ops = tenant
    known = reader.read()
    new = entra.add_user("new@contoso.com", displayName="New")
    for group, who in ((data, new), (ops, new), (inner, ada)):
        entra.add_member(group, who)
    for who in (ada, bob, cyd):
        entra.update_user(who, displayName="Changed")
    entra.remove_member(data, robot)
    mark = box.log.mark()
    about = Affected(frozenset((data, "elsewhere")), frozenset((ada,)))
    part, whole = reader.read_part(known.found, known, about), reader.read()
    assert len([e for e in box.log.select(after=mark) if "batch" in e.path]) <= 4
    assert part.groups == {**known.groups, data: whole.groups[data]}
    assert part.users == {**known.users, ada: whole.users[ada], new: whole.users[new]}
    assert part.service_principals == {}
    below = reader.read_part(
        known.found, known, Affected(frozenset((data,)), whole=frozenset((data,)))
    )
    assert below.groups == {**whole.groups, ops: known.groups[ops]}
    assert below.users == {**whole.users, cyd: known.users[cyd]}


def test_what_comes_into_scope_is_read_with_what_is_below_and_what_leaves_is_not_there(
    entra, reader, tenant
):
    ada, _, _, _, inner, data, ops = tenant
    known = reader.read()
    entra.rename_group(ops, "ops")
    deep = entra.add_group("deep", members=[entra.add_user("dee@contoso.com"), inner])
    entra.add_group("dbx-new", members=[ada, deep])
    entra.add_member(deep, data)  # which holds inner, too
    part, whole = reader.read_part(known.found, known, Affected(frozenset((ops,)))), reader.read()
    assert part.groups == whole.groups
    assert part.users == whole.users
    assert (part.roots, part.complete) == (whole.roots, True)
    circle = Affected(frozenset((deep, data)), whole=frozenset((deep, "none")))
    entra.add_member(inner, deep)
    assert reader.read_part(whole.found, whole, circle).groups == reader.read().groups


def test_a_nested_group_has_its_newest_name_though_a_group_above_is_not_read(entra, source):
    inner = entra.add_group("inner")
    entra.add_group("dbx-top", members=[inner])
    reader = source({"prefix": "dbx-"})
    known = reader.read()
    entra.rename_group(inner, "renamed")
    part = reader.read_part(known.found, known, Affected(frozenset((inner,))))
    assert part.groups[inner].display_name == "renamed"
    entra.delete_group(inner)
    part = reader.read_part(known.found, known, Affected(frozenset((inner,))))
    assert inner not in part.groups


def test_what_cannot_be_read_makes_it_incomplete(box, reader, tenant):
    ada, *_, data, _ = tenant
    known = reader.read()
    box.faults.add(Fault("403", side="graph", path=f"groups/{data}/members", count=None))
    part = reader.read_part(known.found, known, Affected(frozenset((data,)), frozenset((ada,))))
    assert not part.complete


def test_who_is_gone_is_not_believed_to_be_there(entra, reader, tenant):
    ada, *_, data, _ = tenant
    known = reader.read()
    entra.delete(ada, soft=False)
    part = reader.read_part(known.found, known, Affected(frozenset((data,)), frozenset((ada,))))
    assert ada not in part.users
    assert ada not in part.groups[data].members


def test_service_principals_that_the_scope_leaves_out_stay_out(entra, source, tenant):
    _, _, _, robot, _, data, _ = tenant
    scope = Scope.model_validate({"groups": [{"prefix": "dbx-"}], "service_principals": False})
    assert not scope.service_principals
    reader = source({"prefix": "dbx-"}, service_principals=False)
    known = reader.read()
    part = reader.read_part(known.found, known, Affected(frozenset((data,))))
    assert robot not in part.groups[data].members
