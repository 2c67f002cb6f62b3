"""Where new firmware goes on this board."""

import os


def place_of(board):
    """The place that does not run. Raises OSError where there is none: MicroPython as it is
    downloaded has one slot."""
    working_folder = os.getcwd()
    if working_folder in ("/a", "/b"):
        from .folder import Folder

        return Folder("", working_folder[1:], board.name)
    from .slot import Slot

    return Slot(*board.running_slot())


def running(board) -> str:
    """The name of what runs, "" where there is no other place."""
    try:
        return place_of(board).runs
    except OSError:
        return ""
