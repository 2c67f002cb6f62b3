# Setpoint inside MicroPython's own image, for who builds that: `make build BOARD=esp32evse_s3` first; boards/README.md says the rest.
include("$(PORT_DIR)/boards/manifest.py")
freeze("../../build/boards/esp32evse_s3/frozen")
