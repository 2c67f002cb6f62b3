"""The interpreters that the tests run stations on."""

import os

import pytest

from tools import micropython32, station_process

_reason = []  # asked for once in a run


def command_of(bits: str) -> "list[str]":
    """The command of the "64" or "32" bit interpreter. Where there is no 32-bit one, the test is
    skipped; in CI it fails."""
    if bits == "64":
        return station_process.micropython()
    if os.environ.get("MICROPYTHON32"):
        return [os.environ["MICROPYTHON32"]]
    reason = reason_for_no_32bit()
    if reason and os.environ.get("CI") == "true":
        pytest.fail("CI must not skip the 32-bit MicroPython: " + reason)
    if reason:
        pytest.skip("no 32-bit MicroPython: " + reason)
    return [str(micropython32.PROGRAM)]


def can_have_32bit() -> bool:
    """Whether it is worth trying to have it on this machine."""
    try:
        micropython32.check_machine()
    except micropython32.Unavailable:
        return bool(os.environ.get("MICROPYTHON32"))
    return True


def reason_for_no_32bit() -> "str | None":
    if not _reason:
        try:
            micropython32.interpreter()
            _reason.append(None)
        except micropython32.Unavailable as reason:
            _reason.append(str(reason))
    return _reason[0]
