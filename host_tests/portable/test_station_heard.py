"""What the central system says is heard, also where a part of it cannot be read or is written in a
way of its own."""

import json

from station_bench import StationBench

from setpoint.protocol.iso8601 import instant_from


def starts(bench):
    return [(p["connectorId"], p["idTag"]) for p in bench.actions("StartTransaction")]


# -- dates

ALWAYS = (
    {"validTo": "9999-12-31T23:59:59Z"},
    {"validTo": "9999-12-31T23:59:59.9999999Z"},
    {"validTo": "9999-12-31T23:59:59-08:00"},
    {"validTo": "2200-01-01T00:00:00Z"},
    {"validFrom": "0001-01-01T00:00:00Z"},
    {"validFrom": "0001-01-01T00:00:00+02:00"},
    {"validFrom": "0000-01-01T00:00:00Z"},
    {"validFrom": "1900-01-01T00:00:00Z"},
    {"validFrom": "0001-01-01T00:00:00Z", "validTo": "9999-12-31T23:59:59Z"},
    {"startSchedule": "0001-01-01T00:00:00Z"},
    {"startSchedule": "1900-01-01T00:00:00Z"},
    {"kind": "Recurring", "recurrencyKind": "Daily", "startSchedule": "0001-01-01T00:00:00Z"},
)


def test_a_profile_that_holds_for_ever_or_from_the_beginning_of_time_limits():
    for dates in ALWAYS:
        bench = StationBench()
        bench.charge()
        assert bench.set_profile(periods=((0, 10),), **dates) == {"status": "Accepted"}, dates
        assert bench.limits[1] == 100, dates
        plan = bench.ask("GetCompositeSchedule", {"connectorId": 1, "duration": 86400})[
            "chargingSchedule"
        ]
        assert [p["limit"] for p in plan["chargingSchedulePeriod"]] == [10.0], dates
        listed = bench.ask("DataTransfer", {"vendorId": "Setpoint", "messageId": "Profiles"})
        assert len(json.loads(listed["data"])) == 1, dates
        again = StationBench(memory=bench.memory)
        again.draw()
        assert again.limits[1] == 100, dates


def test_a_profile_that_was_over_or_begins_for_good_after_the_last_day_is_what_it_says():
    bench = StationBench()
    assert bench.set_profile(validTo="0001-01-01T00:00:00Z") == {"status": "Rejected"}
    bench.charge()
    assert bench.set_profile(validFrom="9000-01-01T00:00:00Z", periods=((0, 10),)) == {
        "status": "Accepted"
    }
    assert bench.limits[1] == 320


def test_a_daily_plan_from_1900_keeps_its_hours():
    """Noon is the bench's time; 06:30 and 12:30 are what the plan says."""
    for date in ("1900-01-01", "0001-01-01", "1899-12-30"):
        bench = StationBench()
        bench.charge()
        daily = {
            "kind": "Recurring",
            "recurrencyKind": "Daily",
            "startSchedule": date + "T06:30:00Z",
        }
        assert bench.set_profile(periods=((0, 10), (21600, 8)), **daily) == {"status": "Accepted"}
        bench.disconnect()  # its heartbeats tell the same time again and again
        bench.pass_time(1799)
        assert bench.limits[1] == 100, date
        bench.pass_time(2)
        assert bench.limits[1] == 80, date


def test_a_card_that_never_expires_is_accepted_and_cached():
    for date in ("9999-12-31T23:59:59Z", "2200-01-01T00:00:00Z"):
        bench = StationBench()
        bench.answers["Authorize"] = lambda payload: {
            "idTagInfo": {"status": "Accepted", "expiryDate": date}
        }
        bench.plug()
        bench.card("TAG")
        assert starts(bench) == [(1, "TAG")], date
        bench.unplug()
        bench.disconnect()
        bench.plug()
        bench.card("TAG")
        assert bench.permits[1], date


def test_a_driver_is_accepted_whose_expiry_date_or_group_cannot_be_read_and_only_such_a_date_is_not_cached():
    for odd, cached in (
        ({"expiryDate": ""}, False),
        ({"expiryDate": "2030-01-01"}, False),
        ({"expiryDate": 0}, False),
        ({"expiryDate": "never"}, False),
        ({"expiryDate": {}}, False),
        ({"expiryDate": None}, True),
        ({"parentIdTag": "P" * 21}, True),
        ({"parentIdTag": 5}, True),
        ({"parentIdTag": None}, True),
    ):
        bench = StationBench()
        info = {"status": "Accepted"}
        info.update(odd)
        bench.answers["Authorize"] = lambda payload: {"idTagInfo": info}
        bench.answers["StartTransaction"] = lambda payload: {"transactionId": 7, "idTagInfo": info}
        bench.plug()
        bench.card("TAG")
        assert starts(bench) == [(1, "TAG")] and bench.permits[1], odd
        assert ("cache" in bench.memory.kept) == cached, odd


