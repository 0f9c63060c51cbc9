from __future__ import annotations

import pytest

from aadsync_lib.model.directory import Notice
from aadsync_lib.reconcile.desired.naming import desire
from tests.unit.build import directory, group, guest, service, settings, user

ADA, BOB = user("ada"), user("bob")


def desired(*entities, scope=None, mapping=None, **more):
    config = settings(scope=scope, mapping=mapping)
    return desire(directory(*entities, **more), config.scope, config.mapping)


def names(found):
    return {oid: one.name for oid, one in found.principals.items()}


def test_only_members_and_the_assigned_are_in_scope():
    found = desired(ADA, BOB, user("cy"), group("Data", [ADA]), assigned=[BOB])
    assert set(found.principals) == {"u-ada", "u-bob"}


def test_user_names_are_lower_case_as_databricks_stores_them():
    found = desired(user("ada", user_principal_name=" Ada@Contoso.COM "), group("Data", ["u-ada"]))
    assert names(found) == {"u-ada": "ada@contoso.com"}


def test_a_guest_is_called_by_mail_and_a_member_by_user_principal_name():
    eve, ada = guest("eve"), user("ada", mail="other@contoso.com")
    found = desired(eve, ada, group("Data", [eve, ada]))
    assert names(found) == {"u-eve": "eve@fabrikam.com", "u-ada": "ada@contoso.com"}


def test_the_mapping_can_turn_that_around():
    eve, ada = guest("eve"), user("ada", mail="other@contoso.com")
    mapping = {"user_name": "mail", "guest_user_name": "userPrincipalName"}
    found = desired(eve, ada, group("Data", [eve, ada]), mapping=mapping)
    upn = "eve_fabrikam.com#ext#@contoso.com"
    assert names(found) == {"u-eve": upn, "u-ada": "other@contoso.com"}


@pytest.mark.parametrize("mail", [None, "", "  "])
@pytest.mark.parametrize(("make", "key"), [(guest, "guest_user_name"), (user, "user_name")])
def test_who_has_no_mail_to_be_named_by_is_quarantined(make, key, mail):
    eve = make("eve", mail=mail)
    found = desired(eve, group("Data", [eve]), mapping={"user_name": "mail"})
    assert found.principals["u-eve"].name == ""  # only a link can name her
    reason = found.quarantined["u-eve"].reason
    assert reason == f"has no mail, which mapping.{key} takes the userName from"
    assert found.groups["g-data"].members == {"u-eve"}


def test_who_the_filter_leaves_out_is_neither_principal_nor_member():
    scope = {"users": [[{"attribute": "displayName", "value": "Bob"}]]}
    found = desired(ADA, BOB, group("Data", [ADA, BOB]), scope=scope)
    assert set(found.principals) == {"u-bob"}
    assert found.groups["g-data"].members == {"u-bob"}


def test_without_a_display_name_the_name_is_shown():
    ada, run = user("ada", display_name=" "), service("run")
    run = type(run)(run.id, run.app_id, None)
    found = desired(ada, run, group("Data", [ada, run]))
    shown = {oid: one.display_name for oid, one in found.principals.items()}
    assert shown == {"u-ada": "ada@contoso.com", "s-run": "app-run"}


def test_service_principals_can_be_left_out():
    run = service("run")
    entities = (run, group("Data", [run]))
    assert set(desired(*entities).principals) == {"s-run"}
    left_out = desired(*entities, scope={"service_principals": False})
    assert left_out.principals == {}
    assert left_out.groups["g-data"].members == frozenset()


def test_all_who_claim_one_user_name_are_quarantined_whatever_the_case():
    one = user("ada", id="u-1")
    two = user("ada", id="u-2", user_principal_name="ADA@contoso.com ")
    found = desired(one, two, group("Data", [one, two]))
    assert set(found.quarantined) == {"u-1", "u-2"}
    reason = (
        "two Entra users map to userName ada@contoso.com: u-1, u-2; mapping.user_name and "
        "mapping.guest_user_name say which attribute names them"
    )
    assert {entry.reason for entry in found.quarantined.values()} == {reason}


def test_all_groups_of_one_name_are_quarantined_even_with_trailing_spaces():
    entities = [group("Data", id="g1"), group("data ", id="g2"), group("DATA", id="g3")]
    found = desired(*entities)
    assert set(found.quarantined) == {"g1", "g2", "g3"}
    assert found.quarantined["g1"].reason == (
        "3 Entra groups map to displayName Data: g1, g2, g3; rename them in Entra, or tell them apart "
        "by {mailNickname} or {id} in mapping.group_name"
    )


