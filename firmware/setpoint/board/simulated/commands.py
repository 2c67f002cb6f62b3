"""The commands of the control channel, one function each: (board, app, request) -> what the answer
holds, or None.

A function reads and checks all that it needs of the request before it changes anything. It raises
Refused with the reason. data_transfer alone has to wait (transfer_data), so it is not in COMMANDS.
The control channel loads this file for each request.
"""

import json

from ... import units
from ...protocol import iso8601
from .kinds import fits

_REQUIRED = object()


class Refused(Exception):
    """One argument: why the request cannot be carried out, in a sentence."""


def answer(board, app, request: dict) -> dict:
    """The answer to a request without its id: with "ok", and with "error" if the request cannot be
    carried out."""
    name = request.get("cmd")
    try:
        command = COMMANDS.get(name) if type(name) is str else None
        if command is None:
            raise Refused("The command %s is unknown." % json.dumps(name))
        found = command(board, app, request) or {}
        found["ok"] = True
        return found
    except Refused as refused:
        return {"ok": False, "error": refused.args[0]}


async def transfer_data(app, request: dict) -> dict:
    """The answer to a data_transfer, once the central system has answered it."""
    try:
        vendor_id = _field(request, "vendor_id", "text")
        message_id = _field(request, "message_id", "text or null", None)
        data = _field(request, "data", "text or null", None)
    except Refused as refused:
        return {"ok": False, "error": refused.args[0]}
    status, data = await app.data_transfer(vendor_id, message_id, data)
    return {"ok": True, "status": status, "data": data}


def _field(request: dict, name: str, kind: str, default=_REQUIRED):
    if name not in request:
        if default is _REQUIRED:
            raise Refused("The command needs %s." % name)
        return default
    if not fits(request[name], kind):
        raise Refused("%s must be %s." % (name, kind))
    return request[name]


def _choice(request: dict, name: str, choices: tuple, default=_REQUIRED):
    if name not in request and default is not _REQUIRED:
        return default
    for choice in choices if name in request else ():
        if type(request[name]) is type(choice) and request[name] == choice:
            return choice
    written = ", ".join("null" if choice is None else str(choice) for choice in choices)
    raise Refused("%s must be one of %s." % (name, written))


def _not_negative(request: dict, name: str, kind: str, default=_REQUIRED):
    value = _field(request, name, kind, default)
    if value is not None and value < 0:
        raise Refused("%s must not be negative." % name)
    return value


def _outlet(board, request: dict):
    number = _field(request, "connector", "a whole number")
    for outlet in board.outlets:
        if outlet.id == number:
            outlet.settle()
            return outlet
    raise Refused("There is no connector %d." % number)


def _amps(request: dict, default):
    amps = _not_negative(request, "amps", "a number", default)
    return None if amps is None else units.tenths(amps)


def _plug_in(board, app, request: dict) -> None:
    outlet = _outlet(board, request)
    amps_da = _amps(request, 32)
    phases = _choice(request, "phases", (1, 2, 3), 3)
    draw_delay = _not_negative(request, "draw_delay", "a number", 0)
    outlet.vehicle.plug_in(amps_da, phases, int(draw_delay * 1000))
    outlet.look_at_pilot()


def _plug_out(board, app, request: dict) -> None:
    outlet = _outlet(board, request)
    outlet.vehicle.plug_out()
    outlet.look_at_pilot()


def _ev(board, app, request: dict) -> None:
    outlet = _outlet(board, request)
    wants = _field(request, "wants", "true or false")
    amps_da = _amps(request, None)
    phases = _choice(request, "phases", (1, 2, 3), None)
    if not outlet.vehicle.plugged:
        raise Refused("No vehicle is plugged in at connector %d." % outlet.id)
    outlet.vehicle.want(wants, amps_da, phases)


def _diode(board, app, request: dict) -> None:
    outlet = _outlet(board, request)
    outlet.circuit.diode_broken = _field(request, "broken", "true or false")


def _pilot(board, app, request: dict) -> None:
    outlet = _outlet(board, request)
    outlet.circuit.fault = _choice(request, "fault", ("short", "open", None))
    outlet.look_at_pilot()


def _cable(board, app, request: dict) -> None:
    outlet = _outlet(board, request)
    outlet.set_cable(_choice(request, "amps", (13, 20, 32, 63, None)))


def _swipe(board, app, request: dict) -> None:
    tag = _field(request, "tag", "text")
    connectors = _field(request, "connectors", "a list or null", None)
    if connectors is not None:
        present = [outlet.id for outlet in board.outlets]
        for number in connectors:
            if not fits(number, "a whole number") or number not in present:
                raise Refused("connectors must hold numbers of this station's connectors.")
    app.on_card(tag, connectors)


