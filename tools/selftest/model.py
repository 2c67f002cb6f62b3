"""A board on a PC, on MicroPython's unix port: the model of the chip (host_tests/chip), a
contactor, a vehicle and a person.

    micropython -i model.py FOLDER [WHAT_IS_BROKEN ...]

FOLDER: the board's file system; the PC's files are under /pc

Time is virtual. The person hears what the board prints (`do C`) and does it. A reset ends the
process by SIGUSR1, and whoever started it starts it again. BROKEN says what can be wrong with this
board."""

import builtins
import json
import os
import random
import sys

from model_time import Time

BROKEN = {
    "slow_pwm": "the PWM runs at 980 Hz",
    "short_pulses": "each pulse of the PWM is 8 us short",
    "weak_negative": "the driver reaches -10.7 V only",
    "low_pilot": "the driver's output lies 0.8 V low",
    "divider": "the divider's scale is 5 % too large",
    "offset": "the divider's offset is 60 mV too high",
    "hum": "50 Hz from the mains on the pilot, 30 mV at the ADC",
    "vehicle": "the tester shows 1500 Ohm for C",
    "slow_contactor": "the contactor takes 90 ms to open",
    "cable_pull_up": "PP's pull-up is 2.2 kOhm",
    "no_trip": "the residual current monitor never trips",
    "latching": "the contactor stays closed through a reset",
    "stalls": "now and then 80 ms pass",
    "thermometer": "no thermometer answers",
    "blind_feedback": "the feedback always says open",
}
VEHICLES = {
    "A": None, "B": (2740, True), "C": (882, True), "D": (246, True), "80 ohm": (80, False),
    "B without diode": (2740, False), "C without diode": (882, False),
}  # fmt: skip
_CLOSES_US, _OPENS_US = 12000, 18000


class BoardModel:
    def __init__(self, wiring, broken, folder):
        from chip import CHIP

        self.chip = chip = CHIP
        self.broken = broken
        chip.start(wiring["module"])
        self.connector = connector = wiring["connectors"][0]
        self._contact_file = folder + "/contact"
        self._wire_pilot(connector["pilot"])
        self._wire_contactor()
        self._wire_rest()
        if "thermometer" in broken:
            chip.celsius = None
        if (wiring.get("temperature") or {}).get("kind") == "analogue":
            temperature = wiring["temperature"]
            chip.uv[temperature["adc_pin"]] = (
                temperature["mv_at_0_c"] * 1000 + 21 * temperature["uv_per_k"]
            )
        self.time = sys.modules["time"] = Time(self)
        self._hungry_ms = 0
        self._feeds = 0

    # -- what is wired

    def _wire_pilot(self, pilot):
        chip, broken = self.chip, self.broken
        self.wire = wire = chip.wire_pilot(pilot)
        if "slow_pwm" in broken:
            chip.period = 10204
        if "divider" in broken:
            wire.per_10_v_mv = wire.per_10_v_mv * 105 // 100
        if "offset" in broken:
            wire.zero_uv += 60000
        usual_work_out, usual_uv = wire.work_out, wire.pin_uv

        def work_out(ohm, diode):
            usual_work_out(ohm, diode)
            if "weak_negative" in broken:
                wire.low_mv = max(wire.low_mv, -10700)
            if "low_pilot" in broken:
                wire.high_mv -= 800
                wire.low_mv -= 800
            wire._high_uv = wire.zero_uv + wire.high_mv * wire.per_10_v_mv // 10
            wire._low_uv = wire.zero_uv + wire.low_mv * wire.per_10_v_mv // 10

        def pin_uv(phase, period):
            if "short_pulses" in broken and wire.duty_u16 != 65535:
                phase += 80
            uv = usual_uv(phase, period)
            return uv + abs(chip.now_us % 20000 - 10000) * 6 - 30000 if "hum" in broken else uv

        wire.work_out, wire.pin_uv = work_out, pin_uv
        wire.vehicle.decide()

    def _wire_contactor(self):
        chip = self.chip
        contactor, feedback = self.connector["contactor"], self.connector.get("feedback")
        self._coil_pin, self._coil_on = contactor["pin"], contactor["on"]
        self._held = False  # the feedback, by hand
        self._powered = True  # the coil's wire
        self._contact = "latching" in self.broken and self._contact_was() == "1"
        self._contact_next, self._contact_due_us = self._contact, 0
        usual_level, usual_put = chip.level, chip.put

        def level(pin):
            if feedback is not None and pin == feedback["pin"]:
                yes = self._held or (self.closed() and "blind_feedback" not in self.broken)
                return feedback["on"] if yes else 1 - feedback["on"]
            return usual_level(pin)

        def put(pin, high):
            if pin == self._coil_pin:
                on = high == self._coil_on and self._powered
                if on != self._contact_next and not (
                    "latching" in self.broken and self._contact and not on and chip.now_us < 1000000
                ):
                    self._settle()
                    slow = 90000 if "slow_contactor" in self.broken else _OPENS_US
                    self._contact_next = on
                    self._contact_due_us = chip.now_us + (_CLOSES_US if on else slow)
            usual_put(pin, high)

        chip.level, chip.put = level, put

    def _settle(self):
        if self._contact != self._contact_next and self.chip.now_us >= self._contact_due_us:
            self._contact = self._contact_next
            if "latching" in self.broken:
                with open(self._contact_file, "w") as file:
                    file.write("%d" % self._contact)

    def closed(self):
        self._settle()
        return self._contact

    def _contact_was(self):
        try:
            with open(self._contact_file) as file:
                return file.read()
        except OSError:
            return "0"

    def _wire_rest(self):
        chip = self.chip
        self.cable = self.connector.get("cable")
        self.do("cable 220")
        residual = self.connector.get("residual_current") or {}
        self._trip = trip = residual.get("tripped")
        self._test = test = residual.get("test")
        if trip is not None:
            chip.drive(trip["pin"], 1 - trip["on"])
        if test is not None and "no_trip" not in self.broken:
            usual_put = chip.put

            def put(pin, high):
                usual_put(pin, high)
                if pin == test["pin"]:
                    chip.drive(trip["pin"], trip["on"] if high == test["on"] else 1 - trip["on"])

            chip.put = put
        lock = self.connector.get("lock")
        if lock and lock.get("closed"):
            usual_level = chip.level
            self._locked = False

            def level(pin):
                if pin == lock["closed"]["pin"]:
                    if usual_level(lock["close"]["pin"]) == lock["close"]["on"]:
                        self._locked = True
                    elif usual_level(lock["open"]["pin"]) == lock["open"]["on"]:
                        self._locked = False
                    return lock["closed"]["on"] if self._locked else 1 - lock["closed"]["on"]
                return usual_level(pin)

            chip.level = level
        earth = self.connector.get("ground")
        if earth:
            chip.drive(earth["pin"], earth["on"])

    # -- what a person does

    def do(self, what):
        chip, vehicle = self.chip, self.wire.vehicle
        if what in VEHICLES:
            if VEHICLES[what] is None:
                vehicle.plug_out()
            else:
                ohm, diode = VEHICLES[what]
                vehicle.show(1500 if what == "C" and "vehicle" in self.broken else ohm, diode)
        elif what.startswith("cable ") and self.cable:
            word = what[6:]
            ohm = None if word == "open" else 0 if word == "short" else int(word)
            pull_down_ohm = self.cable.get("pull_down_ohm")
            if pull_down_ohm:
                ohm = pull_down_ohm if ohm is None else ohm * pull_down_ohm // (ohm + pull_down_ohm)
            pull_up_ohm = 2200 if "cable_pull_up" in self.broken else self.cable["pull_up_ohm"]
            chip.ohm[self.cable["adc_pin"]] = (ohm, pull_up_ohm, self.cable["supply_mv"])
        elif what in ("coil off", "coil on"):
            self._powered = what == "coil on"
        elif what in ("held closed", "not held"):
            self._held = what == "held closed"
        elif what in ("trip", "quiet") and self._trip and "no_trip" not in self.broken:
            chip.drive(
                self._trip["pin"], self._trip["on"] if what == "trip" else 1 - self._trip["on"]
            )

    def multimeter_mv(self):
        """The pilot as a multimeter shows it, on DC."""
        wire = self.wire
        if wire.duty_u16 == 65535:
            return wire.high_mv
        high_us, period_us = self.high_us(), self.chip.period // 10
        return (wire.high_mv * high_us + wire.low_mv * (period_us - high_us)) // period_us

    def high_us(self):
        """In each period."""
        wire, period = self.wire, self.chip.period
        return sum(
            1 for phase in range(0, period, 10) if wire.pin_uv(phase, period) == wire._high_uv
        )

    def starving(self, ms):
        """The watchdog, while the board sleeps."""
        chip = self.chip
        self._hungry_ms = 0 if chip.feeds != self._feeds else self._hungry_ms + ms
        self._feeds = chip.feeds
        if chip.watchdog_ms is not None and self._hungry_ms > chip.watchdog_ms:
            reset()


