"""`time` of a modelled board: virtual, at the pace of the chip (model.py)."""

import time as real_time


class Time:
    """`time` as the board has it, at the chip's pace."""

    ticks_diff = staticmethod(real_time.ticks_diff)
    ticks_add = staticmethod(real_time.ticks_add)
    time = staticmethod(real_time.time)
    gmtime = staticmethod(real_time.gmtime)

    def __init__(self, bench):
        self._bench = bench
        self._chip = bench.chip
        self._rounds_us = 0
        self._last_us = 0
        self._sleeps = 0

    def _us(self):
        now_us = self._chip.now_us
        if now_us < self._last_us:
            self._rounds_us += 1 << 30
        self._last_us = now_us
        return self._rounds_us + now_us

    def ticks_us(self):
        return self._us() & 0x3FFFFFFF

    def ticks_ms(self):
        return self._us() // 1000 & 0x3FFFFFFF

    def sleep_us(self, us):
        chip = self._chip
        chip.now_us = (chip.now_us + us) & 0x3FFFFFFF
        chip.phase = (chip.phase + us * 10) % chip.period
        self._us()

    def sleep_ms(self, ms):
        bench = self._bench
        self._sleeps += 1
        if "stalls" in bench.broken and self._sleeps % 97 == 0:
            ms += 80
        self.sleep_us(ms * 1000)
        bench.starving(ms)
