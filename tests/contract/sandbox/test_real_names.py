"""Graph and the account by their real names over TLS, for clients that know no other."""

import pytest
import requests
from databricks.sdk import AccountClient
from databricks.sdk.core import Config

from aadsync_lib.sandbox import Sandbox
from aadsync_lib.sandbox.names import ACCOUNTS
from tests.contract.sandbox.contoso import ADA, small_world


@pytest.fixture(scope="module")
def running():
    with Sandbox(small_world(), real_names=True) as box:
        yield box


@pytest.fixture
def box(running, monkeypatch):
    running.reset(small_world())
    for name, value in running.names_environment.items():
        monkeypatch.setenv(name, value)
    return running


def test_graph_says_its_own_name(box):
    headers = {"Authorization": f"Bearer {box.graph_token}"}
    answer = requests.get(
        f"https://graph.microsoft.com/v1.0/users/{ADA}", headers=headers, timeout=10
    )
    assert answer.json()["id"] == ADA
    assert answer.json()["@odata.context"].startswith("https://graph.microsoft.com/v1.0/")
    assert box.log.count("graph") == 1


@pytest.mark.parametrize("host", ACCOUNTS)
def test_the_sdk_finds_the_account_in_every_cloud(box, host):
    login = {"client_id": box.client_id, "client_secret": box.client_secret}
    config = Config(host=f"https://{host}", account_id=box.account_id, **login)
    (sync,) = AccountClient(config=config).service_principals_v2.list()
    assert sync.application_id == box.client_id


def test_other_names_lead_nowhere(box):
    with pytest.raises(requests.exceptions.ProxyError):
        requests.get("https://graph.microsoft.us/v1.0/users", timeout=10)


def test_without_it_there_is_no_proxy():
    with Sandbox(small_world()) as box:
        assert not hasattr(box, "names_environment")
