"""The pacer: just under the limit, never over it, slower after a 429 and back again."""

import threading
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aadsync_lib.apply.pacing import BURST, HEADROOM, Pacer
from aadsync_lib.model.rates import ACCOUNT_RATES, Verb
from tests.clock import FakeClock


def sent(pacer: Pacer, clock: FakeClock, count: int, verb: Verb = Verb.WRITE) -> list[float]:
    times = []
    for _ in range(count):
        pacer.wait(verb)
        times.append(clock.monotonic())
    return times


class InterruptedClock(FakeClock):
    """Lets something happen while somebody sleeps, as other threads would."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], None]] = []

    def sleep(self, seconds: float) -> None:
        if self.meanwhile:
            self.meanwhile.pop()()
        super().sleep(seconds)


@pytest.mark.parametrize("share", [0.5, 1.0, 20.0])
@pytest.mark.parametrize("verb", ACCOUNT_RATES)
def test_the_achieved_rate_is_at_least_97_percent_of_the_limit_and_stays_under_it(verb, share):
    clock = FakeClock()
    times = sent(Pacer(ACCOUNT_RATES, share, clock), clock, 2000, verb)
    achieved = (len(times) - 1) / (times[-1] - times[0]) / (ACCOUNT_RATES[verb] * share)
    assert 0.97 <= achieved < 1.0


def test_at_the_published_limits_no_second_sees_more_requests_than_allowed():
    clock = FakeClock()
    times = sent(Pacer(ACCOUNT_RATES, 1.0, clock), clock, 100, Verb.PATCH)
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) == pytest.approx(1 / (2 * HEADROOM))
    assert max(gaps) == pytest.approx(min(gaps))


def test_a_short_delay_is_made_up_and_a_long_idle_time_is_not():
    clock = FakeClock()
    pacer = Pacer({Verb.GET: 1000 / HEADROOM}, 1.0, clock)
    pacer.wait(Verb.GET)
    clock.advance(60)
    times = sent(pacer, clock, 200, Verb.GET)
    assert sum(time == times[0] for time in times) == pytest.approx(1000 * BURST, abs=1)


def test_classes_of_request_do_not_wait_for_each_other():
    clock = FakeClock()
    pacer = Pacer(ACCOUNT_RATES, 1.0, clock)
    pacer.throttled(Verb.PATCH, 30.0)
    pacer.wait(Verb.GET)
    assert clock.slept == 0
    assert pacer.rate(Verb.GET) == 20 * HEADROOM


def test_after_a_429_nothing_is_sent_before_retry_after_and_then_at_half_the_rate():
    clock = FakeClock()
    pacer = Pacer(ACCOUNT_RATES, 1.0, clock)
    sent(pacer, clock, 3)
    now = clock.monotonic()
    pacer.throttled(Verb.WRITE, 7.5)
    times = sent(pacer, clock, 3)
    assert times == pytest.approx([now + 7.5 + n / (5 * HEADROOM / 2) for n in range(3)])


def test_a_sender_that_already_waits_for_its_turn_pauses_as_well():
    clock = InterruptedClock()
    pacer = Pacer(ACCOUNT_RATES, 1.0, clock)
    pacer.wait(Verb.WRITE)
    clock.meanwhile.append(lambda: pacer.throttled(Verb.WRITE, 10.0))
    pacer.wait(Verb.WRITE)
    assert clock.monotonic() == pytest.approx(10.0)


def test_without_retry_after_the_pause_doubles_until_a_success():
    clock = FakeClock()
    pacer = Pacer(ACCOUNT_RATES, 1.0, clock)
    pauses = []
    for _ in range(3):
        before = clock.monotonic()
        pacer.throttled(Verb.WRITE, None)
        pacer.wait(Verb.WRITE)
        pauses.append(clock.monotonic() - before)
    assert pauses == pytest.approx([1, 2, 4])
    clock.advance(100)
    pacer.succeeded(Verb.WRITE)
    before = clock.monotonic()
    pacer.throttled(Verb.WRITE, None)
    pacer.wait(Verb.WRITE)
    assert clock.monotonic() - before == pytest.approx(1)


def test_the_rate_halves_once_for_all_requests_under_way_and_not_below_a_sixteenth():
    clock = FakeClock()
    pacer = Pacer(ACCOUNT_RATES, 1.0, clock)
    full = pacer.rate(Verb.WRITE)
    for _ in range(5):
        pacer.throttled(Verb.WRITE, 2.0)
    assert pacer.rate(Verb.WRITE) == full / 2
    for _ in range(2000):
        pacer.wait(Verb.WRITE)
        pacer.throttled(Verb.WRITE, None)
    assert pacer.rate(Verb.WRITE) == full / 16


def test_a_request_under_way_prolongs_the_pause_and_never_shortens_it():
    clock = FakeClock()
    pacer = Pacer(ACCOUNT_RATES, 1.0, clock)
    pacer.throttled(Verb.WRITE, 10.0)
    pacer.throttled(Verb.WRITE, 20.0)
    pacer.throttled(Verb.WRITE, 1.0)
    pacer.wait(Verb.WRITE)
    assert clock.monotonic() == pytest.approx(20.0)


def test_a_retry_after_of_a_day_is_asked_about_again_after_five_minutes():
    clock = FakeClock()
    pacer = Pacer(ACCOUNT_RATES, 1.0, clock)
    pacer.throttled(Verb.WRITE, 86_400.0)
    pacer.wait(Verb.WRITE)
    assert clock.monotonic() == pytest.approx(300.0)


def test_successes_bring_the_full_rate_back_step_by_step():
    clock = FakeClock()
    pacer = Pacer(ACCOUNT_RATES, 1.0, clock)
    full = pacer.rate(Verb.WRITE)
    pacer.succeeded(Verb.WRITE)
    pacer.throttled(Verb.WRITE, 1.0)
    pacer.succeeded(Verb.WRITE)  # sent before the pause
    assert pacer.rate(Verb.WRITE) == full / 2
    clock.advance(1.0)
    rates = []
    for _ in range(12):
        pacer.succeeded(Verb.WRITE)
        rates.append(pacer.rate(Verb.WRITE))
    assert rates[0] == pytest.approx(full * 0.55)
    assert rates == sorted(rates)
    assert rates[-1] == full


def test_many_threads_share_one_rate():
    clock = FakeClock()
    pacer = Pacer(ACCOUNT_RATES, 1.0, clock)
    threads = [threading.Thread(target=sent, args=(pacer, clock, 20)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.monotonic() >= 199 / (5 * HEADROOM) * 0.999


STEPS = st.one_of(
    st.just("wait"),
    st.just("succeeded"),
    st.tuples(st.just("throttled"), st.one_of(st.none(), st.floats(0, 5))),
    st.tuples(st.just("idle"), st.floats(0, 3)),
)


@given(
    rate=st.floats(0.5, 500),
    share=st.floats(0.1, 2),
    steps=st.lists(STEPS, max_size=80),
)
def test_no_window_ever_has_more_requests_than_its_length_allows_and_the_burst(rate, share, steps):
    clock = FakeClock()
    pacer = Pacer({Verb.WRITE: rate}, share, clock)
    times = []
    for step in steps:
        match step:
            case "wait":
                times += sent(pacer, clock, 1)
            case "succeeded":
                pacer.succeeded(Verb.WRITE)
            case ("throttled", float() | None as after):
                pacer.throttled(Verb.WRITE, after)
            case (_, seconds):
                clock.advance(seconds)
    limit = rate * share
    burst = max(1.0, limit * BURST)
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            seconds = times[last] - start
            assert last - first + 1 <= burst + limit * seconds + 1e-6


def test_where_nothing_is_read_there_is_no_rate_of_listings():
    pacer = Pacer({Verb.WRITE: 10.0}, 1.0, FakeClock())
    assert pacer.rate(Verb.WRITE) > 9
    with pytest.raises(KeyError):
        pacer.rate(Verb.LIST)
