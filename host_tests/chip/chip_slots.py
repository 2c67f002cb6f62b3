"""`esp32.Partition` on the model of the chip."""

import partitions

SLOTS = partitions.Slots(2)


class Partition(partitions.Partition):
    BOOT, RUNNING = 0, 1

    def __init__(self, which):
        partitions.Partition.__init__(
            self, SLOTS, SLOTS.boot if which == self.BOOT else SLOTS.running.number
        )
