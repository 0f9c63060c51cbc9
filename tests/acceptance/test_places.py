"""Files that the settings name lie beside the settings, wherever a command runs."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from aadsync_lib.cli import main
from aadsync_lib.history import History
from tests.acceptance.stage import Stage
from tests.acceptance.worlds import first_day


@pytest.fixture
def home(stage: Stage, tmp_path: Path) -> Path:
    """A folder with the settings; their store is named by a relative path."""
    stage.show(first_day())
    folder = tmp_path / "home"
    folder.mkdir()
    tree = yaml.safe_load(stage.settings_file.read_text(encoding="utf-8"))
    tree["store"] = {"sqlite": "./data.db"}
    (folder / "aadsync.yml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    return folder


def test_store_is_beside_the_settings_for_every_command(stage: Stage, home: Path) -> None:
    away = home.parent / "away"
    away.mkdir()
    for words, code in (
        (("plan", "--save", "plan.json"), 0),
        (("doctor",), 0),
        (("apply", "plan.json"), 0),
        (("sync",), 0),
        (("explain", "--user", "bob@contoso.com"), 0),
        (("undo", "last", "--save", "undo.json"), 0),
    ):
        done = command(stage, away, *words, "-c", "../home/aadsync.yml")
        assert done.exit_code == code, (words, done.stdout, done.stderr)
    assert (home / "data.db").exists()
    assert not (away / "data.db").exists()
    history = command(stage, Path("/"), "history", "-c", str(home / "aadsync.yml"))
    assert history.stdout.count("succeeded") == 2
    assert len(History.open(home / "aadsync.yml").runs()) == 2


def test_saved_plan_is_applied_where_the_folder_is_mounted_elsewhere(
    stage: Stage, home: Path
) -> None:
    assert command(stage, home, "plan", "--save", "plan.json").exit_code == 0
    there = home.parent / "mnt" / "elsewhere"
    shutil.move(home, there)
    done = command(
        stage, home.parent, "apply", str(there / "plan.json"), "-c", str(there / "aadsync.yml")
    )
    assert done.exit_code == 0, done.stderr
    assert (there / "data.db").exists()


def command(stage: Stage, folder: Path, *words: str) -> Result:
    """Run a command line in this folder."""
    with contextlib.chdir(folder):
        return CliRunner(env=Stage.environment_of(stage.box)).invoke(main, words)
