"""`esp32` on the model in chip.py."""

from chip import CHIP

HEAP_DATA = 4


def idf_heap_info(capabilities):
    """One region: (bytes in all, free, the longest free piece, the least that was ever free)."""
    assert capabilities == HEAP_DATA
    return [(CHIP.idf_bytes, CHIP.idf_free, CHIP.idf_free, CHIP.idf_free)]


def __getattr__(name):
    """The slots take memory: they are there once somebody asks for them."""
    if name != "Partition":
        raise AttributeError(name)
    from chip_slots import Partition

    return Partition
