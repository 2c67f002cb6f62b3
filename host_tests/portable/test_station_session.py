"""Registration, sessions and their messages, as a central system sees them."""

from station_bench import NOON, StationBench, profile
from store_in_ram import DocumentsInRam


def test_a_station_registers_and_reports_every_status():
    bench = StationBench(connectors=2)
    assert [action for action, _ in bench.sent] == ["BootNotification"] + ["StatusNotification"] * 3
    assert [(p["connectorId"], p["status"]) for p in bench.actions("StatusNotification")] == [
        (0, "Available"),
        (1, "Available"),
        (2, "Available"),
    ]


def test_nothing_is_sent_before_accepted_but_the_boot_is_tried_again():
    bench = StationBench(register=False)
    bench.boot_answer = {"status": "Pending", "currentTime": "2025-06-15T12:00:00Z", "interval": 10}
    bench.connect()
    bench.plug()
    bench.pass_time(9)
    assert [action for action, _ in bench.sent] == ["BootNotification"]
    bench.boot_answer = {
        "status": "Accepted",
        "currentTime": "2025-06-15T12:00:10Z",
        "interval": 60,
    }
    bench.pass_time(1)
    assert [action for action, _ in bench.sent] == ["BootNotification"] * 2 + [
        "StatusNotification"
    ] * 2
    assert bench.statuses() == ["Preparing"]


def test_a_reconnect_does_not_shorten_the_wait_after_pending_or_rejected():
    for status in ("Pending", "Rejected"):
        bench = StationBench(register=False)
        bench.boot_answer = {
            "status": status,
            "currentTime": "2025-06-15T12:00:00Z",
            "interval": 100,
        }
        bench.connect()
        bench.pass_time(10)
        bench.disconnect()
        bench.pass_time(10)
        bench.connect()
        bench.pass_time(79)
        assert len(bench.actions("BootNotification")) == 1, status
        bench.pass_time(1)
        assert len(bench.actions("BootNotification")) == 2, status


def test_a_boot_that_the_link_lost_is_sent_again_with_the_next_link():
    bench = StationBench(register=False)
    bench.silent = True
    bench.connect()
    bench.disconnect()
    bench.silent = False
    bench.connect()
    assert len(bench.actions("BootNotification")) == 2 and bench.statuses() == ["Available"]


def test_two_transactions_with_the_same_id_are_told_apart():
    bench = StationBench(connectors=2)
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 7,
        "idTagInfo": {"status": "Accepted"},
    }
    bench.charge(1)
    bench.charge(2)
    bench.wh[2] = 3000
    bench.card("TAG2", [2])
    bench.end(2)
    assert bench.actions("StopTransaction") == [
        {
            "transactionId": 7,
            "timestamp": "2025-06-15T12:00:00Z",
            "meterStop": 3000,
            "reason": "Local",
            "idTag": "TAG2",
        }
    ]
    assert bench.permits == {1: True, 2: False}
    bench.ask("RemoteStopTransaction", {"transactionId": 7})
    bench.end(1)
    assert bench.permits[1] is False and len(bench.actions("StopTransaction")) == 2


def test_while_pending_a_trigger_is_answered_and_followed():
    bench = StationBench(register=False)
    bench.boot_answer = {
        "status": "Pending",
        "currentTime": "2025-06-15T12:00:00Z",
        "interval": 100,
    }
    bench.connect()
    assert bench.ask(
        "TriggerMessage", {"requestedMessage": "StatusNotification", "connectorId": 1}
    ) == {"status": "Accepted"}
    assert bench.statuses() == ["Available"]
    assert bench.ask("RemoteStartTransaction", {"idTag": "X"}) == {"status": "Rejected"}


def test_while_rejected_requests_are_not_answered():
    bench = StationBench(register=False)
    bench.boot_answer = {
        "status": "Rejected",
        "currentTime": "2025-06-15T12:00:00Z",
        "interval": 100,
    }
    bench.connect()
    bench.last_answer = None
    bench.deliver('[2,"x","GetConfiguration",{}]')
    assert bench.last_answer is None


