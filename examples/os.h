/* Sockets, time, files, threads and dynamic loading, on both systems. */
#ifndef EXAMPLE_OS_H
#define EXAMPLE_OS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#ifdef _WIN32

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#include <fcntl.h>
#include <io.h>

#define IO_FLAGS 0
#define PLATFORM "Windows"

static inline bool os_start(void) {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
}

static inline void socket_close(SOCKET socket) { closesocket(socket); }

/* How long one call may wait; more than 0. */
static inline void socket_timeout(SOCKET socket, int64_t milliseconds) {
    DWORD time = (DWORD)milliseconds;
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, (const char *)&time, sizeof time);
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, (const char *)&time, sizeof time);
}

/* Milliseconds of a clock that nobody sets. */
static inline int64_t os_now(void) { return (int64_t)GetTickCount64(); }

/* Opens a file for reading, but no device or pipe, which could keep the thread waiting. NULL: why not is in `*why`. */
static inline FILE *regular_file_open(const char *path, const char **why, bool *missing) {
    HANDLE handle = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    *missing = handle == INVALID_HANDLE_VALUE && GetLastError() == ERROR_FILE_NOT_FOUND;
    *why = *missing ? "no such file" : "not to be opened";
    if (handle == INVALID_HANDLE_VALUE) return NULL;
    int file = GetFileType(handle) == FILE_TYPE_DISK ? _open_osfhandle((intptr_t)handle, _O_RDONLY | _O_BINARY) : -1;
    if (file >= 0) return _fdopen(file, "rb");
    *why = "not a regular file";
    CloseHandle(handle);
    return NULL;
}

static inline bool thread_start(DWORD(WINAPI *body)(void *), void *argument) {
    HANDLE thread = CreateThread(NULL, 0, body, argument, 0, NULL);
    if (thread) CloseHandle(thread);
    return thread != NULL;
}
#define THREAD_BODY(name, argument) DWORD WINAPI name(void *argument)
#define THREAD_END return 0

static inline void *library_open(const char *path) { return (void *)LoadLibraryA(path); }
static inline void *library_symbol(void *library, const char *name) {
    return (void *)(uintptr_t)GetProcAddress((HMODULE)library, name);
}

#else

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

typedef int SOCKET;
#define INVALID_SOCKET (-1)
#define IO_FLAGS MSG_NOSIGNAL
#define PLATFORM "Linux"

static inline bool os_start(void) { return true; }

static inline void socket_close(SOCKET socket) { close(socket); }

/* How long one call may wait; more than 0. */
static inline void socket_timeout(SOCKET socket, int64_t milliseconds) {
    struct timeval time = {.tv_sec = milliseconds / 1000, .tv_usec = milliseconds % 1000 * 1000};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

/* Milliseconds of a clock that nobody sets. */
static inline int64_t os_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Opens a file for reading, but no device or pipe, which could keep the thread waiting. NULL: why not is in `*why`. */
static inline FILE *regular_file_open(const char *path, const char **why, bool *missing) {
    int file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat about;
    *missing = file < 0 && errno == ENOENT;
    *why = *missing ? "no such file" : file < 0 ? "not to be opened" : "not a regular file";
    if (file < 0) return NULL;
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode)) return fdopen(file, "rb");
    close(file);
    return NULL;
}

static inline bool thread_start(void *(*body)(void *), void *argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, argument) != 0) return false;
    pthread_detach(thread);
    return true;
}
#define THREAD_BODY(name, argument) void *name(void *argument)
#define THREAD_END return NULL

static inline void *library_open(const char *path) { return dlopen(path, RTLD_NOW | RTLD_LOCAL); }
static inline void *library_symbol(void *library, const char *name) { return dlsym(library, name); }

#endif
#endif
