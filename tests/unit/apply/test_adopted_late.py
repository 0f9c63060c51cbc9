"""What turns out to be there already is adopted in the journal as well, however that write ends."""

from __future__ import annotations

import pytest

from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Origin
from aadsync_lib.model.run import Result
from tests.unit.build import directory, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.world import World

ADA = user("ada")
DAY = directory(ADA, assigned=[ADA])


def appearing(faults):
    """A target on which somebody makes the account just before the sync does."""
    target = FakeTarget()
    target.faults = faults
    target.on_write = lambda index: index or target.add(Kind.USER, "ada@contoso.com")
    return target


@pytest.mark.parametrize(("fault", "result"), [
    (Fault.REFUSED, Result.FAILED), (Fault.LOST_BEFORE, Result.UNKNOWN), (Fault.LOST_AFTER, Result.UNKNOWN),
])  # fmt: skip
def test_an_adoption_that_fails_is_reported_as_one_and_made_by_the_next_run(fault, result):
    with World(DAY, appearing({1: fault})) as world:
        report = world.sync()
        ended = {
            outcome.change.action.value: outcome.result for outcome in report.targets[0].outcomes
        }
        assert ended["adopt_user"] is result
        assert "create_user" not in ended
        world.sync()
        links = world.store.links("account").by_external
        assert links["u-ada"].origin is Origin.ADOPTED
        assert world.planned().changes == ()


def test_undo_gives_it_up_and_deletes_nobody():
    with World(DAY, appearing({})) as world:
        run = world.sync()
        world.runner().undo(run.run_id)
        assert [account.name for account in world.target.accounts.values()] == ["ada@contoso.com"]
        assert world.names_of_links() == {}
