"""The partition that the file system is on, as MicroPython's start-up leaves it: a RAM disk.

As on the port (ports/esp32/esp32_partition.c), what fails raises the negative error of ESP-IDF, and never EIO: `bdev.error = FLASH_FAILS`.
"""

FLASH_FAILS = 0x6001  # ESP_ERR_FLASH_OP_FAIL


class Disk:
    def __init__(self, blocks=32):
        self._data = bytearray(b"\xff" * 4096 * blocks)
        self.error = None

    def _works(self):
        if self.error is not None:
            raise OSError(-self.error, "ESP_ERR_FLASH_OP_FAIL")

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
        return 0


bdev = Disk()
