"""The heap that installed profiles keep, after a collection."""

import gc

from measuring import InRam, answer_to, charge_point, frames, grows, say


class Nowhere(InRam):
    """Documents that keep nothing, so that what is counted is the profiles in force alone."""

    def write(self, name: str, value) -> bool:
        return True


def used(station) -> int:
    """Bytes in use with every stack built."""
    for connector in station.facts.connectors:
        station.profiles.limit_at(connector.id, station.facts.now, connector.transaction)
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


def per_profile(install: list, report: bool) -> float:
    station = charge_point([], Nowhere())
    answer_to(station, install[0])  # what the first one brings along is not the profile's
    before = used(station)
    for i in range(1, len(install)):
        answer_to(station, install[i])
        if report and i % 7 == 0:
            grows("heap of profiles", "profiles", i, used(station) - before)
    assert len(station.profiles) == len(install)
    return (used(station) - before) / (len(install) - 1)


def main() -> None:
    say("heap per profile of 24 periods", per_profile(frames("50")["install"], True), "B")
    say("heap per profile of 96 periods", per_profile(frames("96-periods")["install"], False), "B")


main()
