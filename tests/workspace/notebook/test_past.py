"""Explain, history and undo in notebooks, against Contoso over HTTP."""

import json
import sqlite3
from contextlib import closing

from tests.workspace.notebook.stage import result_of
from tests.workspace.notebook.test_notebooks import everybody_leaves, runs


def somebody(stage):
    """A person who is in a group of the scope: both names, both object ids."""
    entra = stage.sandbox.world.entra
    names = {one: entra.objects[one]["displayName"] for one in entra.ids("group")}
    scope = {one for one, name in names.items() if name.startswith("dbx-")}
    while below := {one for one in names if one not in scope and _within(entra, one, scope)}:
        scope |= below
    users = {one: entra.objects[one]["userPrincipalName"] for one in entra.ids("user")}
    return next(
        (users[member], names[group], group, member)
        for group in sorted(scope)
        for member in entra.members[group]
        if users.get(member, "").islower() and entra.objects[member]["accountEnabled"]
    )


def _within(entra, group, scope):
    return any(group in entra.members[one] for one in scope)


def leaves(stage):
    """Somebody is taken out of a group; return the names of both."""
    user, group, group_id, user_id = somebody(stage)
    stage.sandbox.world.entra.remove_member(group_id, user_id)
    return user, group


def test_explain_shows_every_path_and_what_each_target_has(stage):
    stage.run("04_sync").succeeded()
    user, group, _, _ = somebody(stage)
    mark = stage.sandbox.log.mark()
    done = stage.run("05_explain", user=user, group=group).succeeded()
    assert not stage.writes(mark)
    assert user in done.html
    assert "In Entra: yes" in done.html
    paths, memberships = done.tables
    assert set(paths.types) == set(memberships.types) == {"string"}
    ways = {(row["side"], row["top"], row["kept"]) for row in paths.records}
    assert {("Entra", group, "true"), ("account", group, "true")} <= ways
    row = next(row for row in memberships.records if row["group"] == group)
    assert (row["there"], row["in_entra"], row["how"]) == ("true", "true", "added")
    assert result_of(done)["people"][0]["identity"]["name"] == user


def test_a_name_that_nobody_has_is_no_empty_past(stage):
    stage.run("04_sync").succeeded()
    user, group, _, _ = somebody(stage)
    for widget, name in (("user", user), ("group", group)):
        done = stage.run("06_history", **{widget: f"{name}x"})
        assert done.error.name == "UnknownNameError"
        assert name in done.error.message
        assert f"05_explain {widget} looks in Entra" in done.error.message


def test_explain_of_a_group_lists_everybody_in_it(stage):
    _, group, _, _ = somebody(stage)
    done = stage.run("05_explain", group=group).succeeded()
    (found,) = result_of(done)["groups"]
    assert {row["name"] for row in done.tables[0].records} == {
        one["identity"]["name"] for one in found["members"]
    }
    assert found["more_members"] == 0


def test_explain_without_a_name_or_of_nobody_says_so(stage):
    assert "name a person, a group, or both" in stage.run("05_explain").error.message
    nobody = stage.run("05_explain", user="nobody@contoso.com")
    assert 'Nothing of the name "nobody@contoso.com" was found' in nobody.error.message
    assert "Looked in" in nobody.html


def test_explain_takes_names_as_data(stage):
    user, _, group_id, _ = somebody(stage)
    stage.sandbox.world.entra.update(group_id, displayName="dbx-<script>alert(1)</script>")
    done = stage.run("05_explain", user=user).succeeded()
    assert "<script" not in done.html
    assert "dbx-&lt;script&gt;" in done.html


def test_history_has_runs_outcomes_memberships_and_what_drifted(stage):
    stage.run("04_sync").succeeded()
    user, group = taken_out_by_hand(stage)
    stage.run("04_sync", full="true").succeeded()
    mark = stage.sandbox.log.mark()
    done = stage.run("06_history").succeeded()
    assert stage.sandbox.log.mark() == mark  # no login, no request
    result = result_of(done)
    assert (result["runs"], result["outcomes"], result["drift"]) == (2, 1, 1)
    shown = [table.columns[0] for table in done.tables]
    assert shown[:4] == ["run_id", "run_id", "target", "run_id"]
    drift = next(table for table in done.tables if "seen_at" in table.columns)
    assert [(row["name"], row["member"], row["result"]) for row in drift.records] == [
        (group, user, "done")
    ]
    for title in ("Runs, newest first (2)", "Drift: what nobody changed in Entra (1)"):
        assert title in done.html


def test_history_of_a_person_tells_groups_and_changes_of_all_runs(stage):
    stage.run("04_sync").succeeded()
    user, group = leaves(stage)
    stage.run("04_sync").succeeded()
    done = stage.run("06_history", user=user.upper(), group=group).succeeded()
    outcomes = next(table for table in done.tables if "settled_at" in table.columns)
    actions = [row["action"] for row in outcomes.records]
    assert actions == ["add_members", "remove_members"]
    assert {row["member"] for row in outcomes.records} == {user}
    assert result_of(done)["memberships"] == 0
    only = stage.run("06_history", user=user, action="remove_members").succeeded()
    assert result_of(only)["outcomes"] == 1
    before = stage.run("06_history", user=user, group=group, on="2001-01-01").succeeded()
    assert result_of(before)["memberships"] == 0


