"""One limit for several connectors (R29): never exceeded, down first, up after, and fairly
split."""

from station_bench import StationBench

MAX = {"connector": 0, "purpose": "ChargePointMaxProfile"}


def total(bench):
    return sum(
        [bench.limits[c.id] for c in bench.station.facts.connectors if c.transaction is not None]
    )


def test_the_combined_limit_of_charge_point_max_profile_is_shared_among_the_connectors():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 20),), **MAX)
    bench.charge(1)
    assert bench.limits[1] == 200
    bench.charge(2)
    bench.pass_time(30)
    assert (bench.limits[1], bench.limits[2]) == (100, 100)


def test_a_new_connector_waits_until_the_others_had_time_to_fall():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 20),), **MAX)
    bench.charge(1)
    bench.charge(2)
    assert bench.limits[1] == 100 and bench.limits[2] == 0
    bench.pass_time(10)
    assert bench.limits[2] == 0
    bench.pass_time(2)
    assert bench.limits[2] == 100


def test_what_happens_meanwhile_does_not_put_off_the_rise():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 20),), **MAX)
    bench.charge(1)
    bench.charge(2)
    for amps in (19, 20, 19, 20, 19, 20):
        bench.set_profile(id=5, connector=1, periods=((0, amps),))
        bench.pass_time(2)
    assert bench.limits[2] == 100


def test_a_limit_that_falls_in_steps_frees_room_in_steps():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 32),), **MAX)
    bench.charge(1)
    bench.charge(2)
    bench.set_profile(id=5, connector=1, level=1, periods=((0, 12),))
    bench.pass_time(6)
    bench.set_profile(id=5, connector=1, level=1, periods=((0, 8),))
    bench.pass_time(5)
    assert bench.limits[1] == 80 and bench.limits[2] == 200
    assert bench.station.limits.recheck_ms > bench.up_ms, "it would be woken again and again"
    bench.pass_time(6)
    assert bench.limits[2] == 240


def test_the_newest_waits_when_there_are_less_than_six_amperes_for_each():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 11),), **MAX)
    bench.charge(1)
    bench.charge(2)
    bench.pass_time(60)
    assert (bench.limits[1], bench.limits[2]) == (110, 0)
    assert bench.statuses(2)[-1] == "SuspendedEVSE"
    bench.card("TAG1", [1])
    bench.unplug(1)
    bench.pass_time(12)
    assert bench.limits[2] == 110 and bench.statuses(2)[-1] == "Charging"


def test_the_limit_of_the_installation_is_shared_too():
    bench = StationBench(connectors=3, grid_da=320)
    for connector in (1, 2, 3):
        bench.charge(connector)
        bench.pass_time(30)
        assert total(bench) <= 320
    assert [bench.limits[c] for c in (1, 2, 3)] == [106, 106, 106]


def test_a_vehicle_that_stops_asking_leaves_its_share_to_the_others():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 20),), **MAX)
    bench.charge(1)
    bench.charge(2)
    bench.pass_time(30)
    bench.pause(2)
    bench.pass_time(12)
    assert (bench.limits[1], bench.limits[2]) == (140, 60)
    assert bench.statuses(2)[-1] == "SuspendedEV"
    bench.resume(2)
    assert (bench.limits[1], bench.limits[2]) == (100, 60)
    bench.pass_time(12)
    assert (bench.limits[1], bench.limits[2]) == (100, 100)


def test_nobody_waits_for_a_chair_that_is_empty():
    bench = StationBench(connectors=3)
    bench.set_profile(periods=((0, 32),), **MAX)
    for connector in (1, 2, 3):
        bench.charge(connector)
    bench.pass_time(30)
    bench.pause()  # the oldest has enough
    for amps, want in (
        (18, [60, 60, 60]),
        (17, [0, 85, 85]),
        (11, [0, 110, 0]),
        (32, [60, 130, 130]),
    ):
        bench.set_profile(periods=((0, amps),), **MAX)
        bench.pass_time(30)
        assert [bench.limits[c] for c in (1, 2, 3)] == want, amps
    bench.set_profile(periods=((0, 17),), **MAX)
    bench.pass_time(30)
    bench.resume()  # it asks again: the newest waits
    bench.pass_time(30)
    assert [bench.limits[c] for c in (1, 2, 3)] == [85, 85, 0]


def test_a_vehicle_that_needs_ventilation_leaves_its_share_to_the_others():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 20),), **MAX)
    bench.charge(1)
    bench.charge(2)
    bench.pass_time(30)
    bench.pilot(2, "B2", "D")
    bench.pass_time(12)
    assert (bench.limits[1], bench.limits[2]) == (140, 60)
    assert bench.statuses(2)[-1] == "SuspendedEVSE"


