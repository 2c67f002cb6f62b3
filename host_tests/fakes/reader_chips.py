"""Card reader chips and cards, modelled at the level of I2C bytes and SPI registers."""

from setpoint.board.readers.mfrc522 import crc_a


class Pn532Model:
    """Stands in for a PN532 behind `machine.I2C`. `uid`: the card in the field; `dead`: no
    acknowledge on the bus; `spoil`: flips a bit of each answer; `shorted`: called instead of each
    transmission, on a bus of which a wire is shorted."""

    VERSION = b"\x32\x01\x06\x07"

    def __init__(self):
        self.uid = None
        self.dead = False
        self.shorted = None
        self.spoil = False
        self.configured = set()
        self._waiting = []  # what it will say, in order; a number: so many polls later
        self.polls_until_ready = 2

    def writeto(self, address, data):
        if self.shorted:
            self.shorted()
        if self.dead or address != 0x24:
            raise OSError(19)
        assert data[:3] == b"\x00\x00\xff" and (data[3] + data[4]) & 0xFF == 0, data
        body = data[5 : 5 + data[3]]
        assert (sum(body) + data[5 + data[3]]) & 0xFF == 0 and body[0] == 0xD4, data
        self._waiting = [
            b"\x00\x00\xff\x00\xff\x00",
            self.polls_until_ready,
            self._frame(body[1], self._do(body[1], body[2:])),
        ]

    def readfrom(self, address, count):
        if self.shorted:
            self.shorted()
        if self.dead or address != 0x24:
            raise OSError(19)
        if self._waiting and isinstance(self._waiting[0], int):
            self._waiting[0] -= 1
            if self._waiting[0] <= 0:
                self._waiting.pop(0)
            return bytes(count)
        if not self._waiting:
            return bytes(count)
        if count == 1:
            return b"\x01"
        answer = b"\x01" + self._waiting.pop(0)
        return (answer + bytes(count))[:count]

    def _do(self, command, data):
        if command == 0x02:
            return self.VERSION
        if command in (0x14, 0x32):
            self.configured.add(command)
            return b""
        assert command == 0x4A and data == b"\x01\x00", (command, data)
        assert self.configured == {0x14, 0x32}, "asked for cards before it was set up"
        if self.uid is None:
            return b"\x00"
        return b"\x01\x01\x00\x04\x08" + bytes([len(self.uid)]) + self.uid

    def _frame(self, command, data):
        body = bytes([0xD5, command + 1]) + data
        check_sum = -sum(body) & 0xFF
        if self.spoil:
            check_sum ^= 0x10
        return (
            b"\x00\x00\xff" + bytes([len(body), -len(body) & 0xFF]) + body + bytes([check_sum, 0])
        )


class Card:
    """A card of ISO/IEC 14443-3 type A with a UID of 4, 7 or 10 bytes."""

    def __init__(self, uid):
        self.levels = []
        while len(uid) > 4:
            self.levels.append(b"\x88" + uid[:3])
            uid = uid[3:]
        self.levels.append(uid)
        self._level = None  # None: not selected; len(levels): selected
        self.halted = 0

    def answer(self, data, last_bits):
        """The answer's bytes, or None."""
        if data == b"\x52" and last_bits == 7:
            self._level = 0
            return b"\x44\x00"
        if self._level is None or last_bits:
            return None
        if data == b"\x50\x00" + crc_a(b"\x50\x00"):
            self._level = None
            self.halted += 1
            return None
        if self._level == len(self.levels) or data[0] != (0x93, 0x95, 0x97)[self._level]:
            self._level = None
            return None
        part = self.levels[self._level]
        whole = part + bytes([part[0] ^ part[1] ^ part[2] ^ part[3]])
        if data[1:] == b"\x20":
            return whole
        select = data[:1] + b"\x70" + whole
        if data != select + crc_a(select):
            self._level = None
            return None
        self._level += 1
        acknowledge = b"\x20" if self._level == len(self.levels) else b"\x24"
        return acknowledge + crc_a(acknowledge)


class Mfrc522Model:
    """Behind `machine.SPI` and a chip select. `cards`: in the field; `dead`: the line stays high;
    `hangs`: a command never ends."""

    def __init__(self):
        self.cards = []
        self.dead = False
        self.hangs = False
        self._selected = False
        self._reset()

    def _reset(self):
        self._registers = {0x37: 0x92, 0x14: 0x80}
        self._fifo = []

    def select(self, level):
        self._selected = level == 0

    def write(self, data):
        assert self._selected and not data[0] & 0x81
        register, value = data[0] >> 1, data[1]
        if register == 0x01 and value == 0x0F:
            self._reset()
        elif register == 0x09:
            self._fifo.append(value)
        elif register == 0x0A:
            if value & 0x80:
                self._fifo = []
        elif register == 0x04:
            assert value == 0x7F
            self._registers[0x04] = 0
        else:
            self._registers[register] = value
        if (
            register == 0x0D
            and value & 0x80
            and self._registers.get(0x01) == 0x0C
            and not self.hangs
        ):
            self._transceive(value & 0x07)

    def write_readinto(self, out, into):
        assert self._selected and out[0] & 0x81 == 0x80
        register = (out[0] >> 1) & 0x3F
        if self.dead:
            into[1] = 0xFF
        elif register == 0x09:
            into[1] = self._fifo.pop(0)
        elif register == 0x0A:
            into[1] = len(self._fifo)
        else:
            into[1] = self._registers.get(register, 0)

    def _transceive(self, last_bits):
        assert self._registers.get(0x14, 0) & 3 == 3, "the antenna is off"
        assert self._registers.get(0x2A) == 0x80, "without its timer it would wait for ever"
        sent = bytes(self._fifo)
        self._fifo = []
        answers = [
            a for a in [card.answer(sent, last_bits) for card in self.cards] if a is not None
        ]
        self._registers[0x06] = 0
        if not answers:
            self._registers[0x04] = 0x01
            return
        self._registers[0x04] = 0x20
        if any(answer != answers[0] for answer in answers):
            self._registers[0x06] = 0x08  # bits collided
            self._registers[0x04] |= 0x02
        self._fifo = list(answers[0])
