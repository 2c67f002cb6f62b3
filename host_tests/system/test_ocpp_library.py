"""The station at a central system written with the `ocpp` package alone, the way its users write one: the library
routes, validates every message against the official schemas, and raises on what does not fit."""

import asyncio
import threading
from datetime import datetime, timezone
from decimal import Decimal

import pytest
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from tools import bench


class Library(ChargePoint):
    """Answers what a charge point asks; `seen` holds what it asked."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.seen = []

    @on(Action.boot_notification)
    def on_boot(self, **payload):
        self.seen.append("BootNotification")
        now = datetime.now(timezone.utc).isoformat()
        return call_result.BootNotification(current_time=now, interval=60, status=RegistrationStatus.accepted)

    @on(Action.status_notification)
    def on_status(self, **payload):
        self.seen.append(payload["status"])
        return call_result.StatusNotification()

    @on(Action.authorize)
    def on_authorize(self, **payload):
        return call_result.Authorize(id_tag_info={"status": AuthorizationStatus.accepted})

    @on(Action.start_transaction)
    def on_start(self, **payload):
        self.seen.append("StartTransaction")
        return call_result.StartTransaction(transaction_id=42, id_tag_info={"status": AuthorizationStatus.accepted})

    @on(Action.stop_transaction)
    def on_stop(self, **payload):
        self.seen.append("StopTransaction")
        return call_result.StopTransaction()

    @on(Action.meter_values)
    def on_meter_values(self, **payload):
        self.seen.append("MeterValues")
        return call_result.MeterValues()

    @on(Action.heartbeat)
    def on_heartbeat(self):
        return call_result.Heartbeat(current_time=datetime.now(timezone.utc).isoformat())


class Central:
    """Runs the library's server in a thread of its own."""

    def __init__(self):
        self.charge_point = None
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True).start()
        assert self._ready.wait(5)

    async def _serve(self):
        self._over = asyncio.Event()
        async with serve(self._serve_one, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
            self.url = "ws://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._over.wait()

    async def _serve_one(self, connection):
        self.charge_point = Library(connection.request.path.split("/")[-1], connection)
        try:
            await self.charge_point.start()
        except ConnectionClosed:
            pass

    def ask(self, request):
        """The library's typed answer to a request."""
        return asyncio.run_coroutine_threadsafe(self.charge_point.call(request, suppress=False), self._loop).result(10)

    def close(self):
        self._loop.call_soon_threadsafe(self._over.set)


@pytest.fixture
def library():
    central = Central()
    yield central
    central.close()


def test_a_charge_with_profiles_at_the_ocpp_library(library, micropython, tmp_path):
    with bench.StationProcess(tmp_path, micropython, csms_url=library.url, keys={"MeterValueSampleInterval": "1"}) as station:
        station.wait_until(lambda state: state["registered"])
        profile = {
            "charging_profile_id": 1,
            "stack_level": 0,
            "charging_profile_purpose": "TxDefaultProfile",
            "charging_profile_kind": "Relative",
            "charging_schedule": {"charging_rate_unit": "A", "charging_schedule_period": [{"start_period": 0, "limit": 8.1}]},
        }
        assert library.ask(call.SetChargingProfile(connector_id=1, cs_charging_profiles=profile)).status == "Accepted"
        station.cmd("plug_in", connector=1, amps=16, phases=3)
        assert library.ask(call.RemoteStartTransaction(id_tag="REMOTE", connector_id=1)).status == "Accepted"
        station.wait_until(lambda state: state["connectors"][0]["pilot"]["offered_amps"] == 8.1)
        station.wait_until(lambda state: state["connectors"][0]["transaction"]["id"] == 42)
        station.wait_until(lambda state: "MeterValues" in library.charge_point.seen)
        plan = library.ask(call.GetCompositeSchedule(connector_id=1, duration=600, charging_rate_unit="A"))
        assert plan.charging_schedule["charging_schedule_period"] == [{"start_period": 0, "limit": Decimal("8.1"), "number_phases": 3}]
        assert library.ask(call.ClearChargingProfile(id=1)).status == "Accepted"
        assert library.ask(call.RemoteStopTransaction(transaction_id=42)).status == "Accepted"
        station.wait_until(lambda state: "StopTransaction" in library.charge_point.seen)
        station.cmd("plug_out", connector=1)
        station.wait_until(lambda state: state["connectors"][0]["status"] == "Available")
        keys = library.ask(call.GetConfiguration(key=["NumberOfConnectors"]))
        assert keys.configuration_key == [{"key": "NumberOfConnectors", "readonly": True, "value": "1"}]
    seen = library.charge_point.seen
    for expected in ("BootNotification", "StartTransaction", "MeterValues", "StopTransaction", "Charging", "Finishing"):
        assert expected in seen, seen
