"""What every store promises about where the next run may go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.carried import Checkpoint
from aadsync_lib.model.directory import Cursor
from tests.contract.store.contract import running

LEFT = Checkpoint(
    made_for="sha256:1",
    cursor=Cursor({"user": "https://graph/u?t='1", "group": "https://graph/g"}, {"application:É": "d"}),
    given_at=1_750_000_000.25,
    full_at=1_749_999_000.5,
    watched="QUJDREVGR0g=",
)  # fmt: skip


def ended(store, run_id, status="succeeded", checkpoint=None):
    with running(store, run_id):
        pass
    store.end_run(run_id, status, "{}", checkpoint)


class CheckpointContract:
    def test_a_new_store_has_nowhere_to_go_on_from(self, store):
        assert store.checkpoint() is None

    def test_what_the_last_run_left_is_there_for_the_next(self, store, open_store):
        ended(store, "r1", checkpoint=LEFT)
        assert open_store().checkpoint() == LEFT
        assert open_store("fabrikam").checkpoint() is None

    @pytest.mark.parametrize("status", ["partial", "failed", "refused"])
    def test_a_run_that_did_not_end_well_leaves_nothing(self, store, status):
        ended(store, "r1", status, LEFT)
        assert store.checkpoint() is None

    def test_a_run_that_begins_ends_what_the_one_before_left(self, store):
        ended(store, "r1", checkpoint=LEFT)
        with running(store, "r2"):
            assert store.checkpoint() is None
        assert store.checkpoint() is None  # it was killed
        ended(store, "r3")
        assert store.checkpoint() is None
        ended(store, "r4", checkpoint=LEFT)
        assert store.checkpoint() == LEFT

    def test_a_later_run_moves_on_and_keeps_whom_it_watches(self, store):
        ended(store, "r1", checkpoint=LEFT)
        moved = replace(LEFT, cursor=Cursor({"user": "next"}), given_at=2.0, watched=None)
        ended(store, "r2", checkpoint=moved)
        assert store.checkpoint() == replace(moved, watched=LEFT.watched)
        other = replace(LEFT, watched="")
        ended(store, "r3", checkpoint=other)
        assert store.checkpoint() == other

    def test_syncs_do_not_share_it(self, store, open_store):
        ended(store, "r1", checkpoint=LEFT)
        other = open_store("fabrikam")
        moved = replace(LEFT, made_for="sha256:2", watched="QUJDREVGR0g=")
        ended(other, "r2", checkpoint=moved)
        assert store.checkpoint() == LEFT
        ended(other, "r3")
        assert (store.checkpoint(), other.checkpoint()) == (LEFT, None)

    def test_pruning_leaves_it(self, store, clock):
        ended(store, "r1", checkpoint=LEFT)
        clock.advance(100)
        ended(store, "r2", checkpoint=replace(LEFT, watched=None))
        store.prune(clock.now() - 50)
        assert store.checkpoint() == LEFT
