"""What went wrong in the field with other charge points, told by their users: it shall not with
this one."""

import json

from station_bench import NOON, StationBench, profile

from setpoint import state_line
from setpoint.station.connector import RECOVERS, RESTS


def test_a_profile_whose_optional_fields_are_all_null_pauses_the_charge():
    bench = StationBench()
    bench.charge()
    schedule = {
        "duration": None,
        "startSchedule": None,
        "chargingRateUnit": "A",
        "minChargingRate": None,
    }
    schedule["chargingSchedulePeriod"] = [{"startPeriod": 0, "limit": 0, "numberPhases": 3}]
    fields = {
        "chargingProfileId": 1,
        "transactionId": None,
        "stackLevel": 5,
        "chargingProfilePurpose": "TxProfile",
    }
    fields.update(
        chargingProfileKind="Absolute",
        recurrencyKind=None,
        validFrom=None,
        validTo=None,
        chargingSchedule=schedule,
    )
    assert bench.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": fields}) == {
        "status": "Accepted"
    }
    assert bench.limits[1] == 0 and bench.statuses()[-1] == "SuspendedEVSE"
    schedule["chargingSchedulePeriod"] = [{"startPeriod": 0, "limit": 10}]
    bench.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": fields})
    assert bench.limits[1] == 100 and bench.statuses()[-1] == "Charging"


def test_after_an_end_the_next_vehicle_gets_nothing_without_a_card():
    bench = StationBench()
    bench.charge()
    bench.unplug()
    assert not bench.permits[1]
    bench.draw()
    bench.pass_time(600)
    assert not bench.permits[1] and len(bench.actions("StartTransaction")) == 1


def test_a_remote_start_follows_a_remote_stop_while_the_cable_stays_in():
    bench = StationBench()
    bench.charge()
    for number in (1, 2, 3):
        assert bench.ask("RemoteStopTransaction", {"transactionId": number}) == {
            "status": "Accepted"
        }
        assert bench.statuses()[-1] == "Finishing"
        bench.pass_time(3600)
        assert bench.ask("RemoteStartTransaction", {"connectorId": 1, "idTag": "R"}) == {
            "status": "Accepted"
        }
        assert bench.permits[1]
    assert len(bench.actions("StartTransaction")) == 4


def test_a_scheduled_unavailability_outlives_a_power_cut_and_waits_for_the_end_all_the_same():
    bench = StationBench(connectors=2)
    bench.charge(1)
    assert bench.ask("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}) == {
        "status": "Scheduled"
    }
    again = StationBench(connectors=2, memory=bench.memory)
    again.draw(1)
    assert (
        again.permits[1]
        and again.statuses(1)[-1] == "Charging"
        and again.statuses(2)[-1] == "Unavailable"
    )
    again.unplug(1)
    assert again.statuses(1)[-1] == "Unavailable"


def test_to_make_operative_what_charges_is_accepted_and_not_scheduled():
    bench = StationBench(connectors=2)
    bench.charge(1)
    assert bench.ask("ChangeAvailability", {"connectorId": 0, "type": "Operative"}) == {
        "status": "Accepted"
    }


def test_an_error_answer_with_another_id_does_not_end_the_call_that_waits():
    bench = StationBench(keys={"TransactionMessageRetryInterval": "10"})
    bench.plug()
    bench.card()
    bench.unplug()
    bench.plug()
    bench.silent = True
    bench.card()
    bench.answer_all()
    bench.silent = True
    bench.deliver(
        '[4,"befe8a1f-e90c-4863-bb66-2303f874980b","InternalError","not able to process",{"error":{}}]'
    )
    assert bench.station.facts.connector(1).transaction.id == 2


def test_the_id_from_the_second_attempt_of_a_start_is_in_all_that_follows():
    bench = StationBench(
        keys={"TransactionMessageRetryInterval": "10", "MeterValueSampleInterval": "60"}
    )
    bench.plug()
    bench.silent = True
    bench.station.authorisation.grant("TAG", [1], None)
    bench.wake()
    while len(bench.actions("StartTransaction")) < 2:
        bench.pass_time(1)
    bench.unanswered.pop(0)
    bench.transaction_ids = 70
    bench.answer_all()
    bench.pass_time(61)
    bench.unplug()
    assert [p["transactionId"] for p in bench.actions("MeterValues")] == [71, 71]
    assert bench.actions("StopTransaction")[0]["transactionId"] == 71


