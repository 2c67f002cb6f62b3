"""The image of a family as files: their names, what the manifest beside them says, and what an
image must be to get one.

    build/images/esp32/setpoint-0.1.0-esp32.bin        all of it: boot loader, partition table,
                                                       application; for an empty chip
    build/images/esp32/setpoint-0.1.0-esp32-app.bin    the application alone, for a slot of a chip
                                                       that has the rest
    build/images/esp32/setpoint-0.1.0-esp32.json       what it was made from, sizes, SHA-256, and
                                                       what is left of the slot
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from tools import micropython_image
from tools.command import ROOT, Failure
from tools.micropython_image import version_and_family

IMAGES = ROOT / "build" / "images"

# Devices in the field keep the table that they were flashed with: the next versions must go into
# this slot too.
LEAST_LEFT = 32 * 1024


class ImageFiles(NamedTuple):
    whole: Path
    application: Path
    manifest: Path


def image_files(version: str, family: str, folder: "Path | None" = None) -> ImageFiles:
    """Where the files of an image are, whether they are there or not; `folder` instead of
    build/images/FAMILY."""
    folder = folder or IMAGES / family
    name = "setpoint-%s-%s" % (version, family)
    return ImageFiles(
        folder / (name + ".bin"), folder / (name + "-app.bin"), folder / (name + ".json")
    )


def put(
    firmware: Path,
    application: Path,
    version: str,
    family: str,
    made_from: dict,
    folder: "Path | None" = None,
) -> ImageFiles:
    """Writes the three files of an image that MicroPython's build left as `firmware` (whole) and
    `application`.

    made_from: what the manifest says of its origin. Raises Failure when they are not what they
    should be, or too large."""
    image = micropython_image.read(firmware)
    content = application.read_bytes()
    slots = {partition.label: partition for partition in image.partitions}
    if "ota_0" not in slots or "ota_1" not in slots or "vfs" not in slots:
        raise Failure(
            "%s has the partitions %s, which are not Setpoint's." % (firmware, ", ".join(slots))
        )
    if image.content[slots["ota_0"].offset - image.offset :] != content:
        raise Failure(
            "%s is not the application in %s: the build was interrupted. Run it again."
            % (application, firmware)
        )
    if version_and_family(content) != (version, family):
        said = version_and_family(content)
        raise Failure(
            "%s says that it is %s, not Setpoint %s on %s."
            % (application, said and "Setpoint %s on %s" % said, version, family)
        )
    slot = min(slots["ota_0"].size, slots["ota_1"].size)
    left = slot - len(content)
    if left < LEAST_LEFT:
        raise Failure(
            "the application takes %d of the %d bytes of a slot and leaves %d; %d must be left for the versions to come. "
            "What was added, and what can go?" % (len(content), slot, left, LEAST_LEFT)
        )
    made = image_files(version, family, folder)
    made.whole.parent.mkdir(parents=True, exist_ok=True)
    made.whole.write_bytes(image.content)
    made.application.write_bytes(content)
    manifest = {
        "version": version,
        "family": family,
        "chip": image.chip,
        **made_from,
        "slot_bytes": slot,
        "left_bytes": left,
        "files": {
            made.whole.name: {
                "offset": image.offset,
                "bytes": len(image.content),
                "sha256": hashlib.sha256(image.content).hexdigest(),
            },
            made.application.name: {
                "bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            },
        },
    }
    made.manifest.write_text(json.dumps(manifest, indent=2) + "\n")
    return made
