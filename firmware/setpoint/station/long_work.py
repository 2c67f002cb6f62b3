"""Requests that take long, such as checking a signature: the app runs them in slices, one after another
(work.py of the app). Loaded for each (late.py)."""

from ..protocol.errors import INTERNAL, OcppError
from ..protocol.ocppj import no_memory_text, result_text

_MOST = 4  # that wait


def begin(station, generator, message_id: "str | None" = None) -> None:
    """Has the app run a generator, after what waits already. What it returns answers the CALL with
    this id, on the connection that brought it. OcppError where too much waits."""
    if message_id is not None and busy(station):
        raise OcppError(INTERNAL, "too many earlier requests are still worked on")
    station.long_work += ((generator, message_id, station.links),)
    if len(station.long_work) == 1:
        station.facts.effects.append(("work", generator))


def busy(station) -> bool:
    """Does as much long work wait as may?"""
    return len(station.long_work) >= _MOST


def ended(station, payload: "dict | None") -> None:
    """The work that was begun is over. payload: the answer; None where the memory ended."""
    facts = station.facts
    _, message_id, link = station.long_work[0]
    station.long_work = station.long_work[1:]
    if message_id is not None and link == station.links and facts.link_up:
        text = no_memory_text(message_id) if payload is None else result_text(message_id, payload)
        facts.effects.append(("send", text))
    station.do_later()
    if station.long_work:
        facts.effects.append(("work", station.long_work[0][0]))
