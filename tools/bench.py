"""The name of tools/station_process.py in tools/faults."""

from tools.station_process import *  # noqa: F403
