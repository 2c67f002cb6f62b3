#include "../setpoint.h"

#define MICROPY_HW_BOARD_NAME SETPOINT_ON("esp32c3")
#define MICROPY_HW_MCU_NAME "ESP32C3"
