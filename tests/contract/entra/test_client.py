"""How Graph is asked: batches, retries, one pause, one host."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError

from aadsync_lib.entra.source import EntraSource
from aadsync_lib.errors import CredentialError, SourceError
from aadsync_lib.graph.client import Pause, backoff
from aadsync_lib.graph.loop import run_apart
from aadsync_lib.responses import retry_after
from aadsync_lib.sandbox import Fault, Sandbox, World
from tests.clock import START, FakeClock
from tests.contract.entra.conftest import StaticCredential, scope_of
from tests.contract.entra.meddling import count, edit_answers

BROKEN = ["429", "500", "502", "503", "504", "reset", "lost", "truncated", "timeout"]


@pytest.fixture
def world(entra):
    users = [entra.add_user(f"u{n}@contoso.com") for n in range(2)]
    bot = entra.add_service_principal("bot", "app-1")
    return entra.add_group("Data", members=[*users, bot])


@pytest.mark.parametrize("kind", BROKEN)
def test_a_fault_of_any_one_request_changes_nothing(box, source, clock, world, kind):
    clean = source("Data").read()
    assert clean.complete
    every = count(box, ".")
    source("Data").read()
    for skip in range(every()):
        box.faults.clear()
        box.faults.add(Fault(kind, side="graph", skip=skip, seconds=0))
        assert source("Data").read() == clean
        assert box.faults.fired == 1
    assert clock.slept > 0


@pytest.mark.parametrize("kind", BROKEN)
def test_what_never_works_is_given_up_after_a_bounded_wait(box, source, clock, world, kind):
    box.faults.add(Fault(kind, side="graph", path="members", count=None, seconds=0))
    snapshot = source("Data").read()
    assert "it was tried several times" in snapshot.groups[world].unread
    assert clock.slept < 400


@pytest.mark.parametrize("kind", ["500", "reset", "truncated"])
def test_a_batch_that_never_works_leaves_its_groups_unread(box, source, world, kind):
    box.faults.add(Fault(kind, side="graph", path="batch", count=None))
    assert "several times" in source("Data").read().groups[world].unread


@pytest.mark.parametrize("kind", ["400", "404", "413"])
def test_where_no_batch_is_taken_each_request_goes_by_itself(box, source, world, kind):
    clean = source("Data").read()
    box.faults.add(Fault(kind, side="graph", path="batch", count=None))
    assert source("Data").read() == clean


def test_an_answer_that_is_missing_in_a_batch_is_asked_for_again(box, source, world):
    edit_answers(box, '"id":"1"', '"id":"x"', times=1)
    assert source("Data").read().complete


@pytest.mark.parametrize("piece", ['"responses":[', '"responses":[],"x":['])
def test_a_batch_answer_of_another_shape_is_no_answer(box, source, world, piece):
    edit_answers(box, '"responses":[', piece)
    edit_answers(box, '"status":200', '"status":"fine"')
    assert "no usable answer" in source("Data").read().groups[world].unread


def test_nothing_reachable_is_an_error_that_says_so(clock):
    with Sandbox(World()) as gone:
        url = gone.graph_url
    reader = EntraSource(scope_of(["Data"]), StaticCredential("t"), endpoint=url, clock=clock)
    with pytest.raises(SourceError, match="ConnectError"):
        reader.read()


class TestRetryAfter:
    @pytest.mark.parametrize("header", ["7", "6.5", "Sun, 15 Jun 2025 15:07:10 GMT"])
    @pytest.mark.parametrize("status", ["429", "503"])
    def test_it_is_waited_for_exactly(self, box, source, clock, world, header, status):
        box.faults.add(Fault(status, path="displayName", retry_after=header))
        assert source("Data").read().complete
        assert clock.sleeps == pytest.approx([retry_after(header, START)])

    def test_within_a_batch_the_longest_counts(self, box, source, clock, world):
        for seconds, path in (("3", r"members\?"), ("9", "servicePrincipal"), ("5", "x")):
            box.faults.add(Fault("429", path=f"groups/.*{path}", retry_after=seconds))
        assert source("Data").read().complete
        assert clock.sleeps == pytest.approx([9.0])

    def test_a_wait_of_hours_is_not_waited_for(self, box, source, clock, world):
        box.faults.add(Fault("429", path="members", retry_after="7200", count=None))
        assert "429" in source("Data").read().groups[world].unread
        assert clock.slept == 0

    def test_without_it_waits_double_up_to_a_bound(self):
        waits = [backoff(tries) for tries in range(1, 12)]
        assert 0.5 <= waits[0] <= 0.75
        assert 1.0 <= waits[1] <= 1.5
        assert all(30 <= wait <= 45 for wait in waits[6:])


class GatedClock(FakeClock):
    """Holds the first sleeper until so many requests have been answered."""

    def __init__(self, box: Sandbox, answered: int) -> None:
        super().__init__()
        self.box = box
        self.answered = answered
        self.sent: list[int] = []

    def sleep(self, seconds: float) -> None:
        while self.box.log.count("graph") < self.answered:
            super().sleep(0)
        self.sent.append(self.box.log.count("graph"))
        super().sleep(seconds)


def test_a_pause_holds_back_every_request(box, entra):
    for number in range(60):
        entra.add_group(f"dbx-{number}")
    clock = GatedClock(box, 1 + 6)
    box.faults.add(Fault("429", path="batch", retry_after="7", count=6))
    reader = EntraSource(
        scope_of([{"prefix": "dbx-"}]),
        StaticCredential(box.graph_token),
        endpoint=box.graph_url,
        clock=clock,
    )
    assert reader.read().complete
    assert clock.sent[0] == 1 + 6
    assert reader.requests == 1 + 6 + 6


def test_everybody_waits_for_one_sleeper_and_the_longest_wish(clock):
    async def work():
        pause = Pause(clock)
        for seconds in (3.0, 7.0, 5.0):
            pause.extend(seconds)
        await asyncio.gather(*(pause.over() for _ in range(8)))

    run_apart(work)
    assert clock.sleeps == (7.0,)


class TestHosts:
    @pytest.fixture(autouse=True)
    def small_pages(self, monkeypatch):
        monkeypatch.setattr("aadsync_lib.entra.directory.PAGE", 1)

    @pytest.mark.parametrize(
        "other",
        [
            "{databricks}/v1.0",
            "https://graph.evil.example/v1.0",
            "{graph}.evil.example/v1.0",
            "http://token@{host}/v1.0",
            "{other_scheme}/v1.0",
            "//{host}/v1.0",
            "/v1.0",
            "v1.0",
        ],
    )
    def test_a_next_link_to_another_place_is_an_error_and_gets_no_token(
        self, box, entra, source, world, other
    ):
        graph = box.graph_url.removesuffix("/v1.0")
        url = other.format(
            databricks=box.databricks_url,
            graph=graph,
            host=graph.removeprefix("http://"),
            other_scheme=graph.replace("http:", "https:"),
        )
        edit_answers(box, f'"@odata.nextLink":"{box.graph_url}', f'"@odata.nextLink":"{url}')
        reader = source("Data")
        with pytest.raises(SourceError, match="another address") as caught:
            reader.read()
        assert "token=" not in str(caught.value)
        assert box.log.count("databricks") == 0
        assert reader.requests == 2

    def test_a_next_link_outside_of_the_version_is_followed_by_itself(self, box, source, world):
        root = box.graph_url.removesuffix("/v1.0")
        edit_answers(
            box, f'nextLink":"{box.graph_url}', f'nextLink":"{root}/elsewhere/v1.0', times=1
        )
        reader = source("Data")
        assert "4" in str(reader.read().groups[world].unread)
        assert box.log.count("graph", "GET", "/elsewhere/v1.0") == 1

    def test_the_same_next_link_twice_ends_the_listing_as_unread(self, box, entra, source):
        group = entra.add_group("Empty")
        again = f"{box.graph_url}/groups/{group}/members?$top=7"
        edit_answers(box, '"value":[]', f'"@odata.nextLink":"{again}","value":[]')
        assert "endless_paging" in source({"id": group}).read().groups[group].unread

    def test_a_listing_without_end_is_given_up(self, entra, source, monkeypatch):
        monkeypatch.setattr("aadsync_lib.graph.paging.MOST_PAGES", 2)
        users = [entra.add_user(f"u{n}@contoso.com") for n in range(5)]
        group = entra.add_group("Data", members=users)
        assert "endless_paging" in source({"id": group}).read().groups[group].unread


class TestCredential:
    def build(self, box, credential, clock, **options):
        return EntraSource(
            scope_of(["Data"]), credential, endpoint=box.graph_url, clock=clock, **options
        )

    def test_the_scope_is_the_configured_one(self, box, clock, world):
        credential = StaticCredential(box.graph_token)
        scope = "https://graph.microsoft.us/.default"
        self.build(box, credential, clock, token_scope=scope).read()
        assert {scopes for scopes, _ in credential.asked} == {(scope,)}

    def test_a_login_that_fails_is_a_credential_error_with_its_words(self, box, clock):
        class Refused(StaticCredential):
            def get_token(self, *scopes, **options):
                raise ClientAuthenticationError("AADSTS7000215: Invalid client secret.\nTrace")

        with pytest.raises(CredentialError, match="AADSTS7000215") as caught:
            self.build(box, Refused("x"), clock).read()
        assert caught.value.exit_code == 1
        assert "Trace" not in str(caught.value)

    def test_a_refused_token_is_a_credential_error(self, box, clock):
        with pytest.raises(CredentialError, match="401"):
            self.build(box, StaticCredential("wrong"), clock).read()
        assert box.log.count("graph") == 1

    def test_a_token_refused_within_a_batch_is_a_credential_error(self, box, source, world):
        box.faults.add(Fault("401", path=r"members\?"))
        with pytest.raises(CredentialError, match="401"):
            source("Data").read()

    def test_the_newer_type_of_token_is_sent_as_well(self, box, clock, world):
        class Newer(StaticCredential):
            def get_token(self, *scopes, **options):
                return AccessTokenInfo(self.token, 4102444800)

        assert self.build(box, Newer(box.graph_token), clock).read().complete

    def test_no_token_is_in_any_message_or_log(self, box, source, world, caplog, monkeypatch):
        monkeypatch.setattr("aadsync_lib.entra.directory.PAGE", 1)
        caplog.set_level(logging.DEBUG, logger="aadsync_lib")
        box.faults.add(Fault("reset", path="displayName"))
        source("Data").read()
        assert "skiptoken=…" in caplog.text
        assert box.graph_token not in caplog.text
        told = [r.getMessage() for r in caplog.records if r.levelno > logging.DEBUG]
        assert told == ["read 1 groups, 2 users and 1 service principals from Entra in 5 requests"]


@pytest.mark.parametrize("path", [r"members\?", "batch|members"])
def test_a_token_that_graph_repeats_is_in_no_reason(box, source, world, path):
    said = {"code": "BadRequest", "message": f"not with Bearer {box.graph_token}"}
    box.faults.add(Fault("400", "graph", path=path, count=None, body={"error": said}))
    assert source("Data").read().groups[world].unread.endswith("not with Bearer ***")


def test_an_incomplete_read_is_logged_as_one(box, source, world, caplog):
    caplog.set_level(logging.INFO, logger="aadsync_lib")
    box.faults.add(Fault("403", path=r"members\?"))
    source("Data").read()
    assert "some of it could not be read" in caplog.text


@pytest.mark.parametrize("path", ["", "/", "/v1.0", "/v1.0/"])
def test_an_endpoint_without_a_path_gets_the_version(box, clock, world, path):
    url = box.graph_url.removesuffix("/v1.0") + path
    credential = StaticCredential(box.graph_token)
    assert EntraSource(scope_of(["Data"]), credential, endpoint=url, clock=clock).read().complete


def test_an_answer_without_an_id_is_no_object(box, entra, source):
    group = entra.add_group("Data")
    edit_answers(box, '"id":', '"no":')
    with pytest.raises(SourceError, match="no_id"):
        source({"id": group}).read()


class StuckClock(FakeClock):
    """Lets nobody go on before the end of the test."""

    def __init__(self) -> None:
        super().__init__()
        self.end = threading.Event()

    def sleep(self, seconds: float) -> None:
        self.end.wait(60)


def test_an_error_ends_what_is_still_on_its_way(box, entra):
    names = [f"dbx-{number:02}" for number in range(60)]
    for name in names:
        entra.add_group(name)
    box.faults.add(Fault("500", path="dbx-00"))
    box.faults.add(Fault("401", path="dbx-59"))
    clock = StuckClock()
    credential = StaticCredential(box.graph_token)
    reader = EntraSource(scope_of(names), credential, endpoint=box.graph_url, clock=clock)
    try:
        with pytest.raises(CredentialError):
            reader.read()
    finally:
        clock.end.set()
    assert reader.requests == 3
