"""``aadsync init``."""

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
    monkeypatch.setattr("aadsync_lib.cli.init.is_terminal", lambda: True)
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
