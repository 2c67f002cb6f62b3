"""`esp32` on the model in chip.py."""

import partitions
from chip import CHIP

HEAP_DATA = 4
SLOTS = partitions.Slots(2)


class Partition(partitions.Partition):
    BOOT, RUNNING = 0, 1

    def __init__(self, which):
        partitions.Partition.__init__(
            self, SLOTS, SLOTS.boot if which == self.BOOT else SLOTS.running.number
        )


def idf_heap_info(capabilities):
    """One region: (bytes in all, free, the longest free piece, the least that was ever free)."""
    assert capabilities == HEAP_DATA
    return [(CHIP.idf_bytes, CHIP.idf_free, CHIP.idf_free, CHIP.idf_free)]