def test_a_central_system_that_answers_a_start_too_late_has_begun_one_transaction_and_not_many():
    for interval_s in ("60", "0"):
        bench = StationBench(
            keys={"TransactionMessageRetryInterval": interval_s, "MeterValueSampleInterval": "0"}
        )
        bench.plug()
        bench.silent = True
        bench.station.authorisation.grant("TAG", [1], None)
        bench.wake()
        late = []  # (up-time, message)
        for _ in range(600):
            bench.pass_time(1)
            late += [(bench.up_ms + 35000, message) for message in bench.unanswered]
            bench.unanswered.clear()
            while late and late[0][0] <= bench.up_ms:
                message_id, action, payload = late.pop(0)[1]
                bench.reply(message_id, bench.answers[action](payload))
        transaction = bench.station.facts.connector(1).transaction
        assert len(bench.actions("StartTransaction")) == (1 if interval_s == "60" else 2), (
            interval_s
        )
        assert transaction.id == 1, "the id of the first answer, whatever comes later"


def test_an_answer_after_the_one_to_the_next_attempt_changes_no_id():
    bench = StationBench(keys={"TransactionMessageRetryInterval": "10"})
    bench.plug()
    bench.silent = True
    bench.station.authorisation.grant("TAG", [1], None)
    bench.wake()
    while len(bench.actions("StartTransaction")) < 2:
        bench.pass_time(1)
    starts = [message for message in bench.unanswered if message[1] == "StartTransaction"]
    bench.unanswered.clear()
    for number in (1, 0):
        bench.reply(
            starts[number][0], {"transactionId": 10 + number, "idTagInfo": {"status": "Accepted"}}
        )
    bench.disconnect()
    bench.unplug()
    bench.silent = False
    bench.connect()
    assert [p["transactionId"] for p in bench.actions("StopTransaction")] == [11]


def test_a_triggered_status_tells_of_the_fault_and_does_not_wait():
    bench = StationBench(keys={"MinimumStatusDuration": "60"})
    bench.fault("OverVoltage")
    bench.sent.clear()
    bench.ask("TriggerMessage", {"requestedMessage": "StatusNotification"})
    assert [
        (p["connectorId"], p["status"], p["errorCode"]) for p in bench.actions("StatusNotification")
    ] == [
        (0, "Available", "NoError"),
        (1, "Faulted", "OverVoltage"),
    ]


def test_of_two_faults_the_one_that_stays_is_reported_when_the_other_goes():
    bench = StationBench()
    bench.fault("OverVoltage")
    bench.fault("GroundFailure")
    bench.fault("GroundFailure", False)
    bench.fault("OverVoltage", False)
    told = [
        (p["status"], p["errorCode"])
        for p in bench.actions("StatusNotification")
        if p["connectorId"] == 1
    ]
    assert told[1:] == [
        ("Faulted", "OverVoltage"),
        ("Faulted", "GroundFailure"),
        ("Faulted", "OverVoltage"),
        ("Available", "NoError"),
    ]


WARNINGS = (  # connector, errorCode, vendorErrorCode
    (0, "HighTemperature", "derated"),
    (0, "OtherError", "thermometer"),
    (0, "ReaderFailure", "reader"),
    (0, "ResetFailure", None),
    (1, "WeakSignal", None),
    (1, "ReaderFailure", "reader"),
    (1, "LocalListConflict", None),
    (2, "WeakSignal", "radio"),
)


def told_of(bench, since=0):
    return [
        (p["connectorId"], p["status"], p["errorCode"])
        for p in bench.actions("StatusNotification")[since:]
    ]


