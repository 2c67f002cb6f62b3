# ESP32-C6, with what the port sets for its own image of the chip, and 8 MB of flash: MicroPython is some 180 KB larger for it
# than for a C3 (docs/building-an-image.md).
set(IDF_TARGET esp32c6)
set(SETPOINT_FLASH 8MiB)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.riscv
    boards/sdkconfig.c6
    ${CMAKE_CURRENT_LIST_DIR}/../sdkconfig.code_in_flash
    ${CMAKE_CURRENT_LIST_DIR}/../sdkconfig.flash_8MiB
)

include(${CMAKE_CURRENT_LIST_DIR}/../shared.cmake)
