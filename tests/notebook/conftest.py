import pytest

from aadsync_lib.sandbox import Sandbox, company
from tests.notebook.stage import PEOPLE, SEED, Stage


@pytest.fixture(scope="module")
def box():
    with Sandbox(company(PEOPLE, SEED)) as sandbox:
        yield sandbox


@pytest.fixture
def stage(box, tmp_path):
    """A fresh company, a secret scope that holds its logins, and a folder for reports and memory."""
    box.reset(company(PEOPLE, SEED))
    stage = Stage(box, tmp_path)
    stage.put_secrets()
    return stage