def _fault(board, app, request: dict) -> None:
    # Connector 0 is the station as a whole.
    connector = _field(request, "connector", "a whole number")
    if connector != 0:
        _outlet(board, request)
    code = _field(request, "code", "text")
    vendor_code = _field(request, "vendor_code", "text or null", None)
    info = _field(request, "info", "text or null", None)
    active = _field(request, "active", "true or false")
    if code not in _ERROR_CODES:
        raise Refused("code must be an errorCode of OCPP 1.6.")
    app.on_fault(connector, code, vendor_code, info, active)


def _link(board, app, request: dict) -> None:
    board.network.set_up(_field(request, "up", "true or false"))
    app.on_network()


def _contactor(board, app, request: dict) -> None:
    outlet = _outlet(board, request)
    outlet.stuck = _choice(request, "stuck", ("open", "closed", None))


def _broken(board, app, request: dict) -> None:
    outlet = _outlet(board, request)
    name = _choice(request, "what", ("leaks", "rcm_dead", "unearthed", "jammed"))
    setattr(outlet, name, _field(request, "broken", "true or false"))


def _temperature(board, app, request: dict) -> None:
    celsius = _field(request, "celsius", "a number or null")
    board.celsius = None if celsius is None else int(celsius)


def _meter(board, app, request: dict) -> None:
    outlet = _outlet(board, request)
    outlet.set_meter_wh(_not_negative(request, "wh", "a whole number"))


def _mains(board, app, request: dict) -> None:
    amps = _field(request, "amps", "a list or null", None)
    silent = _field(request, "silent", "true or false", False)
    mains = board.mains
    if mains is None:
        raise Refused("The start file has no device.mains.")
    if amps is not None:
        if len(amps) != 3 or [one for one in amps if not fits(one, "a number")]:
            raise Refused("amps must be a list of three numbers.")
        mains.house_da = [units.tenths(one) for one in amps]
    mains.fall_silent(silent)


def _dim(board, app, request: dict) -> None:
    active = _field(request, "active", "true or false")
    if board.dim_watts is None:
        raise Refused("The start file has no device.dim.")
    app.on_dim(active)


def _clock(board, app, request: dict) -> None:
    text = _field(request, "set", "text", None)
    seconds = _not_negative(request, "advance_s", "a whole number", None)
    if (text is None) == (seconds is None):
        raise Refused("The command needs either set or advance_s.")
    if text is None:
        board.leap.add(seconds)
        return
    try:
        instant = iso8601.instant_from(text)
    except ValueError:
        raise Refused("set must be an instant such as 2024-01-17T17:50:00Z.")
    app.set_clock(instant)


def _flash(board, app, request: dict) -> None:
    mode = _choice(request, "mode", ("cut", "error", "full", "read", None))
    field = "after_reads" if mode == "read" else "after_writes"
    count = _field(request, field, "a whole number", 1)
    if count < 1:
        raise Refused("%s must be 1 or more." % field)
    times = _field(request, "times", "a whole number", 1)
    if times < 1 and times != -1:
        raise Refused("times must be 1 or more, or -1 for ever.")
    if mode == "read":
        board.flash_chip.after_reads(count, times)
    else:
        board.flash_chip.after_writes(count, mode)
        board.flash_chip.after_reads(0, 0)


def _press(board, app, request: dict) -> None:
    app.on_press(_choice(request, "button", ("emergency_stop", "acknowledge")))


def _security_event(board, app, request: dict) -> None:
    kind = _field(request, "type", "text")
    if not 0 < len(kind) <= 50:
        raise Refused("type must have 1 to 50 characters.")
    app.on_security_event(kind, _field(request, "info", "text or null", None))


def _state(board, app, request: dict) -> dict:
    return app.state()


COMMANDS = {
    "plug_in": _plug_in,
    "plug_out": _plug_out,
    "ev": _ev,
    "diode": _diode,
    "pilot": _pilot,
    "press": _press,
    "cable": _cable,
    "swipe": _swipe,
    "fault": _fault,
    "link": _link,
    "contactor": _contactor,
    "broken": _broken,
    "temperature": _temperature,
    "meter": _meter,
    "mains": _mains,
    "dim": _dim,
    "clock": _clock,
    "flash": _flash,
    "security_event": _security_event,
    "state": _state,
}

# OCPP 1.6 edition 2, section 7.6 ChargePointErrorCode.
_ERROR_CODES = (
    "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature", "InternalError",
    "LocalListConflict", "NoError", "OtherError", "OverCurrentFailure", "OverVoltage", "PowerMeterFailure",
    "PowerSwitchFailure", "ReaderFailure", "ResetFailure", "UnderVoltage", "WeakSignal",
)  # fmt: skip
