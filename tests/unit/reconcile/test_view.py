"""The part of one read of Entra that a scope sees, without Graph."""

from __future__ import annotations

from dataclasses import replace

from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.model.directory import Notice, Selected, Snapshot
from aadsync_lib.reconcile.desired.view import seen_by
from tests.unit.build import directory, group, service, user

ADA, BOB, RUN = user("ada"), user("bob"), service("run")
MAIL = group("Mail", [BOB], security_enabled=False)
INNER = group("Inner", [BOB, RUN])
DATA = group("Data", [ADA, INNER, MAIL])


def selector(**given) -> GroupSelector:
    return GroupSelector(**given)


DATA_LINE, PREFIX, APPLICATION = (
    selector(name="Data"), selector(prefix="M"), selector(application="Databricks"),
)  # fmt: skip


def read() -> Snapshot:
    skipped = Notice("scope_empty", "prefix 'M': nothing.")
    whole = directory(ADA, BOB, RUN, DATA, INNER, MAIL, assigned=[RUN], notices=(skipped,))
    return replace(
        whole,
        selected=(
            Selected(DATA_LINE.line, frozenset({DATA.id})),
            Selected(PREFIX.line, frozenset({MAIL.id}), notices=(skipped,)),
            Selected(APPLICATION.line, assigned=frozenset({RUN.id}), unread=("not all",)),
        ),
    )


def see(*selectors: GroupSelector, **scope) -> Snapshot:
    return seen_by(read(), Scope(groups=selectors, **scope))


def codes(snapshot: Snapshot) -> list[str]:
    return [notice.code for notice in snapshot.notices]


def test_a_scope_sees_what_is_below_its_own_roots():
    seen = see(DATA_LINE)
    assert seen.roots == {DATA.id}
    assert seen.groups.keys() == {DATA.id, INNER.id}
    assert seen.users.keys() == {ADA.id, BOB.id}
    assert seen.complete
    assert codes(seen) == ["group_kind_skipped"]


def test_kinds_are_those_of_the_scope():
    assert see(DATA_LINE, groups_of_kind="all").groups.keys() == {DATA.id, INNER.id, MAIL.id}
    prefix = see(PREFIX)
    assert (prefix.roots, codes(prefix)) == (frozenset(), ["scope_empty", "group_kind_skipped"])
    assert see(PREFIX, groups_of_kind="all").roots == {MAIL.id}
    assert see(selector(name="Data"), nested="direct").groups[DATA.id].members == {ADA.id}
    assert codes(see(DATA_LINE, nested="direct")) == []


def test_service_principals_are_left_out_wherever_they_are():
    seen = see(DATA_LINE, APPLICATION, service_principals=False)
    assert seen.service_principals == {}
    assert (seen.assigned, seen.groups[INNER.id].members) == (frozenset(), {BOB.id})


def test_what_a_selector_could_not_read_is_unread_where_it_is_named():
    assert see(APPLICATION).unread == ("not all",)
    assert see(APPLICATION).assigned == {RUN.id}
    assert see(DATA_LINE).unread == ()


def test_several_groups_of_another_kind_are_counted():
    more = group("More", [], security_enabled=False)
    whole = read()
    whole = replace(
        whole,
        groups={**whole.groups, more.id: more},
        selected=(Selected(PREFIX.line, frozenset({MAIL.id, more.id})),),
    )
    (notice,) = seen_by(whole, Scope(groups=(PREFIX,))).notices[:1]
    assert "2 groups are no security groups" in notice.message


def test_a_circle_ends():
    one, two = group("One", ["g-two", ADA]), group("Two", ["g-one"])
    whole = replace(
        directory(ADA, one, two), selected=(Selected(DATA_LINE.line, frozenset({one.id})),)
    )
    assert seen_by(whole, Scope(groups=(DATA_LINE,))).groups == {one.id: one, two.id: two}
