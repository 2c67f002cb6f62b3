"""WebSocket frames as a server sends them, or as it must not."""

import json
import struct


def frame(
    opcode: int, payload: bytes, final: bool = True, reserved: int = 0, masked: bool = False
) -> bytes:
    """RFC 6455, 5.2."""
    head = bytes([(0x80 if final else 0) | reserved << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        head += bytes([mask_bit | len(payload)])
    elif len(payload) < 65536:
        head += bytes([mask_bit | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([mask_bit | 127]) + struct.pack(">Q", len(payload))
    return head + (b"\0\0\0\0" if masked else b"") + payload


HEARTBEAT = json.dumps([2, "ask", "TriggerMessage", {"requestedMessage": "Heartbeat"}]).encode()
