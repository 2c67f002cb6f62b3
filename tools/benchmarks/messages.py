"""From the text of a request to the text of its answer, beside what JSON alone costs for the same
texts."""

import json

from measuring import answer_to, charge_point, frames, grows, say, us_for, xorshift


def json_floor(request: str, answer: str) -> float:
    content = json.loads(answer)
    return us_for(lambda: json.loads(request)) + us_for(lambda: json.dumps(content))


def composite(station, request: str, segments: "int | None") -> "tuple[float, float]":
    """(microseconds, those of JSON alone) of a GetCompositeSchedule that has so many segments,
    where that is known."""
    answer = answer_to(station, request)
    payload = json.loads(answer)[2]
    found = len(payload["chargingSchedule"]["chargingSchedulePeriod"])
    assert segments is None or found == segments, (found, segments)
    return us_for(lambda: answer_to(station, request)), json_floor(request, answer)


def set_profile(station, change: list) -> "tuple[float, float]":
    """(microseconds, those of JSON alone) of a SetChargingProfile that differs from the one in
    force."""
    times = [0]

    def one():
        times[0] ^= 1
        answer_to(station, change[times[0]])

    answer = answer_to(station, change[1])
    assert json.loads(answer)[2]["status"] == "Accepted", answer
    return us_for(one), json_floor(change[0], answer)


def main() -> None:
    one = frames("1")["install"][0]
    request = frames("composite")[1]

    say("calibration: 20,000 xorshift steps", us_for(lambda: xorshift(20000), 1), "us")
    say("calibration: json.loads of set_one", us_for(lambda: json.loads(one)), "us")
    content = json.loads(answer_to(charge_point([one], None, False), request))
    say("calibration: json.dumps of 24 periods", us_for(lambda: json.dumps(content)), "us")

    for count in ("1", "3", "10", "20", "50"):
        texts = frames(count)
        station = charge_point(texts["install"])
        us, floor = composite(station, request, 24 if count == "1" else None)
        profiles = count + (" profile" if count == "1" else " profiles")
        if count != "20":
            say("GetCompositeSchedule, " + profiles, us, "us", floor)
        grows("GetCompositeSchedule", "profiles", int(count), us, floor)
        us, floor = set_profile(station, texts["change"])
        if count != "20":
            say("SetChargingProfile, %s installed" % count, us, "us", floor)
        grows("SetChargingProfile", "profiles", int(count), us, floor)
    same = texts["change"][0]
    answer_to(station, same)
    say("SetChargingProfile, stored already", us_for(lambda: answer_to(station, same)), "us", floor)

    us, floor = composite(charge_point(frames("fine")["install"], None, False), request, 42)
    say("GetCompositeSchedule, fine: 42 segments", us, "us", floor)
    station = charge_point(frames("daily")["install"], None, False)
    for segments, request_of_days in frames("composite-of-days"):
        us, floor = composite(station, request_of_days, segments)
        grows("GetCompositeSchedule", "segments", segments, us, floor)
        if segments == 168:
            say("GetCompositeSchedule, 7 days: 168 segments", us, "us", floor)
    for count, change in frames("periods"):
        station = charge_point(change[:1], None, False)
        us, floor = composite(station, request, count)
        grows("GetCompositeSchedule", "periods", count, us, floor)
        us, floor = set_profile(station, change)
        grows("SetChargingProfile", "periods", count, us, floor)


main()
