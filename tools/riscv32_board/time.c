// Time on the emulated chip. QEMU counts it in instructions (-icount), one a nanosecond, so that it is the same on every host.

#include "py/mphal.h"

#define TICKS_PER_US (10)

static uint64_t ticks_since_reset(void) {
    uint32_t high, low, high_after;
    do {
        __asm volatile ("rdtimeh %0\n\trdtime %1\n\trdtimeh %2" : "=r" (high), "=r" (low), "=r" (high_after));
    } while (high != high_after);
    return (uint64_t)high << 32 | low;
}

mp_uint_t mp_hal_ticks_us(void) {
    return ticks_since_reset() / TICKS_PER_US;
}

mp_uint_t mp_hal_ticks_ms(void) {
    return ticks_since_reset() / (1000 * TICKS_PER_US);
}

// time.ticks_cpu() is how tools/benchmarks/instructions.py counts.
mp_uint_t mp_hal_ticks_cpu(void) {
    mp_uint_t instructions;
    __asm volatile ("rdinstret %0" : "=r" (instructions));
    return instructions;
}

void mp_hal_delay_us(mp_uint_t us) {
    uint64_t end = ticks_since_reset() + (uint64_t)us * TICKS_PER_US;
    while (ticks_since_reset() < end) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    while (ms-- > 0) {
        mp_hal_delay_us(1000);
    }
}
