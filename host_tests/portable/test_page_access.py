"""The owner's password and its token."""

import hashlib
from binascii import hexlify

from setpoint.page import access

SECRET, SALT, MARK = "0123456789", "00ff", "boot1"


class Guard:
    wrong = 0
    until_ms = None


def valid(token, password=SECRET, salt=SALT, mark=MARK, now=1000, up_s=10):
    return access.is_token(token, password, salt, mark, now, up_s)


def test_the_hmac_is_that_of_rfc_4231():
    """Test cases 1, 2 and 6."""
    for key, data, digest in (
        (
            b"\x0b" * 20,
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ):
        assert hexlify(access.hmac_sha256(key, data)).decode() == digest


def test_only_the_password_itself_is_the_password():
    assert access.is_password(SECRET, SECRET, b"salt")
    for other in (
        "",
        "012345678",
        "01234567890",
        "0123456789 ",
        None,
        123456789,
        [SECRET],
        {},
        True,
    ):
        assert not access.is_password(SECRET, other, b"salt"), other
    assert access.is_password("p\u00e4ssw\u00f6rter", "p\u00e4ssw\u00f6rter", b"salt")


def test_a_token_holds_for_twelve_hours_of_the_clock_and_over_a_restart():
    token = access.token(SECRET, SALT, MARK, 1000, 10)
    assert valid(token) and valid(token, now=1000 + 43199, up_s=99999)
    assert valid(token, mark="boot2"), "it outlives a restart"
    assert not valid(token, now=1000 + 43200)
    assert not valid(token, now=None), "nobody knows whether it has ended"


def test_without_the_time_a_token_counts_from_the_start_and_ends_with_it():
    token = access.token(SECRET, SALT, MARK, None, 10)
    assert valid(token, now=None) and valid(token, now=10**9, up_s=10 + 43199)
    assert not valid(token, up_s=10 + 43200)
    assert not valid(token, now=None, mark="boot2")


def test_nothing_else_is_a_token():
    token = access.token(SECRET, SALT, MARK, 1000, 10)
    text, _, signature = token.partition(".")
    assert not valid(token, password="0123456780") and not valid(token, salt="00fe")
    longer = "t%x" % (int(text[1:], 16) + 3600)
    for other in (
        "",
        ".",
        "t.",
        "t." + signature,
        longer + "." + signature,
        "u" + text[1:] + "." + signature,
        text + "." + signature[:-1],
        text + "." + signature + "0",
        text + "." + signature.upper().replace("A", "b"),
        text + ".." + signature,
        text,
        "x" * 1000,
        "t" + "f" * 60 + "." + signature,
        "tzz." + signature,
    ):
        assert not valid(other), other
    forged = hexlify(hashlib.sha256(text.encode()).digest()).decode()[:32]
    assert not valid(text + "." + forged)


def test_ten_wrong_passwords_lead_to_a_wait_and_each_further_one_to_another():
    guard = Guard()
    for _ in range(9):
        assert not access.tried(guard, False, 5000) and access.wait_s(guard, 5000) == 0
    assert access.tried(guard, False, 5000)
    assert access.wait_s(guard, 5000) == 60 and access.wait_s(guard, 64001) == 1
    assert access.wait_s(guard, 65000) == 0
    assert access.tried(guard, False, 65000) and access.wait_s(guard, 65000) == 60
    assert not access.tried(guard, True, 125000) and access.wait_s(guard, 125000) == 0
    assert not access.tried(guard, False, 125000), "the right one ends the row"
