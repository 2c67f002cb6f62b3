"""Asks a time server over UDP, while everything else goes on. Imported for each question.

Rule: nobody waits for it, and it ends. Each try has a socket and random bits of its own, so that an
answer that comes too late, or from somebody else, is none."""

import os

from micropython import const

from ..clock import Clock
from ..protocol import sntp
from .resolver import exchange, socket_address

_PORT = const(123)
_TRIES_MS = (1000, 2000)  # what is slower than that is too far away


async def time_of(server: str, network) -> "tuple[int, int]":
    """(instant, milliseconds into its second). server: a host, and ":port" if that is not 123. Raises
    OSError with a sentence. Takes 9 s at most, 6 of them for the name."""
    host, _, port = server.partition(":")
    there = socket_address(await network.find(host), int(port or _PORT))
    for wait_ms in _TRIES_MS:
        asked = sntp.question(os.urandom(8))
        clock = Clock()
        found = await exchange(
            there, False, asked, lambda data: sntp.answer(asked, data, clock.ticks_ms()), wait_ms
        )
        if type(found) is tuple:
            return found
        if found is not None:
            raise OSError(found)
    raise OSError("it does not answer")
