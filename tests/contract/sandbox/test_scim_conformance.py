"""scim2-tester finds no deviation from SCIM but those that are Databricks' own."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from scim2_client import BaseSyncSCIMClient
from scim2_tester import Status, check_server

from tests.contract.sandbox.databricks_server import Account, Loopback

DOCS = Path(__file__).parents[3] / "docs" / "sandbox.md"
FINE = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}
BOTH = frozenset({"2.0", "2.1"})
NEWER = frozenset({"2.1"})
ALL = ("User", "Group", "ServicePrincipal")

NO_SEARCH = "Databricks documents no `POST .search`; listings are asked for with GET alone."
ERROR_SHAPE = "SCIM 2.1 answers errors as `error_code` and `message`, not as SCIM errors."
UNKNOWN_MEMBER = "An unknown member id is answered with success and nobody is added."
APPLICATION_ID = "`applicationId` is set or generated at creation; changes of it are ignored."
REMOVE = "`remove` is documented for members and roles; users keep their `externalId`."


@dataclass(frozen=True)
class Deviation:
    """What the tester reports, and Databricks' behaviour that is the reason."""

    check: str
    resource: str | None
    about: str
    why: str
    versions: frozenset[str] = BOTH

    def explains(self, result) -> bool:
        named = (result.title, result.resource_type) == (self.check, self.resource)
        return named and self.about in (result.reason or "")


DEVIATIONS = [
    Deviation("random_url", None, "404 without a SCIM error", ERROR_SHAPE, NEWER),
    *(Deviation("search_with_attributes", r, "", NO_SEARCH) for r in ALL),
    *(Deviation("object_deletion", r, "404 without", ERROR_SHAPE, NEWER) for r in ALL),
    Deviation("check_add_attribute", "Group", "'members'", UNKNOWN_MEMBER),
    Deviation("check_replace_attribute", "Group", "'members'", UNKNOWN_MEMBER),
    Deviation("check_add_attribute", "ServicePrincipal", "'applicationId'", APPLICATION_ID),
    *(
        Deviation("check_remove_attribute", resource, f"'{attribute}'", REMOVE)
        for resource, attributes in {
            "User": ("externalId", "displayName", "name", "active"),
            "ServicePrincipal": ("externalId", "displayName", "active"),
        }.items()
        for attribute in attributes
    ),
]


class HttpxEngine(BaseSyncSCIMClient):
    """The tester's client over the HTTP library that is installed."""

    def __init__(self, http) -> None:
        super().__init__()
        self.http = http

    def _stays_under_base_url(self, endpoint):
        return endpoint.startswith("/")

    def _parse_json(self, response):
        return response.json()

    def request(self, method, url, **kwargs):
        return self.http.request(method, url, **kwargs)


@pytest.fixture(scope="module")
def results():
    found = {}
    with Loopback().running() as loopback:
        for version in sorted(BOTH):
            account = Account(loopback)
            found[version] = check_server(HttpxEngine(account.http(version)))
            account.close()
    return found


@pytest.mark.parametrize("version", sorted(BOTH))
def test_every_deviation_is_listed_with_its_reason(results, version):
    listed = [d for d in DEVIATIONS if version in d.versions]
    unlisted = [
        (r.status.name, r.title, r.resource_type, r.reason)
        for r in results[version]
        if r.status not in FINE and not any(d.explains(r) for d in listed)
    ]
    assert unlisted == []


@pytest.mark.parametrize("version", sorted(BOTH))
def test_every_listed_deviation_still_occurs(results, version):
    deviating = [r for r in results[version] if r.status not in FINE]
    listed = [d for d in DEVIATIONS if version in d.versions]
    assert [d for d in listed if not any(d.explains(r) for r in deviating)] == []


@pytest.mark.parametrize("version", sorted(BOTH))
def test_the_tester_ran_its_checks_on_every_resource(results, version):
    assert {r.resource_type for r in results[version]} == {None, *ALL}
    assert sum(r.status in FINE for r in results[version]) > 70


def test_the_docs_give_every_reason():
    text = DOCS.read_text(encoding="utf-8")
    assert [d.why for d in DEVIATIONS if d.why not in text] == []
