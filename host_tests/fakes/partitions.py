"""The two application slots of a chip, in RAM."""

import errno


class Partition:
    """Stands in for esp32.Partition. The flash: erasing sets bits, programming clears them, `cut_at`
    is the operation in whose middle the power goes."""

    def __init__(self, chip, number):
        self.chip, self.number = chip, number

    def info(self):
        return (
            0,
            0x10 + self.number,
            0x10000,
            self.chip.blocks * 4096,
            "ota_%d" % self.number,
            False,
        )

    def get_next_update(self):
        return Partition(self.chip, 1 - self.number)

    def ioctl(self, operation, block):
        assert operation == 6
        self.chip.works()
        self.chip.erased.append(block)
        self.chip.slots[self.number][block * 4096 : block * 4096 + 4096] = b"\xff" * 4096

    def writeblocks(self, block, data, offset):
        at = block * 4096 + offset
        slot = self.chip.slots[self.number]
        assert slot[at : at + len(data)] == b"\xff" * len(data), "not erased"
        self.chip.works()
        slot[at : at + len(data)] = data

    def set_boot(self):
        if self.chip.slots[self.number][0] != 0xE9:
            raise OSError(-0x1503)
        self.chip.works()
        self.chip.boot = self.number

    def mark_app_valid_cancel_rollback(self):
        self.chip.confirmed += 1


class Slots:
    def __init__(self, blocks=8, runs=0):
        self.blocks = blocks
        self.slots = [bytearray(b"\xe9" + b"\x00" * (blocks * 4096 - 1)) for _ in (0, 1)]
        self.boot = runs
        self.erased = []
        self.confirmed = 0
        self.operations = 0
        self.fails_at = None
        self.running = Partition(self, runs)

    def works(self):
        self.operations += 1
        if self.operations == self.fails_at:
            raise OSError(errno.EIO)
