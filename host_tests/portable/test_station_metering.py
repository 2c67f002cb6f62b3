"""When meters are read, and what is said of it (OCPP 1.6, 3.16)."""

from station_bench import StationBench

from setpoint.messaging.sampling import PERIODIC, Reading, sampled_values, short_form
from setpoint.protocol.iso8601 import instant_from, text_from

ALL = "Energy.Active.Import.Register,Power.Active.Import,Power.Offered,Current.Import,Current.Offered,Voltage,Temperature"


def moments(payload):
    """(timestamp, context of the first value, its value) of each moment."""
    found = []
    for moment in payload.get("meterValue") or payload["transactionData"]:
        first = moment["sampledValue"][0]
        found.append((moment["timestamp"][11:], first["context"], first["value"]))
    return found


def station(start="2025-06-15T12:00:00Z", connectors=1, **keys):
    """A bench whose central system tells the time right."""
    bench = StationBench(connectors, keys, instant_from(start), register=False)
    bench.answers["Heartbeat"] = lambda payload: {"currentTime": text_from(bench.now)}
    bench.boot_answer["currentTime"] = start
    bench.connect()
    return bench


def test_every_measurand_has_its_unit_phase_and_location():
    reading = Reading(123456, 11040, [160, 155, 0], 3, 320, [2301, 2295, None], 41)
    values = sampled_values(short_form(ALL.split(","), reading, 230), PERIODIC)
    assert all([v["context"] == "Sample.Periodic" and v["format"] == "Raw" for v in values])
    assert [
        (v["measurand"], v["value"], v["unit"], v.get("phase"), v["location"]) for v in values
    ] == [
        ("Energy.Active.Import.Register", "123456", "Wh", None, "Outlet"),
        ("Power.Active.Import", "11040", "W", None, "Outlet"),
        ("Power.Offered", "22080", "W", None, "Outlet"),
        ("Current.Import", "16.0", "A", "L1", "Outlet"),
        ("Current.Import", "15.5", "A", "L2", "Outlet"),
        ("Current.Import", "0.0", "A", "L3", "Outlet"),
        ("Current.Offered", "32.0", "A", None, "Outlet"),
        ("Voltage", "230.1", "V", "L1-N", "Outlet"),
        ("Voltage", "229.5", "V", "L2-N", "Outlet"),
        ("Temperature", "41", "Celsius", None, "Body"),
    ]


def test_what_a_board_cannot_tell_is_left_out():
    reading = Reading(1, 0, [0, 0, 0], 1, 60, [None, None, None], None)
    assert short_form(ALL.split(","), reading, 230) == "E1 P0 Q1380 a0 O60"
    reading = Reading(1, 0, [0, 0, 0], 1, 60, [None, None, None], -7)
    assert sampled_values(short_form(["Temperature"], reading, 230), PERIODIC)[0]["value"] == "-7"


def test_what_nobody_measures_is_not_sent_and_the_register_says_so():
    bench = StationBench(
        keys={
            "MeterValuesSampledData": ALL,
            "StopTxnSampledData": ALL,
            "MeterValueSampleInterval": "60",
        }
    )
    bench.estimated = True
    bench.offered_da[1] = 160
    bench.charge()
    bench.pass_time(60)
    bench.unplug()
    sampled = bench.actions("MeterValues")[0]["meterValue"][0]["sampledValue"]
    assert [
        (v["measurand"], v["context"], v["value"]) for v in sampled if v["measurand"] != "Voltage"
    ] == [
        ("Energy.Active.Import.Register", "Other", "1000"),
        ("Power.Offered", "Sample.Periodic", "11040"),
        ("Current.Offered", "Sample.Periodic", "16.0"),
    ]
    data = bench.actions("StopTransaction")[0]["transactionData"]
    assert [moment["sampledValue"][0]["context"] for moment in data] == [
        "Transaction.Begin",
        "Other",
        "Transaction.End",
    ]


