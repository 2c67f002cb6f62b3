"""Why am I limited, which profiles are installed, and the limit after long silence."""

import json

from station_bench import StationBench

MAX = {"connector": 0, "purpose": "ChargePointMaxProfile"}


def asked(bench, message, data=None):
    request = {"vendorId": "Setpoint", "messageId": message}
    if data is not None:
        request["data"] = data
    answer = bench.ask("DataTransfer", request)
    assert answer["status"] == "Accepted", answer
    return json.loads(answer["data"])


def test_each_limit_comes_with_its_reason():
    bench = StationBench(connectors=2)
    assert asked(bench, "Limits")[0] == {
        "connectorId": 1,
        "limit": "32.0",
        "numberPhases": 3,
        "source": "hardware",
        "reason": "hardware",
        "nextChange": None,
    }
    bench.set_profile(id=7, level=2, periods=((0, 16), (46800, 10)))
    first = asked(bench, "Limits")[0]
    assert (
        first["reason"] == "TxDefaultProfile 7, level 2"
        and first["nextChange"] == "2025-06-15T13:00:00Z"
    )
    bench.set_profile(id=8, periods=((0, 20),), **MAX)
    bench.charge(1)
    bench.charge(2)
    bench.pass_time(20)
    assert [entry["reason"] for entry in asked(bench, "Limits")] == [
        "its share of ChargePointMaxProfile 8, level 0",
        "its share of ChargePointMaxProfile 8, level 0",
    ]
    bench.cable(da=80)
    assert asked(bench, "Limits")[0]["reason"] == "cable"


def test_what_is_wrong_stands_beside_the_limit_whether_it_blocks_or_not():
    bench = StationBench(connectors=2)
    for connector, code, vendor_code, info in (
        (0, "HighTemperature", "derated", "67 C: less current until 62 C"),
        (
            1,
            "OverCurrentFailure",
            "overcurrent",
            "Drew 41.3 A, offered less: unplug, check vehicle",
        ),
        (2, "WeakSignal", None, None),
    ):
        bench.fault(code, connector=connector, vendor_code=vendor_code, info=info)
    warm = "derated: 67 C: less current until 62 C"
    assert [entry["faults"] for entry in asked(bench, "Limits")] == [
        ["overcurrent: Drew 41.3 A, offered less: unplug, check vehicle", warm],
        ["WeakSignal", warm],
    ]
    bench.fault("HighTemperature", False, connector=0, vendor_code="derated")
    bench.fault("OverCurrentFailure", False, vendor_code="overcurrent")
    assert ["faults" in entry for entry in asked(bench, "Limits")] == [False, True]


def test_the_reason_says_that_the_time_is_not_known():
    bench = StationBench()
    bench.set_profile(id=7, periods=((0, 16), (60, 8)))
    again = StationBench(memory=bench.memory, now=None, register=False)
    assert (
        asked(again, "Limits")[0]["reason"]
        == "TxDefaultProfile 7, level 0: its lowest period, since the time is not known"
    )


def test_the_installed_profiles_can_be_listed_and_read():
    bench = StationBench()
    assert asked(bench, "Profiles") == []
    bench.set_profile(id=-7, level=2, periods=((0, 16), (60, 8.5)), validTo="2099-01-01T00:00:00Z")
    (listed,) = asked(bench, "Profiles")
    assert listed["chargingProfileId"] == -7 and listed["validTo"] == "2099-01-01T00:00:00Z"
    assert asked(bench, "Profile", "-7")["chargingSchedulePeriod"] == [
        [0, "16.0", 3],
        [60, "8.5", 3],
    ]
    assert (
        bench.ask("DataTransfer", {"vendorId": "Setpoint", "messageId": "Profile", "data": "1"})[
            "status"
        ]
        == "Rejected"
    )
    assert (
        bench.ask("DataTransfer", {"vendorId": "Setpoint", "messageId": "Weather"})["status"]
        == "UnknownMessageId"
    )
    assert bench.ask("DataTransfer", {"vendorId": "Other"})["status"] == "UnknownVendorId"


