/*
 * What a program written for Windows' SSPI needs on Linux besides negossp.h, so that its sources can stay as they are: this
 * folder's headers stand for <windows.h>, <sspi.h>, <security.h> and their like. A port would have a file of this kind.
 *
 * Text is char, as in programs that do not define UNICODE. The system's security library, under whichever name a program
 * loads it, is the libnegossp.so.1 beside it.
 */
#ifndef PROGRAMS_WINDOWS_H
#define PROGRAMS_WINDOWS_H

#include <dlfcn.h>
#include <errno.h>
#include <negossp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef int BOOL, *PBOOL;
typedef uint8_t BYTE, *PUCHAR;
typedef uint32_t DWORD, *PDWORD;
typedef int32_t HRESULT;
typedef uint16_t WORD;
typedef void *LPVOID, *HMODULE, *HLOCAL;
typedef char TCHAR, *PTSTR, *LPTSTR, *LPSTR;
typedef const char *LPCTSTR;
#define VOID void
#define TRUE 1
#define FALSE 0
#define APIENTRY
#define MAX_PATH 260
#define TEXT(text) text

#define _tcschr strchr
#define _tcsdup strdup
#define _tcslen strlen
#define _tcsncpy strncpy

#define ZeroMemory(at, size) memset((at), 0, (size))
#define lstrcpy strcpy
#define lstrlen (int)strlen

static inline HMODULE LoadLibrary(const char *name) {
    int system = !strcasecmp(name, "secur32.dll") || !strcasecmp(name, "security.dll");
    return dlopen(system ? "libnegossp.so.1" : name, RTLD_NOW | RTLD_LOCAL);
}
#define GetProcAddress(module, name) dlsym((module), (name))
#define FreeLibrary(module) (!dlclose(module))

/* A Windows of today, where it is asked about. */
typedef struct {
    DWORD dwOSVersionInfoSize, dwMajorVersion, dwMinorVersion, dwBuildNumber, dwPlatformId;
} OSVERSIONINFO;
#define VER_PLATFORM_WIN32_NT 2
static inline BOOL GetVersionEx(OSVERSIONINFO *info) {
    info->dwMajorVersion = 10;
    info->dwMinorVersion = 0;
    info->dwPlatformId = VER_PLATFORM_WIN32_NT;
    return TRUE;
}

#define GetLastError() ((DWORD)errno)
#define FORMAT_MESSAGE_ALLOCATE_BUFFER 0x100
#define FORMAT_MESSAGE_IGNORE_INSERTS 0x200
#define FORMAT_MESSAGE_FROM_SYSTEM 0x1000
#define LANG_NEUTRAL 0
#define SUBLANG_DEFAULT 1
#define MAKELANGID(primary, sub) ((sub) << 10 | (primary))
/* Only with FORMAT_MESSAGE_ALLOCATE_BUFFER: `text` is the address of a pointer. */
static inline DWORD FormatMessage(DWORD flags, const void *from, DWORD number, DWORD language, LPTSTR text, DWORD size, void *more) {
    (void)flags, (void)from, (void)language, (void)size, (void)more;
    *(char **)text = strdup(strerror((int)number));
    return (DWORD)strlen(*(char **)text);
}
#define LocalFree(memory) (free(memory), (HLOCAL)NULL)

#endif
