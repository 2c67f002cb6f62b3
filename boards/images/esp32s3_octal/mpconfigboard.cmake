# ESP32-S3 with PSRAM on eight lines (R8 and R16 in the module's name), which takes GPIO 33 to 37.
set(IDF_TARGET esp32s3)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.spiram_sx
    boards/sdkconfig.spiram_oct
    ${CMAKE_CURRENT_LIST_DIR}/../sdkconfig.code_in_flash
)

include(${CMAKE_CURRENT_LIST_DIR}/../shared.cmake)
