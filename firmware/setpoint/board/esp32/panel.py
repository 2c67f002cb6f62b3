"""The board's light, button and emergency stop.

    red      the pilot cannot be trusted       blue     the contactor is closed
    green    ready                             amber    ready, no network
    white    set-up mode; it blinks

Boards with lamps: `fault` lights for red, `charging` for blue, `ready` for green; without network
`ready` blinks once a second, in set-up mode all of them.

While the emergency stop is pressed the station offers no current. The firmware only hears of the
stop: its wiring must open the contactor by itself.
"""

from micropython import const

from ...clock import sleep_ms
from .pins import output, sensor

_LOOK_MS = const(50)
_BLINK_LOOKS = const(10)
_BLINK_MS = const(500)
_COLOURS = {
    "fault": (40, 0, 0),
    "charging": (0, 0, 40),
    "ready": (0, 30, 0),
    "alone": (30, 15, 0),
    "set up": (20, 20, 20),
    "dark": (0, 0, 0),
}


class Light:
    """The NeoPixel or the lamps that `light` of board.json names."""

    def __init__(self, light: dict) -> None:
        self.pixel = None
        self._lamps: dict = {}
        if light["kind"] == "neopixel":
            from machine import Pin
            from neopixel import NeoPixel

            self.pixel = NeoPixel(Pin(light["pin"], Pin.OUT), 1)
        else:
            self._lamps = {name: output(light[name]) for name in light if name != "kind"}

    def show(self, meaning: str) -> None:
        if self.pixel is not None:
            self.pixel[0] = _COLOURS[meaning]
            try:
                self.pixel.write()
            except OSError:  # no memory for it: the next change shows
                pass
        lit = "ready" if meaning == "alone" else meaning
        for name in self._lamps:
            self._lamps[name].value(lit in (name, "set up"))

    async def blink(self) -> None:
        """In set-up mode."""
        while True:
            for meaning in ("set up", "dark"):
                self.show(meaning)
                await sleep_ms(_BLINK_MS)


class Panel:
    def __init__(self, wiring: dict, outlets: list, network) -> None:
        """`wiring`: the whole board.json."""
        self._light = Light(wiring["light"]) if wiring.get("light") else None
        self._outlets = outlets
        self._network = network
        self._button = sensor(wiring.get("button"))
        self._stop = sensor(wiring.get("emergency_stop"))
        self._stopped = False
        self._stop_looks = 0  # in a row that say otherwise

    def meaning(self) -> str:
        meaning = "ready" if self._network.up else "alone"
        for outlet in self._outlets:
            if not outlet.pilot_ok():
                return "fault"
            if outlet.closed:
                meaning = "charging"
        return meaning

    async def run(self, app) -> None:
        light = self._light
        shown = None
        looks = 0
        pressed = 2  # looks in a row: nobody pressed a button that hangs at the start
        while True:
            looks += 1
            meaning = self.meaning()
            if meaning == "alone" and looks // _BLINK_LOOKS % 2 and not (light and light.pixel):
                meaning = "dark"
            if meaning != shown:
                shown = meaning
                if light is not None:
                    light.show(meaning)
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
