"""The log answers how many calls something took."""

import httpx
import pytest
from starlette.responses import PlainTextResponse

from aadsync_lib.sandbox.requestlog import RequestLog, RequestLogMiddleware
from tests.contract.sandbox.databricks_server import (
    CLIENT_ID,
    SIDE,
    Account,
    Clock,
    Loopback,
    patch_body,
)


@pytest.fixture(scope="module")
def loopback():
    with Loopback().running() as running:
        yield running


@pytest.fixture
def account(loopback):
    with_server = Account(loopback)
    yield with_server
    with_server.close()


def add(log, side, method, path, query="", status=200):
    log.add(side, method, path, query=query, status=status, seconds=0.0)


@pytest.fixture
def log():
    log = RequestLog()
    add(log, "graph", "GET", "/v1.0/users", "$top=999")
    add(log, "graph", "POST", "/v1.0/$batch")
    add(log, "entra", "POST", "/tenant/oauth2/v2.0/token")
    add(log, SIDE, "POST", "/oidc/accounts/a/v1/token")
    add(log, SIDE, "GET", "/.well-known/databricks-config")
    add(log, SIDE, "PATCH", "/api/2.0/accounts/a/scim/v2/Groups/1", status=500)
    add(log, SIDE, "GET", "/api/2.0/accounts/a/scim/v2/Groups", "startIndex=1&count=100")
    return log


def test_requests_are_counted_by_side_method_and_path(log):
    assert log.count() == 7
    assert log.count("graph") == 2
    assert log.count(SIDE, "get") == 2
    assert log.count(path=r"\$top=999") == 1
    assert log.count(SIDE, "GET", r"/Groups\?startIndex=1&") == 1


def test_tokens_and_discovery_can_be_left_out(log):
    assert log.count(auth=False) == 4
    assert [e.is_auth for e in log.entries].count(True) == 3


def test_writes_are_what_may_change_something_refused_or_not(log):
    assert [e.path[-8:] for e in log.writes()] == ["Groups/1"]
    assert log.writes("graph") == ()


def test_marks_divide_the_log_and_survive_clearing(log):
    mark = log.mark()
    assert log.since(mark) == ()
    log.clear()
    add(log, SIDE, "DELETE", "/api/2.0/accounts/a/scim/v2/Groups/1")
    assert [e.method for e in log.since(mark)] == ["DELETE"]
    assert log.count(after=mark) == len(log.writes(after=mark)) == 1
    assert log.count(after=log.mark()) == 0


def test_entries_hold_what_was_asked_and_answered(account):
    http = account.http()
    http.get("/Groups", params={"filter": 'displayName eq "a b"'})
    http.patch("/Groups/1", json=patch_body())
    listing, patch = account.log.entries
    assert (listing.side, listing.method, listing.status) == (SIDE, "GET", 200)
    assert listing.path.endswith("/scim/v2/Groups")
    assert listing.query == 'filter=displayName eq "a b"'
    assert (patch.seq, patch.method, patch.status) == (2, "PATCH", 404)
    assert patch.is_write
    assert not listing.is_write


def test_a_whole_sdk_session_counts_its_api_calls_apart_from_its_tokens(account):
    sdk = account.sdk(client_id=CLIENT_ID, client_secret="s3cret/+ :")
    assert list(sdk.users_v2.list()) == []
    assert account.log.count(SIDE, auth=False) == 1
    assert account.log.writes() == ()


def test_the_time_is_taken_from_the_clock_given(loopback):
    clock = Clock()
    log = RequestLog(clock)

    async def app(scope, receive, send):
        clock.now += 2.5
        await PlainTextResponse("fine")(scope, receive, send)

    loopback.app = RequestLogMiddleware(app, log, SIDE)
    httpx.get(loopback.url)
    assert [e.seconds for e in log.entries] == [2.5]


def test_control_requests_are_not_logged(loopback):
    log = RequestLog()
    loopback.app = RequestLogMiddleware(PlainTextResponse("fine"), log, SIDE)
    httpx.get(loopback.url + "/_sandbox/log")
    assert log.entries == ()