def test_a_lower_station_limit_is_in_force_at_once():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 32),), **MAX)
    bench.charge(1)
    bench.charge(2)
    bench.pass_time(30)
    assert total(bench) == 320
    bench.set_profile(periods=((0, 14),), **MAX)
    assert total(bench) == 140


def test_the_one_that_wants_least_gets_it_and_the_rest_is_divided():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 30),), **MAX)
    bench.set_profile(id=2, connector=1, periods=((0, 8),))
    bench.charge(1)
    bench.charge(2)
    bench.pass_time(30)
    assert (bench.limits[1], bench.limits[2]) == (80, 220)


def test_an_open_contactor_frees_its_room_at_once():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 11),), **MAX)
    bench.charge(1)
    bench.charge(2)
    bench.card("TAG1", [1])
    assert bench.limits[2] == 0
    bench.asked_to_stop()
    assert bench.limits[2] == 0
    bench.plug()
    assert bench.limits[2] == 110


def test_an_idle_connector_shows_what_a_transaction_would_get():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 20),), **MAX)
    assert bench.limits[2] == 200
    bench.charge(1)
    assert bench.limits[2] == 100


def test_a_cable_limits_its_connector():
    bench = StationBench()
    bench.cable(da=130)
    assert bench.limits[1] == 130 and bench.station.limits.of[1].source == "cable"
    bench.cable(da=None)
    assert bench.limits[1] == 320


def test_a_cable_or_a_warm_board_that_bears_more_lifts_no_limit():
    bench = StationBench()
    bench.set_profile(connector=1, periods=((0, 10),))
    bench.charge(1)
    for source, da, limit_da in (
        ("cable", 200, 100),
        ("temperature", 240, 100),
        ("temperature", 80, 80),
        ("cable", 130, 80),
        ("temperature", None, 100),
    ):
        bench.cap(1, source, da)
        assert bench.limits[1] == limit_da, (source, da)


def test_a_limit_says_what_it_comes_from():
    bench = StationBench(connectors=2)
    grants = bench.station.limits.of
    assert grants[1].why(bench.now) in ("hardware", "installation")
    bench.set_profile(id=3, connector=1, periods=((0, 12),))
    bench.charge(1)
    assert grants[1].why(bench.now) == "TxDefaultProfile 3, level 0"
    assert (
        grants[1].why(None)
        == "TxDefaultProfile 3, level 0: its lowest period, since the time is not known"
    )
    bench.set_profile(id=4, periods=((0, 15),), **MAX)
    bench.charge(2)
    bench.pass_time(30)
    assert grants[1].why(bench.now).startswith("its share of ChargePointMaxProfile 4")
    bench.cable(da=60)
    assert grants[1].why(bench.now) == "cable"


def test_a_connector_whose_contactor_is_still_closed_keeps_its_share_for_itself():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 20),), **MAX)
    bench.charge(1)
    bench.charge(2)
    bench.pass_time(30)
    bench.card("TAG1", [1])
    for pilot in ("C2", "C2S"):
        bench.pilot(1, pilot, "C")
        assert bench.limits[2] == 100, pilot
    bench.plug()
    assert bench.limits[2] == 200


def test_a_vehicle_that_pauses_may_for_a_moment_still_come_back_with_what_it_was_offered():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 20),), **MAX)
    bench.charge(1)
    bench.pause()
    bench.charge(2)
    assert bench.limits[2] == 0
    bench.pass_time(12)
    assert (bench.limits[1], bench.limits[2]) == (60, 140)


def test_the_falls_of_a_long_charge_leave_nothing_in_ram():
    bench = StationBench()
    bench.charge(1)
    for _ in range(20):
        bench.set_profile(connector=1, periods=((0, 10),))
        bench.pass_time(12)
        bench.set_profile(connector=1, periods=((0, 16),))
        bench.pass_time(12)
    assert len(bench.station.limits.of[1]._falling) <= 1


def test_what_waits_for_room_counts_as_drawn_for_the_others():
    bench = StationBench(connectors=3)
    bench.set_profile(periods=((0, 30),), **MAX)
    for connector in (1, 2, 3):
        bench.charge(connector)
        bench.pass_time(30)
    assert [bench.limits[c] for c in (1, 2, 3)] == [100, 100, 100]
    # The others wait for what it lets go, and then for what it wants back
    for amps in (9, 8, 7, 6, 9, 8, 7, 6):
        bench.set_profile(id=5, connector=1, level=1, periods=((0, amps),))
        for _ in range(9):
            bench.pass_time(1)
            assert total(bench) <= 300
            assert (
                sum([bench.station.limits.of[c].reserved_da(bench.up_ms) for c in (1, 2, 3)]) <= 300
            ), amps
            assert all([bench.station.limits.of[c].running for c in (1, 2, 3)])


