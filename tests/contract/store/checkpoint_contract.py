"""What every store promises about where the next run may go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.carried import Checkpoint
from aadsync_lib.model.directory import Cursor
from aadsync_lib.model.mirror import digest_of_mirror
from tests.contract.store.contract import running

LEFT = Checkpoint(
    made_for="sha256:1",
    cursor=Cursor({"user": "https://graph/u?t='1", "group": "https://graph/g"}, {"application:É": "d"}),
    given_at=1_750_000_000.25,
    full_at=1_749_999_000.5,
    watched="QUJDREVGR0g=",
)  # fmt: skip


def mirrored(text, **more):
    """Return a checkpoint with a mirror."""
    return replace(LEFT, mirror=text, mirror_digest=digest_of_mirror(text), **more)


def current(store):
    """Return where the next run may go on."""
    checkpoint = store.checkpoint()
    return checkpoint if checkpoint and checkpoint.current else None


def ended(store, run_id, status="succeeded", checkpoint=None):
    with running(store, run_id):
        pass
    store.end_run(run_id, status, "{}", checkpoint)


class CheckpointContract:
    def test_a_new_store_has_nowhere_to_go_on_from(self, store):
        assert current(store) is None

    def test_what_the_last_run_left_is_there_for_the_next(self, store, open_store):
        ended(store, "r1", checkpoint=LEFT)
        assert current(open_store()) == LEFT
        assert current(open_store("fabrikam")) is None

    @pytest.mark.parametrize("status", ["partial", "failed", "refused"])
    def test_a_run_that_did_not_end_well_leaves_nothing(self, store, status):
        ended(store, "r1", status, LEFT)
        assert current(store) is None

    def test_a_run_that_begins_ends_what_the_one_before_left(self, store):
        ended(store, "r1", checkpoint=LEFT)
        with running(store, "r2"):
            assert current(store) is None
        assert current(store) is None  # it was killed
        ended(store, "r3")
        assert current(store) is None
        ended(store, "r4", checkpoint=LEFT)
        assert current(store) == LEFT

    def test_a_later_run_moves_on_and_keeps_whom_it_watches(self, store):
        ended(store, "r1", checkpoint=LEFT)
        moved = replace(
            LEFT, cursor=Cursor({"user": "next"}), given_at=2.0, watched=None, run_id="r1"
        )
        ended(store, "r2", checkpoint=moved)
        assert current(store) == replace(moved, watched=LEFT.watched)
        other = replace(LEFT, watched="")
        ended(store, "r3", checkpoint=other)
        assert current(store) == other

    def test_a_mirror_is_kept_with_it_and_stays_when_it_moves_on(self, store, open_store):
        kept = mirrored("QUJD", unsure={"account": ("1", "2")})
        ended(store, "r1", checkpoint=kept)
        read = current(open_store())
        assert (read, read.mirror) == (kept, None)
        assert store.mirror(read.mirror_digest) == "QUJD"
        moved = replace(read, watched=None, unsure={}, run_id="r1")
        ended(store, "r2", checkpoint=moved)
        assert current(store) == replace(moved, watched=LEFT.watched)
        assert store.mirror(kept.mirror_digest) == "QUJD"
        other = mirrored("REVG")
        ended(store, "r3", checkpoint=other)
        assert current(store) == other
        assert store.mirror(other.mirror_digest) == "REVG"
        assert store.mirror(kept.mirror_digest) is None
        assert open_store("fabrikam").mirror(other.mirror_digest) is None

    def test_a_mirror_that_is_not_what_it_was_is_none(self, store):
        damaged = replace(mirrored("QUJD"), mirror="QUJE")
        ended(store, "r1", checkpoint=damaged)
        assert store.mirror(damaged.mirror_digest) is None

    def test_syncs_do_not_share_it(self, store, open_store):
        ended(store, "r1", checkpoint=LEFT)
        other = open_store("fabrikam")
        moved = replace(LEFT, made_for="sha256:2", watched="QUJDREVGR0g=")
        ended(other, "r2", checkpoint=moved)
        assert current(store) == LEFT
        ended(other, "r3")
        assert (current(store), current(other)) == (LEFT, None)

    def test_pruning_leaves_it(self, store, clock):
        ended(store, "r1", checkpoint=LEFT)
        clock.advance(100)
        ended(store, "r2", checkpoint=replace(LEFT, watched=None, run_id="r1"))
        store.prune(clock.now() - 50)
        assert current(store) == LEFT

    def test_what_another_run_followed_still_says_since_when_to_ask(self, store):
        ended(store, "r1", checkpoint=replace(LEFT, doubted_at=3.5))
        ended(store, "r2", "partial")
        kept = store.checkpoint()
        assert (kept, kept.run_id, kept.current) == (replace(LEFT, doubted_at=3.5), "r1", False)

    def test_a_run_does_not_move_on_what_another_one_left_meanwhile(self, store):
        ended(store, "r1", checkpoint=LEFT)
        other = replace(LEFT, made_for="sha256:2", watched="")
        with running(store, "of-account"):
            pass
        ended(store, "of-sales", checkpoint=other)
        late = replace(LEFT, given_at=9.0, watched=None, run_id="r1")
        store.end_run("of-account", "succeeded", "{}", late)
        assert store.checkpoint() == other
