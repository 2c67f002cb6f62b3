"""The RS-485 line of a board: a UART, and the pin that makes the transceiver send, if it has one.

Rule: the transceiver must not send while the meter answers, and the meter may begin 3.5 bytes after
the last bit of a request. So `write` waits for the end of a request without giving way, for at most
_BLOCKS_MS; it sleeps through the rest of a slow one.
"""

from machine import UART, Pin
from micropython import const

from ...clock import sleep_ms

_BITS = const(11)  # of a byte, with start, stop and parity
_LOOK_MS = const(5)
_SENT_AT_ONCE = const(2048)  # a telegram of a smart meter
_BLOCKS_MS = const(10)  # 8 bytes at 9600 baud, and half a period of the control loop


class Line:
    """Bytes as contract.pyi's Stream has them; it never ends."""

    def __init__(self, wiring: dict, baud: int, parity: str) -> None:
        """`wiring`: rs485 of board.json, or a meter's line of its own: with `invert` where what it
        sends is upside down."""
        direction = wiring["direction_pin"]
        self._sending = None if direction is None else Pin(direction, Pin.OUT, value=0)
        self.byte_us = _BITS * 1000000 // baud
        more = {}
        if "invert" in wiring:  # it sends by itself, and more than fits the usual buffer
            more["rxbuf"] = _SENT_AT_ONCE
            more["invert"] = UART.INV_RX if wiring["invert"] else 0
        self._uart = UART(
            wiring["uart"],
            baudrate=baud,
            bits=8,
            parity=None if parity == "none" else int(parity == "odd"),
            stop=1,
            rx=wiring["rx_pin"],
            tx=wiring["tx_pin"],
            timeout=0,
            timeout_char=0,
            **more,
        )

    async def read(self, count: int) -> bytes:
        while True:
            data = self._uart.read(count)
            if data:
                return data
            await sleep_ms(_LOOK_MS)

    async def write(self, data: bytes) -> None:
        """Returns when the last bit is out. Raises OSError."""
        uart = self._uart
        self._send(1)
        try:
            uart.write(data)
            await sleep_ms(max(0, len(data) * self.byte_us // 1000 - _BLOCKS_MS))
            uart.flush()
        finally:
            self._send(0)
        uart.read()  # the echo of the request, if the receiver is on, and noise of the switch

    def _send(self, sending: int) -> None:
        if self._sending is not None:
            self._sending.value(sending)
