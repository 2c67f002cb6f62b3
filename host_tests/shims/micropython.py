"""What the firmware imports from `micropython` and finds in its `asyncio`, for CPython."""

import asyncio


class ThreadSafeFlag(asyncio.Event):
    """MicroPython's is cleared by whom it wakes."""

    async def wait(self) -> None:
        await asyncio.Event.wait(self)
        self.clear()


asyncio.ThreadSafeFlag = ThreadSafeFlag  # type: ignore[attr-defined]


def const(value):
    return value


def native(function):
    return function


def heap_lock():
    pass


def heap_unlock():
    pass


def mem_total():
    return 0
