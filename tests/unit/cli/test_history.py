"""``aadsync history``, over the store of real runs against accounts in memory."""

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.errors import UsageError
from aadsync_lib.model.identity import Kind
from aadsync_lib.report.history.select import run_named
from tests.unit.build import directory, group, user
from tests.unit.fakes import Fault
from tests.unit.world import World

HOUR = 3600.0
ADA, BOB, CYD = user("ada"), user("bob"), user("cyd")


def three_days(world):
    """Bob comes on the second day and goes on the third; a group is renamed; a write fails."""
    runs = [world.sync(directory(ADA, group("data", [ADA], id="g1")))]
    world.clock.advance(24 * HOUR)
    runs.append(world.sync(directory(ADA, BOB, group("data", [ADA, BOB], id="g1"))))
    world.clock.advance(24 * HOUR)
    world.target.refuses = lambda what: "no cyd today" if "create user cyd" in what else None
    crew = group("Data Crew", [ADA, CYD], id="g1")
    runs.append(world.sync(directory(ADA, BOB, CYD, crew, group("rest", [BOB]))))
    return runs


@pytest.fixture
def past(run, tmp_path):
    """The history of three days, in the store that the command line reads."""
    with World() as world:
        world.begun = world.clock.now()
        world.runs = three_days(world)
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
        yield world


