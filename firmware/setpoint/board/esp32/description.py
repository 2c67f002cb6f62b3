"""Whether a board may be used as its /board.json describes it. Loaded for that at the start, and
dropped again (late.py).

Rule: what is taken here, `make boards` takes too (tools/boards.py, which explains each objection;
boards/board.schema.json explains each field). A file that was damaged on its way, or edited on the
board, ends here and closes no contactor."""

from .modules import MODULES, last_buses

_PULLS = ("up", "down", "none")
_CHIP_PULLS = ("up", "down")
_OUTPUT = {"pin": "pin", "on": (0, 1), "pull": _PULLS}
_INPUT = {"pin": "pin", "on": (0, 1), "chip_pull?": _CHIP_PULLS}
_DECIBELS = (0, 2.5, 6, 11)
_MILLIVOLTS = [1, 5000]

_BAUD = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
_PARITY = ("none", "even", "odd")

# A field's kind: "string", "text" (not empty), "flag", "pin", "date", "address" (IPv4); a tuple of values; [least,
# most] of an integer, of any number with a third item; a dict of fields; under "" one dict for each
# `kind`. A name ends with ? where the field may be absent, with ! where it may be null, and with ~
# where it may be both.
_METER = {
    "": {
        "none": {},
        "pulse": {"pin": "pin", "chip_pull?": _CHIP_PULLS, "pulses_per_kwh": [1, 100000]},
        "modbus": {
            "model": ("eastron_3p", "eastron_1p", "pzem004t"),
            "address": [1, 247],
            "baud": _BAUD,
            "parity?": _PARITY,
        },
    }
}
_MAINS_MODELS = (
    "eastron_3p",
    "eastron_1p",
    "carlo_gavazzi",
    "abb",
    "siemens_pac",
    "shelly_pro_3em",
    "chint_dtsu666",
)
_MAINS = {
    "fuse_amps": [1, 1000, "any number"],
    "safe_amps?": [0, 1000, "any number"],
    "rise_after_s?": [10, 3600],
    "surplus?": "flag",
    "meter": {
        "": {
            "modbus": {
                "model": _MAINS_MODELS,
                "address": [1, 247],
                "baud": _BAUD,
                "parity?": _PARITY,
            },
            "modbus_tcp": {
                "model": _MAINS_MODELS,
                "host": "address",
                "port?": [1, 65535],
                "address?": [0, 255],
            },
            "p1": {"uart": [1, 2], "rx_pin": "pin", "tx_pin": "pin", "invert": "flag"},
        }
    },
}
_DIM = dict(_INPUT)
_DIM["watts"] = [1, 1000000]
_CONNECTOR = {
    "pilot": {
        "pwm_pin": "pin",
        "pull": _PULLS,
        "adc_pin": "pin",
        "attenuation_db": _DECIBELS,
        "mv_at_0_v": _MILLIVOLTS,
        "mv_per_10_v": _MILLIVOLTS,
        "loop_back_pin?": "pin",
        "open?": _OUTPUT,
    },
    "contactor": _OUTPUT,
    "phases_2_3~": _OUTPUT,
    "feedback~": {
        "kind": ("mirror", "mains"),
        "pin": "pin",
        "on": (0, 1),
        "chip_pull?": _CHIP_PULLS,
    },
    "cable~": {
        "adc_pin": "pin",
        "attenuation_db": _DECIBELS,
        "supply_mv": [1000, 5500],
        "pull_up_ohm": [100, 1000000],
        "pull_down_ohm~": [1000, 1000000],
    },
    "lock~": {"close": _OUTPUT, "open": _OUTPUT, "pulse_ms": [50, 2000], "closed?": _INPUT},
    "residual_current~": {"tripped": _INPUT, "test~": _OUTPUT},
    "ventilation?": "flag",
    "ground~": _INPUT,
    "meter?": _METER,
}
_BOARD = {
    "$schema?": "string",
    "version": (1,),
    "name": "text",
    "title": "text",
    "run_on_hardware!": "date",
    "not_for_use?": "text",
    "supply": {
        "volts": [100, 300],
        "phases": [1, 3],
        "phase_switch": "flag",
        "connector_amps": [6, 63, "any number"],
        "connector_watts~": [1, 60000, "any number"],
        "grid_amps~": [1, 1000, "any number"],
    },
    "temperature~": {
        "": {
            "ds18b20": {"pin": "pin"},
            "analogue": {
                "adc_pin": "pin",
                "attenuation_db": _DECIBELS,
                "mv_at_0_c": [-5000, 5000],
                "uv_per_k": [1, 100000],
            },
        }
    },
    "light~": {
        "": {
            "neopixel": {"pin": "pin"},
            "lamps": {"ready?": _OUTPUT, "charging?": _OUTPUT, "fault?": _OUTPUT},
        }
    },
    "button~": _INPUT,
    "emergency_stop~": _INPUT,
    "dim~": _DIM,
    "alive~": _OUTPUT,
    "rs485~": {"uart": [1, 2], "rx_pin": "pin", "tx_pin": "pin", "direction_pin!": "pin"},
    "mains~": _MAINS,
    "i2c~": {"bus": [0, 1], "sda_pin": "pin", "scl_pin": "pin"},
    "spi~": {"bus": [1, 2], "sck_pin": "pin", "mosi_pin": "pin", "miso_pin": "pin"},
    "reader?": {"": {"none": {}, "pn532": {}, "mfrc522": {"cs_pin": "pin", "reset_pin~": "pin"}}},
}
_ACCEPTED = {
    "rule": ("strapping", "console", "boot", "range", "pull"),
    "pin": "pin",
    "because": "text",
}