def test_what_keeps_nobody_from_charging_is_told_once_and_on_connector_0():
    for connector, code, vendor_code in WARNINGS:
        bench = StationBench(connectors=2)
        bench.charge(1)
        since = len(bench.actions("StatusNotification"))
        bench.fault(code, connector=connector, vendor_code=vendor_code, info="67 C: less current")
        assert told_of(bench, since) == [(0, "Available", code)], (
            "a central system stops what it sees an errorCode of"
        )
        report = bench.actions("StatusNotification")[-1]
        assert report.get("vendorErrorCode") == vendor_code
        assert (
            report["info"]
            == ("connector %d: " % connector if connector else "") + "67 C: less current"
        )
        assert bench.permits[1]
        bench.pause()
        bench.plug(2)
        bench.draw(1)
        assert told_of(bench, since)[1:] == [
            (1, "SuspendedEV", "NoError"),
            (2, "Preparing", "NoError"),
            (1, "Charging", "NoError"),
        ], code
        since = len(bench.actions("StatusNotification"))
        bench.ask("TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1})
        assert told_of(bench, since) == [(1, "Charging", "NoError")]
        bench.fault(code, False, connector=connector, vendor_code=vendor_code)
        assert told_of(bench, since)[1:] == [(0, "Available", "NoError")]


def test_a_fault_beside_a_warning_is_told_on_its_connector_and_the_warning_on_connector_0():
    bench = StationBench(connectors=2)
    bench.charge(1)
    since = len(bench.actions("StatusNotification"))
    bench.fault("HighTemperature", connector=0, vendor_code="derated", info="67 C")
    bench.fault("GroundFailure", vendor_code="earth")
    bench.fault("WeakSignal")
    bench.fault("HighTemperature", connector=0, vendor_code="hot", info="72 C")
    bench.fault("HighTemperature", False, connector=0, vendor_code="hot")
    bench.fault("GroundFailure", False, vendor_code="earth")
    assert told_of(bench, since) == [
        (0, "Available", "HighTemperature"),
        (1, "Faulted", "GroundFailure"),
        (0, "Available", "WeakSignal"),
        (0, "Faulted", "HighTemperature"),
        (1, "Faulted", "HighTemperature"),
        (2, "Faulted", "HighTemperature"),
        (0, "Available", "WeakSignal"),
        (1, "Faulted", "GroundFailure"),
        (2, "Available", "NoError"),
        (1, "Charging", "NoError"),
    ]


class Watched:
    """Who watches the log: the last line about a connector's state."""

    def __init__(self, bench):
        self.station = bench.station
        self.line = None

    def log(self, level, area, sentence):
        self.line = sentence

    def sees(self, connector):
        state_line.log(self, (connector,))
        return self.line


def test_the_log_says_which_fault_a_faulted_connector_has():
    for connector, code, vendor_code, info, named in (
        (
            1,
            "OverCurrentFailure",
            "overcurrent",
            "Drew 41.3 A, offered less: unplug",
            "overcurrent: Drew 41.3 A, offered less: unplug",
        ),
        (
            1,
            "PowerMeterFailure",
            "meter",
            "no answer: check the meter",
            "meter: no answer: check the meter",
        ),
        (
            0,
            "OtherError",
            "emergency_stop",
            "Emergency stop pressed: release it",
            "emergency_stop: Emergency stop pressed: release it",
        ),
        (
            0,
            "HighTemperature",
            "hot",
            "71 C, no charging: wait for 62 C",
            "hot: 71 C, no charging: wait for 62 C",
        ),
        (1, "GroundFailure", None, None, "GroundFailure"),
    ):
        bench = StationBench()
        watched = Watched(bench)
        bench.charge()
        assert watched.sees(1) == "connector 1: Charging, 32.0 A, transaction 1, online"
        bench.fault(
            "ReaderFailure", connector=0, vendor_code="reader", info="no answer: check the reader"
        )
        assert watched.sees(1) == "connector 1: Charging, 32.0 A, transaction 1, online"
        bench.fault(code, connector=connector, vendor_code=vendor_code, info=info)
        assert watched.sees(1) == "connector 1: Faulted (%s), 32.0 A, transaction 1, online" % named


def test_power_on_one_phase_never_lifts_the_amperes_of_the_station():
    bench = StationBench(switch=True)
    bench.charge()
    bench.set_profile(0, id=1, purpose="ChargePointMaxProfile", periods=((0, 16),))
    fields = profile(id=2, purpose="TxProfile", unit="W")
    fields["chargingSchedule"]["chargingSchedulePeriod"] = [
        {"startPeriod": 0, "limit": 7400, "numberPhases": 1}
    ]
    assert bench.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": fields}) == {
        "status": "Accepted"
    }
    assert (bench.limits[1], bench.phases[1]) == (160, 1)


def test_days_of_triggered_meter_values_write_nothing_to_flash_and_leave_nothing_behind():
    bench = StationBench(keys={"MeterValueSampleInterval": "3600"})
    bench.charge()
    lines = len(bench.journal.lines)
    for _ in range(2000):
        assert bench.ask(
            "TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1}
        ) == {"status": "Accepted"}
        bench.sent.clear()
    assert len(bench.journal.lines) == lines and len(bench.station.outbox) == 0


def test_a_clear_acts_at_once_and_the_station_limit_holds():
    bench = StationBench()
    bench.set_profile(0, id=1, purpose="ChargePointMaxProfile", periods=((0, 20),))
    bench.set_profile(0, id=2, periods=((0, 8),))
    bench.charge()
    assert bench.limits[1] == 80
    assert bench.ask("ClearChargingProfile", {"id": 2}) == {"status": "Accepted"}
    assert bench.limits[1] == 200


def test_a_suspended_or_faulted_transaction_takes_and_gives_up_its_profile():
    bench = StationBench()
    number = bench.charge()
    for trouble in (
        lambda on: bench.fault("OverVoltage", on),
        lambda on: bench.pilot(1, "B2" if on else "C2", "B" if on else "C"),
    ):
        trouble(True)
        for amps in (10, 7):
            assert bench.set_profile(
                id=999, purpose="TxProfile", transactionId=number, periods=((0, amps),)
            ) == {"status": "Accepted"}
        assert bench.limits[1] == 70
        assert bench.ask("ClearChargingProfile", {"id": 999}) == {"status": "Accepted"}
        trouble(False)
        assert bench.limits[1] == 320


