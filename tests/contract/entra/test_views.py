"""A scope sees of a read for several scopes what a read for it alone brings."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from aadsync_lib.config.overrides import covering
from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.entra.source import EntraSource
from aadsync_lib.model.directory import Snapshot
from aadsync_lib.reconcile.desired.view import seen_by
from aadsync_lib.sandbox import Fault
from tests.contract.entra.conftest import StaticCredential

ROLE = "11111111-1111-1111-1111-111111111111"
DEFAULT = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def company(entra):
    """Groups in groups, of both kinds, with people, guests and applications, and two applications of scope."""
    ada, bob, cy, guest = (entra.add_user(f"{name}@contoso.com") for name in ("a", "b", "c", "d"))
    robot, spider = (
        entra.add_service_principal(name, f"app-{name}") for name in ("robot", "spider")
    )
    inner = entra.add_group("inner")
    mail = entra.add_group("mail", securityEnabled=False)
    for group, members in (
        (inner, (bob, robot)),
        (mail, (cy, spider)),
        (entra.add_group("dbx-data"), (ada, inner, mail, robot)),
        (entra.add_group("dbx-mail", securityEnabled=False), (guest, inner)),
        (entra.add_group("Sales"), (guest, mail)),
    ):
        for member in members:
            entra.add_member(group, member)
    for name, role in (("first", ROLE), ("second", DEFAULT)):
        application = entra.add_service_principal(name, f"app-{name}")
        entra.assign(application, ada, role)
        entra.assign(application, robot, ROLE)
        entra.assign(application, inner, role)
    return entra


SELECTORS = (
    {"prefix": "dbx-"},
    {"name": "dbx-mail"},
    {"name": "Sales"},
    {"application": "first"},
    {"application": "second"},
    {"application": "second", "default_access": False},
)
SCOPES = [
    Scope(
        groups=(GroupSelector(**SELECTORS[n % 6]), GroupSelector(**SELECTORS[(n + 3) % 6])),
        nested=nested,
        groups_of_kind=kind,
        service_principals=services,
    )
    for n, (nested, kind, services) in enumerate(
        product(("preserve", "flatten", "direct"), ("security", "all"), (True, False))
    )
]


@pytest.fixture
def read(box, clock):
    def snapshot(scope: Scope) -> Snapshot:
        credential = StaticCredential(box.graph_token)
        return EntraSource(scope, credential, endpoint=box.graph_url, clock=clock).read()

    return snapshot


def bare(snapshot: Snapshot) -> Snapshot:
    """A snapshot without what says how it was read, and in words."""
    return replace(snapshot, found=(), selected=(), notices=())


def skipped(snapshot: Snapshot) -> list[str]:
    return sorted(n.message for n in snapshot.notices if n.code == "group_kind_skipped")


@pytest.mark.parametrize("pair", [(n, (n + 5) % 12) for n in range(12)])
def test_each_of_two_scopes_sees_what_it_would_read_alone(company, read, pair):
    scopes = [SCOPES[n] for n in pair]
    whole = read(covering(scopes))
    for scope in scopes:
        alone = read(scope)
        assert bare(seen_by(whole, scope)) == bare(alone)
        if covering(scopes).groups_of_kind == "all" or scope.nested == "direct":
            assert skipped(seen_by(whole, scope)) == skipped(alone)
        assert seen_by(whole, scope).complete


def test_all_scopes_at_once_cost_no_request_more_than_what_they_cover(company, box, read):
    whole = covering(SCOPES)
    mark = box.log.mark()
    snapshot = read(whole)
    sent = len(box.log.since(mark))
    for scope in SCOPES:
        assert bare(seen_by(snapshot, scope)) == bare(read(scope))
    assert sent <= 2 * (len(SELECTORS) + len(snapshot.groups)) + 4


def test_what_cannot_be_read_holds_back_only_the_scope_that_has_it(company, box, read):
    data, sales = (Scope(groups=(GroupSelector(name=name),)) for name in ("dbx-data", "Sales"))
    key = next(iter(read(sales).roots))
    box.faults.add(Fault("403", path=rf"groups/{key}/members", count=None))
    whole = read(covering([data, sales]))
    assert not whole.complete
    assert seen_by(whole, data).complete
    assert not seen_by(whole, sales).complete


def test_a_selector_that_cannot_be_read_is_unread_for_its_scope_alone(company, box, read):
    data, first = (
        Scope(groups=(GroupSelector(**given),))
        for given in ({"name": "dbx-data"}, {"application": "first"})
    )
    box.faults.add(Fault("403", path="appRoleAssignedTo", count=None))
    whole = read(covering([data, first]))
    assert seen_by(whole, data).unread == ()
    assert seen_by(whole, first).unread