_VITAL = ("contactor", "phases_2_3", "pwm_pin", "tripped", "emergency_stop")
_ACTING = ("contactor", "phases_2_3", "pwm_pin", "open", "close", "test", "alive")
_TALKING = (
    "tx_pin",
    "direction_pin",
    "sda_pin",
    "scl_pin",
    "sck_pin",
    "mosi_pin",
    "cs_pin",
    "reset_pin",
)


def fault_in(board) -> "str | None":
    """What is wrong first, in a sentence that names the field; None: nothing."""
    try:
        if type(board) is not dict:
            raise ValueError("it is not a JSON object")
        lists = {}
        rest = {}
        for name in board:
            place = (
                lists
                if name in ("source", "accepted", "connectors", "reserved", "module")
                else rest
            )
            place[name] = board[name]
        _check(lists.get("module"), tuple(MODULES), "module")
        _check(rest, _BOARD, "")
        for i, item in enumerate(_list(lists, "source", 1, 1000)):
            _check(item, "string", "source/%d" % i)
        for i, item in enumerate(_list(lists, "connectors", 1, 4)):
            _check(item, _CONNECTOR, "connectors/%d" % i)
        for i, item in enumerate(_list(lists, "accepted", 0, 1000)):
            _check(item, _ACCEPTED, "accepted/%d" % i)
        reserved = lists.get("reserved", {})
        if type(reserved) is not dict:
            raise ValueError("reserved is not an object")
        for name in reserved:
            _check(reserved[name], "pin", "reserved/%s" % name)
    except ValueError as error:
        return error.args[0]
    return _objection(board)


def _list(board: dict, name: str, least: int, most: int) -> list:
    found = board.get(name, [] if least == 0 else None)
    if type(found) is not list or not least <= len(found) <= most:
        raise ValueError("%s is not a list of %d to %d" % (name, least, most))
    return found


