# ESP32-WROOM-32 and ESP32-MINI-1, 4 MB of flash or more. PSRAM is not even looked for: GPIO 16 and 17 would move, and boards
# have outputs there.
set(IDF_TARGET esp32)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
)

include(${CMAKE_CURRENT_LIST_DIR}/../shared.cmake)
