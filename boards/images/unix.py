# The image of a PC: asyncio and the program.
include("$(MPY_DIR)/extmod/asyncio")
include("manifest.py")
