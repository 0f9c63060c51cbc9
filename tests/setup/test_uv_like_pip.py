"""``.ci/uv_like_pip.py``: uv looks where pip is told to look."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.setup import ROOT

SCRIPT = ROOT / ".ci" / "uv_like_pip.py"
CONFIGURATION = """
[global]
index-url = http://127.0.0.1:9/first/simple
extra-index-url =
    http://127.0.0.1:9/a/simple
    http://127.0.0.1:9/b/simple
trusted-host = global
[install]
trusted-host = install
find-links = {here} /not/there
"""


@pytest.fixture(autouse=True)
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    (tmp_path / "pip.conf").write_text(CONFIGURATION.format(here=tmp_path), encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))


def variables() -> dict[str, str]:
    script = runpy.run_path(str(SCRIPT))
    return script["variables"](script["pip_options"]())


def test_pips_configuration_is_told_to_uv(tmp_path: Path) -> None:
    told = variables()
    assert told["UV_INDEX_URL"] == "http://127.0.0.1:9/first/simple"
    assert told["UV_EXTRA_INDEX_URL"] == "http://127.0.0.1:9/a/simple http://127.0.0.1:9/b/simple"
    assert told["UV_INSECURE_HOST"] == "install"
    assert told["UV_FIND_LINKS"] == str(tmp_path)


def test_a_variable_of_pip_goes_before_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/variable/simple")
    assert variables()["UV_INDEX_URL"] == "http://127.0.0.1:9/variable/simple"


@pytest.mark.parametrize(
    ("own", "asked"),
    [({}, "/first/"), ({"UV_DEFAULT_INDEX": "http://127.0.0.1:9/own/simple"}, "/own/")],
)
def test_uv_asks_that_index_unless_it_is_told_its_own(own, asked, tmp_path: Path) -> None:
    command = [sys.executable, SCRIPT, "pip", "install", "--dry-run", "nothing-of-this-name==1"]
    pip = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/first/simple"}
    uv = {"UV_CACHE_DIR": str(tmp_path), "UV_HTTP_RETRIES": "0", **own}
    environment = {**os.environ, **pip, **uv}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"http://127.0.0.1:9{asked}" in done.stderr
