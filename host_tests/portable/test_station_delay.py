"""The random delay before charging begins or goes on after a pause."""

from station_bench import StationBench

KEYS = {"RandomDelayMax": "600", "AllowOfflineTxForUnknownId": "true"}
PLAN = "zone UTC0\nSun 12:10-13:00 16\notherwise 0"


def press(bench):
    """The driver's button, as the app takes it."""
    delay = bench.station.facts.random_delay
    if delay is not None:
        bench.dispatch(delay.end_all)
        bench.wake()


def charging(keys=None, periods=((0, 0), (43200 + 600, 16)), connectors=1):
    """Noon: paused by a profile for another ten minutes; the delay of the start is over."""
    bench = StationBench(keys=keys or KEYS, connectors=connectors)
    press(bench)
    for connector in range(1, connectors + 1):
        bench.charge(connector)
    if periods:
        bench.set_profile(connector=0, periods=periods)
    bench.disconnect()
    return bench


def seconds_until(bench, da, connector=1, most=2000):
    for second in range(most):
        if bench.limits[connector] == da:
            return second
        bench.pass_time(1)
    raise AssertionError("%d dA did not come" % da)


def test_without_the_key_nothing_is_delayed():
    bench = charging(keys={"AllowOfflineTxForUnknownId": "true"})
    assert bench.station.facts.random_delay is None
    assert seconds_until(bench, 160) == 600


def test_a_charge_that_may_go_on_after_a_pause_waits_at_random_and_no_longer_than_the_key_says():
    waits = []
    for i in range(20):
        bench = charging()
        bench.station.facts.random_delay._seed = "station %d" % i
        waits.append(seconds_until(bench, 160) - 600)
    assert min(waits) >= 0 and max(waits) <= 600, waits
    assert len(set(waits)) > 10 and max(waits) - min(waits) > 200, waits


def test_connectors_wait_each_by_its_own_number():
    bench = charging(connectors=4)
    bench.pass_time(600)
    ends = [bench.station.facts.random_delay._of[i].ends_ms for i in (1, 2, 3, 4)]
    assert len(set(ends)) == 4 and None not in ends, ends


def waiting(**more):
    """In the delay, with a long way to go."""
    bench = charging(**more)
    for i in range(100):
        bench.station.facts.random_delay._seed = "long %d" % i
        trial = bench.station.facts.random_delay._ends_ms(bench.station.facts.connectors[0])
        bench.station.facts.random_delay._drawn = 0
        if trial - bench.up_ms > 400000:
            break
    bench.pass_time(605)
    assert bench.limits[1] == 0
    return bench


def reconnect(bench):
    """Its central system has the time of noon, always."""
    now = bench.now
    bench.connect()
    bench.now = now
    bench.clock_is_set()


def test_who_asks_learns_why():
    bench = waiting()
    limit = bench.station.limits.of[1]
    assert (limit.source, limit.why(bench.now)) == ("random delay", "random delay")
    assert bench.station.facts.connectors[0].status() == "SuspendedEVSE"
    assert [line for line in bench.logs if "random delay of" in line]


