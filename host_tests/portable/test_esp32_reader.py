"""The card reader that board.json names, on the model of the chip and of the reader's chip."""

from esp32_bench import CHIP, Task, boot, description, pass_time, virtual_time
from noting_app import NotingApp
from reader_chips import Card, Mfrc522Model, Pn532Model

UID = b"\x04\xa1\xb2\xc3"
SPI = {"bus": 1, "sck_pin": 18, "mosi_pin": 21, "miso_pin": 19}


class ReaderBench:
    """A board with a reader; what its task tells stands in `told`."""

    def __init__(self, **changes):
        self.app = NotingApp()
        self.told = self.app.told
        board = boot(description(**changes))[0]
        tasks = dict(board.attach(self.app))
        self.task = Task(tasks.pop("reader"))
        for name in tasks:
            tasks[name].close()

    def run(self, ms):
        end = virtual_time()
        try:
            pass_time(ms, [self.task])
        finally:
            end()


def test_a_card_at_a_pn532():
    CHIP.start()
    CHIP.i2c = Pn532Model()
    bench = ReaderBench(reader={"kind": "pn532"})
    bench.run(1000)
    assert bench.told == []
    CHIP.i2c.uid = UID
    bench.run(1000)
    assert bench.told == [("04A1B2C3", None)]


def test_a_card_at_an_mfrc522():
    for reset_pin in (None, 33):
        CHIP.start()
        CHIP.spi = Mfrc522Model()
        CHIP.spi_select = 25
        bench = ReaderBench(reader={"kind": "mfrc522", "cs_pin": 25, "reset_pin": reset_pin}, spi=SPI, light=None, rs485=None)
        assert CHIP.outputs[25] == 1 and CHIP.outputs.get(33) == (None if reset_pin is None else 1)
        CHIP.spi.cards = [Card(UID)]
        bench.run(1000)
        assert bench.told == [("04A1B2C3", None)]
        CHIP.spi.cards = []
        bench.run(1000)
        CHIP.spi.cards = [Card(UID)]
        bench.run(1000)
        assert bench.told == [("04A1B2C3", None)] * 2


def test_a_lost_reader_is_told_until_it_is_back():
    CHIP.start()
    CHIP.i2c = Pn532Model()
    bench = ReaderBench(reader={"kind": "pn532"})
    bench.run(1000)
    CHIP.i2c.polls_until_ready = 1000
    bench.run(5000)
    assert bench.told == [
        ("error", "reader", "PN532: no answer"),
        (0, "ReaderFailure", "reader", "PN532: no answer: check the reader", True),
    ]
    CHIP.i2c.polls_until_ready = 1
    bench.run(11000)
    assert bench.told[2:] == [("info", "reader", "it answers"), (0, "ReaderFailure", "reader", None, False)]


def test_a_board_without_a_reader_starts_none():
    for reader in ({"kind": "none"}, None):
        CHIP.start()
        wiring = description(reader=reader)
        if reader is None:
            wiring.pop("reader")
        tasks = dict(boot(wiring)[0].attach(NotingApp()))
        assert "reader" not in tasks
        for name in tasks:
            tasks[name].close()
