"""What a request does when something goes wrong with it."""

import json
import logging
import threading

import pytest
import requests
from databricks.sdk.core import Config
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from aadsync_lib.auth.single_attempt import SINGLE_ATTEMPT
from aadsync_lib.databricks.errors import (
    NotSent,
    Refusal,
    one_line,
    refusal_of,
    was_sent,
)
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.rates import Verb
from aadsync_lib.ports import AlreadyThere, AnswerLost, ChangeRefused
from tests.clock import START
from tests.contract.databricks.conftest import SECRET

ADA = Attributes(user_name="ada@x.com", display_name="Ada", external_id="e", active=True)


def create(account):
    return account.target.create(Kind.USER, ADA)


@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("2.5", 2.5), (None, 1.0)])
def test_a_429_pauses_the_whole_class_and_the_request_is_sent_again(account, asked, waited):
    account.settled().fault("429", "POST", retry_after=asked)
    before = account.clock.monotonic()
    create(account)
    assert account.clock.monotonic() - before == pytest.approx(waited)
    assert account.pacer.rate(Verb.WRITE) < 5 * 0.98
    assert account.pacer.rate(Verb.GET) == 20 * 0.98
    assert len(account.sent) == 2


def test_a_429_is_waited_out_however_often_it_comes(account):
    account.fault("429", "POST", retry_after="1", count=50)
    create(account)
    assert account.target.requests == 52


def test_a_429_that_lasts_ten_minutes_is_given_up(account):
    account.settled().fault("429", "POST", retry_after="60", count=None)
    with pytest.raises(Refusal, match="429"):
        create(account)
    assert 600 <= account.clock.monotonic() <= 700


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (kind, method)
        for kind in ("500", "502", "503", "504", "timeout", "reset", "lost", "truncated")
        for method in ("PATCH", "DELETE", "GET")
        if (kind, method) != ("truncated", "DELETE")  # a 204 has no body to cut
    ],
)
def test_reads_and_writes_that_can_be_repeated_are_tried_four_times(account, method, kind):
    group = account.state.add_group("g")
    call = {
        "GET": lambda: account.target.members([group.id]),
        "PATCH": lambda: account.target.update(Kind.GROUP, group.id, Attributes(display_name="n")),
        "DELETE": lambda: account.target.delete(Kind.GROUP, group.id),
    }[method]
    account.settled().fault(kind, method, count=3, seconds=0)
    call()
    assert len(account.sent) == 4
    assert account.clock.slept >= 0.5 + 1 + 2


@pytest.mark.parametrize("kind", ["500", "502", "504", "timeout", "reset", "lost", "truncated"])
def test_a_create_whose_answer_is_lost_or_unclear_is_never_sent_again(account, kind):
    account.settled().fault(kind, "POST", count=None, seconds=0)
    with pytest.raises(AnswerLost):
        create(account)
    assert len(account.sent) == 1
    found = account.target.find(Kind.USER, "Ada@x.com")
    done = kind in {"lost", "truncated"}
    assert [account.external_id for account in found] == ["e"] * done


def test_a_create_answered_with_503_is_sent_again(account):
    account.settled().fault("503", "POST", retry_after="3")
    create(account)
    assert account.clock.slept >= 3


def test_a_create_that_stays_unavailable_is_refused_as_it_was_not_done(account):
    account.fault("503", "POST", count=None)
    with pytest.raises(Refusal, match="503"):
        create(account)


def test_a_create_that_found_no_connection_is_tried_again_and_then_known_not_to_be_done(account):
    lonely = account.settled().unreachable()
    with pytest.raises(NotSent, match="POST Users: no connection"):
        create(lonely)
    assert len(lonely.sent) == 4


def test_a_create_answered_with_501_was_not_done(account, monkeypatch):
    account.settled()
    monkeypatch.setattr(
        "aadsync_lib.sandbox.databricks.writes.create", _refuse(501, "not implemented")
    )
    with pytest.raises(Refusal, match="501 not implemented"):
        create(account)


def _refuse(status, detail):
    from aadsync_lib.sandbox.databricks.errors import ApiError

    def refuse(*_):
        raise ApiError(status, detail)

    return refuse


@pytest.mark.parametrize("then", ["503", "429", "500"])
def test_a_change_that_was_lost_once_and_then_fails_may_have_been_done(account, then):
    user = account.state.add_user("ada@x.com")
    account.settled().fault("lost", "PATCH")
    account.fault(then, "PATCH", count=None, retry_after="700")
    with pytest.raises(AnswerLost, match="may or may not have been done"):
        account.target.update(Kind.USER, user.id, Attributes(active=False))
    assert not user.active


