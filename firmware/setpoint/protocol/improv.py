"""Improv Wi-Fi over a serial line, version 1 (improv-wifi.com/serial): a browser at the cable tells
the station its Wi-Fi.

    reader = Reader()
    event = reader.take(byte)       # None, INTERRUPT, (RPC, data), or (ERROR_STATE, an error)
    command, payload = command_of(data)
    line.write(packet(RPC_RESULT, result_of(command, ("http://...",))))

A packet: "IMPROV", the version, its type, the length of its data, the data, the sum of all bytes
before modulo 256.

Rule 1: what is no packet is passed over, whatever it is; a reader holds 265 bytes at most.
Rule 2: a packet may hold the byte of Ctrl-C; outside of packets that byte is an INTERRUPT, by which
    a person, or `make provision`, stops the program.
"""

from ..units import const

CURRENT_STATE, ERROR_STATE, RPC, RPC_RESULT = const(1), const(2), const(3), const(4)  # types
AUTHORIZED, PROVISIONING, PROVISIONED = const(2), const(3), const(4)  # states
NO_ERROR, INVALID, UNKNOWN_COMMAND, UNABLE_TO_CONNECT = const(0), const(1), const(2), const(3)
SEND_WIFI, GET_STATE, GET_INFO, GET_NETWORKS = const(1), const(2), const(3), const(4)  # commands
INTERRUPT = const(3)
_HEADER = b"IMPROV\x01"
_LONGEST_RESULT = const(253)  # of 255 bytes of data; the command and the length go before it


class Reader:
    def __init__(self) -> None:
        self._matched = 0  # bytes of the header
        self._body = bytearray()  # type, length, data, sum

    def forget(self) -> None:
        """What has begun is no packet: the line was silent for too long."""
        self._matched = 0
        self._body = bytearray()

    def in_packet(self) -> bool:
        return self._matched > 0

    def take(self, byte: int) -> "int | tuple | None":
        if self._matched < len(_HEADER):
            if byte == _HEADER[self._matched]:
                self._matched += 1
                return None
            self._matched = 1 if byte == _HEADER[0] else 0
            return INTERRUPT if byte == INTERRUPT else None
        body = self._body
        body.append(byte)
        if len(body) < 3 or len(body) < body[1] + 3:
            return None
        kind, data, right = body[0], bytes(body[2:-1]), body[-1] == _sum_of(_HEADER, body[:-1])
        self.forget()
        if not right or kind != RPC:
            return ERROR_STATE, INVALID
        return RPC, data


def _sum_of(*parts) -> int:
    return sum([sum(part) for part in parts]) & 255


def packet(kind: int, data: bytes) -> bytes:
    """With the end of a line, at which a browser begins to look for the next one."""
    body = bytes((kind, len(data))) + data
    return b"\n" + _HEADER + body + bytes((_sum_of(_HEADER, body),)) + b"\n"


def command_of(data: bytes) -> "tuple[int, bytes] | None":
    """(command, payload) of an RPC. None: its length is not what it says."""
    if len(data) < 2 or len(data) != data[1] + 2:
        return None
    return data[0], data[2:]


def wifi_of(payload: bytes) -> "tuple[str, str] | None":
    """(name of the network, password) of SEND_WIFI. None: it cannot be read."""
    texts = []
    at = 0
    for _ in range(2):
        if at >= len(payload) or at + 1 + payload[at] > len(payload):
            return None
        end = at + 1 + payload[at]
        try:
            texts.append(str(payload[at + 1 : end], "utf-8"))
        except (UnicodeError, ValueError):
            return None
        at = end
    return (texts[0], texts[1]) if at == len(payload) else None


def result_of(command: int, texts: tuple) -> bytes:
    """The data of an RPC_RESULT. A text that does not fit is left out, with all that follow."""
    found = b""
    for text in texts:
        text = text.encode()
        if len(text) > 255 or len(found) + 1 + len(text) > _LONGEST_RESULT:
            break
        found += bytes((len(text),)) + text
    return bytes((command, len(found))) + found
