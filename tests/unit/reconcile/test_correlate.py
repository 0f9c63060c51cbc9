from __future__ import annotations

import pytest

from aadsync_lib.config.policy import Adopt
from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.reconcile.matching.adoption import AdoptionRule
from aadsync_lib.reconcile.matching.correlate import Situation, correlate
from aadsync_lib.reconcile.matching.index import NOBODY
from tests.unit.build import directory, group, service, settings, sharer, user
from tests.unit.fakes import FakeTarget

ADA, BOB = user("ada"), user("bob")


def matched(
    target, *entities, adopt="unowned", links=(), fixed=frozenset(), shared=NOBODY, listed=()
):
    config = settings()
    desired = desire(directory(*entities), config.scope, config.mapping)
    snapshot = TargetSnapshot(target.accounts)
    rule = AdoptionRule(Adopt.model_validate(adopt), frozenset(listed))
    return correlate(desired, snapshot, Links(links), rule, fixed, shared)


def link(external_id, target_id, kind=Kind.USER):
    return Link(kind, external_id, target_id, Origin.CREATED, "then")


def shared(*target_ids):
    return {target_id: sharer("finance", target_id) for target_id in target_ids}


@pytest.fixture
def target():
    return FakeTarget()


def test_who_is_not_there_is_absent(target):
    found = matched(target, ADA, group("Data", [ADA]))
    assert found.matches["u-ada"].situation is Situation.ABSENT
    assert found.matches["g-data"].situation is Situation.ABSENT


def test_the_link_comes_before_external_id_and_name(target):
    linked = target.add(Kind.USER, "old@contoso.com")
    target.add(Kind.USER, "ada@contoso.com", external_id="u-ada")
    match = matched(target, ADA, group("Data", [ADA]), links=[link("u-ada", linked)])
    found = match.matches["u-ada"]
    assert (found.situation, found.account.id) == (Situation.LINKED, linked)


def test_a_link_to_what_is_gone_or_of_another_kind_counts_for_nothing(target):
    other = target.add(Kind.GROUP, "something")
    for broken in ("404", other):
        found = matched(target, ADA, group("Data", [ADA]), links=[link("u-ada", broken)])
        assert found.matches["u-ada"].situation is Situation.ABSENT


def test_the_external_id_comes_before_the_name(target):
    same_id = target.add(Kind.USER, "other@contoso.com", external_id="u-ada")
    target.add(Kind.USER, "ada@contoso.com")
    match = matched(target, ADA, group("Data", [ADA])).matches["u-ada"]
    assert (match.situation, match.account.id) == (Situation.SAME_ID, same_id)


def test_adopt_never_takes_nothing_over_not_even_by_external_id(target):
    target.add(Kind.USER, "ada@contoso.com", external_id="u-ada")
    target.add(Kind.USER, "bob@contoso.com")
    found = matched(target, ADA, BOB, group("Data", [ADA, BOB]), adopt="never").matches
    assert found["u-ada"].situation is found["u-bob"].situation is Situation.TAKEN
    assert "with its object id; policy.adopt.users: unowned would" in found["u-ada"].reason
    assert "by name; policy.adopt.users: unowned would" in found["u-bob"].reason


def test_unowned_takes_what_has_no_external_id_by_name_whatever_the_case(target):
    there = target.add(Kind.GROUP, "DATA")
    match = matched(target, group("Data")).matches["g-data"]
    assert (match.situation, match.account.id) == (Situation.SAME_NAME, there)


def test_unowned_leaves_what_has_another_external_id(target):
    there = target.add(Kind.USER, "ada@contoso.com", external_id="alien")
    found = matched(target, ADA, group("Data", [ADA]))
    match = found.matches["u-ada"]
    assert match.situation is Situation.TAKEN
    assert match.reason == (
        f"exists on the target as {there}, not made by this sync, with another externalId, alien; "
        f"policy.adopt.users: same_name would adopt it"
    )
    assert match.quarantined.reason == match.reason
    assert found.held == {there}


def test_same_name_takes_what_has_another_external_id(target):
    there = target.add(Kind.USER, "ada@contoso.com", external_id="alien")
    match = matched(target, ADA, group("Data", [ADA]), adopt="same_name").matches["u-ada"]
    assert (match.situation, match.account.id) == (Situation.SAME_NAME, there)


def test_kinds_are_never_mixed_up(target):
    target.add(Kind.GROUP, "app-run", external_id="s-run")
    run = service("run")
    assert matched(target, run, group("Data", [run])).matches["s-run"].situation is Situation.ABSENT


@pytest.mark.parametrize("adopt", ["unowned", "same_name"])
def test_two_candidates_by_external_id_or_name_are_ambiguous_and_both_held(target, adopt):
    twins = [target.add(Kind.USER, f"x{n}@contoso.com", external_id="u-ada") for n in (1, 2)]
    names = [target.add(Kind.GROUP, name) for name in ("data", "DATA")]
    found = matched(target, ADA, group("Data", [ADA]), adopt=adopt)
    by_id, by_name = found.matches["u-ada"], found.matches["g-data"]
    assert by_id.situation is by_name.situation is Situation.AMBIGUOUS
    assert by_id.reason == f"2 objects on the target have its externalId: {', '.join(twins)}"
    assert by_name.reason == f"2 objects on the target have its name: {', '.join(names)}"
    assert found.held == {*twins, *names}


