"""hashlib with SHA-1, by which a WebSocket's handshake is answered: an image without Mbed TLS,
which Debian's source has not got, has SHA-256 alone. As FIPS 180-4 has it."""

import struct

from uhashlib import *  # noqa: F403

_MASK = 0xFFFFFFFF


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> 32 - bits) & _MASK


class sha1:
    def __init__(self, data: bytes = b"") -> None:
        self._data = bytes(data)

    def update(self, data: bytes) -> None:
        self._data += data

    def digest(self) -> bytes:
        data = self._data
        padded = data + b"\x80" + bytes((55 - len(data)) % 64) + struct.pack(">Q", len(data) * 8)
        state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
        for start in range(0, len(padded), 64):
            words = list(struct.unpack(">16I", padded[start : start + 64]))
            for i in range(16, 80):
                words.append(
                    _rotated(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1)
                )
            a, b, c, d, e = state
            for i in range(80):
                if i < 20:
                    mixed, key = b & c | (b ^ _MASK) & d, 0x5A827999
                elif 40 <= i < 60:
                    mixed, key = b & c | b & d | c & d, 0x8F1BBCDC
                else:
                    mixed, key = b ^ c ^ d, 0x6ED9EBA1 if i < 40 else 0xCA62C1D6
                a, b, c, d, e = (
                    (_rotated(a, 5) + mixed + e + key + words[i]) & _MASK,
                    a,
                    _rotated(b, 30),
                    c,
                    d,
                )
            state = [(old + new) & _MASK for old, new in zip(state, (a, b, c, d, e))]
        return struct.pack(">5I", *state)
