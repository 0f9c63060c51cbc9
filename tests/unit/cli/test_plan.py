"""``aadsync plan``."""

import json
import re
import stat
from pathlib import Path

import pytest

from aadsync_lib.report.as_json import plan_from_json, plan_to_json
from tests.unit.report import samples


def test_plan_goes_to_stdout_and_nothing_to_stderr(run, engine):
    result = run("plan")
    assert result.exit_code == 0
    assert result.stdout.startswith("Plan for contoso: 12 changes on 2 targets\n")
    assert result.stderr == ""


def test_plan_opens_everything_for_reading_only(run, engine):
    run("plan")
    assert engine.opened["read_only"] is True
    assert engine.asked == [("plan",)]


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        (samples.full_plan(), 2),
        (samples.plan(samples.target_plan()), 0),
        (samples.plan(samples.target_plan(on_hold=samples.partial().targets[0].on_hold)), 0),
    ],
)
def test_detailed_exit_code_tells_whether_there_are_changes(run, engine, plan, code):
    engine.found = plan
    assert run("plan", "--detailed-exitcode").exit_code == code
    assert run("plan").exit_code == 0


def test_json_is_exactly_one_document(run, engine):
    result = run("plan", "--format", "json")
    assert json.loads(result.stdout) == plan_to_json(engine.found)


def test_json_holds_no_control_character_and_nothing_but_ascii(run, engine):
    engine.found = samples.plan(samples.target_plan(samples.create_user("a\x7f\x9b\u202eö")))
    result = run("plan", "--format", "json")
    assert all(char == "\n" or 32 <= ord(char) < 127 for char in result.stdout)
    assert json.loads(result.stdout)["targets"][0]["changes"][0]["name"] == "a\x7f\x9b\u202eö"


def test_markdown_is_for_pull_requests(run, engine):
    assert run("plan", "--format", "markdown").stdout.startswith("## Plan for contoso")


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_out_writes_the_same_to_a_file(run, engine, form):
    result = run("plan", "--format", form, "--out", "plan.out")
    assert Path("plan.out").read_text(encoding="utf-8") == result.stdout


def test_saved_plan_is_read_back_with_its_digest(run, engine):
    engine.found = samples.plan(samples.target_plan(samples.create_user()))
    result = run("plan", "--save", "plan.json")
    saved = plan_from_json(json.loads(Path("plan.json").read_text(encoding="utf-8")))
    assert saved == engine.found
    assert "aadsync apply plan.json applies exactly this" in result.stdout


