"""Blocks of the flash chip that are torn or have flipped bits when the station starts.

The file system mounts or is set aside. The station starts and reports; in force is what another
program still reads from the same image, neither more nor less, and the limit follows from that; a
new profile is kept, and a vehicle charges.
"""

from __future__ import annotations

import random

from faults.surviving import BLOCK, PAGE

_ERASED = b"\xff" * PAGE
KINDS = ("flipped bits", "torn blocks")


def damage(image: bytearray, kind: str, chance: random.Random) -> str:
    """Damages one to three blocks of those in use; a sentence on what was done."""
    pages = [at for at in range(0, len(image), PAGE) if image[at : at + PAGE] != _ERASED]
    blocks = sorted({at // BLOCK for at in pages})
    telling = [
        block for block in blocks if b"setpoint 1 " in image[block * BLOCK : (block + 1) * BLOCK]
    ]
    if chance.random() < 0.6:
        blocks = telling  # documents, or what they were; the journal leaves many more behind
    done = []
    for block in chance.sample(blocks, min(len(blocks), chance.choice((1, 1, 2, 3)))):
        at = chance.choice([page for page in pages if page // BLOCK == block]) + chance.randrange(
            PAGE
        )
        if kind == "torn blocks":
            end = (block + 1) * BLOCK
            image[at:end] = chance.choice((b"\xff", b"\0")) * (end - at)
        else:
            for _ in range(chance.choice((1, 2, 8))):
                image[at] ^= 1 << chance.randrange(8)
        done.append("block %d at %d" % (block, at % BLOCK))
    return ", ".join(done)


def test_damaged_blocks_of_the_flash(scale, prepared, subtests):
    chance = random.Random(scale.seed)
    for number in range(scale.counted(2, 20, 200)):
        kind = KINDS[number % len(KINDS)]
        image = bytearray(prepared.image)
        with subtests.test(damage(image, kind, chance), row="%s in the flash at a start" % kind):
            prepared.start_from(bytes(image))