def test_two_claimants_of_one_object_are_contested_and_it_is_held(target):
    there = target.add(Kind.USER, "ada@contoso.com")
    twin = user("ada", id="u-2")
    found = matched(target, ADA, twin, group("Data", [ADA, twin]))
    assert {m.situation for m in found.matches.values()} == {
        Situation.CONTESTED,
        Situation.ABSENT,
    }
    assert found.held == {there}


def test_a_contested_identity_that_is_linked_stays_linked_with_the_reason(target):
    there = target.add(Kind.USER, "ada@contoso.com")
    twin = user("ada", id="u-2")
    entities = (ADA, twin, group("Data", [ADA, twin]))
    found = matched(target, *entities, links=[link("u-ada", there)])
    assert found.matches["u-ada"].situation is Situation.LINKED
    assert "two Entra users map to userName" in found.matches["u-ada"].reason
    assert found.matches["u-2"].situation is Situation.CONTESTED
    assert found.held == set()


@pytest.mark.parametrize("adopt", ["unowned", "same_name"])
def test_a_name_that_belongs_to_another_identity_in_scope_is_taken(target, adopt):
    linked = target.add(Kind.USER, "bob@contoso.com")
    target.add(Kind.USER, "eve@contoso.com", external_id="u-ada")
    ada = user("ada", user_principal_name="bob@contoso.com")
    bob = user("bob", user_principal_name="eve@contoso.com")
    entities = (ada, bob, group("Data", [ada, bob]))
    found = matched(target, *entities, adopt=adopt, links=[link("u-bob", linked)])
    assert found.matches["u-bob"].situation is Situation.LINKED
    assert found.matches["u-ada"].situation is Situation.SAME_ID
    cy = user("cy", user_principal_name="bob@contoso.com")
    found = matched(target, *entities[1:2], cy, group("Data", ["u-bob", cy]), adopt=adopt,
                    links=[link("u-bob", linked)])  # fmt: skip
    assert found.matches["u-cy"].reason == f"its name belongs to {linked}, which is u-bob in Entra"


def test_an_external_id_on_an_object_linked_to_somebody_else_takes_nothing(target):
    linked = target.add(Kind.USER, "bob@contoso.com", external_id="u-ada")
    found = matched(target, ADA, BOB, group("D", [ADA, BOB]), links=[link("u-bob", linked)])
    assert found.matches["u-ada"].situation is Situation.TAKEN
    reason = f"{linked} has its externalId, but is linked to u-bob"
    assert found.matches["u-ada"].reason == reason


def test_an_external_id_on_an_object_linked_to_a_leaver_takes_nothing_either(target):
    linked = target.add(Kind.USER, "bob@contoso.com", external_id="u-ada")
    found = matched(target, ADA, group("D", [ADA]), links=[link("u-gone", linked)])
    assert found.matches["u-ada"].situation is Situation.TAKEN
    assert "but is linked to u-gone" in found.matches["u-ada"].reason


def test_a_re_created_user_does_not_get_the_account_of_the_one_before(target):
    old = target.add(Kind.USER, "ada@contoso.com", external_id="u-old")
    found = matched(target, ADA, group("Data", [ADA]), links=[link("u-old", old)])
    match = found.matches["u-ada"]
    assert match.situation is Situation.TAKEN
    assert match.reason == (
        f"its name belongs to {old}, which is linked to u-old; policy.adopt.users: same_name would adopt it"
    )


def test_nobody_takes_what_belongs_to_whom_a_partial_read_does_not_show(target):
    old = target.add(Kind.USER, "ada@contoso.com", external_id="u-old")
    links, part = [link("u-old", old)], group("Other", unread="503")
    found = matched(target, ADA, group("D", [ADA]), part, adopt="same_name", links=links)
    match = found.matches["u-ada"]
    assert (match.situation, match.account) == (Situation.TAKEN, None)
    assert match.reason == (
        f"its name belongs to {old}, which is linked to u-old, and a part of the source could not be read"
    )
    found = matched(target, ADA, group("D", [ADA]), adopt="same_name", links=links)
    assert found.matches["u-ada"].situation is Situation.SAME_NAME


def test_swapped_user_names_stay_with_their_links(target):
    one, two = target.add(Kind.USER, "ada@contoso.com"), target.add(Kind.USER, "bob@contoso.com")
    ada = user("ada", user_principal_name="bob@contoso.com")
    bob = user("bob", user_principal_name="ada@contoso.com")
    links = [link("u-ada", one), link("u-bob", two)]
    found = matched(target, ada, bob, group("Data", [ada, bob]), links=links)
    assert found.matches["u-ada"].account.id == one
    assert found.matches["u-bob"].account.id == two


