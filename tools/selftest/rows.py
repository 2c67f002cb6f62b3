"""What checks share: their options, the rows that they yield, and why they skip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from tools.selftest.desk import Desk


@dataclass
class Options:
    trials: int = 20
    soak_s: int = 60


class Skip(Exception):
    """One argument: why."""


Rows = Iterator[tuple[str, str, str, bool]]  # test, value, limit, whether it is good


def needs(desk: Desk, fact: str, why: str) -> None:
    if not desk.facts[fact]:
        raise Skip(why)


def volts(mv: float) -> str:
    return "%.2f V" % (mv / 1000)


def ms_of(us: int | None) -> str:
    return "never" if us is None else "%.1f ms" % (us / 1000)
