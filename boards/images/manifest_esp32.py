"""What is frozen into the image of every ESP32 family: MicroPython's own part, the drivers of its
library that the firmware uses, and the station."""

# Mounts the file system before boot.py runs; counts pulses for meters
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
require("neopixel")  # board/esp32/panel.py
require("onewire")  # board/esp32/thermometer.py
require("ds18x20")
include("manifest.py", chip=True)
