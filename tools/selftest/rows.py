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


def within(value: float | None, least: float, most: float) -> bool:
    """Was it seen at all, and is it in this range?"""
    return value is not None and least <= value <= most


def named(faults: list[str] | None) -> str:
    return ", ".join(faults or ["no fault"])
