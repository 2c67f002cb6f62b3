"""The sessions of the OCPP 1.6 compliancy test tool's cases for charge points, Core profile, one
test for each case.

The names are those of public test reports; the table in host_tests/README.md lists them all.
"""

from station_bench import StationBench

ACCEPTED = {"status": "Accepted"}
VALID = "VALID"


def invalid(payload):
    return {"idTagInfo": {"status": "Invalid"}}


def started_invalid(payload):
    return {"transactionId": 8, "idTagInfo": {"status": "Invalid"}}


def configured(**keys):
    """A station with a socket and a lock, as the tool sets it up."""
    bench = StationBench(locks=[1])
    for name in keys:
        assert bench.ask("ChangeConfiguration", {"key": name, "value": keys[name]}) == ACCEPTED, (
            name
        )
    bench.cable()
    bench.sent.clear()
    return bench


def charging(bench):
    bench.plug()
    bench.card(VALID)
    bench.draw()
    assert bench.statuses()[-1] == "Charging"
    bench.sent.clear()
    return bench


def last_stop(bench):
    stops = bench.actions("StopTransaction")
    assert len(stops) == 1, stops
    return stops[0]


def remember(bench, tag=VALID):
    """The card has charged here before."""
    bench.plug()
    bench.card(tag)
    bench.card(tag)
    bench.unplug()
    bench.cable(da=None)
    bench.cable()
    bench.sent.clear()


def go_offline(bench):
    bench.disconnect()


def come_back(bench):
    bench.sent.clear()
    bench.connect()


def test_tc_003_plug_in_first():
    bench = configured()
    bench.plug()
    bench.card(VALID)
    bench.draw()
    assert [action for action, _ in bench.sent][:3] == [
        "StatusNotification",
        "Authorize",
        "StartTransaction",
    ]
    assert bench.statuses()[0] == "Preparing" and bench.statuses()[-1] == "Charging"


def test_tc_004_1_identification_first():
    bench = configured()
    bench.card(VALID)
    assert [action for action, _ in bench.sent] == ["Authorize", "StatusNotification"]
    assert bench.statuses() == ["Preparing"]
    bench.plug()
    bench.draw()
    assert len(bench.actions("StartTransaction")) == 1 and bench.statuses()[-1] == "Charging"


def test_tc_004_2_identification_first_and_nobody_plugs_in():
    bench = configured(ConnectionTimeOut="20")
    bench.card(VALID)
    bench.pass_time(21)
    assert bench.statuses() == ["Preparing", "Available"]


def test_tc_005_1_unplugged_at_the_vehicle_stop_and_unlock():
    bench = charging(
        configured(
            StopTransactionOnEVSideDisconnect="true", UnlockConnectorOnEVSideDisconnect="true"
        )
    )
    bench.unplug()
    assert last_stop(bench)["reason"] == "EVDisconnected" and bench.statuses() == ["Finishing"]
    assert not bench.locks[1]
    bench.cable(da=None)
    assert bench.statuses()[-1] == "Available"


