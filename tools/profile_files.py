"""Charging profiles: in JSON files, as the tools take them, and made from periods.

A file holds a SetChargingProfile payload (connectorId and csChargingProfiles), or the profile
alone, or a whole CALL as it goes over the wire. Times in a profile are absolute, so examples that
are to work on any day recur daily."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterable

FOLDER = Path(__file__).resolve().parent / "profiles"
_OF_SCHEDULE = ("startSchedule", "duration", "minChargingRate")


def payload_from(document: object, connector: int | None = None) -> dict:
    """A SetChargingProfile payload. `connector` takes the place of the file's own. ValueError says
    what is wrong."""
    if isinstance(document, list) and len(document) == 4 and document[2] == "SetChargingProfile":
        document = document[3]
    if not isinstance(document, dict):
        raise ValueError("neither a profile nor a SetChargingProfile payload")
    if "csChargingProfiles" not in document:
        document = {"csChargingProfiles": document}
    profile = document["csChargingProfiles"]
    if not isinstance(profile, dict) or "chargingSchedule" not in profile:
        raise ValueError("no profile with a chargingSchedule in it")
    given = document.get("connectorId") if connector is None else connector
    if given is None:
        whole_station = profile.get("chargingProfilePurpose") == "ChargePointMaxProfile"
        given = 0 if whole_station else 1
    return {"connectorId": given, "csChargingProfiles": profile}


def made(
    number: int,
    purpose: str,
    kind: str,
    periods: Iterable[tuple[int, float]],
    level: int = 0,
    unit: str = "A",
    **more: Any,
) -> dict:
    """A profile. periods: (start in seconds, limit); more: other fields of it or its schedule."""
    starts = [{"startPeriod": at, "limit": limit} for at, limit in periods]
    schedule = {name: more.pop(name) for name in _OF_SCHEDULE if name in more}
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        **more,
        "chargingSchedule": {
            "chargingRateUnit": unit,
            **schedule,
            "chargingSchedulePeriod": starts,
        },
    }


def read(path: str | Path, connector: int | None = None) -> dict:
    """The payload in a file; a bare name stands for one of the examples in tools/profiles."""
    file = Path(path)
    if not file.exists():
        file = next(
            (f for f in (FOLDER / file.name, FOLDER / (file.name + ".json")) if f.exists()), file
        )
    try:
        return payload_from(json.loads(file.read_text(encoding="utf-8")), connector)
    except OSError as error:
        raise ValueError(
            "%s: %s (examples: %s)"
            % (path, error.strerror, ", ".join(sorted(f.stem for f in FOLDER.glob("*.json"))))
        ) from None
    except ValueError as error:
        raise ValueError("%s: %s" % (path, error)) from None
