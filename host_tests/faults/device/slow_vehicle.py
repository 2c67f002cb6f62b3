"""Runs on MicroPython: the station as main.py runs it, but the vehicle at connector 1 draws what it
was offered so many ms ago.

`micropython -m slow_vehicle MS START.json`, with the firmware in its path. The time is that in
which the vehicle follows and that in which the meter shows it, together.
"""

import sys

from setpoint import board as boards

LATE_MS = int(sys.argv[-2])
board = boards.this()
outlet = board.outlets[0]
vehicle = outlet.vehicle
# Since when (ms of the board's clock) how much (tenths of an ampere), the newest last.
offers = [(0, 0)]


def see_offer(offered_da):
    if offered_da != offers[-1][1]:
        offers.append((outlet._clock.passed_ms(), offered_da))
    seen(offered_da)


def draws_da(contactor_closed):
    if not (vehicle.asks and contactor_closed):
        return 0
    then_ms = outlet._clock.passed_ms() - LATE_MS
    for since_ms, offered_da in reversed(offers):
        if since_ms <= then_ms:
            return offered_da
    return 0


seen, vehicle.see_offer, vehicle.draws_da = vehicle.see_offer, see_offer, draws_da
boards.this = lambda: board
import main  # noqa: E402, F401
