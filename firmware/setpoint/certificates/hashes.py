"""SHA-256, SHA-384 and SHA-512 by the names that OCPP gives them. MicroPython has only the first.

SHA-384 and SHA-512 (FIPS 180-4) are for what is short: names, keys, certificates. Their constants
are worked out, as the standard defines them: the first 64 bits of the fractions of the square and
cube roots of the first primes.
"""

import hashlib

SIZES = {"SHA1": 20, "SHA256": 32, "SHA384": 48, "SHA512": 64}
_MASK = (1 << 64) - 1


def digest(name: str, data: bytes):
    """A generator that returns the hash of data."""
    if name == "SHA256":
        return hashlib.sha256(data).digest()
    if name == "SHA1":
        return hashlib.sha1(data).digest()
    primes = _primes(80)
    yield
    constants = []
    for prime in primes:
        constants.append(_fraction(prime, 3))
        yield
    state = [_fraction(prime, 2) for prime in primes[8 if name == "SHA384" else 0 :][:8]]
    bits = len(data) * 8
    data += b"\x80" + bytes(-(len(data) + 17) % 128) + bits.to_bytes(16, "big")
    for at in range(0, len(data), 128):
        yield
        state = _block(state, data[at : at + 128], constants)
    return b"".join([word.to_bytes(8, "big") for word in state])[: SIZES[name]]


def _primes(count: int) -> "list[int]":
    found = []
    number = 2
    while len(found) < count:
        if all([number % prime for prime in found]):
            found.append(number)
        number += 1
    return found


def _fraction(number: int, root: int) -> int:
    """The first 64 bits of the fraction of a number's square or cube root."""
    shifted = number << (64 * root)
    low, high = 0, 1 << 70
    while high - low > 1:
        middle = (low + high) >> 1
        if middle**root <= shifted:
            low = middle
        else:
            high = middle
    return low & _MASK


def _block(state: list, block: bytes, constants: list) -> list:
    words = [int.from_bytes(block[i : i + 8], "big") for i in range(0, 128, 8)]
    a, b, c, d, e, f, g, h = state
    for i in range(80):
        word = words[i & 15]
        if i >= 16:
            w15, w2 = words[(i + 1) & 15], words[(i + 14) & 15]
            w15 |= w15 << 64
            w2 |= w2 << 64
            word += words[(i + 9) & 15]
            word += (w15 >> 1) ^ (w15 >> 8) ^ ((w15 & _MASK) >> 7)
            word += (w2 >> 19) ^ (w2 >> 61) ^ ((w2 & _MASK) >> 6)
            word &= _MASK
            words[i & 15] = word
        ee, aa = e | e << 64, a | a << 64
        one = h + (((ee >> 14) ^ (ee >> 18) ^ (ee >> 41)) & _MASK) + ((e & f) ^ (~e & g))
        one += constants[i] + word
        two = (((aa >> 28) ^ (aa >> 34) ^ (aa >> 39)) & _MASK) + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = (one + two) & _MASK, a, b, c, (d + one) & _MASK, e, f, g
    return [(old + new) & _MASK for old, new in zip(state, (a, b, c, d, e, f, g, h))]