def test_after_long_silence_the_fallback_limit_holds_until_something_is_heard():
    bench = StationBench(keys={"FallbackLimitAfterMinutes": "10", "FallbackLimitAmps": "8"})
    bench.charge()
    bench.pass_time(700)
    assert bench.limits[1] == 320, "heartbeats are answered"
    bench.disconnect()
    bench.pass_time(500)
    assert bench.limits[1] == 320
    bench.pass_time(200)
    assert bench.limits[1] == 80 and bench.station.limits.of[1].source == "fallback"
    bench.connect()
    assert bench.limits[1] == 320


def test_rare_heartbeats_are_not_taken_for_silence():
    bench = StationBench(keys={"MeterValueSampleInterval": "0"})
    bench.boot_answer["interval"] = 3600
    bench.ask("TriggerMessage", {"requestedMessage": "BootNotification"})
    bench.charge()
    assert bench.ask("ChangeConfiguration", {"key": "FallbackLimitAfterMinutes", "value": "5"}) == {
        "status": "Accepted"
    }
    bench.sent.clear()
    bench.pass_time(7200)
    assert (
        bench.limits[1] == 320
        and len(bench.actions("Heartbeat")) == 48
        and "the central system is silent: the fallback limit begins" not in bench.logs
    )
    assert bench.ask("ChangeConfiguration", {"key": "FallbackLimitAfterMinutes", "value": "0"}) == {
        "status": "Accepted"
    }
    bench.sent.clear()
    bench.pass_time(7200)
    assert len(bench.actions("Heartbeat")) == 2


def test_whatever_is_heard_first_ends_the_fallback_limit_at_once():
    for text in (
        '[2,"1","GetCompositeSchedule",{"connectorId":1,"duration":60}]',
        '[2,"1","GetConfiguration",{}]',
        '[2,"1","Nonsense",{}]',
        "not JSON",
    ):
        bench = StationBench(keys={"FallbackLimitAfterMinutes": "10", "FallbackLimitAmps": "8"})
        bench.silent = True
        bench.pass_time(3600)
        assert bench.limits[1] == 80, text
        bench.dispatch(bench.station.on_text, text)
        assert bench.limits[1] == 320, text


def test_the_fallback_limit_is_off_by_default_and_never_raises_a_limit():
    bench = StationBench()  # R30
    bench.set_profile(periods=((0, 7),))
    bench.disconnect()
    bench.pass_time(86400)
    assert bench.limits[1] == 70
    bench.connect()
    assert bench.ask("ChangeConfiguration", {"key": "FallbackLimitAfterMinutes", "value": "1"}) == {
        "status": "Accepted"
    }
    bench.disconnect()
    bench.pass_time(120)
    assert bench.limits[1] == 60
    bench.connect()
    assert bench.ask("ChangeConfiguration", {"key": "FallbackLimitAmps", "value": "20"}) == {
        "status": "Accepted"
    }
    bench.disconnect()
    bench.pass_time(120)
    assert bench.limits[1] == 70


def test_a_pause_by_zero_amperes_is_no_fault_and_ends_at_once():
    bench = StationBench()
    bench.charge()
    bench.set_profile(purpose="TxProfile", periods=((0, 0),), transactionId=1)
    assert bench.limits[1] == 0 and bench.permits[1]
    assert bench.statuses()[-1] == "SuspendedEVSE"
    bench.set_profile(purpose="TxProfile", periods=((0, 10),), transactionId=1)
    assert bench.limits[1] == 100 and bench.permits[1]
    assert bench.statuses()[-1] == "Charging"
    assert [p["errorCode"] for p in bench.actions("StatusNotification")] == ["NoError"] * len(
        bench.actions("StatusNotification")
    )
