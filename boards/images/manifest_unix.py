"""What is frozen into the interpreter on which the tests run: asyncio, and the station."""

include("$(MPY_DIR)/extmod/asyncio")
include("manifest.py")
