#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#endif

#define THREADS_MAX 64
#define TICKS_PER_SECOND 10000000ull
#define UNIX_EPOCH_SECONDS 11644473600ull /* 1601 to 1970 */

struct thread {
    void (*body)(unsigned);
    unsigned index;
};

#ifdef _WIN32

static DWORD WINAPI run_thread(void *argument) {
    struct thread *thread = argument;
    thread->body(thread->index);
    return 0;
}

void in_threads(unsigned count, void (*body)(unsigned)) {
    struct thread threads[THREADS_MAX];
    HANDLE handles[THREADS_MAX] = {NULL};
    for (unsigned i = 0; i < count; i++) {
        threads[i] = (struct thread){body, i};
        handles[i] = CreateThread(NULL, 0, run_thread, &threads[i], 0, NULL);
        if (!handles[i]) abort();
    }
    WaitForMultipleObjects(count, handles, TRUE, INFINITE);
    for (unsigned i = 0; i < count; i++) CloseHandle(handles[i]);
}

void *library_open(const char *path) {
    return (void *)LoadLibraryA(path);
}

void *library_symbol(void *library, const char *name) {
    FARPROC symbol = GetProcAddress((HMODULE)library, name);
    void *pointer;
    memcpy(&pointer, &symbol, sizeof pointer);
    return pointer;
}

const char *library_error(void) {
    static char text[32];
    snprintf(text, sizeof text, "error %lu", GetLastError());
    return text;
}

void sleep_milliseconds(unsigned milliseconds) {
    Sleep(milliseconds);
}

uint64_t local_time_ticks(void) {
    FILETIME utc, local;
    GetSystemTimeAsFileTime(&utc);
    FileTimeToLocalFileTime(&utc, &local);
    return (uint64_t)local.dwHighDateTime << 32 | local.dwLowDateTime;
}

static size_t page_size(void) {
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwPageSize;
}

static unsigned char *map_with_fence(size_t bytes, size_t page) {
    unsigned char *start = VirtualAlloc(NULL, bytes + page, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    DWORD old;
    if (!start || !VirtualProtect(start + bytes, page, PAGE_NOACCESS, &old)) abort();
    return start;
}

static void unmap(void *start, size_t bytes) {
    (void)bytes;
    VirtualFree(start, 0, MEM_RELEASE);
}

#else

static void *run_thread(void *argument) {
    struct thread *thread = argument;
    thread->body(thread->index);
    return NULL;
}

void in_threads(unsigned count, void (*body)(unsigned)) {
    struct thread threads[THREADS_MAX];
    pthread_t handles[THREADS_MAX];
    for (unsigned i = 0; i < count; i++) {
        threads[i] = (struct thread){body, i};
        if (pthread_create(&handles[i], NULL, run_thread, &threads[i])) abort();
    }
    for (unsigned i = 0; i < count; i++) pthread_join(handles[i], NULL);
}

void *library_open(const char *path) {
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void *library_symbol(void *library, const char *name) {
    return dlsym(library, name);
}

const char *library_error(void) {
    return dlerror();
}

void sleep_milliseconds(unsigned milliseconds) {
    struct timespec time = {milliseconds / 1000, (long)(milliseconds % 1000) * 1000000};
    nanosleep(&time, NULL);
}

uint64_t local_time_ticks(void) {
    struct timespec now;
    struct tm broken;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &broken);
    uint64_t seconds = (uint64_t)((int64_t)now.tv_sec + broken.tm_gmtoff) + UNIX_EPOCH_SECONDS;
    return seconds * TICKS_PER_SECOND + (uint64_t)now.tv_nsec / 100;
}

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

static unsigned char *map_with_fence(size_t bytes, size_t page) {
    unsigned char *start = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED || mprotect(start + bytes, page, PROT_NONE)) abort();
    return start;
}

static void unmap(void *start, size_t bytes) {
    munmap(start, bytes + page_size());
}

#endif

/* Whole pages that hold `length` bytes. */
static size_t whole_pages(size_t length, size_t page) {
    return (length + page) / page * page;
}

void *fence(const void *bytes, size_t length) {
    size_t page = page_size(), mapped = whole_pages(length, page);
    unsigned char *copy = map_with_fence(mapped, page) + mapped - length;
    if (length) memcpy(copy, bytes, length);
    return copy;
}

void fence_free(void *copy, size_t length) {
    size_t mapped = whole_pages(length, page_size());
    unmap((unsigned char *)copy + length - mapped, mapped);
}
