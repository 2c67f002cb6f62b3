"""What a central system asks of the whole station beside charging profiles: locks, availability,
cards offline, reasons."""

import pytest

CABLE_32 = {"connector": 1, "amps": 32}


def status_of(central, wanted, connector=1, since=0):
    return central.wait_for(
        "StatusNotification",
        lambda p: (p["connectorId"], p["status"]) == (connector, wanted),
        since=since,
    )


def test_a_cable_is_locked_while_charging_and_freed_by_the_central_system(station, central):
    station.cmd("cable", **CABLE_32)
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="TAG")
    station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
    assert station.connector()["locked"]
    assert central.call("UnlockConnector", {"connectorId": 1}) == {"status": "Unlocked"}
    assert central.wait_for("StopTransaction").payload["reason"] == "UnlockCommand"
    state = station.wait_until(lambda state: not state["connectors"][0]["locked"])
    assert not state["connectors"][0]["contactor"]["closed"]
    status_of(central, "Finishing")
    station.cmd("plug_out", connector=1)
    seen = len(central.messages)
    station.cmd("cable", connector=1, amps=None)
    status_of(central, "Available", since=seen)
    station.cmd("fault", connector=1, code="ConnectorLockFailure", active=True)
    status_of(central, "Faulted")
    assert central.call("UnlockConnector", {"connectorId": 1}) == {"status": "UnlockFailed"}


def test_what_the_central_system_said_survives_a_power_cut(start_station, central):
    station = start_station(connectors=[{"id": 1}, {"id": 2, "lock": False}])
    station.wait_until(lambda state: state["registered"])
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="KNOWN", connectors=[1])
    central.wait_for("StartTransaction")
    assert central.call("ChangeAvailability", {"connectorId": 0, "type": "Inoperative"}) == {
        "status": "Scheduled"
    }
    status_of(central, "Unavailable", 2)
    assert central.call("ChangeAvailability", {"connectorId": 1, "type": "Operative"}) == {
        "status": "Accepted"
    }
    assert central.call("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "33"}) == {
        "status": "Accepted"
    }
    assert central.call("UnlockConnector", {"connectorId": 2}) == {"status": "NotSupported"}
    station.cmd("swipe", tag="KNOWN", connectors=[1])
    central.wait_for("StopTransaction")
    station.wait_until(lambda state: state["connectors"][0]["status"] == "Finishing")
    station.kill()
    seen = len(central.messages)
    station.start()
    station.wait_until(lambda state: state["registered"])
    status_of(central, "Unavailable", 0, seen)
    status_of(central, "Available", 1, seen)
    status_of(central, "Unavailable", 2, seen)
    (key,) = central.call("GetConfiguration", {"key": ["connectiontimeout"]})["configurationKey"]
    assert key == {"key": "ConnectionTimeOut", "readonly": False, "value": "33"}
    station.cmd("link", up=False)
    station.wait_until(lambda state: not state["connected"])
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="STRANGER", connectors=[1])
    station.cmd("swipe", tag="known", connectors=[1])
    state = station.wait_until(lambda state: state["connectors"][0]["transaction"])
    assert state["connectors"][0]["transaction"]["id_tag"] == "known"


@pytest.mark.parametrize("micropython", ["64bit"], indirect=True)
def test_reasons_to_stop_name_what_happened(start_station, central):
    station = start_station(keys={"ResumeTransactionAfterPowerLoss": "false"})
    station.wait_until(lambda state: state["registered"])

    def charge():
        station.cmd("plug_in", connector=1, amps=32, phases=3)
        station.cmd("swipe", tag="TAG")
        station.wait_until(
            lambda state: (state["connectors"][0]["transaction"] or {}).get("id") is not None
        )
        return len(central.messages)

    def reason(seen):
        return central.wait_for("StopTransaction", since=seen).payload["reason"]

    seen = charge()
    station.cmd("press", button="emergency_stop")
    assert reason(seen) == "EmergencyStop"
    station.cmd("plug_out", connector=1)
    seen = charge()
    station.kill()
    station.start()
    assert reason(seen) == "PowerLoss"
    seen = charge()
    assert central.call("Reset", {"type": "Soft"}) == {"status": "Accepted"}
    assert station.wait_exit() == 75
    assert reason(seen) == "SoftReset"


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_a_plug_charges_without_a_card_until_the_central_system_refuses_it(start_station, central):
    station = start_station(keys={"FreeVendActive": "true", "FreeVendIdTag": "GUEST"})
    station.wait_until(lambda state: state["registered"])
    station.cmd("plug_in", connector=1, amps=16, phases=3)
    central.wait_for("StartTransaction", lambda payload: payload["idTag"] == "GUEST")
    station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
    station.cmd("plug_out", connector=1)
    assert central.wait_for("StopTransaction").payload["reason"] == "EVDisconnected"
    refusal = {"transactionId": 77, "idTagInfo": {"status": "Blocked"}}
    central.answers["StartTransaction"] = lambda payload: refusal
    seen = len(central.messages)
    station.cmd("plug_in", connector=1, amps=16, phases=3)
    stopped = central.wait_for("StopTransaction", since=seen).payload
    assert (stopped["transactionId"], stopped["reason"]) == (77, "DeAuthorized")
    assert not central.seen("Authorize")
    station.wait_until(lambda state: not state["connectors"][0]["contactor"]["closed"])
