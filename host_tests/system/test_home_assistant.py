"""What Home Assistant's integration (lbbrhzn/ocpp) sends, replayed at a station, with the answers
that it needs."""

import re

from test_charging import charge

# What it asks for when nothing is chosen: 22 measurands in one list, 442 characters.
EVERYTHING = ",".join(
    """Current.Export Current.Import Current.Offered Energy.Active.Export.Register Energy.Active.Import.Register
    Energy.Reactive.Export.Register Energy.Reactive.Import.Register Energy.Active.Export.Interval Energy.Active.Import.Interval
    Energy.Reactive.Export.Interval Energy.Reactive.Import.Interval Frequency Power.Active.Export Power.Active.Import Power.Factor
    Power.Offered Power.Reactive.Export Power.Reactive.Import RPM SoC Temperature Voltage""".split()
)
MEASURED = "Energy.Active.Import.Register,Power.Active.Import,Power.Offered,Current.Import,Current.Offered,Voltage,Temperature"


def value_of(central, key):
    (known,) = central.call("GetConfiguration", {"key": [key]})["configurationKey"]
    return known["value"]


def configure(central, key, value):
    return central.call("ChangeConfiguration", {"key": key, "value": value})["status"]


def set_up(central):
    """After a charge point has connected; returns the measurands that it makes sensors of."""
    profiles = value_of(central, "SupportedFeatureProfiles").split(",")
    assert {"Core", "RemoteTrigger", "SmartCharging"} <= set(profiles)
    assert value_of(central, "NumberOfConnectors") == "1"
    assert int(value_of(central, "HeartbeatInterval")) > 0
    status = configure(central, "MeterValuesSampledData", EVERYTHING)
    measurands = value_of(central, "MeterValuesSampledData") if status == "Rejected" else EVERYTHING
    assert configure(central, "MeterValuesSampledData", measurands) == "Accepted"
    assert configure(central, "MeterValueSampleInterval", "60") == "Accepted"
    assert configure(central, "ClockAlignedDataInterval", "900") == "Accepted"
    assert (
        central.call("ChangeAvailability", {"connectorId": 0, "type": "Operative"})["status"]
        == "Accepted"
    )
    for message in ("BootNotification", "StatusNotification"):
        assert central.call("TriggerMessage", {"requestedMessage": message})["status"] == "Accepted"
    return measurands


def limited(central, connector, purpose, amps, kind="Relative", **more):
    schedule = {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": amps}],
    }
    if kind == "Absolute":
        schedule["startSchedule"] = "2020-01-01T00:00:00Z"
    profile = {
        "chargingProfileId": {
            "ChargePointMaxProfile": 1000,
            "TxDefaultProfile": 2001,
            "TxProfile": 3001,
        }[purpose],
        "stackLevel": int(value_of(central, "ChargeProfileMaxStackLevel")),
        "chargingProfileKind": kind,
        "chargingProfilePurpose": purpose,
        "chargingSchedule": schedule,
        **more,
    }
    return central.call(
        "SetChargingProfile", {"connectorId": connector, "csChargingProfiles": profile}
    )["status"]


def reads(station, amps):
    station.wait_until(lambda state: state["connectors"][0]["limit"]["amps"] == amps)


def test_the_sensors_are_made_from_what_the_board_measures(station, central):
    assert len(EVERYTHING) == 442 and EVERYTHING.count(",") == 21
    assert set_up(central) == MEASURED
    assert (
        central.call("TriggerMessage", {"requestedMessage": "MeterValues"})["status"] == "Accepted"
    )
    sampled = central.wait_for("MeterValues").payload["meterValue"][0]["sampledValue"]
    assert {value["measurand"] for value in sampled} == set(MEASURED.split(","))
    aligned = value_of(central, "MeterValuesAlignedData").split(",")
    assert aligned == ["Energy.Active.Import.Register", "Power.Active.Import", "Current.Offered"]


def test_a_charge_is_started_limited_and_stopped(station, central):
    set_up(central)
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.wait_until(lambda state: state["connectors"][0]["status"] == "Preparing")
    assert (
        central.call("RemoteStartTransaction", {"connectorId": 1, "idTag": "HA"})["status"]
        == "Accepted"
    )
    station.wait_until(lambda state: state["connectors"][0]["status"] == "Charging")
    transaction = station.wait_until(lambda state: state["connectors"][0]["transaction"]["id"])[
        "connectors"
    ][0]["transaction"]["id"]
    for kind, amps in (("Relative", 13), ("Absolute", 10)):
        assert limited(central, 0, "ChargePointMaxProfile", amps, kind) == "Accepted"
        reads(station, amps)
    assert limited(central, 1, "TxProfile", 8, transactionId=transaction) == "Accepted"
    assert limited(central, 1, "TxDefaultProfile", 9) == "Accepted"
    reads(station, 8)
    assert central.call("ClearChargingProfile", {})["status"] == "Accepted"
    reads(station, 32)
    assert (
        central.call("RemoteStopTransaction", {"transactionId": transaction})["status"]
        == "Accepted"
    )
    stop = central.wait_for("StopTransaction").payload
    assert (stop["transactionId"], stop["reason"]) == (transaction, "Remote")
    assert central.call("UnlockConnector", {"connectorId": 1})["status"] == "Unlocked"


def test_reloads_of_the_integration_do_not_make_the_station_wait_longer(station, central):
    for reloads in range(1, 5):
        set_up(central)
        central.drop()
        waits = []

        def waited(state):
            waits[:] = re.findall(r"next try in (\d+) s", "\n".join(station.log))
            return len(waits) == reloads and state["connected"]

        station.wait_until(waited)
        assert waits == ["1"] * reloads


def test_unlocking_ends_a_charge(station, central):
    charge(station, central)
    assert central.call("UnlockConnector", {"connectorId": 1})["status"] == "Unlocked"
    assert central.wait_for("StopTransaction").payload["reason"] == "UnlockCommand"
    station.wait_until(lambda state: not state["connectors"][0]["locked"])
