"""Account SCIM is limited by class of request, as published."""

import pytest

from aadsync_lib.sandbox.limits import Limits, classify
from tests.contract.sandbox.databricks_server import Account, Clock, Loopback

BASE = "/api/2.0/accounts/acc/scim/v2"
WORKSPACE = "/api/2.0/preview/scim/v2"


@pytest.fixture(scope="module")
def loopback():
    with Loopback().running() as running:
        yield running


@pytest.fixture
def account(loopback):
    with_server = Account(loopback)
    yield with_server
    with_server.close()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", BASE + "/Users", "list"),
        ("GET", BASE.replace("2.0", "2.1") + "/Groups", "list"),
        ("GET", BASE + "/Groups/12", "get"),
        ("PATCH", BASE + "/ServicePrincipals/12", "patch"),
        ("POST", BASE + "/Users", "write"),
        ("PUT", BASE + "/Users/1", "write"),
        ("DELETE", BASE + "/Users/1", "write"),
        ("GET", "/api/2.0/account/scim/v2/Users", "list"),
        ("PATCH", "/api/2.0/account/scim/v2/Groups/12", "patch"),
        ("GET", WORKSPACE + "/Users", "workspace_get"),
        ("GET", WORKSPACE + "/Groups/12", "workspace_get"),
        ("PATCH", WORKSPACE + "/Groups/12", "workspace_patch"),
        ("POST", WORKSPACE + "/Users", "workspace_write"),
        ("PUT", WORKSPACE + "/Users/1", "workspace_write"),
        ("DELETE", WORKSPACE + "/ServicePrincipals/1", "workspace_write"),
        ("GET", "/api/2.0/accounts/acc/workspaces/1/permissionassignments", "assignment"),
        ("PUT", "/api/2.0/preview/permissionassignments/principals/1", "assignment"),
        ("GET", "/api/2.0/accounts/acc/workspaces", None),
        ("GET", WORKSPACE + "/Me", None),
        ("GET", BASE + "/Me", None),
        ("POST", "/oidc/accounts/acc/v1/token", None),
        ("GET", "/api/2.0/identity/accounts/acc/groups/1/direct-members", None),
        ("GET", "/_sandbox/log", None),
    ],
)
def test_requests_are_counted_in_the_published_classes(method, path, expected):
    assert classify(method, path) == expected


@pytest.mark.parametrize(
    ("method", "path", "burst", "per_second"),
    [
        ("GET", BASE + "/Users/1", 20, 20),
        ("GET", BASE + "/Users", 4, 4),
        ("PATCH", BASE + "/Users/1", 2, 2),
        ("POST", BASE + "/Users", 5, 5),
    ],
)
@pytest.mark.parametrize("speed", [1.0, 20.0])
def test_each_class_has_its_rate_and_a_burst_of_a_second(method, path, burst, per_second, speed):
    clock = Clock()
    limits = Limits(speed, clock=clock)

    def admitted(n):
        return sum(limits.admit(method, path) == 0 for _ in range(n))

    assert admitted(1000) == burst * speed
    clock.now += 0.5
    assert admitted(1000) == int(per_second * speed * 0.5)
    clock.now += 3600
    assert admitted(1000) == burst * speed
    assert limits.refusals == 3000 - 2 * burst * speed - int(per_second * speed * 0.5)


def test_slowed_down_limits_still_let_one_request_through():
    clock = Clock()
    limits = Limits(0.1, clock=clock)
    assert limits.admit("PATCH", BASE + "/Users/1") == 0
    assert limits.admit("PATCH", BASE + "/Users/1") == pytest.approx(5)
    clock.now += 5
    assert limits.admit("PATCH", BASE + "/Users/1") == 0


@pytest.mark.parametrize(
    ("method", "path", "per_minute"),
    [
        ("GET", WORKSPACE + "/Users", 255),
        ("PATCH", WORKSPACE + "/Users/1", 10),
        ("POST", WORKSPACE + "/Users", 35),
    ],
)
def test_a_workspace_has_rates_by_the_minute(method, path, per_minute):
    clock = Clock()
    limits = Limits(1.0, clock=clock)
    while limits.admit(method, path, "sales") == 0:
        pass
    admitted = 0
    for _ in range(600):
        clock.now += 0.1
        admitted += limits.admit(method, path, "sales") == 0
    assert admitted == pytest.approx(per_minute, abs=1)


def test_each_workspace_has_its_own_rates_and_the_account_one_for_all_places():
    limits = Limits(1.0, clock=Clock())
    assert limits.admit("PATCH", WORKSPACE + "/Users/1", "sales") == 0
    assert limits.admit("PATCH", WORKSPACE + "/Users/1", "sales") == pytest.approx(6)
    assert limits.admit("PATCH", WORKSPACE + "/Users/1", "hub") == 0
    for place in ("", "hub"):
        assert limits.admit("PATCH", "/api/2.0/account/scim/v2/Users/1", place) == 0
    assert limits.admit("PATCH", BASE + "/Users/1") > 0


def test_classes_do_not_use_up_each_other():
    limits = Limits(1.0, clock=Clock())
    while limits.admit("PATCH", BASE + "/Users/1") == 0:
        pass
    assert limits.admit("POST", BASE + "/Users") == 0
    assert limits.refused == {"patch": 1}


def test_no_speed_is_no_limit_and_can_be_changed():
    limits = Limits(clock=Clock())
    assert all(limits.admit("PATCH", BASE + "/Users/1") == 0 for _ in range(100))
    limits.speed = 1
    assert sum(limits.admit("PATCH", BASE + "/Users/1") == 0 for _ in range(100)) == 2
    limits.speed = None
    assert limits.admit("PATCH", BASE + "/Users/1") == 0


@pytest.mark.parametrize("speed", [0, -1])
def test_a_speed_must_be_positive(speed):
    with pytest.raises(ValueError, match="above 0"):
        Limits(speed)


@pytest.mark.parametrize("retry_after", [True, False])
def test_over_the_limit_is_429_with_or_without_retry_after(account, retry_after):
    account.limits.speed = 0.1
    account.limits.retry_after = retry_after
    http = account.http()
    assert http.delete("/Users/1").status_code == 404
    answer = http.delete("/Users/1")
    assert answer.status_code == 429
    assert answer.json()["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert answer.headers.get("Retry-After") == ("2" if retry_after else None)
    account.clock.now += 2
    assert http.delete("/Users/1").status_code == 404


def test_retry_after_is_a_second_at_least(account):
    account.limits.speed = 1
    http = account.http()
    answers = [http.patch("/Users/1", json={}) for _ in range(3)]
    assert [a.status_code for a in answers] == [404, 404, 429]
    assert answers[2].headers["Retry-After"] == "1"