def test_the_plan_shows_no_delay():
    bench = waiting()
    reconnect(bench)
    answer = bench.ask("GetCompositeSchedule", {"connectorId": 1, "duration": 60})
    assert answer["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 16


def test_the_card_of_the_transaction_ends_the_delay_and_the_next_time_the_transaction():
    bench = waiting()
    bench.card("TAG1", [1])
    assert bench.limits[1] == 160
    bench.card("TAG1", [1])
    assert bench.station.facts.connectors[0].transaction is None


def test_another_card_ends_no_delay_of_a_transaction():
    bench = waiting()
    bench.card("OTHER", [1])
    assert bench.limits[1] == 0


def test_the_button_ends_every_delay():
    bench = waiting(connectors=2)
    press(bench)
    assert bench.limits[1] == bench.limits[2] == 160


def test_a_lowering_is_never_delayed_and_a_pause_in_the_delay_begins_no_second_one():
    bench = charging(periods=((0, 0), (43200 + 600, 16), (43200 + 620, 0), (43200 + 640, 10)))
    bench.pass_time(601)
    ends_ms = bench.station.facts.random_delay._of[1].ends_ms
    assert bench.station.limits.of[1].source == "random delay"
    bench.pass_time(20)
    assert bench.limits[1] == 0 and bench.station.limits.of[1].source == "schedule"
    bench.pass_time(20)
    assert bench.station.facts.random_delay._of[1].ends_ms in (ends_ms, None)
    assert len([line for line in bench.logs if "random delay of" in line]) == 2, "start, pause"
    bench = charging(periods=((0, 32), (43200 + 10, 6)))
    bench.pass_time(10)
    assert bench.limits[1] == 60


def test_a_rise_without_a_pause_and_a_new_transaction_are_not_delayed():
    bench = charging(periods=((0, 6), (43200 + 10, 32)))
    bench.pass_time(10)
    assert bench.limits[1] == 320
    bench.card("TAG1", [1])
    bench.end()
    bench.unplug()
    bench.charge()
    assert bench.limits[1] == 320


def test_what_only_this_house_gives_back_is_not_delayed():
    bench = charging(periods=())
    bench.total("house", 0)
    assert bench.limits[1] == 0
    bench.total("house", 200)
    assert bench.limits[1] == 200
    bench.cap(1, "temperature", 0)
    bench.cap(1, "temperature", None)
    assert bench.limits[1] == 200


def test_the_weekly_plan_the_dim_input_and_the_fallback_are_delayed():
    def plan(bench):
        bench.connect()
        request = {"vendorId": "Setpoint", "messageId": "SetPlan", "data": PLAN}
        assert bench.ask("DataTransfer", request)["status"] == "Accepted"
        bench.disconnect()
        bench.pass_time(600)

    def dim(bench):
        bench.total("dim", 0)
        assert bench.limits[1] == 0
        bench.total("dim", None)

    def cleared(bench):
        bench.connect()
        bench.set_profile(periods=((0, 0),))
        assert bench.limits[1] == 0
        bench.ask("ClearChargingProfile", {})

    def fallback(bench):
        bench.station.limits.cap(1, "fallback", 0)
        bench.wake()
        assert bench.limits[1] == 0
        bench.station.limits.cap(1, "fallback", None)
        bench.wake()

    for pause in (plan, dim, cleared, fallback):
        bench = charging(periods=())
        bench.station.facts.random_delay._seed = "x"
        pause(bench)
        assert bench.station.facts.random_delay._of[1].ends_ms is not None, pause


def test_every_start_delays_and_the_drivers_card_ends_it():
    bench = charging(periods=())
    again = StationBench(keys=KEYS, memory=bench.memory)
    assert again.station.facts.connectors[0].transaction is not None, "it goes on"
    assert again.limits[1] == 0
    assert 0 < seconds_until(again, 320) <= 600

    fresh = StationBench(keys=KEYS)
    fresh.plug()
    assert fresh.limits[1] == 0
    fresh.card("TAG1", [1])
    assert fresh.station.facts.connectors[0].transaction is not None and fresh.limits[1] == 320


def test_a_remote_start_waits_for_the_delay_of_the_start():
    bench = StationBench(keys=KEYS)
    bench.plug()
    bench.ask("RemoteStartTransaction", {"idTag": "APP", "connectorId": 1})
    assert bench.station.facts.connectors[0].transaction is not None and bench.limits[1] == 0
    assert 0 < seconds_until(bench, 320) <= 600


def test_a_clock_that_is_set_moves_no_delay():
    bench = waiting()
    ends_ms = bench.station.facts.random_delay._of[1].ends_ms
    bench.now += 3000
    bench.clock_is_set()
    assert bench.limits[1] == 0 and bench.station.facts.random_delay._of[1].ends_ms == ends_ms


def test_the_key_may_be_changed_and_0_ends_what_waits():
    bench = waiting()
    reconnect(bench)
    change = {"key": "RandomDelayMax", "value": "1801"}
    assert bench.ask("ChangeConfiguration", change)["status"] == "Rejected"
    bench.ask("ChangeConfiguration", dict(change, value="0"))
    assert bench.limits[1] == 160
    bench.ask("ChangeConfiguration", dict(change, value="1800"))
    assert bench.limits[1] == 160, "nothing paused"
