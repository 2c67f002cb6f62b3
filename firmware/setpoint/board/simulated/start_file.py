"""Reads the start file of a simulated station. Every field has its type and default here.

`read(text, folder)` returns a plain dictionary with every field, and sentences about unknown
fields, which are ignored. A default never replaces a field with a wrong type or an impossible
value: StartFileError names all such fields at once. Relative paths start at the start file's
folder.
"""

import json

from ...protocol import dns as names
from ...protocol import iso8601
from . import misspelling
from .kinds import fits

# Each field: (its kind, its default). A dictionary stands for an object with fields of its own.
_FIELDS = {
    "csms_url": ("text", "ws://127.0.0.1:9000"),
    "charge_point_id": ("text", "cp001"),
    "time": ("a list or null", None),
    "identity": {
        "vendor": ("text", "Setpoint"),
        "model": ("text", "Simulated"),
        "firmware": ("text or null", None),
        "charge_box_serial": ("text or null", None),
        "charge_point_serial": ("text or null", None),
    },
    "connectors": ("a list", None),
    "keys": ("an object", None),
    "board": ("text", "simulated"),
    "device": {
        "limits_without_profile": {
            "amps": ("a number", 32),
            "watts": ("a number or null", None),
            "phases": ("a whole number", 3),
            "volts": ("a whole number", 230),
        },
        "grid_amps": ("a number or null", None),
        "mains": ("an object or null", None),
        "dim": ("an object or null", None),
        "phase_switch": ("true or false", True),
        "reconnect": {"minimum_s": ("a number", 1), "random_s": ("a number", 2)},
    },
    "tls": {
        "ca_file": ("text or null", None),
        "check_hostname": ("true or false", True),
        "cert_file": ("text or null", None),
        "key_file": ("text or null", None),
    },
    "basic_auth": ("text or an object or null", None),
    "network": {"dns": ("text or null", None), "tls_connections": ("a whole number or null", None)},
    "page": ("an object or null", None),
    "set_up": ("an object or null", None),
    "store": ("text", "station-store"),
    "control": ("an object or null", None),
    # Reads that fail: flash_chip.py
    "flash": {"after_reads": ("a whole number", 1), "times": ("a whole number", 0)},
    "clock": {
        "offset_s": ("a whole number", 0),
        "at": ("text or null", None),
        "frozen": ("true or false", False),
        "unset": ("true or false", False),
    },
    "vehicles": ("a list", None),
}
# The station's own page; port 0: any free one
_PAGE = {
    "password": ("text", ""),
    "open": ("true or false", False),
    "port": ("a whole number", 0),
}
# Set-up mode; port 0: any free one
_SET_UP = {
    "password": ("text or null", None),
    "networks": ("a list", None),
    "button": ("true or false", False),
    "http_port": ("a whole number", 0),
    "dns_port": ("a whole number", 0),
    "page_port": ("a whole number", 0),
    "serial": ("text or null", None),
    "public_roots": ("a list or null", None),
}
_WIFI = {"ssid": ("text", ""), "password": ("text or null", None), "rssi": ("a whole number", -60)}
_CONTROL = {"host": ("text", "127.0.0.1"), "port": ("a whole number", 0)}
# A meter at the grid connection, and what the rest of the house draws
_MAINS = {
    "fuse_amps": ("a number", 25),
    "safe_amps": ("a number", 6),
    "rise_after_s": ("a whole number", 30),
    "surplus": ("true or false", False),
    "house": ("a list", None),
}
# The grid operator's contact, and what it says at the start
_DIM = {"watts": ("a whole number", 4200), "active": ("true or false", False)}
_MOST_CONNECTORS = 16
_CONNECTOR = {"id": ("a whole number", 0), "lock": ("true or false", True)}
_VEHICLE = {
    "connector": ("a whole number", 0),
    "amps": ("a number", 32),
    "phases": ("a whole number", 3),
    "draw_delay": ("a number", 0),
}


class StartFileError(Exception):
    """One argument: what is wrong, a sentence for each field."""


def load(path: str) -> "tuple[dict, list[str]]":
    """The settings in the file at `path`, and sentences about what was ignored."""
    folder = path.rsplit("/", 1)[0] if "/" in path else "."
    try:
        with open(path) as file:
            text = file.read()
    except OSError:
        raise StartFileError("The start file %s cannot be read." % path)
    return read(text, folder or "/")


def read(text: str, folder: str) -> "tuple[dict, list[str]]":
    try:
        document = json.loads(text)
    except ValueError:
        raise StartFileError("The start file is not JSON.")
    reading = _Reading()
    settings = reading.object(document, _FIELDS, "")
    if not reading.wrong:
        _read_the_rest(settings, reading)
    if reading.wrong:
        raise StartFileError(" ".join(reading.ignored + reading.wrong))
    settings["store"] = _path_from(folder, settings["store"])
    set_up = settings["set_up"]
    if set_up is not None and set_up["public_roots"] is not None:
        set_up["public_roots"] = [_path_from(folder, path) for path in set_up["public_roots"]]
    for name in ("ca_file", "cert_file", "key_file"):
        if settings["tls"][name] is not None:
            settings["tls"][name] = _path_from(folder, settings["tls"][name])
    return settings, reading.ignored


