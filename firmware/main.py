"""Starts the program of this folder: on a board after boot.py, whose names are there then, and on a
PC."""

from setpoint import main

main.run(
    globals().get("started", ""),
    globals().get("forget_starts"),
    globals().get("restart_for_memory"),
)
