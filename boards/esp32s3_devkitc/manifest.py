# Setpoint inside MicroPython's own image, for who builds that: `make build BOARD=esp32s3_devkitc` first; boards/README.md says the rest.
include("$(PORT_DIR)/boards/manifest.py")
freeze("../../build/boards/esp32s3_devkitc/frozen")
