"""The simulated board: the contract of board/contract.pyi on MicroPython's unix port.

Pins, vehicle, meter, contactor, flash chip and cable are models. The rest of the station is what
ships.
"""

import errno
import os
import sys

from micropython import const

from ... import __version__
from ...clock import Clock, sleep_ms, system_instant
from ...units import tenths
from .. import flash
from . import flash_chip
from .network import Network
from .outlet import MeterMemory, Outlet
from .ticker import Ticker

_RESET_ME = const(75)  # exit code that asks the parent process to start the station again
_METER_MEMORY_MS = const(1000)
_WATCHDOG_LOOK_MS = const(500)
_WATCHDOG_LOOKS = const(8)


class Board:
    name = "simulated"
    reset_cause = "power"
    has_thermometer = True
    period_ms = 20
    root = "/flash"

    def __init__(self, settings: dict, ignored: "list[str]") -> None:
        """`settings` and `ignored`: as start_file.load returns them."""
        store = settings["store"]
        from .slots import start as start_slot

        _make_folder(store)
        device = settings["device"]
        limits = device["limits_without_profile"]
        self.supply = {
            "volts": limits["volts"],
            "phases": limits["phases"],
            "phase_switch": device["phase_switch"],
            "connector_amps": limits["amps"],
            "connector_watts": limits["watts"],
            "grid_amps": device["grid_amps"],
        }
        self.reconnect = device["reconnect"]
        self.clock = _clock_from(settings["clock"])
        self.network = Network(**settings["network"])
        self._reset_note = store + "/reset"  # left behind by a reset, not by a power cut
        try:
            os.remove(self._reset_note)
            self.reset_cause = "software"
        except OSError:
            self.reset_cause = "power"
        try:
            self.flash_chip, problems = flash_chip.mount(store, self.root, settings["flash"])
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            sys.exit(_RESET_ME)  # there is no station and no output yet
        self._set_up = settings["set_up"]
        self._has_identity = True
        if self._set_up is not None:
            from .set_up import take_identity

            self._has_identity = take_identity(settings, self.root)
        self.identity = settings["identity"]
        self.identity["firmware"] = self.identity["firmware"] or __version__
        for name in ("csms_url", "charge_point_id", "basic_auth", "tls"):
            self.identity[name] = settings[name]
        if settings["time"]:
            self.identity["time"] = settings["time"]
        self.keys = settings["keys"]
        self._problems = problems + ignored
        self._store = store
        self._slot = start_slot(store)
        self.celsius: "int | None" = 25
        self.outlets: "list[Outlet]" = []
        for connector in settings["connectors"]:
            number = connector["id"]
            memory = MeterMemory("%s/meter%d" % (store, number))
            self.outlets.append(
                Outlet(
                    number, connector["lock"], limits["volts"], limits["phases"], self.clock, memory
                )
            )
        for vehicle in settings["vehicles"]:
            outlet = self.outlets[vehicle["connector"] - 1]
            outlet.vehicle.plug_in(
                tenths(vehicle["amps"]), vehicle["phases"], int(vehicle["draw_delay"] * 1000)
            )
            outlet.look_at_pilot()
        self.mains = None
        if device["mains"] is not None:
            from .mains import SimulatedMains

            self.mains = SimulatedMains(device["mains"], self.outlets, self.clock)
        self.page = settings["page"]
        self._dim = device["dim"]
        self.dim_watts: "int | None" = None if self._dim is None else self._dim["watts"]
        self.control = settings["control"]
        self.dns: "str | None" = settings["network"]["dns"]
        self.ticker: "Ticker | None" = None
        # The watchdog sleeps until it is fed for the first time
        self._looks_without_food: "int | None" = None

    def door(self, listener: "tuple | None"):
        from .door import Door

        door = Door(self.page, self.network, self._store)
        door.listener = listener
        return door

    def running_slot(self) -> tuple:
        from .slots import Partition

        return Partition(self._store, self._slot, self.flash_chip), self.name

    def set_up(self):
        if self._set_up is None or self.reset_cause != "power":
            return None
        from .set_up import wanted

        return wanted(self, self._set_up, self._has_identity)

    def remount(self) -> None:
        flash.remount(self.flash_chip, self.root)

    def run_steps(self, step) -> None:
        self.ticker = Ticker(step, self.period_ms)

    def make_safe(self) -> None:
        if self.ticker is not None:
            self.ticker.stop()
        for outlet in self.outlets:
            outlet.set_contactor(False)
        for outlet in self.outlets:
            outlet.set_duty_u16(65535)
            outlet.meter_wh()

    def set_alive(self, high: bool) -> None:
        """This board has no guard that watches the alive line."""

    def feed_watchdog(self) -> None:
        self._looks_without_food = 0

    def reset(self) -> None:
        self.make_safe()
        try:
            open(self._reset_note, "w").close()
        finally:  # for lack of memory, too
            sys.exit(_RESET_ME)

    def temperature_c(self) -> "int | None":
        return self.celsius

    def flash_stats(self) -> "dict | None":
        chip = self.flash_chip
        return {
            "reads": chip.reads,
            "writes": chip.writes,
            "erases": chip.erases,
            "bytes": chip.bytes,
        }

    def attach(self, app) -> list:
        self.network.log = app.log
        for problem in self._problems:
            app.log("warn", "board", problem)
        if self._dim is not None:
            app.on_dim(self._dim["active"])
        tasks = [("meter memory", self._keep_meters()), ("watchdog", self.watch(app))]
        if self.control is not None:
            # Loaded here: a station that nobody controls does not need it.
            from .control_channel import ControlChannel
            from .leap import Leap

            self.leap = leap = Leap(app, self)
            channel = ControlChannel(self, app, self.control["host"], self.control["port"])
            tasks += [("leap", leap.run()), ("control channel", channel.run())]
        return tasks

    async def _keep_meters(self) -> None:
        while True:
            for outlet in self.outlets:
                outlet.meter_wh()
            await sleep_ms(_METER_MEMORY_MS)

    async def watch(self, app) -> None:
        """A watchdog that counts looks, not milliseconds: a host that sleeps does not reset the
        station."""
        while True:
            await sleep_ms(_WATCHDOG_LOOK_MS)
            if self._looks_without_food is not None:
                self._looks_without_food += 1
                if self._looks_without_food > _WATCHDOG_LOOKS:
                    app.log("error", "watchdog", "not fed: reset")
                    self.reset()


def _clock_from(settings: dict) -> Clock:
    if settings["unset"]:
        return Clock(None, settings["frozen"])
    at = settings["at"]
    if at is None:
        at = system_instant() + settings["offset_s"]
    return Clock(at, settings["frozen"])


def _make_folder(path: str) -> None:
    """Makes a folder and those above it."""
    at = path.find("/", 1)
    while True:
        folder = path if at < 0 else path[:at]
        try:
            os.stat(folder)
        except OSError:
            os.mkdir(folder)
        if at < 0:
            return
        at = path.find("/", at + 1)
