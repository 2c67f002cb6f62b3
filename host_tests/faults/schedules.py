"""Profiles at connector 2, and the oracle of what follows from them."""

from __future__ import annotations

from faults.bench import Bench
from tools import expected
from tools.expected import Placed, Site

SITE = Site(connectors=2)
HOUR_S, DAY_S = 3600, 86400


class Schedules:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._placed: list[Placed] = []

    def install(self, profile: dict, transaction: int | None = None) -> None:
        self._bench.ask("SetChargingProfile", {"connectorId": 2, "csChargingProfiles": profile})
        self._placed.append(Placed(2, profile, self._bench.station.state()["now"], transaction))

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
            told = (
                what,
                state["now"],
                state["connectors"][1]["limit"]["amps"],
                self.allowed_a(state),
            )
            raise AssertionError(
                "%s, at %s: the limit is %s A, and should be %s A" % told
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
