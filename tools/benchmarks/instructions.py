"""How many instructions a 32-bit chip takes for what the station does again and again:
tools/riscv32.py runs it on an emulated one.

Each figure is the mean of ten calls, less what a call of nothing takes; a collection comes before
each, none falls into one."""

import gc
import json
import time

from charger import charging
from measuring import answer_to, charge_point, frames, say

_TIMES = 10


def counted(work) -> int:
    total = 0
    for i in range(_TIMES + 2):  # two to warm up
        gc.collect()
        began = time.ticks_cpu()
        work()
        ended = time.ticks_cpu()
        if i >= 2:
            total += time.ticks_diff(ended, began)
    return total // _TIMES


_CALL = counted(lambda: None)


def tell(name: str, work, floor=None) -> None:
    """floor: a part of it that is MicroPython's own json."""
    say(
        name,
        counted(work) - _CALL,
        "instructions",
        None if floor is None else counted(floor) - _CALL,
    )


def json_of(request: str, answer: str):
    content = json.loads(answer)

    def both():
        json.loads(request)
        json.dumps(content)

    return both


def messages(count: str) -> None:
    texts = frames(count)
    station = charge_point(texts["install"])
    profiles = count + (" profile" if count == "1" else " profiles")
    change = texts["change"]
    times = [0]

    def set_profile():
        times[0] ^= 1
        return answer_to(station, change[times[0]])

    answer = set_profile()
    assert json.loads(answer)[2]["status"] == "Accepted", answer
    tell(
        "SetChargingProfile of 24 periods, %s installed" % count,
        set_profile,
        json_of(change[0], answer),
    )
    request = frames("composite")[1]
    answer = answer_to(station, request)
    tell(
        "GetCompositeSchedule of a day, " + profiles,
        lambda: answer_to(station, request),
        json_of(request, answer),
    )
    if count == "10":
        tell("is a limit due", lambda: station.limits.due())
        tell("garbage collection, 2 vehicles charging, " + profiles, gc.collect)


def signatures() -> None:
    """What checking a signature takes (certificates/): the slices that are one stretch in C, and
    the whole of what is sliced."""
    from setpoint.certificates import ecdsa, hashes

    def random(count: int) -> bytes:  # a bare chip has no source of it
        return bytes([i * 89 % 251 for i in range(count)])

    for bits in (2048, 3072, 4096):
        modulus = (1 << bits) - 159
        number = modulus // 3
        tell("one squaring of an RSA signature, %d bits" % bits, lambda: number * number % modulus)
    secret, public = _whole(ecdsa.key_pair(random))
    signature = _whole(ecdsa.signed(secret, b"", random))
    curve = ecdsa.Curve(ecdsa.OIDS[0])
    digest = _whole(hashes.digest("SHA256", b""))
    tell(
        "ECDSA signature on P-256 checked",
        lambda: _whole(ecdsa.verified(curve, public, digest, signature)),
    )
    tell("key pair on P-256 made", lambda: _whole(ecdsa.key_pair(random)))
    tell("SHA-384 of 1000 bytes", lambda: _whole(hashes.digest("SHA384", bytes(1000))))


def _whole(generator):
    try:
        while True:
            next(generator)
    except StopIteration as end:
        return end.value


def main() -> None:
    from setpoint.clock import Clock

    control = charging()
    tell("control step, 2 connectors", lambda: control.step(20))
    clock = Clock(0)
    clock.set_alarm(3600000)
    assert not clock.rings()
    tell("is anything due", clock.rings)
    messages("1")
    messages("10")
    signatures()


main()