def test_an_accepted_answer_whose_date_cannot_be_read_does_not_make_a_blocked_card_good():
    bench = StationBench(keys={"AllowOfflineTxForUnknownId": "true"})
    for info in ({"status": "Blocked"}, {"status": "Accepted", "expiryDate": ""}):
        bench.answers["Authorize"] = lambda payload: {"idTagInfo": info}
        bench.card("TAG")
    bench.pass_time(61)
    bench.disconnect()
    bench.plug()
    bench.card("TAG")
    assert not bench.permits[1]


# -- answers half readable

BEFORE = instant_from("2025-06-15T12:00:00Z")


def test_a_refusal_counts_whatever_else_in_the_answer_to_a_start_cannot_be_read():
    for more in (
        {},
        {"transactionId": None},
        {"transactionId": "4711"},
        {"transactionId": True},
        {"transactionId": 1.5},
        {"transactionId": 4711},
    ):
        for info in (
            {"status": "Blocked"},
            {"status": "Expired", "expiryDate": ""},
            {"status": "Invalid", "parentIdTag": "P" * 21},
            {"status": "ConcurrentTx", "expiryDate": 0},
            {"status": "blocked"},
            {"status": "Unknown"},
            {"status": 3},
        ):
            bench = StationBench()
            bench.answers["StartTransaction"] = lambda payload: dict(more, idTagInfo=info)
            bench.plug()
            bench.card()
            assert not bench.permits[1], (more, info)
            stop = bench.actions("StopTransaction")[0]
            number = more.get("transactionId")
            assert stop["transactionId"] == (number if number == 4711 else -1), (more, info)
            assert stop["reason"] == "DeAuthorized", (more, info)


def test_where_a_refused_card_may_stay_it_gets_no_energy_even_without_an_id():
    bench = StationBench(keys={"StopTransactionOnInvalidId": "false"})
    bench.answers["StartTransaction"] = lambda payload: {"idTagInfo": {"status": "Blocked"}}
    bench.plug()
    bench.card()
    assert not bench.permits[1] and bench.station.facts.connector(1).transaction is not None


def test_a_start_whose_answer_says_nothing_of_the_card_goes_on():
    for answer in (
        {},
        {"idTagInfo": None},
        {"idTagInfo": {}},
        {"idTagInfo": []},
        {"idTagInfo": {"status": None}},
        {"transactionId": 5},
    ):
        bench = StationBench()
        bench.answers["StartTransaction"] = lambda payload: answer
        bench.plug()
        bench.card()
        assert bench.permits[1], answer


def test_what_a_stop_says_of_a_card_is_kept_as_far_as_it_can_be_read():
    for info, known in (
        ({"status": "Blocked", "expiryDate": ""}, True),
        ({"status": "Gone"}, False),
        ({}, False),
        (5, False),
    ):
        bench = StationBench(keys={"AllowOfflineTxForUnknownId": "true"})
        bench.charge(tag="TAG")
        bench.memory.kept.pop("cache")
        bench.answers["StopTransaction"] = lambda payload: {"idTagInfo": info}
        bench.card("TAG")
        bench.end()
        assert len(bench.actions("StopTransaction")) == 1
        assert ("Blocked" in bench.memory.kept.get("cache", "")) == known, info


