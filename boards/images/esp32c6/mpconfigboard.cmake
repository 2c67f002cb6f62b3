# ESP32-C6, with what the port sets for its own image of the chip.
set(IDF_TARGET esp32c6)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.riscv
    boards/sdkconfig.c6
    ${CMAKE_CURRENT_LIST_DIR}/../sdkconfig.code_in_flash
)

include(${CMAKE_CURRENT_LIST_DIR}/../shared.cmake)
