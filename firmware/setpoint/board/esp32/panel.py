"""The board's light, button and emergency stop.

    red      the pilot cannot be trusted       blue     the contactor is closed
    green    ready                             amber    ready, no network

Boards with lamps: `fault` lights for red, `charging` for blue, `ready` for green; without network
`ready` blinks once a second.

While the emergency stop is pressed the station offers no current. The firmware only hears of the
stop: its wiring must open the contactor by itself.
"""

from micropython import const

from ...clock import sleep_ms
from .pins import output, sensor

_LOOK_MS = const(50)
_BLINK_LOOKS = const(10)
_COLOURS = {"fault": (40, 0, 0), "charging": (0, 0, 40), "ready": (0, 30, 0), "alone": (30, 15, 0)}


class Panel:
    def __init__(self, wiring: dict, outlets: list, network) -> None:
        """`wiring`: the whole board.json."""
        light = wiring.get("light")
        self._outlets = outlets
        self._network = network
        self._button = sensor(wiring.get("button"))
        self._stop = sensor(wiring.get("emergency_stop"))
        self._stopped = False
        self._stop_looks = 0  # in a row that say otherwise
        self._pixel = None
        self._lamps: dict = {}
        if light is not None and light["kind"] == "neopixel":
            from machine import Pin
            from neopixel import NeoPixel

            self._pixel = NeoPixel(Pin(light["pin"], Pin.OUT), 1)
        elif light is not None:
            self._lamps = {name: output(light[name]) for name in light if name != "kind"}

    def meaning(self) -> str:
        meaning = "ready" if self._network.up else "alone"
        for outlet in self._outlets:
            if not outlet.pilot_ok():
                return "fault"
            if outlet.closed:
                meaning = "charging"
        return meaning

    async def run(self, app) -> None:
        shown = None
        looks = 0
        pressed = 2  # looks in a row: nobody pressed a button that hangs at the start
        while True:
            looks += 1
            meaning = self.meaning()
            if meaning == "alone" and self._pixel is None and looks // _BLINK_LOOKS % 2:
                meaning = "dark"
            if meaning != shown:
                shown = meaning
                self._show(meaning)
            if self._button is not None:
                pressed = pressed + 1 if self._button.value() else 0
                if pressed == 2:  # and once only, however long it stays pressed
                    app.on_press("button")
            if self._stop is not None:
                self._look_at_stop(app, self._stop.value() == 1)
            await sleep_ms(_LOOK_MS)

    def _look_at_stop(self, app, pressed: bool) -> None:
        self._stop_looks = 0 if pressed == self._stopped else self._stop_looks + 1
        if self._stop_looks == 2:
            self._stopped = pressed
            info = "Emergency stop pressed: release it" if pressed else None
            app.on_fault(0, "OtherError", "emergency_stop", info, pressed)
            if pressed:
                app.on_press("emergency_stop")

    def _show(self, meaning: str) -> None:
        if self._pixel is not None:
            self._pixel[0] = _COLOURS[meaning]
            self._pixel.write()
        if meaning == "alone":
            meaning = "ready"
        for name in self._lamps:
            self._lamps[name].value(name == meaning)
