# ESP32-WROVER. The image drives GPIO 16 and 17, where this module has its PSRAM, and is larger: every access to PSRAM goes
# round a fault of the first chips.
set(IDF_TARGET esp32)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.spiram
)

include(${CMAKE_CURRENT_LIST_DIR}/../shared.cmake)
