"""Card readers against models of their chips: every UID length, no card, two cards, and a reader
that fails."""

import asyncio

from reader_chips import Card, Mfrc522Model, Pn532Model

import setpoint.board.readers.polling as polling_room
from setpoint.board.readers import ReaderError
from setpoint.board.readers.mfrc522 import Mfrc522, crc_a
from setpoint.board.readers.pn532 import Pn532, data_of, frame_of
from setpoint.board.readers.polling import GONE_AFTER, LOST_AFTER, MOST_DOUBLINGS, Polling

UIDS = (
    b"\x04\xa1\xb2\xc3",
    b"\x04\x12\x34\x56\x78\x9a\xbc",
    b"\x04\x11\x22\x33\x44\x55\x66\x77\x88\x99",
)


def told_by(chip, act, looks):
    """What the station hears in so many looks; act(look) changes the field before each."""
    cards, losses = [], []

    async def run():
        polling = Polling(chip, cards.append, losses.append, lambda: False)
        for look in range(looks):
            act(look)
            await polling.look()

    asyncio.run(run())
    return cards, losses


def uid_read(chip):
    async def run():
        await chip.start()
        return await chip.uid()

    return asyncio.run(run())


def problem_of(chip):
    try:
        uid_read(chip)
    except ReaderError as error:
        return str(error)
    return None


def test_a_pn532_frame_carries_length_and_check_sums():
    # UM0701-02, 7.2.2: GetFirmwareVersion is D4 02
    assert frame_of(b"\x02") == b"\x00\x00\xff\x02\xfe\xd4\x02\x2a\x00"
    assert (
        data_of(b"\x00\x00\xff\x06\xfa\xd5\x03\x32\x01\x06\x07\xe8\x00", 0x02)
        == b"\x32\x01\x06\x07"
    )


def test_a_pn532_reads_every_length_of_uid():
    for uid in UIDS:
        model = Pn532Model()
        model.uid = uid
        assert uid_read(Pn532(model)) == uid


def test_a_pn532_without_a_card_answers_none():
    assert uid_read(Pn532(Pn532Model())) is None


def test_a_pn532_with_a_disturbed_bus_says_so():
    model = Pn532Model()
    model.spoil = True
    assert problem_of(Pn532(model)) == "PN532: a frame with a wrong check sum"
    model = Pn532Model()
    model.polls_until_ready = 1000
    assert problem_of(Pn532(model)) == "PN532: no answer"


def test_the_check_sum_of_iso_14443_3():
    # ISO/IEC 14443-3, annex B: for 00 00 the check sum is A0 1E, for 12 34 it is 26 CF
    assert crc_a(b"\x00\x00") == b"\xa0\x1e"
    assert crc_a(b"\x12\x34") == b"\x26\xcf"


def test_an_mfrc522_reads_every_length_of_uid_and_halts_the_card():
    for uid in UIDS:
        model = Mfrc522Model()
        card = Card(uid)
        model.cards = [card]
        assert uid_read(Mfrc522(model, model.select)) == uid
        assert card.halted == 1


def test_an_mfrc522_finds_a_halted_card_again():
    model = Mfrc522Model()
    model.cards = [Card(UIDS[1])]
    chip = Mfrc522(model, model.select)
    assert uid_read(chip) == uid_read(chip) == UIDS[1]


def test_an_mfrc522_without_a_card_or_with_two_reads_none():
    model = Mfrc522Model()
    assert uid_read(Mfrc522(model, model.select)) is None
    model.cards = [Card(UIDS[0]), Card(b"\x01\x02\x03\x04")]
    assert uid_read(Mfrc522(model, model.select)) is None


def test_an_mfrc522_that_is_not_there_or_hangs_says_so():
    model = Mfrc522Model()
    model.dead = True
    assert problem_of(Mfrc522(model, model.select)) == "MFRC522: no answer"
    model = Mfrc522Model()
    model.hangs = True
    assert problem_of(Mfrc522(model, model.select)) == "MFRC522: a command does not end"


def test_a_card_is_told_once_while_it_stays_and_again_when_it_comes_back():
    model = Pn532Model()

    def field(look):
        model.uid = None if look in (0, 5, 6, 7) else UIDS[0]

    assert told_by(Pn532(model), field, 12) == (["04A1B2C3", "04A1B2C3"], [])


def test_a_card_at_the_edge_of_the_field_is_told_once():
    model = Pn532Model()

    def field(look):
        model.uid = None if look % (GONE_AFTER + 1) == 1 else UIDS[2]

    assert told_by(Pn532(model), field, 12) == (["04112233445566778899"], [])


def test_another_card_is_told_at_once():
    model = Pn532Model()

    def field(look):
        model.uid = UIDS[look // 3]

    assert told_by(Pn532(model), field, 6)[0] == ["04A1B2C3", "04123456789ABC"]


def test_a_reader_that_fails_is_lost_set_up_anew_and_back():
    model = Pn532Model()
    model.uid = UIDS[0]

    def field(look):
        model.dead = 2 <= look < 2 + LOST_AFTER + 3
        if model.dead:
            model.configured = set()

    cards, losses = told_by(Pn532(model), field, LOST_AFTER + 8)
    assert len(losses) == 2 and losses[0] is not None and losses[1] is None
    assert cards == ["04A1B2C3"]  # the card has not been away


class Over(Exception):
    pass


def test_the_pause_doubles_while_a_reader_fails_and_it_rests_while_a_vehicle_charges():
    slept, looks = [], []
    last = 14

    class Chip:
        async def start(self):
            looks.append(len(slept))
            if len(slept) < last:
                raise OSError(110)

        async def uid(self):
            return None

    async def sleep_ms(duration_ms):
        slept.append(duration_ms)
        if len(slept) == last + 3:
            raise Over

    charging = range(6, 9)
    real, polling_room.sleep_ms = polling_room.sleep_ms, sleep_ms
    try:
        asyncio.run(
            Polling(Chip(), None, lambda problem: None, lambda: len(slept) in charging).run()
        )
    except Over:
        pass
    finally:
        polling_room.sleep_ms = real
    assert looks == [look for look in range(last + 1) if look not in charging]
    doubled = [250 << failures for failures in range(1, MOST_DOUBLINGS + 1)]
    assert (
        slept == doubled[:6] + [doubled[5]] * 3 + doubled[6:] + [doubled[-1]] + [250] * 3
        and doubled[-1] == 256000
    )
