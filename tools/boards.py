"""Checks what boards/ says about boards: `make boards`, or `make boards ARGS="my_board.json"`.

First the schema (boards/board.schema.json), then the rules that a schema cannot say:

    pin         the module has it, and nothing else uses it; never one of the flash's
    strapping   not a pin that decides how the chip starts
    vital       contactor, pilot and residual current on such a pin: never
    console     not a pin of the serial console or of USB
    input       an input-only pin drives nothing and has no pull of the chip
    adc         what is measured is on ADC1: ADC2 is dead while Wi-Fi is on
    boot        nothing that acts hangs on a pin that moves while the chip starts
    pull        a resistor holds each output off, and the pilot at +12 V, while the chip is in reset
    range       what is to be measured lies where the ADC reads truly
    bus         a meter or reader has the bus it needs, the chip has it too, and meters on one bus
                agree on their speed, but not on their address
    phases      phases are switched only where there is something to switch

"accepted" in a board's file lets a strapping, console, boot, pull or range fault stand, with a
reason.

The firmware judges /board.json by the same rules when it starts
(firmware/setpoint/board/esp32/description.py)."""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Iterator

import jsonschema

from tools import command
from tools.command import BOARDS
from tools.modules import MODULES, Module  # it finds the firmware

from setpoint.board.simulated.misspelling import closest  # isort: skip

EXAMPLES = """\
  make boards                                       every board of the repository
  make boards ARGS="boards/esp32_devkitc/board.json"
  make boards ARGS="--pins esp32_devkitc"           which pin is what
"""

ANALOGUE = ("adc_pin",)
# Outputs on a bus, which idle harmlessly whatever the pin does at reset.
TALKING = (
    "pin of temperature",
    "pin of light",
    "tx_pin",
    "direction_pin",
    "sda_pin",
    "scl_pin",
    "sck_pin",
    "mosi_pin",
    "cs_pin",
    "reset_pin",
)
VITAL = ("contactor", "phases_2_3", "pwm_pin", "tripped", "emergency_stop")
ACTING = ("contactor", "phases_2_3", "pwm_pin", "open", "close", "test", "alive")


@dataclass(frozen=True)
class Use:
    """One pin of a board, and what for: `name` is "pwm_pin of pilot of connector 1", `role` its
    first word."""

    pin: int
    name: str
    description: dict[str, Any]  # of the output or input that it belongs to

    @property
    def role(self) -> str:
        return self.name.split(" ")[0]

    def drives(self) -> bool:
        return "pull" in self.description or self.name.startswith(TALKING)


@dataclass(frozen=True)
class Fault:
    rule: str
    pin: int | None
    sentence: str


def uses_of(board: dict[str, Any]) -> list[Use]:
    """Every pin that stands in a board's file, in the order of the file."""
    found = list(_walk(board, ""))
    found += [
        Use(pin, "reserved for " + what, {}) for what, pin in board.get("reserved", {}).items()
    ]
    return found


def _walk(part: Any, name: str) -> Iterator[Use]:
    if isinstance(part, list):
        for number, item in enumerate(part, 1):
            yield from _walk(item, "connector %d" % number)
    elif isinstance(part, dict):
        for key, value in part.items():
            if key == "pin":
                yield Use(value, name if "on" in part else "pin of " + name, part)
            elif key.endswith("_pin") and value is not None:
                yield Use(
                    value,
                    "%s of %s" % (key, name),
                    {"pull": part["pull"]} if key == "pwm_pin" else {},
                )
            elif key not in ("reserved", "accepted"):
                inner = key if not name else "%s of %s" % (key, name)
                yield from _walk(value, name if key == "connectors" else inner)


# 26.0 is no integer to the firmware, nor is NaN a number.
_TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda checker, value: type(value) is int
)
_TYPES = _TYPES.redefine(
    "number", lambda checker, value: type(value) in (int, float) and abs(value) < math.inf
)


@lru_cache(None)
def _validator() -> Any:
    schema = json.loads((BOARDS / "board.schema.json").read_text())
    return jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_TYPES)(
        schema
    )


