"""Setups with a fault at any request, or killed at any write: the next one ends with one application and one job."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from aadsync_lib.graph.http import HttpTransport, Request, Response
from aadsync_lib.sandbox import Fault
from tests.acceptance.stage import Scene, text
from tests.contract.connector.gallery import NAME, Gallery
from tests.contract.connector.seen import actions, job, part, principal, run, writes
from tests.contract.connector.test_setup import FULL

FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "429"},
    "429 with Retry-After": {"kind": "429", "retry_after": "7"},
    "500": {"kind": "500"},
    "503": {"kind": "503"},
    "504": {"kind": "504"},
    "reset": {"kind": "reset"},
    "timeout": {"kind": "timeout", "seconds": 0.0},
    "lost": {"kind": "lost"},
    "truncated": {"kind": "truncated"},
    "403": {"kind": "403"},
    "404": {"kind": "404"},
    "409": {"kind": "409"},
    "400": {"kind": "400"},
}
LAST = 100  # more requests than any setup here sends
FEW = 9  # every ninth request in `make test`
NOW = ("lost", "404")
LATE = dict.fromkeys(
    ("not_found", "unlisted", "roles_late", "forbidden", "conflicts", "assignments_unlisted"), 2
)
CIRCUMSTANCES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "at once": ({}, {}),
    "late": ({**LATE, "flapping": True}, {"job_not_found": 2, "secrets_late": 2}),
    "job first": ({}, {"order": "job_first"}),
    "secrets first": ({}, {"order": "secrets_first"}),
}


def picture(gallery: Gallery) -> dict[str, Any]:
    """What there is of connectors, without ids."""
    entra = gallery.entra
    mine = [
        a
        for a in map(entra.objects.get, entra.ids("application"))
        if a and a["displayName"] == NAME
    ]
    keys = [str(entra.find(a["appId"])) for a in mine]
    assigned = [e for e in entra.assignments.values() if e["resourceId"] in keys]
    jobs = entra.provisioning.jobs.values()
    return {
        "applications": [a.get("notes") for a in mine],
        "jobs": [(j.template, j.state, _mappings(j.schema)) for j in jobs],
        "secrets": [
            {pair["key"]: pair["value"] for pair in entra.provisioning.secrets.get(key, ())}
            for key in keys
        ],
        "assigned": sorted((e["principalId"], e["appRoleId"]) for e in assigned),
    }


def _mappings(schema: dict[str, Any] | None) -> list[Any]:
    rules = (schema or {}).get("synchronizationRules", ())
    return [mapping for rule in rules for mapping in rule["objectMappings"]]


@pytest.fixture
def scene(gallery: Gallery) -> Scene:
    gallery.configure(**FULL)
    return gallery.stage.save()


def begin(gallery: Gallery, scene: Scene, circumstance: str) -> None:
    gallery.stage.restore(scene)
    applications, provisioning = CIRCUMSTANCES[circumstance]
    for switches, values in (
        (gallery.entra.applications.switches, applications),
        (gallery.entra.provisioning.switches, provisioning),
    ):
        for name, value in values.items():
            setattr(switches, name, value)


@pytest.fixture
def whole(gallery: Gallery, scene: Scene) -> dict[str, Any]:
    """What a setup without any fault leaves."""
    begin(gallery, scene, "at once")
    run(gallery, "setup")
    return picture(gallery)


def problems(gallery: Gallery, whole: dict[str, Any]) -> Iterator[str]:
    """Yield what the setup after it does not make good."""
    left = picture(gallery)
    if len(left["applications"]) > 1 or len(left["jobs"]) > 1:
        yield f"made {left}"
    if any(state == "Active" for _, state, _ in left["jobs"]) and _apart(left) != _apart(whole):
        yield f"was started before all was there: {left}"
    code = gallery("setup").exit_code
    if code != 0:
        yield f"the setup after it ended with {code}"
    if picture(gallery) != whole:
        yield f"left {picture(gallery)}"
    mark = gallery.stage.box.log.mark()
    gallery("setup")
    if more := writes(gallery, mark):
        yield f"a third one wrote {more}"


def _apart(picture: dict[str, Any]) -> dict[str, Any]:
    """Leave out who is assigned: one who is not keeps nobody else out."""
    return {**picture, "assigned": None}


class TestLate:
    """Delays of Graph, and its order of job and secrets."""

    @pytest.mark.parametrize("circumstance", CIRCUMSTANCES)
    def test_a_setup_waits_and_a_second_one_writes_nothing(
        self, gallery: Gallery, scene: Scene, whole: dict[str, Any], circumstance: str
    ) -> None:
        begin(gallery, scene, circumstance)
        assert run(gallery, "setup")["status"] == "succeeded"
        assert picture(gallery) == whole
        mark = gallery.stage.box.log.mark()
        run(gallery, "setup")
        assert writes(gallery, mark) == []

    @pytest.mark.parametrize("path", ["/applications/", "/jobs$"])
    def test_one_after_a_setup_that_broke_off_waits_as_well(
        self, gallery: Gallery, scene: Scene, whole: dict[str, Any], path: str
    ) -> None:
        begin(gallery, scene, "late")
        method = "PATCH" if path == "/applications/" else "POST"
        gallery.stage.box.faults.add(Fault("400", side="graph", method=method, path=path))
        assert run(gallery, "setup", code=3)["status"] == "partial"
        assert run(gallery, "setup")["status"] == "succeeded"
        assert picture(gallery) == whole


@pytest.mark.parametrize(
    ("name", "circumstance", "step"),
    [
        *(pytest.param(n, "at once", FEW, id=f"{n}, now and then") for n in NOW),
        pytest.param("lost", "late", FEW, id="lost, late, now and then"),
        *(
            pytest.param(n, c, 1, id=f"{n}, {c}", marks=pytest.mark.soak)
            for c in CIRCUMSTANCES
            for n in FAULTS
        ),
    ],
)
def test_a_fault_at_any_request_leaves_one_application_and_one_job(
    gallery: Gallery, scene: Scene, whole: dict[str, Any], name: str, circumstance: str, step: int
) -> None:
    faults, failures = gallery.stage.box.faults, []
    for index in range(step // 2, LAST, step):
        begin(gallery, scene, circumstance)
        key = faults.add(Fault(**FAULTS[name], side="graph", path="/v1.0/", skip=index))
        answer = gallery("setup")
        fired = faults.fired_by(key)
        faults.clear()
        if not fired:
            break
        if answer.exit_code not in (0, 1, 3) or not isinstance(answer.exception, SystemExit | None):
            failures.append(f"{index}: {answer.exit_code} {answer.exception!r} {answer.output}")
        elif answer.exit_code == 0 and picture(gallery) != whole:
            failures.append(f"{index}: said that all was done: {picture(gallery)}")
        failures += [f"{index}: {p} ({answer.output})" for p in problems(gallery, whole)]
    assert index > step
    assert not failures, text(failures)


class KilledError(BaseException):
    """The end of a process."""


class Death:
    """The end of a process at its n-th write, before it is sent or after it is answered.

    What the process does to its store after that is taken back.
    """

    def __init__(self, gallery: Gallery, at: int, when: str) -> None:
        self._file, self._left, self._when = gallery.stage.store_file, at, when
        self.store: bytes | None = None

    def sender(self) -> Callable[[HttpTransport, Request], Awaitable[Response]]:
        """Return what takes the place of the transport's method."""

        async def send(transport: HttpTransport, request: Request) -> Response:
            mine = request.method != "GET" and self._comes()
            if mine and self._when == "before":
                self._die()
            response = await SEND(transport, request)
            if mine:
                self._die()
            return response

        return send

    def _comes(self) -> bool:
        self._left -= 1
        return self._left == 0

    def _die(self) -> None:
        with sqlite3.connect(self._file) as connection:
            self.store = connection.serialize()
        connection.close()
        raise KilledError


