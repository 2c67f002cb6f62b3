#include "../setpoint.h"

#define MICROPY_HW_BOARD_NAME SETPOINT_ON("esp32_psram")
#define MICROPY_HW_MCU_NAME "ESP32"
