"""A clone of the repository to deploy from, and a sandbox to deploy it to."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aadsync_lib.sandbox import Sandbox, company
from tests.cli_tool import DatabricksCli, find_program
from tests.unit.bundle.files import ROOT
from tests.workspace.bundle.deployed import Bundle
from tests.workspace_lab import Workspace

PEOPLE, SEED = 30, 3
RUNNER = "11111111-1111-4111-8111-111111111111"
CONFIG = "${workspace.file_path}/aadsync.yml"
PROD = {"run_as_sp": RUNNER, "notify_email": "identity@contoso.com", "config": CONFIG}
LISTED = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


@pytest.fixture(scope="module")
def hub() -> Iterator[Sandbox]:
    with Sandbox(company(PEOPLE, SEED), workspace=Workspace) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, hub: Sandbox) -> Callable[..., Bundle]:
    """Make clones with the CLI signed in to the sandbox; each may include optional files."""
    program = find_program()

    def make(*options: str) -> Bundle:
        folder, private = (tmp_path_factory.mktemp(name) for name in ("clone", "private"))
        _copy(folder)
        given = {f"BUNDLE_VAR_{name}": value for name, value in PROD.items()}
        cli = DatabricksCli(program, folder, private, given)
        bundle = Bundle(cli.at(hub.databricks_url, hub.databricks_token), hub)
        for option in options:
            bundle.include(option)
        return bundle

    return make


def _copy(folder: Path) -> None:
    listed = subprocess.run(LISTED, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # one that was deleted is still listed until it is committed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