def reset():
    while True:
        os.system("kill -USR1 $PPID")


def time_pulse_us(pin, level, timeout_us):
    """The driver's output at the loop-back pin."""
    wire, period = BENCH.wire, BENCH.chip.period
    high = BENCH.high_us()
    us = high if level else period // 10 - high
    if wire.duty_u16 in (0, 65535) or not 0 < us < period // 10:
        BENCH.time.sleep_us(timeout_us)
        return -1
    BENCH.time.sleep_us(2 * period // 10)
    return us + random.randint(-2, 2)


def install(board_file, broken, folder):
    """From here on this process is that board."""
    global BENCH
    with open(board_file) as file:
        wiring = json.load(file)
    sys.modules.pop("machine", None)
    BENCH = BoardModel(wiring, broken, folder)
    import machine

    machine.reset = reset
    machine.time_pulse_us = time_pulse_us
    machine.soft_reset = reset
    said = builtins.print

    def listening_print(*words, **options):
        said(*words, **options)
        if len(words) == 2 and words[0] == "do":
            BENCH.do(words[1])

    builtins.print = listening_print


BENCH = None
if __name__ == "__main__":
    import vfs

    here = sys.argv[0].rsplit("/", 1)[0]
    tests = "/pc" + here + "/../../host_tests"
    target, faults = sys.argv[1], sys.argv[2:]
    pc = vfs.VfsPosix("/")
    vfs.umount("/")
    vfs.mount(vfs.VfsPosix(target), "/")
    vfs.mount(pc, "/pc")
    os.chdir("/")
    sys.path[:] = ["", tests + "/chip", tests + "/fakes", "/pc" + here, ".frozen"]
    import model  # this file, under the name by which the host reaches it

    model.install("/board.json", faults, "")
    with open("/boot.py") as boot:
        exec(compile(boot.read(), "boot.py", "exec"), {"__name__": "__main__"})
    open("/up", "w").close()
    del pc, target, faults, tests, here, boot
