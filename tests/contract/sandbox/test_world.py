"""World files, and changes of a directory from Python."""

import json

import pytest

from aadsync_lib.sandbox import World, company
from aadsync_lib.sandbox.company import BREAKGLASS
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.entra.state import EntraState
from tests.contract.sandbox.contoso import ADA, BOB, COUNCIL, DATA, EVE, SOCIAL, TEAM, small_world


@pytest.fixture
def state() -> EntraState:
    return small_world().entra


def test_a_saved_world_loads_as_it_was(tmp_path):
    world = company(120)
    world.save(tmp_path / "world.json")
    assert World.load(tmp_path / "world.json").to_json() == world.to_json()


def test_a_saved_world_is_one_object_a_line(tmp_path):
    world = small_world()
    world.save(tmp_path / "world.json")
    lines = (tmp_path / "world.json").read_text(encoding="utf-8").splitlines()
    (ada,) = [line for line in lines if '"Ada Lovelace"' in line]
    assert json.loads(ada.rstrip(","))["id"] == ADA


def test_a_saved_world_keeps_letters_readable(tmp_path):
    world = World()
    world.entra.add_group("データ分析")
    world.save(tmp_path / "world.json")
    assert "データ分析" in (tmp_path / "world.json").read_text(encoding="utf-8")


def test_a_world_written_by_hand_needs_little(tmp_path):
    path = tmp_path / "world.json"
    path.write_text(
        """{"entra": {"users": [{"id": "u1", "userPrincipalName": "ada@contoso.com"}],
                      "groups": [{"id": "g1", "displayName": "Data", "members": ["u1"]}]}}"""
    )
    state = World.load(path).entra
    assert state.objects["u1"]["displayName"] == "ada"
    assert state.objects["u1"]["accountEnabled"] is True
    assert state.objects["u1"]["userType"] == "Member"
    assert state.objects["g1"]["securityEnabled"] is True
    assert state.objects["g1"]["groupTypes"] == []
    assert list(state.members["g1"]) == ["u1"]


def test_a_saved_world_has_its_workspaces(tmp_path):
    world = company(40, workspaces=2)
    hub, sales = world.workspaces
    hub.assign(BREAKGLASS, "ADMIN")
    hub.add_group("Local", members=[BREAKGLASS])
    hub.inactive.add(world.databricks.user(BREAKGLASS).id)
    hub.entitle(BREAKGLASS, "workspace-access")
    sales.add_user("ada@contoso.com")
    sales.add_group("Data", members=["ada@contoso.com"])
    sales.entitle("Data", "workspace-access", "allow-cluster-create")
    world.save(tmp_path / "world.json")
    loaded = World.load(tmp_path / "world.json")
    assert loaded.to_json() == world.to_json()
    assert loaded.workspace("sales").snapshot() == sales.snapshot()
    assert loaded.workspace(hub.name).snapshot() == hub.snapshot()
    assert loaded.workspace(hub.name).members("Local") == {BREAKGLASS}
    assert loaded.workspace(hub.name).add_group("x").id == hub.add_group("x").id


def test_workspaces_are_written_by_hand_by_name(tmp_path):
    account = {
        "users": [{"user_name": "ada@contoso.com"}],
        "groups": [{"display_name": "Data", "managers": ["ada@contoso.com"]}],
    }
    workspaces = [
        {"name": "sales", "users": [{"user_name": "bob@contoso.com"}],
         "groups": [{"display_name": "Team", "members": ["bob@contoso.com"]}],
         "entitlements": {"Team": ["workspace-access"]}},
        {"federated": True, "assignments": {"Data": "ADMIN"},
         "entitlements": {"Data": ["workspace-consume"]}},
    ]  # fmt: skip
    world = World.from_json({"databricks": account, "workspaces": workspaces})
    assert world.databricks.group("Data").managers == [world.databricks.user("ada@contoso.com").id]
    assert world.workspace("sales").members("Team") == {"bob@contoso.com"}
    assert world.workspace("sales").entitlements_of("Team") == ["workspace-access"]
    assert world.workspace("workspace-2").assigned() == {"Data": "ADMIN"}
    assert world.workspace("workspace-2").entitlements_of("Data") == ["workspace-consume"]


def test_two_workspaces_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two workspaces are named 'a'"):
        World.from_json({"workspaces": [{"name": "a"}, {"name": "a"}]})


def test_an_empty_file_is_an_empty_world():
    assert World.from_json({}).entra.objects == {}


