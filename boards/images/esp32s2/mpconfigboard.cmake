# ESP32-S2 without PSRAM. It is not looked for: GPIO 26 would move, and is free on such a module.
set(IDF_TARGET esp32s2)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    ${CMAKE_CURRENT_LIST_DIR}/../sdkconfig.code_in_flash
)

include(${CMAKE_CURRENT_LIST_DIR}/../shared.cmake)
