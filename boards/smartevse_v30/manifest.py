# Setpoint inside MicroPython's own image, for who builds that: `make build BOARD=smartevse_v30` first; boards/README.md says the rest.
include("$(PORT_DIR)/boards/manifest.py")
freeze("../../build/boards/smartevse_v30/frozen")
