"""Runs the compiled firmware of the ESP32 on the model of the chip: `micropython esp32_station.py
BUILD ROOT`.

ROOT holds board.json and identity.json, and becomes the flash. The wave, and everything else, runs
in real time. Lines on standard input are what happens outside: plug, unplug, want 0, want 1, card
TAG, wifi 0, wifi 1. What the chip does is told in lines such as `@ contactor 1 duty 17476 pixel (0,
0, 40)`, whenever that changes; after `heap` also what the heap holds."""

import asyncio
import gc
import json
import sys

HERE = __file__.rsplit("/", 1)[0]
BUILD, ROOT = sys.argv[1:3]
sys.path[:0] = [HERE + "/../chip", HERE + "/../fakes", HERE + "/../../tools"]

from chip import CHIP  # noqa: E402
from run_compiled import use  # noqa: E402

with open(ROOT + "/board.json") as file:
    WIRING = json.load(file)["connectors"][0]
CHIP.real_time = CHIP.wifi_connects = True
WIRE = CHIP.wire_pilot(WIRING["pilot"])
CHIP.closes[WIRING["feedback"]["pin"]] = (WIRING["contactor"]["pin"], 0)
CHIP.closes[WIRING["residual_current"]["tripped"]["pin"]] = (
    WIRING["residual_current"]["test"]["pin"],
    0,
)
CHIP.ohm[WIRING["cable"]["adc_pin"]] = (220, 1000, 3300)
use(BUILD)

from setpoint import board as boards  # noqa: E402
from setpoint.board.esp32.board import Board  # noqa: E402


class Told(Board):
    """The board, with somebody before it."""

    def attach(self, app):
        return super().attach(app) + [("outside", outside(app)), ("chip", chip())]


async def outside(app):
    lines = asyncio.StreamReader(sys.stdin)
    while True:
        words = (await lines.readline()).decode().split()
        if not words:
            raise SystemExit
        if words[0] == "plug":
            WIRE.vehicle.plug_in()
        elif words[0] == "unplug":
            WIRE.vehicle.plug_out()
        elif words[0] == "want":
            WIRE.vehicle.wants = words[1] == "1"
            WIRE.vehicle.decide()
        elif words[0] == "card":
            app.on_card(words[1], None)
        elif words[0] == "wifi":
            CHIP.wifi_connects = words[1] == "1"
        elif words[0] == "heap":
            gc.collect()
            print("@ heap", gc.mem_alloc())


async def chip():
    told = None
    while True:
        tells = "@ contactor %d duty %d pixel %s" % (
            CHIP.level(WIRING["contactor"]["pin"]),
            WIRE.duty_u16,
            CHIP.pixel,
        )
        if tells != told:
            told = tells
            print(tells)
        CHIP.timer_comes()  # the chip's own clock, with a PC's
        await asyncio.sleep_ms(20)


boards.this = lambda: Told(ROOT)
import main  # noqa: E402, F401