def test_each_connector_s_limit_changes_in_the_second_that_its_plan_says():
    bench = StationBench(connectors=3)
    noon_s = 12 * 3600
    for connector, changes in (
        (1, ((60, 8), (120, 14))),
        (2, ((90, 10),)),
        (3, ((30, 7), (110, 12))),
    ):
        periods = [(0, 16)] + [(noon_s + at, amps) for at, amps in changes]
        bench.set_profile(id=connector, connector=connector, periods=periods)
    for second in range(0, 130):
        want = [
            80 if 60 <= second < 120 else 140 if second >= 120 else 160,
            100 if second >= 90 else 160,
        ]
        want.append(160 if second < 30 else 70 if second < 110 else 120)
        assert [bench.limits[c] for c in (1, 2, 3)] == want, second
        bench.pass_time(1)


def test_a_second_fall_does_not_make_room_that_the_first_one_has_not_left_yet():
    bench = StationBench(connectors=2)
    bench.set_profile(periods=((0, 32),), **MAX)
    bench.charge(1)
    bench.charge(2)
    bench.pass_time(30)
    for amps in (12, 8):
        bench.set_profile(id=5, connector=1, level=1, periods=((0, amps),))
        assert bench.limits[2] == 160, amps
        bench.pass_time(2)


def test_a_total_limits_a_station_with_one_connector_and_says_why():
    bench = StationBench()
    bench.charge(1)
    bench.total("house", 105, "house, L2")
    limit = bench.station.limits.of[1]
    assert (limit.da, limit.source, limit.why(bench.now)) == (105, "house", "house, L2")
    assert limit.why(None) == "house, L2", "it needs no clock"
    bench.total("house", 105, "house, L3")
    assert limit.why(bench.now) == "house, L3"
    bench.total("house", None)
    assert (limit.da, limit.source) == (320, "hardware")


def test_a_total_is_shared_falls_at_once_and_rises_when_there_is_room():
    bench = StationBench(connectors=2)
    bench.charge(1)
    bench.charge(2)
    bench.total("house", 200, "house, L1")
    assert total(bench) <= 200 and bench.limits[1] == 100
    bench.pass_time(12)
    assert (bench.limits[1], bench.limits[2]) == (100, 100)
    limit = bench.station.limits.of[2]
    assert (limit.source, limit.why(bench.now)) == ("sharing", "its share of house, L1")
    bench.total("house", 110, "house, L1")
    assert total(bench) <= 110
    bench.pass_time(12)
    assert (bench.limits[1], bench.limits[2]) == (110, 0), "the newest waits"
    bench.total("house", 300, "house, L1")
    assert total(bench) <= 300
    bench.pass_time(12)
    assert (bench.limits[1], bench.limits[2]) == (150, 150)


def test_a_total_may_hold_connectors_to_one_phase_where_the_board_can_switch():
    bench = StationBench(switch=True, connectors=2)
    bench.charge()
    bench.total("surplus", 100, "surplus, on one phase", 1)
    assert (bench.limits[1], bench.phases) == (100, {1: 1, 2: 1})
    bench.total("house", 80, "house, L1")
    assert (bench.limits[1], bench.phases[1]) == (80, 1), "though another total is lower"
    bench.total("surplus", None)
    assert bench.phases == {1: 3, 2: 3}
    bench = StationBench()
    bench.total("surplus", 100, "surplus", 1)
    assert bench.phases[1] == 3, "nobody can switch"


def test_the_lowest_of_all_totals_holds_whoever_set_it():
    for connectors in (1, 2):
        bench = StationBench(connectors=connectors, grid_da=250)
        bench.charge(1)
        for source, da, limit_da in (
            ("house", 300, 250),
            ("dim", 90, 90),
            ("house", 70, 70),
            ("dim", None, 70),
            ("house", -20, 0),
            ("house", 280, 250),
        ):
            bench.total(source, da)
            assert bench.limits[1] == limit_da, (connectors, source, da)
        bench.set_profile(periods=((0, 8),), **MAX)
        assert bench.limits[1] == 80
        bench.total("house", 79)
        assert bench.limits[1] == 79
        bench.total("house", None)
        bench.set_profile(periods=((0, 32),), **MAX)
        assert bench.limits[1] == 250 and bench.station.limits.totals is None


def test_a_cap_of_the_connector_below_the_total_is_what_limits_it():
    bench = StationBench()
    bench.charge(1)
    bench.total("house", 150, "house, L1")
    bench.cable(da=130)
    assert bench.station.limits.of[1].why(bench.now) == "cable"
    bench.cable(da=200)
    assert bench.station.limits.of[1].why(bench.now) == "house, L1"
