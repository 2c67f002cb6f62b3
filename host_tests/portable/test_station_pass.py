"""One pass per event: what an event changes is worked out once, and is what the control loop
gets."""

from station_bench import NOON, StationBench


class Counting:
    """Counts the passes of a station, and how often it works out its limits."""

    def __init__(self, station):
        self.passes = self.limits = 0
        settle, update = station.settle, station.limits.update

        def counted_pass():
            self.passes += 1
            settle()

        def counted_update():
            self.limits += 1
            update()

        station.settle = counted_pass
        station.limits.update = counted_update

    def of(self, event, *arguments):
        """(passes, limits worked out) of one event."""
        self.passes = self.limits = 0
        event(*arguments)
        return self.passes, self.limits


def three_charging():
    bench = StationBench(connectors=3, grid_da=400)
    for connector in (1, 2, 3):
        bench.charge(connector)
    bench.pass_time(60)
    bench.silent = True  # an answer is an event of its own
    return bench


def test_an_emergency_stop_with_three_transactions_works_out_the_limits_once():
    bench = three_charging()
    count = Counting(bench.station)
    assert count.of(bench.dispatch, bench.station.on_emergency_stop) == (1, 1)
    assert bench.permits == {1: False, 2: False, 3: False}


def test_an_event_that_a_limit_depends_on_works_out_the_limits_once():
    for name, event in (
        ("a profile", lambda bench: bench.set_profile()),
        ("no profiles any more", lambda bench: bench.ask("ClearChargingProfile", {})),
        ("a card that ends its transaction", lambda bench: bench.card("TAG1")),
        ("a vehicle that leaves", lambda bench: bench.unplug(2)),
        ("a vehicle that pauses", lambda bench: bench.pause(3)),
        ("a cable", lambda bench: bench.cable(1, 130)),
        ("a clock that was set", lambda bench: bench.clock_is_set()),
    ):
        bench = three_charging()
        bench.set_profile(id=7, level=1)
        count = Counting(bench.station)
        assert count.of(event, bench) == (1, 1), name


def test_an_event_that_no_limit_depends_on_works_out_none():
    bench = three_charging()
    count = Counting(bench.station)
    for event, arguments in (
        (bench.station.settle, ()),
        (bench.station.on_link, (False,)),
        (bench.station.seldom, ("security_event", "SettingSystemTime", None)),
        (bench.station.on_fault, (1, "WeakSignal", None, None, True)),
        (bench.station.on_cap, (1, "cable", None)),
    ):
        assert count.of(bench.dispatch, event, *arguments) == (1, 0), event


def test_a_message_between_a_due_moment_and_the_wakeup_leaves_the_limit_that_is_due():
    bench = three_charging()
    bench.set_profile(
        purpose="ChargePointMaxProfile", connector=0, periods=((0, 32), (43260 + 60, 10))
    )
    bench.now = NOON + 120  # the period has begun, and nobody has woken the station yet
    bench.up_ms += 60000
    bench.ask("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "90"})
    assert sum(bench.limits.values()) <= 100, bench.limits


def test_a_reset_that_fails_is_reported_in_the_pass_that_finds_it_and_is_a_part_no_more():
    bench = StationBench(keys={"ResetRetries": "0"})
    parts = bench.station._parts
    for resets in (1, 2):  # a failed one does not keep the next one from being tried
        bench.ask("Reset", {"type": "Soft"})
        assert len(bench.station._parts) == len(parts) + 1
        bench.pass_time(61)
        assert bench.resets == resets
        assert [
            p["errorCode"] for p in bench.actions("StatusNotification") if p["connectorId"] == 0
        ][-1] == "ResetFailure"
        assert bench.station._parts == parts


def test_a_second_reset_is_the_one_that_counts():
    bench = StationBench()
    bench.charge()
    for kind in ("Soft", "Hard"):
        assert bench.ask("Reset", {"type": kind}) == {"status": "Accepted"}
    bench.end()
    bench.pass_time(2)
    assert bench.resets == 1


def test_leaping_time_does_not_wait_for_a_stop_whose_last_reading_is_still_to_come():
    from setpoint.app import App

    class TheApp:
        station = None

    bench = StationBench()
    bench.charge()
    TheApp.station = bench.station
    bench.card("TAG1")  # the contactor is closed yet
    assert len(bench.station.outbox) == 1 and not App.waits_for_answers(TheApp)
    bench.silent = True
    bench.end()
    assert App.waits_for_answers(TheApp), "now the central system owes its answer"
