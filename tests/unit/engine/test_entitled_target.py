"""Entitlements of groups in a target that is a workspace itself."""

from __future__ import annotations

from aadsync_lib.config.settings import Entitled
from aadsync_lib.model.change import ACCESS
from tests.unit.build import directory, group, settings, user
from tests.unit.world import World

ADA = user("ada")
DATA = directory(ADA, group("dbx-data", [ADA]), group("dbx-ops", [ADA]))


def config_of(*rules, **policy):
    config = settings(**policy)
    entitled = tuple(
        Entitled.model_validate({"groups": [pattern], "entitlements": list(names)})
        for pattern, *names in rules
    )
    own = {"level": "workspace", "account_id": None, "entitlements": entitled}
    target = config.targets[0].model_copy(update=own)
    return config.model_copy(update={"targets": (target,)})


def entitled(world):
    names = {key: account.name for key, account in world.target.accounts.items()}
    there = world.workspaces["account"].entitlements[None]
    return {names[key]: sorted(held) for key, held in there.items() if held and key in names}


def access(plan):
    return [(c.action.value, c.name) for c in plan.changes if c.action in ACCESS]


def test_groups_are_entitled_in_the_workspace_itself_and_a_second_run_does_nothing():
    with World(
        DATA, config=config_of(("*", "workspace-access"), ("*-ops", "allow-cluster-create"))
    ) as world:
        plan = world.planned()
        assert [c.after.workspace_id for c in plan.changes if c.action in ACCESS] == [None, None]
        world.sync()
        assert entitled(world) == {
            "dbx-data": ["workspace-access"],
            "dbx-ops": ["allow-cluster-create", "workspace-access"],
        }
        assert world.plan().empty
        assert world.workspaces["account"].reads[-2:] == ["assignments None", "group None"]


def test_what_was_granted_is_revoked_when_no_rule_asks_for_it():
    with World(DATA, config=config_of(("*", "workspace-access"))) as world:
        world.sync()
        world.settings = config_of(("dbx-data", "workspace-access"))
        assert access(world.planned()) == [("revoke_entitlements", "dbx-ops")]
        world.settings = config_of()
        world.sync()
        assert entitled(world) == {}


def test_people_whom_an_application_assigns_are_not_entitled_themselves():
    snapshot = directory(ADA, group("dbx-data", [ADA]), assigned=[ADA])
    with World(snapshot, config=config_of(("*", "workspace-access"))) as world:
        world.sync()
        assert entitled(world) == {"dbx-data": ["workspace-access"]}


def test_what_others_granted_stays():
    with World(DATA, config=config_of(("*", "workspace-access"))) as world:
        world.sync()
        ops = world.target.named("dbx-ops").id
        world.workspaces["account"].entitlements[None][ops].add("databricks-sql-access")
        world.settings = config_of()
        world.sync()
        assert entitled(world) == {"dbx-ops": ["databricks-sql-access"]}


def test_settings_without_entitlements_leave_them_alone_and_read_nothing():
    with World(DATA, config=config_of(("*", "workspace-access"))) as world:
        world.sync()
        world.settings = world.settings.model_copy(
            update={
                "targets": (world.settings.targets[0].model_copy(update={"entitlements": None}),)
            }
        )
        world.workspaces["account"].reads.clear()
        assert world.plan().empty
        assert world.workspaces["account"].reads == []


def test_an_undo_revokes_what_the_run_granted():
    with World(DATA, config=config_of()) as world:
        world.sync()
        world.settings = config_of(("*", "workspace-access"))
        run = world.sync()
        report = world.runner().undo(run.run_id)
        assert report.applied == {"revoke_entitlements": 2}
        assert entitled(world) == {}


def test_unread_entitlements_hold_back_nothing_else():
    with World(DATA, config=config_of(("*", "workspace-access"))) as world:
        world.workspaces["account"].unreadable_scim[None] = "503"
        report = world.sync()
        assert report.applied["create_group"] == 2
        assert [held.name for held in report.on_hold] == ["entitlements"]
