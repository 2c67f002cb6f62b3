// The port's own settings, with time, asyncio, and the faster dispatch of bytecodes that the ESP32's port has.
#include <mpconfigport.h>

#undef MICROPY_PY_TIME
#undef MICROPY_PY_SELECT
#undef MICROPY_PY_ASYNCIO
#define MICROPY_PY_TIME (1)
#define MICROPY_PY_SELECT (1)
#define MICROPY_PY_ASYNCIO (1)
#define MICROPY_OPT_COMPUTED_GOTO (1)