def test_a_reconnect_sends_no_boot_notification_and_only_statuses_that_changed():
    bench = StationBench(connectors=2)
    bench.disconnect()
    bench.plug(2)
    bench.sent.clear()
    bench.connect()
    assert [action for action, _ in bench.sent] == ["StatusNotification"]
    assert bench.sent[0][1]["connectorId"] == 2 and bench.sent[0][1]["status"] == "Preparing"


def test_a_status_that_the_link_took_along_is_reported_by_the_next_one():
    bench = StationBench()
    bench.charge()
    bench.silent = True
    bench.card("TAG1")
    assert bench.statuses()[-1] == "Finishing"
    bench.disconnect()
    bench.silent = False
    bench.connect()
    assert bench.statuses()[-1] == "Finishing"


def test_heartbeats_come_at_the_interval_that_the_central_system_named():
    bench = StationBench()
    bench.pass_time(299)
    assert len(bench.actions("Heartbeat")) == 0
    bench.pass_time(301)
    assert len(bench.actions("Heartbeat")) == 2
    assert bench.ask("GetConfiguration", {"key": ["heartbeatinterval"]})["configurationKey"] == [
        {"key": "HeartbeatInterval", "readonly": False, "value": "300"}
    ]


def test_a_session_plug_first():
    bench = StationBench()
    bench.sent.clear()
    bench.plug()
    bench.card()
    assert bench.permits[1]
    bench.wh[1] = 1500
    bench.draw()
    bench.wh[1] = 2000
    bench.card()
    bench.end()
    bench.unplug()
    assert [action for action, _ in bench.sent] == [
        "StatusNotification",
        "Authorize",
        "StartTransaction",
        "StatusNotification",
        "StatusNotification",
        "StatusNotification",
        "StopTransaction",
        "StatusNotification",
    ]
    assert bench.statuses() == ["Preparing", "SuspendedEV", "Charging", "Finishing", "Available"]
    assert bench.actions("StartTransaction") == [
        {"connectorId": 1, "idTag": "TAG", "meterStart": 1000, "timestamp": "2025-06-15T12:00:00Z"}
    ]
    assert bench.actions("StopTransaction") == [
        {
            "transactionId": 1,
            "timestamp": "2025-06-15T12:00:00Z",
            "meterStop": 2000,
            "reason": "Local",
            "idTag": "TAG",
        }
    ]
    assert not bench.permits[1]


def test_a_session_card_first_reports_preparing():
    bench = StationBench()
    bench.sent.clear()
    bench.card()
    assert bench.statuses() == ["Preparing"]
    bench.pass_time(20)
    bench.plug()
    assert bench.statuses() == ["Preparing", "SuspendedEV"]
    assert len(bench.actions("StartTransaction")) == 1


def test_nobody_plugs_in_until_connection_time_out():
    bench = StationBench(keys={"ConnectionTimeOut": "30"})
    bench.card()
    bench.pass_time(30)
    assert bench.statuses() == ["Available", "Preparing", "Available"]
    bench.plug()
    assert bench.actions("StartTransaction") == []


def test_a_card_that_is_not_accepted_begins_nothing():
    bench = StationBench()
    bench.answers["Authorize"] = lambda payload: {"idTagInfo": {"status": "Blocked"}}
    bench.plug()
    bench.card()
    assert bench.actions("StartTransaction") == [] and not bench.permits[1]


def test_a_transaction_whose_card_the_central_system_calls_invalid_ends():
    bench = StationBench()
    bench.answers["StartTransaction"] = lambda payload: {
        "transactionId": 9,
        "idTagInfo": {"status": "Invalid"},
    }
    bench.plug()
    bench.card()
    assert bench.actions("StopTransaction")[0]["reason"] == "DeAuthorized"
    assert not bench.permits[1]


