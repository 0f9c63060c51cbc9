import pytest

from aadsync_lib.sandbox import Sandbox, company
from tests.workspace.notebook.stage import PEOPLE, SEED, Stage
from tests.workspace_lab import Workspace


@pytest.fixture(scope="module")
def box():
    with Sandbox(company(PEOPLE, SEED), workspace=Workspace) as sandbox:
        yield sandbox


@pytest.fixture
def stage(box, tmp_path):
    """A fresh company, a secret scope that holds its logins, and a folder for reports and memory."""
    box.reset(company(PEOPLE, SEED))
    stage = Stage(box, tmp_path)
    stage.put_secrets()
    return stage
