"""Where SCIM is: at the account, at a workspace, or at the account through a workspace."""

from __future__ import annotations

import pytest

from aadsync_lib.auth.hosts import host_of
from aadsync_lib.databricks.place import PROXY, account_place, workspace_place
from aadsync_lib.model.rates import ACCOUNT_RATES, WORKSPACE_RATES, Verb

ACCOUNT = "9c1d0000-0000-4000-8000-000000000001"
OWN = tuple(f"/api/{version}/accounts/{ACCOUNT}/scim/v2" for version in ("2.0", "2.1"))

HOSTS = [
    ("https://accounts.cloud.databricks.com", "account"),
    ("https://accounts.cloud.databricks.us", "account"),
    ("https://accounts-dod.cloud.databricks.mil", "account"),
    ("https://accounts.azuredatabricks.net", "account"),
    ("https://accounts.azuredatabricks.us", "account"),
    ("https://accounts.azuredatabricks.cn", "account"),
    ("https://accounts.gcp.databricks.com", "account"),
    ("https://Accounts.AzureDatabricks.net./", "account"),
    ("https://adb-1234567890.1.azuredatabricks.net", "workspace"),
    ("https://adb-1.2.databricks.azure.us", "workspace"),
    ("https://adb-1.2.databricks.azure.cn", "workspace"),
    ("https://adb-1.2.azuredatabricks.cn", "workspace"),
    ("https://dbc-1a2b.cloud.databricks.com", "workspace"),
    ("https://contoso.cloud.databricks.us", "workspace"),
    ("https://1234.5.gcp.databricks.com", "workspace"),
    ("https://accounts-emea.cloud.databricks.com", None),
    ("https://contoso.databricks.com", None),
    ("https://databricks.contoso.com", None),
    ("http://127.0.0.1:8080", None),
    ("https://azuredatabricks.net.example.com", None),
]


@pytest.mark.parametrize(("host", "place"), HOSTS)
def test_the_name_of_a_host_tells_what_it_is_or_nothing(host, place):
    assert host_of(host) == place


@pytest.mark.parametrize(
    ("place", "roots"), [("account", OWN), ("workspace", (PROXY,)), (None, (*OWN, PROXY))]
)
def test_only_where_the_name_does_not_tell_more_than_one_way_is_tried(place, roots):
    for host in (host for host, told in HOSTS if told == place):
        assert account_place(host, ACCOUNT).roots == roots


def test_the_account_has_its_limits_by_either_way_and_a_workspace_its_own():
    assert account_place("https://adb-1.7.azuredatabricks.net", ACCOUNT).rates == ACCOUNT_RATES
    rates = workspace_place().rates
    assert rates == WORKSPACE_RATES == {Verb.GET: 4.25, Verb.PATCH: 10 / 60, Verb.WRITE: 35 / 60}