def test_a_cable_that_is_pulled_ends_the_transaction_unless_the_key_says_otherwise():
    bench = StationBench()
    bench.charge()
    bench.unplug()
    assert bench.actions("StopTransaction")[0]["reason"] == "EVDisconnected"
    bench = StationBench(keys={"StopTransactionOnEVSideDisconnect": "false"})
    bench.charge()
    bench.unplug()
    assert bench.actions("StopTransaction") == [] and bench.statuses()[-1] == "SuspendedEV"


def test_remote_start_and_stop():
    bench = StationBench(connectors=2)
    bench.plug(2)
    assert bench.ask("RemoteStartTransaction", {"idTag": "R", "connectorId": 2}) == {
        "status": "Accepted"
    }
    assert bench.actions("StartTransaction")[0]["connectorId"] == 2
    assert bench.ask("RemoteStartTransaction", {"idTag": "Q", "connectorId": 2}) == {
        "status": "Rejected"
    }
    assert bench.ask("RemoteStartTransaction", {"idTag": "Q", "connectorId": 3}) == {
        "status": "Rejected"
    }
    assert bench.ask("RemoteStopTransaction", {"transactionId": 77}) == {"status": "Rejected"}
    assert bench.ask("RemoteStopTransaction", {"transactionId": 1}) == {"status": "Accepted"}
    assert bench.actions("StopTransaction")[0]["reason"] == "Remote"


def test_a_remote_start_asks_first_where_the_key_says_so():
    bench = StationBench(keys={"AuthorizeRemoteTxRequests": "true"})
    bench.plug()
    bench.ask("RemoteStartTransaction", {"idTag": "R"})
    assert [a for a, _ in bench.sent][-3:] == [
        "Authorize",
        "StartTransaction",
        "StatusNotification",
    ]


def test_the_profile_of_a_remote_start_limits_that_transaction_only():
    bench = StationBench()
    bench.plug()
    answer = bench.ask(
        "RemoteStartTransaction",
        {
            "idTag": "R",
            "connectorId": 1,
            "chargingProfile": profile(purpose="TxProfile", kind="Relative", periods=((0, 9),)),
        },
    )
    assert answer == {"status": "Accepted"}
    assert bench.limits[1] == 90
    bench.ask("RemoteStopTransaction", {"transactionId": 1})
    assert bench.limits[1] == 320
    assert [name for name in bench.memory.names() if name.startswith("profile")] == []


def test_a_remote_start_with_a_bad_profile_is_refused_whole():
    bench = StationBench()
    bench.plug()
    for bad in (
        profile(),
        profile(purpose="TxProfile", transactionId=1),
        profile(purpose="TxProfile", periods=((5, 9),)),
    ):
        answer = bench.ask(
            "RemoteStartTransaction", {"idTag": "R", "connectorId": 1, "chargingProfile": bad}
        )
        assert answer == {"status": "Rejected"}, bad
    assert bench.actions("StartTransaction") == [] and len(bench.station.profiles) == 0


def test_the_profile_of_a_remote_start_goes_with_connection_time_out():
    bench = StationBench(keys={"ConnectionTimeOut": "30"})
    bench.ask(
        "RemoteStartTransaction",
        {"idTag": "R", "chargingProfile": profile(purpose="TxProfile", periods=((0, 9),))},
    )
    bench.pass_time(31)
    bench.charge()
    assert bench.limits[1] == 320


def test_no_transaction_without_the_profile_of_its_remote_start():
    bench = StationBench()
    bench.plug()
    bench.memory.fails = True
    bench.ask(
        "RemoteStartTransaction",
        {"idTag": "R", "chargingProfile": profile(purpose="TxProfile", periods=((0, 9),))},
    )
    assert bench.actions("StartTransaction") == [] and not bench.permits[1]


