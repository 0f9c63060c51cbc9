"""One fault at each request of a registration, and one kill at each of its writes: the next run finishes it.

`make test` loses answers and kills after writes, now and then; `make soak` does all.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from databricks.sdk.core import ApiClient

from aadsync_lib.config.load import load_settings
from aadsync_lib.connector.registration.credential import CredentialKind
from aadsync_lib.connector.registration.marks import stored_in, tag_of
from aadsync_lib.connector.registration.model import Registration
from aadsync_lib.errors import AadsyncError
from aadsync_lib.graph.calls import GraphCalls
from aadsync_lib.registration import Request, open_registration
from aadsync_lib.sandbox import Fault, World
from tests.contract.registration.stage import NEEDED, STORE, Stage

FAULTS = ("lost", "reset", "truncated", "500", "503", "429", "403", "404", "409")
MOST = 40  # requests: more than any registration sends
SECRET = Request(store_in=STORE)
CERTIFICATE = Request(store_in=STORE, credential=CredentialKind.CERTIFICATE)
SCENES = {
    "first": ((), SECRET),
    "rotated": ((SECRET, replace(SECRET, rotate=True)), replace(SECRET, rotate=True)),
    "first certificate": ((), CERTIFICATE),
    "rotated certificate": (
        (CERTIFICATE, replace(CERTIFICATE, rotate=True)),
        replace(CERTIFICATE, rotate=True),
    ),
}
STEP = 8  # requests between two faults in make test
soak = pytest.mark.soak


class Killed(BaseException):
    """The end of the process."""


def run(stage: Stage, request: Request) -> Registration:
    settings = load_settings(stage.file)
    with open_registration(settings, request, clock=stage.clock) as registering:
        return registering.run()


def failures(stage: Stage, request: Request) -> list[str]:
    try:
        run(stage, request)
    except AadsyncError as error:
        return [str(error)]
    return []


@pytest.fixture
def again(stage: Stage) -> Callable[[str], Request]:
    """Begins a scene; the second time from what it was at first."""
    stage.write(stage.settings())
    scenes: dict[str, Any] = {}

    def begin(name: str) -> Request:
        before, request = SCENES[name]
        if name not in scenes:
            for earlier in before:
                run(stage, earlier)
            scenes[name] = json.dumps(stage.box.world.to_json()), dict(stage.scope.secrets)
        world, secrets = scenes[name]
        stage.box.reset(World.from_json(json.loads(world)))
        stage.box.world.workspace("sales").secrets.create("aadsync", "admins")
        stage.scope.secrets.update(secrets)
        stage.box.faults.clear()
        return request

    return begin


def check(stage: Stage, name: str) -> None:
    """Hold what came of a registration that was disturbed, and of the next one, against the rules."""
    entra = stage.box.world.entra
    application = stage.application
    assert entra.find(application["appId"])
    assert stage.granted == sorted(NEEDED)
    assert stage.logs_in()
    kind = "keyCredentials" if "certificate" in name else "passwordCredentials"
    ours = [c["keyId"] for c in application[kind] if c["displayName"] == tag_of("contoso")]
    known = [each.key_id for each in stored_in(application["notes"], "contoso")]
    assert set(ours) <= set(known), "a credential that nobody has is left"
    assert len(ours) <= (1 if name.startswith("first") else 3)


def settle(stage: Stage, name: str, request: Request) -> None:
    """Run it again, twice: it finishes, and then there is nothing to do."""
    plain = replace(request, rotate=False)
    run(stage, plain)
    check(stage, name)
    mark = stage.box.log.mark()
    assert run(stage, plain).steps == ()
    assert stage.writes(mark) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param(name, kind, marks=() if (name, kind) in {("first", "lost"), ("rotated", "lost")} else soak)
        for name in SCENES
        for kind in FAULTS
    ],
)  # fmt: skip
def test_after_a_fault_at_any_request_the_next_run_finishes(stage, again, name, kind, request):
    step = 1 if request.node.get_closest_marker("soak") else STEP
    for number in range(0, MOST, step):
        asked = again(name)
        before = stage.stored
        stage.box.faults.add(Fault(kind, path=r"/v1\.0/|/secrets/", skip=number))
        reasons = failures(stage, asked)
        assert not any(secret in reason for secret in stage.secrets for reason in reasons)
        fired = stage.box.faults.fired
        stage.box.faults.clear()
        assert before is None or stage.logs_in(), "logins broke"
        settle(stage, name, asked)
        if not fired:
            return
    pytest.fail("a registration sends more requests than the sweep has")


@pytest.mark.parametrize("name", [pytest.param("first", marks=soak), "rotated"])
def test_where_everything_fails_from_some_request_on_the_next_run_finishes(stage, again, name):
    for number in range(5, MOST, 7):
        asked = again(name)
        before = stage.stored
        stage.box.faults.add(Fault("lost", path=r"/v1\.0/|/secrets/", skip=number, count=None))
        with contextlib.suppress(AadsyncError):
            run(stage, asked)
        fired = stage.box.faults.fired
        stage.box.faults.clear()
        assert before is None or stage.logs_in(), "logins broke"
        settle(stage, name, asked)
        if not fired:
            return


@pytest.mark.parametrize(
    ("name", "when"),
    [
        pytest.param(name, when, marks=() if (name, when) == ("first", "after") else soak)
        for name in SCENES
        for when in ("before", "after")
    ],
)  # fmt: skip
def test_after_a_kill_at_any_write_the_next_run_finishes(
    stage, again, name, when, monkeypatch, request
):
    step = 1 if request.node.get_closest_marker("soak") else 3
    for number in range(1, MOST, step):
        asked = again(name)
        before = stage.stored
        with monkeypatch.context() as patch:
            deaths = kill(patch, number, when)
            with contextlib.suppress(Killed):
                run(stage, asked)
        assert before is None or stage.logs_in(), "logins broke"
        settle(stage, name, asked)
        if not deaths:
            return
    pytest.fail("a registration writes more than the sweep has")


def kill(patch: pytest.MonkeyPatch, number: int, when: str) -> list[int]:
    """Have the process end at its n-th write; the list that is returned then is not empty."""
    deaths: list[int] = []
    writes = iter(range(1, MOST))

    def dying(send: Any, is_write: Callable[..., bool]) -> Any:
        def sent(self: Any, *given: Any, **named: Any) -> Any:
            last = is_write(*given) and next(writes) == number
            if last:
                deaths.append(number)
            if last and when == "before":
                raise Killed
            answer = send(self, *given, **named)
            if last:
                raise Killed
            return answer

        return sent

    graph = dying(GraphCalls._send, lambda request: request.method != "GET")
    patch.setattr(GraphCalls, "_send", graph)
    databricks = dying(ApiClient.do, lambda method, *_: method != "GET")
    patch.setattr(ApiClient, "do", databricks)
    return deaths
