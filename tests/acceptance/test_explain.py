"""``explain`` against both sides: every path, what the target has, and the exact reason why not."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.engine.explain.explainer import Explainer
from aadsync_lib.errors import SourceError, UsageError
from aadsync_lib.model.carried import MembershipOrigin
from aadsync_lib.model.explanation import EdgeOutcome, Explanation, Next, Person, Place, Standing
from aadsync_lib.model.link import Origin
from aadsync_lib.reconcile.guard import Breach
from aadsync_lib.sandbox import Fault
from tests.acceptance.example import ask, company, timeless
from tests.acceptance.stage import Stage
from tests.unit.report.written import explanation_text


@pytest.fixture
def entra(stage: Stage):
    return stage.box.world.entra


@pytest.fixture
def account(stage: Stage):
    return stage.box.world.databricks


def explain(stage: Stage, user: str | None = None, group: str | None = None) -> Explanation:
    return stage.planner().explain(user, group)


def person(stage: Stage, user: str, group: str | None = None) -> tuple[Person, Standing]:
    (found,) = explain(stage, user, group).people
    (standing,) = found.targets
    return found, standing


def ways(person: Person) -> list[list[str]]:
    return [[step.name for step in path.steps] for path in person.paths.listed]


def row(standing: Standing, name: str):
    return next(one for one in standing.groups if one.name == name)


def test_every_path_on_both_sides_with_the_run_that_made_it(stage, entra):
    ada = entra.add_user("ada@contoso.com", displayName="Ada")
    team = entra.add_group("Team", members=[ada])
    entra.add_group("dbx-data", members=[team, ada])
    run = stage.sync().run_id
    found, there = person(stage, "Ada", "DBX-data")
    assert ways(found) == [["dbx-data"], ["dbx-data", "Team"]]
    assert [[s.name for s in path.steps] for path in there.paths.listed] == ways(found)
    assert there.account.name == "ada@contoso.com"
    assert there.origin is Origin.CREATED
    direct = row(there, "dbx-data")
    assert (direct.there, direct.wanted, direct.next) == (True, True, Next.NOTHING)
    assert (direct.run_id, direct.how) == (run, MembershipOrigin.ADDED)
    assert direct.since is not None


def test_explaining_writes_nothing_on_either_side_and_nothing_to_the_store(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[ada])
    stage.sync()
    gone = entra.add_user("bob@contoso.com")
    entra.add_group("dbx-more", members=[gone])
    before, kept = stage.picture(), stage.store_file.read_bytes()
    mark = stage.box.log.mark()
    explain(stage, "ada@contoso.com", "dbx-data")
    explain(stage, None, "dbx-more")
    sent = {
        entry.method
        for entry in stage.box.log.select(after=mark, auth=False)
        if "$batch" not in entry.path
    }
    assert sent == {"GET"}
    assert stage.picture() == before
    assert stage.store_file.read_bytes() == kept


def test_without_any_store_there_is_none_afterwards(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[ada])
    _, there = person(stage, "ada@contoso.com", "dbx-data")
    assert there.account is None
    assert there.next == (("create_user", "in scope through dbx-data"),)
    assert row(there, "dbx-data").next is Next.ADDS
    assert "the next sync adds it" in there.gap
    assert not stage.store_file.exists()


def test_a_nested_group_that_is_not_there_yet_is_what_is_missing(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    team = entra.add_group("Team", members=[ada])
    data = entra.add_group("dbx-data", members=[])
    entra.add_group("dbx-other", members=[team])
    stage.sync()
    entra.add_member(data, team)
    _, there = person(stage, "ada@contoso.com", "dbx-data")
    assert there.gap == "Team is not in dbx-data there yet; the next sync adds it"


def test_what_is_missing_may_be_further_down(stage, entra):
    team = entra.add_group("Team", members=[])
    entra.add_group("dbx-data", members=[team])
    stage.sync()
    entra.add_member(team, entra.add_user("ada@contoso.com"))
    _, there = person(stage, "ada@contoso.com", "dbx-data")
    assert there.gap == "ada@contoso.com is not in Team there yet; the next sync adds it"


def test_somebody_in_no_group_of_the_scope_is_told_which_groups_they_are_in(stage, entra):
    eve = entra.add_user("eve@contoso.com")
    entra.add_group("Elsewhere", members=[eve])
    entra.add_group("dbx-data")
    found, there = person(stage, "eve@contoso.com")
    assert found.identity.place is Place.OUT_OF_SCOPE
    assert "in no group that is in scope" in found.identity.reason
    assert found.others == ("Elsewhere",)
    assert found.paths.listed == ()
    assert there.account is None


def test_a_group_of_another_kind_in_between_is_named_with_its_setting(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    social = entra.add_group("Social", securityEnabled=False, members=[ada])
    entra.add_group("dbx-data", members=[social])
    found, there = person(stage, "ada@contoso.com", "dbx-data")
    (path,) = found.paths.listed
    assert [step.fate for step in path.steps] == [EdgeOutcome.DROPPED, EdgeOutcome.DROPPED]
    assert "scope.groups_of_kind is security" in path.steps[0].reason
    assert there.paths.listed == ()
    assert "scope.groups_of_kind" in explanation_text(explain(stage, "ada@contoso.com", "dbx-data"))


@pytest.mark.parametrize("nested", ["direct", "flatten", "preserve"])
def test_what_nesting_makes_of_a_path_is_said(stage, entra, nested):
    ada = entra.add_user("ada@contoso.com")
    team = entra.add_group("Team", members=[ada])
    entra.add_group("dbx-data", members=[team])
    stage.settings = _scoped(stage, nested=nested)
    stage.sync()
    found, there = person(stage, "ada@contoso.com", "dbx-data")
    (path,) = found.paths.listed
    presences = {
        "direct": EdgeOutcome.DROPPED,
        "flatten": EdgeOutcome.FLATTENED,
        "preserve": EdgeOutcome.KEPT,
    }
    assert path.steps[0].fate is presences[nested]
    assert path.kept is (nested != "direct")
    assert bool(there.paths.listed) is (nested != "direct")


def test_a_guest_is_kept_out_by_the_setting_and_no_path_counts(stage, entra):
    eve = entra.add_user("eve#EXT#@contoso.com", userType="Guest", mail="eve@fabrikam.com")
    entra.add_group("dbx-data", members=[eve])
    stage.settings = _scoped(stage, guests=False)
    found, _ = person(stage, "eve@fabrikam.com", "dbx-data")
    assert found.identity.reason == "is a guest, and scope.guests is false"
    assert not found.paths.listed[0].kept


def test_a_name_held_by_somebody_else_on_the_target_is_why_there_is_no_account(
    stage, entra, account
):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[ada])
    account.add_user("ada@contoso.com", external_id="somebody-else")
    _, there = person(stage, "ada@contoso.com", "dbx-data")
    assert there.origin is None
    assert any("somebody-else" in note for note in there.notes)
    assert "somebody-else" in explanation_text(explain(stage, "ada@contoso.com", "dbx-data"))


def test_the_deleted_are_still_explained_from_the_target(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    data = entra.add_group("dbx-data", members=[ada, entra.add_user("bob@contoso.com")])
    stage.sync()
    entra.delete_user(ada)
    found, there = person(stage, "ada@contoso.com", "dbx-data")
    assert found.identity.place is Place.DELETED
    assert found.identity.external_id == ada
    assert found.paths.listed == ()
    assert row(there, "dbx-data").next is Next.REMOVES
    assert ("deactivate_user", "deleted in Entra") in there.next
    stage.sync()
    found, there = person(stage, "ada@contoso.com", "dbx-data")
    ended = row(there, "dbx-data")
    assert (ended.there, ended.wanted) == (False, False)
    assert ended.until is not None
    assert ended.ended_by
    assert not there.account.active
    assert data


def test_a_protected_person_stays_and_the_reason_is_said(stage, entra, account):
    ada = entra.add_user("ada@contoso.com")
    data = entra.add_group("dbx-data", members=[ada, entra.add_user("bob@contoso.com")])
    stage.sync()
    entra.remove_member(data, ada)
    stage.settings = _with_policy(stage, protected={"users": ["ada@contoso.com"]})
    _, there = person(stage, "ada@contoso.com", "dbx-data")
    assert there.protected
    assert row(there, "dbx-data").reason == "is protected, and loses no membership"


def test_somebody_added_by_hand_is_told_of(stage, entra, account):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[ada])
    entra.add_group("dbx-more", members=[entra.add_user("bob@contoso.com")])
    stage.sync()
    account.add_members("dbx-more", "ada@contoso.com")
    _, there = person(stage, "ada@contoso.com", "dbx-more")
    by_hand = row(there, "dbx-more")
    assert (by_hand.there, by_hand.wanted, by_hand.next) == (True, False, Next.REMOVES)
    assert there.paths.listed


def test_an_unread_group_is_named_where_it_matters(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    data = entra.add_group("dbx-data", members=[ada])
    stage.sync()
    fault = Fault("403", side="graph", path=f"/groups/{data}/members", count=None)
    stage.box.faults.add(fault)
    explanation = explain(stage, "ada@contoso.com", "dbx-data")
    assert not explanation.complete
    text = explanation_text(explanation)
    assert "could not be read" in text
    assert "Not all of Entra" in text


def test_groups_above_that_entra_does_not_show_leave_a_doubt(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[])
    entra.add_group("Elsewhere", members=[ada])
    fault = Fault("403", side="graph", path=f"/users/{ada}/memberOf", count=None)
    stage.box.faults.add(fault)
    text = explanation_text(explain(stage, "ada@contoso.com", "dbx-data"))
    assert "In Entra: no, but not all groups above could be read" in text


def test_everybody_of_a_name_is_explained(stage, entra):
    users = [entra.add_user(f"ada{n}@contoso.com", displayName="Ada") for n in range(2)]
    entra.add_group("dbx-data", members=users)
    found = explain(stage, "Ada", "dbx-data")
    assert [one.identity.name for one in found.people] == ["ada0@contoso.com", "ada1@contoso.com"]


def test_a_service_principal_is_found_by_its_name_and_by_its_application(stage, entra):
    bot = entra.add_service_principal("Robot", "33333333-0000-4000-8000-00000000aaaa")
    entra.add_group("dbx-data", members=[bot])
    stage.sync()
    for name in ("Robot", "33333333-0000-4000-8000-00000000aaaa", bot):
        found, there = person(stage, name)
        assert found.identity.external_id == bot
        assert row(there, "dbx-data").there


def test_a_group_lists_everybody_in_it_with_the_shortest_path(stage, entra, account):
    ada, bob = entra.add_user("ada@contoso.com"), entra.add_user("bob@contoso.com")
    eve = entra.add_user("eve#EXT#@contoso.com", userType="Guest")
    team = entra.add_group("Team", members=[ada, bob, eve])
    entra.add_group("dbx-data", members=[team, bob])
    stage.sync()
    account.add_user("zoe@contoso.com")
    account.add_members("Team", "zoe@contoso.com")
    (found,) = explain(stage, None, "dbx-data").groups
    assert found.unread == ()
    shown = {
        one.identity.name: (_names(one.entra), [_names(path) for path in one.targets])
        for one in found.members
    }
    assert shown == {
        "ada@contoso.com": (["dbx-data", "Team"], [["dbx-data", "Team"]]),
        "bob@contoso.com": (["dbx-data"], [["dbx-data"]]),
        "eve#EXT#@contoso.com": (["dbx-data", "Team"], [None]),
        "zoe@contoso.com": (None, [["dbx-data", "Team"]]),
    }


def test_a_group_out_of_scope_is_said_to_be(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    team = entra.add_group("Social", securityEnabled=False, members=[ada])
    entra.add_group("dbx-data", members=[team])
    (found,) = explain(stage, None, "social").groups
    assert found.identity.place is Place.OUT_OF_SCOPE
    assert "nested in dbx-data, but" in found.identity.reason
    assert "scope.groups_of_kind" in found.identity.reason
    other = entra.add_group("Other")
    (found,) = explain(stage, None, other).groups
    assert found.identity.reason == "no line of scope.groups finds it"


def test_nobody_of_a_name_ends_with_1_and_says_where_it_looked(stage, entra):
    entra.add_group("dbx-data", members=[entra.add_user("ada@contoso.com")])
    stage.sync()
    result = _command(stage, "--user", "adda@contoso.com")
    assert result.exit_code == 1
    assert 'Nothing of the name "adda@contoso.com" was found.' in result.stdout
    assert "Nearest: ada@contoso.com" in result.stdout
    assert "account: " in result.stdout
    assert _command(stage, "--group", "dbx-dta").exit_code == 1
    assert _command(stage, "--user", "ada@contoso.com", "--group", "nope").exit_code == 1
    assert _command(stage, "--user", "ada@contoso.com", "--group", "dbx-data").exit_code == 0


def test_nobody_found_because_entra_did_not_answer_is_an_error(stage, entra):
    entra.add_group("dbx-data", members=[])
    entra.permissions.discard("Application.Read.All")
    with pytest.raises(SourceError, match="grant Application"):
        explain(stage, "nobody@contoso.com")


def test_no_name_at_all_is_refused(stage):
    with pytest.raises(UsageError, match="--user NAME"):
        explain(stage)


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_name_that_would_do_harm_is_data(stage, entra, form):
    evil = "\x1b[31m<script>alert(1)</script>'; drop"
    ada = entra.add_user("ada@contoso.com", displayName=evil)
    entra.add_group(f"dbx-{evil}", members=[ada])
    stage.sync()
    result = _command(stage, "--user", evil, "--group", f"dbx-{evil}", "--format", form)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    if form == "markdown":
        assert "<script>" not in result.stdout


def test_a_group_made_by_hand_on_the_target_is_read_for_the_question(stage, entra, account):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[ada])
    stage.sync()
    account.add_group("inner", members=["ada@contoso.com", "dbx-data"])
    account.add_group("by hand", members=["inner"])
    found, there = person(stage, "ada@contoso.com", "BY HAND")
    assert found.group.place is Place.UNKNOWN
    assert found.paths.listed == ()
    assert [_names(path) for path in there.paths.listed] == [
        ["by hand", "inner"],
        ["by hand", "inner", "dbx-data"],
    ]
    inner = row(there, "inner")
    assert (inner.there, inner.wanted) == (True, False)
    assert inner.reason == "the group is not one of this sync"
    (whole,) = explain(stage, None, "by hand").groups
    (member,) = whole.members
    assert (member.entra, _names(member.targets[0])) == (None, ["by hand", "inner"])


def test_a_protected_group_is_why_nobody_gets_in(stage, entra, account):
    ada = entra.add_user("ada@contoso.com")
    data = entra.add_group("dbx-data", members=[])
    stage.sync()
    entra.add_member(data, ada)
    stage.settings = _with_policy(stage, protected={"groups": ["dbx-data"]})
    _, there = person(stage, "ada@contoso.com", "dbx-data")
    assert row(there, "dbx-data").reason == "the group is protected"
    assert "the group is protected" in there.gap


def test_somebody_disabled_gets_no_account_and_that_is_the_reason(stage, entra):
    ada = entra.add_user("ada@contoso.com", accountEnabled=False)
    entra.add_group("dbx-data", members=[ada])
    found, there = person(stage, "ada@contoso.com", "dbx-data")
    assert found.identity.enabled is False
    assert there.account is None
    assert row(there, "dbx-data").reason == "is disabled in Entra, so no account is made"


def test_a_group_that_the_target_does_not_show_is_the_reason(stage, entra, account):
    ada = entra.add_user("ada@contoso.com")
    data = entra.add_group("dbx-data", members=[])
    stage.sync()
    entra.add_member(data, ada)
    group = account.group("dbx-data").id
    stage.box.faults.add(
        Fault("403", side="databricks", method="GET", path=f"/Groups/{group}", count=None)
    )
    _, there = person(stage, "ada@contoso.com", "dbx-data")
    assert "could not be read" in row(there, "dbx-data").reason
    (whole,) = explain(stage, None, "dbx-data").groups
    assert any("dbx-data on account" in reason for reason in whole.unread)


def test_a_group_that_flattening_leaves_out_is_said_not_to_be_made(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    team = entra.add_group("Team", members=[ada])
    entra.add_group("dbx-data", members=[team])
    stage.settings = _scoped(stage, nested="flatten")
    stage.sync()
    (found,) = explain(stage, None, "Team").groups
    assert "is not made on the targets" in found.identity.reason
    asked, there = person(stage, "ada@contoso.com", "Team")
    assert asked.paths.listed
    assert there.gap == "ada@contoso.com is not in Team there: the target is to have no such group"


def test_under_flatten_somebody_is_missing_from_the_group_above_directly(stage, entra):
    team = entra.add_group("Team", members=[])
    entra.add_group("dbx-data", members=[team])
    stage.settings = _scoped(stage, nested="flatten")
    stage.sync()
    entra.add_member(team, entra.add_user("ada@contoso.com"))
    _, there = person(stage, "ada@contoso.com", "dbx-data")
    assert there.gap == "ada@contoso.com is not in dbx-data there yet; the next sync adds it"


def test_a_leaver_whom_entra_will_not_look_up_is_unread_and_not_gone(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[ada, entra.add_user("bob@contoso.com")])
    stage.sync()
    entra.delete_user(ada)
    stage.box.faults.add(Fault("403", side="graph", path=rf"/users/{ada}\?", count=None))
    found, there = person(stage, "ada@contoso.com")
    assert found.identity.place is Place.UNREAD
    assert "403" in found.identity.reason
    assert there.notes


def test_a_link_tells_who_somebody_is_without_an_external_id(stage, entra, account):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[ada, entra.add_user("bob@contoso.com")])
    stage.sync()
    entra.delete_user(ada)
    account.user("ada@contoso.com").external_id = None
    found, there = person(stage, "ada@contoso.com")
    assert (found.identity.place, found.identity.external_id) == (Place.DELETED, ada)
    assert there.origin is Origin.CREATED


def test_whoever_would_be_adopted_by_name_is_one_member_and_not_two(stage, entra, account):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[ada])
    account.add_user("ada@contoso.com")
    account.add_group("dbx-data", members=["ada@contoso.com"])
    (found,) = explain(stage, None, "dbx-data").groups
    (member,) = found.members
    assert (_names(member.entra), _names(member.targets[0])) == (["dbx-data"], ["dbx-data"])
    assert ("adopt_group", "same name, adopted by policy.adopt") in found.targets[0].next


def test_a_stranger_on_the_target_is_explained_by_what_the_target_has(stage, entra, account):
    entra.add_group("dbx-data")
    account.add_user("zoe@contoso.com")
    found, there = person(stage, "zoe@contoso.com")
    assert (found.identity.place, found.identity.external_id) == (Place.UNKNOWN, None)
    assert (there.account.name, there.origin) == ("zoe@contoso.com", None)


def test_a_member_that_entra_does_not_show_is_unread(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    entra.add_group("dbx-data", members=[ada])
    entra.permissions.discard("User.Read.All")
    (found,) = explain(stage, None, "dbx-data").groups
    (member,) = found.members
    assert (member.identity.external_id, member.identity.place) == (ada, Place.UNREAD)
    assert any("User.Read.All" in reason for reason in found.unread)


def test_what_additive_leaves_is_said_with_the_setting(stage, entra):
    ada = entra.add_user("ada@contoso.com")
    data = entra.add_group("dbx-data", members=[ada, entra.add_user("bob@contoso.com")])
    stage.sync()
    entra.remove_member(data, ada)
    stage.settings = _with_policy(stage, mode="additive")
    _, there = person(stage, "ada@contoso.com", "dbx-data")
    left = row(there, "dbx-data")
    assert (left.there, left.wanted, left.next) == (True, False, Next.NOTHING)
    assert left.reason == "policy.mode is additive"
    assert "deactivate_user is not done: policy.mode is additive" in there.notes
    (whole,) = explain(stage, None, "dbx-data").groups
    assert whole.targets[0].notes == ("remove_members is not done: policy.mode is additive",)
    stage.settings = _with_policy(stage, mode="mirror")
    (whole,) = explain(stage, None, "dbx-data").groups
    assert whole.targets[0].next == (("remove_members", "not members in Entra"),)


def _names(path):
    return None if path is None else [step.name for step in path.steps]


def _scoped(stage, **scope):
    changed = stage.settings.scope.model_copy(update=scope)
    return stage.settings.model_copy(update={"scope": changed})


def _with_policy(stage, **policy):
    dumped = stage.settings.policy.model_dump() | policy
    changed = type(stage.settings.policy).model_validate(dumped)
    return stage.settings.model_copy(update={"policy": changed})


def _command(stage, *words):
    return CliRunner().invoke(main, ("explain", "-c", str(stage.settings_file), *words))


def test_the_page_of_the_docs_shows_what_the_command_prints(stage):
    company(stage)
    page = (Path(__file__).parents[2] / "docs" / "explain.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\$ aadsync explain (.*)\n((?:.*\n)*?)```$", page, re.MULTILINE)
    assert examples
    for words, shown in examples:
        _when, _where, answer = ask(stage, *shlex.split(words)).split(
            "\n", 2
        )  # the head, which the page leaves out
        # an ellipsis stands for lines left out
        pattern = re.escape(timeless(shown)).replace("…\\\n", "(?:.*\\n)*")
        assert re.fullmatch(pattern, timeless(answer.lstrip("\n")))


LIMIT = {"members_removed": {"count": 0}}


@pytest.fixture
def refused(stage: Stage, entra) -> Stage:
    """Ada has left dbx-data and Eve has come; the guard lets neither happen."""
    ada, bob, eve = (entra.add_user(f"{name}@contoso.com") for name in ("ada", "bob", "eve"))
    data = entra.add_group("dbx-data", members=[ada, bob])
    stage.sync()
    entra.remove_member(data, ada)
    entra.add_member(data, eve)
    stage.limit(LIMIT)
    return stage


def test_what_the_guard_refuses_is_not_what_the_next_sync_does(refused):
    for user, there in (("ada@contoso.com", True), ("eve@contoso.com", False)):
        found = explain(refused, user, "dbx-data")
        (standing,) = found.people[0].targets
        direct = row(standing, "dbx-data")
        assert (direct.there, direct.next) == (there, Next.NOTHING)
        assert direct.reason == "the guard refuses the next sync"
        assert standing.next == ()
    assert any(
        note.startswith("create_user is not done: the guard refuses") for note in standing.notes
    )
    assert (
        standing.gap == "eve@contoso.com is not in dbx-data there: the guard refuses the next sync"
    )
    (group,) = explain(refused, None, "dbx-data").groups
    assert group.targets[0].next == ()
    assert len([note for note in group.targets[0].notes if "members is not done" in note]) == 2
    plan = refused.plan()
    assert found.approve == plan.digest
    assert found.over == (
        "account: members_removed is 1, allowed 0: ada@contoso.com from dbx-data",
    )


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_refusal_is_told_with_the_line_that_approves_the_plan(refused, form):
    words = [
        "explain",
        "--user",
        "eve@contoso.com",
        "-c",
        str(refused.settings_file),
        "--format",
        form,
    ]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    digest = refused.plan().digest
    assert "members_removed is 1, allowed 0" in result.stdout.replace("\\_", "_")
    assert "the next sync adds" not in result.stdout
    assert "the next sync removes" not in result.stdout
    if form == "json":
        assert json.loads(result.stdout)["approve"] == digest
    else:
        assert "The guard refuses the next sync: nothing of its plan happens" in result.stdout
        *_, line = (line for line in result.stdout.splitlines() if line != "```")
        assert line.endswith(f"--approve {digest}")


def test_within_the_limits_nothing_is_told_of_the_guard(refused):
    refused.limit({"members_removed": {"count": 5}})
    found = explain(refused, "eve@contoso.com", "dbx-data")
    assert (found.over, found.approve) == ((), None)
    assert row(found.people[0].targets[0], "dbx-data").next is Next.ADDS
    assert "guard" not in explanation_text(found)


def test_something_protected_is_approved_by_nothing(refused):
    planner = refused.planner()
    planning = planner.plan()
    breach = Breach("account", "protected", 1, "0", ("ada@contoso.com",))
    verdict = replace(planning.verdict, protected=(breach,))
    asked = Explainer(
        planner.settings, planner.source, planner.targets, planner.reader,
        lambda: replace(planning, verdict=verdict),
    )  # fmt: skip
    found = asked.explain("eve@contoso.com")
    assert found.approve is None
    assert str(breach) in found.over
    assert "--approve" not in explanation_text(found)
    assert "what is protected stays as it is" in explanation_text(found)
