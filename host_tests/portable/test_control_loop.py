"""The control loop: its timer, its pace, its watchdog, and no allocation."""

import asyncio

from control_bench import charging, protected, run
from memory import bytes_taken
from micropython import heap_lock, heap_unlock
from outlet import Board, Outlet
from station_bench import NOON, StationBench

from setpoint.clock import Clock
from setpoint.control import Control


class Ticked(Board):
    """Whose timer is a test: 20 ms pass from one tick to the next."""

    period_ms = 20

    def __init__(self, outlets):
        Board.__init__(self, outlets)
        self.clock = self
        self.feeds = 0

    def lap_ms(self):
        return 10  # before a step and after it

    def set_alive(self, high):
        pass

    def feed_watchdog(self):
        self.feeds += 1


def test_once_the_station_is_to_end_a_last_step_closes_no_contactor():
    class Safe(Board):
        def make_safe(self):
            for outlet in self.outlets:
                outlet.set_contactor(False)

    control, evses = charging(2, board=Safe)
    evses[0].outlet.show("B")
    run(control, 6000)
    evses[0].outlet.show("C")
    run(control, 400)
    assert evses[0].sequence.state == "B2"
    control.halt()  # a task died, and the loop's own comes once more before it is cancelled
    run(control, 1000)
    assert [evse.outlet.closed for evse in evses] == [False, False]


def test_the_contactor_is_open_within_100_ms_however_far_apart_the_steps_of_several_pilots_are():
    burst_ms, relay_ms = 8, 25
    for period_ms in range(20, 34):
        control, (evse,) = charging()
        evse.outlet.show("B")  # just behind the beginning of a burst, which saw C
        since_ms = 0
        while evse.outlet.closed:
            since_ms += period_ms
            control.step(period_ms)
        assert since_ms + burst_ms + relay_ms <= 100, period_ms
        assert since_ms >= 2 * period_ms, "one burst opens nothing"
        assert period_ms > 22 or since_ms == 3 * period_ms


def test_a_control_step_of_two_connectors_allocates_nothing():
    control, evses = charging(2)
    assert bytes_taken(lambda: run(control, 4000)) == 0
    evses[0].limit_da = 100
    evses[1].permitted = False
    assert bytes_taken(lambda: run(control, 8000)) == 0
    assert evses[0].offered_da() == 100 and not evses[1].outlet.closed


def test_a_call_of_the_timer_allocates_nothing():
    board = Ticked([Outlet(1), Outlet(2)])
    control = Control(board, 320, lambda: None, {})
    control.tick(None)

    def ticks():
        for _ in range(200):
            control.tick(None)

    assert bytes_taken(ticks) == 0 and board.feeds == 201
    control.signs_of_life += 1
    assert bytes_taken(ticks) == 0


def test_asking_whether_anything_is_due_allocates_nothing():
    bench = StationBench(connectors=2)
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


def test_a_step_is_not_healthy_when_the_contactor_is_closed_and_the_pilot_not_known():
    control, (evse,) = protected()
    assert control.step(20) is True
    evse.outlet.ok = False
    assert control.step(20) is False
    run(control, 100)
    assert not evse.outlet.closed and control.step(20) is True, "safe is healthy"


class Paced:
    """A board whose loop is driven by a script, an entry for each step: (for how long the
    interpreter stands still before it, how long it takes, how it ends)."""

    outlets = []
    has_thermometer = False
    period_ms = 20

    def __init__(self, script):
        self.clock = self
        self.now_ms = 0
        self.fed, self.alive, self.began, self.told = [], [], [], []
        self.safe = 0
        self._script = script
        self._lap_ms = 0

    def lap_ms(self):
        lap_ms = self.now_ms - self._lap_ms
        self._lap_ms = self.now_ms
        return lap_ms

    def feed_watchdog(self):
        self.fed.append(self.now_ms)

    def set_alive(self, high):
        self.alive.append(high)

    def make_safe(self):
        self.safe += 1

    def step(self, elapsed_ms):
        self.began.append(self.now_ms)
        self.told.append(elapsed_ms)
        _, takes_ms, well = self._script.pop(0)
        self.now_ms += takes_ms
        return well

    def run(self, signs_of_life=True):
        control = Control(self, 320, lambda: None, {})
        control.step = self.step
        due_ms = 20
        while self._script:
            control.signs_of_life += signs_of_life
            self.now_ms = max(self.now_ms, due_ms) + self._script[0][0]
            # What the timer asked for meanwhile comes together
            while due_ms <= self.now_ms and self._script:
                due_ms += 20
                control.tick(None)
        return control


