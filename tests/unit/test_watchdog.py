"""The watchdog: soon at first, then ever more slowly; a steady run forgives."""

from hypothesis import given
from hypothesis import strategies as st

from node.supervisor.watchdog import DELAY_S_MAX, STEADY_S, Watchdog


def test_each_failure_in_a_row_doubles_the_delay_up_to_a_limit():
    watchdog = Watchdog()
    delays = [watchdog.ended(0.0) for _ in range(9)]
    assert delays == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_a_run_that_was_steady_forgives_the_failures_before_it():
    watchdog = Watchdog()
    for _ in range(5):
        watchdog.ended(1.0)
    assert watchdog.ended(STEADY_S) == 1.0
    assert watchdog.failures_in_a_row == 1


def test_a_run_that_is_steady_now_has_no_failures_in_a_row():
    watchdog = Watchdog()
    watchdog.ended(0.0)
    watchdog.was_steady()
    assert watchdog.failures_in_a_row == 0


@given(st.lists(st.floats(0, 1e6), max_size=300))
def test_however_often_it_fails_the_delay_has_bounds(ends: list[float]):
    watchdog = Watchdog()
    for up_s in ends:
        assert 1.0 <= watchdog.ended(up_s) <= DELAY_S_MAX