def test_tc_005_2_unplugged_at_the_vehicle_stop_and_keep_the_cable():
    bench = charging(
        configured(
            StopTransactionOnEVSideDisconnect="true", UnlockConnectorOnEVSideDisconnect="false"
        )
    )
    bench.unplug()
    assert last_stop(bench)["reason"] == "EVDisconnected" and bench.statuses() == ["Finishing"]
    assert bench.locks[1]
    assert bench.ask("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert not bench.locks[1]
    bench.cable(da=None)
    assert bench.statuses()[-1] == "Available"


def test_tc_005_3_unplugged_at_the_vehicle_and_going_on():
    bench = charging(
        configured(
            StopTransactionOnEVSideDisconnect="false", UnlockConnectorOnEVSideDisconnect="false"
        )
    )
    bench.unplug()
    assert (
        bench.statuses() == ["SuspendedEV"]
        and bench.actions("StopTransaction") == []
        and bench.locks[1]
    )
    assert bench.ask("RemoteStopTransaction", {"transactionId": 1}) == ACCEPTED
    assert last_stop(bench)["reason"] == "Remote" and bench.statuses()[-1] == "Finishing"


def test_tc_006_one_reader_for_several_connectors():
    bench = StationBench(connectors=2)
    bench.plug(1)
    bench.card("ONE")
    bench.plug(2)
    bench.card("TWO")
    assert [p["idTag"] for p in bench.actions("StartTransaction")] == ["ONE", "TWO"]
    bench.card("TWO")
    assert last_stop(bench)["transactionId"] == 2


def test_tc_007_1_a_cached_card():
    bench = configured(LocalPreAuthorize="true", AuthorizationCacheEnabled="true")
    remember(bench)
    bench.card(VALID)
    assert bench.statuses() == ["Preparing"]
    bench.plug()
    bench.draw()
    assert bench.actions("Authorize") == [] and len(bench.actions("StartTransaction")) == 1
    assert bench.statuses()[-1] == "Charging"


def test_tc_007_2_a_remote_start_with_a_cached_card():
    bench = configured(
        LocalPreAuthorize="true", AuthorizationCacheEnabled="true", AuthorizeRemoteTxRequests="true"
    )
    remember(bench)
    assert bench.ask("RemoteStartTransaction", {"idTag": VALID, "connectorId": 1}) == ACCEPTED
    assert bench.statuses() == ["Preparing"]
    bench.plug()
    bench.draw()
    assert bench.actions("Authorize") == [] and len(bench.actions("StartTransaction")) == 1
    assert bench.statuses()[-1] == "Charging"


def test_tc_010_remote_start_with_the_cable_plugged_in_first():
    for asks in ("false", "true"):
        bench = configured(AuthorizeRemoteTxRequests=asks)
        bench.plug()
        assert bench.statuses() == ["Preparing"]
        assert bench.ask("RemoteStartTransaction", {"idTag": VALID, "connectorId": 1}) == ACCEPTED
        bench.draw()
        assert len(bench.actions("Authorize")) == (1 if asks == "true" else 0)
        assert (
            bench.actions("StartTransaction")[0]["idTag"] == VALID
            and bench.statuses()[-1] == "Charging"
        )


def test_tc_011_1_remote_start_first():
    bench = configured()
    assert bench.ask("RemoteStartTransaction", {"idTag": VALID, "connectorId": 1}) == ACCEPTED
    assert bench.statuses() == ["Preparing"]
    bench.plug()
    bench.draw()
    assert len(bench.actions("StartTransaction")) == 1 and bench.statuses()[-1] == "Charging"


def test_tc_011_2_remote_start_and_nobody_plugs_in():
    bench = configured(ConnectionTimeOut="20")
    assert bench.ask("RemoteStartTransaction", {"idTag": VALID, "connectorId": 1}) == ACCEPTED
    bench.pass_time(21)
    assert bench.statuses() == ["Preparing", "Available"]


def test_tc_012_remote_stop():
    bench = charging(configured())
    assert bench.ask("RemoteStopTransaction", {"transactionId": 1}) == ACCEPTED
    bench.end()
    assert last_stop(bench)["reason"] == "Remote" and bench.statuses() == ["Finishing"]
    bench.unplug()
    bench.cable(da=None)
    assert bench.statuses()[-1] == "Available"


def test_tc_023_1_to_4_a_card_that_is_not_accepted():
    for status in ("Invalid", "Expired", "Blocked"):
        for plug_first in (True, False):
            bench = configured()
            bench.answers["Authorize"] = lambda payload: {"idTagInfo": {"status": status}}  # noqa: B023
            if plug_first:
                bench.plug()
            bench.card(VALID)
            if not plug_first:
                bench.plug()
            assert len(bench.actions("Authorize")) == 1 and bench.actions("StartTransaction") == []


def test_tc_023_5_a_remote_start_with_a_card_that_is_not_accepted():
    bench = configured(AuthorizeRemoteTxRequests="true")
    bench.answers["Authorize"] = invalid
    assert bench.ask("RemoteStartTransaction", {"idTag": VALID, "connectorId": 1}) == ACCEPTED
    bench.plug()
    assert len(bench.actions("Authorize")) == 1 and bench.actions("StartTransaction") == []


def test_tc_024_the_lock_fails_at_the_start():
    bench = configured()
    assert bench.ask("RemoteStartTransaction", {"idTag": VALID, "connectorId": 1}) == ACCEPTED
    assert bench.statuses() == ["Preparing"]
    bench.fault("ConnectorLockFailure")
    report = bench.actions("StatusNotification")[-1]
    assert (report["status"], report["errorCode"]) == ("Faulted", "ConnectorLockFailure")
    bench.plug()
    assert bench.actions("StartTransaction") == []


def test_tc_026_remote_start_of_a_connector_that_is_taken():
    bench = charging(configured())
    assert bench.ask("RemoteStartTransaction", {"idTag": "OTHER", "connectorId": 1}) == {
        "status": "Rejected"
    }


def test_tc_027_remote_start_of_connector_0():
    assert configured().ask("RemoteStartTransaction", {"idTag": VALID, "connectorId": 0}) == {
        "status": "Rejected"
    }


def test_tc_028_remote_stop_of_an_unknown_transaction():
    bench = charging(configured())
    assert bench.ask("RemoteStopTransaction", {"transactionId": 4711}) == {"status": "Rejected"}
    assert bench.actions("StopTransaction") == [] and bench.permits[1]


def test_tc_032_2_after_a_power_cut_the_transaction_ends():
    bench = charging(configured(ResumeTransactionAfterPowerLoss="false"))
    again = StationBench(memory=bench.memory)
    again.plug()
    assert last_stop(again)["reason"] == "PowerLoss" and again.permits[1] is False


def test_tc_036_the_connection_is_lost_in_mid_charge():
    bench = charging(configured(MeterValueSampleInterval="60"))
    go_offline(bench)
    bench.pass_time(200)
    assert bench.permits[1]
    come_back(bench)
    assert "BootNotification" not in [action for action, _ in bench.sent]
    assert [p["transactionId"] for p in bench.actions("MeterValues")] == [1, 1, 1]


def offline_start(**keys):
    bench = configured(LocalAuthorizeOffline="true", AllowOfflineTxForUnknownId="true", **keys)
    remember(bench)
    go_offline(bench)
    bench.plug()
    bench.card(VALID)
    bench.draw()
    assert bench.permits[1]
    return bench


def test_tc_037_1_an_offline_start_with_a_valid_card():
    bench = offline_start()
    come_back(bench)
    assert bench.actions("StartTransaction")[0]["idTag"] == VALID and bench.statuses() == [
        "Charging"
    ]


def test_tc_037_2_an_offline_start_with_an_invalid_card_and_no_stop():
    bench = offline_start(StopTransactionOnInvalidId="false", MaxEnergyOnInvalidId="0")
    bench.answers["StartTransaction"] = started_invalid
    come_back(bench)
    assert len(bench.actions("StartTransaction")) == 1 and bench.actions("StopTransaction") == []
    assert bench.statuses()[-1] == "SuspendedEVSE" and not bench.permits[1]


def test_tc_037_3_an_offline_start_with_an_invalid_card_is_stopped():
    bench = offline_start(StopTransactionOnInvalidId="true")
    bench.answers["StartTransaction"] = started_invalid
    come_back(bench)
    bench.end()
    assert last_stop(bench)["reason"] == "DeAuthorized" and bench.statuses()[-1] == "Finishing"


def test_tc_038_an_offline_stop():
    bench = charging(configured())
    go_offline(bench)
    bench.card(VALID)
    bench.end()
    come_back(bench)
    assert last_stop(bench)["reason"] == "Local" and bench.statuses() == ["Finishing"]


def test_tc_039_a_whole_transaction_offline():
    bench = offline_start()
    bench.pass_time(100)
    bench.card(VALID)
    bench.end()
    bench.unplug()
    bench.cable(da=None)
    come_back(bench)
    messages = [
        action for action, _ in bench.sent if action in ("StartTransaction", "StopTransaction")
    ]
    assert messages == ["StartTransaction", "StopTransaction"]
    assert (
        last_stop(bench)["reason"] == "Local"
        and last_stop(bench)["transactionId"] == bench.transaction_ids
    )


def test_tc_041_a_faulted_connector_starts_nothing():
    bench = configured()
    bench.fault("GroundFailure")
    assert bench.statuses()[-1] == "Faulted"
    bench.plug()
    bench.card(VALID)
    assert bench.ask("RemoteStartTransaction", {"idTag": VALID, "connectorId": 1}) == {
        "status": "Rejected"
    }
    assert bench.actions("StartTransaction") == []


def test_tc_061_1_a_cleared_cache_and_a_card():
    bench = configured(LocalPreAuthorize="true")
    remember(bench)
    assert bench.ask("ClearCache", {}) == ACCEPTED
    bench.answers["Authorize"] = invalid
    bench.plug()
    bench.card(VALID)
    assert len(bench.actions("Authorize")) == 1 and bench.actions("StartTransaction") == []


def test_tc_061_2_a_cleared_cache_and_a_remote_start():
    bench = configured(LocalPreAuthorize="true", AuthorizeRemoteTxRequests="true")
    remember(bench)
    assert bench.ask("ClearCache", {}) == ACCEPTED
    bench.answers["Authorize"] = invalid
    bench.ask("RemoteStartTransaction", {"idTag": VALID, "connectorId": 1})
    bench.plug()
    assert len(bench.actions("Authorize")) == 1 and bench.actions("StartTransaction") == []


def test_tc_068_the_card_of_the_start_ends_the_transaction():
    bench = charging(configured())
    bench.card(VALID)
    bench.end()
    assert last_stop(bench)["idTag"] == VALID and bench.statuses() == ["Finishing"]


def test_tc_069_a_card_of_the_same_group_ends_the_transaction():
    bench = configured()
    bench.answers["Authorize"] = lambda payload: {
        "idTagInfo": {"status": "Accepted", "parentIdTag": "PARENT"}
    }
    charging(bench)
    bench.card("VALID2")
    assert bench.actions("Authorize") == [{"idTag": "VALID2"}]
    bench.end()
    assert last_stop(bench)["idTag"] == "VALID2" and bench.statuses() == ["Finishing"]


def test_tc_070_sampled_meter_values():
    bench = configured(
        MeterValueSampleInterval="10", MeterValuesSampledData="Energy.Active.Import.Register"
    )
    charging(bench)
    bench.pass_time(30)
    values = bench.actions("MeterValues")
    assert len(values) == 3
    for value in values:
        (sampled,) = value["meterValue"][0]["sampledValue"]
        assert (sampled["context"], sampled["measurand"]) == (
            "Sample.Periodic",
            "Energy.Active.Import.Register",
        )


def test_tc_071_clock_aligned_meter_values():
    bench = configured(
        ClockAlignedDataInterval="900",
        MeterValuesAlignedData="Energy.Active.Import.Register",
        MeterValueSampleInterval="0",
    )
    bench.pass_time(100)
    charging(bench)
    go_offline(bench)  # its heartbeats are answered with noon again and again
    bench.pass_time(1800)
    come_back(bench)
    values = bench.actions("MeterValues")
    stamps = [value["meterValue"][0]["timestamp"] for value in values if value["connectorId"] == 1]
    assert stamps == ["2025-06-15T12:15:00Z", "2025-06-15T12:30:00Z"]
    for value in values:
        (sampled,) = value["meterValue"][0]["sampledValue"]
        assert (sampled["context"], sampled["measurand"]) == (
            "Sample.Clock",
            "Energy.Active.Import.Register",
        )
