"""The walkthroughs in docs/ are true: their commands run here, one after the other, and print what they show."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox import command as sandbox_command
from aadsync_lib.sandbox.settings import write_settings

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("walkthrough", "several-targets", "connector")
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC).timestamp()
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday")
HEADING = re.compile(rf"^## ({'|'.join(DAYS)})$", re.MULTILINE)

# Later commands of the page may need what a run has named.
FOLDER = r"/(?:tmp|dev/shm)/contoso-\w+/"  # of a sandbox
NAMED = re.compile(
    rf"sha256:[0-9a-f]{{64}}|127\.0\.0\.1:\d+|\b\d{{8}}T\d{{6}}Z-[0-9a-f]{{6}}\b|{FOLDER}"
)
VARYING = {  # another one in each run
    "digest": r"sha256:[0-9a-f]{64}",
    "address": r"127\.0\.0\.1:\d+",
    "id": r"\b40000000000\d\d\b",
    "folder": FOLDER,
    "cost": r"\d+ to Databricks, \d+\.\d s",
}
PIECES = {
    **VARYING,
    "run": r"\d{8}T\d{6}Z\s*-\s*(?:[0-9a-f]\s*){5}[0-9a-f]",  # a narrow column breaks it anywhere
    "shortened": r"^…\n",
    "rest": r".",
}
PIECE = re.compile(
    "|".join(f"(?P<{name}>{pattern})" for name, pattern in PIECES.items()), re.MULTILINE | re.DOTALL
)


def matched(printed: str, shown: str) -> dict[str, str] | None:
    """Return what is called what on the page, or nothing when it shows anything else."""
    found = re.fullmatch("".join(map(_piece, PIECE.finditer(shown))), printed)
    if found is None:
        return None
    theirs = (
        piece[0] for piece in PIECE.finditer(shown) if piece.lastgroup not in ("rest", "shortened")
    )
    return dict(zip(theirs, found.groups(), strict=True))


def _piece(piece: re.Match[str]) -> str:
    match piece.lastgroup:
        case "rest":
            return re.escape(piece[0])
        case "run":
            day, end = piece[0].split("-")
            return f"({re.escape(day)}-{re.sub('[0-9a-f]', '[0-9a-f]', end)})"
        case "shortened":
            return r"(?:.*\n)*?"
        case name:
            return f"({VARYING[str(name)]})"


@dataclass
class Reader:
    """Does what the page says, in a folder of their own, and at the times of the page."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    now: float = MONDAY
    exit_code: int = 0
    sandbox: Sandbox | None = None
    named: dict[str, str] = field(default_factory=dict)  # by what the page calls it

    def wakes_on(self, day: str) -> None:
        """Begin a day of the page at nine, unless it is that day already."""
        self.now = max(self.now, MONDAY + DAYS.index(day) * 86_400)

    def does(self, command: str, shown: str) -> str:
        """Run a command and return what it printed, in the words of the page where it has them."""
        mine = NAMED.sub(lambda found: self.named.get(found[0], found[0]), command)
        printed = self._run(mine)
        named = matched(printed, shown)
        if named is None:
            named = dict(zip(NAMED.findall(shown), NAMED.findall(printed), strict=False))
        self.named = {**named, **self.named}
        self.now += 60
        ours = {mine: theirs for theirs, mine in self.named.items()}
        return NAMED.sub(lambda found: ours.get(found[0], found[0]), printed)

    def _run(self, command: str) -> str:
        words = shlex.split(command)
        match words:
            case ["aadsync", "sandbox", "--world", world, *more]:
                self.sandbox = Sandbox(World.load(self.folder / world)).start()
                self.sandbox.world.entra.clock = lambda: datetime.fromtimestamp(self.now, UTC)
                written = write_settings(self.sandbox, Path()) if "--init" in more else None
                return sandbox_command._text(self.sandbox, written) + "\n"
            case ["export", *pairs]:
                for pair in pairs:
                    self.monkeypatch.setenv(*pair.split("=", 1))
                return ""
            case ["echo", "$?"]:
                return f"{self.exit_code}\n"
            case ["aadsync", *_]:
                return self._aadsync(words[1:])
        return self._shell(command)

    def _aadsync(self, words: list[str]) -> str:
        silent = words[-2:] == [">", "/dev/null"]
        result = CliRunner().invoke(main, words[:-2] if silent else words, prog_name="aadsync")
        self.exit_code = result.exit_code
        return result.stderr if silent else result.output

    def _shell(self, command: str) -> str:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        self.exit_code = done.returncode
        return done.stdout


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGNAME", "ops")
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop")
    monkeypatch.setattr("aadsync_lib.cli.sync.one_stream", lambda: True)  # as on a terminal
    reader = Reader(tmp_path, monkeypatch)
    monkeypatch.setattr(time, "time", lambda: reader.now)
    yield reader
    if reader.sandbox is not None:
        reader.sandbox.stop()


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_a_walkthrough_prints_what_the_page_shows(
    reader: Reader, name: str
) -> None:
    path = DOCS / f"{name}.md"
    for kind in ("json", "py", "yml"):
        for needed in DOCS.glob(f"{name}.{kind}"):
            shutil.copy(needed, reader.folder)
    page = path.read_text(encoding="utf-8")
    wrong: list[str] = []

    def told(block: re.Match[str]) -> str:
        reader.wakes_on(["Monday", *HEADING.findall(page, 0, block.start())][-1])
        first, *parts = re.split(r"^\$ (.*)\n", block[0], flags=re.MULTILINE)
        assert not first, f"A block begins with a command: {block[0]}"
        written = ""
        for command, shown in zip(parts[::2], parts[1::2], strict=True):
            printed = reader.does(command, shown)
            good = matched(printed, shown) is not None
            written += f"$ {command}\n{shown if good else printed}"
            wrong.extend([] if good else [f"$ {command}\n{printed}"])
        return written

    renewed = BLOCK.sub(told, page)
    assert reader.sandbox is not None, "the page starts a sandbox"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(renewed, encoding="utf-8")
    else:
        assert not wrong, "Printed, and not what the page shows:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a\nb\nc\n", "a\n…\nc\n"),
        ("a\n", "a\n…\n"),
        ("run 20261116T090100Z-772717\n", "run 20261116T090100Z-0a1b2c\n"),
    ],
)
def test_an_ellipsis_and_what_differs_from_run_to_run_are_no_difference(
    printed: str, shown: str
) -> None:
    assert matched(printed, shown) is not None


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("a\nb\nc\n", "a\nc\n"),
        ("a\nb\n", "a\n…\nc\n"),
        ("members +2\n", "members +1\n"),
        ("20261117T090100Z-772717\n", "20261116T090100Z-772717\n"),
    ],
)
def test_any_other_difference_is_one(printed: str, shown: str) -> None:
    assert matched(printed, shown) is None


@pytest.mark.parametrize("name", ["several-targets", "connector"])
def test_the_settings_on_a_page_are_those_of_its_file(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    settings = (DOCS / f"{name}.yml").read_text(encoding="utf-8")
    assert f"```yaml\n{settings}```" in page
