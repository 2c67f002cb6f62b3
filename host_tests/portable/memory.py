"""How much memory some work takes, by MicroPython's own count of all that it ever handed out.

A locked heap proves nothing: the frame of a function of more than 11 words comes from the heap, and
from the C stack when the heap is locked. Nor does gc.mem_alloc(): such a frame is given back at
once, and brings the next collection nearer all the same."""

import micropython

_total = getattr(micropython, "mem_total", lambda: 0)  # CPython and small ports do not count


def bytes_taken(work) -> int:
    """By work(), which is a small function itself."""
    before = _total()
    for_counting = _total() - before  # a great number is an object
    before = _total()
    work()
    return _total() - before - for_counting
