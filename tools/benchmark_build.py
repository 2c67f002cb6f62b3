"""What the benchmark measures: the firmware compiled, as files and as a ROMFS image, and the C
loop."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
from pathlib import Path

from tools import benchmark_frames, compiled
from tools.station_process import ROOT

_C_LOOP = """
#include <stdint.h>
#include <stdio.h>
#include <time.h>
int main(void) {
    volatile uint32_t seed = 2463534242u;
    for (int run = 0; run < 1001; run++) {
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        uint32_t x = seed;
        for (int i = 0; i < 20000; i++) { x ^= x << 13; x ^= x >> 17; x ^= x << 5; }
        seed = x;
        clock_gettime(CLOCK_MONOTONIC, &b);
        printf("%.2f\\n", (b.tv_sec - a.tv_sec) * 1e6 + (b.tv_nsec - a.tv_nsec) / 1e3);
    }
    return 0;
}
"""


def build(folder: Path) -> None:
    """Everything anew in the folder: mpy, setpoint.romfs, scripts, agent, frames."""
    for old in ("mpy", "scripts", "agent", "stores", "frames"):
        shutil.rmtree(folder / old, ignore_errors=True)
    firmware = compiled.compiled()
    shutil.copytree(firmware / "mpy", folder / "mpy")
    shutil.copy(firmware / "firmware.romfs", folder / "setpoint.romfs")
    scripts = sorted((ROOT / "tools" / "benchmarks").glob("*.py"))
    bench = [
        ROOT / "host_tests" / name
        for name in (
            "portable/station_bench.py",
            "fakes/central_system.py",
            "fakes/store_in_ram.py",
        )
    ]
    for source in [*scripts, *bench]:
        compiled.compile_file(
            source,
            Path(source.name),
            folder / ("agent" if source.name == "agent.py" else "scripts"),
        )
    (folder / "stores").mkdir()
    (folder / "frames").mkdir()
    for name, messages in benchmark_frames.all_frames().items():
        (folder / "frames" / (name + ".json")).write_text(json.dumps(messages))


def c_loop(folder: Path) -> Path | None:
    """The calibration loop as a program, None where no C compiler is."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    source = folder / "calibration.c"
    source.write_text(_C_LOOP)
    program = folder / "calibration"
    done = subprocess.run([compiler, "-O2", "-o", str(program), str(source)], capture_output=True)
    return program if done.returncode == 0 else None


def c_loop_us(program: Path) -> float:
    """The median of its runs."""
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    return statistics.median(map(float, done.stdout.split()))
