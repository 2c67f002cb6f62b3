"""The lock of a socket: a motor behind two half-bridges, driven in pulses by a task of its own."""

from micropython import const

from ...clock import sleep_ms
from .pins import output, sensor

_LOOK_MS = const(50)
_REST_MS = const(1000)  # driver and motor cool down


class Lock:
    def __init__(self, wiring: dict) -> None:
        self._close = output(wiring["close"])
        self._open = output(wiring["open"])
        self._pulse_ms = wiring["pulse_ms"]
        self._closed = sensor(wiring.get("closed"))
        self._wanted = False
        self._asked = False  # since the last pulse
        self._driven: "bool | None" = None  # where the last pulse went

    def set(self, locked: bool) -> None:
        self._wanted = locked
        self._asked = True

    def closed(self) -> "bool | None":
        return None if self._closed is None else self._closed.value() == 1

    def rest(self) -> None:
        """Switches the motor off: the lock stays where it is."""
        self._close.off()
        self._open.off()

    async def run(self) -> None:
        while True:
            await sleep_ms(_LOOK_MS)
            wanted = self._wanted
            if self._asked and (wanted != self._driven or self.closed() not in (wanted, None)):
                self._asked = False
                self._driven = wanted
                try:
                    (self._close if wanted else self._open).on()
                    await sleep_ms(self._pulse_ms)
                finally:
                    self.rest()
                await sleep_ms(_REST_MS)
