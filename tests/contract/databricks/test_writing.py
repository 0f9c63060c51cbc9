"""The shape of each write, and what becomes of it on the account."""

import pytest

from aadsync_lib.databricks.translate import on_azure
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.ports import AlreadyThere, AnswerLost, ChangeRefused, MembersRefused

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ADA = Attributes(
    user_name="Ada@X.com", display_name="Ada", external_id="e-ada", application_id="no", active=True
)
ROBOT = Attributes(application_id="app-1", display_name="Robot", external_id="e-robot", active=True)
TEAM = Attributes(display_name="Team", external_id="e-team", active=True)


def test_a_user_is_created_with_a_lower_case_name_and_the_same_address(account):
    user_id = account.target.create(Kind.USER, ADA)
    assert account.api.bodies("POST") == [
        {
            "schemas": [CORE + "User"],
            "userName": "ada@x.com",
            "emails": [{"value": "ada@x.com", "type": "work", "primary": True}],
            "displayName": "Ada",
            "externalId": "e-ada",
            "active": True,
        }
    ]
    user = account.state.user("ada@x.com")
    assert (user.id, user.external_id, user.display_name) == (user_id, "e-ada", "Ada")


def test_a_service_principal_is_created_with_its_application_id_on_azure(account):
    account.target.create(Kind.SERVICE_PRINCIPAL, ROBOT)
    assert account.api.bodies("POST") == [
        {
            "schemas": [CORE + "ServicePrincipal"],
            "applicationId": "app-1",
            "displayName": "Robot",
            "externalId": "e-robot",
            "active": True,
        }
    ]
    assert account.state.service_principal("app-1").external_id == "e-robot"


def test_elsewhere_databricks_chooses_the_application_id(account):
    account = account.other(azure=False)
    account.target.create(Kind.SERVICE_PRINCIPAL, ROBOT)
    assert "applicationId" not in account.api.bodies("POST")[0]


@pytest.mark.parametrize(
    ("host", "azure"),
    [
        ("https://accounts.azuredatabricks.net", True),
        ("https://accounts.azuredatabricks.us/", True),
        ("http://127.0.0.1:8080", True),
        ("https://accounts.cloud.databricks.com", False),
        ("accounts.cloud.databricks.us", False),
        ("https://accounts-dod.cloud.databricks.mil", False),
        ("https://accounts.gcp.databricks.com:443", False),
        ("", True),
    ],
)
def test_the_host_tells_whether_application_ids_are_entras(host, azure):
    assert on_azure(host) is azure


def test_a_group_is_created_with_its_members_in_one_request(account):
    ada = account.state.add_user("ada@x.com").id
    account.settled().target.create(Kind.GROUP, TEAM, [ada])
    assert account.api.bodies("POST") == [
        {
            "schemas": [CORE + "Group"],
            "displayName": "Team",
            "externalId": "e-team",
            "members": [{"value": ada}],
        }
    ]
    assert account.state.members("Team") == {"ada@x.com"}
    assert len(account.sent) == 1


def test_only_what_is_wanted_is_sent(account):
    account.target.create(Kind.GROUP, Attributes(display_name="Team"))
    account.target.create(Kind.USER, Attributes(user_name="a@x.com"))
    account.target.create(Kind.SERVICE_PRINCIPAL, Attributes(display_name="Robot"))
    assert [sorted(body) for body in account.api.bodies("POST")] == [
        ["displayName", "schemas"],
        ["emails", "schemas", "userName"],
        ["displayName", "schemas"],
    ]


def test_members_beyond_what_a_create_may_carry_follow_in_the_same_call(account, monkeypatch):
    monkeypatch.setattr("aadsync_lib.databricks.writes.CREATE_MEMBERS", 3)
    ids = [account.state.add_user(f"u{n}@x.com").id for n in range(8)]
    group_id = account.target.create(Kind.GROUP, TEAM, ids)
    assert len(account.api.bodies("POST")[0]["members"]) == 3
    assert account.target.members([group_id])[group_id] == set(ids)


def test_a_group_whose_further_members_fail_exists_and_its_id_is_told(account, monkeypatch):
    monkeypatch.setattr("aadsync_lib.databricks.writes.CREATE_MEMBERS", 1)
    ids = [account.state.add_user(f"u{n}@x.com").id for n in range(3)]
    account.fault("403", "PATCH", count=None)
    with pytest.raises(MembersRefused) as refused:
        account.target.create(Kind.GROUP, TEAM, ids)
    assert refused.value.group_id == account.state.group("Team").id
    assert set(refused.value.refused) == set(ids[1:])


def test_one_bad_member_does_not_keep_a_group_from_being_created(account):
    account.state.switches.unknown_member = "error"
    ids = [account.state.add_user(f"u{n}@x.com").id for n in range(4)]
    with pytest.raises(MembersRefused) as refused:
        account.target.create(Kind.GROUP, TEAM, [*ids, "12345"])
    assert set(refused.value.refused) == {"12345"}
    assert len(account.state.members("Team")) == 4


