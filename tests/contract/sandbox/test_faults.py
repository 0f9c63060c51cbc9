"""Faults hit exactly the requests they are meant for, and break what they say on the wire."""

import asyncio
import json
import threading
import time

import httpx
import pytest
import requests
from databricks.sdk.errors import ResourceConflict
from starlette.responses import PlainTextResponse

from aadsync_lib.sandbox.fault_middleware import FaultMiddleware
from aadsync_lib.sandbox.faults import Fault, Faults
from tests.contract.sandbox.databricks_server import SIDE, Account, Loopback


@pytest.fixture(scope="module")
def loopback():
    with Loopback().running() as running:
        yield running


@pytest.fixture
def account(loopback, caplog):
    with_server = Account(loopback)
    yield with_server
    with_server.close()
    assert [r for r in caplog.records if r.name.startswith("uvicorn")] == []


@pytest.fixture
def http(account):
    return account.http()


def fired(faults, n, side=SIDE, method="GET", target="/Users"):
    return [faults.next(side, method, target) is not None for _ in range(n)]


@pytest.mark.parametrize("k", [0, 1, 4])
def test_a_fault_with_skip_k_hits_the_request_of_that_index_only(k):
    faults = Faults()
    faults.add(Fault("500", skip=k))
    assert fired(faults, 6) == [i == k for i in range(6)]


def test_a_fault_counts_only_requests_of_its_side_method_and_path():
    faults = Faults()
    faults.add(Fault("500", side=SIDE, method="patch", path=r"/Groups/\d+\?x=1", skip=1))
    assert faults.next("graph", "PATCH", "/Groups/1?x=1") is None
    assert faults.next(SIDE, "GET", "/Groups/1?x=1") is None
    assert faults.next(SIDE, "PATCH", "/Groups/1") is None
    assert faults.next(SIDE, "PATCH", "/Groups/1?x=1") is None
    assert faults.next(SIDE, "PATCH", "/Groups/2?x=1") is not None


def test_a_fault_without_count_fires_for_ever_and_others_so_often():
    faults = Faults()
    for_ever = faults.add(Fault("500", count=None))
    assert all(fired(faults, 5))
    assert faults.remove(for_ever)
    assert not faults.remove(for_ever)
    faults.add(Fault("500", count=2))
    assert fired(faults, 4) == [True, True, False, False]


def test_every_fault_counts_every_request_and_the_first_due_fires():
    faults = Faults()
    first = faults.add(Fault("500", skip=1))
    second = faults.add(Fault("503", skip=1, count=2))
    kinds = [f and f.kind for f in (faults.next(SIDE, "GET", "/") for _ in range(4))]
    assert kinds == [None, "500", "503", "503"]
    assert (faults.fired, faults.fired_by(first), faults.fired_by(second)) == (3, 1, 2)
    assert faults.fired_by_kind == {"500": 1, "503": 2}
    assert [f.kind for f in faults.list().values()] == ["500", "503"]
    faults.clear()
    assert (faults.list(), faults.fired) == ({}, 0)