SEND = HttpTransport.send


@pytest.mark.parametrize(
    ("when", "circumstance", "step"),
    [
        pytest.param("after", "at once", 3, id="after, now and then"),
        *(
            pytest.param(when, c, 1, id=f"{when}, {c}", marks=pytest.mark.soak)
            for when in ("before", "after")
            for c in CIRCUMSTANCES
        ),
    ],
)
def test_a_setup_that_is_killed_at_any_write_is_finished_by_the_next_one(
    gallery: Gallery,
    scene: Scene,
    whole: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    when: str,
    circumstance: str,
    step: int,
) -> None:
    failures: list[str] = []
    for at in range(1, LAST, step):
        begin(gallery, scene, circumstance)
        death = Death(gallery, at, when)
        with monkeypatch.context() as patch:
            patch.setattr(HttpTransport, "send", death.sender())
            with contextlib.suppress(KilledError):
                gallery("setup")
        if death.store is None:
            break
        for leftover in gallery.stage.folder.glob("aadsync.db*"):
            leftover.unlink()
        gallery.stage.store_file.write_bytes(death.store)
        gallery.stage.clock.advance(600)  # type: ignore[attr-defined]
        failures += [f"{at}: {problem}" for problem in problems(gallery, whole)]
    assert at > 8
    assert not failures, text(failures)


def test_an_answer_that_is_lost_on_another_machine_is_no_second_application(
    gallery: Gallery, scene: Scene
) -> None:
    """One without the journal finds the application by name alone, which is an error that lists it."""
    begin(gallery, scene, "at once")
    gallery.stage.box.faults.add(Fault("400", side="graph", method="PATCH", path="/applications/"))
    assert run(gallery, "setup", code=3)["status"] == "partial"
    gallery.stage.box.faults.clear()
    mine = gallery.stage.store_file.rename(gallery.stage.folder / "mine.db")
    assert gallery("setup").exit_code == 1
    gallery.stage.store_file.unlink()
    mine.rename(gallery.stage.store_file)
    run(gallery, "setup")
    assert len(picture(gallery)["applications"]) == 1
    assert actions(run(gallery, "plan")) == []
    assert part(run(gallery, "plan"))["warnings"] == []
    assert job(gallery).principal == principal(gallery)
