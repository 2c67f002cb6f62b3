"""The requests of the OCPP 1.6 compliancy test tool's cases for charge points: Core, RemoteTrigger,
SmartCharging.

One test for each case. The names are those of public test reports; the table in
host_tests/README.md lists them all."""

from station_bench import StationBench, profile

ACCEPTED = {"status": "Accepted"}
REJECTED = {"status": "Rejected"}


def boot(status, interval):
    return {"status": status, "currentTime": "2025-06-15T12:00:00Z", "interval": interval}


def test_tc_001_cold_boot():
    bench = StationBench(connectors=2, register=False)
    bench.boot_answer = boot("Rejected", 60)
    bench.connect()
    bench.pass_time(59)
    assert [action for action, _ in bench.sent] == ["BootNotification"]
    bench.boot_answer = boot("Accepted", 30)
    bench.pass_time(1)
    reports = [(p["connectorId"], p["status"]) for p in bench.actions("StatusNotification")]
    assert reports == [(0, "Available"), (1, "Available"), (2, "Available")]
    bench.pass_time(90)
    assert len(bench.actions("BootNotification")) == 2 and len(bench.actions("Heartbeat")) == 3


def test_tc_002_cold_boot_pending():
    bench = StationBench(register=False)
    bench.boot_answer = boot("Pending", 60)
    bench.connect()
    assert len(bench.ask("GetConfiguration", {})["configurationKey"]) > 20
    assert (
        bench.ask("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "300"})
        == ACCEPTED
    )
    bench.pass_time(59)
    assert [action for action, _ in bench.sent] == ["BootNotification"]
    bench.boot_answer = boot("Accepted", 60)
    bench.pass_time(61)
    assert [action for action, _ in bench.sent].count("Heartbeat") == 1 and bench.statuses() == [
        "Available"
    ]


def reset(kind, with_transaction):
    bench = StationBench()
    if with_transaction:
        bench.charge()
        bench.sent.clear()
    else:
        assert (
            bench.ask("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}) == ACCEPTED
        )
    assert bench.ask("Reset", {"type": kind}) == ACCEPTED
    if with_transaction:
        bench.end()
    bench.pass_time(1)
    assert bench.resets == 1
    again = StationBench(memory=bench.memory)
    assert len(again.actions("BootNotification")) == 1 and again.actions("StopTransaction") == []
    if with_transaction:
        (stop,) = bench.actions("StopTransaction")
        assert stop["reason"] == kind + "Reset"
    else:
        assert again.statuses() == ["Unavailable"]


def test_tc_013_hard_reset_without_transaction():
    reset("Hard", False)


def test_tc_014_soft_reset_without_transaction():
    reset("Soft", False)


def test_tc_015_hard_reset_with_transaction():
    reset("Hard", True)


def test_tc_016_soft_reset_with_transaction():
    reset("Soft", True)


def unlock(bench, connector=1):
    return bench.ask("UnlockConnector", {"connectorId": connector})["status"]


def test_tc_017_1_unlock_without_session():
    bench = StationBench(locks=[1])
    bench.cable()
    assert unlock(bench) == "Unlocked" and not bench.locks[1]


def test_tc_017_2_unlock_without_session_a_fixed_cable():
    assert unlock(StationBench()) == "NotSupported"


def test_tc_018_1_unlock_with_session():
    bench = StationBench(locks=[1])
    bench.cable()
    bench.charge()
    assert unlock(bench) == "Unlocked"
    bench.end()
    assert (
        bench.actions("StopTransaction")[0]["reason"] == "UnlockCommand"
        and bench.statuses()[-1] == "Finishing"
    )
    bench.unplug()
    bench.cable(da=None)
    assert bench.statuses()[-1] == "Available"


def test_tc_018_2_unlock_with_session_a_fixed_cable():
    bench = StationBench()
    bench.charge()
    assert unlock(bench) == "NotSupported" and bench.permits[1]


def test_tc_019_retrieve_configuration():
    bench = StationBench()
    one = bench.ask("GetConfiguration", {"key": ["SupportedFeatureProfiles"]})["configurationKey"]
    assert [entry["key"] for entry in one] == [
        "SupportedFeatureProfiles"
    ] and "SmartCharging" in one[0]["value"]
    everything = bench.ask("GetConfiguration", {"key": []})["configurationKey"]
    assert one[0] in everything and len(everything) > 20


def test_tc_021_change_configuration():
    bench = StationBench()
    assert (
        bench.ask("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "15"})
        == ACCEPTED
    )
    assert bench.ask("GetConfiguration", {"key": ["MeterValueSampleInterval"]})[
        "configurationKey"
    ] == [{"key": "MeterValueSampleInterval", "readonly": False, "value": "15"}]


def test_tc_030_the_lock_does_not_open():
    bench = StationBench(locks=[1])
    bench.fault("ConnectorLockFailure")
    assert unlock(bench) == "UnlockFailed"


def test_tc_031_unlock_an_unknown_connector():
    assert unlock(StationBench(locks=[1]), 7) == "NotSupported"


def test_tc_034_unavailable_over_a_power_cut():
    bench = StationBench(connectors=2)
    bench.sent.clear()
    assert bench.ask("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}) == ACCEPTED
    reports = [(p["connectorId"], p["status"]) for p in bench.actions("StatusNotification")]
    assert reports == [(0, "Unavailable"), (1, "Unavailable"), (2, "Unavailable")]
    again = StationBench(connectors=2, memory=bench.memory)
    assert [p["status"] for p in again.actions("StatusNotification")] == ["Unavailable"] * 3


def test_tc_040_1_an_unknown_configuration_key():
    assert StationBench().ask("ChangeConfiguration", {"key": "NoSuchKey", "value": "1"}) == {
        "status": "NotSupported"
    }


def test_tc_040_2_a_configuration_value_that_cannot_be():
    assert (
        StationBench().ask(
            "ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "-1"}
        )
        == REJECTED
    )


def test_tc_054_trigger_message():
    bench = StationBench()
    for wanted in (
        "MeterValues",
        "Heartbeat",
        "StatusNotification",
        "BootNotification",
        "DiagnosticsStatusNotification",
        "FirmwareStatusNotification",
    ):
        bench.sent.clear()
        request = {"requestedMessage": wanted}
        if wanted in ("MeterValues", "StatusNotification"):
            request["connectorId"] = 1
        assert bench.ask("TriggerMessage", request) == ACCEPTED
        assert bench.sent[0][0] == wanted


def test_tc_055_trigger_message_for_an_unknown_connector():
    request = {"requestedMessage": "MeterValues", "connectorId": 9}
    assert StationBench().ask("TriggerMessage", request) == REJECTED


def test_tc_062_data_transfer_to_the_charge_point():
    answer = StationBench().ask(
        "DataTransfer", {"vendorId": "com.tester", "messageId": "Test", "data": "x"}
    )
    assert answer == {"status": "UnknownVendorId"}


def test_tc_064_data_transfer_to_the_central_system():
    bench = StationBench()
    replies = []
    bench.send_data("com.tester", "Test", "x", lambda status, data: replies.append((status, data)))
    bench.wake()
    assert bench.actions("DataTransfer") == [
        {"vendorId": "com.tester", "messageId": "Test", "data": "x"}
    ]
    assert replies == [("Accepted", None)]


# -- SmartCharging


def limits(bench, connector=1, duration=300):
    answer = bench.ask(
        "GetCompositeSchedule",
        {"connectorId": connector, "duration": duration, "chargingRateUnit": "A"},
    )
    assert answer["status"] == "Accepted" and answer["connectorId"] == connector
    return [
        (p["startPeriod"], p["limit"]) for p in answer["chargingSchedule"]["chargingSchedulePeriod"]
    ]


WINDOW = {
    "validFrom": "2025-06-15T11:59:58Z",
    "validTo": "2025-06-15T12:05:10Z",
    "startSchedule": "2025-06-15T11:59:58Z",
    "duration": 312,
}


def test_tc_056_a_default_profile():
    bench = StationBench()
    assert bench.set_profile(id=41, periods=((0, 6),), **WINDOW) == ACCEPTED
    bench.charge()
    assert limits(bench) == [(0, 6.0)] and bench.limits[1] == 60


def test_tc_057_a_profile_of_a_transaction():
    bench = StationBench()
    bench.set_profile(id=1, periods=((0, 20),))
    transaction = bench.charge()
    assert (
        bench.set_profile(
            id=2, purpose="TxProfile", transactionId=transaction, periods=((0, 6),), **WINDOW
        )
        == ACCEPTED
    )
    assert limits(bench) == [(0, 6.0)] and bench.limits[1] == 60


def test_tc_058_1_a_transaction_profile_without_transaction():
    assert StationBench().set_profile(purpose="TxProfile", periods=((0, 6),)) == REJECTED


def test_tc_058_2_a_transaction_profile_for_another_transaction():
    bench = StationBench()
    transaction = bench.charge()
    assert (
        bench.set_profile(purpose="TxProfile", transactionId=transaction + 1, periods=((0, 6),))
        == REJECTED
    )
    assert bench.limits[1] == 320


def test_tc_059_remote_start_with_a_profile():
    bench = StationBench()
    bench.plug()
    wanted = profile(purpose="TxProfile", periods=((0, 6),), **WINDOW)
    assert (
        bench.ask(
            "RemoteStartTransaction", {"idTag": "R", "connectorId": 1, "chargingProfile": wanted}
        )
        == ACCEPTED
    )
    bench.draw()
    assert (
        bench.limits[1] == 60 and limits(bench) == [(0, 6.0)] and bench.statuses()[-1] == "Charging"
    )


def test_tc_060_remote_start_with_a_profile_of_another_purpose():
    bench = StationBench()
    wanted = profile(purpose="TxDefaultProfile", periods=((0, 6),))
    assert (
        bench.ask(
            "RemoteStartTransaction", {"idTag": "R", "connectorId": 1, "chargingProfile": wanted}
        )
        == REJECTED
    )


def test_tc_066_composite_schedule():
    bench = StationBench()
    bench.set_profile(
        id=1, connector=0, purpose="ChargePointMaxProfile", periods=((0, 10),), **WINDOW
    )
    bench.set_profile(
        id=2,
        periods=((0, 6), (60, 10), (120, 8)),
        startSchedule="2025-06-15T12:00:00Z",
        duration=300,
        validTo="2025-06-15T12:10:00Z",
    )
    transaction = bench.charge()
    bench.set_profile(
        id=3,
        purpose="TxProfile",
        transactionId=transaction,
        periods=((0, 8), (50, 11), (140, 16), (200, 6), (240, 12)),
        startSchedule="2025-06-15T12:00:00Z",
        duration=260,
    )
    assert limits(bench, duration=350) == [
        (0, 8.0),
        (50, 10.0),
        (200, 6.0),
        (240, 10.0),
        (260, 8.0),
        (300, 10.0),
        (310, 32.0),
    ]


def test_tc_067_clear_charging_profile():
    bench = StationBench()
    bench.set_profile(id=5, level=2, periods=((0, 6),))
    assert bench.ask("ClearChargingProfile", {"id": 5}) == ACCEPTED
    assert bench.ask("ClearChargingProfile", {"id": 5}) == {"status": "Unknown"}
    bench.set_profile(id=6, level=3, periods=((0, 6),))
    fitting = {"connectorId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 3}
    assert bench.ask("ClearChargingProfile", fitting) == ACCEPTED
    assert limits(bench) == [(0, 32.0)]


def test_tc_072_stacked_profiles():
    bench = StationBench()
    bench.set_profile(
        id=1, level=0, periods=((0, 6),), startSchedule="2025-06-15T12:00:00Z", duration=400
    )
    bench.set_profile(
        id=2,
        level=1,
        periods=((0, 7), (100, 8)),
        startSchedule="2025-06-15T12:00:00Z",
        duration=150,
    )
    bench.charge()
    assert limits(bench, duration=350) == [(0, 7.0), (100, 8.0), (150, 6.0)]


def test_tc_082_a_default_profile_during_a_transaction():
    bench = StationBench()
    bench.charge()
    assert bench.set_profile(id=41, periods=((0, 6),), **WINDOW) == ACCEPTED
    assert limits(bench) == [(0, 6.0)] and bench.limits[1] == 60