def test_probability_repeats_with_the_seed():
    def pattern(seed):
        faults = Faults(seed)
        faults.add(Fault("500", count=None, probability=0.5))
        return fired(faults, 50)

    assert pattern(1) == pattern(1)
    assert pattern(1) != pattern(2)
    assert 10 < sum(pattern(1)) < 40
    faults = Faults(5)
    faults.seed(1)
    faults.add(Fault("500", count=None, probability=0.5))
    assert fired(faults, 50) == pattern(1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "501"}, "unknown fault '501'"),
        ({"kind": "500", "side": "moon"}, "unknown side 'moon'"),
        ({"kind": "500", "path": "("}, "no regular expression"),
        ({"kind": "500", "probability": 2}, "within 0 and 1"),
        ({"kind": "500", "often": 2}, "unknown fields of a fault: often"),
        ({}, "needs a kind"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_the_reason(wrong, message):
    with pytest.raises(ValueError, match=message):
        Fault.from_json(wrong)


def test_a_fault_survives_json():
    fault = Fault("429", side="graph", retry_after="7", count=None, body={"error": "x"})
    assert Fault.from_json(json.loads(json.dumps(fault.to_json()))) == fault


STATUSES = ["400", "401", "403", "404", "409", "410", "412", "413", "429", "500", "502", "503"]


@pytest.mark.parametrize("kind", [*STATUSES, "504"])
def test_status_faults_answer_instead_of_handling_the_request(account, http, kind):
    account.faults.add(Fault(kind, method="POST"))
    answer = http.post("/Users", json={"userName": "ada@contoso.com"})
    assert answer.status_code == int(kind)
    assert answer.json().keys() == {"error_code", "message"}
    assert "Retry-After" not in answer.headers
    assert account.state.snapshot()["users"] == {}
    assert http.post("/Users", json={"userName": "ada@contoso.com"}).status_code == 201


@pytest.mark.parametrize("kind", [*STATUSES, "504"])
@pytest.mark.parametrize(
    ("side", "keys"), [("graph", {"error"}), ("entra", {"error", "error_description"})]
)
def test_bodies_are_shaped_for_the_side(loopback, kind, side, keys):
    faults = Faults()
    faults.add(Fault(kind))
    loopback.app = FaultMiddleware(PlainTextResponse("fine"), faults, side)
    answer = httpx.get(loopback.url)
    assert answer.status_code == int(kind)
    assert answer.json().keys() == keys
    if side == "graph":
        assert answer.json()["error"].keys() == {"code", "message"}


@pytest.mark.parametrize("retry_after", ["7", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_retry_after_and_the_body_are_sent_as_given(account, http, retry_after):
    account.faults.add(Fault("429", retry_after=retry_after, body={"error_code": "MINE"}))
    answer = http.get("/Users")
    assert answer.headers["Retry-After"] == retry_after
    assert answer.json() == {"error_code": "MINE"}


def test_a_page_in_the_middle_fails_by_its_query(account, http):
    account.faults.add(Fault("503", path=r"startIndex=101\b"))
    statuses = [
        http.get("/Users", params={"startIndex": i, "count": 100}).status_code
        for i in (1, 101, 201, 101)
    ]
    assert statuses == [200, 503, 200, 200]


def test_paths_are_matched_after_decoding(account, http):
    account.faults.add(Fault("500", path='filter=displayName eq "a b"'))
    assert http.get("/Groups", params={"filter": 'displayName eq "a b"'}).status_code == 500


BROKEN = [
    ("reset", 0, (httpx.ReadError, httpx.RemoteProtocolError)),
    ("lost", 1, httpx.RemoteProtocolError),
]


@pytest.mark.parametrize(("kind", "made", "error"), BROKEN)
def test_a_broken_connection_is_seen_by_httpx(account, http, kind, made, error):
    assert http.get("/Users").status_code == 200
    account.faults.add(Fault(kind, method="POST"))
    with pytest.raises(error):
        http.post("/Users", json={"userName": "ada@contoso.com"})
    assert len(account.state.users) == made
    assert http.get("/Users").json()["totalResults"] == made


@pytest.mark.parametrize(("kind", "made", "_"), BROKEN)
def test_a_broken_connection_is_seen_by_requests(account, http, kind, made, _):
    account.faults.add(Fault(kind, method="POST"))
    with requests.Session() as session:
        session.headers["Authorization"] = http.headers["Authorization"]
        url = str(http.base_url)
        assert session.get(url + "Users", timeout=5).status_code == 200
        with pytest.raises(requests.ConnectionError):
            session.post(url + "Users", json={"userName": "ada@contoso.com"}, timeout=5)
        assert session.get(url + "Users", timeout=5).json()["totalResults"] == made


@pytest.mark.parametrize(("kind", "_made", "error"), BROKEN)
@pytest.mark.parametrize("size", [0, 100_000, 2_000_000])
def test_connections_break_whatever_the_size_of_the_request(
    account, http, kind, _made, error, size
):
    account.faults.add(Fault(kind))
    errors = (error, httpx.WriteError) if isinstance(error, type) else (*error, httpx.WriteError)
    with pytest.raises(errors):
        http.post("/Users", json={"userName": "ada@contoso.com", "title": "x" * size})


def test_broken_connections_are_logged_without_a_status(account, http):
    account.faults.add(Fault("reset"))
    with pytest.raises(httpx.TransportError):
        http.get("/Users")
    assert [e.status for e in account.log.entries] == [0]


def test_the_sdk_repeats_a_lost_create_and_reports_a_conflict(account, monkeypatch):
    monkeypatch.setattr("databricks.sdk.clock.RealClock.sleep", lambda *_: None)
    account.faults.add(Fault("lost", method="POST"))
    with pytest.raises(ResourceConflict):
        account.sdk().users_v2.create(user_name="ada@contoso.com")
    assert account.log.count(SIDE, "POST") == 2
    assert len(account.state.users) == 1


def test_a_slow_request_is_handled_late(account, http):
    account.faults.add(Fault("slow", seconds=0.05))
    started = time.monotonic()
    assert http.get("/Users").status_code == 200
    assert time.monotonic() - started >= 0.05


def test_a_slow_request_does_not_hold_up_others(account, http):
    account.faults.add(Fault("slow", seconds=1.0, method="DELETE"))
    slow = threading.Thread(target=_until_timeout, args=(account.http(), 0.8))
    slow.start()
    assert http.get("/Users").status_code == 200
    assert slow.is_alive()
    slow.join()


def _until_timeout(http, seconds):
    with pytest.raises(httpx.ReadTimeout):
        http.delete("/Users/1", timeout=seconds)


def test_a_timeout_gives_no_answer_and_ends_with_the_client(account, http):
    account.faults.add(Fault("timeout", method="POST", seconds=60))
    with pytest.raises(httpx.ReadTimeout):
        http.post("/Users", json={"userName": "ada@contoso.com"}, timeout=0.05)
    assert len(account.state.users) == 0
    assert http.get("/Users").status_code == 200


def test_a_timeout_ends_in_a_hang_up_for_patient_clients(account, http):
    account.faults.add(Fault("timeout", seconds=0.02))
    with pytest.raises(httpx.RemoteProtocolError):
        http.get("/Users")


def test_a_truncated_answer_is_whole_http_and_half_its_json(account, http):
    account.state.add_user("ada@contoso.com")
    whole = http.get("/Users").text
    account.faults.add(Fault("truncated"))
    answer = http.get("/Users")
    assert answer.status_code == 200
    assert answer.text == whole[: len(whole) // 2]
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


def test_a_truncated_answer_without_a_body_stays_as_it_is(account, http):
    ada = account.state.add_user("ada@contoso.com")
    account.faults.add(Fault("truncated"))
    answer = http.delete(f"/Users/{ada.id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert http.get("/Users").status_code == 200


def test_a_stale_fault_reads_the_past(account, http):
    made = http.post("/Groups", json={"displayName": "New"}).json()
    account.faults.add(Fault("stale", method="GET", count=2))
    assert http.get(f"/Groups/{made['id']}").status_code == 404
    assert http.get("/Groups").json()["totalResults"] == 1
    assert http.get("/Groups").json()["totalResults"] == 2


def test_the_control_paths_are_never_hit(loopback):
    faults = Faults()
    faults.add(Fault("500", count=None))
    loopback.app = FaultMiddleware(PlainTextResponse("fine"), faults, SIDE)
    assert httpx.get(loopback.url + "/_sandbox/faults").status_code == 200
    assert faults.fired == 0
    assert httpx.get(loopback.url + "/other").status_code == 500


def test_without_a_connection_to_break_the_error_is_raised():
    faults = Faults()
    faults.add(Fault("lost"))
    app = FaultMiddleware(PlainTextResponse("fine"), faults, SIDE)

    async def ask():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://contoso") as client:
            await client.get("/")

    with pytest.raises(ConnectionResetError):
        asyncio.run(ask())


def test_every_request_index_can_be_made_to_fail(account, http):
    for k in range(5):
        account.faults.clear()
        account.faults.add(Fault("500", side=SIDE, skip=k))
        statuses = [http.get("/Users").status_code for _ in range(5)]
        assert statuses == [500 if i == k else 200 for i in range(5)]
