"""``aadsync init``."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.config.load import load_settings

GUID = "5f0a1c1e-0000-4000-8000-00000000000{}"
FLAGS = (
    "init", "--tenant-id", GUID.format(1), "--account-id", GUID.format(2), "--prefix", "dbx-",
    "--source-client-id", GUID.format(3), "--target-client-id", GUID.format(4),
)  # fmt: skip


@pytest.fixture
def bare(run):
    """Run in a directory without settings."""
    Path("aadsync.yml").unlink()
    return run


def test_flags_alone_write_settings_that_load(bare):
    result = bare(*FLAGS, "--group", "Data Platform", "--secret-scope", "aadsync")
    assert result.exit_code == 0
    settings = load_settings(Path("aadsync.yml"))
    assert [str(group) for group in settings.scope.groups] == [
        "name 'Data Platform'",
        "prefix 'dbx-'",
    ]
    assert result.stdout.splitlines()[-1].endswith("then aadsync doctor")


def test_file_that_is_there_is_kept(run):
    before = Path("aadsync.yml").read_text()
    result = run(*FLAGS)
    assert result.exit_code == 2
    assert "--force writes over it" in result.stderr
    assert Path("aadsync.yml").read_text() == before


def test_file_that_is_there_is_written_over_by_force(run):
    assert run(*FLAGS, "--force", "--name", "fresh").exit_code == 0
    assert load_settings(Path("aadsync.yml")).name == "fresh"


def test_everything_that_is_missing_is_named_at_once(bare):
    result = bare("init", "--source-method", "service_credential", "--target-method", "azure_cli")
    assert result.exit_code == 2
    assert result.stderr == (
        "aadsync: Nothing was written. Say also: --tenant-id, --service-credential, --account-id, "
        "--prefix\n"
    )


def test_what_is_missing_is_asked_for_on_a_terminal(bare, monkeypatch):
    monkeypatch.setattr("aadsync_lib.cli.questions.is_terminal", lambda: True)
    answers = "\n".join((GUID.format(1), GUID.format(2), "dbx-", ""))
    options = ("init", "--source-method", "azure_cli", "--target-method", "azure_cli")
    result = CliRunner().invoke(main, options, input=answers)
    assert result.exit_code == 0
    assert "Entra tenant id" in result.stderr
    assert "Entra tenant id" not in result.stdout
    assert [str(group) for group in load_settings(Path("aadsync.yml")).scope.groups] == [
        "prefix 'dbx-'"
    ]


def test_answers_that_make_no_settings_are_told_and_not_written(bare):
    result = bare(*FLAGS, "--name", "Not A Name", "--host", "http://accounts.example")
    assert result.exit_code == 2
    assert "Nothing was written" in result.stderr
    assert "name" in result.stderr
    assert "host" in result.stderr
    assert not Path("aadsync.yml").exists()


def test_file_in_another_place_is_named_in_the_next_command(bare):
    result = bare(*FLAGS, "-c", "other.yml")
    assert result.stdout.splitlines()[-1].endswith("aadsync doctor -c other.yml")


ASKED = ("--source-method", "client_secret")


@pytest.fixture
def terminal(bare, monkeypatch):
    """Run with somebody at the keyboard, who types these lines."""
    monkeypatch.setattr("aadsync_lib.cli.questions.is_terminal", lambda: True)
    return lambda *words, lines: CliRunner().invoke(
        main, ("init", *words), input="\n".join((*lines, "")), prog_name="aadsync"
    )


def test_an_answer_that_does_not_fit_is_asked_for_again_and_the_others_are_kept(terminal):
    lines = (
        "contoso", GUID.format(1), "the client", GUID.format(3), GUID.format(2)[:-1], GUID.format(2),
        "sync-client", ", ", "dbx-, data-",
    )  # fmt: skip
    result = terminal(*ASKED, lines=lines)
    assert result.exit_code == 0, result.stderr
    settings = load_settings(Path("aadsync.yml"))
    assert settings.source.tenant_id == GUID.format(1)
    assert settings.source.auth.client_id == GUID.format(3)
    assert settings.targets[0].account_id == GUID.format(2)
    assert [group.prefix for group in settings.scope.groups] == ["dbx-", "data-"]
    assert result.stderr.count("That does not fit: ") == 4
    assert "That does not fit: found 'contoso'; expected " in result.stderr
    assert result.stderr.count("Databricks account id") == 2
    assert result.stderr.count("Client id of the service principal") == 1


def test_each_question_is_in_plain_words_and_names_its_setting(terminal):
    lines = (GUID.format(1), GUID.format(3), GUID.format(2), "sync-client", "dbx-")
    stderr = terminal(*ASKED, lines=lines).stderr
    for key in ("source.tenant_id", "source.auth.client_id", "targets.account.account_id",
                "targets.account.auth.client_id", "scope.groups"):  # fmt: skip
        [question] = [line for line in re.split(r"(?<=: )|\n", stderr) if f"[{key}]" in line]
        assert question[0].isupper()
        assert "." not in question.partition("[")[0]


@pytest.mark.parametrize("number", range(6))
def test_an_end_of_the_input_at_any_question_says_that_nothing_was_written(terminal, number):
    lines = (GUID.format(1), GUID.format(3), GUID.format(2), "sync-client", "dbx-")
    result = terminal(*ASKED, lines=lines[:number])
    if number == len(lines):
        assert result.exit_code == 0
        return
    assert result.exit_code == 1
    assert result.stderr.endswith("\naadsync: Stopped. Nothing was written.\n")
    assert "Aborted" not in result.stderr
    assert not Path("aadsync.yml").exists()


def test_an_interrupt_says_so_too(terminal, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    result = terminal(*ASKED, lines=())
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (
        1, "aadsync: Stopped. Nothing was written.",
    )  # fmt: skip


def test_an_option_that_does_not_fit_is_told_before_anything_is_asked(terminal):
    result = terminal("--tenant-id", "contoso", lines=())
    assert result.exit_code == 2
    assert "source.tenant_id: found 'contoso'" in result.stderr
    assert "Databricks account id" not in result.stderr


def test_where_the_secrets_come_from_is_named(bare):
    shown = bare(*FLAGS).stdout
    assert "environment variable AADSYNC_ENTRA_CLIENT_SECRET  [source.auth.client_secret]" in shown
    assert (
        "environment variable AADSYNC_DATABRICKS_CLIENT_SECRET  [targets.account.auth.client_secret]"
        in shown
    )
    scope = bare(*FLAGS, "--force", "--secret-scope", "identity").stdout
    assert "databricks secrets put-secret identity entra-client-secret  [source." in scope
    none = bare(
        "init",
        "--force",
        *FLAGS[1:7],
        "--source-method",
        "azure_cli",
        "--target-method",
        "azure_cli",
    )
    assert "secrets from" not in none.stdout
