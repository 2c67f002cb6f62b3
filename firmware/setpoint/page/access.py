"""The owner's password, and the token that a browser shows after it.

A token is "t" or "u", the time at which it ends in hexadecimal digits, a point, and 32 digits of an
HMAC-SHA-256 of what stands before the point. Nothing is kept for it. Its key is the password beside
a salt in flash: so a token outlives a restart, and ends with the password. While the time is not
known, "u" counts the seconds since the start, and the key has that start's own mark too.

A browser never sends the token by itself, as it does with cookies: so no other page can use it.

Rule 1: after _MOST_WRONG wrong passwords in a row, each further one costs everybody _WAIT_S of
    waiting before the next try; tokens work on. Wrong tokens do not count: 128 bits cannot be
    guessed, and a page that was left open must not lock its owner out.
Rule 2: what is compared with a secret is compared whole, as hashes of one length.
Rule 3: neither the password nor what was typed in its place is logged."""

from binascii import hexlify
from hashlib import sha256

from micropython import const

LASTS_S = const(43200)
_MOST_WRONG = const(10)
_WAIT_S = const(60)
_BLOCK = const(64)  # of SHA-256
_DIGITS = const(32)
_LONGEST = const(64)  # characters of a token


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """RFC 2104."""
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    key = key + bytes(_BLOCK - len(key))
    inner = sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(data)
    outer = sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    return outer.digest()


def same(one: bytes, other: bytes) -> bool:
    """Takes as long for any two of one length."""
    different = len(one) ^ len(other)
    for at in range(min(len(one), len(other))):
        different |= one[at] ^ other[at]
    return different == 0


def is_password(password: str, given, salt: bytes) -> bool:
    if type(given) is not str:
        return False
    return same(hmac_sha256(salt, password.encode()), hmac_sha256(salt, given.encode()))


def wait_s(guard, up_ms: int) -> int:
    """How long nobody may try; 0: somebody may. guard: what outlives requests, `wrong` (passwords in
    a row) and `until_ms` (nobody may try before)."""
    if guard.until_ms is None or up_ms >= guard.until_ms:
        return 0
    return (guard.until_ms - up_ms + 999) // 1000


def tried(guard, right: bool, up_ms: int) -> bool:
    """A password was given. True: now everybody waits."""
    if right:
        guard.wrong = 0
        guard.until_ms = None
        return False
    guard.wrong += 1
    if guard.wrong < _MOST_WRONG:
        return False
    guard.until_ms = up_ms + _WAIT_S * 1000
    return True


def token(password: str, salt: str, mark: str, now: "int | None", up_s: int) -> str:
    """mark: of this start of the station."""
    text = "u%x" % (up_s + LASTS_S) if now is None else "t%x" % (now + LASTS_S)
    return text + "." + _sign(password, salt, mark, text)


def _sign(password: str, salt: str, mark: str, text: str) -> str:
    start = mark if text[0] == "u" else ""
    key = ("%s\n%s\n%s" % (salt, start, password)).encode()
    return hexlify(hmac_sha256(key, text.encode())).decode()[:_DIGITS]


def is_token(found: str, password: str, salt: str, mark: str, now: "int | None", up_s: int) -> bool:
    """Is it one of ours, and has it not ended? One that ends at an instant has ended where nobody
    knows the time."""
    text, point, signature = found.partition(".")
    if len(found) > _LONGEST or not point or text[:1] not in ("t", "u") or len(text) < 2:
        return False
    if not same(_sign(password, salt, mark, text).encode(), signature.encode()):
        return False
    ends = int(text[1:], 16)  # we wrote it
    if text[0] == "u":
        return up_s < ends
    return now is not None and now < ends
