"""Improv Wi-Fi at the serial line: a browser at the cable tells the station its Wi-Fi, and is told
where the set-up page is then. protocol/improv.py has the packets.

Whoever is at the cable can read the flash, so no password is asked for here. The page whose address
is told is in the home network, and asks for the station's own password."""

import asyncio

from ..protocol import improv
from .phases import DONE, TRYING, WAITING

_SILENT_S = 1.0  # within a packet: then it is none


class Improv:
    def __init__(self, mode, line) -> None:
        """line: read(1) and write of the serial line."""
        self._mode = mode
        self._line = line
        self._reader = improv.Reader()

    async def run(self) -> None:
        """Raises KeyboardInterrupt at Ctrl-C."""
        self._say_state()
        while True:
            try:
                data = await asyncio.wait_for(
                    self._line.read(1), _SILENT_S if self._reader.in_packet() else None
                )
            except asyncio.TimeoutError:
                self._reader.forget()
                continue
            if not data:  # nobody is there any more
                await asyncio.sleep(_SILENT_S)
                continue
            event = self._reader.take(data[0])
            if event is None:
                continue
            if event == improv.INTERRUPT:
                raise KeyboardInterrupt
            if event[0] == improv.RPC:
                await self._answer(event[1])
            else:
                self._say_error(event[1])

    def _say(self, kind: int, data: bytes) -> None:
        self._line.write(improv.packet(kind, data))

    def _say_error(self, code: int) -> None:
        self._say(improv.ERROR_STATE, bytes((code,)))

    def _say_state(self) -> None:
        state = improv.PROVISIONED if self._mode.remote else improv.AUTHORIZED
        self._say(improv.CURRENT_STATE, bytes((state,)))

    def _say_result(self, command: int, *texts: str) -> None:
        self._say(improv.RPC_RESULT, improv.result_of(command, texts))

    async def _answer(self, data: bytes) -> None:
        found = improv.command_of(data)
        if found is None:
            self._say_error(improv.INVALID)
            return
        command, payload = found
        if command == improv.GET_STATE:
            self._say_state()
            if self._mode.remote:
                self._say_result(command, self._mode.way.joined_url() or "")
        elif command == improv.GET_INFO:
            from .. import __version__

            way, board = self._mode.way, self._mode.board
            self._say_result(command, "Setpoint", __version__, way.chip, board.name)
        elif command == improv.GET_NETWORKS:
            await self._say_networks(command)
        elif command == improv.SEND_WIFI:
            await self._take_wifi(command, payload)
        else:
            self._say_error(improv.UNKNOWN_COMMAND)

    async def _say_networks(self, command: int) -> None:
        try:
            found = await self._mode.way.networks()
        except OSError:
            found = []
        for ssid, rssi, secured in found:
            self._say_result(command, ssid, str(rssi), "YES" if secured else "NO")
        self._say_result(command)

    async def _take_wifi(self, command: int, payload: bytes) -> None:
        wifi = improv.wifi_of(payload)
        if wifi is None:
            self._say_error(improv.INVALID)
            return
        mode = self._mode
        if mode.phase in (TRYING, DONE) or not await self._joined(*wifi):
            self._say_state()
            self._say_error(improv.UNABLE_TO_CONNECT)
            return
        self._say_error(improv.NO_ERROR)
        self._say_state()
        self._say_result(command, mode.way.joined_url() or "")

    async def _joined(self, ssid: str, password: str) -> bool:
        """Tries it, and writes what works."""
        from . import wishes
        from .trial import Stop

        mode = self._mode
        form = {"ssid": ssid, "wifi_password": password}
        for name, field in (("url", "csms_url"), ("id", "charge_point_id")):
            form[name] = mode.old.get(field)
        self._say(improv.CURRENT_STATE, bytes((improv.PROVISIONING,)))
        mode.phase, mode.steps = TRYING, []
        try:
            identity, pem = wishes.identity_from(
                form, mode.old, mode.password or "", mode.board.root + "/ca.pem"
            )
            if pem is None:  # the page finds the authority, when the central system is chosen there
                identity["tls"] = mode.old.get("tls")
            if mode.password is None:
                identity.pop("page", None)
            await mode.join(identity["wifi"])
            mode.write(identity)
        except (Stop, wishes.Wrong, OSError) as error:
            mode.log(
                "warn", "set-up", "Wi-Fi from the cable: %s" % (error.args[1:2] or error.args)[0]
            )
            return False
        finally:
            mode.phase, mode.steps = WAITING, []
        mode.remote = True
        return True
