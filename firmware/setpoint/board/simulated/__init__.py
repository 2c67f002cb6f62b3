"""The board on a PC: MicroPython's unix port with models of a vehicle, a meter and a flash chip.

start_file reads what the station is, and board puts it together from outlet (circuit, vehicle),
flash_chip and network. Through control_channel and commands other programs play the user, and leap
lets time pass for them. Besides its own files and units the folder uses pilot.duty (a vehicle reads
the pilot by the same law) and protocol.iso8601 (instants in the start file and on the control
channel).
"""

import sys

from ... import late


def board_from(path: str):
    """The Board that the start file at `path` describes. A wrong start file ends the program with
    exit code 2."""
    from . import start_file

    try:
        settings, ignored = start_file.load(path)
    except start_file.StartFileError as error:
        sys.stderr.write("%s\n" % error)
        sys.exit(2)
    late.forget()  # a twentieth of a small heap, needed once
    from .board import Board

    return Board(settings, ignored)
