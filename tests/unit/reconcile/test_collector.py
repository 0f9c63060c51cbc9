from __future__ import annotations

import gc

import pytest

from aadsync_lib.reconcile.collector import uncollected


@pytest.fixture(params=[True, False], ids=["on before", "off before"])
def before(request):
    was = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if was else gc.disable)()


def test_the_collector_pauses_and_is_afterwards_as_before(before):
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled() is before


def test_an_error_does_not_leave_it_paused(before):
    with pytest.raises(ZeroDivisionError), uncollected():
        raise ZeroDivisionError
    assert gc.isenabled() is before
