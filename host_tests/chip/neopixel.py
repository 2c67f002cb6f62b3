"""`neopixel` on the model in chip.py."""

from chip import CHIP


class NeoPixel:
    def __init__(self, pin, count):
        self._colours = [(0, 0, 0)] * count

    def __setitem__(self, i, colour):
        self._colours[i] = colour

    def write(self):
        if CHIP.idf_free <= 0:
            raise OSError("ESP_ERR_NO_MEM")
        CHIP.pixel = self._colours[0]