def test_a_time_out_is_an_answer_lost(account):
    hasty = account.other({"token": account.box.databricks_token, "http_timeout_seconds": 0.05})
    hasty.settled()
    account.fault("timeout", "POST")
    with pytest.raises(AnswerLost, match="ReadTimeout"):
        create(hasty)


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (requests.ConnectTimeout(), False),
        (requests.exceptions.ProxyError(), False),
        (requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "x"))), False),
        (requests.ConnectionError(MaxRetryError(None, "/", ProtocolError("x"))), True),
        (requests.ConnectionError(ProtocolError("x")), True),
        (requests.ReadTimeout(), True),
        (requests.exceptions.ChunkedEncodingError(), True),
    ],
)
def test_only_a_connection_that_was_never_made_proves_that_nothing_was_sent(error, sent):
    assert was_sent(error) is sent


@pytest.mark.parametrize("status", ["400", "401", "403", "404", "409", "413"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_definite_refusal_is_not_tried_again(account, status, method):
    account.settled().fault(status, method, count=None)
    group = account.state.add_group("g")
    if method == "GET":
        account.target.members([group.id])
    else:
        with pytest.raises(AlreadyThere if status == "409" else Refusal, match=status):
            create(account)
    assert len(account.sent) == 1


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"detail": "no", "status": "400", "scimType": "invalidValue"}', "invalidValue: no"),
        ('{"detail": "no", "status": "400"}', "no"),
        ('{"error_code": "X", "message": "no\\n  way."}', "no way"),
        ("<html>", "Bad Request"),
        ("[1]", "Bad Request"),
        ("{}", "Bad Request"),
    ],
)
def test_the_servers_detail_is_told_in_one_line_whatever_its_shape(body, told):
    response = requests.Response()
    response.status_code, response.reason, response._content = 400, "Bad Request", body.encode()
    refusal = refusal_of("POST Users", response, "the SDK's words", START)
    assert str(refusal) == f"POST Users: 400 {told}"


def test_an_error_in_spite_of_its_status_is_a_refusal():
    response = requests.Response()
    response.status_code = 200
    refusal = refusal_of("GET Users", response, "Private link.\nNot from here.", START)
    assert (refusal.status, refusal.detail) == (403, "Private link. Not from here")


def test_a_long_text_is_cut():
    assert len(one_line("x " * 1000)) == 300


def test_a_403_on_a_write_tells_neither_secret_nor_configuration(account):
    account.fault("403", "POST")
    with pytest.raises(ChangeRefused) as error:
        create(account)
    for hidden in (account.box.databricks_token, "Config", account.box.databricks_url):
        assert hidden not in str(error.value)
    assert error.value.__cause__ is None


def test_a_login_that_breaks_off_is_not_sent(account):
    account.settled()
    account.target._client._config = type(
        "Broken", (), {"authenticate": lambda _: _raise(f"no. Config: token={SECRET}")}
    )()
    with pytest.raises(NotSent, match=r"the login failed: no\.$") as error:
        create(account)
    assert SECRET not in str(error.value)


def _raise(text):
    raise ValueError(text)


def test_an_answer_that_is_no_object_is_an_answer_lost(account, monkeypatch):
    account.settled()
    monkeypatch.setattr("aadsync_lib.sandbox.databricks.scim.render", lambda *_: ["x"])
    with pytest.raises(AnswerLost, match="not a JSON object"):
        create(account)


def test_every_request_is_counted_repeated_ones_too(account):
    account.settled()
    before = account.target.requests
    account.fault("503", "POST", count=2)
    create(account)
    assert account.target.requests - before == 3


def test_the_sdk_is_configured_not_to_repeat_anything_by_itself(account):
    config = Config(
        host=account.box.databricks_url,
        account_id=account.box.account_id,
        token=SECRET,
        **SINGLE_ATTEMPT,
    )
    assert config.http_timeout_seconds == 60
    with pytest.raises(KeyError):
        _retried(config)


def _retried(config):
    try:
        _ = {}["x"]
    except KeyError:
        config.clock.sleep(1)


def test_a_crowd_of_threads_does_not_overflow_the_connection_pool(account, caplog):
    caplog.set_level(logging.WARNING)
    groups = [account.state.add_group(f"g{number}").id for number in range(60)]
    account.settled()
    threads = [
        threading.Thread(target=account.target.members, args=(groups[start::3],))
        for start in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert caplog.records == []
    assert len(account.sent) == 60


def test_debug_logging_names_no_person(account, caplog):
    caplog.set_level(logging.DEBUG, logger="aadsync_lib")
    create(account)
    account.target.find(Kind.USER, "ada@x.com")
    text = json.dumps([record.getMessage() for record in caplog.records])
    assert "POST Users: 201" in text
    assert "ada" not in text