def test_a_store_without_a_run_has_no_history(stage):
    result = result_of(stage.run("06_history").succeeded())
    assert (result["runs"], result["outcomes"], result["undo"]) == (0, 0, None)


def test_undo_is_a_plan_until_its_digest_is_typed_and_is_then_applied(stage):
    stage.run("04_sync").succeeded()
    user, group = leaves(stage)
    stage.run("04_sync").succeeded()
    mark = stage.sandbox.log.mark()
    planned = stage.run("06_history", undo="last").succeeded()
    digest = result_of(planned)["undo"]["digest"]
    assert digest in planned.html
    assert "type this digest into confirm" in planned.html
    assert result_of(planned)["report"] is None
    wrong = stage.run("06_history", undo="last", confirm=digest[:-1])
    assert f"set confirm to {digest}" in wrong.error.message
    assert digest in wrong.html
    assert not stage.writes(mark)
    assert len(runs(stage)) == 2
    done = stage.run("06_history", undo="last", confirm=digest).succeeded()
    (target,) = result_of(done)["report"]["targets"]
    assert target["applied"]["add_members"] == 1
    assert [json.loads(report).get("undoes") for _, report in runs(stage)][:2] == [None, None]
    assert json.loads(runs(stage)[-1][1])["undoes"]
    again = stage.run("06_history", undo=run_ids(stage)[1], confirm=digest)
    assert "Nothing was changed" in again.error.message
    there = stage.run("06_history", user=user, group=group).succeeded()
    assert result_of(there)["memberships"] == 1


def test_the_typed_digest_lets_an_undo_over_the_limits(stage):
    stage.run("04_sync").succeeded()
    low = {
        "policy.limits.members_removed.count": "1",
        "policy.limits.users_deprovisioned.count": "1",
    }
    planned = stage.run("06_history", undo="last", **low).succeeded()
    digest = result_of(planned)["undo"]["digest"]
    assert "Over the limits" in planned.html
    mark = stage.sandbox.log.mark()
    done = stage.run("06_history", undo="last", confirm=digest, **low).succeeded()
    assert stage.writes(mark)
    assert result_of(done)["report"]["targets"][0]["applied"]["delete_user"] > 1


def test_confirm_without_undo_and_an_unknown_run_are_errors(stage):
    assert "says nothing without undo" in stage.run("06_history", confirm="x").error.message
    assert "There is no run 2001" in stage.run("06_history", undo="2001").error.message


def test_the_full_report_is_beside_the_plan_and_named_by_the_summary(stage):
    planned = stage.in_job("02_plan").succeeded()
    page = stage.saved_plan.parent / "report.html"
    assert f"Full report: <code>{page}</code>" in planned.html
    plan = page.read_text()
    assert "Not applied yet" in plan
    stage.in_job("03_apply", plan=str(stage.saved_plan), target="account").succeeded()
    totals = stage.in_job("90_report").succeeded()
    assert f"Full report: <code>{page}</code>" in totals.html
    assert str(page) in (page.parent / "summary.html").read_text()
    run = page.read_text()
    assert run != plan
    assert run_ids(stage)[0] in run
    assert "Not applied yet" not in run
    assert "Content-Security-Policy" in run


def test_the_full_report_of_a_refused_plan_names_the_limits_and_the_digest(stage):
    stage.run("04_sync").succeeded()
    everybody_leaves(stage)
    refused = stage.in_job("02_plan")
    digest = refused.error.message.split("approve = ")[1].split()[0]
    page = (stage.saved_plan.parent / "report.html").read_text()
    assert "set approve, a widget here" in page
    assert "--approve" not in page
    assert digest in page
    assert stage.in_job("90_report").error  # nothing was applied: the page of the plan stays
    assert "report.html" in summary_page(stage)
    assert digest in (stage.saved_plan.parent / "report.html").read_text()


def test_a_sync_keeps_its_full_report(stage):
    synced = stage.in_job("04_sync").succeeded()
    page = stage.saved_plan.parent / "report.html"
    assert str(page) in synced.html
    assert result_of(synced)["run_id"] in page.read_text()


def summary_page(stage):
    return (stage.saved_plan.parent / "summary.html").read_text()


def taken_out_by_hand(stage):
    user, group, _, _ = somebody(stage)
    account = stage.sandbox.world.databricks
    with account.lock:
        (user_id,) = [one.id for one in account.users.values() if one.user_name == user]
        (group_id,) = [one.id for one in account.groups.values() if one.display_name == group]
        account.remove_members(group_id, user_id)
    return user, group


def run_ids(stage):
    with closing(sqlite3.connect(stage.parameters["store.sqlite"])) as connection:
        rows = connection.execute("SELECT run_id FROM runs ORDER BY started_at").fetchall()
    return [run_id for (run_id,) in rows]
