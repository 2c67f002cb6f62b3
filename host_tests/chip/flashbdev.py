"""The partition that the file system is on, as MicroPython's start-up leaves it: a RAM disk."""


class Disk:
    def __init__(self, blocks=32):
        self._data = bytearray(b"\xff" * 4096 * blocks)

    def readblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        buffer[:] = self._data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = block * 4096 + offset
        self._data[at : at + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self._data) // 4096
        if operation == 5:
            return 4096
        return 0


bdev = Disk()
