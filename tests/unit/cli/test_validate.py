"""``aadsync validate``: the settings alone, offline."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import CONFIG


def write(old="", new=""):
    Path("aadsync.yml").write_text(CONFIG.replace(old, new), encoding="utf-8")


def test_good_settings_end_with_0_and_the_next_command(run, engine):
    result = run("validate")
    assert (result.exit_code, result.stderr, engine.opened) == (0, "", {})
    assert result.stdout.startswith("aadsync.yml: no problem\n")
    assert "account: https://accounts.azuredatabricks.net, account 9c1d1c1e" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("Next: aadsync doctor ")


def test_good_settings_as_json(run):
    document = json.loads(run("validate", "--format", "json").stdout)
    assert list(document) == ["kind", "version", "head", "sync", "problems"]
    assert (document["kind"], document["sync"], document["problems"]) == (
        "validation",
        "contoso",
        [],
    )


@pytest.mark.parametrize("command", ["validate", "plan", "sync"])
def test_every_problem_is_named_at_once_and_those_of_parameters_too(run, engine, command):
    write("[{prefix: dbx-}]", "dbx-\n  nested: sideways")
    result = run(
        command, "--set", "policy.mode=mirrored", "--set", "polcy.mode=mirror", "--target", "acount"
    )
    assert (result.exit_code, engine.opened) == (1, {})
    assert result.stderr.startswith(
        "aadsync: aadsync.yml: 5 problems. Nothing was read or changed.\n"
    )
    for problem in (
        "scope.groups: found 'dbx-'; expected a list; write [{prefix: dbx-}]",
        "scope.nested: found 'sideways'; expected preserve, flatten or direct",
        "policy.mode: found 'mirrored'; expected mirror or additive",
        "polcy: unknown key; did you mean `policy`?",
        "--target acount: no such target; did you mean `account`?",
    ):
        assert f"  {problem}\n" in result.stderr


def test_problems_as_json_are_one_document_on_stdout(run):
    write("[{prefix: dbx-}]", "dbx-")
    result = run("validate", "--format", "json")
    assert (result.exit_code, result.stderr) == (1, "")
    assert json.loads(result.stdout)["problems"] == [
        "scope.groups: found 'dbx-'; expected a list; write [{prefix: dbx-}]"
    ]


def test_a_target_that_is_not_there_is_a_usage_error(run, engine):
    result = run("validate", "--target", "third")
    assert (result.exit_code, engine.opened) == (2, {})
    assert "--target third: no such target; the settings have account" in result.stderr
