"""Results that cannot be written: found before the first write, or the run ends as it ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.stage import Stage
from tests.acceptance.worlds import first_day, second_day
from tests.command_line import PIPE, aadsync

FULL = Path("/dev/full")
FORMS = [
    "text",
    *(pytest.param(form, marks=pytest.mark.soak) for form in ("json", "markdown", "html")),
]

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")


@pytest.fixture
def first(stage: Stage) -> Stage:
    """A stage before its first sync."""
    stage.show(first_day())
    return stage


def writes(stage: Stage) -> int:
    return len(stage.box.log.writes("databricks"))


def last_run(stage: Stage) -> str:
    with stage.store() as store:
        return store.runs()[0].status


@pytest.mark.parametrize("form", FORMS)
def test_full_stdout_changes_nothing_about_a_sync(first: Stage, form: str) -> None:
    done = command(first, "sync", "--format", form, stdout=FULL)
    assert done.returncode == 0, done.stderr
    assert "the report of the run was not written" in done.stderr
    assert "No space left on device" in done.stderr
    assert "aadsync history" in done.stderr
    assert "Traceback" not in done.stderr
    assert last_run(first) == "succeeded"
    assert first.plan().empty


def test_full_stdout_changes_nothing_about_an_undo_and_a_refusal(first: Stage) -> None:
    assert command(first, "sync").returncode == 0
    undone = command(first, "undo", "last", stdout=FULL)
    assert undone.returncode == 0, undone.stderr
    assert "was not written" in undone.stderr
    assert command(first, "sync").returncode == 0
    second_day(first.box.world)
    first.limit({"users_deprovisioned": {"count": 0}})
    refused = command(first, "sync", "--format", "json", stdout=FULL)
    assert refused.returncode == 4
    assert "users_deprovisioned" in refused.stderr


def test_result_that_nothing_was_written_for_is_an_error(first: Stage) -> None:
    for words in (("plan",), ("plan", "--format", "json"), ("doctor",), ("history",)):
        done = command(first, *words, stdout=FULL)
        assert done.returncode == 1, (words, done.stderr)
        assert done.stderr == "aadsync: stdout could not be written: No space left on device.\n"


def test_file_is_written_though_stdout_is_full(first: Stage, tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    done = command(first, "sync", "--format", "json", "--out", str(out), stdout=FULL)
    assert done.returncode == 0
    assert json.loads(out.read_text(encoding="utf-8"))["status"] == "succeeded"


def test_full_device_as_a_file_changes_nothing_about_a_sync(first: Stage) -> None:
    done = command(first, "sync", "--out", str(FULL))
    assert done.returncode == 0
    assert "/dev/full could not be written: No space left on device" in done.stderr
    assert FULL.is_char_device()


@pytest.mark.parametrize("words", [("sync",), ("apply", "plan.json"), ("undo", "last")])
def test_closed_stdout_is_found_before_anything_is_read(
    first: Stage, words: tuple[str, ...]
) -> None:
    mark = first.box.log.mark()
    line = " ".join((sys.executable, "-m", "aadsync_lib", *words, "-c", str(first.settings_file)))
    done = run(first, ["sh", "-c", f"exec {line} >&-"])
    assert done.returncode == 1
    assert done.stderr == (
        "aadsync: stdout is closed: the result cannot be written. Nothing was changed.\n"
    )
    assert first.box.log.mark() == mark


def test_reader_that_is_gone_is_found_before_anything_is_read(first: Stage) -> None:
    mark = first.box.log.mark()
    reader, writer = os.pipe()
    os.close(reader)
    done = command(first, "sync", stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (
        1, "aadsync: Nobody reads stdout any more. Nothing was changed.\n",
    )  # fmt: skip
    assert first.box.log.mark() == mark


@pytest.mark.parametrize(
    ("words", "file", "closed"),
    [
        (("plan", "--out", "FILE"), "plan", False),
        (("plan", "--save", "FILE"), "plan", True),
        (("doctor", "--out", "FILE"), "doctor", False),
        (("sync", "--out", "FILE"), "run", True),
    ],
    ids=["plan --out", "plan --save, closed", "doctor --out", "sync --out, closed"],
)
def test_a_result_in_a_file_is_there_though_nobody_reads_stdout(
    first: Stage, tmp_path: Path, words: tuple[str, ...], file: str, closed: bool
) -> None:
    out = tmp_path / "out.json"
    given = [str(out) if word == "FILE" else word for word in words]
    line = [*given, "-c", str(first.settings_file), "--format", "json"]
    if closed:
        shown = " ".join((sys.executable, "-m", "aadsync_lib", *line))
        done = run(first, ["sh", "-c", f"exec {shown} >&-"])
    else:
        reader, writer = os.pipe()
        os.close(reader)
        done = command(first, *given, "--format", "json", stdout=writer)
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(out.read_text(encoding="utf-8"))["kind"] == file


@pytest.mark.parametrize("option", ["--out"])
@pytest.mark.parametrize("place", ["nowhere/out", "folder", "/proc/out", "/sys/out"])
def test_file_that_cannot_be_written_is_found_before_anything_is_read(
    first: Stage, tmp_path: Path, option: str, place: str
) -> None:
    (tmp_path / "folder").mkdir()
    mark = first.box.log.mark()
    for words in (("sync",), ("undo", "last"), ("plan",), ("apply", "plan.json")):
        done = command(first, *words, option, str(tmp_path / place))
        assert done.returncode == 2, (words, done.stderr)
        assert option in done.stderr
    done = command(first, "plan", "--save", str(tmp_path / place))
    assert done.returncode == 2
    assert first.box.log.mark() == mark
    assert writes(first) == 0


def test_looking_whether_a_file_can_be_written_leaves_it_as_it_is(
    first: Stage, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "run.txt"
    out.parent.mkdir()
    out.write_text("before", encoding="utf-8")
    assert command(first, "sync", "--out", str(out), "--target", "nobody").returncode == 2
    assert out.read_text(encoding="utf-8") == "before"
    assert [path.name for path in out.parent.iterdir()] == ["run.txt"]


def test_file_that_can_no_longer_be_written_after_the_run_is_told(
    first: Stage, tmp_path: Path
) -> None:
    """The folder goes away while the run works: here, as soon as a target is written."""
    folder = tmp_path / "gone"
    folder.mkdir()
    link = tmp_path / "link"
    link.symlink_to(folder)
    code = (
        "import os, sys; from aadsync_lib.engine.runner import Runner; from aadsync_lib.cli import main\n"
        "prune = Runner._prune\n"
        f"Runner._prune = lambda self: (os.rmdir({str(folder)!r}), prune(self))\n"
        "main(prog_name='aadsync')"
    )
    words = ["sync", "-c", str(first.settings_file), "--out", str(link / "run.txt")]
    done = run(first, [sys.executable, "-c", code, *words])
    assert done.returncode == 0, done.stderr
    assert "was not written" in done.stderr
    assert last_run(first) == "succeeded"


def command(
    stage: Stage, *words: str, stdout: Path | int = PIPE
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **Stage.environment_of(stage.box)}
    line = [*words, "-c", str(stage.settings_file)]
    if isinstance(stdout, Path):
        with stdout.open("w") as file:
            return aadsync(line, env=environment, stdout=file.fileno())
    return aadsync(line, env=environment, stdout=stdout)


def run(stage: Stage, line: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a process of its own, whose stdout has a buffer as it has for users."""
    environment = {**os.environ, **Stage.environment_of(stage.box)}
    environment.pop("PYTHONUNBUFFERED", None)
    return subprocess.run(
        line, env=environment, text=True, check=False, timeout=120, capture_output=True
    )