BOARDS = (  # what it has, what it measures of ALL
    ("a meter that reads all, and a thermometer", {}, ALL),
    ("one that reads all", {"has_thermometer": False}, ALL.replace(",Temperature", "")),
    (
        "a pulse meter",
        {"voltages_dv": (), "has_thermometer": False},
        ALL.replace(",Voltage,Temperature", ""),
    ),
    (
        "no meter",
        {"estimated": True, "voltages_dv": (), "has_thermometer": False},
        "Energy.Active.Import.Register,Power.Offered,Current.Offered",
    ),
)
KEYS = (
    "MeterValuesSampledData",
    "MeterValuesAlignedData",
    "StopTxnSampledData",
    "StopTxnAlignedData",
)


def test_the_first_lists_hold_what_this_board_measures():
    for name, board, measured in BOARDS:
        bench = StationBench(**board)
        told = [
            known["value"]
            for known in bench.ask("GetConfiguration", {"key": list(KEYS)})["configurationKey"]
        ]
        aligned = [
            m
            for m in ("Energy.Active.Import.Register", "Power.Active.Import", "Current.Offered")
            if m in measured
        ]
        assert told == [measured, ",".join(aligned), "", ""], name
        for key in KEYS:
            assert StationBench(keys={key: ALL}, **board).station.settings[key] == measured, (
                name,
                key,
            )


def test_a_measurand_that_this_board_cannot_measure_is_rejected_and_the_list_stays():
    for name, board, measured in BOARDS:
        for key in KEYS:
            bench = StationBench(**board)
            for measurand in ALL.split(","):
                fits = measurand in measured.split(",")
                for value in (measurand, "Current.Offered," + measurand):
                    before = bench.station.settings[key]
                    answer = bench.ask("ChangeConfiguration", {"key": key, "value": value})
                    assert answer == {"status": "Accepted" if fits else "Rejected"}, (
                        name,
                        key,
                        value,
                    )
                    assert bench.station.settings[key] == (value if fits else before), (
                        name,
                        key,
                        value,
                    )


def estimated(reading):
    reading.estimated = True
    return reading


def test_a_measurand_that_one_of_two_connectors_measures_is_accepted():
    bench = StationBench(connectors=2)
    readings = bench.station.meters._readings
    bench.station.meters._readings = lambda connector: (
        estimated(readings(connector)) if connector == 1 else readings(connector)
    )
    assert bench.ask(
        "ChangeConfiguration", {"key": "MeterValuesSampledData", "value": "Current.Import"}
    ) == {"status": "Accepted"}


def offered_now(bench):
    """What MeterValues says on demand."""
    assert bench.ask("TriggerMessage", {"requestedMessage": "MeterValues"}) == {
        "status": "Accepted"
    }
    return [
        value["value"]
        for value in bench.actions("MeterValues")[-1]["meterValue"][0]["sampledValue"]
    ]


def test_before_a_transaction_what_is_offered_is_what_one_that_starts_now_would_get():
    for limit, offered, power in (
        (None, "32.0", "22080"),
        (0, "0.0", "0"),
        (5.9, "0.0", "0"),
        (6, "6.0", "4140"),
        (6.5, "6.5", "4485"),
        (10.3, "10.3", "7107"),
        (40, "32.0", "22080"),
    ):
        bench = StationBench(keys={"MeterValuesSampledData": "Current.Offered,Power.Offered"})
        if limit is not None:
            assert bench.set_profile(level=8, periods=((0, limit),)) == {"status": "Accepted"}
        assert offered_now(bench) == [offered, power], limit
        bench.plug()
        assert offered_now(bench) == [offered, power], limit


