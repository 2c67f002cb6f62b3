"""The board that /board.json and /identity.json describe.

Rule: outputs first. The first object that is made of a connector drives its contactor open, before
anything that takes time or can fail.
"""

import json

import machine
from micropython import const

from ... import __version__
from ...clock import Clock, set_machine_clock, sleep_ms, system_instant
from .. import flash
from .outlet import Outlet
from .pilot import period_ms_for
from .pins import switch
from .wifi import Network

_WATCHDOG_MS = const(3000)
_TIMER = const(0)  # boot.py has timer 1
_HOUSE_MS = const(10000)
_DRIFT_S = const(1)
# Marks in the RTC's memory, which a reset keeps and a power cut clears. The bytes before them are
# boot.py's, which reads the marks.
_OF_BOOT = const(4)
_RIGHT_TIME = b"T"  # the RTC was set to a known time
_ON_PURPOSE = b"R"  # reset on purpose: a panic has the same cause of reset
_CAUSES = {machine.PWRON_RESET: "power", machine.WDT_RESET: "watchdog", machine.HARD_RESET: "panic"}
_TIME = ("pool.ntp.org",)
_IDENTITY = (
    "csms_url",
    "charge_point_id",
    "vendor",
    "model",
    "charge_box_serial",
    "charge_point_serial",
    "basic_auth",
    "tls",
)


class UnfitBoard(Exception):
    """The board's description is missing, wrong, or says that the board must not be used as it is.
    Its text says why."""