def faults_of(board: Any) -> list[Fault]:
    """What is wrong, without what is accepted. A file that the schema refuses is judged no
    further."""
    errors = sorted(
        _validator().iter_errors(board), key=lambda error: list(map(str, error.absolute_path))
    )
    if errors:
        return [
            Fault(
                "schema",
                None,
                "%s: %s" % ("/".join(map(str, e.absolute_path)) or "the file", _short(e)),
            )
            for e in errors
        ]
    if board["module"] == "none":
        return []
    found = [
        *_pin_faults(board, MODULES[board["module"]]),
        *_range_faults(board),
        *_other_faults(board),
    ]
    accepted = {(entry["rule"], entry["pin"]) for entry in board.get("accepted", [])}
    used = {(fault.rule, fault.pin) for fault in found}
    stale = [
        Fault(
            "accepted",
            pin,
            "%s of pin %d is accepted, but no such objection is left: take it out" % (rule, pin),
        )
        for rule, pin in sorted(accepted - used)
    ]
    return [fault for fault in found if (fault.rule, fault.pin) not in accepted] + stale


def _short(error: jsonschema.ValidationError) -> str:
    said = error.message
    if len(said) >= 200:
        said = said[:90] + " ... " + said[-90:]
    if error.validator == "additionalProperties":
        known = error.schema["properties"]
        absent = [name for name in known if name not in error.instance]
        for name in error.instance:
            meant = None if name in known else closest(name, absent)
            if meant is not None:
                said += ". %s: did you mean %s?" % (name, meant)
    return said


def _pin_faults(board: dict[str, Any], module: Module) -> Iterator[Fault]:
    uses = uses_of(board)
    for pin, count in Counter(use.pin for use in uses).items():
        if count > 1:
            yield Fault(
                "pin",
                pin,
                "pin %d has %d uses: %s"
                % (pin, count, ", ".join(use.name for use in uses if use.pin == pin)),
            )
    for use in uses:
        pin, name = use.pin, "pin %d, %s, " % (use.pin, use.name)
        vital = use.role in VITAL
        if pin not in module.there:
            yield Fault("pin", pin, name + "is none of the module's")
            continue
        if pin in module.flash:
            yield Fault("pin", pin, name + "belongs to the flash or the PSRAM")
        if pin in module.strapping:
            because = (
                "decides how the chip starts; that is no place for it"
                if vital
                else "decides how the chip starts"
            )
            yield Fault("vital" if vital else "strapping", pin, name + because)
        if pin in module.console:
            yield Fault("console", pin, name + "is the console's")
        if pin in module.input_only and use.drives():
            yield Fault("input", pin, name + "can only be read")
        if pin in module.input_only and "chip_pull" in use.description:
            yield Fault(
                "input",
                pin,
                name + "has no pull of its own: put a resistor on the board and take chip_pull out",
            )
        if use.role in ANALOGUE and pin not in module.adc1:
            why = (
                "is on ADC2, which is dead while Wi-Fi is on"
                if pin in module.adc2
                else "has no ADC"
            )
            yield Fault("adc", pin, name + why)
        if pin in module.boot and use.role in ACTING:
            yield Fault("boot", pin, name + "moves while the chip starts")
        if use.role in ACTING:
            off = "up" if use.role == "pwm_pin" or use.description["on"] == 0 else "down"
            if use.description["pull"] != off:
                yield Fault(
                    "pull",
                    pin,
                    name
                    + "needs a resistor on the board that pulls it %s while the chip is in reset"
                    % off,
                )


def _range_faults(board: dict[str, Any]) -> Iterator[Fault]:
    ranges = MODULES[board["module"]].range_mv
    for number, connector in enumerate(board["connectors"], 1):
        pilot = connector["pilot"]
        for decivolts, what in ((126, "+12.6 V"), (-126, "-12.6 V")):
            mv = pilot["mv_at_0_v"] + pilot["mv_per_10_v"] * decivolts // 100
            yield from _out_of_range(
                ranges, pilot, mv, "%s on the pilot of connector %d" % (what, number)
            )
        cable = connector.get("cable")
        if cable:
            for ohm in (100, 1500):
                beside = cable.get("pull_down_ohm")
                below = ohm * beside // (ohm + beside) if beside else ohm
                mv = cable["supply_mv"] * below // (below + cable["pull_up_ohm"])
                yield from _out_of_range(
                    ranges, cable, mv, "a cable of %d Ohm at connector %d" % (ohm, number)
                )
    sensor = board.get("temperature") or {}
    if sensor.get("kind") == "analogue":  # else it would never be told that it is too hot: 71 C
        yield from _out_of_range(
            ranges,
            sensor,
            sensor["mv_at_0_c"] + sensor["uv_per_k"] * 75 // 1000,
            "75 C at the thermometer",
        )


def _out_of_range(
    ranges: dict[float, tuple[int, int]], part: dict[str, Any], mv: int, what: str
) -> Iterator[Fault]:
    low, high = ranges[part["attenuation_db"]]
    if not low <= mv <= high:
        yield Fault(
            "range",
            part["adc_pin"],
            "pin %d: %s is %d mV there; the ADC reads truly from %d to %d mV"
            % (part["adc_pin"], what, mv, low, high),
        )


