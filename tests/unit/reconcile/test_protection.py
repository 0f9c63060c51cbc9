"""Protection holds by every name and id that an identity has, on either side, in scope or not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.account import Unread
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, service, user
from tests.unit.fakes import FakeTarget
from tests.unit.world import World

ADA = user("ada", mail="ada.lovelace@contoso.com")
BOB, RUN = user("bob"), service("run")
DAY = directory(ADA, BOB, RUN, group("Data", [ADA, BOB, RUN]))
LATER = directory(BOB, group("Data", [BOB]))


def lost(world, name):
    """Return whether an account lost its membership, or is inactive or gone."""
    accounts = {account.name: account for account in world.target.accounts.values()}
    inside = name in world.target.members_of("Data") if "Data" in accounts else False
    return name not in accounts or not accounts[name].active or not inside


@pytest.mark.parametrize("name", [
    "ada@contoso.com", "ADA@CONTOSO.COM", " ada@contoso.com ", "ada.lovelace@contoso.com", "u-ada",
])  # fmt: skip
@pytest.mark.parametrize("user_name", ["userPrincipalName", "mail"])
@pytest.mark.parametrize("leavers", ["deactivate", "delete"])
def test_a_person_is_protected_by_each_name_of_when_the_account_was_linked(
    name, user_name, leavers
):
    with World(DAY, leavers=leavers) as world:
        world.settings = world.settings.model_copy(
            update={"mapping": world.settings.mapping.model_copy(update={"user_name": user_name})}
        )
        world.sync()
        account = world.target.accounts[world.links_of("u-ada")].name
        world.configure(protected={"users": [name]})
        world.sync(LATER)
        assert not lost(world, account)
        assert lost(world, "app-run")


@pytest.mark.parametrize("name", ["ada.king@contoso.com", "Ada.King@fabrikam.com"])
def test_a_person_out_of_scope_is_protected_by_the_names_of_today(name):
    with World(DAY, protected={"users": [name]}) as world:
        world.sync()
        world.source.called = {
            "u-ada": frozenset({"ada.king@contoso.com", "ada.king@fabrikam.com"})
        }
        world.sync(LATER)
        assert not lost(world, "ada@contoso.com")


def test_a_person_in_scope_is_protected_by_the_name_of_today_which_the_target_cannot_follow():
    with World(DAY, protected={"users": ["countess@contoso.com"]}) as world:
        world.sync()
        countess = replace(ADA, user_principal_name="countess@contoso.com", enabled=False)
        world.sync(directory(countess, BOB, group("Data", [BOB])))
        world.source.called = {"u-ada": frozenset({"countess@contoso.com"})}
        world.sync(LATER)
        assert not lost(world, "ada@contoso.com")


def test_whose_names_could_not_be_read_is_touched_by_nothing():
    with World(DAY, protected={"users": ["somebody@contoso.com"]}) as world:
        world.sync()
        world.source.called = {"u-ada": Unread("503 for the test")}
        report = world.sync(LATER)
        assert not lost(world, "ada@contoso.com")
        assert report.status is Status.PARTIAL


def test_without_protected_names_nobody_is_asked_for_names():
    with World(DAY) as world:
        world.sync()
        world.source.names = None
        world.sync(LATER)
        assert lost(world, "ada@contoso.com")


@pytest.mark.parametrize("name", ["app-run", "APP-RUN", "Run", "s-run"])
def test_a_service_principal_is_protected_by_each_of_its_names(name):
    with World(DAY, protected={"service_principals": [name]}) as world:
        world.sync()
        world.sync(LATER)
        assert not lost(world, "app-run")


@pytest.mark.parametrize("name", ["Data", "data", "sales-Data", "g-data"])
@pytest.mark.parametrize("retired", ["empty", "delete"])
def test_a_group_is_protected_by_its_name_in_entra_whatever_the_template_makes_of_it(name, retired):
    with World(DAY, retired_groups=retired, protected={"groups": [name]}) as world:
        template = world.settings.mapping.model_copy(update={"group_name": "sales-{displayName}"})
        world.settings = world.settings.model_copy(update={"mapping": template})
        world.configure(protected={})
        world.sync()
        world.configure(protected={"groups": [name]})
        world.sync(LATER)
        assert "ada@contoso.com" in world.target.members_of("sales-Data")
        world.sync(directory(BOB, group("Other", [BOB])))
        assert "ada@contoso.com" in world.target.members_of("sales-Data")


def test_settings_and_directory_may_compose_letters_differently():
    rene = user("rene", user_principal_name="ren\u00e9@contoso.com")
    with World(directory(rene, BOB, group("Data", [rene, BOB]))) as world:
        world.sync()
        world.configure(protected={"users": ["RENE\u0301@contoso.com"]})
        world.sync(LATER)
        assert not lost(world, "ren\u00e9@contoso.com")


def test_an_object_that_is_not_ours_is_protected_by_the_name_of_its_identity():
    target = FakeTarget()
    oid = "aaaaaaaa-0000-4000-8000-000000000001"
    there = target.add(Kind.USER, "old@contoso.com", external_id=oid)
    data = target.add(Kind.GROUP, "Data", [there], external_id="g-data")
    with World(LATER, target, protected={"users": ["new@contoso.com"]}) as world:
        world.source.called = {oid: frozenset({"new@contoso.com"})}
        world.sync()
        assert there in target.groups[data]
        world.source.called = {oid: frozenset({"other@contoso.com"})}
        world.sync()
        assert there not in target.groups[data]


@pytest.mark.parametrize("retired", ["empty", "delete"])
def test_a_group_whose_names_could_not_be_read_stays_as_it_is(retired):
    with World(DAY, retired_groups=retired, protected={"groups": ["Elsewhere"]}) as world:
        world.sync()
        world.source.called = {"g-data": Unread("503 for the test")}
        before = world.target.members_of("Data")
        report = world.sync(directory(ADA, BOB, RUN, assigned=[ADA, BOB, RUN]))
        assert world.target.members_of("Data") == before
        assert report.status is Status.PARTIAL
        assert any("whether it is protected" in held.reason for held in report.targets[0].on_hold)


def test_what_is_protected_by_its_owners_name_of_today_is_adopted_by_nobody_else():
    with World(DAY, adopt="same_name", protected={"groups": ["Elsewhere"]}) as world:
        world.sync()
        there = world.target.named("Data").id
        world.source.called = {"g-data": frozenset({"Elsewhere"})}
        world.sync(directory(ADA, BOB, RUN, group("Data", [ADA], id="g-anew")))
        assert world.links_of("g-data") == there
        assert world.target.accounts[there].external_id == "g-data"


WHOSE = pytest.mark.parametrize(("kind", "there", "name"), [
    (Kind.USER, "ada@contoso.com", "ada.lovelace@contoso.com"), (Kind.USER, "ada@contoso.com", "U-ADA"),
    (Kind.SERVICE_PRINCIPAL, "app-run", "run"), (Kind.SERVICE_PRINCIPAL, "app-run", "s-run"),
    (Kind.GROUP, "Data", "g-data"),
])  # fmt: skip


@WHOSE
@pytest.mark.parametrize("adopt", ["unowned", "same_name"])
def test_an_object_that_is_not_ours_is_protected_by_each_name_of_whom_it_would_become(
    kind, there, name, adopt
):
    target = FakeTarget()
    place = target.add(kind, there, active=kind is Kind.GROUP, display_name="Was")
    before = target.accounts[place]
    with World(DAY, target, adopt=adopt, protected={f"{kind}s": [name]}) as world:
        world.sync()
        assert target.accounts[place] == before
        assert there not in world.names_of_links().values()


@WHOSE
def test_somebody_else_of_that_kind_is_adopted_all_the_same(kind, there, name):
    target = FakeTarget()
    place = target.add(kind, there)
    with World(DAY, target, protected={f"{kind}s": ["breakglass"]}) as world:
        world.sync()
        assert place in {
            link.target_id for link in world.store.links("account").by_external.values()
        }