def test_meter_values_come_at_the_interval():
    bench = StationBench(keys={"MeterValueSampleInterval": "60"})
    bench.charge()
    bench.wh[1] = 1234
    bench.offered_da[1] = 160
    bench.pass_time(179)
    values = bench.actions("MeterValues")
    assert len(values) == 2
    assert values[0]["transactionId"] == 1 and values[0]["connectorId"] == 1
    assert values[0]["meterValue"][0]["timestamp"] == "2025-06-15T12:01:00Z"
    sampled = values[0]["meterValue"][0]["sampledValue"]
    assert [(s["measurand"], s["value"], s["unit"]) for s in sampled] == [
        ("Energy.Active.Import.Register", "1234", "Wh"),
        ("Power.Active.Import", "0", "W"),
        ("Power.Offered", "11040", "W"),
        ("Current.Import", "0.0", "A"),
        ("Current.Import", "0.0", "A"),
        ("Current.Import", "0.0", "A"),
        ("Current.Offered", "16.0", "A"),
        ("Voltage", "230.0", "V"),
        ("Voltage", "231.0", "V"),
    ]


def test_messages_of_transactions_wait_for_the_link_and_keep_their_times_and_order():
    bench = StationBench(
        keys={"AllowOfflineTxForUnknownId": "true", "MeterValueSampleInterval": "60"}
    )
    bench.disconnect()
    bench.charge()
    bench.pass_time(120)
    bench.card("TAG1")
    bench.sent.clear()
    bench.pass_time(600)
    assert bench.sent == []
    bench.connect()
    assert [a for a, _ in bench.sent if a != "StatusNotification"] == [
        "Heartbeat",
        "StartTransaction",
        "MeterValues",
        "MeterValues",
        "StopTransaction",
    ]
    assert bench.actions("StartTransaction")[0]["timestamp"] == "2025-06-15T12:00:00Z"
    assert bench.actions("MeterValues")[1]["transactionId"] == 1
    assert bench.actions("StopTransaction")[0]["timestamp"] == "2025-06-15T12:02:00Z"
    assert bench.memory.names() == ["cache"]


def test_a_transaction_survives_a_restart_with_its_profile_and_its_message():
    memory = DocumentsInRam()
    bench = StationBench(memory=memory)
    bench.silent = True
    bench.plug()
    bench.station.authorisation.grant("TAG", [1], None)
    bench.wake()
    assert bench.set_profile(purpose="TxProfile", periods=((0, 7),)) == {"status": "Accepted"}
    again = StationBench(memory=memory)
    assert again.limits[1] == 70 and again.permits[1]
    assert len(again.actions("StartTransaction")) == 1
    again.plug()
    assert again.station.facts.connector(1).transaction.id == 1
    third = StationBench(memory=memory)
    assert third.actions("StartTransaction") == [] and third.permits[1]
    third.unplug()
    assert third.actions("StopTransaction")[0]["transactionId"] == 1
    assert third.memory.names() == ["cache"]


def test_after_a_power_cut_the_transaction_is_ended_where_the_key_says_so():
    memory = DocumentsInRam()
    StationBench(memory=memory).charge()
    again = StationBench(memory=memory, keys={"ResumeTransactionAfterPowerLoss": "false"})
    assert again.actions("StopTransaction")[0]["reason"] == "PowerLoss"
    assert not again.permits[1]


def test_an_answer_that_never_comes_is_waited_for_and_asked_again():
    bench = StationBench(keys={"TransactionMessageRetryInterval": "10"})
    bench.silent = True
    bench.plug()
    bench.station.authorisation.grant("TAG", [1], None)
    bench.wake()
    for _ in range(199):
        bench.pass_time(1)
    assert len(bench.actions("StartTransaction")) == 4, "30 s for an answer, then the interval"
    bench.answer_all()
    bench.pass_time(60)
    assert bench.station.facts.connector(1).transaction.id is not None