class _Reading:
    """Collects what is wrong and what is unknown while the fields are read."""

    def __init__(self) -> None:
        self.wrong: "list[str]" = []
        self.ignored: "list[str]" = []
        self._named: "list[str]" = []  # fields that a sentence is about; one a field is enough

    def object(self, value, fields: dict, path: str) -> dict:
        """`value` with its defaults filled in."""
        if type(value) is not dict:
            self.wrong.append("%s must be an object." % (path[:-1] or "The start file"))
            value = {}
        for name in value:
            if name not in fields:
                self.unknown(path, name, [field for field in fields if field not in value])
        full = {}
        for name in fields:
            field = fields[name]
            if type(field) is dict:
                full[name] = self.object(value.get(name, {}), field, "%s%s." % (path, name))
            elif name not in value:
                full[name] = field[1]
            else:
                full[name] = value[name]
                self.check(fits(value[name], field[0]), path + name, field[0])
        return full

    def unknown(self, path: str, name: str, absent: "list[str]") -> None:
        """A name that looks like an absent field's may be meant for it."""
        meant = misspelling.closest(name, absent)
        self.ignored.append(
            "The field %s%s is unknown and ignored%s"
            % (path, name, "." if meant is None else ": did you mean %s?" % meant)
        )

    def check(self, right: bool, path: str, must_be: str) -> None:
        if not right and path not in self._named:
            self._named.append(path)
            self.wrong.append("%s must be %s." % (path, must_be))


def _read_the_rest(settings: dict, reading: _Reading) -> None:
    """Checks what a type alone does not say: lists, ranges, and fields that refer to one
    another."""
    check = reading.check
    check(settings["board"] == "simulated", "board", '"simulated" on this interpreter')
    url = settings["csms_url"]
    check(
        url == "" or url.startswith("ws://") or url.startswith("wss://"),
        "csms_url",
        "an address that begins with ws:// or wss://, or empty: there is no central system",
    )
    for server in settings["time"] or ():
        host, _, port = server.partition(":") if type(server) is str else ("", "", "")
        right = host != "" and (port or "123").isdigit() and 0 < int(port or 123) < 65536
        check(right, "time", "hosts, each with :port if that is not 123")
    check(settings["charge_point_id"] != "", "charge_point_id", "text that is not empty")
    blank = [char for char in settings["charge_point_id"] if char.isspace()]
    must_be = "text without blanks, because it ends the URL that the station dials"
    check(not blank, "charge_point_id", must_be)

    auth = settings["basic_auth"]
    if type(auth) is dict:
        check(fits(auth.get("user"), "text or null"), "basic_auth.user", "text or null")
        check(
            fits(auth.get("password"), "text") and auth["password"] != "",
            "basic_auth.password",
            "text that is not empty",
        )
    tls = settings["tls"]
    check(
        (tls["cert_file"] is None) == (tls["key_file"] is None),
        "tls.key_file",
        "given together with tls.cert_file",
    )

    dns = settings["network"]["dns"]
    if dns is not None:
        address, _, port = dns.partition(":")
        right = (
            names.is_address(address) and (port or "53").isdigit() and 0 < int(port or 53) < 65536
        )
        check(right, "network.dns", "an IPv4 address, with or without :port")

    keys = settings["keys"] = settings["keys"] or {}
    for name in keys:
        written = json.dumps(keys[name])
        scalar = type(keys[name]) in (int, float, bool)
        hint = 'text. Write "%s" in place of %s' % (written, written) if scalar else "text"
        check(fits(keys[name], "text"), "keys." + name, hint)

    limits = settings["device"]["limits_without_profile"]
    at = "device.limits_without_profile."
    check(limits["amps"] > 0, at + "amps", "more than 0")
    check(limits["watts"] is None or limits["watts"] > 0, at + "watts", "more than 0, or null")
    check(limits["phases"] in (1, 2, 3), at + "phases", "1, 2 or 3")
    check(limits["volts"] > 0, at + "volts", "more than 0")
    grid_amps = settings["device"]["grid_amps"]
    check(grid_amps is None or grid_amps > 0, "device.grid_amps", "more than 0, or null")
    if settings["device"]["mains"] is not None:
        settings["device"]["mains"] = _mains_from(settings["device"]["mains"], reading)
    if settings["device"]["dim"] is not None:
        dim = settings["device"]["dim"] = reading.object(
            settings["device"]["dim"], _DIM, "device.dim."
        )
        right = fits(dim["watts"], "a whole number") and dim["watts"] > 0
        check(right, "device.dim.watts", "a whole number above 0")
    for name in ("minimum_s", "random_s"):
        check(settings["device"]["reconnect"][name] >= 0, "device.reconnect." + name, "0 or more")

    if settings["page"] is not None:
        page = settings["page"] = reading.object(settings["page"], _PAGE, "page.")
        right = fits(page["password"], "text") and len(page["password"]) >= 8
        check(right, "page.password", "text of 8 characters at least")
        right = fits(page["port"], "a whole number") and 0 <= page["port"] < 65536
        check(right, "page.port", "0 to 65535")

    if settings["set_up"] is not None:
        settings["set_up"] = _set_up_from(settings["set_up"], reading)
    if settings["control"] is not None:
        settings["control"] = reading.object(settings["control"], _CONTROL, "control.")
        port = settings["control"]["port"]
        check(fits(port, "a whole number") and 0 < port < 65536, "control.port", "1 to 65535")

    connectors = settings["connectors"] = _list_of(
        settings["connectors"], _CONNECTOR, "connectors", reading
    )
    if not connectors:
        count = str(keys.get("NumberOfConnectors", "1"))
        check(
            count.isdigit() and 0 < int(count) <= _MOST_CONNECTORS,
            "keys.NumberOfConnectors",
            "1 to %d" % _MOST_CONNECTORS,
        )
        for number in range(int(count) if count.isdigit() else 1):
            connectors.append({"id": number + 1, "lock": True})
    for i in range(len(connectors)):
        check(
            connectors[i]["id"] == i + 1,
            "connectors[%d].id" % i,
            "%d, as connectors count from 1" % (i + 1),
        )

    vehicles = settings["vehicles"] = _list_of(settings["vehicles"], _VEHICLE, "vehicles", reading)
    taken = []
    for i in range(len(vehicles)):
        vehicle = vehicles[i]
        at = "vehicles[%d]." % i
        connector = vehicle["connector"]
        check(
            connector in range(1, len(connectors) + 1),
            at + "connector",
            "one of the station's connectors",
        )
        check(connector not in taken, at + "connector", "a connector that no other vehicle is at")
        taken.append(connector)
        check(vehicle["phases"] in (1, 2, 3), at + "phases", "1, 2 or 3")
        for name in ("amps", "draw_delay"):
            check(
                fits(vehicle[name], "a number") and vehicle[name] >= 0,
                at + name,
                "a number, 0 or more",
            )

    at = settings["clock"]["at"]
    if at is not None:
        try:
            settings["clock"]["at"] = iso8601.instant_from(at)
        except ValueError:
            check(False, "clock.at", "an instant such as 2024-01-17T17:50:00Z")


