"""A flash chip in RAM, for MicroPython's file systems, whose power fails in the middle of an
operation."""

import errno

BLOCK = 4096

CUT = "cut"  # the operation does not happen, and none after it
TORN = "torn"  # half of it happens, and none after it
FAILS = "fails"  # this one operation fails
WORN = "worn"  # this and all further operations that write fail, reading goes on


class NorFlash:
    """Stands in for a NOR flash chip: erasing sets a block's bits, programming clears bits."""

    def __init__(self, blocks=24):
        self.data = [bytearray(b"\xff" * BLOCK) for _ in range(blocks)]
        self.power_up()

    def power_up(self):
        self.writes = self.erases = self.programmed = 0
        self.trouble = None
        self.left = -1  # operations until the trouble begins
        self.dead = self.worn = False

    def copy(self):
        twin = NorFlash(0)
        twin.data = [bytearray(block) for block in self.data]
        return twin

    def readblocks(self, block, buffer, offset=0):
        if self.dead:
            return -errno.EIO
        buffer[:] = memoryview(self.data[block])[offset : offset + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        part = self._part(len(buffer))
        target = self.data[block]
        for i in range(part):
            assert target[offset + i] & buffer[i] == buffer[i], "programmed without erasing"
            target[offset + i] = buffer[i]
        self.writes += 1
        self.programmed += part
        return 0 if part == len(buffer) else -errno.EIO

    def ioctl(self, command, block):
        if command == 4:
            return len(self.data)
        if command == 5:
            return BLOCK
        if command == 6:
            part = self._part(BLOCK)
            self.data[block][:part] = b"\xff" * part
            self.erases += 1
            return 0 if part == BLOCK else -errno.EIO
        return 0

    def _part(self, length):
        """How much of an operation on `length` bytes happens."""
        if self.dead or self.worn:
            return 0
        self.left -= 1
        if self.left != -1 or self.trouble is None:
            return length
        self.worn = self.trouble == WORN
        self.dead = self.trouble in (CUT, TORN)
        return length // 2 if self.trouble == TORN else 0