def test_a_group_that_is_refused_with_and_without_members_is_refused(account):
    ada = account.state.add_user("ada@x.com").id
    with pytest.raises(ChangeRefused, match=r"POST Groups: 400.*displayName must have 1 to"):
        account.target.create(Kind.GROUP, Attributes(display_name="x" * 300), [ada])
    with pytest.raises(ChangeRefused, match="400"):
        account.target.create(Kind.GROUP, Attributes(display_name="x" * 300))


@pytest.mark.parametrize("shape", ["scim", "databricks"])
@pytest.mark.parametrize(
    ("kind", "wanted"),
    [(Kind.USER, ADA), (Kind.SERVICE_PRINCIPAL, ROBOT), (Kind.GROUP, TEAM)],
)
def test_a_conflict_on_create_is_already_there_in_both_error_shapes(account, kind, wanted, shape):
    account.state.switches.error_shape = shape
    account.target.create(kind, wanted)
    with pytest.raises(AlreadyThere, match=r"409 .*already exists") as error:
        account.target.create(kind, wanted)
    assert "None" not in str(error.value)


def test_a_create_whose_answer_has_no_id_is_an_answer_lost(account, monkeypatch):
    account.settled()
    monkeypatch.setattr("aadsync_lib.sandbox.databricks.scim.render", lambda *_: {})
    with pytest.raises(AnswerLost, match="no id"):
        account.target.create(Kind.USER, ADA)


@pytest.mark.parametrize("active", [True, False])
def test_active_is_sent_in_the_one_documented_shape(account, active):
    user = account.state.add_user("ada@x.com", active=not active)
    account.target.update(Kind.USER, user.id, Attributes(active=active))
    assert account.api.operations() == [
        [{"op": "replace", "path": "active", "value": [{"value": str(active).lower()}]}]
    ]
    assert user.active is active


def test_an_update_is_one_patch_of_only_what_is_given(account):
    robot = account.state.add_service_principal("app-1", roles=["account_admin"])
    account.target.update(Kind.SERVICE_PRINCIPAL, robot.id, ROBOT)
    assert account.api.bodies("PATCH") == [
        {
            "schemas": [PATCH],
            "Operations": [
                {"op": "replace", "path": "active", "value": [{"value": "true"}]},
                {"op": "replace", "path": "displayName", "value": "Robot"},
                {"op": "replace", "path": "externalId", "value": "e-robot"},
            ],
        }
    ]
    assert (robot.external_id, robot.roles) == ("e-robot", ["account_admin"])


def test_a_renamed_group_keeps_id_and_members(account):
    account.state.add_user("ada@x.com")
    group = account.state.add_group("Old", members=["ada@x.com"])
    account.target.update(Kind.GROUP, group.id, Attributes(display_name="New"))
    assert account.state.group("New").id == group.id
    assert account.state.members("New") == {"ada@x.com"}


def test_a_change_of_nothing_that_can_be_changed_sends_nothing(account):
    account.settled().target.update(Kind.USER, "1", Attributes(user_name="new@x.com"))
    assert account.sent == []


def test_a_name_that_is_taken_is_already_there(account):
    account.state.add_group("Taken")
    group = account.state.add_group("Old")
    with pytest.raises(AlreadyThere, match="409"):
        account.target.update(Kind.GROUP, group.id, Attributes(display_name="Taken"))


def test_an_update_of_somebody_who_is_gone_is_refused(account):
    with pytest.raises(ChangeRefused, match="PATCH Users/99: 404"):
        account.target.update(Kind.USER, "99", Attributes(active=False))


@pytest.mark.parametrize("kind", list(Kind))
def test_delete_is_done_when_the_object_is_gone_already(account, kind):
    state = account.state
    made = {
        Kind.USER: lambda: state.add_user("ada@x.com"),
        Kind.SERVICE_PRINCIPAL: lambda: state.add_service_principal("app-1"),
        Kind.GROUP: lambda: state.add_group("g"),
    }[kind]()
    account.target.delete(kind, made.id)
    account.target.delete(kind, made.id)
    assert state.kind_of(made.id) is None


def test_a_refused_delete_is_refused(account):
    with pytest.raises(ChangeRefused, match="403"):
        account.target.delete(Kind.GROUP, account.state.group("account users").id)


def test_a_delete_whose_answer_was_lost_is_sent_again(account):
    user = account.state.add_user("ada@x.com")
    account.fault("lost", "DELETE")
    account.target.delete(Kind.USER, user.id)
    assert account.state.kind_of(user.id) is None


def test_an_id_cannot_lead_to_another_path(account):
    account.settled()
    account.target.members(["../Users?x=1"])
    assert account.api.sent[0].path == "Groups/..%2FUsers%3Fx%3D1"


def test_no_write_is_a_put(account):
    group_id = account.target.create(Kind.GROUP, TEAM, [account.target.create(Kind.USER, ADA)])
    account.target.update(Kind.GROUP, group_id, Attributes(display_name="New"))
    account.target.change_members(group_id, [], [account.state.user("ada@x.com").id])
    account.target.delete(Kind.GROUP, group_id)
    assert {sent.method for sent in account.sent} == {
        "GET",
        "POST",
        "PATCH",
        "DELETE",
    }
