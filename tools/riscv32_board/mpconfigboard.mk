# The board VIRT_RV32 of MicroPython's port qemu with Setpoint frozen in, the heap of a chip, and time. tools/riscv32.py builds it.
include boards/VIRT_RV32/mpconfigboard.mk

# Debian's compiler finds its 32-bit libraries by this name alone; by the older specification it covers the counters as well.
RV32_ARCH = rv32imac
AFLAGS += -misa-spec=2.2

# What a C3 has for Python beside connected Wi-Fi and an open TLS connection.
MICROPY_HEAP_SIZE = 129536

CFLAGS += -DMP_CONFIGFILE='"$(BOARD_DIR)/mpconfigboard.h"'
SRC_C += $(BOARD_DIR)/time.c
