"""The application slot that runs, and which images it takes. Loaded for an update."""

import sys

from esp32 import Partition


def running() -> tuple:
    """(esp32.Partition, family of images as in boards/images). The family stands in the image's own
    name, as the REPL shows it: "Setpoint 0.1.0 on esp32s3 with ESP32S3"."""
    slot = Partition(Partition.RUNNING)  # type: ignore[arg-type]  # the stubs know labels only
    return slot, family_in(getattr(sys.implementation, "_machine", ""))


def family_in(machine: str) -> str:
    return machine.partition(" on ")[2].partition(" with ")[0]