def test_a_boot_is_accepted_whose_interval_or_time_cannot_be_read():
    for odd, interval, told in (
        ({"interval": 300.0}, 300, True),
        ({"interval": "600"}, 300, True),
        ({"interval": None}, 300, True),
        ({"interval": 600.5}, 300, True),
        ({"interval": 600.0}, 600, True),
        ({"interval": -5}, 300, True),
        ({"currentTime": ""}, 600, False),
        ({"currentTime": None}, 600, False),
        ({"currentTime": 1750000000}, 600, False),
        ({"currentTime": "0001-01-01T00:00:00Z"}, 600, False),
        ({"currentTime": "9999-12-31T23:59:59Z"}, 600, False),
    ):
        bench = StationBench(now=None, register=False)
        bench.boot_answer = {
            "status": "Accepted",
            "currentTime": "2025-06-15T12:00:00Z",
            "interval": 600,
        }
        bench.boot_answer.update(odd)
        bench.connect()
        assert bench.station.facts.accepted, odd
        assert bench.station.settings["HeartbeatInterval"] == interval, odd
        assert bench.now == (BEFORE if told else None), odd
        bench.pass_time(interval if told else 30)
        assert len(bench.actions("Heartbeat")) == 1 and bench.now is not None, odd


def test_a_boot_without_a_status_is_asked_again():
    for answer in (
        {},
        {"status": "accepted"},
        {"status": None, "interval": 5},
        {"currentTime": "2025-06-15T12:00:00Z", "interval": 300},
    ):
        bench = StationBench(register=False)
        bench.boot_answer = answer
        bench.connect()
        bench.pass_time(30)
        assert len(bench.actions("BootNotification")) == 2 and not bench.station.facts.accepted, (
            answer
        )


def test_a_pending_boot_is_asked_again_after_its_interval_whatever_the_time_is():
    bench = StationBench(register=False)
    bench.boot_answer = {"status": "Pending", "currentTime": "", "interval": 120.0}
    bench.connect()
    bench.pass_time(119)
    assert len(bench.actions("BootNotification")) == 1
    bench.pass_time(1)
    assert len(bench.actions("BootNotification")) == 2


def test_the_clock_stays_where_a_heartbeat_tells_no_time():
    for time in ("", None, 5, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
        bench = StationBench()
        bench.answers["Heartbeat"] = lambda payload: {"currentTime": time}
        bench.pass_time(301)
        assert len(bench.actions("Heartbeat")) == 1 and bench.now == BEFORE + 301, time


def test_the_status_of_a_data_transfer_counts_whatever_its_data_are():
    bench = StationBench()
    heard = []
    for data in ({"a": 1}, 5, None, "text"):
        bench.answers["DataTransfer"] = lambda payload: {"status": "Accepted", "data": data}
        bench.send_data("V", None, None, lambda *answer: heard.append(answer))
        bench.pass_time(61)
    assert heard == [("Accepted", None)] * 3 + [("Accepted", "text")]


def test_a_measurand_of_one_phase_brings_that_phase_only():
    for words, told in (
        ("Voltage.L1", [("Voltage", "L1-N")]),
        ("Voltage.L2-N", [("Voltage", "L2-N")]),
        ("Voltage.L3", []),
        ("Current.Import.L2", [("Current.Import", "L2")]),
        (
            "Voltage.L2,Current.Import.L3,Current.Import.L1",
            [("Voltage", "L2-N"), ("Current.Import", "L3"), ("Current.Import", "L1")],
        ),
        ("Voltage", [("Voltage", "L1-N"), ("Voltage", "L2-N")]),
        (
            "Current.Import",
            [("Current.Import", "L1"), ("Current.Import", "L2"), ("Current.Import", "L3")],
        ),
    ):
        bench = StationBench()
        request = {"key": "MeterValuesSampledData", "value": words}
        assert bench.ask("ChangeConfiguration", request) == {"status": "Accepted"}, words
        bench.ask("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1})
        sampled = [
            v for p in bench.actions("MeterValues") for v in p["meterValue"][0]["sampledValue"]
        ]
        assert [(v["measurand"], v["phase"]) for v in sampled] == told, words


def test_an_identifier_of_32_bits_is_heard_down_to_the_lowest():
    bench = StationBench()
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": -2147483648,
        "idTagInfo": {"status": "Accepted"},
    }
    bench.charge()
    limits = {"purpose": "TxProfile", "transactionId": -2147483648, "periods": ((0, 8),)}
    assert (
        bench.set_profile(id=-2147483648, **limits) == {"status": "Accepted"}
        and bench.limits[1] == 80
    )
    again = StationBench(memory=bench.memory)
    again.draw()
    assert again.limits[1] == 80
    assert again.ask("ClearChargingProfile", {"id": -2147483648}) == {"status": "Accepted"}
    assert again.ask("RemoteStopTransaction", {"transactionId": -2147483648}) == {
        "status": "Accepted"
    }
    again.end()
    assert again.actions("StopTransaction")[0]["transactionId"] == -2147483648
