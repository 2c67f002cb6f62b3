// What the images of all families have in common; each family's mpconfigboard.h includes it.
//
// The text of SETPOINT_ON stands in the image as it is, and in the first line of the REPL: by it the tools
// know which version of Setpoint an image is, and for which family. A test holds the version equal to
// setpoint.__version__.

#define SETPOINT_VERSION "0.1.0"
#define SETPOINT_ON(family) "Setpoint " SETPOINT_VERSION " on " family

// The console is on UART0, where the boards have their serial converter, and on the serial line that the chip
// itself has behind its USB pins (S3, C3, C6). USB in software starts after boot.py, which does not return, and
// takes the pins before it.
#define MICROPY_HW_ENABLE_UART_REPL (1)
#define MICROPY_HW_ENABLE_USBDEV (0)

// What no board of Setpoint has, or what nothing in the firmware calls. Each takes room in the slot, and is
// one way less to reach a charge point by radio.
#define MICROPY_PY_BLUETOOTH (0)
#define MICROPY_PY_ESPNOW (0)
#define MICROPY_PY_NETWORK_LAN (0)
#define MICROPY_HW_ENABLE_SDCARD (0)
#define MICROPY_PY_MACHINE_I2S (0)
#define MICROPY_PY_MACHINE_DAC (0)
#define MICROPY_PY_MACHINE_I2C_TARGET (0)

// The port answers for the station's name in .local, where its page is. It does not ask for others: that
// stops the program for 5 s, and setpoint/board/resolver.py does it without.
#define MICROPY_HW_ENABLE_MDNS_QUERIES (0)
#define MICROPY_HW_ENABLE_MDNS_RESPONDER (1)
