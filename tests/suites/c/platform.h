/* Threads, time, fences and dynamic loading, on both systems. */
#ifndef NEGOSSP_TESTS_PLATFORM_H
#define NEGOSSP_TESTS_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs `body(index)` in `count` threads at once and waits for all of them. */
void in_threads(unsigned count, void (*body)(unsigned index));

/* A pointer to the export of that name, or NULL. */
void *library_open(const char *path);
void *library_symbol(void *library, const char *name);
const char *library_error(void);

void sleep_milliseconds(unsigned milliseconds);

/* The local time as SSPI counts it: 100 ns ticks since 1601, by this system's own reckoning. */
uint64_t local_time_ticks(void);

/* A copy of `length` bytes whose last byte is followed by inaccessible memory: reading or writing beyond
 * it ends the process. Freed with fence_free. */
void *fence(const void *bytes, size_t length);
void fence_free(void *copy, size_t length);

#endif
