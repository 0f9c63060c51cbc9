"""Who loses access: one line each, with what is lost and why."""

from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.identity import Attributes, Kind, Permission
from aadsync_lib.model.plan import Loss
from aadsync_lib.report.lost_access import lost_access, lost_tables
from aadsync_lib.report.plan_rows import rows, sign_of, total_line
from tests.unit.report import samples
from tests.unit.report.written import plan_text


def losses(name, *groups, kind=Kind.USER):
    return tuple(Loss(name, group, kind, "no longer members in Entra") for group in groups)


def change(action, name, reason, principal=None, before=None, after=None):
    return Change(
        action, f"e-{name}", f"t-{name}", name, reason, before, after, principal=principal
    )


def test_a_person_is_one_line_with_the_account_first_and_the_groups_by_name():
    leaver = change(Action.DEACTIVATE_USER, "eve", "left the scope")
    target = samples.target_plan(leaver, losing=losses("eve", "Sales", "Data", "Ops"))
    [lost] = lost_access(target)
    assert lost.what == ("account deactivated", "groups Data, Ops, Sales")
    assert lost.why == ("left the scope", "no longer members in Entra")


def test_groups_above_are_lost_too_and_the_reason_names_the_nested_group_that_moved():
    moved = Loss(
        "eve", "EMEA", reason="not members in Entra", through="Team", above=("Sales", "Data")
    )
    [lost] = lost_access(samples.target_plan(losing=(moved, *losses("eve", "Sales"))))
    assert lost.what == ("groups Data, EMEA, Sales",)
    assert lost.why == ("Team leaves EMEA: not members in Entra", "no longer members in Entra")


def test_who_loses_the_account_comes_first_and_who_loses_groups_alone_last():
    revoked = Attributes(entitlements=("workspace-access",))
    target = samples.target_plan(
        change(Action.DEACTIVATE_USER, "zoe", "left the scope"),
        change(Action.REVOKE_ENTITLEMENTS, "mia", "no rule", Kind.USER, revoked),
        losing=losses("ada", "Data"),
    )
    assert [lost.name for lost in lost_access(target)] == ["zoe", "mia", "ada"]


def test_many_groups_are_shortened():
    [lost] = lost_access(samples.target_plan(losing=losses("eve", *"hgfedcba")))
    assert lost.what == ("groups a, b, c, d, e and 3 more",)


def test_service_principals_and_groups_are_not_counted_as_people():
    assigned = Attributes(workspace_id=7, permission=Permission.USER)
    granted = Attributes(workspace_id=7, entitlements=("workspace-access",))
    target = samples.target_plan(
        change(Action.DELETE_SERVICE_PRINCIPAL, "etl", "gone from Entra"),
        change(Action.UNASSIGN_WORKSPACE, "Data", "left the scope", Kind.GROUP, assigned),
        change(Action.REVOKE_ENTITLEMENTS, "ada", "no rule", Kind.USER, granted),
        change(Action.CREATE_USER, "bob", "in scope"),
        losing=losses("etl", "Ops", kind=Kind.SERVICE_PRINCIPAL),
    )
    people, services, groups = lost_tables(target)
    assert people.rows == (("ada", "workspace workspace-access in 7", "no rule"),)
    assert services.rows == (
        ("etl", "account deleted; group Ops", "gone from Entra; no longer members in Entra"),
    )
    assert groups.title == "Groups that lose access to a workspace"
    assert groups.rows[0][:2] == ("Data", "workspace 7, was user")


def test_where_nobody_loses_anything_there_is_no_table():
    assert list(lost_tables(samples.target_plan(samples.create_user()))) == []


def test_removals_come_before_additions_in_lists_and_after_them_in_the_total():
    target = samples.target_plan(*samples.changes())
    signs = [row.symbol for row in rows(target)]
    assert signs == sorted(signs, key="-~+".index)
    plan = samples.plan(target)
    assert "Total: +5 ~3 -4" in plan_text(plan).splitlines()
    assert total_line([target.counts, {"create_user": 1_000}]) == "+1,005 ~3 -4"
    assert {sign_of(action) for action in Action} == {"+", "~", "-"}


def test_who_loses_access_is_read_before_everything_else():
    text = plan_text(samples.full_plan())
    assert text.index("People who lose access (2)") < text.index("create user")
    assert text.index("Service principals that lose access (1)") < text.index("create user")