class Board:
    def __init__(self, root: str = "") -> None:
        """`root`: prefix of the paths of its files."""
        wiring = _document(root + "/board.json")
        if not wiring:
            raise UnfitBoard("/board.json is missing or broken: copy one from boards/")
        from .description import fault_in
        from .modules import fastest_hz, pwm_bits

        fault = fault_in(wiring)
        if fault:
            raise UnfitBoard("/board.json: %s; make boards checks it" % fault)
        if "not_for_use" in wiring:
            raise UnfitBoard(wiring["not_for_use"])
        try:
            machine.freq(fastest_hz(wiring["module"]))
        except ValueError:
            raise UnfitBoard(
                "/board.json: module is %s, and this chip is another one: it has no such clock"
                % wiring["module"]
            )
        self.name = wiring["name"]
        self.root = root
        marks = _marks()
        self.reset_cause = _CAUSES.get(machine.reset_cause(), "unknown")
        if self.reset_cause == "panic" and _ON_PURPOSE in marks:
            self.reset_cause = "software"
        goes_on = _RIGHT_TIME in marks and self.reset_cause != "power"
        _mark(_RIGHT_TIME if goes_on else b"")
        self.clock = Clock(system_instant() if goes_on else None)
        self.supply = {"connector_watts": None, "grid_amps": None}
        self.supply.update(wiring["supply"])
        self.outlets = []
        for number, connector in enumerate(wiring["connectors"], 1):
            self.outlets.append(Outlet(number, connector, self.supply, pwm_bits(wiring["module"])))
        from .metering import fit, mains

        bus = fit(self.outlets, wiring, self.supply, self.clock)
        # Until it is started
        self._wiring = wiring if wiring.get("reader", {}).get("kind", "none") != "none" else None
        self._alive = switch(wiring.get("alive"))
        self._watchdog: "machine.WDT | None" = None
        self.period_ms = period_ms_for(self.outlets)
        self._timer: "machine.Timer | None" = None
        identity = _document(root + "/identity.json")
        self._problem: "str | None" = "/identity.json is missing or broken"
        if identity:
            from ..identity import usable

            identity, problems = usable(identity)
            self._problem = (
                "/identity.json: %s; make provision writes a new one" % ", ".join(problems)
                if problems
                else None
            )
        identity = identity or {}
        self.identity: dict = {name: identity.get(name) for name in _IDENTITY}
        for name in ("csms_url", "charge_point_id"):
            self.identity[name] = self.identity[name] or ""
        if identity.get("time") is not None:
            self.identity["time"] = identity["time"]
        elif identity.get("wifi") and not self.identity["csms_url"] and not self._problem:
            self.identity["time"] = _TIME
        self.identity["vendor"] = self.identity["vendor"] or "Setpoint"
        # Of 20 characters in a BootNotification
        self.identity["model"] = self.identity["model"] or self.name[:20]
        self.identity["firmware"] = __version__
        self.keys = identity.get("keys", {})
        self.reconnect = identity.get("reconnect") or {"minimum_s": 5, "random_s": 10}
        self.network = Network(identity.get("wifi"))
        self.page: "dict | None" = identity.get("page") if identity.get("wifi") else None
        self.mains = None
        if wiring.get("mains"):
            self.mains = mains(wiring, bus, self.supply, self.network, self.clock)
        self._dim = wiring.get("dim")
        self.dim_watts = self._dim["watts"] if self._dim else None
        self._thermometer = _thermometer(wiring.get("temperature"))
        self.has_thermometer = self._thermometer is not None
        self._panel = None
        if wiring.get("light") or wiring.get("button") or wiring.get("emergency_stop"):
            from .panel import Panel  # few bytes for who has none

            self._panel = Panel(wiring, self.outlets, self.network)

    def door(self, listener: "tuple | None"):
        from .door import Door

        door = Door(self.page or {}, self.network)
        door.listener = listener
        return door

    def running_slot(self) -> tuple:
        from .slot import running

        return running()

    def set_up(self):
        # What restarts on purpose, or by the watchdog, goes on as it is: so set-up mode ends
        if self.reset_cause in ("software", "watchdog"):
            return None
        from .set_up import wanted

        identity = _document(self.root + "/identity.json")
        # An empty one too: before 1.26 MicroPython reads an object from "{" alone
        known = type(identity) is dict and len(identity) > 0
        return wanted(self, _document(self.root + "/board.json"), known)

    def remount(self) -> None:
        from flashbdev import bdev  # MicroPython's own: the partition it started from

        flash.remount(bdev, self.root or "/")

    def run_steps(self, step) -> None:
        self._timer = machine.Timer(_TIMER)
        self._timer.init(mode=machine.Timer.PERIODIC, period=self.period_ms, callback=step)

    def make_safe(self) -> None:
        if self._timer is not None:
            # The port lists a timer for good, and with its callback whatever that belongs to
            self._timer.init(mode=machine.Timer.ONE_SHOT, period=_HOUSE_MS, callback=None)
            self._timer.deinit()
            self._timer = None
        for outlet in self.outlets:
            outlet.make_safe()
        for outlet in self.outlets:
            outlet.set_duty_u16(65535)

    def set_alive(self, high: bool) -> None:
        if self._alive is not None:
            self._alive.value(high)

    def feed_watchdog(self) -> None:
        if self._watchdog is None:
            self._watchdog = machine.WDT(timeout=_WATCHDOG_MS)
        self._watchdog.feed()

    def reset(self) -> None:
        self.make_safe()
        _mark(_marks() + _ON_PURPOSE)
        machine.reset()

    def temperature_c(self) -> "int | None":
        return self._thermometer.celsius if self.has_thermometer else None

    def flash_stats(self) -> "dict | None":
        return None

    def attach(self, app) -> list:
        if self._problem:
            app.log("error", "board", self._problem)
        for outlet in self.outlets:
            if outlet.pilot_problem:
                app.log(
                    "error",
                    "pilot",
                    "connector %d does not charge: %s" % (outlet.id, outlet.pilot_problem),
                )
        tasks = [("wifi", self.network.run(app)), ("house", self._keep_house())]
        if self._thermometer is not None:
            tasks.append(("thermometer", self._thermometer.run()))
        if self.mains is not None:
            tasks.append(("mains meter", self.mains.run()))
        if self._dim:
            from .dim_contact import watch

            tasks.append(("dim input", watch(self._dim, app)))
        if self._panel is not None:
            tasks.append(("panel", self._panel.run(app)))
        if self._wiring is not None:
            from .reader import polling

            tasks.append(("reader", polling(app, self._wiring, self.outlets).run()))
            self._wiring = None
        from .metering import loss_of

        for outlet in self.outlets:
            tasks.append(("meter %d" % outlet.id, outlet.meter.run(loss_of(app, outlet))))
            if outlet.lock is not None:
                tasks.append(("lock %d" % outlet.id, outlet.lock.run()))
        return tasks

    async def _keep_house(self) -> None:
        """The RTC follows the clock, and runs on while the chip restarts. The time that TLS borrows
        to judge a certificate is not known to be right, and gets no mark."""
        while True:
            await sleep_ms(_HOUSE_MS)
            now = self.clock.now()
            if now is not None and (
                _marks() != _RIGHT_TIME or abs(now - system_instant()) > _DRIFT_S
            ):
                set_machine_clock(now)
                _mark(_RIGHT_TIME)


def _document(path: str):
    """None: there is none, or it is broken."""
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def _marks() -> bytes:
    return machine.RTC().memory()[_OF_BOOT:]


def _mark(marks: bytes) -> None:
    rtc = machine.RTC()
    rtc.memory((rtc.memory() + bytes(_OF_BOOT))[:_OF_BOOT] + marks)


def _thermometer(wiring: "dict | None"):
    if not wiring:
        return None
    from . import thermometer

    return (thermometer.Ds18b20 if wiring["kind"] == "ds18b20" else thermometer.Analogue)(wiring)
