"""The partition that the file system is on, as MicroPython's start-up leaves it: a RAM disk.

As on the port (ports/esp32/esp32_partition.c), what fails raises the negative error of ESP-IDF, and
never EIO: `bdev.error = FLASH_FAILS` until it is None again, or `bdev.fail(at, times)` for so many
operations, from that one on."""

FLASH_FAILS = 0x6001  # ESP_ERR_FLASH_OP_FAIL


class Disk:
    def __init__(self, blocks=32):
        self._data = bytearray(b"\xff" * 4096 * blocks)
        self.error = None
        self.operations = 0  # reads, writes and erasures
        self._fails_from = self._works_from = 0

    def fail(self, at, times):
        """at: 1 is the next operation."""
        self._fails_from = self.operations + at
        self._works_from = self._fails_from + times

    def _works(self):
        self.operations += 1
        if self.error is not None or self._fails_from <= self.operations < self._works_from:
            raise OSError(-(self.error or FLASH_FAILS), "ESP_ERR_FLASH_OP_FAIL")

    def readblocks(self, block, buffer, offset=0):
        self._works()
        at = block * 4096 + offset
        buffer[:] = self._data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        self._works()
        at = block * 4096 + offset
        self._data[at : at + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self._data) // 4096
        if operation == 5:
            return 4096
        if operation == 6:
            self._works()
        return 0


bdev = Disk()
