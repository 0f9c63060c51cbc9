from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.change import ACCESS, Action
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind, Permission
from aadsync_lib.model.plan import UnappliedBy
from aadsync_lib.model.run import Result, Status
from tests.unit.build import NO_LIMITS, directory, group, service, user
from tests.unit.fakes import Fault
from tests.unit.workspaces import FIRST, rule, with_workspaces
from tests.unit.world import World

ADA, BOB = user("ada"), user("bob")
DATA = directory(ADA, BOB, group("dbx-data", [ADA]), group("dbx-ops", [BOB]), group("other", [ADA]))
ACCESS_SQL = ("workspace-access", "databricks-sql-access")
DEFAULT_LIMITS = {key: value for key, value in NO_LIMITS.items() if key != "access_removed"}


def world_of(snapshot=DATA, *rules, more=(), **policy):
    config = with_workspaces(*(rules or (rule("dbx-*"),)), more=more, **policy)
    return World(snapshot, config=config)


def access(plan):
    return [change for change in plan.changes if change.action in ACCESS]


MOVES = {"user_name_change": "recreate", "adopt": "same_name"}
MOVING, MOVED = (
    directory(ADA, bob, group("other", [ADA, bob]), assigned=[bob])
    for bob in (BOB, user("bob", user_principal_name="bob@fabrikam.com"))
)
ORDER = ["assign", "entitle", "entitle", "unassign"]
BOBS = (FIRST, "bob@fabrikam.com", "user", "workspace-access")


def lines(plan):
    return [
        (
            change.action.value,
            change.name,
            (change.after.permission if change.after else None)
            or (change.after or change.before).entitlements,
        )
        for change in access(plan)
    ]


def by_hand(world, name, permission=Permission.USER, workspace=FIRST):
    world.workspaces["account"].permissions[workspace][world.target.named(name).id] = permission


def take_by_hand(world, name, workspace=FIRST):
    del world.workspaces["account"].permissions[workspace][world.target.named(name).id]


@pytest.fixture
def world():
    with world_of() as one:
        yield one


class TestAssigning:
    def test_groups_whose_names_match_are_assigned_once_they_are_there(self, world):
        world.sync()
        assert world.workspaces["account"].state() == [
            (FIRST, "dbx-data", "user"),
            (FIRST, "dbx-ops", "user"),
        ]

    def test_a_second_run_plans_and_writes_nothing_and_reads_one_list(self, world):
        world.sync()
        there = world.workspaces["account"]
        written, there.reads[:] = len(there.log), []
        assert world.plan().empty
        assert there.reads == [f"assignments {FIRST}"]
        world.sync()
        assert len(there.log) == written

    def test_it_stands_in_the_plan_after_the_group_and_its_members(self, world):
        actions = [change.action for change in world.planned().changes]
        assert actions.index(Action.ASSIGN_WORKSPACE) > actions.index(Action.ADD_MEMBERS)
        assert actions.index(Action.ASSIGN_WORKSPACE) > actions.index(Action.CREATE_GROUP)

    def test_patterns_are_compared_without_regard_to_case(self):
        with world_of(DATA, rule("DBX-D*")) as world:
            world.sync()
            assert world.workspaces["account"].state() == [(FIRST, "dbx-data", "user")]

    def test_admin_beats_user_and_entitlements_are_joined(self):
        rules = (
            rule("dbx-*", entitlements=["workspace-access"]),
            rule("*-data", permission="admin", entitlements=["databricks-sql-access"]),
        )
        with world_of(DATA, *rules) as world:
            world.sync()
            assert world.workspaces["account"].state() == [
                (FIRST, "dbx-data", "admin", "databricks-sql-access", "workspace-access"),
                (FIRST, "dbx-ops", "user", "workspace-access"),
            ]
            assert world.plan().empty

    def test_people_and_services_assigned_by_an_application_match_by_their_own_names(self):
        bot = service("bot")
        snapshot = directory(ADA, BOB, bot, group("dbx-data", [BOB]), assigned=[ADA, bot])
        rules = (rule("ada@*", "Bot", entitlements=["allow-instance-pool-create", *ACCESS_SQL]),)
        with world_of(snapshot, *rules) as world:
            world.sync()
            assert world.workspaces["account"].state() == [
                (FIRST, "ada@contoso.com", "user", *sorted(ACCESS_SQL)),
                (FIRST, "app-bot", "user", *sorted(ACCESS_SQL)),
            ]
            assert {change.kind for change in access(world.planned())} == set()

    def test_who_is_only_in_a_group_is_not_assigned_directly(self):
        with world_of(DATA, rule("ada@*")) as world:
            assert access(world.planned()) == []

    def test_what_failed_to_be_made_is_not_assigned(self, world):
        world.target.refuses = lambda what: "no" if what == "create group dbx-data" else None
        report = world.sync()
        assert world.workspaces["account"].state() == [(FIRST, "dbx-ops", "user")]
        assert [o.result for o in report.failed if o.change.action in ACCESS] == [Result.SKIPPED]

    def test_a_group_that_may_not_be_adopted_is_not_assigned(self):
        with world_of(adopt="never") as world:
            world.target.add(Kind.GROUP, "dbx-data")
            assert lines(world.planned()) == [("assign_workspace", "dbx-ops", "user")]

    def test_a_workspace_that_does_not_know_a_new_group_yet_is_asked_again(self, world):
        world.workspaces["account"].slow["dbx-data"] = 3
        assert world.sync().clean
        assert world.workspaces["account"].has(FIRST, "dbx-data") is Permission.USER

    def test_patience_has_an_end_and_holds_nothing_else_back(self, world):
        world.workspaces["account"].slow["dbx-data"] = 50
        report = world.sync()
        assert report.status is Status.PARTIAL
        assert [o.change.action for o in report.failed] == [Action.ASSIGN_WORKSPACE]
        assert world.workspaces["account"].has(FIRST, "dbx-ops") is Permission.USER
        assert world.clock.now() - FakeStart < 60

    def test_two_that_clash_in_entitlements_are_quarantined(self):
        with world_of(
            DATA,
            rule("dbx-data", entitlements=["workspace-consume"]),
            rule("*", entitlements=["workspace-access"]),
        ) as world:
            plan = world.planned()
            assert [held.name for held in plan.quarantined] == ["dbx-data"]
            assert "workspace-consume" in plan.quarantined[0].reason


