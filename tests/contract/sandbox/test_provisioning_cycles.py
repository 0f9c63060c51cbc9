"""Provisioning cycles over real HTTP: what arrives in the account, and what never does."""

import json

import pytest

from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.entra.applications.gallery import USER_ROLE
from tests.contract.sandbox.contoso import (
    ADA,
    BOB,
    DATA,
    EVE,
    GUEST_NAME,
    ROBOT,
    SOCIAL,
    TEAM,
    small_world,
)

ADA_NAME = "ada@contoso.com"


@pytest.fixture(scope="module")
def server():
    with Sandbox(small_world()) as sandbox:
        yield sandbox


@pytest.fixture
def box(server):
    server.reset(small_world())
    return server


@pytest.fixture
def account(box):
    return box.world.databricks


def people(account):
    return {name: row["active"] for name, row in account.snapshot()["users"].items()}


def groups(account):
    return {name: row["members"] for name, row in account.snapshot()["groups"].items()}


def actions(setup):
    return [(row["provisioningAction"], row["provisioningStatusInfo"]["status"])
            for row in setup.log()]  # fmt: skip


def failures(setup):
    infos = [row["provisioningStatusInfo"] for row in setup.log()]
    return [i["errorInformation"]["errorCode"] for i in infos if i["status"] == "failure"]


class TestWhatArrives:
    def test_people_and_groups_are_created_with_their_ids(self, account, running):
        running.assign(DATA, EVE)
        status = running.cycle()
        assert people(account) == {ADA_NAME: True, GUEST_NAME.lower(): True}
        assert groups(account) == {"dbx-data": [ADA_NAME]}
        snapshot = account.snapshot()
        assert snapshot["users"][ADA_NAME]["externalId"] == ADA
        assert snapshot["groups"]["dbx-data"]["externalId"] == DATA
        assert status["lastExecution"]["state"] == "Succeeded"
        assert status["lastExecution"]["countExported"] == 3
        counts = {row["key"]: row["value"] for row in status["synchronizedEntryCountByType"]}
        assert counts == {"User": 2, "Group": 1}

    def test_a_second_cycle_writes_nothing(self, box, running):
        running.assign(DATA, EVE)
        running.cycle()
        box.log.clear()
        status = running.cycle()
        assert box.log.writes("databricks") == ()
        assert (status["code"], status["lastExecution"]["countExported"]) == ("Active", 0)

    def test_nested_groups_and_service_principals_never_arrive(self, account, running):
        running.assign(DATA, ROBOT)
        running.cycle()
        assert list(groups(account)) == ["dbx-data"]
        assert EVE not in {row["externalId"] for row in account.snapshot()["users"].values()}
        assert not account.service_principals.named("33333333-0000-4000-8000-00000000aaaa")

    def test_disabled_people_and_groups_without_security_never_arrive(self, account, running):
        running.assign(TEAM, SOCIAL)
        running.cycle()
        assert people(account) == {GUEST_NAME.lower(): True}
        assert groups(account) == {"R&D's team": [GUEST_NAME.lower()]}

    def test_what_is_there_is_taken_over(self, account, running):
        account.add_user(ADA_NAME, "Ada of old")
        account.add_group("dbx-data")
        account.add_user("stranger@contoso.com", "Stranger")
        running.assign(DATA)
        running.cycle()
        users = account.snapshot()["users"]
        assert users[ADA_NAME]["externalId"] == ADA
        assert users[ADA_NAME]["displayName"] == "Ada Lovelace"
        assert users["stranger@contoso.com"]["externalId"] is None
        assert groups(account) == {"dbx-data": [ADA_NAME]}

    def test_everybody_can_be_in_scope(self, account, running):
        running.save(SyncAll="true")
        running.cycle()
        assert set(people(account)) == {ADA_NAME, GUEST_NAME.lower()}
        assert set(groups(account)) == {"dbx-data", "R&D's team", "Council"}

    def test_a_workspace_can_be_the_target(self, box, running):
        box.world.add_workspace("sales")
        box.reset(World.from_json(box.world.to_json()))
        host = box.workspaces["sales"]
        base = f"{host.url}/api/2.0/preview/scim/v2"
        running.save(BaseAddress=base, SecretToken=host.token)
        running.assign(EVE)
        running.cycle()
        assert host.state.users.named(GUEST_NAME.lower())
        assert not box.world.databricks.users.named(GUEST_NAME.lower())

    def test_an_assignment_without_a_role_counts(self, box, account, running):
        box.world.entra.assign(running.principal, EVE)
        running.cycle()
        assert set(people(account)) == {GUEST_NAME.lower()}