def test_saved_plan_is_for_its_owner_only_even_over_an_older_file(run, engine):
    Path("plan.json").touch(mode=0o644)
    run("plan", "--save", "plan.json")
    assert stat.S_IMODE(Path("plan.json").stat().st_mode) == 0o600
    assert [path.name for path in Path().iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(("room", "code"), [(0, 2), (1, 1)])
def test_file_that_cannot_be_written_leaves_nothing_behind(run, engine, monkeypatch, room, code):
    """The first file looks whether there is room, before anything is read; then the plan needs some."""
    files = iter(range(room))

    def full(_handle):
        if next(files, None) is None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = run("plan", "--save", "plan.json")
    assert result.exit_code == code
    assert len(engine.asked) == room
    assert "plan.json could not be written: No space left on device" in result.stderr
    assert [path.name for path in Path().iterdir()] == ["aadsync.yml"]


def test_directory_that_takes_no_file_is_one_line(run, engine, monkeypatch):
    def denied(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", denied)
    result = run("plan", "--save", "plan.json")
    assert result.stderr == "aadsync: plan.json could not be written: Permission denied.\n"


@pytest.mark.parametrize("option", ["--save", "--out"])
def test_file_in_no_directory_is_refused_before_any_reading(run, engine, option):
    result = run("plan", option, "nowhere/plan.json")
    assert result.exit_code == 2
    assert "there is no directory nowhere" in result.stderr
    assert engine.asked == []


def test_options_reach_the_settings_and_the_engine(run, engine):
    engine.found = samples.plan(samples.target_plan(samples.create_user()))
    Path("aadsync.yml").rename("other.yml")
    result = run(
        "plan", "-c", "other.yml", "--target", "account", "--set", "policy.mode=additive", "--full"
    )
    assert engine.opened["only"] == "account"
    assert engine.opened["settings"].policy.mode == "additive"
    last = "aadsync sync -c other.yml --target account --set policy.mode=additive applies it"
    assert last in result.stdout.splitlines()[-1]


@pytest.mark.parametrize("pair", ["policy.mode", "=additive", " =x"])
def test_setting_without_key_and_value_is_a_usage_error(run, engine, pair):
    result = run("plan", "--set", pair)
    assert result.exit_code == 2
    assert "KEY=VALUE" in result.stderr


def test_all_lists_every_change_of_a_large_plan(run, engine):
    engine.found = samples.big_plan(300, 1)
    assert "user299@contoso.com" not in run("plan").stdout
    assert "user299@contoso.com" in run("plan", "--all").stdout


def test_plan_says_already_what_the_guard_will_refuse(run, engine):
    result = run("plan")
    assert "Over the limits: sync will refuse this" in result.stdout
    assert "account: groups_emptied is 1, allowed 0: Night shift" in result.stdout
    assert f"aadsync sync --approve {engine.found.digest}" in result.stdout.splitlines()[-1]


def saved(plan, path="before.json"):
    Path(path).write_text(json.dumps(plan_to_json(plan)), encoding="utf-8")


def test_against_says_that_nothing_moved(run, engine):
    saved(engine.found)
    result = run("plan", "--against", "before.json")
    assert engine.asked == [("plan", "fingerprint")]
    told = "Nothing has moved since the plan that ops@laptop saved at 2026-11-16 09:00:00 UTC.\n"
    assert told in result.stdout
    document = json.loads(run("plan", "--against", "before.json", "--format", "json").stdout)
    against = document.pop("against")
    assert (against["same"], against["moved"]) == (True, [])
    assert document == plan_to_json(engine.found)


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_against_names_what_is_planned_now_and_what_no_longer_is(run, engine, form):
    stays, *rest = samples.changes()
    there = samples.target_plan(stays, *samples.members_of("Sales", add=("ada", "cy")))
    here = samples.target_plan(*rest[1:3], *samples.members_of("Sales", add=("ada", "dan")))
    saved(samples.plan(there))
    engine.found = samples.replace(samples.plan(here), settings_digest="sha256:0")
    written = run("plan", "--against", "before.json", "--format", form).stdout
    shown = re.sub(r"<[^>]*>", "", written).replace("\\", "")
    assert "Moved since the plan that ops@" in shown
    assert "the settings have changed since the plan was saved" in shown
    assert "account: planned now: add members Sales: dan@" in shown
    assert "account: no longer planned: add members Sales: cy@" in shown
    assert "account: no longer planned: adopt group Sales" in shown
    assert "Sales: ada@" not in shown


def test_against_another_place_says_so(run, engine):
    [target] = samples.plan(samples.target_plan(samples.create_user())).targets
    other = samples.replace(target, address=samples.ADDRESSES["second"])
    saved(samples.plan(other))
    engine.found = samples.plan(target)
    document = json.loads(run("plan", "--against", "before.json", "--format", "json").stdout)
    [sentence] = document["against"]["moved"]
    assert sentence.startswith(
        "account: it was https://adb-7.1.azuredatabricks.net, workspace 7 then"
    )
    assert document["against"]["same"] is True


@pytest.mark.parametrize("given", [{"undoes": "r-0"}, {"sync": "fabrikam"}])
def test_against_a_plan_of_something_else_is_a_usage_error(run, engine, given):
    saved(samples.replace(samples.full_plan(), **given))
    result = run("plan", "--against", "before.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--against: that plan " in result.stderr


def test_every_plan_ends_with_how_to_apply_exactly_it_but_an_empty_one(run, engine):
    engine.found = samples.replace(engine.found, targets=engine.found.targets[1:])
    assert "Exactly" not in run("plan").stdout
    engine.found = samples.plan(samples.target_plan(samples.create_user()))
    words, command = "Exactly this plan or none:", f"aadsync sync --approve {engine.found.digest}"
    assert f"{words} {command}" in run("plan").stdout.splitlines()
    lines = run("plan", "--format", "markdown").stdout.splitlines()
    assert lines[lines.index(command) - 3 : lines.index(command) + 2] == [
        words,
        "",
        "```",
        command,
        "```",
    ]
    assert f"{words} {command}" in run("plan", "--format", "html").stdout
