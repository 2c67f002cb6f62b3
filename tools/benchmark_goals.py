"""The peers' figures and the goals, for the names that the measuring scripts use.

The peers are C++ programs: MicroOcpp (commit ee1271b, -O2) and libocpp (EVerest 23c9dac). Their
times were taken on one core of another machine, on which the calibration loop in C took 40.07 us
and MicroPython's json.loads of the frame set_one 71 us. They are scaled to this machine by the C
loop, or by json.loads where no C compiler is."""

from __future__ import annotations

from dataclasses import dataclass

PEERS_C_LOOP_US = 40.07
PEERS_LOADS_US = 71.0

BOTH = ("64-bit", "32-bit")
CHIP = ("32-bit",)


@dataclass
class Goal:
    """`peer` and `goal` as on the peers' machine, in the figure's unit; times are scaled.
    `interpreters`: where the goal holds."""

    peer: float | None = None
    goal: float | None = None
    who: str = ""
    interpreters: tuple = BOTH


KIB = 1024
GOALS = {
    "calibration: 20,000 xorshift steps in C": Goal(PEERS_C_LOOP_US, None, "the peers' machine"),
    "calibration: json.loads of set_one": Goal(PEERS_LOADS_US, None, "the peers' machine"),
    "calibration: json.dumps of 24 periods": Goal(42, None, "the peers' machine"),
    "idle check: is a limit due": Goal(430, 430, "MicroOcpp's idle turn"),
    "idle check: is a limit due, heap": Goal(None, 0),
    "idle check: is anything due": Goal(430, 430, "MicroOcpp's idle turn"),
    "idle check: is anything due, heap": Goal(None, 0),
    "idle check: is anything due, runs with the heap locked": Goal(None, 1),
    "idle check: when is something due, heap": Goal(None, 0),
    "idle check: when is something due, runs with the heap locked": Goal(None, 1),
    "limit at an instant, 10 profiles": Goal(318, 15 * 318, "MicroOcpp"),
    "limit at the same instant again, 10 profiles": Goal(318, 15 * 318, "MicroOcpp"),
    "control step, 2 connectors, heap": Goal(None, 0),
    "control step, 2 connectors, runs with the heap locked": Goal(None, 1),
    "GetCompositeSchedule, 1 profile": Goal(16.1, 6 * 16.1, "MicroOcpp"),
    "GetCompositeSchedule, 10 profiles": Goal(82.1, 82.1, "libocpp"),
    "GetCompositeSchedule, fine: 42 segments": Goal(66.2, None, "libocpp"),
    "SetChargingProfile, 1 installed": Goal(17.2, 10 * 17.2, "MicroOcpp"),
    "SetChargingProfile, littlefs": Goal(146, None, "libocpp, SQLite alone"),
    "heap per profile of 24 periods": Goal(500, 400, "MicroOcpp, 32-bit", CHIP),
    "flash programmed by SetChargingProfile, mean": Goal(1209, 2 * KIB, "MicroOcpp"),
    "flash programmed by SetChargingProfile, worst": Goal(1209, 2 * KIB, "MicroOcpp"),
    "flash blocks erased by SetChargingProfile, mean": Goal(None, 1),
    "flash blocks erased by SetChargingProfile, worst": Goal(None, 1),
    "flash programmed for a profile stored already": Goal(None, 0),
    "flash blocks erased for a profile stored already": Goal(None, 0),
    # 60,960 B before lists, reservations, files, certificates and the house's limits; 2 KiB for them
    "agent, frozen: in use, idle": Goal(9096, 60960 + 2 * KIB, "MicroOcpp, 32-bit", CHIP),
    "agent, frozen: in use, 10 profiles": Goal(None, 60000, "", CHIP),
    "agent, frozen: smallest heap, 10 profiles": Goal(
        21916, 72 * KIB, "MicroOcpp's peak on an ESP32", CHIP
    ),
    "agent, frozen: smallest heap, 50 profiles of 96 periods": Goal(None, 100 * KIB, "", CHIP),
    "heap, house meter: configured": Goal(None, 3 * KIB, "", CHIP),
}


# Bytes that a chip has for Python beside Wi-Fi and one TLS connection at its worst moment, growth
# of the heap included: seen on the real port in an emulator, an ESP32-WROOM with MicroPython 1.25
# and a C3 with 1.29-preview. No others were seen.
FOR_PYTHON = {"ESP32 without PSRAM": 115000, "ESP32-C3": 129536}


def left_on_chips(figures: list[dict]) -> list[str]:
    """A sentence for each chip that was seen: what it has left beside the station. None where the
    smallest heap was not measured."""
    needs = [
        f["value"]
        for f in figures
        if f["name"] == "agent, frozen: smallest heap, 10 profiles" and f["interpreter"] == "32-bit"
    ]
    sentence = (
        "%s: %d B for Python beside Wi-Fi and TLS, of which the station with 10 profiles leaves %d"
    )
    return [
        sentence % (chip, bytes_there, bytes_there - needs[0])
        for chip, bytes_there in FOR_PYTHON.items()
        if needs
    ]


def judged(figure: dict, scale: float) -> dict:
    """The figure {"name", "interpreter", "value", "unit", "floor"} with "peer", "goal" and
    "met"."""
    known = GOALS.get(figure["name"], Goal())
    factor = (
        scale
        if figure["unit"] in ("us", "ns") and not figure["name"].startswith("calibration")
        else 1
    )
    result = {
        **figure,
        "peer": None if known.peer is None else round(known.peer * factor, 2),
        "goal": None,
        "met": None,
    }
    if known.goal is not None and figure["interpreter"] in known.interpreters:
        result["goal"] = goal = round(known.goal * factor, 2)
        result["met"] = (
            figure["value"] >= goal if figure["unit"] == "yes" else figure["value"] <= goal
        )
    return result