def test_before_the_time_is_known_nothing_is_stamped_with_an_invented_one():
    bench = StationBench(
        now=None,
        register=False,
        keys={"AllowOfflineTxForUnknownId": "true", "MeterValueSampleInterval": "60"},
    )
    bench.charge()
    bench.pass_time(120)
    bench.connect()
    stamps = [p["timestamp"] for _, p in bench.sent if "timestamp" in p]
    assert stamps and all([stamp.startswith("2025-06-15T1") for stamp in stamps]), stamps
    assert (
        bench.now == NOON
        and bench.actions("StartTransaction")[0]["timestamp"] == "2025-06-15T11:58:00Z"
    )


def test_a_status_that_many_later_ones_pushed_out_of_the_queue_is_told_in_the_end():
    bench = StationBench(connectors=2)
    bench.silent = True
    for _ in range(40):
        bench.plug(1)
        bench.plug(2)
        bench.unplug(1)
    bench.sent.clear()
    bench.answer_all()
    bench.pass_time(1)
    assert bench.statuses(2)[-1] == "Preparing" and bench.statuses(1)[-1] == "Available"
    bench.sent.clear()
    bench.pass_time(60)
    assert bench.sent == []


def recovering(connectors=1, at=1):
    """A charge whose fault is over a moment ago: its pilot stays in F for 30 s."""
    bench = StationBench(connectors)
    bench.charge()
    bench.fault("GroundFailure", connector=at)
    bench.pilot(1, "F", "C")
    bench.logs.clear()
    bench.fault("GroundFailure", False, connector=at)
    return bench


def last_status(bench):
    last = [p for p in bench.actions("StatusNotification") if p["connectorId"] == 1][-1]
    return last["status"], last["errorCode"], last.get("info")


def reason_for_limit(bench):
    answer = bench.ask("DataTransfer", {"vendorId": "Setpoint", "messageId": "Limits"})
    return json.loads(answer["data"])[0]["reason"]


def test_for_30_s_after_a_fault_status_log_and_limits_say_why_nothing_is_offered():
    for at in (1, 0):  # of the connector, of the charge point
        bench = recovering(at=at)
        assert last_status(bench) == ("SuspendedEVSE", "NoError", RECOVERS) and len(RECOVERS) <= 50
        assert bench.logs == ["connector 1: " + RECOVERS]
        assert reason_for_limit(bench) == RECOVERS + ", then: hardware"
        told = len(bench.statuses())
        bench.wait_for_current()
        assert len(bench.statuses()) == told, "nothing new: it still does not offer"
        bench.pilot(1, "C1P", "C")
        bench.resume()
        assert last_status(bench) == ("Charging", "NoError", None)
        assert reason_for_limit(bench) == "hardware"


def test_while_the_contactor_rests_status_and_limits_say_why_nothing_is_offered():
    bench = StationBench()
    bench.charge()
    bench.set_profile(periods=((0, 0),))
    bench.asked_to_stop()
    bench.dispatch(bench.station.on_pilot, 1, "B1", "B", True)
    assert last_status(bench) == ("SuspendedEVSE", "NoError", None), "it is the limit"
    bench.set_profile(periods=((0, 16),))
    assert last_status(bench) == ("SuspendedEVSE", "NoError", RESTS) and len(RESTS) <= 50
    assert reason_for_limit(bench).startswith(RESTS + ", then: TxDefaultProfile")
    bench.draw()
    assert last_status(bench) == ("Charging", "NoError", None)


def test_a_fault_that_stays_and_a_limit_that_stops_are_not_taken_for_that():
    bench = recovering()
    bench.fault("OverVoltage")
    assert (
        last_status(bench)[:2] == ("Faulted", "OverVoltage")
        and reason_for_limit(bench) == "hardware"
    )
    bench = recovering()
    bench.set_profile(periods=((0, 0),))
    assert last_status(bench) == ("SuspendedEVSE", "NoError", None)
    bench = StationBench()
    bench.charge()
    bench.set_profile(periods=((0, 0),))
    assert last_status(bench) == ("SuspendedEVSE", "NoError", None)
    idle = StationBench()
    idle.fault("GroundFailure")
    idle.fault("GroundFailure", False)
    assert last_status(idle) == ("Available", "NoError", None) and idle.logs[-1:] != [
        "connector 1: " + RECOVERS
    ]
