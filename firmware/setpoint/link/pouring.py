"""A file that is made while it is sent. Loaded for one transfer (late.py)."""

from micropython import const

from ..clock import sleep_ms

_SLICE = const(1024)


async def pour(file, write) -> None:
    """Writes exactly `file.length` bytes by `await write(slice)`: `file.pieces()`, cut or filled up
    with line ends. The loop goes round after each piece."""
    left = file.length
    slice = bytearray()
    for piece in file.pieces():
        for at in range(0, len(piece), _SLICE):
            slice.extend(piece[at : at + _SLICE])
            if len(slice) >= _SLICE and left:
                await write(slice[:left])
                left -= min(len(slice), left)
                slice = bytearray()
        await sleep_ms(0)
    while left:
        slice = slice[:left]
        slice.extend(b"\n" * min(left - len(slice), _SLICE))
        await write(slice)
        left -= len(slice)
        slice = bytearray()
