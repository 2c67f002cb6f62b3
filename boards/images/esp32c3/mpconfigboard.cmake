# ESP32-C3, with what the port sets for its own image of the chip.
set(IDF_TARGET esp32c3)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.riscv
    boards/ESP32_GENERIC_C3/sdkconfig.c3usb
    ${CMAKE_CURRENT_LIST_DIR}/../sdkconfig.code_in_flash
)

include(${CMAKE_CURRENT_LIST_DIR}/../shared.cmake)
