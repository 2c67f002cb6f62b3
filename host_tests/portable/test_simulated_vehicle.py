"""The simulated vehicle behind its outlet: when it asks, how much it draws, and what the meter
makes of it."""

from memory import bytes_taken

from setpoint.board.simulated.outlet import Outlet
from setpoint.pilot.duty import duty_u16_for

STEADY_HIGH = 65535


class HandClock:
    def __init__(self):
        self.ms = 0

    def uptime_ms(self):
        return self.ms

    def passed_ms(self):
        return self.ms


class Memory:
    def __init__(self, wh=0):
        self.wh = wh

    def keep(self, wh):
        self.wh = wh


class OutletBench:
    """An outlet on a clock that is moved by hand."""

    def __init__(self, wh=0, phases=3):
        self.clock = HandClock()
        self.memory = Memory(wh)
        self.outlet = Outlet(1, True, 230, phases, self.clock, self.memory)

    def wait(self, duration_ms):
        self.clock.ms += duration_ms

    def offer(self, limit_da):
        self.outlet.set_duty_u16(duty_u16_for(limit_da))

    def plug_in(self, amps_da=320, phases=3, draw_delay_ms=0):
        self.outlet.settle()
        self.outlet.vehicle.plug_in(amps_da, phases, draw_delay_ms)
        self.outlet.look_at_pilot()

    def state(self):
        self.outlet.read_pilot()
        return "A" if self.outlet.high_mv > 10500 else "B" if self.outlet.high_mv > 7500 else "C"


def charging(amps_da=320, phases=3, limit_da=160):
    bench = OutletBench()
    bench.plug_in(amps_da, phases)
    bench.offer(limit_da)
    bench.outlet.set_contactor(True)
    return bench


def test_a_vehicle_asks_for_current_only_when_the_pilot_offers_some():
    bench = OutletBench()
    assert bench.state() == "A"
    bench.plug_in()
    assert bench.state() == "B"
    bench.wait(60000)
    assert bench.state() == "B"
    bench.offer(160)
    assert bench.state() == "C"


def test_a_vehicle_waits_for_its_draw_delay_first():
    bench = OutletBench()
    bench.offer(160)
    bench.plug_in(draw_delay_ms=2500)
    bench.wait(2499)
    assert bench.state() == "B"
    bench.wait(1)
    assert bench.state() == "C"


def test_it_draws_what_it_can_of_what_is_offered():
    for amps_da, limit_da, want_da in ((320, 160, 160), (81, 160, 81), (320, 60, 60), (0, 160, 0)):
        assert charging(amps_da, 3, limit_da).outlet.meter_da() == want_da, (amps_da, limit_da)


def test_it_draws_on_its_own_phases_that_are_switched():
    for vehicle, switched, supply, want_w in (
        (3, 3, 3, 11040),
        (1, 3, 3, 3680),
        (2, 3, 3, 7360),
        (3, 1, 3, 3680),
        (3, 3, 1, 3680),
    ):
        bench = OutletBench(phases=supply)
        bench.plug_in(320, vehicle)
        bench.offer(160)
        bench.outlet.set_phases(switched)
        bench.outlet.set_contactor(True)
        assert bench.outlet.meter_w() == want_w, (vehicle, switched, supply)


def test_no_current_flows_through_an_open_contactor():
    bench = charging()
    bench.outlet.set_contactor(False)
    assert bench.outlet.meter_w() == 0


def test_a_stuck_contactor_does_not_follow_its_coil():
    bench = charging()
    bench.outlet.stuck = "open"
    assert bench.outlet.contactor_closed() is False and bench.outlet.meter_da() == 0
    bench.outlet.stuck = "closed"
    bench.outlet.set_contactor(False)
    assert bench.outlet.contactor_closed() is True and bench.outlet.meter_da() == 160


def test_it_follows_a_new_duty_within_a_second():
    bench = charging()
    bench.offer(100)
    bench.wait(999)
    assert bench.outlet.meter_da() == 160
    bench.wait(1)
    assert bench.outlet.meter_da() == 100


def test_when_the_offer_ends_it_stops_within_one_second_and_asks_no_more_after_three():
    bench = charging()
    bench.outlet.set_duty_u16(STEADY_HIGH)
    bench.wait(1000)
    assert bench.outlet.meter_da() == 0 and bench.state() == "C"
    bench.wait(2000)
    assert bench.state() == "B"
    bench.offer(60)
    assert bench.state() == "C" and bench.outlet.meter_da() == 60


def test_a_vehicle_that_wants_no_more_goes_back_to_b_and_asks_again_when_told():
    bench = charging()
    bench.outlet.vehicle.want(False, None, None)
    assert bench.state() == "B" and bench.outlet.meter_w() == 0
    bench.outlet.vehicle.want(True, 80, 1)
    assert bench.state() == "C" and bench.outlet.meter_w() == 1840


def test_a_vehicle_that_is_unplugged_draws_nothing():
    bench = charging()
    bench.outlet.vehicle.plug_out()
    bench.outlet.look_at_pilot()
    assert bench.state() == "A" and bench.outlet.meter_w() == 0


def test_a_shorted_pilot_offers_nothing():
    bench = charging()
    bench.outlet.circuit.fault = "short"
    bench.outlet.look_at_pilot()
    bench.wait(1000)
    assert bench.outlet.meter_da() == 0


def test_the_register_counts_watts_times_time_without_losing_a_remainder():
    bench = charging(phases=1)  # 3680 W
    for _ in range(3600000 // 50):
        bench.wait(50)
        bench.outlet.read_pilot()
    assert bench.outlet.meter_wh() == 3680


def test_a_leap_counts_as_if_one_had_waited():
    bench = charging()  # 11040 W
    bench.offer(80)  # 5520 W, after one second
    bench.wait(3600000)
    assert bench.outlet.meter_wh() == (11040 * 1 + 5520 * 3599) // 3600


def test_a_day_of_charging_fits():
    bench = charging(phases=1)
    bench.wait(86400000)
    assert bench.outlet.meter_wh() == 3680 * 24


def test_what_the_meter_answers_it_has_kept():
    bench = charging()
    bench.wait(1000000)
    assert bench.outlet.meter_wh() == bench.memory.wh == 3066
    assert OutletBench(wh=3066).outlet.meter_wh() == 3066


def step(outlet):
    outlet.read_pilot()
    outlet.set_contactor(True)
    outlet.set_duty_u16(17476)
    outlet.contactor_closed()


def test_reading_the_pilot_allocates_nothing():
    bench = charging()
    bench.outlet.read_pilot()
    for step_ms in (0, 20, 1000):
        bench.wait(step_ms)
        assert bytes_taken(lambda: step(bench.outlet)) == 0
