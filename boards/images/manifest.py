"""Freezes the station, its source as written: what stands in firmware/ is what ships, name for name
and line for line.

An ESP32's manifest includes this with chip=True; the 32-bit unix port, on which the tests run,
includes it as it is. main.py is not frozen: a frozen main.py would run even after boot.py has
stopped for the safe mode."""

import tempfile
from pathlib import Path

FIRMWARE = Path("../../firmware")  # MicroPython reads a manifest in the manifest's own folder

options.defaults(chip=False)
files = [
    path.relative_to(FIRMWARE / "setpoint")
    for path in sorted((FIRMWARE / "setpoint").rglob("*.py"))
]
if options.chip:
    module("boot.py", base_path=str(FIRMWARE))
    files = [path for path in files if path.parts[:2] != ("board", "simulated")]
package("setpoint", base_path=str(FIRMWARE), files=[path.as_posix() for path in files])


def module_name(path: Path) -> str:
    return ".".join(["setpoint", *path.with_suffix("").parts]).removesuffix(".__init__")


# MicroPython makes a module's full name of the relative one that an import statement has, and keeps
# it for good: in flash if the image has that name already, else in the heap, 2.6 KB for all of
# them. So a module that nobody imports names them.
names = [module_name(path) for path in files] + [
    "asyncio." + part for part in ("core", "event", "funcs", "lock", "stream")
]
made = Path(tempfile.mkdtemp()) / "setpoint_names.py"
made.write_text(
    "def never() -> None:\n" + "".join("    import %s as module\n" % name for name in names)
)
module(made.name, base_path=str(made.parent))
