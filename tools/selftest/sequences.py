"""Checks that need the control loop, on the board (on_board.py has the BoardUnderTest). Each
returns what was measured."""

import gc
import os
import random
import time

import machine


def states(bench):
    bench.begin()
    found = []
    way = (
        ("A", "A"),
        ("B", "B2"),
        ("C", "C2"),
        ("B", "B2"),
        ("A", "A"),
        ("C", "C2"),
        ("A", "A"),
        ("C", "C2"),
        ("D", "D"),
    )
    for what, state in way:
        mark = len(bench.log)
        if what == "D":
            bench.do(what)
            bench.run(bench.patience_ms, lambda: bench.outlet.high_mv < 4500)
        elif not bench.reach(what, state):
            found.append((what, [one for _, one in bench.log[mark:]]))
            break
        bench.run(300)
        found.append((what, [one for _, one in bench.log[mark:] if one != "BOOT"]))
    return {"steps": found, "closing_ms": bench.closings[:1], "wrong": bench.wrong}


def _garbage():
    gc.collect()


def _flash():
    with open("/selftest/write.tmp", "wb") as file:
        file.write(bytes(4096))


def latency(bench, trials, load):
    """load: what happens in each period. With a switch in the pilot nobody has to unplug."""
    bench.charge()
    bench.load = {"gc": _garbage, "flash": _flash}.get(load)
    outlet = bench.outlet
    found = []
    for trial in range(trials):
        if trial:
            if not outlet.has_pilot_switch:
                bench.do("C")
            if bench.run(bench.patience_ms, lambda: bench.coil) is None:
                break
        bench.run(200 + random.getrandbits(7))
        if outlet.has_pilot_switch:
            time.sleep_us(random.getrandbits(14))
            since_us = time.ticks_us()
            outlet.set_pilot_open(True)
        else:
            bench.do("B")
            bench.run(
                bench.patience_ms,
                lambda: time.ticks_diff(time.ticks_us(), bench.seen_us["C"]) > 1000,
            )
            since_us = bench.seen_us["C"]
        found.append(bench.opening_us(since_us))
        outlet.set_pilot_open(False)
    bench.load = None
    return found


def diode(bench):
    bench.begin()
    bench.reach("A", "A")
    from_b = bench.reach("B without diode", "F") and bench.faults()
    bench.do("C without diode")
    bench.run(3000)
    closed = bench.coil or bench.wrong
    bench.do("B")
    bench.charge()
    bench.do("C without diode")
    bench.run(bench.patience_ms, lambda: "first diode" in bench.seen_us)
    since_us = bench.seen_us.get("first diode")
    opened_us = None if since_us is None else bench.opening_us(since_us)
    return {"from_b": from_b, "closed": bool(closed), "us": opened_us, "faults": bench.faults()}


def short(bench):
    bench.begin()
    bench.reach("A", "A")
    bench.reach("B", "B2")
    from_b = bench.reach("80 ohm", "F") and bench.faults()
    closed = bench.coil
    bench.do("B")
    bench.charge()
    bench.do("80 ohm")
    bench.run(bench.patience_ms, lambda: "first E" in bench.seen_us)
    since_us = bench.seen_us.get("first E")
    opened_us = None if since_us is None else bench.opening_us(since_us)
    bench.run(1000, lambda: bench.evse.sequence.state == "F")
    return {"from_b": from_b, "closed": closed, "us": opened_us, "faults": bench.faults()}


def spacing(bench):
    """Ten limits a second for 20 s of a charge, then the last one stays, then a stop."""
    bench.charge()
    outlet, evse = bench.outlet, bench.evse
    writes = []
    duty_u16 = outlet.duty_u16
    started_ms = time.ticks_ms()
    for i in range(200):
        evse.limit_da = 60 + i * 7 % 100
        for _ in range(5):
            bench.step()
            if outlet.duty_u16 != duty_u16:
                duty_u16 = outlet.duty_u16
                writes.append(time.ticks_diff(time.ticks_ms(), started_ms))
    evse.limit_da = 131
    bench.run(6000)
    last_da = evse.offered_da()
    evse.permitted = False
    stop_ms = bench.run(3000, lambda: outlet.duty_u16 == 65535)
    return {
        "writes_ms": writes,
        "last_da": last_da,
        "wanted_da": min(131, bench.rating_da),
        "stop_ms": stop_ms,
    }


def refusal(bench):
    bench.charge()
    bench.evse.permitted = False
    return bench.run(10000, lambda: not bench.coil)


