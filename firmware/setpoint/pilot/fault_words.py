"""How the faults of a connector (faults.py) are reported: OCPP's code, our name, and what to do."""

from .faults import COUNT, OVERCURRENT

# One line a bit: vendorErrorCode, errorCode (OCPP 1.6, 7.6), info of at most 50 characters. # is
# the number measured, as it is; ~ with one decimal, of millivolts or, for OVERCURRENT, of tenths of
# an ampere.
_FAULTS = """\
diode EVCommunicationError No diode, low side ~ V: try another vehicle
short EVCommunicationError Pilot shorted, ~ V: unplug, check the cable
negative EVCommunicationError Pilot always at ~ V: check the cable
bad EVCommunicationError Pilot at ~ V, none of A to D: check the wiring
cable OtherError Cable coded # ohm: plug in another cable
overcurrent OverCurrentFailure Drew ~ A, offered less: unplug, check vehicle
welded PowerSwitchFailure Live # ms after opening: replace the contactor
contactor PowerSwitchFailure Not closed # ms after its coil: check contactor
residual GroundFailure Residual current: find the leak, press button
rcm GroundFailure Monitor failed its test, # ms: replace it
earth GroundFailure No protective earth for # ms: check the supply
lock ConnectorLockFailure Plug not locked in # ms: unplug, try again
pilot InternalError Pilot not as set for # ms: restart, check board
hot HighTemperature # C, no charging: check contacts, wait for 62 C
derated HighTemperature # C: less current until 62 C
thermometer OtherError No thermometer, half current: replace it
"""


def report_of(bit: int, number: int) -> "tuple[str, str, str]":
    """(errorCode, vendorErrorCode, info)."""
    name, code, info = _FAULTS.split("\n")[bit].split(" ", 2)
    tenths = number if bit == OVERCURRENT else (abs(number) + 50) // 100 * (-1 if number < 0 else 1)
    text = "%s%d.%d" % ("-" if tenths < 0 else "", abs(tenths) // 10, abs(tenths) % 10)
    return code, name, info.replace("#", str(number)).replace("~", text)


def is_own(code: str, vendor_code: "str | None") -> bool:
    """Does the control loop report a fault of this name? The station has others, such as a lost
    card reader's."""
    return vendor_code is not None and "\n%s %s " % (vendor_code, code) in "\n" + _FAULTS


def changes(known: int, now: int, numbers: "list[int] | int") -> "list[tuple[str, str, str, bool]]":
    """For each bit that differs: errorCode, vendorErrorCode, info, and whether the fault is there
    now. numbers: what was measured, by bit, or one number for all of them."""
    found = []
    for bit in range(COUNT):
        if (known ^ now) >> bit & 1:
            number = numbers if type(numbers) is int else numbers[bit]
            found.append(report_of(bit, number) + (bool(now >> bit & 1),))
    return found