def test_the_name_that_a_group_of_ours_gives_up_is_free(target):
    there = target.add(Kind.GROUP, "Data")
    found = matched(target, group("Ops", id="g1"), group("Data", id="g2"),
                    links=[link("g1", there, Kind.GROUP)])  # fmt: skip
    assert found.matches["g1"].situation is Situation.LINKED
    assert found.matches["g2"].situation is Situation.ABSENT


def test_a_rename_to_a_name_that_stays_taken_holds_back_all_that_wait_for_it(target):
    foreign = target.add(Kind.GROUP, "Ops")
    data, red = target.add(Kind.GROUP, "Data"), target.add(Kind.GROUP, "Red")
    links = [link("g1", data, Kind.GROUP), link("g2", red, Kind.GROUP)]
    entities = (group("Ops", id="g1"), group("Data", id="g2"), group("Red", id="g3"))
    found = matched(target, *entities, links=links).matches
    stuck = "its new name belongs to {} on the target, so it keeps the name it has there"
    assert found["g1"].reason == stuck.format(foreign)
    assert found["g2"].reason == stuck.format(data)
    assert found["g3"].reason == f"its name belongs to {red}, which is g2 in Entra"


def test_what_is_fixed_keeps_its_name_and_waits_for_nothing(target):
    there = target.add(Kind.GROUP, "Data")
    links = [link("g1", there, Kind.GROUP)]
    entities = (group("Ops", id="g1"), group("Data", id="g2"))
    found = matched(target, *entities, links=links, fixed=frozenset([there])).matches
    assert found["g1"].reason is None
    assert found["g2"].situation is Situation.TAKEN


def test_each_kind_has_a_word_of_its_own(target):
    run = service("run")
    for kind, name in ((Kind.USER, "ada@contoso.com"), (Kind.GROUP, "Data"),
                       (Kind.SERVICE_PRINCIPAL, "app-run")):  # fmt: skip
        target.add(kind, name, external_id="alien")
    words = {"users": "same_name", "groups": "never"}
    found = matched(target, ADA, run, group("Data", [ADA, run]), adopt=words).matches
    assert found["u-ada"].situation is Situation.SAME_NAME
    assert (
        found["s-run"].situation is Situation.SAME_NAME
    )  # the same application is the same identity
    assert found["g-data"].setting == "policy.adopt.groups: same_name"


@pytest.mark.parametrize("adopt", ["never", "unowned", "same_name"])
def test_people_of_another_sync_are_known_by_their_object_id_and_are_not_adopted(target, adopt):
    run = service("run")
    theirs = target.add(Kind.USER, "other@contoso.com", external_id="u-ada")
    app = target.add(Kind.SERVICE_PRINCIPAL, "app-run", external_id="s-run")
    found = matched(target, ADA, run, group("Data", [ADA, run]), adopt=adopt,
                    shared=shared(theirs, app))  # fmt: skip
    for external_id, target_id in (("u-ada", theirs), ("s-run", app)):
        match = found.matches[external_id]
        assert (match.situation, match.account.id) == (Situation.SHARED, target_id)
        assert match.quarantined is None
    assert found.held == set()


def test_person_whom_another_sync_has_made_anew_is_the_new_object(target):
    target.add(Kind.USER, "old@contoso.com", external_id="u-ada", active=False)
    anew = target.add(Kind.USER, "ada@contoso.com", external_id="u-ada")
    found = matched(target, ADA, group("Data", [ADA]), shared=shared(anew))
    match = found.matches["u-ada"]
    assert (match.situation, match.account.id) == (Situation.SHARED, anew)
    assert found.held == set()


@pytest.mark.parametrize(
    ("adopt", "external_id", "known"),
    [
        ("never", None, False),
        ("unowned", None, True),
        ("unowned", "alien", False),
        ("same_name", "alien", True),
    ],
)
def test_people_of_another_sync_are_known_by_name_only_where_names_count(
    target, adopt, external_id, known
):
    theirs = target.add(Kind.USER, "ada@contoso.com", external_id=external_id)
    found = matched(target, ADA, group("Data", [ADA]), adopt=adopt, shared=shared(theirs))
    situation = Situation.SHARED if known else Situation.TAKEN
    assert found.matches["u-ada"].situation is situation


@pytest.mark.parametrize("external_id", [None, "g-data"])
def test_a_group_of_another_sync_is_quarantined_and_names_that_sync(target, external_id):
    theirs = target.add(Kind.GROUP, "Data", external_id=external_id)
    found = matched(target, group("Data"), adopt="same_name", shared=shared(theirs))
    match = found.matches["g-data"]
    assert (match.situation, match.account, match.setting) == (Situation.TAKEN, None, None)
    assert match.reason == (
        f"{theirs} is a group of the sync finance; take it out of the scope of one of the two"
    )
    assert found.held == {theirs}


def test_what_this_sync_has_linked_is_its_own_whoever_else_has(target):
    there = target.add(Kind.GROUP, "Data", external_id="g-data")
    links = [link("g-data", there, Kind.GROUP)]
    found = matched(target, group("Data"), links=links, shared=shared(there))
    assert found.matches["g-data"].situation is Situation.LINKED
