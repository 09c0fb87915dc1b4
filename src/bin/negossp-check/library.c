#include "library.h"

#include <string.h>

static struct library loaded(const char *name, HMODULE module) {
    struct library library = {.name = name, .module = module};
    PSecurityFunctionTableW(SEC_ENTRY * init)(void) = module ? (void *)GetProcAddress(module, "InitSecurityInterfaceW") : NULL;
    if (init) library.sspi = init();
    return library;
}

struct library found_library(void) { return loaded("found", LoadLibraryA("secur32.dll")); }

struct library system_library(void) {
    /* Where this library replaces the system's file, that one was moved into the folder negossp. */
    static const char *const places[] = {"\\negossp\\secur32.dll", "\\secur32.dll"};
    char path[MAX_PATH + 32];
    UINT length = GetSystemDirectoryA(path, MAX_PATH);
    for (unsigned n = 0; n < sizeof places / sizeof *places; n++) {
        strcpy(path + length, places[n]);
        HMODULE module = LoadLibraryExA(path, NULL, LOAD_WITH_ALTERED_SEARCH_PATH);
        if (module && !GetProcAddress(module, "NegosspDescribe")) return loaded("system", module);
    }
    return loaded("system", NULL);
}

bool describe(const struct library *library, char *text, unsigned long size) {
    SECURITY_STATUS(SEC_ENTRY * function)(char *, ULONG, PULONG) =
        library->module ? (void *)GetProcAddress(library->module, "NegosspDescribe") : NULL;
    ULONG needed = 0;
    *text = 0;
    return function && function(text, size, &needed) == SEC_E_OK;
}

bool is_reached_through(const struct library *library, const char *dll) {
    HMODULE other = LoadLibraryA(dll), reached = NULL;
    void *function = other ? (void *)GetProcAddress(other, "AcceptSecurityContext") : NULL;
    return function &&
           GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, function,
                              &reached) &&
           reached == library->module;
}
