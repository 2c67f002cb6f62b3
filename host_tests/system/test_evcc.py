"""What evcc sends at its start and while it charges, replayed at a station, with the answers that
it needs."""

from datetime import datetime, timedelta, timezone

import pytest

MEASURANDS = "Power.Active.Import,Energy.Active.Import.Register,Current.Import,Voltage,Current.Offered,Power.Offered,SoC".split(
    ","
)


class Evcc:
    """As much of evcc as the wire sees: it believes what it is told, and controls by one
    TxDefaultProfile."""

    def __init__(self, central):
        self.central = central
        self.phases = None

    def configure(self, key, value):
        return (
            self.central.call("ChangeConfiguration", {"key": key, "value": value})["status"]
            == "Accepted"
        )

    def trigger(self, message, answer):
        seen = len(self.central.messages)
        assert (
            self.central.call("TriggerMessage", {"requestedMessage": message})["status"]
            == "Accepted"
        )
        return self.central.wait_for(answer, lambda p: p["connectorId"] == 1, since=seen).payload

    def set_up(self):
        assert (
            self.central.call("ChangeAvailability", {"connectorId": 0, "type": "Operative"})[
                "status"
            ]
            == "Accepted"
        )
        keys = {
            known["key"]: known.get("value")
            for known in self.central.call("GetConfiguration", {})["configurationKey"]
        }
        self.level = int(keys["ChargeProfileMaxStackLevel"])
        self.id = int(keys["MaxChargingProfilesInstalled"])
        self.switches_phases = keys["ConnectorSwitch3to1PhaseSupported"] == "true"
        assert (
            keys["ChargingScheduleAllowedChargingRateUnit"] == "Current,Power"
            and keys["NumberOfConnectors"] == "1"
        )
        assert (
            "RemoteTrigger" in keys["SupportedFeatureProfiles"]
            and "SmartCharging" in keys["SupportedFeatureProfiles"]
        )
        accepted = [name for name in MEASURANDS if self.configure("MeterValuesSampledData", name)]
        self.measurands = accepted[: int(keys["MeterValuesSampledDataMaxLength"])]
        assert self.configure("MeterValuesSampledData", ",".join(self.measurands))
        self.measured()
        assert self.configure("MeterValueSampleInterval", "10")
        assert self.configure("WebSocketPingInterval", "30")
        self.trigger("StatusNotification", "StatusNotification")

    def measured(self):
        """{measurand, with its phase: value}"""
        values = self.trigger("MeterValues", "MeterValues")["meterValue"][0]["sampledValue"]
        return {
            value["measurand"] + "." * ("phase" in value) + value.get("phase", ""): float(
                value["value"]
            )
            for value in values
        }

    def status(self):
        last = self.central.seen("StatusNotification", lambda p: p["connectorId"] == 1)[-1].payload
        assert last["errorCode"] == "NoError", "it stops controlling"
        return last["status"]

    def enabled(self):
        """Is charging enabled? By the status where that says it, else by Current.Offered."""
        status = self.status()
        if status in ("Charging", "SuspendedEV", "SuspendedEVSE"):
            return status != "SuspendedEVSE"
        return self.measured()["Current.Offered"] > 0

    def set_current(self, amps):
        period = {"startPeriod": 0, "limit": amps}
        if self.phases is not None:
            period["numberPhases"] = self.phases
        start = datetime.now(timezone.utc) - timedelta(minutes=1)
        profile = {
            "chargingProfileId": self.id,
            "stackLevel": self.level,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "startSchedule": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [period],
            },
        }
        answer = self.central.call(
            "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile}
        )
        assert answer["status"] == "Accepted"

    def scheduled(self):
        """(limit, phases) that GetCompositeSchedule says."""
        period = self.central.call("GetCompositeSchedule", {"connectorId": 1, "duration": 60})[
            "chargingSchedule"
        ]["chargingSchedulePeriod"][0]
        return period["limit"], period["numberPhases"]


