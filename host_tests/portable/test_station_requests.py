"""What a central system asks beside charging profiles: availability, locks, reset, triggers,
configuration."""

from station_bench import StationBench
from store_in_ram import DocumentsInRam

ACCEPTED = {"status": "Accepted"}
REJECTED = {"status": "Rejected"}


def availability(bench, kind, connector=1):
    return bench.ask("ChangeAvailability", {"connectorId": connector, "type": kind})["status"]


def values_of(bench, *keys):
    answer = bench.ask("GetConfiguration", {"key": list(keys)})
    return [entry["value"] for entry in answer["configurationKey"]]


def test_an_inoperative_connector_takes_nobody_until_it_is_operative_again():
    bench = StationBench(connectors=2)
    assert availability(bench, "Inoperative") == "Accepted"
    assert bench.statuses(1)[-1] == "Unavailable" and bench.statuses(2)[-1] == "Available"
    bench.plug()
    bench.card("TAG", [1])
    assert bench.ask("RemoteStartTransaction", {"idTag": "R", "connectorId": 1}) == REJECTED
    assert bench.actions("StartTransaction") == [] and bench.statuses(1)[-1] == "Unavailable"
    assert availability(bench, "Operative") == "Accepted"
    assert bench.statuses(1)[-1] == "Preparing"
    bench.card("TAG", [1])
    assert len(bench.actions("StartTransaction")) == 1


def test_a_change_of_availability_waits_for_the_end_of_the_transaction():
    bench = StationBench()
    bench.charge()
    assert availability(bench, "Inoperative") == "Scheduled"
    assert bench.permits[1] and "Unavailable" not in bench.statuses()
    assert availability(bench, "Operative") == "Accepted"
    assert availability(bench, "Inoperative") == "Scheduled"
    bench.card("TAG1")
    assert bench.statuses()[-1] == "Unavailable"
    assert availability(bench, "Operative") == "Accepted"
    assert bench.statuses()[-1] == "Finishing"


def test_connector_0_means_the_charge_point_and_all_connectors():
    bench = StationBench(connectors=2)
    bench.charge(2)
    assert availability(bench, "Inoperative", 0) == "Scheduled"
    assert [bench.statuses(i)[-1] for i in (0, 1)] == ["Unavailable", "Unavailable"]
    bench.card("TAG2")
    assert bench.statuses(2)[-1] == "Unavailable"
    assert availability(bench, "Operative", 1) == "Accepted"
    assert [bench.statuses(i)[-1] for i in (0, 1, 2)] == ["Unavailable", "Available", "Unavailable"]
    assert availability(bench, "Operative", 0) == "Accepted"
    assert [bench.statuses(i)[-1] for i in (0, 1, 2)] == ["Available", "Available", "Finishing"]


def test_unavailability_survives_a_restart():
    bench = StationBench(connectors=2)
    availability(bench, "Inoperative", 0)
    availability(bench, "Operative", 2)
    again = StationBench(connectors=2, memory=bench.memory)
    assert [again.statuses(i) for i in (0, 1, 2)] == [
        ["Unavailable"],
        ["Unavailable"],
        ["Available"],
    ]


def test_availability_that_cannot_be_kept_or_has_no_connector_is_rejected():
    bench = StationBench()
    assert availability(bench, "Inoperative", 2) == "Rejected"
    bench.memory.fails = True
    assert availability(bench, "Inoperative") == "Rejected"
    assert bench.station.facts.connector(1).operative


def test_a_connector_without_a_lock_cannot_be_unlocked():
    bench = StationBench(connectors=2, locks=[1])
    for connector, status in (
        (0, "NotSupported"),
        (1, "Unlocked"),
        (2, "NotSupported"),
        (3, "NotSupported"),
    ):
        assert bench.ask("UnlockConnector", {"connectorId": connector}) == {"status": status}, (
            connector
        )
    bench.fault("ConnectorLockFailure")
    assert bench.ask("UnlockConnector", {"connectorId": 1}) == {"status": "UnlockFailed"}


