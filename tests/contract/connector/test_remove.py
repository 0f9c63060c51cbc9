"""``aadsync connector remove``: what setup made, and nothing else."""

from __future__ import annotations

import pytest

from aadsync_lib.sandbox import Fault
from tests.acceptance.stage import TARGET
from tests.contract.connector.gallery import TAG, Gallery
from tests.contract.connector.seen import actions, applications, part, run, writes
from tests.contract.sandbox.connecting import with_job


def steps(gallery: Gallery, *words: str, code: int = 0) -> list[tuple[str, str]]:
    target = part(run(gallery, "remove", *words, code=code))
    return [(step["name"], step["status"]) for step in target["steps"]]


def test_the_job_goes_and_the_application_stays(gallery: Gallery) -> None:
    run(gallery, "setup")
    assert steps(gallery) == [("job", "done")]
    assert not gallery.entra.provisioning.jobs
    assert len(applications(gallery)) == 1
    assert actions(run(gallery, "plan")) == ["create_job", "start"]
    assert steps(gallery) == [("job", "unchanged")]


def test_application_and_job_go_and_come_again(gallery: Gallery) -> None:
    run(gallery, "setup")
    assert steps(gallery, "--application") == [("job", "done"), ("application", "done")]
    assert applications(gallery) == []
    assert steps(gallery, "--application") == [("application", "unchanged")]
    assert actions(run(gallery, "plan"))[0] == "create_application"
    run(gallery, "setup")
    assert len(applications(gallery)) == 1
    assert actions(run(gallery, "plan")) == []


def test_another_machine_knows_by_the_notes_what_setup_made(gallery: Gallery) -> None:
    run(gallery, "setup")
    gallery.stage.store_file.unlink()
    assert steps(gallery, "--application") == [("job", "done"), ("application", "done")]


def test_an_application_that_a_person_tagged_stays(gallery: Gallery) -> None:
    with_job(gallery.instantiated(notes=TAG))
    mark = gallery.stage.box.log.mark()
    answer = gallery("remove", "--application")
    assert answer.exit_code == 1
    assert "was not made by aadsync" in answer.output
    assert steps(gallery, code=3) == [("job", "skipped")]
    assert writes(gallery, mark) == []


def test_a_job_that_setup_made_in_it_goes(gallery: Gallery) -> None:
    gallery.instantiated(notes=TAG)
    run(gallery, "setup")
    assert steps(gallery) == [("job", "done")]
    assert len(applications(gallery)) == 1


def test_a_strangers_application_stays(gallery: Gallery) -> None:
    gallery.instantiated(notes="aadsync:contoso/other")
    assert steps(gallery, "--application") == [("application", "unchanged")]
    gallery.instantiated(notes=None)
    assert gallery("remove", "--application").exit_code == 1
    assert len(applications(gallery)) == 2


def test_while_another_command_holds_it_nothing_is_removed(gallery: Gallery) -> None:
    run(gallery, "setup")
    mark = gallery.stage.box.log.mark()
    with gallery.stage.store() as store, store.lease(f"{TARGET}/connector", "another"):
        answer = gallery("remove", "--application")
    assert answer.exit_code == 1
    assert "lease" in answer.stderr
    assert writes(gallery, mark) == []


@pytest.mark.parametrize("kind", ["lost", "500", "404", "409", "reset"])
def test_a_fault_is_made_good_by_the_next_one(gallery: Gallery, kind: str) -> None:
    run(gallery, "setup")
    gallery.stage.box.faults.add(Fault(kind, side="graph", method="DELETE"))  # type: ignore[arg-type]
    gallery("remove", "--application")
    gallery.stage.box.faults.clear()
    run(gallery, "remove", "--application")
    assert applications(gallery) == []
    assert not gallery.entra.provisioning.jobs
