"""ECDSA (FIPS 186-5) on P-256 and P-384: checks signatures; makes a key pair and a signature on
P-256.

Points are in Jacobian coordinates: (X, Y, Z) stands for x = X/Z^2, y = Y/Z^3. Each generator
yields after a few hundred multiplications at most.

Python's integers do not take the same time for every value. What depends on a private key is kept
even all the same: a ladder of a fixed number of steps, each one addition and one doubling, on
coordinates that start from a random Z; the inverse of a nonce by a fixed exponent. A key is made
and used here once each, for the request for a certificate; then Mbed TLS uses it.
"""

import hashlib

from . import der

_P256, _P384 = 0, 1
# prime, order, b, generator x and y (SEC 2, 2.4.2 and 2.5.1); a is -3
_CURVES = (
    (
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ),
    (
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    ),
)
OIDS = (b"\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x2b\x81\x04\x00\x22")  # of the curves
_STEPS = 256  # of the ladder, after its first: the scalar gets 257 bits


class Curve:
    """oid: of P-256 or P-384; ValueError for another one."""

    def __init__(self, oid: bytes) -> None:
        if oid not in OIDS:
            raise ValueError("no curve but P-256 and P-384 is known")
        numbers = _CURVES[OIDS.index(oid)]
        self.size = len(numbers[0]) // 2  # bytes of a coordinate
        self.p, self.n, self._b, x, y = [int(number, 16) for number in numbers]
        self.generator = x, y

    def point(self, encoded: bytes) -> "tuple[int, int]":
        """(x, y) of an uncompressed point. ValueError where it is not on the curve."""
        size = self.size
        if len(encoded) != 2 * size + 1 or encoded[0] != 4:
            raise ValueError("a public key is no uncompressed point")
        x = int.from_bytes(encoded[1 : size + 1], "big")
        y = int.from_bytes(encoded[size + 1 :], "big")
        p = self.p
        if x >= p or y >= p or (x * x * x - 3 * x + self._b - y * y) % p:
            raise ValueError("a public key is not on its curve")
        return x, y

    def doubled(self, point: tuple) -> tuple:
        p = self.p
        x, y, z = point
        delta = z * z % p
        gamma = y * y % p
        beta = x * gamma % p
        alpha = 3 * (x - delta) * (x + delta) % p
        x3 = (alpha * alpha - 8 * beta) % p
        return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % p, 2 * y * z % p

    def added(self, point: tuple, other: tuple) -> tuple:
        """The sum of any two points; Z is 0 at infinity."""
        x1, y1, z1 = point
        x2, y2, z2 = other
        if not z1:
            return other
        if not z2:
            return point
        p = self.p
        zz1, zz2 = z1 * z1 % p, z2 * z2 % p
        u1, h = x1 * zz2 % p, x2 * zz1 % p
        s1, r = y1 * zz2 * z2 % p, y2 * zz1 * z1 % p
        h, r = (h - u1) % p, (r - s1) % p
        if not h:
            return (1, 1, 0) if r else self.doubled(point)
        hh = h * h % p
        hhh, v = h * hh % p, u1 * hh % p
        x3 = (r * r - hhh - 2 * v) % p
        return x3, (r * (v - x3) - s1 * hhh) % p, h * z1 * z2 % p


def _inverse(number: int, prime: int):
    """A generator that returns the inverse modulo a prime (Fermat): the same steps for every
    number."""
    exponent = prime - 2
    result = 1
    for at in range(der.length_of(exponent) * 8 - 1, -1, -1):
        result = result * result % prime
        if exponent >> at & 1:
            result = result * number % prime
        if not at & 31:
            yield
    return result


def _number_of(digest: bytes, curve: Curve) -> int:
    """The leftmost bits of a hash, as many as the order has."""
    return int.from_bytes(digest[: curve.size], "big")