FakeStart = 1750000000.0


class TestLocalGroups:
    def test_a_group_of_the_workspace_in_the_way_is_quarantined_with_the_remedy(self, world):
        world.workspaces["account"].local[FIRST] = {"DBX-Data"}
        plan = world.planned()
        assert [held.name for held in plan.quarantined] == ["dbx-data"]
        assert "rename or delete" in plan.quarantined[0].reason
        report = world.sync()
        assert report.status is Status.PARTIAL
        assert world.workspaces["account"].state() == [(FIRST, "dbx-ops", "user")]

    def test_so_is_one_in_the_way_of_the_name_that_the_group_has_until_it_is_renamed(self):
        with world_of(drift="report") as world:
            world.sync()
            take_by_hand(world, "dbx-ops")
            ops = world.target.named("dbx-ops")
            world.target.accounts[ops.id] = replace(ops, name="Ops")
            world.workspaces["account"].local[FIRST] = {"ops"}
            world.configure(drift="repair")
            world.target.refuses = lambda what: "no" if what == f"update {ops.id}" else None
            report = world.sync()
            assert [o.change.action for o in report.failed] == [Action.RENAME_GROUP]
            world.target.refuses = lambda what: None
            world.sync()
            assert world.sync().clean
            assert world.workspaces["account"].has(FIRST, "dbx-ops") is Permission.USER

    def test_so_is_one_in_the_way_of_a_group_that_is_made_anew_and_still_shown_as_assigned(
        self, world
    ):
        world.sync()
        for name in ("dbx-data", "dbx-ops"):
            del world.target.accounts[world.target.named(name).id]
        world.workspaces["account"].local[FIRST] = {"dbx-data"}
        report = world.runner().sync(full=True)
        assert [(o.change.name, o.result) for o in report.targets[0].outcomes if o.error] == []
        assert [held.name for held in report.plan.targets[0].quarantined] == ["dbx-data"]
        assert world.workspaces["account"].has(FIRST, "dbx-ops") is Permission.USER

    def test_it_is_assigned_once_the_other_is_gone(self, world):
        world.workspaces["account"].local[FIRST] = {"dbx-data"}
        world.sync()
        world.workspaces["account"].local[FIRST] = set()
        assert world.sync().clean
        assert world.workspaces["account"].has(FIRST, "dbx-data") is Permission.USER