def asked(run, *words):
    result = run("history", *words, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_history_lists_the_runs_newest_first_with_who_and_when_and_what(run, past):
    found = asked(run)
    assert found["kind"] == "history"
    assert found["version"] == 1
    assert found["sync"] == "contoso"
    assert [one["run_id"] for one in found["runs"]] == [one.run_id for one in reversed(past.runs)]
    newest = found["runs"][0]
    assert newest["status"] == "partial"
    assert newest["applied"] == {
        "add_members": 1, "create_group": 1, "remove_members": 1, "rename_group": 1,
    }  # fmt: skip
    assert newest["failed"] == 2
    assert newest["user"]
    assert newest["host"]
    assert newest["settings_digest"].startswith("sha256:")
    assert newest["undoes"] is None


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_history_of_a_store_that_is_not_there_is_empty_and_leaves_no_file(run, tmp_path, form):
    result = run("history", "--format", form)
    assert result.exit_code == 0
    assert not (tmp_path / "aadsync.db").exists()


def test_text_of_the_runs_says_what_was_left_undone(run, past):
    shown = run("history").stdout
    assert shown.startswith("History of contoso: 3 runs\n")
    assert "2 failed" in shown


@pytest.mark.parametrize("length", [None, 12])
def test_run_is_found_by_its_id_and_by_its_beginning(run, past, length):
    first = past.runs[0].run_id
    found = asked(run, first[:length] if length else first)
    assert found["run"]["run_id"] == first
    assert [one["action"] for one in found["outcomes"]] == [
        "create_user", "create_group", "add_members",
    ]  # fmt: skip
    assert found["outcomes"][0]["after"]["userName"] == "ada@contoso.com"
    assert found["run"]["report"]["kind"] == "run"


def test_outcomes_of_what_was_made_name_the_object_that_was_made(run, past):
    found = asked(run, past.runs[0].run_id)["outcomes"]
    accounts = past.target.accounts
    assert [accounts[one["target_id"]].name for one in found] == [
        "ada@contoso.com", "Data Crew", "Data Crew",
    ]  # fmt: skip


def test_last_is_the_newest_run(run, past):
    assert asked(run, "last")["run"]["run_id"] == past.runs[-1].run_id


def test_run_shows_what_was_there_before_and_after_and_every_error(run, past):
    shown = run("history", "last").stdout
    assert 'displayName "data" -> "Data Crew"' in " ".join(shown.split())
    assert "no cyd today" in shown


def test_beginning_of_several_runs_is_an_error_that_names_them(run, past):
    result = run("history", "2")
    assert result.exit_code == 2
    assert "3 runs begin with 2" in result.stderr
    assert all(one.run_id in result.stderr for one in past.runs)


def test_end_of_an_id_is_enough_for_one_run_and_names_several(run, past):
    record = past.runs[0]
    assert asked(run, record.run_id.rpartition("-")[2])["run"]["run_id"] == record.run_id
    twins = [replace(record, run_id=f"2026111{n}T090000Z-abcdef") for n in range(2)]
    with pytest.raises(UsageError, match="2 runs end with abcdef: 20261110T090000Z-abcdef"):
        run_named(twins, "abcdef")
    with pytest.raises(UsageError, match="There is no run bcdef"):
        run_named(twins, "bcdef")


def test_run_that_is_not_there_is_an_error(run, past):
    result = run("history", "never")
    assert result.exit_code == 2
    assert "There is no run never in the store, which has 3." in result.stderr


def test_history_of_a_user_says_since_when_and_until_when_and_by_which_runs(run, past):
    found = asked(run, "--user", "BOB@contoso.com")
    places = {one["group"]["external_id"]: one for one in found["memberships"]}
    former, now = places["g1"], places["g-rest"]
    assert former["run_id"] == past.runs[1].run_id
    assert former["ended_by"] == past.runs[2].run_id
    assert former["ending"] == "removed"
    assert now["until"] is None
    assert now["run_id"] == past.runs[2].run_id
    actions = [one["action"] for one in found["outcomes"]]
    assert actions[:2] == ["create_user", "add_members"]
    assert sorted(actions[2:]) == ["add_members", "remove_members"]  # of one run, at the same time
    members = [one["name"] for entry in found["outcomes"] for one in entry.get("members", ())]
    assert set(members) == {"bob@contoso.com"}


@pytest.mark.parametrize("name", ["data", "Data Crew", "data crew", "g1"])
def test_group_is_found_under_every_name_it_ever_had(run, past, name):
    found = asked(run, "--group", name)["outcomes"]
    assert [one["run_id"] for one in found] == [
        *[past.runs[0].run_id] * 2, past.runs[1].run_id, *[past.runs[2].run_id] * 2,
    ]  # fmt: skip


def test_user_and_group_and_action_narrow_each_other(run, past):
    both = asked(run, "--user", "bob@contoso.com", "--group", "data")["outcomes"]
    assert [one["action"] for one in both] == ["add_members", "remove_members"]
    one = asked(run, "--user", "bob@contoso.com", "--group", "data", "--action", "remove_members")
    assert [entry["action"] for entry in one["outcomes"]] == ["remove_members"]
    in_run = asked(run, past.runs[1].run_id, "--user", "bob@contoso.com")["outcomes"]
    assert [entry["action"] for entry in in_run] == ["create_user", "add_members"]


def test_who_was_in_a_group_on_a_date(run, past):
    def on(days):
        when = datetime.fromtimestamp(past.begun + days * 24 * HOUR, UTC).date()
        found = asked(run, "--group", "Data Crew", "--on", when.isoformat())
        return {one["member"]["name"] for one in found["memberships"]}

    assert on(-1) == set()
    assert on(0) == {"ada@contoso.com"}
    assert on(1) == {"ada@contoso.com", "bob@contoso.com"}
    assert on(2) == {"ada@contoso.com"}


def test_timestamp_is_taken_as_it_is(run, past):
    def at(seconds, zone=""):
        when = datetime.fromtimestamp(past.begun + seconds, UTC).replace(tzinfo=None)
        found = asked(run, "--group", "g1", "--on", f"{when.isoformat()}{zone}")
        return len(found["memberships"])

    assert at(12 * HOUR) == 1
    assert at(36 * HOUR) == 2
    assert at(36 * HOUR, "+00:00") == 2
    assert at(24 * HOUR, "+02:00") == 1


def test_time_before_the_first_run_is_said_to_be_unknown(run, past):
    shown = run("history", "--group", "g1", "--on", "2001-01-01").stdout
    assert "The store knows nothing of that time" in shown


@pytest.mark.parametrize("on", ["yesterday", "2026-13-01", "12:00"])
def test_what_is_no_date_is_an_error_that_shows_how_to_write_one(run, past, on):
    result = run("history", "--group", "g1", "--on", on)
    assert result.exit_code == 2
    assert "Write 2026-11-22 or" in result.stderr


def test_date_to_come_is_an_error(run, past):
    result = run("history", "--group", "g1", "--on", "2999-01-01")
    assert result.exit_code == 2
    assert "2999-01-01 is still to come" in result.stderr


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("9999-12-31", "is still to come"),
        ("0001-01-01", "is before 1970"),
        ("0001-01-01T00:00:00+14:00", "is before 1970"),
    ],
)
def test_time_at_either_end_of_the_calendar_is_a_usage_error(run, past, day, why):
    result = run("history", "--group", "data", "--on", day)
    assert result.exit_code == 2
    assert f"{day} {why}" in result.stderr