@pytest.fixture
def settled(running):
    """A first cycle with a group and a guest."""
    running.assign(DATA, EVE)
    running.cycle()
    return running


class TestWhatChanges:
    def test_a_new_display_name_arrives(self, box, account, settled):
        box.world.entra.update(ADA, displayName="Ada King")
        settled.cycle()
        assert account.snapshot()["users"][ADA_NAME]["displayName"] == "Ada King"
        assert actions(settled)[0] == ("update", "success")

    def test_new_user_names_do_not_arrive_and_the_log_says_they_do(self, box, account, settled):
        box.world.entra.update(ADA, userPrincipalName="ada.king@contoso.com")
        settled.cycle()
        assert ADA_NAME in people(account)
        row = settled.log()[0]
        assert row["provisioningStatusInfo"]["status"] == "success"
        changed = {p["displayName"]: p["newValue"] for p in row["modifiedProperties"]}
        assert changed["userName"] == "ada.king@contoso.com"

    def test_new_names_of_groups_do_not_arrive(self, box, account, settled):
        box.world.entra.rename_group(DATA, "dbx-renamed")
        box.log.clear()
        settled.cycle()
        assert list(groups(account)) == ["dbx-data"]
        assert box.log.writes("databricks") == ()

    def test_a_cleared_attribute_does_not_arrive(self, box, account, settled):
        box.world.entra.update(ADA, givenName="Ada")
        settled.cycle()
        box.world.entra.update(ADA, givenName=None)
        settled.cycle()
        assert account.user(ADA_NAME).given_name == "Ada"

    def test_members_come_and_go(self, box, account, settled):
        box.world.entra.add_member(DATA, EVE)
        settled.cycle()
        assert groups(account)["dbx-data"] == [ADA_NAME, GUEST_NAME.lower()]
        box.world.entra.remove_member(DATA, EVE)
        settled.cycle()
        assert groups(account)["dbx-data"] == [ADA_NAME]
        assert people(account)[GUEST_NAME.lower()] is True

    def test_what_somebody_changes_in_the_account_stays(self, account, settled):
        account.remove_members("dbx-data", ADA_NAME)
        account.user(ADA_NAME).display_name = "Changed by hand"
        settled.cycle()
        settled.post("restart", criteria={"resetScope": "Watermark"})
        settled.cycle()
        assert groups(account)["dbx-data"] == []
        assert account.user(ADA_NAME).display_name == "Changed by hand"

    def test_a_full_restart_matches_anew_and_mends_it(self, account, settled):
        account.remove_members("dbx-data", ADA_NAME)
        settled.post("restart", criteria={"resetScope": "Full"})
        settled.cycle()
        assert groups(account)["dbx-data"] == [ADA_NAME]
        assert len(account.users) == 2

    def test_who_is_gone_from_the_account_is_missed_on_the_next_change(self, box, account, settled):
        account.remove(account.user(ADA_NAME).id)
        assert settled.cycle()["lastExecution"]["state"] == "Succeeded"
        box.world.entra.update(ADA, displayName="Ada King")
        status = settled.cycle()
        assert status["lastExecution"]["state"] == "EntryLevelErrors"
        error = settled.log()[0]["provisioningStatusInfo"]["errorInformation"]
        assert error["errorCode"] == "InvalidAnchor"

    def test_a_member_that_comes_into_scope_later_is_not_noticed(self, box, account, settled):
        box.world.entra.update(BOB, accountEnabled=False)
        box.world.entra.add_member(DATA, BOB)
        settled.cycle()
        box.world.entra.update(BOB, accountEnabled=True)
        settled.cycle()
        assert people(account)["bob.o'neil@contoso.com"] is True
        assert groups(account)["dbx-data"] == [ADA_NAME]
        settled.post("restart", criteria={"resetScope": "Watermark"})
        settled.cycle()
        assert groups(account)["dbx-data"] == [ADA_NAME, "bob.o'neil@contoso.com"]