class TestTakingBack:
    def test_a_group_that_leaves_the_scope_loses_what_this_sync_gave(self, world):
        world.sync()
        plan = world.synced(directory(ADA, BOB, group("dbx-data", [ADA]), group("other", [ADA])))
        assert lines(plan) == [("unassign_workspace", "dbx-ops", None)]
        assert world.workspaces["account"].state() == [(FIRST, "dbx-data", "user")]
        assert world.plan().empty

    def test_a_rule_that_goes_takes_back_entitlements_and_assignment_in_that_order(self):
        with world_of(DATA, rule("dbx-*", entitlements=ACCESS_SQL)) as world:
            world.sync()
            world.settings = with_workspaces(rule("dbx-data", entitlements=["workspace-access"]))
            assert lines(world.planned()) == [
                ("revoke_entitlements", "dbx-data", ("databricks-sql-access",)),
                ("revoke_entitlements", "dbx-ops", tuple(sorted(ACCESS_SQL))),
                ("unassign_workspace", "dbx-ops", None),
            ]
            world.sync()
            there = world.workspaces["account"]
            assert there.state() == [(FIRST, "dbx-data", "user", "workspace-access")]
            ops = [line.split()[0] for line in there.log if "dbx-ops" in line]
            assert ops == ["assign", "entitle", "entitle", "unassign"]
            assert world.plan().empty

    def test_a_deleted_group_is_unassigned_first(self):
        with world_of(retired_groups="delete") as world:
            world.sync()
            plan = world.synced(directory(ADA, group("dbx-data", [ADA])))
            actions = [change.action for change in plan.changes]
            assert actions.index(Action.UNASSIGN_WORKSPACE) < actions.index(Action.DELETE_GROUP)
            assert any(line.startswith("unassign") for line in world.workspaces["account"].log)

    def test_a_retired_group_that_is_kept_keeps_its_access(self):
        with world_of(retired_groups="keep") as world:
            world.sync()
            world.source.snapshot = directory(ADA, group("dbx-data", [ADA]))
            assert access(world.planned()) == []

    def test_what_was_assigned_before_is_never_taken_back(self):
        with world_of(adopt="unowned") as world:
            world.target.add(Kind.GROUP, "dbx-ops")
            by_hand(world, "dbx-ops")
            world.sync()
            world.source.snapshot = directory(ADA, group("dbx-data", [ADA]))
            plan = world.planned()
            assert access(plan) == []
            assert [n.message for n in plan.warnings if n.code == "access_left"]

    def test_an_admin_by_somebody_elses_hand_stays_and_is_shown(self, world):
        world.sync()
        by_hand(world, "dbx-ops", Permission.ADMIN)
        plan = world.planned()
        assert access(plan) == []
        assert "dbx-ops is admin" in plan.warnings[-1].message
        world.source.snapshot = directory(ADA, group("dbx-data", [ADA]))
        assert access(world.planned()) == []

    def test_whom_this_sync_raised_becomes_what_it_was(self):
        with world_of(DATA, rule("dbx-ops", permission="admin")) as world:
            world.target.add(Kind.GROUP, "dbx-ops")
            by_hand(world, "dbx-ops")
            world.sync()
            assert world.workspaces["account"].has(FIRST, "dbx-ops") is Permission.ADMIN
            plan = world.synced(directory(ADA, group("dbx-data", [ADA])))
            assert lines(plan) == [("assign_workspace", "dbx-ops", "user")]
            assert world.workspaces["account"].has(FIRST, "dbx-ops") is Permission.USER
            assert world.plan().empty

    def test_an_admin_becomes_a_user_where_the_rules_ask_for_less(self):
        with world_of(DATA, rule("dbx-*", permission="admin")) as world:
            world.sync()
            world.settings = with_workspaces(rule("dbx-*"))
            assert [change.takes_access for change in access(world.planned())] == [True, True]
            world.sync()
            assert world.workspaces["account"].has(FIRST, "dbx-ops") is Permission.USER
            assert world.plan().empty

    def test_what_others_give_again_after_it_was_taken_by_hand_is_theirs(self):
        with world_of(DATA, rule("dbx-*", entitlements=["workspace-access"])) as world:
            world.sync()
            there = world.workspaces["account"]
            data = world.target.named("dbx-data").id
            take_by_hand(world, "dbx-ops")
            there.entitlements[FIRST].clear()
            world.settings = with_workspaces(rule("dbx-data"))
            assert [(c.action.value, c.name, c.drift) for c in access(world.planned())] == [
                ("revoke_entitlements", "dbx-data", True),
                ("unassign_workspace", "dbx-ops", True),
            ]
            run = world.sync()
            assert world.plan().empty
            by_hand(world, "dbx-ops")
            there.entitlements[FIRST][data].add("workspace-access")
            assert access(world.planned()) == []
            assert "dbx-ops is assigned there" in world.planned().warnings[-1].message
            assert access(world.planner().plan_undo(run.run_id).plan.targets[0]) == []

    def test_what_went_with_an_assignment_is_no_gift_any_more_once_it_is_assigned_anew(self):
        with world_of(DATA, rule("dbx-*", entitlements=["workspace-access"])) as world:
            world.sync()
            there, ops = world.workspaces["account"], world.target.named("dbx-ops").id
            take_by_hand(world, "dbx-ops")
            there.entitlements[FIRST].clear()
            world.settings = with_workspaces(rule("dbx-*"))
            world.sync()
            assert world.plan().empty
            there.entitlements[FIRST][ops].add("workspace-access")
            assert access(world.planned()) == []

    def test_it_waits_with_the_assignment_that_failed(self):
        rules = rule("dbx-*", entitlements=["workspace-access"])
        with world_of(DATA, rules, quarantine_after=1) as world:
            world.sync()
            there = world.workspaces["account"]
            take_by_hand(world, "dbx-ops")
            there.entitlements[FIRST].clear()
            world.settings = with_workspaces(rule("dbx-*"), quarantine_after=1)
            there.faults[len(there.log)] = Fault.REFUSED
            there.faults[len(there.log) + 1] = Fault.REFUSED
            assert world.sync().status is Status.PARTIAL
            assert "dbx-ops" not in [name for _, name, _ in lines(world.planned())]
            world.clock.advance(86_400.0)
            world.sync()
            assert world.workspaces["account"].has(FIRST, "dbx-ops") is Permission.USER

    def test_entitlements_of_whom_others_assigned_end_when_they_are_gone(self):
        with world_of(DATA, rule("dbx-*", entitlements=["workspace-access"])) as world:
            world.target.add(Kind.GROUP, "dbx-ops")
            by_hand(world, "dbx-ops")
            world.sync()
            there, ops = world.workspaces["account"], world.target.named("dbx-ops").id
            take_by_hand(world, "dbx-ops")
            there.entitlements[FIRST].clear()
            world.settings = with_workspaces(rule("dbx-data", entitlements=["workspace-access"]))
            world.sync()
            assert world.plan().empty
            by_hand(world, "dbx-ops")
            there.entitlements[FIRST][ops].add("workspace-access")
            assert access(world.planned()) == []

    @pytest.mark.parametrize("there", [False, True])
    def test_who_gets_another_account_has_access_there_before_the_old_one_loses_it(self, there):
        with world_of(MOVING, rule("bob@*", entitlements=["workspace-access"]), **MOVES) as world:
            world.sync()
            if there:  # somebody made the new one by hand
                world.target.add(Kind.USER, "bob@fabrikam.com")
            plan = world.synced(MOVED)
            assert lines(plan) == [
                ("assign_workspace", "bob@fabrikam.com", "user"),
                ("grant_entitlements", "bob@fabrikam.com", ("workspace-access",)),
                ("revoke_entitlements", "bob@contoso.com", ("workspace-access",)),
                ("unassign_workspace", "bob@contoso.com", None),
            ]
            assert [entry.split()[0] for entry in world.workspaces["account"].log[2:]] == ORDER
            assert world.workspaces["account"].state() == [BOBS]
            assert world.plan().empty

    @pytest.mark.parametrize(
        ("pattern", "kept"), [("bob@contoso*", True), ("*@*", True), ("ada@*", False)]
    )
    def test_who_waits_for_room_for_another_account_keeps_what_either_name_is_to_have(
        self, pattern, kept
    ):
        with world_of(MOVING, rule("bob@contoso*"), **MOVES) as world:
            world.sync()
            settings = with_workspaces(rule(pattern), **MOVES)
            full = {"capacity": settings.targets[0].capacity.model_copy(update={"principals": 2})}
            target = settings.targets[0].model_copy(update=full)
            world.settings = settings.model_copy(update={"targets": (target,)})
            world.sync(MOVED)
            there = world.workspaces["account"].state()
            assert [name for _, name, _ in there] == ["bob@contoso.com"] * kept

    @pytest.mark.parametrize("fault", Fault)
    @pytest.mark.parametrize("index", range(4))
    def test_a_fault_on_the_way_to_another_account_leaves_nobody_without_access(self, fault, index):
        with world_of(MOVING, rule("bob@*", entitlements=["workspace-access"]), **MOVES) as world:
            world.sync()
            there = world.workspaces["account"]
            there.faults[len(there.log) + index] = fault
            world.source.snapshot = MOVED
            world.sync_until_killed()
            assert {name for _, name, *_ in there.state()} & {"bob@contoso.com", "bob@fabrikam.com"}
            there.faults.clear()
            world.runner().sync(full=True)
            assert there.state() == [BOBS]
            assert world.plan().empty

    def test_whose_object_is_taken_over_by_another_keeps_what_that_one_is_to_have(self):
        rules = (rule("dbx-*", entitlements=["workspace-access"]), rule("*", permission="admin"))
        with world_of(DATA, *rules, adopt="same_name", retired_groups="empty") as world:
            world.sync()
            world.settings = with_workspaces(rules[0], adopt="same_name", retired_groups="empty")
            anew = group("dbx-ops", [BOB], id="g-anew")
            plan = world.synced(directory(ADA, BOB, group("dbx-data", [ADA]), anew))
            assert "adopt_group" in [change.action.value for change in plan.changes]
            assert ("assign_workspace", "dbx-ops", "user") in lines(plan)
            assert (FIRST, "dbx-ops", "user", "workspace-access") in world.workspaces[
                "account"
            ].state()
            assert world.plan().empty

    def test_entitlements_of_others_stay(self):
        with world_of(DATA, rule("dbx-*", entitlements=["workspace-access"])) as world:
            world.sync()
            ops = world.target.named("dbx-ops").id
            world.workspaces["account"].entitlements[FIRST][ops].add("allow-cluster-create")
            world.settings = with_workspaces(rule("dbx-*"))
            world.sync()
            assert world.workspaces["account"].entitlements[FIRST][ops] == {"allow-cluster-create"}

    def test_a_workspace_that_leaves_the_settings_is_left_alone(self):
        with world_of(DATA, rule("dbx-*"), more=[8]) as world:
            world.sync()
            world.settings = with_workspaces(rule("dbx-*"))
            world.workspaces["account"].reads.clear()
            assert world.plan().empty
            assert world.workspaces["account"].reads == [f"assignments {FIRST}"]

    def test_who_is_no_longer_assigned_by_the_application_is_unassigned(self):
        snapshot = directory(ADA, BOB, group("other", [ADA, BOB]), assigned=[ADA])
        with world_of(snapshot, rule("*@contoso.com")) as world:
            world.sync()
            plan = world.synced(directory(ADA, BOB, group("other", [ADA, BOB])))
            assert lines(plan) == [("unassign_workspace", "ada@contoso.com", None)]

    def test_whose_new_name_is_quarantined_keeps_what_the_rules_give_the_old_one(self):
        snapshot = directory(ADA, BOB, group("other", [ADA, BOB]), assigned=[BOB])
        with world_of(snapshot, rule("*@contoso.com")) as world:
            world.sync()
            moved = user("bob", user_principal_name="bob@fabrikam.com")
            world.sync(directory(ADA, moved, group("other", [ADA, moved]), assigned=[moved]))
            assert world.workspaces["account"].state() == [(FIRST, "bob@contoso.com", "user")]
            plan = world.synced(directory(ADA, moved, group("other", [ADA, moved])))
            assert lines(plan) == [("unassign_workspace", "bob@contoso.com", None)]

    def test_pruning_does_not_forget_what_was_given(self, world):
        world.sync()
        world.clock.advance(86_400.0 * 20)
        world.sync()
        world.store.prune(world.clock.now())
        plan = world.synced(directory(ADA, group("dbx-data", [ADA])))
        assert lines(plan) == [("unassign_workspace", "dbx-ops", None)]

    def test_additive_takes_nothing_back_and_says_so(self):
        with world_of(mode="additive") as world:
            world.sync()
            world.source.snapshot = directory(ADA, group("dbx-data", [ADA]))
            plan = world.planned()
            assert access(plan) == []
            left = [entry for entry in plan.unapplied if entry.change.action in ACCESS]
            assert [(e.change.action, e.by) for e in left] == [
                (Action.UNASSIGN_WORKSPACE, UnappliedBy.ADDITIVE)
            ]

    def test_protected_principals_are_not_touched(self):
        with world_of() as world:
            world.sync()
            world.configure(protected={"groups": ["dbx-ops"]})
            world.source.snapshot = directory(ADA, group("dbx-data", [ADA]))
            assert access(world.planned()) == []
        with world_of(protected={"groups": ["dbx-ops"]}) as world:
            world.target.add(Kind.GROUP, "dbx-ops")
            assert lines(world.planned()) == [("assign_workspace", "dbx-data", "user")]

    def test_who_is_protected_by_what_entra_calls_it_now_keeps_its_access(self):
        empty = directory(ADA, group("dbx-data", [ADA]), group("dbx-ops"))
        with world_of(empty) as world:
            world.sync()
            world.configure(protected={"groups": ["Break Glass"]})
            world.source.called = {"g-dbx-ops": frozenset({"Break Glass"})}
            world.source.snapshot = directory(ADA, group("dbx-data", [ADA]))
            assert access(world.planned()) == []


