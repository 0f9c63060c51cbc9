"""The part of a lock that a notebook installs: what is not there, and what is too old."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from stat import S_IMODE

import pytest

from aadsync_lib.packages import installed, missing, unmet

ONE = "one==1.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n"
TWO = "two-parts[fast]==2.0 ; python_full_version < '3.12' \\\n    --hash=sha256:bb\n"
RANGES = "#: one>=1,<2\n#: Two_Parts>=1.5\n"
LOCK = f"# A lock.\n{RANGES}{ONE}    # via app\n{TWO}    # via\n    #   app\n    #   one\n"


def needed(**there: str) -> list[str]:
    has = {name.replace("_", "-"): version for name, version in there.items()}
    return list(unmet(LOCK, has.get))


def test_where_nothing_is_there_every_entry_is_needed_with_its_hashes() -> None:
    assert needed() == [ONE, TWO]


@pytest.mark.parametrize("there", ["1", "1.2", "1.9", "1.5rc1"])
def test_what_is_there_in_its_range_stays_whatever_the_lock_names(there: str) -> None:
    assert needed(one=there) == [TWO]


@pytest.mark.parametrize("there", ["0.9", "2", "1rc1"])
def test_what_is_there_out_of_its_range_is_needed(there: str) -> None:
    assert needed(one=there, two_parts="2") == [ONE]


def test_a_name_is_the_same_however_it_is_spelt() -> None:
    assert needed(one="1", two_parts="1.4") == [TWO]
    assert needed(one="1", two_parts="1.5") == []


def test_what_has_no_range_of_its_own_stays_in_any_version() -> None:
    assert list(unmet(LOCK.replace(RANGES, ""), {"one": "0.1"}.get)) == [TWO]


@pytest.fixture(autouse=True)
def environment_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("packages", "")


def test_the_file_is_new_and_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text(LOCK)
    first, second = (
        Path(missing(str(tmp_path / "lock.txt"))),
        Path(missing(str(tmp_path / "lock.txt"))),
    )
    assert first != second
    assert os.environ["packages"] == str(second)  # noqa: SIM112 -- the notebook names it so
    assert first.read_text() == ONE + TWO
    assert S_IMODE(first.stat().st_mode) == 0o600
    first.unlink()
    second.unlink()


def test_without_a_lock_nothing_is_missing(tmp_path: Path) -> None:
    file = Path(missing(str(tmp_path / "lock.txt")))
    assert [line for line in file.read_text().splitlines() if not line.startswith("#")] == []
    file.unlink()


def test_versions_are_those_of_this_python() -> None:
    assert installed("pytest") == pytest.__version__
    assert installed("not-a-package-of-anybody") is None


def test_nothing_is_imported_that_a_runtime_could_lack() -> None:
    """Nor anything that an installation could replace under the notebook's feet."""
    code = (
        "import sys; from aadsync_lib import packages; "
        "print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {name for name in done.stdout.split() if not name.startswith(("__", "_"))}
    assert loaded == {"aadsync_lib", "packaging"}
