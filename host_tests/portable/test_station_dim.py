"""The grid operator's contact: all connectors together draw less while it says so."""

from station_bench import StationBench

from setpoint.charging.dimming import Dimming
from setpoint.protocol.iso8601 import instant_from

NOON = instant_from("2025-06-15T12:00:00Z")


class DimBench(StationBench):
    def __init__(self, watts=4200, says=False, **more):
        self.watts = watts
        StationBench.__init__(self, register=False, **more)
        if says is not None:
            self.dim(says)

    def dim(self, dims=True):
        self.dispatch(self.station.dimming.on_contact, dims)
        self.wake()

    def records(self):
        return list(self.station.dimming.take_records())

    def dispatch(self, event, *arguments):
        if event == self.station.start:
            station = self.station
            station.dimming = Dimming(station.facts, station.limits, self.watts)
        StationBench.dispatch(self, event, *arguments)


def bench_with(**more):
    bench = DimBench(keys={"AllowOfflineTxForUnknownId": "true"}, **more)
    bench.records()
    return bench


def running_da(bench):
    return sum(
        [bench.limits[c.id] for c in bench.station.facts.connectors if c.transaction is not None]
    )


def test_the_limit_begins_in_the_pass_of_the_contact_and_ends_a_minute_after_it_rests():
    bench = bench_with()
    bench.charge()
    assert bench.limits[1] == 320
    bench.dim()
    assert bench.limits[1] == 60
    limit = bench.station.limits.of[1]
    assert (limit.source, limit.why(bench.now)) == ("dim", "dim input: 4200 W in all")
    bench.pass_time(3600)
    assert bench.limits[1] == 60
    bench.dim(False)
    bench.pass_time(59)
    assert bench.limits[1] == 60
    bench.pass_time(1)
    assert bench.limits[1] == 320


def test_watts_count_on_all_wired_phases_and_are_rounded_down():
    for phases, watts, da in ((3, 4200, 60), (1, 4200, 182), (3, 4100, 59), (3, 30000, 320)):
        bench = bench_with(phases=phases, watts=watts)
        bench.charge()
        bench.dim()
        assert bench.limits[1] == da, (phases, watts)


def test_all_connectors_together_draw_no_more():
    bench = bench_with(connectors=3, watts=9000)
    for connector in (1, 2, 3):
        bench.charge(connector)
    bench.pass_time(30)
    bench.dim()
    for _ in range(60):
        assert running_da(bench) <= 130
        bench.pass_time(1)
    assert sorted(bench.limits.values()) == [0, 65, 65]


def test_no_profile_lifts_the_limit_and_a_lower_one_holds():
    bench = bench_with()
    bench.connect()
    bench.charge()
    bench.dim()
    bench.set_profile(periods=((0, 32),), level=8)
    assert bench.limits[1] == 60
    bench.set_profile(periods=((0, 0),), level=8)
    assert bench.limits[1] == 0


def test_until_the_contact_was_read_the_limit_holds():
    bench = bench_with()
    bench.charge()
    again = DimBench(says=None, memory=bench.memory)
    assert again.limits[1] == 60
    again.dim(False)
    assert again.limits[1] == 320


def test_a_contact_that_chatters_dims_all_the_time_and_is_one_event():
    bench = bench_with()
    bench.charge()
    for _ in range(200):
        bench.dim()
        bench.pass_time(20)
        bench.dim(False)
        bench.pass_time(20)
        assert bench.limits[1] == 60
    bench.pass_time(60)
    assert [kind for kind, _, _ in bench.records()] == ["B", "E"]


def test_each_begin_and_end_is_a_record_with_its_time():
    bench = bench_with()
    bench.dim()
    bench.pass_time(1800)
    bench.dim(False)
    bench.pass_time(60)
    assert bench.records() == [("B", NOON, 0), ("E", NOON + 1860, 1860)]
    assert bench.records() == []
    assert DimBench(says=True).records() == [("S", NOON, 0)]
    assert DimBench(says=False).records() == [("F", NOON, 0)]


def test_records_without_the_time_get_it_when_the_clock_is_set():
    bench = DimBench(now=None)
    bench.pass_time(100)
    bench.dim()
    bench.pass_time(100)
    assert bench.records() == [("F", None, 0), ("R", None, 0), ("B", None, 100)]
    bench.now = NOON
    bench.clock_is_set()
    assert bench.records() == [("C", NOON - 200, 0)]
    bench.dim(False)
    bench.pass_time(60)
    assert bench.records() == [("E", NOON + 60, 260)]


def test_what_flash_does_not_take_is_tried_again_after_a_minute_and_does_not_grow():
    bench = bench_with()
    for _ in range(50):
        bench.dim()
        bench.dim(False)
        bench.pass_time(60)
        records = bench.records()
        if records:
            bench.station.dimming.put_back(records)
    assert len(records) == 32 and records[0] == ("B", NOON, 0)
    assert bench.records() == []
    bench.pass_time(60)
    assert len(bench.records()) == 32