class TestWhoLeaves:
    def test_who_is_not_assigned_any_more_is_disabled(self, account, settled):
        settled.withdraw(EVE)
        settled.cycle()
        assert people(account)[GUEST_NAME.lower()] is False
        assert actions(settled)[0] == ("disable", "success")
        settled.assign(EVE)
        settled.cycle()
        assert people(account)[GUEST_NAME.lower()] is True

    def test_a_full_restart_forgets_who_has_left(self, account, settled):
        settled.withdraw(EVE)
        settled.post("restart", criteria={"resetScope": "Full"})
        settled.cycle()
        assert people(account)[GUEST_NAME.lower()] is True

    def test_who_is_disabled_or_deleted_in_entra_is_disabled(self, box, account, settled):
        box.world.entra.update(ADA, accountEnabled=False)
        box.world.entra.delete_user(EVE)
        settled.cycle()
        assert people(account) == {ADA_NAME: False, GUEST_NAME.lower(): False}

    def test_who_is_purged_is_deleted(self, box, account, settled):
        box.world.entra.delete_user(EVE)
        settled.cycle()
        box.world.entra.purge(EVE)
        settled.cycle()
        assert GUEST_NAME.lower() not in people(account)

    def test_a_group_that_is_not_assigned_any_more_is_deleted(self, account, settled):
        settled.withdraw(DATA)
        settled.cycle()
        assert groups(account) == {}
        assert people(account)[ADA_NAME] is False

    def test_leavers_can_be_left_alone(self, box, account, settled):
        settled.save(SkipOutOfScopeDeletions="true")
        settled.withdraw(DATA)
        box.world.entra.delete_user(EVE)
        settled.cycle()
        assert people(account) == {ADA_NAME: True, GUEST_NAME.lower(): False}
        assert list(groups(account)) == ["dbx-data"]

    def test_a_mapping_can_forbid_it(self, account, settled):
        settled.change_schema("User", flowTypes="Add, Update")
        settled.withdraw(EVE)
        settled.cycle()
        assert people(account)[GUEST_NAME.lower()] is True


NOTICE = {"Enabled": True, "Recipients": "it@contoso.com", "DeleteThresholdEnabled": True}


class TestDeletionsHeld:
    @pytest.fixture
    def held(self, box, settled):
        """More leave than the threshold of one allows."""
        notice = NOTICE | {"DeleteThresholdValue": 1}
        settled.save(SyncNotificationSettings=json.dumps(notice))
        box.world.entra.update(ADA, accountEnabled=False, displayName="Ada King")
        settled.withdraw(EVE)
        self.status = settled.cycle()
        return settled

    def test_too_many_are_held_in_quarantine(self, account, held):
        assert self.status["quarantine"]["reason"] == "TooManyDeletes"
        assert people(account) == {ADA_NAME: True, GUEST_NAME.lower(): True}
        assert [a for a, _ in actions(held)].count("stageddelete") == 2

    def test_they_are_held_again_until_somebody_allows_them(self, account, held):
        held.post("start")
        assert held.cycle()["quarantine"]["reason"] == "TooManyDeletes"
        held.post("restart", criteria={"resetScope": "ForceDeletes"})
        status = held.cycle()
        assert (status["code"], status["quarantine"]) == ("Active", None)
        assert people(account) == {ADA_NAME: False, GUEST_NAME.lower(): False}

    def test_or_until_they_stay(self, box, held):
        box.world.entra.update(ADA, accountEnabled=True)
        status = held.cycle()
        assert (status["code"], status["quarantine"]) == ("Active", None)

    def test_allowing_is_for_one_cycle(self, box, account, held):
        held.post("restart", criteria={"resetScope": "ForceDeletes"})
        held.cycle()
        box.world.entra.update(ADA, accountEnabled=True)
        held.assign(EVE)
        held.cycle()
        box.world.entra.update(ADA, accountEnabled=False)
        box.world.entra.update(EVE, accountEnabled=False)
        assert held.cycle()["quarantine"]["reason"] == "TooManyDeletes"

    def test_as_many_as_allowed_are_not_held(self, account, settled):
        notice = NOTICE | {"DeleteThresholdValue": 1}
        settled.save(SyncNotificationSettings=json.dumps(notice))
        settled.withdraw(EVE)
        assert settled.cycle()["quarantine"] is None
        assert people(account)[GUEST_NAME.lower()] is False

    @pytest.mark.parametrize(("source", "reason"), [("both", "TooManyDeletes"), ("secrets", None)])
    def test_the_threshold_may_be_a_setting_of_the_job(
        self, box, graph, settled, turn, source, reason
    ):
        turn(threshold_from=source)
        box.world.entra.permissions.add("Synchronization.ReadWrite.All")
        pair = {"name": "QuarantineTooManyDeletesThreshold", "value": "0"}
        graph.patch(settled.path, json={"synchronizationJobSettings": [pair]}).raise_for_status()
        settled.withdraw(EVE)
        quarantine = settled.cycle()["quarantine"]
        assert (quarantine and quarantine["reason"]) == reason