def test_members_through_nested_groups_are_named_with_the_way(run, tmp_path):
    nested = directory(
        ADA, BOB, group("top", ["g-mid", ADA]), group("mid", ["g-low"]), group("low", [BOB, ADA])
    )
    with World() as world:
        world.sync(nested)
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    found = asked(run, "--group", "top", "--on", datetime.now(UTC).date().isoformat())
    ways = {one["member"]["name"]: one["via"] for one in found["memberships"]}
    assert ways == {
        "ada@contoso.com": [], "mid": [], "low": ["mid"], "bob@contoso.com": ["mid", "low"],
    }  # fmt: skip
    shown = run("history", "--group", "top", "--on", datetime.now(UTC).date().isoformat()).stdout
    assert "mid > low" in shown


def test_quarantine_is_listed_with_since_when_and_how_often(run, tmp_path):
    clash = directory(ADA, group("data", [ADA], id="1"), group("DATA", [ADA], id="2"))
    with World() as world:
        for _ in range(3):
            world.sync(clash)
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    found = asked(run, "--quarantine")["quarantine"]
    assert {one["external_id"] for one in found} == {"1", "2"}
    assert {one["times"] for one in found} == {3}
    assert all(one["first_seen"] < one["last_seen"] for one in found)
    assert "data" in run("history", "--quarantine", "--format", "markdown").stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--on", "2026-01-01"),
        ("last", "--group", "g1", "--on", "2026-01-01"),
        ("--quarantine", "--user", "ada"),
        ("--user", " "),
        ("--action", "explode"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(run, past, words):
    assert run("history", *words).exit_code == 2


def test_killed_run_is_told_from_one_that_ended(run, tmp_path):
    with World(directory(ADA, group("data", [ADA]))) as world:
        world.target.faults = {1: Fault.KILLED_AFTER}
        assert world.sync_until_killed()
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    assert "not ended" in " ".join(run("history").stdout.split())
    assert asked(run)["runs"][0]["status"] == "running"


def test_refused_run_is_in_the_history(run, tmp_path):
    with World(directory(ADA, BOB, group("data", [ADA, BOB]))) as world:
        world.sync()
        world.configure(limits={"members_removed": {"count": 0}})
        with pytest.raises(RefusedError):
            world.sync(directory(ADA, group("data", [ADA])))
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    assert [one["status"] for one in asked(run)["runs"]] == ["refused", "succeeded"]
    assert "members_removed is 1, allowed 0" in asked(run)["runs"][0]["over"][0]


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_names_from_the_directory_are_data(run, tmp_path, form):
    evil = "\x1b[31m<script>alert(1)</script>|`"
    with World(directory(ADA, group(evil, [ADA], id="1"))) as world:
        world.sync()
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    for words in (("last",), ("--user", "ada@contoso.com"), ("--group", "1", "--on", "2999-01-01")):
        shown = run("history", *words, "--format", form)
        assert "\x1b" not in shown.stdout + shown.stderr
        if form == "markdown":
            assert "<script>" not in shown.stdout


@pytest.mark.parametrize(
    ("question", "near"),
    [
        (("--group", "Data Crow"), "Data Crew"),
        (("--group", "Data Crow", "--on", "2026-01-01"), "Data Crew"),
        (("--user", "aba@contoso.com"), "ada@contoso.com"),
        (("last", "--user", "aba@contoso.com"), "ada@contoso.com"),
    ],
)
def test_name_that_the_store_does_not_know_is_an_error_with_the_nearest(run, past, question, near):
    result = run("history", *question)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "The store knows no " in result.stderr
    assert near in " ".join(result.stderr.split())


def test_group_that_only_its_link_tells_of_is_known(run, tmp_path):
    with World(members="managed") as world:
        world.sync(directory(group("lonely", [])))
        world.clock.advance(20 * 24 * HOUR)
        world.store.prune(world.clock.now())
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    assert "No run has changed it." in run("history", "--group", "LONELY").stdout
    assert run("history", "--group", "lonesome").exit_code == 1


def test_user_who_only_was_a_member_once_is_known(run, tmp_path):
    with World() as world:
        world.sync(directory(ADA, group("data", [ADA], id="g1")))
        zoe = world.target.add(Kind.USER, "zoe@contoso.com")
        world.target.groups[world.target.named("data").id].add(zoe)
        world.configure(members="managed")
        world.sync()
        world.target.groups[world.target.named("data").id].remove(zoe)
        world.sync()
        world.store.close()
        shutil.copy(world.store._database.path, tmp_path / "aadsync.db")
    assert run("history", "--user", "Zoe@contoso.com").exit_code == 0
    assert run("history", "--user", "zoey@contoso.com").exit_code == 1