def _check(value, kind, path: str) -> None:
    """Raises ValueError with a sentence."""
    if type(kind) is dict:
        _check_fields(value, kind, path)
        return
    if kind == "pin":
        kind = [0, 48]
    if type(kind) is list:
        right = type(value) is int or (len(kind) == 3 and type(value) is float)
        right = right and kind[0] <= value <= kind[1]
        wanted = "%s from %d to %d" % (
            "an integer" if len(kind) == 2 else "a number",
            kind[0],
            kind[1],
        )
    elif type(kind) is tuple:
        right = type(value) is not bool and value in kind
        wanted = "one of " + ", ".join([str(one) for one in kind])
    elif kind == "flag":
        right = value is True or value is False
        wanted = "true or false"
    elif kind == "date":
        right = (
            type(value) is str
            and "".join(["9" if c in "0123456789" else c for c in value]) == "9999-99-99"
        )
        wanted = "a day like 2026-01-31"
    elif kind == "address":
        parts = value.split(".") if type(value) is str else ()
        right = len(parts) == 4 and not [
            part
            for part in parts
            if not 0 < len(part) < 4
            or [c for c in part if c not in "0123456789"]
            or int(part) > 255
        ]
        wanted = "an IPv4 address like 192.168.1.20"
    else:
        right = type(value) is str and (kind == "string" or value != "")
        wanted = "a text"
    if right and path == "name":
        right = not [c for c in value if c not in "abcdefghijklmnopqrstuvwxyz0123456789_"]
        wanted = "of small letters, digits and _"
    if not right:
        raise ValueError("%s is %s, and not %s" % (path, repr(value)[:40], wanted))


def _check_fields(value, fields: dict, path: str) -> None:
    if type(value) is not dict:
        raise ValueError("%s is %s, and not an object" % (path, repr(value)[:40]))
    path = path and path + "/"
    kinds = fields.get("")
    if kinds is not None:
        _check(value.get("kind"), tuple(kinds), path + "kind")
        fields = kinds[value["kind"]]
    known = 0 if kinds is None else 1
    for name in fields:
        mark = name[-1]  # ? ~ or ! (there, but perhaps null)
        bare = name[:-1] if mark in "?~!" else name
        if bare in value:
            known += 1
            if value[bare] is not None or mark not in "~!":
                _check(value[bare], fields[name], path + bare)
        elif mark not in "?~":
            raise ValueError("%s%s is missing" % (path, bare))
    if known < len(value):
        names = [name[:-1] if name[-1] in "?~!" else name for name in fields]
        others = [name for name in value if name not in names and (kinds is None or name != "kind")]
        raise ValueError("%s%s is no field of a board" % (path, others[0]))


# -- what no field says by itself


def uses_of(part, name: str = ""):
    """Yields (pin, what for, the output or input it belongs to) of each pin; "contactor of
    connector 1" is what for."""
    if type(part) is list:
        for i, item in enumerate(part):
            yield from uses_of(item, "connector %d" % (i + 1))
    elif type(part) is dict:
        for key in part:
            value = part[key]
            if key == "pin":
                yield value, name if "on" in part else "pin of " + name, part
            elif key.endswith("_pin") and value is not None:
                yield (
                    value,
                    "%s of %s" % (key, name),
                    {"pull": part["pull"]} if key == "pwm_pin" else {},
                )
            elif key == "reserved":
                for what in value:
                    yield value[what], "reserved for %s" % what, {}
            elif key != "accepted":
                yield from uses_of(
                    value, name if key == "connectors" else key + (" of " + name if name else "")
                )


def _objection(board: dict) -> "str | None":
    """The first fault that is not accepted."""
    accepted = [(entry["rule"], entry["pin"]) for entry in board.get("accepted", [])]
    used = []
    for rule, pin, sentence in _objections(board):
        if (rule, pin) in accepted:
            used.append((rule, pin))
        else:
            return sentence
    for rule, pin in accepted:
        if (rule, pin) not in used:
            return "accepted has %s of pin %d, to which nobody objects" % (rule, pin)
    return None