def scope(*clauses):
    rows = [
        {"sourceOperandName": a, "operatorName": o, "targetOperand": {"values": v}}
        for a, o, v in clauses
    ]
    return {"groups": [{"name": "filter", "clauses": rows}]}


class TestMappings:
    def test_a_filter_lets_through_and_disables(self, box, account, running):
        running.change_schema("User", scope=scope(("department", "EQUALS", ["Data"])))
        running.assign(DATA, EVE)
        running.cycle()
        assert people(account) == {ADA_NAME: True}
        box.world.entra.update(ADA, department="data")
        running.cycle()
        assert people(account) == {ADA_NAME: False}

    def test_a_clause_on_an_empty_attribute_is_false(self, account, running):
        running.change_schema("User", scope=scope(("department", "NOT EQUALS", ["Sales"])))
        running.assign(DATA, EVE)
        running.cycle()
        assert list(people(account)) == [ADA_NAME]

    def test_a_mapping_can_be_off(self, account, running):
        running.change_schema("Group", enabled=False)
        running.assign(DATA)
        running.cycle()
        assert (groups(account), list(people(account))) == ({}, [ADA_NAME])

    @pytest.mark.parametrize(
        ("source", "name"),
        [
            ({"type": "Attribute", "name": "department"}, "Data"),
            ({"type": "Constant", "name": "Everybody"}, "Everybody"),
            ({"type": "Function", "expression": 'Append(ToUpper([surname]), "X")'}, "X"),
            (
                {"type": "Function", "expression": 'Coalesce([surname], ToLower([department]), "-")'},
                "data",
            ),
            ({"type": "Function", "expression": "Mid([mail], 1, 3)"}, None),
        ],
    )  # fmt: skip
    def test_a_display_name_comes_from_elsewhere(self, account, running, source, name):
        mapping = next(
            m
            for m in running.schema()["synchronizationRules"][0]["objectMappings"]
            if m["sourceObjectName"] == "User"
        )
        for item in mapping["attributeMappings"]:
            if item["targetAttributeName"] == "displayName":
                item["source"] = {"parameters": [], "expression": "", "name": "", **source}
        running.change_schema("User", attributeMappings=mapping["attributeMappings"])
        running.assign(ADA)
        status = running.cycle()
        shown = {row["displayName"] for row in account.snapshot()["users"].values()}
        assert shown == ({name} if name else set())
        assert (status["lastExecution"]["state"] == "Succeeded") is (name is not None)

    def test_a_new_schema_begins_anew(self, running):
        running.assign(EVE)
        assert running.cycle()["code"] == "Active"
        running.change_schema("Group", enabled=False)
        assert running.status()["code"] == "NotRun"


