"""The account's state is built, looked at, saved and loaded without a server."""

import json

import pytest

from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.databricks.switches import Switches


@pytest.fixture
def state():
    made = DatabricksState(account_id="acc", switches=Switches(max_depth=3))
    made.add_user("Ada@contoso.com", "Ada", "o-1", roles=["account_admin"])
    made.add_user("bob@contoso.com", active=False)
    made.add_client("client-1", "secret")
    made.add_group("Inner", "o-2", ["ada@contoso.com", "client-1"])
    made.add_group("Outer", members=["Inner", "bob@contoso.com"])
    made.add_token("t-1", "client-1")
    return made


def test_records_are_found_by_name(state):
    assert state.user("ADA@contoso.com").display_name == "Ada"
    assert state.group("inner").external_id == "o-2"
    assert state.service_principal("client-1").roles == ["account_admin"]
    assert state.members("Outer") == {"Inner", "bob@contoso.com"}


@pytest.mark.parametrize("kind", ["user", "group", "service_principal"])
def test_a_name_nobody_has_is_a_key_error(state, kind):
    with pytest.raises(KeyError, match="0 records"):
        getattr(state, kind)("nobody")


def test_an_exact_group_name_goes_before_others_of_different_case(state):
    upper = state.add_group("INNER")
    assert state.group("INNER") is upper
    assert state.group("Inner").external_id == "o-2"
    with pytest.raises(KeyError, match="2 records"):
        state.group("inner")


def test_the_snapshot_has_names_only(state):
    assert state.snapshot() == {
        "users": {
            "ada@contoso.com": {
                "active": True,
                "displayName": "Ada",
                "externalId": "o-1",
                "roles": ["account_admin"],
            },
            "bob@contoso.com": {
                "active": False,
                "displayName": "bob@contoso.com",
                "externalId": None,
                "roles": [],
            },
        },
        "service_principals": {
            "client-1": {
                "active": True,
                "displayName": "Sync",
                "externalId": None,
                "roles": ["account_admin"],
            }
        },
        "groups": {
            "Inner": {"externalId": "o-2", "members": ["ada@contoso.com", "client-1"]},
            "Outer": {"externalId": None, "members": ["Inner", "bob@contoso.com"]},
        },
    }


def test_removing_a_record_ends_its_memberships_on_both_sides(state):
    state.remove("Inner")
    assert state.members("Outer") == {"bob@contoso.com"}
    assert not any(state.parents.get(u.id) for u in [state.user("ada@contoso.com")])
    state.remove_members("Outer", "bob@contoso.com")
    assert state.members("Outer") == set()


def test_a_state_survives_json(state):
    text = json.dumps(state.to_json())
    loaded = DatabricksState.from_json(json.loads(text))
    assert loaded.to_json() == state.to_json()
    assert loaded.snapshot() == state.snapshot()
    assert (loaded.parents, loaded.subgroups) == (state.parents, state.subgroups)
    assert loaded.new_id() == state.new_id()
    assert loaded.switches.max_depth == 3
    assert len([g for g in loaded.groups.values() if g.system]) == 1


def test_tokens_that_expire_are_not_saved(state):
    from aadsync_lib.sandbox.databricks.records import Token

    state.tokens["short"] = Token("client-1", expires=5.0)
    assert state.to_json()["tokens"].keys() == {"t-1"}


def test_ids_are_numbers_and_the_same_each_time():
    first, second = DatabricksState(), DatabricksState()
    assert first.add_user("a@contoso.com").id == second.add_user("a@contoso.com").id
    assert first.add_user("b@contoso.com").id.isdigit()


def test_removing_an_unknown_record_is_a_key_error(state):
    with pytest.raises(KeyError):
        state.remove("nobody")
    with pytest.raises(KeyError):
        state.record("1")