class TestUnread:
    def test_a_workspace_that_cannot_be_read_holds_back_only_itself(self):
        with world_of(DATA, rule("dbx-*"), more=[8]) as world:
            world.workspaces["account"].unreadable[FIRST] = "400: not federated"
            report = world.sync()
            assert report.status is Status.PARTIAL
            (held,) = report.on_hold
            assert held.name == f"workspace {FIRST}"
            assert "not federated" in held.reason
            assert world.workspaces["account"].state() == [
                (8, "dbx-data", "user"),
                (8, "dbx-ops", "user"),
            ]

    def test_an_unread_workspace_loses_nothing(self, world):
        world.sync()
        world.workspaces["account"].unreadable[FIRST] = "503"
        world.source.snapshot = directory(ADA, group("dbx-data", [ADA]))
        assert access(world.planned()) == []

    def test_unread_entitlements_do_not_hold_back_the_assignments(self):
        with world_of(DATA, rule("dbx-*", entitlements=["workspace-access"])) as world:
            world.workspaces["account"].unreadable_scim[FIRST] = "no connection"
            report = world.sync()
            assert [held.name for held in report.on_hold] == [f"workspace {FIRST}"]
            assert world.workspaces["account"].has(FIRST, "dbx-ops") is Permission.USER
            world.workspaces["account"].unreadable_scim.clear()
            world.sync()
            assert world.plan().empty

    def test_a_part_of_the_source_that_was_not_read_takes_nothing_back(self, world):
        world.sync()
        world.source.snapshot = directory(
            ADA, group("dbx-data", [ADA]), unread=("a selector could not be read",)
        )
        plan = world.planned()
        assert access(plan) == []
        assert "dbx-ops" in [held.name for held in plan.on_hold]

    @pytest.mark.parametrize("leavers", ["keep", "deactivate"])
    def test_whom_entra_does_not_have_any_more_loses_it_whatever_else_was_not_read(self, leavers):
        snapshot = directory(ADA, BOB, group("dbx-data", [ADA]), assigned=[BOB])
        with world_of(snapshot, rule("bob@*"), leavers=leavers) as world:
            world.sync()
            world.target.accounts[world.links_of("u-bob")] = replace(
                world.target.named("bob@contoso.com"), active=False
            )
            world.source.places["u-bob"] = Presence.GONE
            world.source.snapshot = directory(ADA, group("dbx-data", [ADA]), unread=("403",))
            assert lines(world.planned()) == [("unassign_workspace", "bob@contoso.com", None)]

    def test_so_does_a_group_that_is_empty_already(self, world):
        world.sync()
        world.target.groups[world.target.named("dbx-ops").id].clear()
        world.source.places["g-dbx-ops"] = Presence.GONE
        world.source.snapshot = directory(ADA, group("dbx-data", [ADA]), unread=("403",))
        assert lines(world.planned()) == [("unassign_workspace", "dbx-ops", None)]

    def test_a_rule_that_goes_takes_back_from_a_group_in_scope_all_the_same(self, world):
        world.sync()
        world.settings = with_workspaces(rule("dbx-ops"))
        world.source.snapshot = directory(
            ADA, BOB, group("dbx-data", [ADA], unread="503"), group("dbx-ops", [BOB])
        )
        assert lines(world.planned()) == [("unassign_workspace", "dbx-data", None)]


