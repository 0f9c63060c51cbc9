"""One request of a command that goes wrong, whichever it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aadsync_lib.sandbox import Fault
from tests.acceptance.worlds import ADA
from tests.contract.connector.gallery import Gallery
from tests.contract.entra.meddling import edit_answers

PASSING: tuple[Any, ...] = ("503", "lost", "429", "reset", "truncated")
COMMANDS = (("stop",), ("provision", "--user", ADA), ("status",), ("compare",))


def requests(gallery: Gallery, *words: str) -> int:
    mark = gallery.stage.box.log.mark()
    assert gallery(*words).exit_code == 0
    return len(gallery.stage.box.log.select("graph", after=mark, auth=False))


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_trouble_that_passes_changes_nothing(gallery: Gallery, words: tuple[str, ...]) -> None:
    setup = gallery.ready()
    setup.assign(ADA)
    job = gallery.entra.provisioning.jobs[setup.job]
    count = requests(gallery, *words)
    assert count > 3
    for place in range(count):
        job.state = "Active"
        kind = PASSING[place % len(PASSING)]
        gallery.stage.box.faults.add(Fault(kind=kind, side="graph", path="/v1.0/", skip=place))
        done = gallery(*words, "--format", "json")
        assert gallery.stage.box.faults.fired == 1
        gallery.stage.box.faults.clear()
        assert done.exit_code == 0, (kind, place, done.output)
        assert json.loads(done.stdout)["targets"]
        assert job.state == ("Paused" if words[0] == "stop" else "Active")


@pytest.mark.parametrize("words", COMMANDS[:2], ids=lambda words: words[0])
def test_a_trouble_that_stays_is_one_message_and_leaves_nothing_open(
    gallery: Gallery, words: tuple[str, ...]
) -> None:
    setup = gallery.ready()
    setup.assign(ADA)
    job = gallery.entra.provisioning.jobs[setup.job]
    for place in range(0, requests(gallery, *words), 2):
        job.state = "Active"
        fault = Fault(kind="403", side="graph", path="/v1.0/", skip=place, count=None)
        gallery.stage.box.faults.add(fault)
        done = gallery(*words, "--format", "json")
        assert gallery.stage.box.faults.fired
        gallery.stage.box.faults.clear()
        assert done.exit_code in (0, 1, 3), (place, done.output)
        assert done.exit_code != 1 or done.stderr.startswith("aadsync: could not")
        with gallery.stage.store() as store:
            assert store.pending("account/connector") == ()


def test_a_next_link_to_another_place_is_an_error_and_gets_no_token(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery.ready()
    box = gallery.stage.box
    monkeypatch.setattr(box._graph, "app", box._graph.app)  # as it is, afterwards
    edit_answers(box, '"value":[', f'"@odata.nextLink":"{box.databricks_url}/next","value":[')
    mark = box.log.mark()
    done = gallery("status")
    assert done.exit_code == 1
    assert "names a next page at another address" in done.stderr
    assert box.log.select("databricks", after=mark) == ()
