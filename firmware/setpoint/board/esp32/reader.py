"""The card reader that board.json names (board/readers), put together once. Loaded for that and
dropped again (late.py)."""

from machine import I2C, SPI, Pin

_I2C_HZ = 100000  # an answer of 41 bytes takes 4 ms, which the control loop can wait
_SPI_HZ = 4000000


def polling(app, wiring: dict, outlets: list):
    """The Polling to run. `wiring`: the whole board.json."""
    from ..readers.polling import Polling

    reader = wiring["reader"]

    def on_card(id_tag: str) -> None:
        app.on_card(id_tag, None)

    def on_lost(problem: "str | None") -> None:
        lost = problem is not None
        app.log("error" if lost else "info", "reader", problem or "it answers")
        app.on_fault(
            0,
            "ReaderFailure",
            "reader",
            ("%s: check the reader" % problem)[:50] if lost else None,
            lost,
        )

    def charges() -> bool:
        return any([outlet.closed for outlet in outlets])

    return Polling(_chip(reader, wiring), on_card, on_lost, charges)


def _chip(reader: dict, wiring: dict):
    if reader["kind"] == "pn532":
        from ..readers.pn532 import Pn532

        bus = wiring["i2c"]
        return Pn532(
            I2C(bus["bus"], scl=Pin(bus["scl_pin"]), sda=Pin(bus["sda_pin"]), freq=_I2C_HZ)
        )
    from ..readers.mfrc522 import Mfrc522

    bus = wiring["spi"]
    select = Pin(reader["cs_pin"], Pin.OUT, value=1)
    if reader.get("reset_pin") is not None:
        Pin(reader["reset_pin"], Pin.OUT, value=1)
    sck, mosi, miso = Pin(bus["sck_pin"]), Pin(bus["mosi_pin"]), Pin(bus["miso_pin"])
    return Mfrc522(
        SPI(bus["bus"], baudrate=_SPI_HZ, polarity=0, phase=0, sck=sck, mosi=mosi, miso=miso),
        select.value,
    )