def test_only_a_healthy_step_that_comes_in_time_feeds_the_watchdog_and_moves_the_alive_line():
    board = Paced([(0, 0, True), (0, 0, True), (0, 0, False), (181, 0, True), (181, 0, True)])
    control = board.run()
    assert board.told == [20, 20, 20, 201, 200]
    assert board.fed == [20, 40, 461]
    assert board.alive == [True, False, True]
    assert control.worst_stall_ms == 181


def test_a_step_begins_every_20_ms_however_long_it_takes():
    board = Paced([(0, 7, True)] * 5)
    assert board.run().worst_stall_ms == 0
    assert board.began == [20, 40, 60, 80, 100], "an opening in three of them: 60 ms"
    assert board.told == [20] * 5


def test_calls_of_the_timer_that_were_missed_count_as_one_and_others_have_their_turn_between_steps():
    for still_ms, began in (
        (134, [20, 174, 200]),
        (150, [20, 190, 200]),
        (153, [20, 193, 220]),
        (2000, [20, 2040, 2060]),
    ):
        board = Paced([(0, 6, True), (still_ms, 6, True), (0, 6, True)])
        board.run()
        assert board.began == began and sum(board.told) == began[-1], (
            still_ms,
            board.began,
            board.told,
        )


def test_an_agent_that_hangs_gets_its_minute_then_the_contactor_opens_in_order_then_the_watchdog_has_its_way():
    control, (evse,) = charging(board=Ticked)
    control.signs_of_life += 1
    board, outlet = control._board, evse.outlet
    outlet.done = []

    def ticks(count):
        for _ in range(count):
            control.tick(None)

    ticks(2990)
    assert outlet.closed and outlet.done == [] and board.feeds == 2990
    ticks(20)
    assert outlet.closed and outlet.done == ["duty"] and outlet.duty_u16 == 65535, (
        "the vehicle is told to stop"
    )
    outlet.show("B")
    ticks(4)
    assert not outlet.closed and board.feeds == 3014
    ticks(1000)
    assert 3480 < board.feeds < 3520, "10 s after the vehicle was told: it may take 6 s"
    control.signs_of_life += 1
    board.feeds = 0
    ticks(2000)
    assert board.feeds == 2000 and evse.offered_da() == 160, "the agent was busy, no more"


def test_what_a_step_raises_makes_the_outputs_safe_and_ends_the_control_task_with_it():
    class Broken(Board):
        period_ms = 20
        steps = None

        def __init__(self, outlets):
            Board.__init__(self, outlets)
            self.clock = Clock()
            self.safe = 0

        def run_steps(self, step):
            self.steps = step

        def make_safe(self):
            self.safe += 1
            for outlet in self.outlets:
                outlet.set_contactor(False)

        def set_alive(self, high):
            pass

        feed_watchdog = temperature_c = lambda self: None

    async def run_with(raised):
        control, (evse,) = charging(board=Broken)
        board = control._board
        task = asyncio.create_task(control.run())
        await asyncio.sleep(0.02)

        def fails():
            raise raised

        evse.outlet.read_pilot = fails
        board.steps(None)
        assert not evse.outlet.closed and board.safe == 1, "at once, not when the task has its turn"
        evse.outlet.show("C")
        board.steps(None)
        assert not evse.outlet.closed
        try:
            await task
        except BaseException as error:
            return error

    for raised in (ValueError("a fault of ours"), MemoryError()):
        assert asyncio.run(run_with(raised)) is raised


def test_the_loop_measures_its_laps_in_small_numbers_however_long_the_station_runs():
    clock = Clock()
    clock._real = (1 << 40, clock._real[1])
    clock.lap_ms()
    heap_lock()
    try:
        lap_ms = clock.lap_ms()
    finally:
        heap_unlock()
    assert 0 <= lap_ms < 1000