def test_a_world_of_another_version_is_refused():
    with pytest.raises(ValueError, match="version 9"):
        World.from_json({"version": 9})


def test_a_member_that_does_not_exist_is_refused():
    groups = [{"id": "g1", "displayName": "Data", "members": ["nobody"]}]
    with pytest.raises(KeyError, match="nobody"):
        World.from_json({"entra": {"groups": groups}})


def test_two_objects_with_one_id_are_refused():
    groups = [{"id": "g1", "displayName": "A"}, {"id": "g1", "displayName": "B"}]
    with pytest.raises(ValueError, match="g1"):
        World.from_json({"entra": {"groups": groups}})


def test_deleted_objects_survive_a_file(state):
    state.delete_user(BOB)
    again = EntraState.from_json(state.to_json())
    again.restore(BOB)
    assert BOB in again.members[TEAM]
    assert BOB in again.members[COUNCIL]


def test_assignments_and_permissions_survive_a_file(state):
    state.assign(DATA, ADA)
    state.permissions = {"User.Read.All"}
    again = EntraState.from_json(state.to_json())
    assert again.assignments == state.assignments
    assert again.permissions == {"User.Read.All"}


def test_the_databricks_half_survives_a_file(tmp_path):
    world = World(databricks=DatabricksState(account_id="an-account"))
    world.databricks.add_user("ada@contoso.com")
    world.save(tmp_path / "world.json")
    again = World.load(tmp_path / "world.json")
    assert again.databricks.account_id == "an-account"
    assert again.databricks.snapshot() == world.databricks.snapshot()


def test_loading_is_no_change(state):
    assert state.log == []


def test_an_update_to_the_same_value_is_no_change(state):
    state.update_user(ADA, displayName="Ada Lovelace")
    assert state.log == []


def test_a_membership_that_exists_is_not_added_again(state):
    state.add_member(DATA, ADA)
    state.remove_member(TEAM, ADA)
    assert state.log == []


def test_a_renamed_user_is_found_by_the_new_name_only(state):
    state.update_user(ADA, userPrincipalName="countess@contoso.com")
    assert state.find("Countess@contoso.com") == ADA
    assert state.find("ada@contoso.com") is None


def test_deleting_a_group_leaves_its_members_alone(state):
    state.delete_group(TEAM)
    assert TEAM not in state.members[DATA]
    assert {BOB, EVE} <= state.objects.keys()
    assert TEAM not in state.parents[BOB]


def test_restoring_skips_groups_that_are_gone(state):
    state.delete_user(BOB)
    state.delete_group(TEAM)
    state.restore(BOB)
    assert list(state.parents[BOB]) == [COUNCIL]


def test_restoring_a_group_skips_members_that_are_gone(state):
    state.delete_group(SOCIAL)
    state.delete_user(ADA)
    state.restore(SOCIAL)
    assert state.members[SOCIAL] == {}


def test_every_kind_can_be_added(state):
    added = [
        state.add_user("new@contoso.com"),
        state.add_group("New", members=[ADA]),
        state.add_service_principal("App", "app-id"),
        state.add_device("Phone"),
        state.add_contact("Reception", mail="r@contoso.com"),
    ]
    assert len(set(added)) == 5
    assert [state.kinds[key] for key in added] == [
        "user",
        "group",
        "servicePrincipal",
        "device",
        "orgContact",
    ]


def test_new_ids_are_the_same_in_the_same_directory():
    assert EntraState().add_user("a@contoso.com") == EntraState().add_user("b@contoso.com")


def test_a_new_id_is_never_one_in_use():
    first = EntraState()
    first.add_user("a@contoso.com")
    taken = first.add_user("b@contoso.com")
    second = EntraState()
    second.insert("user", {"id": taken, "userPrincipalName": "b@contoso.com"})
    assert second.add_user("c@contoso.com") != taken


def test_an_account_written_by_hand_needs_no_ids():
    account = {
        "account_id": "an-account",
        "switches": {"scim_21": False},
        "users": [{"user_name": "Ada@contoso.com"}],
        "service_principals": [{"application_id": "robot", "active": False}],
        "groups": [{"display_name": "data", "members": ["ada@contoso.com", "robot"]}],
    }
    state = World.from_json({"databricks": account}).databricks
    assert state.account_id == "an-account"
    assert state.switches.scim_21 is False
    assert state.members("data") == {"ada@contoso.com", "robot"}
    assert state.service_principal("robot").active is False
