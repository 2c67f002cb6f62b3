"""`ds18x20` on the model in chip.py: a sensor that answers 85 until it has converted, and fails as
the real module does."""

from chip import CHIP


class DS18X20:
    def __init__(self, onewire):
        self._converted = False

    def scan(self):
        return [b"\x28sensor0"] if CHIP.celsius is not None else []

    def convert_temp(self):
        if CHIP.celsius is None:
            raise OSError("no sensor answers")
        self._converted = True

    def read_temp(self, rom):
        assert rom == b"\x28sensor0"
        if CHIP.celsius is None:
            raise Exception("CRC error")
        return CHIP.celsius if self._converted else 85.0