def test_to_unlock_ends_the_transaction_and_waits_for_the_contactor():
    bench = StationBench(locks=[1])
    bench.cable()
    assert not bench.locks[1]
    bench.charge()
    assert bench.locks[1]
    assert bench.ask("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert bench.locks[1], "the contactor is still closed"
    bench.end()
    assert bench.actions("StopTransaction")[0]["reason"] == "UnlockCommand"
    assert not bench.locks[1] and bench.statuses()[-1] == "Finishing"
    bench.unplug()
    bench.cable(da=None)
    assert bench.statuses()[-1] == "Available"


def test_a_cable_that_is_unplugged_at_the_vehicle_is_freed_or_held_as_the_key_says():
    for frees in ("true", "false"):
        bench = StationBench(locks=[1], keys={"UnlockConnectorOnEVSideDisconnect": frees})
        bench.cable()
        bench.charge()
        bench.unplug()
        assert bench.actions("StopTransaction")[0]["reason"] == "EVDisconnected"
        assert bench.statuses()[-1] == "Finishing", "the cable is still in the socket"
        assert bench.locks[1] == (frees == "false")
        if frees == "false":
            bench.card("OTHER")
            assert bench.locks[1]
            bench.card("TAG1")
            assert not bench.locks[1]
        bench.cable(da=None)
        assert bench.statuses()[-1] != "Finishing" and not bench.locks[1]


def test_a_held_cable_is_freed_by_the_central_system_too():
    bench = StationBench(locks=[1], keys={"UnlockConnectorOnEVSideDisconnect": "false"})
    bench.cable()
    bench.charge()
    bench.unplug()
    assert bench.locks[1]
    assert bench.ask("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert not bench.locks[1]


def test_a_held_cable_is_forgotten_when_somebody_else_has_charged_with_it():
    bench = StationBench(locks=[1], keys={"UnlockConnectorOnEVSideDisconnect": "false"})
    bench.cable()
    bench.charge()
    bench.unplug()
    bench.plug()
    bench.ask("RemoteStartTransaction", {"idTag": "OTHER", "connectorId": 1})
    assert bench.ask("RemoteStopTransaction", {"transactionId": 2}) == ACCEPTED
    assert not bench.locks[1]


def test_finishing_lasts_while_the_cable_is_in_and_ends_with_the_next_vehicle():
    bench = StationBench(locks=[1])
    bench.cable()
    bench.charge()
    bench.card("TAG1")
    bench.unplug()
    assert bench.statuses()[-1] == "Finishing"
    bench.plug()
    assert bench.statuses()[-1] == "Preparing"


def test_a_lock_that_fails_prevents_the_transaction():
    bench = StationBench(locks=[1])
    bench.card()
    bench.fault("ConnectorLockFailure")
    bench.plug()
    report = bench.actions("StatusNotification")[-1]
    assert (report["status"], report["errorCode"]) == ("Faulted", "ConnectorLockFailure")
    assert bench.actions("StartTransaction") == []
    bench.fault("ConnectorLockFailure", False)
    assert len(bench.actions("StartTransaction")) == 1, "the card still counts"


def test_both_resets_end_transactions_first_and_wait_for_the_answer():
    for kind, reason in (("Hard", "HardReset"), ("Soft", "SoftReset")):
        bench = StationBench()
        bench.charge()
        bench.silent = True
        assert bench.ask("Reset", {"type": kind}) == ACCEPTED
        bench.pass_time(5)
        assert bench.resets == 0 and not bench.permits[1]
        bench.end()
        assert bench.resets == 0
        bench.answer_all()
        assert bench.actions("StopTransaction")[0]["reason"] == reason
        bench.pass_time(1)
        assert bench.resets == 1


def test_a_reset_does_not_open_the_contactor_under_load():
    for kind in ("Hard", "Soft"):
        bench = StationBench(connectors=2)
        bench.charge(2)
        bench.ask("Reset", {"type": kind})
        bench.asked_to_stop(2)  # told to stop: it has 6 s to do so
        bench.pass_time(5)
        assert bench.resets == 0 and not bench.permits[2]
        bench.wait_for_current(2)
        bench.pass_time(2)
        assert len(bench.actions("StopTransaction")) == 1
        assert bench.resets == 1


def test_a_reset_does_not_wait_for_an_answer_that_never_comes():
    bench = StationBench()
    bench.charge()
    bench.silent = True
    bench.ask("Reset", {"type": "Soft"})
    bench.stop()
    bench.pass_time(29)
    assert bench.resets == 0
    bench.pass_time(1)
    assert bench.resets == 1


def test_a_reset_that_does_not_come_about_is_tried_again_and_then_reported():
    bench = StationBench(keys={"ResetRetries": "2"})
    bench.ask("Reset", {"type": "Hard"})
    bench.pass_time(89)
    assert bench.resets == 3
    bench.pass_time(200)
    assert bench.resets == 3
    assert bench.actions("StatusNotification")[-1]["errorCode"] == "ResetFailure"


def test_a_transaction_that_was_cut_off_ends_with_what_cut_it_off():
    for after_reset, reason in ((False, "PowerLoss"), (True, "Reboot")):
        memory = DocumentsInRam()
        StationBench(memory=memory).charge()
        again = StationBench(
            memory=memory,
            keys={"ResumeTransactionAfterPowerLoss": "false"},
            after_reset=after_reset,
        )
        assert again.actions("StopTransaction")[0]["reason"] == reason


def test_a_transaction_whose_connector_is_gone_ends_with_another_reason():
    memory = DocumentsInRam()
    StationBench(connectors=2, memory=memory).charge(2)
    again = StationBench(connectors=1, memory=memory)
    stop = again.actions("StopTransaction")[0]
    assert (stop["reason"], stop["meterStop"]) == ("Other", 1000)


def test_an_emergency_stop_ends_everything_and_nothing_begins_by_itself():
    bench = StationBench(connectors=2)
    bench.charge(1)
    bench.card("WAITS", [2])
    bench.emergency_stop()
    assert not bench.permits[1]
    bench.end()
    assert bench.actions("StopTransaction")[0]["reason"] == "EmergencyStop"
    bench.plug(2)
    assert len(bench.actions("StartTransaction")) == 1


def test_each_message_that_a_trigger_may_name():
    bench = StationBench(connectors=2)
    bench.charge(1)
    for wanted, connector, sent in (
        ("BootNotification", None, ["BootNotification"]),
        ("DiagnosticsStatusNotification", None, ["DiagnosticsStatusNotification"]),
        ("Heartbeat", None, ["Heartbeat"]),
        ("StatusNotification", 2, ["StatusNotification"]),
        ("StatusNotification", None, ["StatusNotification"] * 3),
        ("StatusNotification", 0, ["StatusNotification"]),
        ("MeterValues", 1, ["MeterValues"]),
        ("MeterValues", None, ["MeterValues"] * 2),
        # "The requestedMessage is leading": a connector that says nothing to it is ignored
        ("Heartbeat", 3, ["Heartbeat"]),
        ("BootNotification", -1, ["BootNotification"]),
        ("FirmwareStatusNotification", None, ["FirmwareStatusNotification"]),
    ):
        bench.sent.clear()
        request = {"requestedMessage": wanted}
        if connector is not None:
            request["connectorId"] = connector
        assert bench.ask("TriggerMessage", request) == ACCEPTED
        assert [action for action, _ in bench.sent if action == wanted] == sent, (
            wanted,
            connector,
            bench.sent,
        )
    for wanted, connector, status in (
        ("MeterValues", 3, "Rejected"),
        ("StatusNotification", -1, "Rejected"),
    ):
        request = {"requestedMessage": wanted}
        if connector is not None:
            request["connectorId"] = connector
        assert bench.ask("TriggerMessage", request) == {"status": status}


def test_a_configuration_key_is_read_changed_and_kept_whatever_its_case():
    bench = StationBench()
    answer = bench.ask("GetConfiguration", {"key": ["connectiontimeout", "Nonsense"]})
    assert answer["unknownKey"] == ["Nonsense"]
    assert answer["configurationKey"] == [
        {"key": "ConnectionTimeOut", "readonly": False, "value": "60"}
    ]
    for key, value, status in (
        ("CONNECTIONTIMEOUT", "20", "Accepted"),
        ("ConnectionTimeOut", "0", "Rejected"),
        ("ConnectionTimeOut", "soon", "Rejected"),
        ("NumberOfConnectors", "2", "Rejected"),
        ("Nonsense", "1", "NotSupported"),
    ):
        assert bench.ask("ChangeConfiguration", {"key": key, "value": value}) == {
            "status": status
        }, key
    bench.memory.fails = True
    assert bench.ask("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "30"}) == REJECTED
    assert values_of(bench, "ConnectionTimeOut") == ["20"]
    assert values_of(StationBench(memory=bench.memory), "ConnectionTimeOut") == ["20"]


def test_all_keys_at_once_unless_there_are_too_many():
    bench = StationBench()
    everything = bench.ask("GetConfiguration", {})
    names = [entry["key"] for entry in everything["configurationKey"]]
    assert (
        names == sorted(names)
        and "SupportedFeatureProfiles" in names
        and everything["unknownKey"] == []
    )
    few = StationBench(keys={"GetConfigurationMaxKeys": "2"})
    assert len(few.ask("GetConfiguration", {})["configurationKey"]) == 2
    assert values_of(few, "NumberOfConnectors", "HeartbeatInterval", "ResetRetries") == ["1", "300"]


def test_every_request_of_these_profiles_has_an_answer():
    from setpoint.protocol.requests import ACTIONS

    bench = StationBench()
    for action in ACTIONS.split():
        answer = bench.ask(action, {})
        assert type(answer) is dict or answer[1] == "FormationViolation", (action, answer)


def test_requests_are_answered_while_an_own_call_waits():
    bench = StationBench()
    bench.silent = True
    bench.card()
    assert len(bench.unanswered) == 1
    assert bench.ask("ClearCache", {}) == ACCEPTED
    assert bench.ask("UnlockConnector", {"connectorId": 9}) == {"status": "NotSupported"}
    bench.plug()
    assert len(bench.unanswered) == 1, "one call at a time"


def test_answers_that_are_late_doubled_or_to_nothing_change_nothing():
    bench = StationBench()
    bench.silent = True
    bench.card()
    (message_id, _, _) = bench.unanswered[0]
    accepted = {"idTagInfo": {"status": "Accepted"}}
    bench.reply("unknown", accepted)
    assert not bench.station.facts.connector(1).authorised
    bench.pass_time(31)
    bench.reply(message_id, accepted)
    assert not bench.station.facts.connector(1).authorised, "too late"
    bench.unanswered.clear()
    bench.card()
    (message_id, _, _) = bench.unanswered[-1]
    bench.reply(message_id, accepted)
    bench.reply(message_id, {"idTagInfo": {"status": "Blocked"}})
    assert bench.station.facts.connector(1).authorised


def test_a_link_works_once_something_is_answered_on_it_by_either_side():
    boot = StationBench(register=False)
    assert not boot.station.calls.spoken
    boot.connect()
    assert boot.station.calls.spoken, "BootNotification was answered"
    for name, text, works in (
        ("a request", '[2, "1", "GetConfiguration", {}]', True),
        ("one that is not understood", '[2, "1", "MakeTea", {}]', False),
        ("one without its fields", '[2, "1", "ChangeConfiguration", {}]', False),
        ("an answer that nobody waits for", '[3, "1", {}]', False),
        ("what a server in distress says", '{"message": "Internal server error"}', False),
    ):
        boot.disconnect()
        boot.silent = True
        boot.connect()
        assert not boot.station.calls.spoken, name
        boot.deliver(text)
        assert boot.station.calls.spoken == works, name


def test_a_link_on_which_all_is_refused_does_not_work():
    boot = StationBench(register=False)
    boot.silent = True
    boot.connect()
    message_id = boot.unanswered[0][0]
    boot.deliver('[4, "%s", "InternalError", "", {}]' % message_id)
    assert not boot.station.calls.spoken


def test_the_name_of_an_action_takes_no_more_room_in_the_log_than_a_real_one():
    for status in ("Accepted", "Rejected"):
        bench = StationBench(register=False)
        bench.boot_answer = dict(bench.boot_answer, status=status)
        bench.dispatch(bench.station.on_link, True)
        bench.dispatch(bench.station.on_text, '[2,"x","%s",{}]' % ("A" * 3000))
        assert [line for line in bench.logs if "AAAA" in line] and max(
            [len(line) for line in bench.logs]
        ) < 200


def test_surplus_charging_wants_a_meter_at_the_grid_connection():
    bench = StationBench()
    wish = {"key": "SurplusCharging", "value": "true"}
    assert bench.ask("ChangeConfiguration", wish)["status"] == "Rejected"
    assert bench.ask("ChangeConfiguration", dict(wish, value="false"))["status"] == "Accepted"
    bench.total("house", 60)
    assert bench.ask("ChangeConfiguration", wish)["status"] == "Accepted"


def test_surplus_charging_from_a_time_with_a_meter_can_be_switched_off_without_one():
    bench = StationBench()
    bench.total("surplus", 0, "surplus, there is no mains meter")
    assert bench.limits[1] == 0
    wish = {"key": "SurplusCharging", "value": "false"}
    assert bench.ask("ChangeConfiguration", wish)["status"] == "Accepted"
    assert bench.limits[1] == 320