def _objections(board: dict):
    """Yields (rule, pin, sentence)."""
    module = MODULES[board["module"]]
    seen = {}
    for pin, name, part in uses_of(board):
        role = name.split(" ")[0]
        text = "pin %d, %s, " % (pin, name)
        if pin in seen:
            yield "pin", pin, text + "is %s too" % seen[pin]
        seen[pin] = name
        there, flash, strapping, input_only, adc1, _, console, boot = [
            _has(pins, pin) for pins in module[:8]
        ]
        drives = (
            "pull" in part or role in _TALKING or name in ("pin of temperature", "pin of light")
        )
        if not there or flash:
            yield (
                "pin",
                pin,
                text
                + ("belongs to the flash or the PSRAM" if flash else "is none of the module's"),
            )
        if strapping:
            yield (
                "vital" if role in _VITAL else "strapping",
                pin,
                text + "decides how the chip starts",
            )
        if console:
            yield "console", pin, text + "is the console's"
        if input_only and (drives or "chip_pull" in part):
            yield "input", pin, text + "can only be read, and has no pull"
        if role == "adc_pin" and not adc1:
            yield "adc", pin, text + "is not on ADC1"
        if role in _ACTING:
            if boot:
                yield "boot", pin, text + "moves while the chip starts"
            off = "up" if role == "pwm_pin" or part["on"] == 0 else "down"
            if part["pull"] != off:
                yield "pull", pin, text + "needs a resistor on the board that pulls it " + off
    for i, connector in enumerate(board["connectors"]):
        pilot, cable = connector["pilot"], connector.get("cable")
        for decivolts in (126, -126):
            mv = pilot["mv_at_0_v"] + pilot["mv_per_10_v"] * decivolts // 100
            if _unread(module, pilot, mv):
                yield (
                    "range",
                    pilot["adc_pin"],
                    "connectors/%d/pilot: %d dV are %d mV, which the ADC does not read truly"
                    % (i, decivolts, mv),
                )
        for ohm in (100, 1500) if cable else ():
            beside = cable.get("pull_down_ohm")
            below = ohm * beside // (ohm + beside) if beside else ohm
            mv = cable["supply_mv"] * below // (below + cable["pull_up_ohm"])
            if _unread(module, cable, mv):
                yield (
                    "range",
                    cable["adc_pin"],
                    "connectors/%d/cable: %d Ohm are %d mV, which the ADC does not read truly"
                    % (i, ohm, mv),
                )
    sensor = board.get("temperature")
    if (
        sensor
        and sensor["kind"] == "analogue"
        and _unread(module, sensor, sensor["mv_at_0_c"] + sensor["uv_per_k"] * 75 // 1000)
    ):
        yield (
            "range",
            sensor["adc_pin"],
            "temperature: 75 C is more than the ADC reads truly, and 71 C end a charge",
        )
    for sentence in _missing(board):
        yield "bus", None, sentence


def _missing(board: dict):
    reader = board.get("reader", {"kind": "none"})["kind"]
    on_bus = [
        c["meter"]
        for c in board["connectors"]
        if c.get("meter", {"kind": "none"})["kind"] == "modbus"
    ]
    mains = (board.get("mains") or {}).get("meter", {"kind": "none"})
    if mains["kind"] == "modbus":
        on_bus.append(mains)
    for needed, bus in (
        (on_bus, "rs485"),
        (reader == "pn532", "i2c"),
        (reader == "mfrc522", "spi"),
    ):
        if needed and not board.get(bus):
            yield "a meter or reader needs %s, which is missing" % bus
    for (bus, number), last in last_buses(board["module"]):
        if (board.get(bus) or {}).get(number, 0) > last:
            yield "%s/%s is %d, and an %s has none above %d" % (
                bus,
                number,
                board[bus][number],
                board["module"],
                last,
            )
    if mains["kind"] == "p1":
        last = dict(last_buses(board["module"]))[("rs485", "uart")]
        if mains["uart"] > last:
            yield "mains/meter/uart is %d, and an %s has none above %d" % (
                mains["uart"],
                board["module"],
                last,
            )
        if mains["uart"] == (board.get("rs485") or {}).get("uart"):
            yield "mains/meter/uart is %d, and so is rs485/uart" % mains["uart"]
    if len({(meter["baud"], meter.get("parity", "none")) for meter in on_bus}) > 1:
        yield "the meters on rs485 need the same baud and parity"
    if len({meter["address"] for meter in on_bus}) < len(on_bus):
        yield "the meters on rs485 need addresses of their own"
    if board["supply"]["phase_switch"] and [
        c for c in board["connectors"] if not c.get("phases_2_3")
    ]:
        yield "supply/phase_switch needs phases_2_3 at every connector"


def _has(pins: str, pin: int) -> bool:
    return True in [
        int(first) <= pin <= int(last or first)
        for first, _, last in [part.partition("-") for part in pins.split()]
    ]


def _unread(module: tuple, part: dict, mv: int) -> bool:
    at = 2 * _DECIBELS.index(part["attenuation_db"])
    return not module[8][at] <= mv <= module[8][at + 1]
