"""The messages that the benchmark sends: the same texts, byte for byte, as those the peers were
measured with.

Every profile has whole-tenth limits from one formula, so that neighbours always differ and nothing
merges by chance."""

from __future__ import annotations

import json

from tools import largest

MIDNIGHT = "2025-06-15T00:00:00Z"
DAY_S = 86400
TRANSACTIONS = {1: 1001, 2: 1002}
_PURPOSES = {"cm": "ChargePointMaxProfile", "td": "TxDefaultProfile", "tx": "TxProfile"}


def profile(
    name: str,
    connector: int,
    profile_id: int,
    purpose: str,
    first_tenths: int,
    level: int = 0,
    periods: int = 24,
    step_s: int = 3600,
    valid_from: str | None = None,
    daily_since: str | None = None,
) -> str:
    """The text of a SetChargingProfile; purpose "cm", "td" or "tx". Valid for `periods` times
    `step_s` from midnight on."""
    fields: dict = {"chargingProfileId": profile_id}
    if purpose == "tx":
        fields["transactionId"] = TRANSACTIONS[connector]
    fields["stackLevel"] = level
    fields["chargingProfilePurpose"] = _PURPOSES[purpose]
    fields["chargingProfileKind"] = "Recurring" if daily_since else "Absolute"
    if daily_since:
        fields["recurrencyKind"] = "Daily"
    if valid_from:
        fields["validFrom"] = valid_from
    fields["chargingSchedule"] = {
        "duration": periods * step_s,
        "startSchedule": daily_since or MIDNIGHT,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [
            {
                "startPeriod": i * step_s,
                "limit": (60 + (first_tenths - 60 + 37 * i) % 261) / 10,
                "numberPhases": 3,
            }
            for i in range(periods)
        ],
    }
    return call(
        "set-" + name,
        "SetChargingProfile",
        {"connectorId": connector, "csChargingProfiles": fields},
    )


def composite(connector: int, duration_s: int = DAY_S) -> str:
    """The text of a GetCompositeSchedule."""
    return call(
        "gcs-c%d" % connector,
        "GetCompositeSchedule",
        {"connectorId": connector, "duration": duration_s, "chargingRateUnit": "A"},
    )


def call(message_id: str, action: str, payload: dict) -> str:
    return json.dumps([2, message_id, action, payload], separators=(",", ":"))


def _from_hour(hour: int) -> str:
    return MIDNIGHT.replace("T00", "T%02d" % hour)


def three() -> list[str]:
    return [
        profile("three_cm", 0, 2, "cm", 166),
        profile("three_td", 1, 3, "td", 219),
        profile("three_tx", 1, 4, "tx", 272),
    ]


def ten() -> list[str]:
    """A stack of four for the station, and for connector 1 three defaults under three of the
    transaction."""
    texts = [profile("ten_cm0", 0, 10, "cm", 68)]
    texts += [
        profile("ten_cm%d" % i, 0, 10 + i, "cm", 68 + 53 * i, i, valid_from=_from_hour(6 * i))
        for i in (1, 2, 3)
    ]
    for purpose, first_id, first_tenths in (("td", 20, 76), ("tx", 30, 84)):
        texts.append(profile("ten_%s0" % purpose, 1, first_id, purpose, first_tenths))
        texts += [
            profile(
                "ten_%s%d" % (purpose, i),
                1,
                first_id + i,
                purpose,
                first_tenths + 53 * i,
                i,
                valid_from=_from_hour(8 * i),
            )
            for i in (1, 2)
        ]
    return texts


def many(count: int = 50, periods: int = 24, only: str = "cm td tx") -> list[str]:
    """Up to 54 that displace none of the others: nine levels in each of six places. The higher, the
    later valid."""
    places = [
        place
        for place in (("cm", 0), ("td", 0), ("td", 1), ("td", 2), ("tx", 1), ("tx", 2))
        if place[0] in only
    ]
    texts = []
    for purpose, connector in places:
        for level in range(9):
            number = len(texts)
            valid_from = _from_hour(2 * level) if level else None
            name = "many_%d" % number
            step_s = DAY_S // periods
            texts.append(
                profile(
                    name,
                    connector,
                    100 + number,
                    purpose,
                    60 + 53 * number % 261,
                    level,
                    periods,
                    step_s,
                    valid_from,
                )
            )
    return texts[:count]


def all_frames() -> dict:
    """What the measuring scripts read, by name. A number names so many profiles, with two versions
    of one of them."""
    frames: dict = {
        "1": {
            "install": [profile("one", 1, 1, "td", 113)],
            "change": [profile("one_new", 1, 1, "td", 87), profile("one", 1, 1, "td", 113)],
        },
        "3": {
            "install": three(),
            "change": [profile("three_td", 1, 3, "td", 87), profile("three_td", 1, 3, "td", 219)],
        },
        "10": {
            "install": ten(),
            "change": [
                profile("ten_td0_new", 1, 20, "td", 226),
                profile("ten_td0", 1, 20, "td", 76),
            ],
        },
        "fine": {
            "install": [
                profile("td0_all", 0, 72, "td", 222),
                profile("fine_l1", 1, 73, "td", 275, 1, step_s=900),
            ],
            "change": [],
        },
        "daily": {
            "install": [profile("daily", 1, 74, "td", 67, daily_since="2023-01-01T00:00:00Z")],
            "change": [],
        },
        "96-periods": {"install": many(50, 96), "change": many(50, 96)[-1:]},
        "composite": [composite(connector) for connector in (0, 1, 2)],
        "composite-of-days": [(days * 24, composite(1, days * DAY_S)) for days in range(1, 9)],
        "periods": [],
        "requests": largest.requests(),
        "endless": composite(0, 2147483647),
    }
    for count in (20, 50):
        install = many(count)
        version = json.loads(install[9])[3]["csChargingProfiles"]
        change = [
            profile("many_9", 0, version["chargingProfileId"], "td", first, version["stackLevel"])
            for first in (87, 113)
        ]
        frames[str(count)] = {"install": install, "change": change}
    for count in (1, 6, 12, 24, 48, 96):
        step_s = DAY_S // count
        frames["periods"].append(
            (count, [profile("one", 1, 1, "td", first, 0, count, step_s) for first in (87, 113)])
        )
    return frames
