"""The control loop around the pilot's machine: order, phases, ratings, and no allocation."""

from micropython import heap_lock, heap_unlock
from station_bench import NOON, Bench

from setpoint.clock import Clock
from setpoint.control import Control


class Outlet:
    """Hardware that notes what is done to it; the vehicle is a pair of voltages."""

    def __init__(self, number=1):
        self.id = number
        self.high_mv = 12000
        self.low_mv = 12000
        self.phases = 3
        self.duty_u16 = 65535
        self.closed = False
        self.done = None  # a list, when somebody wants to know

    def read_pilot(self):
        self.low_mv = self.high_mv if self.duty_u16 == 65535 else -12000

    def _note(self, what):
        if self.done is not None:
            self.done.append(what)

    def set_duty_u16(self, duty):
        self.duty_u16 = duty
        self._note("duty")

    def set_contactor(self, closed):
        self.closed = closed
        self._note("close" if closed else "open")

    def set_phases(self, phases):
        assert not self.closed, "phases are switched under load"
        self.phases = phases
        self._note("phases %d" % phases)


class Board:
    def __init__(self, outlets):
        self.outlets = outlets


def loop(connectors=1, rating_da=320):
    control = Control(Board([Outlet(i + 1) for i in range(connectors)]), rating_da, lambda: None)
    return control, [control.points[i + 1] for i in range(connectors)]


def run(control, ms):
    for _ in range(ms // 20):
        control.step(20)


def charging(connectors=1):
    control, points = loop(connectors)
    run(control, 1000)
    for point in points:
        point.limit_da = 160
        point.permitted = True
        point.outlet.high_mv = 9000
    run(control, 200)
    for point in points:
        point.outlet.high_mv = 6000
    run(control, 1500)
    for point in points:
        assert point.outlet.closed and point.offered_da() == 160
    return control, points


def test_the_contactor_opens_before_the_pilot_changes_and_closes_after():
    control, (point,) = charging()
    point.outlet.done = []
    point.outlet.high_mv = 12000
    run(control, 100)
    assert point.outlet.done == ["open", "duty"]
    point.outlet.done = []
    point.outlet.high_mv = 9000
    run(control, 6000)
    point.outlet.high_mv = 6000
    run(control, 1500)
    assert point.outlet.done == ["duty", "close"]


def test_no_limit_lifts_the_rating_of_the_hardware():
    control, (point,) = charging()
    point.limit_da = 800
    run(control, 6000)
    assert point.offered_da() == 320


def test_phases_are_switched_with_the_contactor_open_and_a_pause():
    control, (point,) = charging()
    point.outlet.done = []
    point.phases = 1
    run(control, 40)
    assert point.outlet.done == ["duty"] and point.outlet.duty_u16 == 65535
    point.outlet.high_mv = 9000
    run(control, 200)
    assert point.outlet.done == ["duty", "open", "phases 1"]
    run(control, 14500)
    assert point.offered_da() == 0
    run(control, 1000)
    assert point.offered_da() == 160
    point.outlet.high_mv = 6000
    run(control, 1500)
    assert point.outlet.closed and point.outlet.phases == 1


def test_a_vehicle_that_does_not_stop_is_cut_before_phases_are_switched():
    control, (point,) = charging()
    point.phases = 1
    run(control, 5900)
    assert point.outlet.closed and point.outlet.phases == 3
    run(control, 200)
    assert not point.outlet.closed and point.outlet.phases == 1


def test_a_control_step_of_two_connectors_allocates_nothing():
    control, points = charging(2)
    heap_lock()
    try:
        for _ in range(200):
            control.step(20)
        points[0].limit_da = 100
        points[1].permitted = False
        for _ in range(400):
            control.step(20)
    finally:
        heap_unlock()
    assert points[0].offered_da() == 100 and not points[1].outlet.closed


def test_asking_whether_anything_is_due_allocates_nothing():
    bench = Bench(connectors=2)
    bench.set_profile(periods=((0, 16), (80000, 10)))
    bench.charge(1)
    clock = Clock(NOON)
    station = bench.station
    station.due_at_ms()  # worked out after each event, before the app sleeps
    due = 0
    clock.set_alarm(3600000)
    heap_lock()
    try:
        for _ in range(100):
            if clock.rings() or station.due_at_ms() <= 0:
                due += 1
    finally:
        heap_unlock()
    assert due == 0
    clock.set_alarm(0)
    assert clock.rings()


def test_a_clock_that_is_set_goes_on_from_there():
    clock = Clock(None, True)  # frozen: nothing passes but what `advance` says
    assert clock.now() is None
    for at in (NOON, 0, -5, NOON + 86400 * 365 * 30):
        clock.advance(1234)
        clock.set(at)
        assert clock.now() == at and clock.into_second_ms() == 0
        clock.advance(999)
        assert clock.now() == at and clock.into_second_ms() == 999
        clock.advance(1)
        assert clock.now() == at + 1 and clock.into_second_ms() == 0
        clock.advance(2001)
        assert clock.now() == at + 3 and clock.into_second_ms() == 1


def test_the_clock_follows_whoever_should_know_but_not_for_the_way_of_a_message():
    clock = Clock(NOON)
    assert not clock.correct(NOON + 2) and not clock.correct(NOON - 2)
    assert clock.correct(NOON + 3) and clock.now() == NOON + 3
    clock.advance(3600000)
    assert not clock.correct(NOON + 3), "who is told the time at the bench did not leap with us"
    assert clock.correct(NOON + 100) and clock.now() == NOON + 100
    frozen = Clock(NOON, True)
    assert not frozen.correct(NOON + 1000) and frozen.now() == NOON
