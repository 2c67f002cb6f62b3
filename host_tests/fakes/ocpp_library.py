"""A central system written with the `ocpp` package alone, the way its users write one."""

import asyncio
import threading
from datetime import datetime, timezone

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action, AuthorizationStatus, RegistrationStatus
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


class Library(ChargePoint):
    """Answers what a charge point asks; `seen` holds what it asked, `starts` the fields of each
    StartTransaction."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.seen = []
        self.starts = []

    @on(Action.boot_notification)
    def on_boot(self, **payload):
        self.seen.append("BootNotification")
        now = datetime.now(timezone.utc).isoformat()
        return call_result.BootNotification(
            current_time=now, interval=60, status=RegistrationStatus.accepted
        )

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
        self.starts.append(payload)
        return call_result.StartTransaction(
            transaction_id=42, id_tag_info={"status": AuthorizationStatus.accepted}
        )

    @on(Action.stop_transaction)
    def on_stop(self, **payload):
        self.seen.append("StopTransaction")
        return call_result.StopTransaction()

    @on(Action.meter_values)
    def on_meter_values(self, **payload):
        self.seen.append("MeterValues")
        return call_result.MeterValues()

    @on(Action.diagnostics_status_notification)
    def on_diagnostics_status(self, status):
        self.seen.append(status)
        return call_result.DiagnosticsStatusNotification()

    @on(Action.log_status_notification)
    def on_log_status(self, status, request_id=None):
        self.seen.append((status, request_id))
        return call_result.LogStatusNotification()

    @on(Action.heartbeat)
    def on_heartbeat(self):
        return call_result.Heartbeat(current_time=datetime.now(timezone.utc).isoformat())


class LibraryCentralSystem:
    """Stands in for a central system that uses the `ocpp` package: its server, in a thread of its
    own."""

    def __init__(self):
        self.charge_point = None
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        threading.Thread(
            target=self._loop.run_until_complete, args=(self._serve(),), daemon=True
        ).start()
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
        return asyncio.run_coroutine_threadsafe(
            self.charge_point.call(request, suppress=False), self._loop
        ).result(10)

    def close(self):
        self._loop.call_soon_threadsafe(self._over.set)
