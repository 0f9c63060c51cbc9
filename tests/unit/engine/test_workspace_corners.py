"""Access to workspaces where something came between: failures, other hands, an undo of what is no more."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from aadsync_lib.apply.access_runner import NO_PORT, AccessRunner
from aadsync_lib.model.account import Unread
from aadsync_lib.model.assignment import AccessContext, Given, WorkspaceAccess
from aadsync_lib.model.change import ACCESS, Action, Change
from aadsync_lib.model.identity import Attributes, Kind, Permission
from aadsync_lib.model.run import Result
from aadsync_lib.ports import ChangeRefused
from aadsync_lib.reconcile.assignments.given import access_managed, access_rows
from aadsync_lib.reconcile.undo.access_effects import AccessEffect, access_aspects
from tests.unit.build import directory, group, user
from tests.unit.fakes import Fault
from tests.unit.workspaces import FIRST, rule, with_workspaces
from tests.unit.world import World

ADA, BOB = user("ada"), user("bob")
DATA = directory(ADA, BOB, group("dbx-data", [ADA]), group("dbx-ops", [BOB]))
ENTITLED = rule("dbx-*", entitlements=["workspace-access"])


def access(changes):
    return [(c.action.value, c.name) for c in changes if c.action in ACCESS]


def reasons(plan):
    return [held.reason for held in plan.on_hold]


def given(change: Change) -> AccessEffect:
    effect = AccessEffect(change)
    effect.add(change)
    return effect


def entitling(action: Action, *names: str) -> Change:
    values = Attributes(workspace_id=FIRST, entitlements=names)
    before, after = (None, values) if action is Action.GRANT_ENTITLEMENTS else (values, None)
    return Change(action, "g-data", "1", "dbx-data", "", before, after, principal=Kind.GROUP)


@pytest.fixture
def world():
    with World(DATA, config=with_workspaces(ENTITLED)) as world:
        yield world


@pytest.fixture
def there(world):
    return world.workspaces["account"]


def undone(world, run):
    return world.planner().plan_undo(run.run_id).plan.targets[0]


class TestFailures:
    """What failed before waits, and so does what depends on it."""

    def test_nothing_is_granted_to_whom_an_assignment_waits_for(self, world, there):
        world.configure(quarantine_after=1)
        there.slow["dbx-data"] = 1000
        world.sync()
        planned = world.planned()
        assert access(planned.changes) == []
        assert any("dbx-data" in held.name for held in planned.quarantined)
        assert there.state() == [(FIRST, "dbx-ops", "user", "workspace-access")]

    def test_an_answer_that_is_lost_is_not_sent_again_in_the_same_run(self, world, there):
        there.faults[0] = Fault.LOST_BEFORE
        report = world.sync()
        lost = [o for o in report.targets[0].outcomes if o.result is Result.UNKNOWN]
        assert [o.change.action for o in lost] == [Action.ASSIGN_WORKSPACE]

    def test_open_writes_of_a_workspace_that_cannot_be_read_stay_open(self, world, there):
        there.faults[0] = Fault.KILLED_AFTER
        world.sync_until_killed()
        there.faults.clear()
        there.unreadable[FIRST] = "503"
        world.sync()
        assert {e.change.action for e in world.store.pending("account")} == {
            Action.ASSIGN_WORKSPACE
        }
        there.unreadable.clear()
        world.runner().sync(full=True)
        assert world.store.pending("account") == ()
        assert len(there.state()) == 2

    def test_a_group_that_could_not_get_its_new_name_keeps_what_the_old_one_has(self, world, there):
        world.sync()
        data = world.target.named("dbx-data").id
        world.target.refuses = lambda what: "409" if what.split()[-1] == data else None
        renamed = directory(
            ADA, BOB, group("data", [ADA], id="g-dbx-data"), group("dbx-ops", [BOB])
        )
        report = world.sync(renamed)
        assert there.has(FIRST, "dbx-data") is Permission.USER
        assert {o.result for o in report.failed} == {Result.FAILED, Result.SKIPPED}
        world.target.refuses = lambda _: None
        world.runner().sync(full=True)
        assert there.state() == [(FIRST, "dbx-ops", "user", "workspace-access")]

    def test_what_goes_with_an_old_name_goes_in_the_run_of_the_rename(self, world, there):
        world.sync()
        world.sync(
            directory(ADA, BOB, group("data", [ADA], id="g-dbx-data"), group("dbx-ops", [BOB]))
        )
        assert there.state() == [(FIRST, "dbx-ops", "user", "workspace-access")]
        assert world.plan().empty


class TestUndo:
    """The inverse goes by what is there today."""

    def test_an_unread_workspace_stays_as_it_is(self, world, there):
        run = world.sync()
        there.unreadable[FIRST] = "503"
        plan = undone(world, run)
        assert access(plan.changes) == []
        assert any("who may enter it could not be read: 503" in r for r in reasons(plan))

    def test_unread_entitlements_stay_and_the_assignment_goes(self, world, there):
        run = world.sync()
        there.unreadable_scim[FIRST] = "503"
        plan = undone(world, run)
        assert {action for action, _ in access(plan.changes)} == {"unassign_workspace"}
        assert any("its entitlements stay" in r for r in reasons(plan))

    def test_the_protected_keep_what_they_were_given(self, world, there):
        run = world.sync()
        world.configure(protected={"groups": ["dbx-data"]})
        plan = undone(world, run)
        assert ("unassign_workspace", "dbx-data") not in access(plan.changes)
        assert ("unassign_workspace", "dbx-ops") in access(plan.changes)

    def test_what_was_given_to_a_group_that_is_gone_needs_no_undoing(self, world, there):
        run = world.sync()
        gone = world.target.named("dbx-data").id
        world.target._delete(gone)
        plan = undone(world, run)
        assert ("unassign_workspace", "dbx-data") not in access(plan.changes)

    def test_what_was_taken_from_a_group_that_is_gone_is_listed(self, world, there):
        world.sync()
        world.settings = with_workspaces(rule("dbx-ops"))
        run = world.sync()
        world.target._delete(world.target.named("dbx-data").id)
        plan = undone(world, run)
        assert any("stays as it is" in r for r in reasons(plan))

    def test_a_permission_that_a_later_run_changed_stays(self, world, there):
        run = world.sync()
        world.settings = with_workspaces(
            rule("dbx-*", permission="admin", entitlements=["workspace-access"])
        )
        world.sync()
        plan = undone(world, run)
        assert {action for action, _ in access(plan.changes)} == {"revoke_entitlements"}
        assert any("its permission stays" in r for r in reasons(plan))

    def test_an_entitlement_that_a_later_run_revoked_and_granted_stays(self, world, there):
        run = world.sync()
        world.settings = with_workspaces(rule("dbx-*"))
        world.sync()
        world.settings = with_workspaces(ENTITLED)
        world.sync()
        plan = undone(world, run)
        assert any("workspace-access stays" in r for r in reasons(plan))

    def test_an_admin_that_a_run_made_a_user_is_an_admin_again(self, world, there):
        world.settings = with_workspaces(rule("dbx-data", permission="admin"))
        world.sync()
        world.settings = with_workspaces(rule("dbx-data"))
        run = world.sync()
        plan = undone(world, run)
        assert access(plan.changes) == [("assign_workspace", "dbx-data")]
        world.runner().undo(run.run_id)
        assert there.has(FIRST, "dbx-data") is Permission.ADMIN

    def test_a_group_that_the_policy_lets_stay_keeps_its_access(self, world, there):
        world.configure(mode="additive")
        run = world.sync()
        plan = undone(world, run)
        assert access(plan.changes) == []


class TestEffects:
    """Net effects of one run."""

    def test_what_was_granted_and_revoked_again_is_no_effect(self):
        effect = given(entitling(Action.GRANT_ENTITLEMENTS, "workspace-access", "x"))
        effect.add(entitling(Action.REVOKE_ENTITLEMENTS, "workspace-access"))
        assert effect.names(granted=True) == ("x",)
        assert effect.names(granted=False) == ()
        assert not effect.takes

    def test_what_a_change_touches_is_told_by_name_and_workspace(self):
        change = entitling(Action.REVOKE_ENTITLEMENTS, "workspace-access")
        assert list(access_aspects(change)) == [f"workspace-access/{FIRST}"]
        assert given(change).takes


SHOWN = {
    1: Unread("503"),
    2: WorkspaceAccess({"9": Permission.USER}, Unread("403")),
    3: WorkspaceAccess({"9": Permission.USER}, {"9": frozenset({"x"}), "8": frozenset()}),
}


class TestWhose:
    """Whose access is changed, and whose is not."""

    def test_the_protected_are_given_nothing(self, world, there):
        world.settings = with_workspaces(rule("nobody"))
        world.sync()
        world.settings = with_workspaces(ENTITLED, protected={"groups": ["dbx-data"]})
        assert {name for _, name in access(world.planned().changes)} == {"dbx-ops"}

    def test_what_was_given_to_an_object_that_is_linked_no_more_is_taken_back(self, world, there):
        world.settings = with_workspaces(rule("nobody"))
        world.target.add(Kind.GROUP, "dbx-data")
        adopted = world.sync()
        world.settings = with_workspaces(rule("dbx-data"))
        world.sync()
        world.runner().undo(adopted.run_id)
        assert world.links_of("g-data") is None
        world.source.snapshot = directory(ADA, BOB, group("dbx-ops", [BOB]))
        assert access(world.planned().changes) == [("unassign_workspace", "dbx-data")]

    def test_unread_entitlements_are_not_revoked_and_the_assignment_goes(self, world, there):
        world.sync()
        there.unreadable_scim[FIRST] = "503"
        world.settings = with_workspaces(rule("dbx-ops", entitlements=["workspace-access"]))
        assert access(world.planned().changes) == [("unassign_workspace", "dbx-data")]

    def test_whom_the_filter_of_the_scope_leaves_out_is_given_nothing(self):
        scope = {"users": [[{"attribute": "displayName", "value": "Bob"}]]}
        config = with_workspaces(rule("*@contoso.com"), scope=scope)
        with World(directory(ADA, BOB, assigned=[ADA, BOB]), config=config) as world:
            names = [name for _, name in access(world.planned().changes)]
            assert names == ["bob@contoso.com"]


class TestShown:
    """What workspaces show, where not all of it could be read."""

    def test_every_workspace_has_its_rows(self):
        assert list(access_rows(SHOWN)) == [
            (1, "503"), (2, "9", "user"), (2, "403"), (3, "9", "user"), (3, "9", ["x"]),
        ]  # fmt: skip

    def test_what_could_not_be_read_counts_as_standing(self):
        ours = Given(
            Kind.GROUP, "g-data", "dbx-data", Permission.USER, entitlements=frozenset({"x"})
        )
        given = {(workspace, "9"): ours for workspace in SHOWN}
        assert access_managed(AccessContext((), SHOWN, given)) == 6

    def test_without_a_way_to_the_workspaces_a_change_is_refused(self):
        change = entitling(Action.GRANT_ENTITLEMENTS, "x")
        with pytest.raises(ChangeRefused, match=NO_PORT[:20]):
            AccessRunner(None, None, None)._once([change])

    def test_who_was_not_made_is_given_nothing(self):
        noted = []
        log = SimpleNamespace(made=lambda _: None, note=noted.append)
        change = replace(entitling(Action.GRANT_ENTITLEMENTS, "x"), target_id=None)
        assert not AccessRunner(None, log, None).perform([change])
        assert [outcome.result for outcome in noted] == [Result.SKIPPED]
