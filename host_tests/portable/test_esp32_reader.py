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
        self.board = board = boot(description(**changes))[0]
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
        bench = ReaderBench(
            reader={"kind": "mfrc522", "cs_pin": 25, "reset_pin": reset_pin},
            spi=SPI,
            light=None,
            rs485=None,
        )
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
    assert bench.told[2:] == [
        ("info", "reader", "it answers"),
        (0, "ReaderFailure", "reader", None, False),
    ]


def stalled(bench, hours, charging=False):
    """A shorted bus for so long: the tries. As on the port, each waits for the bus, without a step
    meanwhile, and fails."""
    tries = [0]

    def shorted():
        tries[0] += 1
        CHIP.now_us += 1000000
        raise OSError(116)

    CHIP.i2c.shorted = shorted
    for outlet in bench.board.outlets:
        outlet.set_contactor(charging)
    bench.run(hours * 3600000)
    return tries[0]


def test_a_shorted_bus_holds_up_the_control_step_seldom_is_told_once_and_not_tried_while_a_vehicle_charges():
    CHIP.start()
    CHIP.i2c = Pn532Model()
    bench = ReaderBench(reader={"kind": "pn532"})
    bench.run(1000)
    assert stalled(bench, 1) <= 24  # 4 of them before it is lost
    assert len(bench.told) == 2 and bench.told[0][0] == "error"
    assert 13 <= stalled(bench, 1) <= 15
    assert stalled(bench, 2, charging=True) == 0
    assert 13 <= stalled(bench, 1) <= 15 and len(bench.told) == 2
    CHIP.i2c.shorted = None
    bench.run(257000)
    assert bench.told[2:] == [
        ("info", "reader", "it answers"),
        (0, "ReaderFailure", "reader", None, False),
    ]


def test_a_reader_that_is_not_there_is_told_once_and_looked_for_ever_more_seldom():
    CHIP.start()
    CHIP.i2c = Pn532Model()
    CHIP.i2c.dead = True
    bench = ReaderBench(reader={"kind": "pn532"})
    bench.run(24 * 3600000)
    assert [told[0] for told in bench.told] == ["error", 0]


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