def verified(curve: Curve, key: bytes, digest: bytes, signature: bytes):
    """A generator that returns whether a signature (Ecdsa-Sig-Value in DER) over a hash was made
    with a public key (an uncompressed point). ValueError for a key or a signature that is none."""
    public = curve.point(key)
    fields = der.Elements(signature)
    values = fields.inside(der.SEQUENCE)
    fields.finish()
    r, s = values.natural(), values.natural()
    values.finish()
    n, p = curve.n, curve.p
    if not 0 < r < n or not 0 < s < n:
        return False
    inverse = yield from _inverse(s, n)
    u1, u2 = _number_of(digest, curve) * inverse % n, r * inverse % n
    one = curve.generator + (1,)
    two = public + (1,)
    terms = (None, one, two, curve.added(one, two))
    total = (1, 1, 0)
    for at in range(curve.size * 8 - 1, -1, -1):
        total = curve.doubled(total)
        which = (u1 >> at & 1) + 2 * (u2 >> at & 1)
        if which:
            total = curve.added(total, terms[which])
        yield
    x, _, z = total
    if not z:
        return False
    zz = z * z % p
    # The x of the sum, reduced by n, is r
    return (r * zz - x) % p == 0 or (r + n < p and ((r + n) * zz - x) % p == 0)


def _multiplied(curve: Curve, scalar: int, random):
    """A generator that returns (x, y) of scalar * generator. scalar: secret, from 1 to n - 1.
    random(n): n random bytes."""
    p, n = curve.p, curve.n
    # The same multiple in as many bits for every scalar
    scalar += n if (scalar + n) >> _STEPS else 2 * n
    z = int.from_bytes(random(curve.size), "big") % (p - 1) + 1
    x, y = curve.generator
    first = x * z * z % p, y * z * z % p * z % p, z
    ladder = [first, curve.doubled(first)]
    for at in range(_STEPS - 1, -1, -1):
        bit = scalar >> at & 1
        total = curve.added(ladder[0], ladder[1])
        ladder[bit] = curve.doubled(ladder[bit])
        ladder[1 - bit] = total
        yield
    x, y, z = ladder[0]
    inverse = yield from _inverse(z, p)
    square = inverse * inverse % p
    return x * square % p, y * square % p * inverse % p


def key_pair(random):
    """A generator that returns (private key, public key) on P-256: a number, and an uncompressed
    point. random(n): n bytes of a true source."""
    curve = Curve(OIDS[_P256])
    # 64 bits more than needed leave no bias (FIPS 186-5, A.2.1)
    secret = int.from_bytes(random(40), "big") % (curve.n - 1) + 1
    x, y = yield from _multiplied(curve, secret, random)
    return secret, b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def signed(secret: int, message: bytes, random):
    """A generator that returns the signature of a message with SHA-256 and a private key on P-256,
    in DER. The nonce follows from key and message (RFC 6979)."""
    curve = Curve(OIDS[_P256])
    n = curve.n
    digest = hashlib.sha256(message).digest()
    for nonce in _nonces(secret, digest, n):
        x, _ = yield from _multiplied(curve, nonce, random)
        inverse = yield from _inverse(nonce, n)
        r = x % n
        s = inverse * (int.from_bytes(digest, "big") + r * secret) % n
        if r and s:
            return der.sequence(der.integer(r), der.integer(s))


def _nonces(secret: int, digest: bytes, n: int):
    """Yields nonces (RFC 6979, 3.2)."""
    seed = secret.to_bytes(32, "big") + (int.from_bytes(digest, "big") % n).to_bytes(32, "big")
    key, value = bytes(32), b"\x01" * 32
    for step in (b"\x00" + seed, b"\x01" + seed):
        key = hmac(key, value + step)
        value = hmac(key, value)
    while True:
        value = hmac(key, value)
        nonce = int.from_bytes(value, "big")
        if 0 < nonce < n:
            yield nonce
        key = hmac(key, value + b"\x00")
        value = hmac(key, value)


def hmac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104). key: at most 64 bytes."""
    key += bytes(64 - len(key))
    inner = hashlib.sha256(bytes([b ^ 0x36 for b in key]) + message).digest()
    return hashlib.sha256(bytes([b ^ 0x5C for b in key]) + inner).digest()


def private_key(secret: int, public: bytes) -> bytes:
    """A key pair on P-256 as ECPrivateKey (RFC 5915), in DER."""
    return der.sequence(
        der.integer(1),
        der.element(der.OCTET_STRING, secret.to_bytes(32, "big")),
        der.element(0xA0, der.element(der.OID, OIDS[_P256])),
        der.element(0xA1, der.bit_string(public)),
    )
