"""A message after which the connection is lost again and again. Loaded for each loss, and while
there is such a one (late.py).

A central system may hang up on a message. The next connection would send it again, and end in the
same way. First case that fits:

1. Three connections in a row were lost with the message in flight: it is sent in plain form,
   without optional fields.
2. A fourth was lost: the message is set aside. StartTransaction, StopTransaction and
BootNotification are tried for ever."""

import json
from binascii import crc32

from micropython import const

_PLAIN_AFTER = const(3)
_NEVER = const(("StartTransaction", "StopTransaction", "BootNotification"))
_OPTIONAL = const(
    (
        "info",
        "vendorErrorCode",
        "techInfo",
        "transactionData",
        "firmwareVersion",
        "chargeBoxSerialNumber",
        "chargePointSerialNumber",
    )
)
# Of an identifier, as OCPP 2.0.1 has it
_LETTERS = const(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 *-_=:+|@.")


def _key(message: tuple) -> "int | str":
    """The same whenever a message is sent, though its timestamp is another one. message: an entry
    of the outbox, with its order, or what waits in calls.py. Meter values of transactions are one:
    of a hundred that offend not each costs four connections, and the stop behind them arrives."""
    if type(message[2]) is list:
        return 0 if message[1] == "MeterValues" else message[0]
    said = [message[2][name] for name in sorted(message[2]) if name != "timestamp"]
    return "%s %d" % (message[1], crc32(json.dumps(said).encode()))


def after(suspect: "tuple | None", message: tuple, log) -> "tuple[tuple, bool]":
    """A connection was lost while a message was in flight: (the new suspect, whether the message is
    set aside). A suspect is (key, how many connections in a row it was)."""
    key = _key(message)
    times = suspect[1] + 1 if suspect is not None and suspect[0] == key else 1
    if times == _PLAIN_AFTER:
        log(
            "warn",
            "%s: %d connections in a row were lost after it; it goes on in plain form"
            % (message[1], times),
        )
    elif times > _PLAIN_AFTER and message[1] not in _NEVER:
        log(
            "error",
            "%s: %d connections in a row were lost after it; it is set aside" % (message[1], times),
        )
        return (key, times), True
    return (key, times), False


def is_suspect(suspect: tuple, message: tuple) -> bool:
    return _key(message) == suspect[0]


def form_of(suspect: tuple, message: tuple, payload: dict) -> dict:
    """What is sent: the payload, or its plain form."""
    if suspect[1] < _PLAIN_AFTER or not is_suspect(suspect, message):
        return payload
    plain = {}
    for name in payload:
        value = payload[name]
        if type(value) is str:
            value = _plain(value)
        if name not in _OPTIONAL:
            plain[name] = value
    return plain


def _plain(text: str) -> str:
    """Other characters become "_". Byte by byte, as MicroPython keeps each character that it takes
    out of a text for good."""
    first_bytes = [byte for byte in text.encode() if byte & 0xC0 != 0x80]
    return bytes([byte if byte in _LETTERS else 0x5F for byte in first_bytes]).decode()