@pytest.fixture
def station(start_station, central):
    """Its phase relays do not rest between two of a test's settings."""
    station = start_station(
        keys={"ContactorMinimumClosedSeconds": "0", "ContactorMinimumOpenSeconds": "0"}
    )
    station.wait_until(lambda state: state["registered"])
    return station


@pytest.fixture
def evcc(station, central):
    evcc = Evcc(central)
    evcc.set_up()
    return evcc


def test_it_finds_every_measurand_of_the_board_and_no_state_of_charge(evcc):
    assert evcc.measurands == MEASURANDS[:-1] and evcc.switches_phases
    assert set(evcc.measured()) == {
        "Power.Active.Import",
        "Energy.Active.Import.Register",
        "Current.Offered",
        "Power.Offered",
        *("Current.Import.L%d" % phase for phase in (1, 2, 3)),
        *("Voltage.L%d-N" % phase for phase in (1, 2, 3)),
    }


def test_before_a_charge_it_reads_whether_charging_is_enabled(evcc, station):
    assert evcc.enabled()
    for plugged in (False, True):
        if plugged:
            station.cmd("plug_in", connector=1, amps=32, phases=3)
            station.wait_until(lambda state: state["connectors"][0]["status"] == "Preparing")
            evcc.trigger("StatusNotification", "StatusNotification")
        for phases in (1, 3):
            evcc.phases = phases
            for amps in (0, 6.5, 10.3, 0):
                evcc.set_current(amps)
                assert evcc.scheduled() == (amps, phases)
                offered = evcc.measured()
                assert offered["Current.Offered"] == amps
                assert offered["Power.Offered"] == pytest.approx(amps * 230 * phases, abs=1)
                assert evcc.enabled() == (amps > 0)


def test_it_enables_changes_and_disables_a_charge(evcc, station, central):
    evcc.set_current(0)
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.wait_until(lambda state: state["connectors"][0]["status"] == "Preparing")
    assert (
        central.call("RemoteStartTransaction", {"connectorId": 1, "idTag": "evcc"})["status"]
        == "Accepted"
    )
    central.wait_for("StartTransaction")
    central.wait_for("StatusNotification", lambda p: p["status"] == "SuspendedEVSE")
    assert not evcc.enabled()
    evcc.set_current(10.3)
    central.wait_for("StatusNotification", lambda p: p["status"] == "Charging")
    assert evcc.enabled()
    station.wait_until(lambda state: state["connectors"][0]["meter"]["amps"] > 10)
    measured = evcc.measured()
    assert 10 < measured["Current.Offered"] <= 10.3 and 10 < measured["Current.Import.L1"] <= 10.3
    seen = len(central.messages)
    evcc.set_current(0)
    central.wait_for("StatusNotification", lambda p: p["status"] == "SuspendedEVSE", since=seen)
    assert not evcc.enabled()
    station.wait_until(lambda state: not state["connectors"][0]["contactor"]["closed"])
    assert evcc.measured()["Power.Active.Import"] == 0


def test_a_fault_that_is_over_is_no_error_and_says_why_it_goes_on_waiting(evcc, station, central):
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="TAG", connectors=[1])
    central.wait_for("StatusNotification", lambda p: p["status"] == "Charging", timeout=30)
    station.cmd("fault", connector=1, code="OverVoltage", active=True)
    central.wait_for("StatusNotification", lambda p: p["status"] == "Faulted")
    station.wait_until(lambda state: not state["connectors"][0]["contactor"]["closed"])
    seen = len(central.messages)
    station.cmd("fault", connector=1, code="OverVoltage", active=False)
    waits = central.wait_for(
        "StatusNotification", lambda p: p["status"] == "SuspendedEVSE", since=seen
    ).payload
    assert waits["info"] == "The fault is over: current again within 30 s"
    station.wait_until(
        lambda _: any("connector 1: " + waits["info"] in line for line in station.log)
    )
    assert not evcc.enabled()