class TestHow:
    def test_a_stopped_job_has_no_cycle(self, account, setup):
        setup.save()
        setup.assign(EVE)
        assert setup.cycle()["lastExecution"] is None
        assert people(account) == {}

    def test_a_cycle_goes_on_where_it_was(self, account, running, turn):
        turn(after_pause="stays")
        running.assign(DATA, EVE)
        status = running.cycle(objects=1)
        (progress,) = status["progress"]
        assert (progress["completedUnits"], progress["totalUnits"]) == (1, 3)
        assert (status["code"], status["lastExecution"]) == ("NotRun", None)
        running.post("pause")
        assert running.cycle()["lastExecution"] is None
        running.post("start")
        status = running.cycle()
        assert status["progress"][0]["completedUnits"] == 3
        assert len(people(account)) == 2

    @pytest.mark.parametrize("code", ["Paused", "Active"])
    def test_one_under_way_still_ends_after_a_pause_and_no_other_begins(
        self, account, running, turn, clock, code
    ):
        turn(cycles="due", objects_per_read=1, pausing_code=code)
        running.assign(DATA, EVE)
        running.status()
        running.post("pause")
        first = running.read()
        assert (first["schedule"]["state"], first["status"]["code"]) == ("Paused", code)
        assert running.status()["lastExecution"]["state"] == "Succeeded"
        assert len(people(account)) == 2
        began = running.status()["lastExecution"]["timeBegan"]
        clock.advance(3600)
        status = running.status()
        assert (status["code"], status["lastExecution"]["timeBegan"]) == ("Paused", began)

    def test_cycles_can_come_with_time(self, account, running, turn, clock):
        turn(cycles="due")
        running.assign(EVE)
        assert running.status()["lastExecution"]["state"] == "Succeeded"
        assert GUEST_NAME.lower() in people(account)
        running.assign(ADA)
        clock.advance(39 * 60)
        running.status()
        assert ADA_NAME not in people(account)
        clock.advance(2 * 60)
        running.status()
        assert ADA_NAME in people(account)

    def test_and_read_by_read(self, running, turn, clock):
        turn(cycles="due", objects_per_read=1)
        running.assign(DATA, EVE)
        done = [running.status()["progress"][0]["completedUnits"] for _ in range(3)]
        assert done == [1, 2, 3]
        assert running.read()["status"]["code"] == "Active"

    def test_and_with_a_reading_of_all_jobs(self, account, graph, running, turn, clock):
        turn(cycles="due")
        running.assign(EVE)
        (job,) = graph.get(f"{running.root}/jobs").json()["value"]
        assert job["status"]["lastExecution"]["state"] == "Succeeded"
        assert GUEST_NAME.lower() in people(account)

    def test_a_failure_is_tried_again(self, admin, account, running):
        admin.post("/faults", json={"kind": "500", "method": "POST", "path": "/Users"})
        running.assign(DATA)
        status = running.cycle()
        assert status["lastExecution"]["state"] == "EntryLevelErrors"
        assert status["lastSuccessfulExecution"] is None
        assert groups(account) == {"dbx-data": []}
        status = running.cycle()
        assert status["lastExecution"]["state"] == "Succeeded"
        assert groups(account) == {"dbx-data": [ADA_NAME]}

    @pytest.mark.parametrize(
        ("fault", "code"),
        [
            ("403", "InsufficientRights"),
            ("409", "Conflict"),
            ("429", "TooManyRequests"),
            ("503", "InternalServerError"),
            ("reset", "Timeout"),
        ],
    )
    def test_the_log_names_what_went_wrong(self, admin, running, fault, code):
        admin.post("/faults", json={"kind": fault, "method": "POST", "path": "/Users"})
        running.assign(EVE)
        running.cycle()
        row = running.log()[0]
        assert row["provisioningAction"] == "create"
        assert row["provisioningStatusInfo"]["status"] == "failure"
        assert row["provisioningStatusInfo"]["errorInformation"]["errorCode"] == code

    def test_a_lost_answer_to_a_creation_is_made_good(self, admin, account, running):
        admin.post("/faults", json={"kind": "lost", "method": "POST", "path": "/Users"})
        running.assign(EVE)
        assert running.cycle()["lastExecution"]["state"] == "EntryLevelErrors"
        assert running.cycle()["lastExecution"]["state"] == "Succeeded"
        assert len(account.users) == 1

    def test_two_people_of_one_name_are_a_failure(self, account, running, turn):
        account.switches.user_name_case = "kept"
        running.change_schema("Group", scope=None)
        running.box.world.entra.add_user("twin@contoso.com", id="twin-1")
        running.box.world.entra.insert(
            "user", {"id": "twin-2", "userPrincipalName": "twin@contoso.com"}
        )
        running.assign("twin-1", "twin-2")
        running.cycle()
        assert failures(running) == ["DuplicateSourceEntries"]

    def test_names_with_special_characters_may_not_be_found(self, account, running, turn):
        turn(special_names="no_match")
        account.add_group("R&D's team")
        running.assign(TEAM)
        running.cycle()
        assert failures(running) == ["Conflict"]

    def test_a_cycle_is_continued_in_a_saved_world(self, box, account, running, tmp_path):
        running.assign(DATA, EVE)
        running.cycle(objects=2)
        box.world.save(tmp_path / "world.json")
        loaded = World.load(tmp_path / "world.json")
        assert loaded.to_json() == box.world.to_json()
        box.reset(loaded)
        running.cycle()
        assert set(people(box.world.databricks)) == {ADA_NAME, GUEST_NAME.lower()}
        assert USER_ROLE in str(box.world.entra.assignments)