def _other_faults(board: dict[str, Any]) -> Iterator[Fault]:
    mains = (board.get("mains") or {}).get("meter", {"kind": "none"})
    meters = [connector.get("meter", {"kind": "none"})["kind"] for connector in board["connectors"]]
    reader = board.get("reader", {"kind": "none"})["kind"]
    for needs, bus in (
        ("modbus" in [*meters, mains["kind"]], "rs485"),
        (reader == "pn532", "i2c"),
        (reader == "mfrc522", "spi"),
    ):
        if needs and not board.get(bus):
            yield Fault("bus", None, "a meter or reader needs %s, and the board has none" % bus)
    for bus, number, last in MODULES[board["module"]].buses:
        if (board.get(bus) or {}).get(number, 0) > last:
            yield Fault(
                "bus",
                None,
                "%s/%s is %d, and an %s has none above %d"
                % (bus, number, board[bus][number], board["module"], last),
            )
    on_bus = [
        connector["meter"]
        for connector in board["connectors"]
        if connector.get("meter", {}).get("kind") == "modbus"
    ]
    if mains["kind"] == "modbus":
        on_bus.append(mains)
    if mains["kind"] == "p1":
        last = next(last for bus, _, last in MODULES[board["module"]].buses if bus == "rs485")
        if mains["uart"] > last:
            yield Fault(
                "bus",
                None,
                "mains/meter/uart is %d, and an %s has none above %d"
                % (mains["uart"], board["module"], last),
            )
        if mains["uart"] == (board.get("rs485") or {}).get("uart"):
            yield Fault("bus", None, "mains/meter/uart is %d, and so is rs485/uart" % mains["uart"])
    if len({(meter["baud"], meter.get("parity", "none")) for meter in on_bus}) > 1:
        yield Fault("bus", None, "the meters on rs485 need the same baud and parity")
    if len({meter["address"] for meter in on_bus}) < len(on_bus):
        yield Fault("bus", None, "the meters on rs485 need addresses of their own")
    if board["supply"]["phase_switch"] and not all(
        connector.get("phases_2_3") for connector in board["connectors"]
    ):
        yield Fault("phases", None, "phase_switch needs phases_2_3 at every connector")


def main() -> int:
    parser = command.parser("boards", __doc__, EXAMPLES)
    parser.add_argument(
        "boards",
        nargs="*",
        help="names of boards, or files; all of the repository's if there is none",
    )
    parser.add_argument("--pins", action="store_true", help="list each pin and its use")
    options = parser.parse_args()
    names = options.boards or sorted(path.parent.name for path in BOARDS.glob("*/board.json"))
    wrong = False
    for name in names:
        path = (
            BOARDS / name / "board.json"
            if "/" not in name and not name.endswith(".json")
            else Path(name)
        )
        try:
            board = json.loads(path.read_text())
        except OSError as error:
            known = ", ".join(sorted(path.parent.name for path in BOARDS.glob("*/board.json")))
            print(
                "%-24s cannot be read: %s. Boards of the repository: %s"
                % (name, error.strerror, known)
            )
            wrong = True
            continue
        except ValueError as error:
            print("%-24s cannot be read: %s" % (name, error))
            wrong = True
            continue
        faults = faults_of(board)
        if not faults and path.parent.parent == BOARDS and board["name"] != path.parent.name:
            faults = [
                Fault(
                    "schema",
                    None,
                    'its name is "%s", its folder\'s is "%s"' % (board["name"], path.parent.name),
                )
            ]
        wrong = wrong or bool(faults)
        print(_line(name, board, faults))
        for fault in faults:
            print("    %-10s %s" % (fault.rule, fault.sentence))
        if options.pins and not faults:
            for use in sorted(uses_of(board), key=lambda use: use.pin):
                print("    %4d  %s" % (use.pin, use.name))
    return 1 if wrong else 0


def _line(name: str, board: Any, faults: list[Fault]) -> str:
    if faults:
        return "%-24s %d faults" % (name, len(faults))
    words = ["%d pins" % len(uses_of(board))]
    if board.get("accepted"):
        words.append("%d objections accepted" % len(board["accepted"]))
    words.append(
        "bench test passed on " + board["run_on_hardware"]
        if board["run_on_hardware"]
        else "never run on hardware"
    )
    if "not_for_use" in board:
        words.append("not for use as it is")
    return "%-24s ok: %s" % (name, ", ".join(words))


if __name__ == "__main__":
    sys.exit(main())
