"""The warning of a plan whose target Entra's connector provisions, too."""

from __future__ import annotations

from typing import Any

import pytest

from aadsync_lib.connector import active
from aadsync_lib.sandbox import Fault
from tests.acceptance.worlds import ROOT
from tests.contract.connector.gallery import NAME, Gallery

CODES = ("connector_active", "connector_unread")


def warnings(gallery: Gallery) -> list[tuple[str, str]]:
    """The warnings of a plan about the connector; everything else of it is as ever."""
    (target,) = gallery.stage.plan().targets
    assert len(target.changes) > 10
    return [(notice.code, notice.message) for notice in target.warnings if notice.code in CODES]


class TestWarning:
    """Where the connector runs, and only there."""

    def test_a_running_one_is_named_with_the_way_out(self, gallery: Gallery) -> None:
        gallery.ready().assign(ROOT)
        ((code, message),) = warnings(gallery)
        assert code == "connector_active"
        assert NAME in message
        assert "aadsync connector stop" in message

    def test_one_in_quarantine_runs_all_the_same(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        job = gallery.entra.provisioning.jobs[setup.job]
        job.quarantine, job.code = {"reason": "TooManyDeletes"}, "Quarantine"
        assert [code for code, _ in warnings(gallery)] == ["connector_active"]

    def test_a_stopped_one_is_none(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        setup.post("pause").raise_for_status()
        assert warnings(gallery) == []

    def test_an_absent_one_is_none(self, gallery: Gallery) -> None:
        assert warnings(gallery) == []

    def test_without_a_connector_in_the_settings_nobody_looks(self, gallery: Gallery) -> None:
        gallery.ready()
        gallery.stage.configure(targets={"connector": None})
        mark = gallery.stage.box.log.mark()
        assert warnings(gallery) == []
        paths = [row.path for row in gallery.stage.box.log.select(after=mark)]
        assert not any("synchronization" in path or "/applications" in path for path in paths)

    @pytest.mark.parametrize("path", ["/synchronization/", "/applications"])
    @pytest.mark.parametrize("kind", ["403", "503", "reset"])
    def test_a_plan_that_may_not_look_says_so_and_works(
        self, gallery: Gallery, path: str, kind: Any
    ) -> None:
        gallery.ready()
        gallery.stage.box.faults.add(Fault(kind=kind, side="graph", path=path, count=None))
        try:
            ((code, message),) = warnings(gallery)
        finally:
            gallery.stage.box.faults.clear()
        assert code == "connector_unread"
        assert NAME in message

    def test_an_answer_that_makes_no_sense_is_no_reason_to_stop(
        self, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        gallery.ready()
        broken = Fault(kind="truncated", side="graph", path="/synchronization/", count=None)
        gallery.stage.box.faults.add(broken)
        assert [code for code, _ in warnings(gallery)] == ["connector_unread"]
        gallery.stage.box.faults.clear()
        monkeypatch.setattr(active, "place_of", lambda *_, **__: {}["id"])
        assert [code for code, _ in warnings(gallery)] == ["connector_unread"]

    def test_a_strangers_application_is_no_reason_to_stop(self, gallery: Gallery) -> None:
        gallery.instantiated(notes=None)
        assert [code for code, _ in warnings(gallery)] == ["connector_unread"]

    def test_a_cloud_without_the_connector_is_no_reason_to_stop(self, gallery: Gallery) -> None:
        gallery.stage.configure(source={"cloud": "china"})
        assert [code for code, _ in warnings(gallery)] == ["connector_unread"]

    def test_the_digest_is_the_same(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        with_it = gallery.stage.plan().digest
        setup.post("pause").raise_for_status()
        assert gallery.stage.plan().digest == with_it
