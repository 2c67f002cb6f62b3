# ESP32-S3 with PSRAM on four lines, or without any: what is not found is left out. The module has no other use for its pins.
set(IDF_TARGET esp32s3)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.spiram_sx
    ${CMAKE_CURRENT_LIST_DIR}/../sdkconfig.code_in_flash
)

include(${CMAKE_CURRENT_LIST_DIR}/../shared.cmake)