class TestDrift:
    def test_an_assignment_taken_by_hand_is_given_again(self, world):
        world.sync()
        take_by_hand(world, "dbx-ops")
        (change,) = access(world.planned())
        assert change.drift
        assert "by hand" in change.reason
        world.sync()
        assert world.workspaces["account"].has(FIRST, "dbx-ops") is Permission.USER

    def test_it_is_only_reported_where_the_policy_says_so(self):
        with world_of(
            DATA, rule("dbx-*", entitlements=["workspace-access"]), drift="report"
        ) as world:
            world.sync()
            take_by_hand(world, "dbx-ops")
            world.workspaces["account"].entitlements[FIRST].clear()
            plan = world.planned()
            assert access(plan) == []
            left = {(e.change.action, e.change.name) for e in plan.unapplied}
            assert left == {
                (Action.ASSIGN_WORKSPACE, "dbx-ops"),
                (Action.GRANT_ENTITLEMENTS, "dbx-ops"),
                (Action.GRANT_ENTITLEMENTS, "dbx-data"),
            }

    def test_nothing_is_granted_to_whom_a_report_leaves_outside(self):
        with world_of(DATA, rule("dbx-*"), drift="report") as world:
            world.sync()
            take_by_hand(world, "dbx-ops")
            rules = (rule("dbx-*", entitlements=["workspace-access"]),)
            world.settings = with_workspaces(*rules, drift="report")
            assert [change.name for change in access(world.planned())] == ["dbx-data"]

    def test_a_lowered_admin_is_drift_too(self):
        with world_of(DATA, rule("dbx-*", permission="admin")) as world:
            world.sync()
            by_hand(world, "dbx-ops", Permission.USER)
            (change,) = access(world.planned())
            assert change.drift
            assert change.before.permission is Permission.USER


