/* Sockets, threads and dynamic loading, on both systems. */
#ifndef EXAMPLE_OS_H
#define EXAMPLE_OS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef _WIN32

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#define IO_FLAGS 0
#define PLATFORM "Windows"

static inline bool os_start(void) {
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0;
}

static inline void socket_close(SOCKET socket) { closesocket(socket); }

static inline void socket_timeout(SOCKET socket, unsigned seconds) {
    DWORD milliseconds = seconds * 1000;
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, (const char *)&milliseconds, sizeof milliseconds);
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, (const char *)&milliseconds, sizeof milliseconds);
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
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

typedef int SOCKET;
#define INVALID_SOCKET (-1)
#define IO_FLAGS MSG_NOSIGNAL
#define PLATFORM "Linux"

static inline bool os_start(void) { return true; }

static inline void socket_close(SOCKET socket) { close(socket); }

static inline void socket_timeout(SOCKET socket, unsigned seconds) {
    struct timeval time = {.tv_sec = seconds};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
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