def test_a_start_that_is_refused_three_times_is_given_up_and_charging_goes_on():
    bench = StationBench(keys={"TransactionMessageRetryInterval": "10"})

    def refuse(message_id, action, payload):
        bench.deliver('[4,"%s","InternalError","no",{}]' % message_id)

    bench.silent = True
    bench.plug()
    bench.station.authorisation.grant("TAG", [1], None)
    bench.wake()
    for _ in range(40):
        for waiting in bench.unanswered:
            if waiting[1] == "StartTransaction":
                refuse(*waiting)
            else:
                bench.reply(waiting[0], {})
        bench.unanswered = []
        bench.pass_time(5)
    assert len(bench.actions("StartTransaction")) == 3
    assert bench.permits[1]


def test_a_fault_stops_the_energy_and_is_reported_with_its_code():
    bench = StationBench()
    bench.charge()
    bench.fault("GroundFailure", vendor_code="rcm", info="8 mA")
    assert not bench.permits[1]
    report = bench.actions("StatusNotification")[-1]
    assert (report["status"], report["errorCode"], report["vendorErrorCode"], report["info"]) == (
        "Faulted",
        "GroundFailure",
        "rcm",
        "8 mA",
    )
    bench.fault("GroundFailure", False, vendor_code="rcm")
    assert bench.permits[1] and bench.actions("StatusNotification")[-1]["errorCode"] == "NoError"


def test_minimum_status_duration_hides_short_statuses():
    bench = StationBench(keys={"MinimumStatusDuration": "5"})
    bench.plug()
    bench.pass_time(1)
    bench.unplug()
    bench.pass_time(20)
    assert bench.statuses() == ["Available"]
    bench.plug()
    bench.pass_time(6)
    assert bench.statuses() == ["Available", "Preparing"]


def test_triggers():
    bench = StationBench(connectors=2)
    bench.sent.clear()
    for message, expected in (
        ("BootNotification", ["BootNotification"]),
        ("Heartbeat", ["Heartbeat"]),
        ("MeterValues", ["MeterValues", "MeterValues"]),
        ("StatusNotification", ["StatusNotification"] * 3),
        ("FirmwareStatusNotification", ["FirmwareStatusNotification"]),
    ):
        assert bench.ask("TriggerMessage", {"requestedMessage": message}) == {"status": "Accepted"}
        got = [action for action, _ in bench.sent]
        assert got[: len(expected)] == expected, (message, got)
        bench.sent.clear()
    assert bench.ask("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 9}) == {
        "status": "Rejected"
    }


def test_timestamps_from_before_the_clock_was_known_are_put_right():
    bench = StationBench(now=None, register=False, keys={"AllowOfflineTxForUnknownId": "true"})
    bench.plug()
    bench.card()
    bench.pass_time(100)
    bench.boot_answer = {
        "status": "Accepted",
        "currentTime": "2025-06-15T12:00:00Z",
        "interval": 300,
    }
    bench.connect()
    assert bench.now == NOON
    assert bench.actions("StartTransaction")[0]["timestamp"] == "2025-06-15T11:58:20Z"


def test_a_pause_that_this_side_makes_is_not_called_the_vehicles():
    bench = StationBench()
    bench.plug()
    bench.card("T")
    bench.resume()
    assert bench.statuses()[-1] == "Charging"
    for pilot, vehicle, status in (
        ("C2S", "C", "SuspendedEVSE"),
        # From three phases to one: +12 V, with a limit of more than 6 A
        ("B1", "B", "SuspendedEVSE"),
        ("B2", "B", "SuspendedEV"),
        ("WAKE", "B", "SuspendedEV"),
        ("C1", "C", "SuspendedEVSE"),
        ("C1P", "C", "SuspendedEV"),
        ("C2", "C", "Charging"),
    ):
        bench.pilot(1, pilot, vehicle)
        assert bench.statuses()[-1] == status, pilot