class TestLimit:
    def test_five_may_go_and_six_may_not(self):
        six = [group(f"dbx-{n}", [ADA]) for n in range(60)]
        with world_of(directory(ADA, *six), limits=DEFAULT_LIMITS) as world:
            world.sync()
            world.source.snapshot = directory(ADA, *six[6:])
            with pytest.raises(RefusedError, match="access_removed is 6, allowed 5:") as refused:
                world.sync()
            assert f"dbx-0 from workspace {FIRST}" in str(refused.value)
            world.source.snapshot = directory(ADA, *six[5:])
            assert world.sync().clean

    def test_the_share_counts_what_this_sync_gave(self):
        groups = [group(f"dbx-{n}", [ADA]) for n in range(20)]
        limits = DEFAULT_LIMITS | {"access_removed": {"count": None}}
        with world_of(directory(ADA, *groups), limits=limits) as world:
            world.sync()
            assert world.plan().targets[0].managed.access == 20
            world.source.snapshot = directory(ADA, *groups[4:])
            with pytest.raises(
                RefusedError, match=r"access_removed is 4, allowed 10% of 20 managed"
            ):
                world.sync()

    def test_what_is_gone_by_hand_is_not_counted(self, world):
        world.sync()
        take_by_hand(world, "dbx-ops")
        assert world.planned().managed.access == 1
        world.workspaces["account"].unreadable[FIRST] = "503"
        assert world.planned().managed.access == 2

    def test_what_a_list_shows_as_gone_counts_all_the_same(self):
        limits = DEFAULT_LIMITS | {"access_removed": {"count": 0}}
        with world_of(limits=limits) as world:
            world.sync()
            take_by_hand(world, "dbx-ops")
            world.settings = with_workspaces(rule("dbx-data"), limits=limits)
            with pytest.raises(RefusedError, match="access_removed is 1, allowed 0"):
                world.sync()

    def test_entitlements_that_go_alone_count_each(self):
        with world_of(DATA, rule("dbx-*", entitlements=ACCESS_SQL), limits=DEFAULT_LIMITS) as world:
            world.sync()
            world.settings = with_workspaces(rule("dbx-*"), limits=DEFAULT_LIMITS)
            with pytest.raises(RefusedError, match="access_removed is 4, allowed 10% of 6 managed"):
                world.sync()

    def test_an_approved_plan_takes_it_all_the_same(self):
        with world_of(limits=DEFAULT_LIMITS | {"access_removed": {"count": 0}}) as world:
            world.sync()
            world.source.snapshot = directory(ADA, group("dbx-data", [ADA]))
            with pytest.raises(RefusedError):
                world.sync()
            world.sync(approve=world.plan().digest)
            assert world.workspaces["account"].state() == [(FIRST, "dbx-data", "user")]