def _set_up_from(value, reading: _Reading) -> dict:
    found = reading.object(value, _SET_UP, "set_up.")
    check = reading.check
    for name in ("http_port", "dns_port", "page_port"):
        right = fits(found[name], "a whole number") and 0 <= found[name] < 65536
        check(right, "set_up." + name, "0 to 65535")
    password = found["password"]
    right = password is None or fits(password, "text") and 8 <= len(password) <= 63
    check(right, "set_up.password", "text of 8 to 63 characters, or null")
    networks = found["networks"] if type(found["networks"]) is list else []
    found["networks"] = _list_of(networks, _WIFI, "set_up.networks", reading)
    for i in range(len(found["networks"])):
        ssid = found["networks"][i]["ssid"]
        right = fits(ssid, "text") and 1 <= len(ssid.encode()) <= 32
        check(right, "set_up.networks[%d].ssid" % i, "text of 1 to 32 bytes")
    paths = found["public_roots"]
    right = paths is None or type(paths) is list and all([fits(path, "text") for path in paths])
    check(right, "set_up.public_roots", "a list of files, or null")
    return found


def _mains_from(value, reading: _Reading) -> dict:
    mains = reading.object(value, _MAINS, "device.mains.")
    at = "device.mains."
    fuse, safe, rise = mains["fuse_amps"], mains["safe_amps"], mains["rise_after_s"]
    reading.check(fits(fuse, "a number") and fuse > 0, at + "fuse_amps", "a number above 0")
    reading.check(fits(safe, "a number") and safe >= 0, at + "safe_amps", "a number, 0 or more")
    reading.check(
        fits(rise, "a whole number") and rise >= 0, at + "rise_after_s", "a whole number, 0 or more"
    )
    house = mains["house"] = mains["house"] or [0, 0, 0]
    right = type(house) is list and len(house) == 3
    right = right and not [amps for amps in house if not fits(amps, "a number")]
    reading.check(right, at + "house", "a list of three numbers")
    return mains


def _list_of(value: "list | None", fields: dict, path: str, reading: _Reading) -> list:
    items = value or []
    return [reading.object(items[i], fields, "%s[%d]." % (path, i)) for i in range(len(items))]


def _path_from(folder: str, path: str) -> str:
    return path if path.startswith("/") else "%s/%s" % (folder, path)
