"""Profiles at connector 2, and the oracle of what follows from them."""

from __future__ import annotations

from typing import Any

from faults.bench import Bench, schedule
from tools import expected
from tools.expected import Placed, Site

SITE = Site(connectors=2)
HOUR_S, DAY_S = 3600, 86400


class Schedules:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._placed: list[Placed] = []

    def install(self, number: int, kind: str, periods: list, **more: Any) -> None:
        """As `schedule` makes it."""
        profile = schedule(number, kind, periods, **more)
        self._bench.install(profile, 2)
        now = self._bench.station.state()["now"]
        self._placed.append(Placed(2, profile, now, more.get("transactionId")))

    def clear(self) -> None:
        for placed in self._placed:
            self._bench.central.call(
                "ClearChargingProfile", {"id": placed.profile["chargingProfileId"]}
            )
        self._placed = []

    def allowed_a(self, state: dict) -> float:
        running = state["connectors"][1]["transaction"]
        transaction = running and (
            running["id"],
            running["start"] and expected.instant(running["start"]),
        )
        return expected.limit(SITE, self._placed, 2, state["now"], transaction)[0] / 10

    def check(self, what: str) -> float:
        """The limit in force is the oracle's, and the vehicle is offered no more; that limit."""

        def agrees(state: dict) -> bool:
            return state["connectors"][1]["limit"]["amps"] == self.allowed_a(state)

        try:
            state = self._bench.station.wait_until(agrees, 2)
        except TimeoutError:
            state = self._bench.station.state()
            limit_a = state["connectors"][1]["limit"]["amps"]
            seen = (what, state["now"], limit_a, self.allowed_a(state))
            raise AssertionError(
                "%s, at %s: the limit is %s A, and should be %s A" % seen
            ) from None
        here = state["connectors"][1]
        if here["transaction"]:
            self._bench.station.wait_until(
                lambda state: (
                    state["connectors"][1]["pilot"]["offered_amps"]
                    <= state["connectors"][1]["limit"]["amps"]
                ),
                7,
            )
        return here["limit"]["amps"]
