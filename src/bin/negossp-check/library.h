/* One secur32.dll: the one that this program finds, as every program of its name does, or the system's own. */
#pragma once

#define SECURITY_WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <sspi.h>

#include <stdbool.h>

struct library {
    const char *name;
    HMODULE module;
    PSecurityFunctionTableW sspi;
};

/* Both are loaded once. `sspi` is NULL if there is no such DLL. */
struct library found_library(void);
struct library system_library(void);

/* What NegosspDescribe of the library says, and whether it has that function: only negossp does. */
bool describe(const struct library *library, char *text, unsigned long size);

/* Whether a call through the DLL of that name reaches the library. */
bool is_reached_through(const struct library *library, const char *dll);
