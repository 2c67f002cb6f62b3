"""The meter that board.json names for a connector (board/meters), and where its energy register survives a power cut."""

from esp32 import NVS


class Memory:
    """A register in the chip's own key-value store: a few bytes of flash for each write, spread over its pages."""

    def __init__(self, name: str) -> None:
        self._nvs = NVS("setpoint")
        self._name = name

    def read(self) -> int:
        try:
            return self._nvs.get_i32(self._name)
        except OSError:  # a new board
            return 0

    def write(self, wh: int) -> None:
        self._nvs.set_i32(self._name, wh)
        self._nvs.commit()


def meter_for(outlet, wiring: dict, supply: dict, clock):
    """A meter as board/meters describes them. Raises ValueError for a kind that this board cannot have."""
    if wiring["kind"] != "none":
        raise ValueError("meter kind " + wiring["kind"])
    from ..meters.estimate import Estimate
    from ..meters.register import Register

    return Estimate(outlet.offered, Register(Memory("wh%d" % outlet.id)), supply["volts"], clock)