class TestFaults:
    @pytest.mark.parametrize("fault", Fault)
    @pytest.mark.parametrize("index", range(4))
    def test_the_run_after_a_fault_ends_where_a_whole_one_does(self, fault, index):
        rules = (rule("dbx-*", entitlements=["workspace-access"]),)
        with world_of(DATA, *rules) as world:
            world.workspaces["account"].faults[index] = fault
            world.sync_until_killed()
            world.workspaces["account"].faults.clear()
            world.runner().sync(full=True)
            assert world.workspaces["account"].state() == [
                (FIRST, "dbx-data", "user", "workspace-access"),
                (FIRST, "dbx-ops", "user", "workspace-access"),
            ]
            assert world.plan().empty
            world.sync(directory(ADA, group("other", [ADA])))  # so it was all recorded as ours
            assert world.workspaces["account"].state() == []

    @pytest.mark.parametrize("fault", Fault)
    @pytest.mark.parametrize("index", range(4))
    def test_the_same_holds_for_what_is_taken_back(self, fault, index):
        rules = (rule("dbx-*", entitlements=["workspace-access"]),)
        with world_of(DATA, *rules) as world:
            world.sync()
            world.source.snapshot = directory(ADA, group("other", [ADA]))
            there = world.workspaces["account"]
            there.faults[len(there.log) + index] = fault
            world.sync_until_killed()
            there.faults.clear()
            world.runner().sync(full=True)
            assert there.state() == []
            assert world.plan().empty


