"""Reads a charging profile from its document in flash. Imported when a station starts (late.py)."""

from ..units import const
from .profile import (
    CHARGE_POINT_MAX,
    LATEST_START_S,
    MOST_TENTHS,
    OPTIONAL,
    RECURRENCES,
    TX,
    TX_DEFAULT,
    ChargingProfile,
)

_NEEDED = const(("id", "connector", "purpose", "level", "unit"))


def from_document(document, supply) -> ChargingProfile:
    """The profile that to_document wrote. Raises ValueError for a document that it cannot have
    written."""
    if type(document) is not dict:
        raise ValueError("not an object")
    facts = {}
    for name in _NEEDED:
        facts[name] = document.get(name)
    for name in OPTIONAL:
        facts[name] = document.get(name, getattr(ChargingProfile, name))
    for name in facts:
        value = facts[name]
        if name == "unit":
            sound = value in ("A", "W")
        elif name == "purpose":
            sound = value in (CHARGE_POINT_MAX, TX_DEFAULT, TX)
        else:
            sound = type(value) is int or (
                value is None and name in OPTIONAL and getattr(ChargingProfile, name) is None
            )
        if not sound:
            raise ValueError("%s cannot be %s" % (name, repr(value)))
    recurrence = facts["recurrence"]
    if (
        facts["connector"] < 0
        or facts["level"] < 0
        or facts["valid_from"] >= facts["valid_to"]
        or facts["length"] <= 0
        or (facts["purpose"] == TX) != (facts["transaction"] is not None)
    ):
        raise ValueError("fields that contradict each other")
    if recurrence and (
        recurrence not in RECURRENCES.values()
        or facts["base"] is None
        or facts["length"] > recurrence
    ):
        raise ValueError("not a recurrence")
    table = _sound_table(document.get("table"))
    count = len(table) >> 1
    return ChargingProfile(supply, facts, table[0], table[1 : count + 1], table[count + 1 :])


def _sound_table(table) -> "list[int]":
    """The table of a document (see profile.py), if it is sound. ValueError."""
    if (
        type(table) is not list
        or len(table) < 3
        or len(table) % 2 == 0
        or any([type(n) is not int for n in table])
    ):
        raise ValueError("not a table of periods")
    step, count = table[0], len(table) >> 1
    if step not in (1, 60) or table[1] != 0:
        raise ValueError("no period at the start")
    previous = -1
    for i in range(1, count + 1):
        word = table[i + count]
        if (
            not previous < table[i] <= LATEST_START_S // step
            or not 0 < word < MOST_TENTHS * 4 + 4
            or word & 3 == 0
        ):
            raise ValueError("not a sound period")
        previous = table[i]
    return table
