# What every family's mpconfigboard.cmake includes last. Before it, the family sets IDF_TARGET, and in SDKCONFIG_DEFAULTS
# the settings of the port that it takes over; what is set later wins. SETPOINT_FLASH names its partition table.

if(NOT SETPOINT_FLASH)
    set(SETPOINT_FLASH 4MiB)
endif()

set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/manifest_esp32.py)

# Berkeley DB: 20 KB of the slot for a database that nothing opens.
set(MICROPY_PY_BTREE OFF)

# ESP-IDF takes a relative path as from MicroPython's ports/esp32, and a file of settings knows no variables.
file(WRITE ${CMAKE_BINARY_DIR}/sdkconfig.partitions
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${CMAKE_CURRENT_LIST_DIR}/partitions-${SETPOINT_FLASH}.csv\"\n")

list(APPEND SDKCONFIG_DEFAULTS
    ${CMAKE_CURRENT_LIST_DIR}/sdkconfig.shared
    ${CMAKE_BINARY_DIR}/sdkconfig.partitions
)