def test_two_applications_of_one_client_id_are_quarantined():
    one = service("run")
    two = type(one)("s-2", one.app_id)
    found = desired(one, two, group("Data", [one, two]))
    assert set(found.quarantined) == {"s-run", "s-2"}
    reason = found.quarantined["s-2"].reason
    assert "two Entra service principals map to applicationId" in reason
    assert reason.endswith("; take all but one of them out of scope")


@pytest.mark.parametrize("name", ["admins", "Users", " Account Users "])
def test_names_of_databricks_own_groups_are_quarantined(name):
    found = desired(group(name, id="g1"))
    assert "is a group of Databricks itself" in found.quarantined["g1"].reason


def test_a_name_may_have_255_characters_and_no_more():
    found = desired(group("x" * 255, id="g1"), group("x" * 256, id="g2"))
    assert set(found.quarantined) == {"g2"}
    assert found.quarantined["g2"].reason == "its name has 256 characters; Databricks takes 255"


def test_an_empty_name_is_quarantined_under_the_name_that_entra_has():
    found = desired(group("Data"), mapping={"group_name": "{mailNickname}"})
    assert found.quarantined["g-data"].name == "Data"
    assert "is empty after mapping.group_name" in found.quarantined["g-data"].reason


@pytest.mark.parametrize(
    "template", ["{displayName}", "sales-{displayName}", "{displayName} ({id})"]
)
@pytest.mark.parametrize("name", ["", "  "])
def test_a_group_without_a_name_is_quarantined_by_its_id_and_nobody_else_is(template, name):
    parent = group("Parent", id="g2", members=("g1",))
    found = desired(group(name, id="g1"), parent, mapping={"group_name": template})
    assert set(found.quarantined) == {"g1"}
    assert found.quarantined["g1"].name == "g1"
    assert "is empty after mapping.group_name" in found.quarantined["g1"].reason


def test_a_group_without_a_name_may_be_named_by_something_else():
    found = desired(group("", id="g1"), mapping={"group_name": "team-{id}"})
    assert found.groups["g1"].principal.name == "team-g1"
    assert not found.quarantined


def test_the_template_puts_group_names_together_and_takes_them_as_data():
    data = group("{id}", id="g1", mail_nickname="nick")
    found = desired(data, mapping={"group_name": "entra-{displayName}-{mailNickname}"})
    assert found.groups["g1"].principal.name == "entra-{id}-nick"


def test_an_identity_with_two_problems_keeps_the_first_reason():
    found = desired(group("Admins", id="g1"), group("admins", id="g2"))
    assert all("Databricks itself" in entry.reason for entry in found.quarantined.values())


def test_what_could_not_be_read_is_told_and_makes_it_incomplete():
    told = Notice("selector_empty", "prefix x- finds no group")
    found = desired(group("Data"), unread=("application x: 403",), notices=(told,))
    assert found.notices == (told, Notice("source_unread", "application x: 403"))
    assert found.complete is False
    assert desired(group("Data")).complete is True


class TestShownName:
    """``mapping.display_name``, a template of what Entra has of a person."""

    @pytest.mark.parametrize(
        ("template", "attributes", "shown"),
        [
            ("{displayName}", {}, "Ada Lovelace"),
            ("{givenName} {surname}", {"givenName": "Ada", "surname": "King"}, "Ada King"),
            ("{givenName} {surname}", {"givenName": "Ada", "surname": None}, "Ada"),
            ("{displayName} ({department})", {"department": "Data"}, "Ada Lovelace (Data)"),
            ("{surname}, {givenName}", {"givenName": " ", "surname": None}, "ada@contoso.com"),
            ("{jobTitle}", {}, "ada@contoso.com"),
            ("{mail}", {}, "ada@contoso.com"),
            ("{userPrincipalName}", {}, "Ada@Contoso.com"),
        ],
    )
    def test_it_is_filled_in_and_falls_back_to_the_user_name(self, template, attributes, shown):
        ada = user(
            "ada",
            user_principal_name="Ada@Contoso.com",
            display_name="Ada Lovelace",
            attributes=attributes,
        )
        found = desired(ada, group("Data", [ada]), mapping={"display_name": template})
        assert found.principals["u-ada"].display_name == shown

    def test_what_a_value_holds_is_no_template(self):
        ada = user("ada", attributes={"givenName": "{surname}", "surname": "King"})
        found = desired(
            ada, group("Data", [ada]), mapping={"display_name": "{givenName} {surname}"}
        )
        assert found.principals["u-ada"].display_name == "{surname} King"