class TestUndo:
    def undo(self, world, run_id):
        return world.runner().undo(run_id)

    def test_what_a_run_gave_is_taken_back(self):
        with world_of(DATA, rule("other")) as world:
            world.sync()
            world.settings = with_workspaces(
                rule("other"), rule("dbx-ops", entitlements=["workspace-access"])
            )
            run = world.sync()
            report = self.undo(world, run.run_id)
            assert report.applied == {"unassign_workspace": 1, "revoke_entitlements": 1}
            assert world.workspaces["account"].state() == [(FIRST, "other", "user")]

    def test_what_a_run_took_is_given_again(self):
        with world_of(DATA, rule("dbx-*", entitlements=["workspace-access"])) as world:
            world.sync()
            before = world.workspaces["account"].state()
            world.settings = with_workspaces(rule("dbx-data"))
            run = world.sync()
            self.undo(world, run.run_id)
            assert world.workspaces["account"].state() == before
            world.settings = with_workspaces(rule("dbx-*", entitlements=["workspace-access"]))
            assert world.plan().empty

    def test_a_deleted_group_that_is_made_anew_gets_its_access_again(self):
        rules = (rule("dbx-*", entitlements=["workspace-access"]),)
        with world_of(DATA, *rules, retired_groups="delete") as world:
            world.sync()
            before = world.workspaces["account"].state()
            run = world.sync(directory(ADA, BOB, group("dbx-data", [ADA]), group("other", [ADA])))
            self.undo(world, run.run_id)
            assert world.workspaces["account"].state() == before

    def test_what_has_changed_since_is_left_alone_and_listed(self, world):
        run = world.sync()
        by_hand(world, "dbx-ops", Permission.ADMIN)
        plan = world.planner().plan_undo(run.run_id).plan.targets[0]
        assert "unassign_workspace" in plan.counts
        assert any("its permission stays" in held.reason for held in plan.on_hold)

    def test_an_undo_under_additive_takes_nothing(self):
        with world_of(DATA, rule("other"), mode="additive") as world:
            world.sync()
            config = with_workspaces(rule("*"), mode="additive")
            world.settings = config
            run = world.sync()
            plan = world.planner().plan_undo(run.run_id).plan.targets[0]
            assert plan.changes == ()
            assert {entry.change.action for entry in plan.unapplied} == {Action.UNASSIGN_WORKSPACE}

    def test_an_undo_of_a_first_sync_unassigns_and_deletes(self, world):
        run = world.sync()
        self.undo(world, run.run_id)
        assert world.workspaces["account"].state() == []
        assert world.target.accounts == {}


def test_what_one_request_costs_is_in_the_estimate():
    with world_of(DATA, rule("*", entitlements=["workspace-access"]), more=[8]) as world:
        estimate = world.planned().estimate
        # 2 people, 3 groups; 6 assignments; 6 entitlements of which each workspace takes 10 a minute
        assert (estimate.requests, estimate.seconds) == (5 + 6 + 6, 18.0)