def wake(bench, wake_ms):
    bench.begin()
    bench.reach("A", "A")
    sequence = bench.evse.sequence
    sequence.wake_ms = wake_ms
    bench.reach("B", "B2")
    waited_ms = bench.run(wake_ms + 5000, lambda: sequence.state == "WAKE")
    away_ms = bench.run(6000, lambda: not sequence.pilot_open and sequence.duty_u16 != 0)
    back_ms = bench.run(2000, lambda: sequence.state == "B2")
    again = bench.run(wake_ms - 1000, lambda: sequence.state != "B2")
    return {
        "waited_ms": waited_ms,
        "away_ms": away_ms,
        "back_ms": back_ms,
        "again": again,
        "wrong": bench.wrong,
    }


def feedback(bench):
    """A coil that does nothing; then a contactor that stays closed, and the restart after that."""
    bench.begin()
    bench.reach("A", "A")
    bench.do("coil off")
    bench.reach("B", "B2")
    bench.do("C")
    bench.run(bench.patience_ms, lambda: bench.coil)
    started_us = bench.coil_us
    idle_ms = bench.run(2000, lambda: "contactor" in bench.faults())
    opened = bench.run(100, lambda: not bench.coil) is not None
    idle_ms = None if idle_ms is None else time.ticks_diff(bench.coil_us, started_us) // 1000
    bench.do("coil on")
    bench.charge()
    bench.do("held closed")
    bench.evse.permitted = False
    bench.run(8000, lambda: not bench.coil)
    bench.run(3000, lambda: "welded" in bench.faults())
    welded_ms = time.ticks_diff(time.ticks_us(), bench.coil_us) // 1000
    welded = bench.faults()
    bench.do("not held")
    bench.begin({str(bench.outlet.id): bench.evse.protection.latched})
    bench.do("C")
    bench.run(2000)
    return {
        "idle_ms": idle_ms,
        "opened": opened,
        "welded_ms": welded_ms,
        "welded": welded,
        "kept": bench.faults(),
        "closed": bench.coil,
    }


def residual(bench):
    bench.charge()
    outlet = bench.outlet
    since_us = time.ticks_us()
    if outlet.has_rcm_test:
        outlet.set_rcm_test(True)
    else:
        bench.do("trip")
        bench.run(bench.patience_ms, lambda: not bench.coil)
        since_us = bench.before_us  # then it had not tripped yet
    opened_us = bench.opening_us(since_us)
    outlet.set_rcm_test(False)
    faults = bench.faults()
    found = {"us": opened_us, "faults": faults, "closed": False, "missing": []}
    bench.do("quiet")
    if outlet.has_rcm_test:
        bench.replace(outlet, "set_rcm_test", _not_driven)  # as if its wire were cut
        bench.begin()
        bench.do("C")
        bench.run(5000)
        found["missing"] = bench.faults()
        found["closed"] = bench.coil or bench.wrong > 0
    return found


def _not_driven(on):
    pass


def currents(bench):
    """How long over-currents last before the contactor opens, in ms: just over the rule, and far
    over it."""
    found = []
    for da in ((bench.rating_da + 5) * 11 // 10 + 2, bench.rating_da * 16 // 10):
        bench.charge()
        bench.replace(bench.outlet, "meter_da", lambda: da)
        found.append(bench.run(9000, lambda: not bench.coil))
        bench.end()
    return found


def temperatures(bench):
    """[(celsius, what is left of the rating in 0.1 A, state)]"""
    bench.begin()
    bench.do("A")
    found = []
    now_c = [20]
    bench.replace(bench.board, "temperature_c", lambda: now_c[0])
    for celsius in (30, 64, 65, 68, 71, 63, 62):
        now_c[0] = celsius
        bench.run(2500)
        found.append((celsius, bench.control.most_da, bench.evse.sequence.state))
    return found


def soak(bench, seconds):
    """Limits and permissions at random. The worst period in ms, and how much the heap grew."""
    bench.begin()
    bench.do("B")
    bench.run(3000)
    gc.collect()
    before = gc.mem_alloc()
    bench.worst_ms = 0
    for _ in range(seconds):
        bench.evse.limit_da = random.getrandbits(8)
        bench.evse.permitted = random.getrandbits(2) > 0
        bench.run(1000)
        bench.log = []
    gc.collect()
    return {"worst_ms": bench.worst_ms, "grown": gc.mem_alloc() - before, "wrong": bench.wrong}


def leave(bench, how):
    """Ends in the midst of charging: nothing here makes safe."""
    bench.charge()
    print("= True")
    time.sleep_ms(100)
    if how == "reset":
        machine.reset()
    while True:  # until the watchdog bites
        time.sleep_ms(10)


def remove(folder):
    """Takes the files of the self test off the board."""
    for name, kind, *_ in list(os.ilistdir(folder)):
        if kind == 0x4000:
            remove(folder + "/" + name)
        else:
            os.remove(folder + "/" + name)
    os.rmdir(folder)
