"""Freezes the station, its source as written: what stands in firmware/ is what ships, name for name and line for line.

An ESP32's manifest includes this with chip=True; the 32-bit unix port, on which the tests run, includes it as it is. main.py is
not frozen: a frozen main.py would run even after boot.py has stopped for the safe mode.
"""

from pathlib import Path

FIRMWARE = Path("../../firmware")  # MicroPython reads a manifest in the manifest's own folder

options.defaults(chip=False)
files = [path.relative_to(FIRMWARE / "setpoint") for path in sorted((FIRMWARE / "setpoint").rglob("*.py"))]
if options.chip:
    module("boot.py", base_path=str(FIRMWARE))
    files = [path for path in files if path.parts[:2] != ("board", "simulated")]
package("setpoint", base_path=str(FIRMWARE), files=[path.as_posix() for path in files])