def test_where_no_transaction_can_start_nothing_is_offered():
    bench = StationBench(keys={"MeterValuesSampledData": "Current.Offered"})
    for there, gone in (
        (lambda: bench.fault("GroundFailure"), lambda: bench.fault("GroundFailure", False)),
        (
            lambda: bench.ask("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}),
            lambda: bench.ask("ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
        ),
    ):
        there()
        assert offered_now(bench) == ["0.0"]
        gone()
        assert offered_now(bench) == ["32.0"]


def test_in_a_transaction_what_is_offered_is_what_the_pilot_says():
    bench = StationBench(keys={"MeterValuesSampledData": "Current.Offered"})
    bench.charge()
    bench.offered_da[1] = 130
    assert offered_now(bench) == ["13.0"]


def test_where_nothing_can_be_told_nothing_is_sent():
    bench = StationBench(
        keys={"MeterValuesSampledData": "Temperature", "MeterValueSampleInterval": "60"}
    )
    bench.charge()
    bench.pass_time(300)
    bench.ask("TriggerMessage", {"requestedMessage": "MeterValues"})
    assert bench.actions("MeterValues") == []


def test_clock_aligned_values_come_at_round_times_in_a_transaction_or_not():
    bench = station(
        "2025-06-15T11:50:20Z", 2, ClockAlignedDataInterval="900", MeterValueSampleInterval="0"
    )
    bench.charge(2)
    bench.pass_time(1500)
    told = [
        (p["connectorId"], p.get("transactionId")) + moments(p)[0]
        for p in bench.actions("MeterValues")
    ]
    assert sorted(told) == [
        (1, None, "12:00:00Z", "Sample.Clock", "1000"),
        (1, None, "12:15:00Z", "Sample.Clock", "1000"),
        (2, 1, "12:00:00Z", "Sample.Clock", "1000"),
        (2, 1, "12:15:00Z", "Sample.Clock", "1000"),
    ]


def test_an_interval_that_does_not_divide_the_day_begins_anew_at_midnight():
    bench = station("2025-06-15T23:20:01Z", ClockAlignedDataInterval="7000")
    bench.pass_time(3 * 3600)
    assert [moments(p)[0][0] for p in bench.actions("MeterValues")] == ["00:00:00Z", "01:56:40Z"]


def test_a_new_interval_and_a_new_time_move_the_next_round_time():
    bench = StationBench()
    assert bench.ask(
        "ChangeConfiguration", {"key": "ClockAlignedDataInterval", "value": "600"}
    ) == {"status": "Accepted"}
    bench.now += 500
    bench.clock_is_set()
    bench.pass_time(110)
    assert [moments(p)[0][0] for p in bench.actions("MeterValues")] == ["12:10:00Z"]


def test_without_the_time_there_are_no_round_times():
    bench = StationBench(now=None, register=False, keys={"ClockAlignedDataInterval": "60"})
    bench.pass_time(300)
    bench.connect()
    assert bench.actions("MeterValues") == []


def test_a_stop_tells_of_begin_end_and_what_was_sampled_in_between():
    bench = station(
        StopTxnSampledData="Energy.Active.Import.Register",
        StopTxnAlignedData="Power.Active.Import",
        ClockAlignedDataInterval="300",
        MeterValueSampleInterval="200",
    )
    bench.charge()
    for _ in range(5):
        bench.wh[1] = bench.wh.get(1, 1000) + 100
        bench.pass_time(100)
    bench.unplug()
    assert moments(bench.actions("StopTransaction")[0]) == [
        ("12:00:00Z", "Transaction.Begin", "1000"),
        ("12:03:20Z", "Sample.Periodic", "1200"),
        ("12:05:00Z", "Sample.Clock", "0"),
        ("12:06:40Z", "Sample.Periodic", "1400"),
        ("12:08:20Z", "Transaction.End", "1500"),
    ]


def test_the_data_of_a_stop_is_bounded_and_keeps_begin_and_end():
    bench = station(StopTxnSampledData=ALL, MeterValueSampleInterval="60")
    bench.charge()
    bench.pass_time(2400)
    bench.unplug()
    stop = bench.actions("StopTransaction")[0]
    found = moments(stop)
    assert (found[0][1], found[-1][1]) == ("Transaction.Begin", "Transaction.End")
    assert len(found) <= 6 and sum([len(m["sampledValue"]) for m in stop["transactionData"]]) <= 40
    times = [moment[0] for moment in found]
    assert times == sorted(times)


def test_without_those_keys_a_stop_has_no_data():
    bench = StationBench()
    bench.charge()
    bench.pass_time(300)
    bench.unplug()
    assert "transactionData" not in bench.actions("StopTransaction")[0]


def test_a_meter_that_begins_at_zero_after_a_power_cut_counts_on():
    bench = StationBench(keys={"MeterValueSampleInterval": "60"})
    bench.charge()
    bench.wh[1] = 9000
    bench.pass_time(120)
    again = StationBench(memory=bench.memory, now=bench.now, wh={1: 0})
    again.wh[1] = 40
    again.pass_time(1)
    again.unplug()
    assert again.actions("StopTransaction")[0]["meterStop"] == 9040
    third = StationBench(memory=bench.memory, now=again.now, wh={1: 9500})
    third.charge()
    assert third.actions("StartTransaction")[0]["meterStart"] == 9500


def test_a_meter_that_is_not_read_yet_stands_where_it_stood():
    bench = StationBench(keys={"MeterValueSampleInterval": "60"})
    bench.charge()
    bench.wh[1] = 9000
    bench.pass_time(120)
    again = StationBench(memory=bench.memory, now=bench.now, wh={1: None})
    again.pass_time(60)
    again.wh[1] = 9100
    again.pass_time(60)
    again.unplug()
    assert [moments(p)[0][2] for p in again.actions("MeterValues")] == ["9000", "9100"]
    assert again.actions("StopTransaction")[0]["meterStop"] == 9100


def test_the_register_of_a_stop_that_nobody_heard_is_known_after_a_power_cut():
    bench = StationBench()
    bench.charge()
    bench.disconnect()
    bench.wh[1] = 9000
    bench.unplug()
    again = StationBench(memory=bench.memory, now=bench.now, wh={1: 0})
    again.charge()
    assert again.actions("StopTransaction")[0]["meterStop"] == 9000
    assert again.actions("StartTransaction")[0]["meterStart"] == 9000


def test_a_single_wrong_reading_does_not_move_the_register():
    bench = StationBench(keys={"MeterValueSampleInterval": "60"})
    bench.charge()
    for wh in (2000, 0, 2100):
        bench.wh[1] = wh
        bench.pass_time(60)
    bench.unplug()
    assert [moments(p)[0][2] for p in bench.actions("MeterValues")] == ["2000", "2000", "2100"]
    assert bench.actions("StopTransaction")[0]["meterStop"] == 2100


def test_a_transaction_that_power_ended_stops_at_the_last_register_that_was_kept():
    keys = {"ResumeTransactionAfterPowerLoss": "false", "MeterValueSampleInterval": "0"}
    bench = StationBench(keys=keys)
    bench.charge()
    bench.wh[1] = 7777
    bench.pass_time(120)
    again = StationBench(memory=bench.memory, now=bench.now, keys=keys, wh={1: 0})
    stop = again.actions("StopTransaction")[0]
    assert (stop["reason"], stop["meterStop"], stop["transactionId"]) == ("PowerLoss", 7777, 1)


def test_a_transaction_of_a_connector_that_is_no_more_ends():
    bench = StationBench(connectors=2)
    bench.wh[2] = 4321
    bench.charge(2)
    bench.pass_time(60)
    again = StationBench(connectors=1, memory=bench.memory, now=bench.now)
    stop = again.actions("StopTransaction")[0]
    assert (stop["reason"], stop["meterStop"]) == ("Other", 4321)
    assert (
        StationBench(connectors=2, memory=again.memory, now=bench.now).actions("StopTransaction")
        == []
    )


def test_the_energy_until_current_has_ended_belongs_to_the_transaction_that_stops():
    for stop_it, reason in (
        (lambda bench: bench.ask("RemoteStopTransaction", {"transactionId": 1}), "Remote"),
        (lambda bench: bench.card("TAG1"), "Local"),
        (lambda bench: bench.ask("UnlockConnector", {"connectorId": 1}), "UnlockCommand"),
        (lambda bench: bench.ask("Reset", {"type": "Soft"}), "SoftReset"),
        (lambda bench: bench.emergency_stop(), "EmergencyStop"),
    ):
        bench = StationBench(
            keys={"StopTxnSampledData": "Energy.Active.Import.Register"}, locks=[1]
        )
        bench.cable()
        bench.charge()
        bench.wh[1] = 54841
        stop_it(bench)
        assert not bench.permits[1] and bench.actions("StopTransaction") == [], reason
        bench.pass_time(2)
        bench.wh[1] = 54843
        bench.stop()
        bench.wake()
        assert bench.actions("StopTransaction") == [], "the meter is read once a second"
        bench.wh[1] = 54844
        bench.pass_time(2)
        (stop,) = bench.actions("StopTransaction")
        assert (stop["reason"], stop["meterStop"], stop["timestamp"]) == (
            reason,
            54844,
            "2025-06-15T12:00:04Z",
        )
        assert moments(stop) == [
            ("12:00:00Z", "Transaction.Begin", "1000"),
            ("12:00:04Z", "Transaction.End", "54844"),
        ]


def test_a_vehicle_that_does_not_stop_delays_its_stop_by_seven_seconds_at_most():
    bench = StationBench()
    bench.charge()
    bench.card("TAG1")
    for _ in range(6):
        bench.pass_time(1)
        assert bench.actions("StopTransaction") == []
    bench.wh[1] = 2000
    bench.pass_time(1)
    assert bench.actions("StopTransaction")[0]["meterStop"] == 2000


def test_where_no_current_flows_a_stop_goes_out_at_once():
    bench = StationBench()
    bench.charge()
    bench.pause()
    bench.card("TAG1")
    assert len(bench.actions("StopTransaction")) == 1


def test_a_transaction_that_begins_before_that_begins_with_the_last_reading():
    bench = StationBench()
    bench.charge()
    bench.card("TAG1")
    bench.wh[1] = 1003
    bench.card("NEXT")
    assert (
        bench.actions("StopTransaction")[0]["meterStop"]
        == bench.actions("StartTransaction")[1]["meterStart"]
        == 1003
    )


def test_a_power_cut_before_the_last_reading_loses_no_stop_and_one_after_it_not_that():
    for wait_s, wh in ((0, 2000), (2, 2003)):
        bench = StationBench()
        bench.charge()
        bench.disconnect()
        bench.wh[1] = 2000
        bench.card("TAG1")
        bench.wh[1] = 2003
        if wait_s:
            bench.end()
        again = StationBench(memory=bench.memory, now=bench.now, wh={1: 2003})
        stops = again.actions("StopTransaction")
        assert [(stop["reason"], stop["meterStop"]) for stop in stops] == [("Local", wh)]
        assert not again.permits[1] and again.station.outbox.ledger.last == {}


def test_flash_that_fails_loses_no_last_reading_while_there_is_power():
    bench = StationBench()
    bench.charge()
    bench.wh[1] = 2000
    bench.card("TAG1")
    bench.memory.journal.fails = True
    bench.wh[1] = 2003
    bench.end()
    assert bench.actions("StopTransaction")[0]["meterStop"] == 2003


def test_many_stops_without_the_network_take_no_memory_for_ever():
    bench = StationBench(keys={"AllowOfflineTxForUnknownId": "true"})
    bench.disconnect()
    for number in range(20):
        bench.charge()
        bench.card("TAG1")
        bench.wh[1] = 2000 + 10 * number
        bench.end()
        bench.unplug()
    assert len(bench.station.outbox.ledger.last) == 8
    bench.connect()
    stops = [stop["meterStop"] for stop in bench.actions("StopTransaction")]
    assert (
        stops[-8:] == [2120, 2130, 2140, 2150, 2160, 2170, 2180, 2190]
        and bench.station.outbox.ledger.last == {}
    )
