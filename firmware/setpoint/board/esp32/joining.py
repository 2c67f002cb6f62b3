"""Joins a Wi-Fi network once, for a person who waits for the outcome: in set-up mode, and for `make
provision`. Imported for it."""

import asyncio

import network

from ...clock import Clock, sleep_ms
from .wifi import Network

_LOOK_MS = 100
# What the radio's status says of a try, and a word for it (ESP-IDF's WIFI_REASON_, as far as the
# port passes them on). Of a wrong password it says 202 at some tries and nothing at others.
_REASONS = {
    201: ("no network of this name is in reach (2.4 GHz only)", "absent"),
    202: ("the password is wrong", "password"),
    210: ("it is not secured in a way that the station knows", "not_joined"),
    211: ("it is secured worse than the station wants", "not_joined"),
    212: ("its signal is too weak", "silent"),
}


class _Listener:
    """What Wi-Fi tells goes nowhere, as the outcome says it better; but for a radio that does not
    start."""

    problem = None

    def log(self, level: str, area: str, sentence: str) -> None:
        if level == "error":
            self.problem = sentence

    def on_network(self) -> None:
        pass


async def join(wifi: dict, food, wait_s: int) -> tuple:
    """(the Network, the task that keeps it joined), or (None, why not in a sentence, a word for
    it). food() is called often."""
    joined = Network(wifi)
    listener = _Listener()
    keeping = asyncio.create_task(joined.run(listener))
    # What the radio says now may be of the try before this one
    seen, before = None, _status(joined)
    patience = Clock()
    patience.set_alarm(wait_s * 1000)
    while not patience.rings():
        food()
        if listener.problem:
            keeping.cancel()
            return None, listener.problem, "radio"
        if joined.up:
            return joined, keeping
        status = _status(joined)
        if status not in _REASONS:
            before = None
        elif status != before:
            seen = status
        await sleep_ms(_LOOK_MS)
    keeping.cancel()
    reason, word = _REASONS.get(
        seen or before or 0,
        ("it does not let the station in, or gives it no address", "not_joined"),
    )
    return None, "%s cannot be joined in %d s: %s" % (wifi["ssid"], wait_s, reason), word


def _status(joined: Network) -> "int | None":
    return None if joined.wlan is None else joined.wlan.status()


def dns_server() -> str:
    """The one of the network that is joined."""
    return network.WLAN(network.STA_IF).ifconfig()[3]
