#include "library.h"

#include <stdio.h>
#include <string.h>

#ifndef SEC_E_INVALID_PARAMETER
#define SEC_E_INVALID_PARAMETER ((SECURITY_STATUS)0x8009035D)
#endif

void *library_load(const char *path) {
    void *loaded = library_open(path);
    if (!loaded) fprintf(stderr, "cannot load %s\n", path);
    return loaded;
}

void *library_table(void *loaded, const char *path, const char *name) {
    void *symbol = library_symbol(loaded, name);
    void *(*init)(void);
    memcpy(&init, &symbol, sizeof init);
    void *table = init ? init() : NULL;
    if (!table) fprintf(stderr, "%s has no security interface\n", path);
    return table;
}

const char *status_text(SECURITY_STATUS status, char *text) {
    static const struct {
        SECURITY_STATUS status;
        const char *name;
    } names[] = {
#define NAME(name) {(SECURITY_STATUS)name, #name}
        NAME(SEC_E_OK), NAME(SEC_I_CONTINUE_NEEDED), NAME(SEC_I_COMPLETE_NEEDED), NAME(SEC_I_COMPLETE_AND_CONTINUE),
        NAME(SEC_E_LOGON_DENIED), NAME(SEC_E_INVALID_TOKEN), NAME(SEC_E_NO_AUTHENTICATING_AUTHORITY),
        NAME(SEC_E_MESSAGE_ALTERED), NAME(SEC_E_OUT_OF_SEQUENCE), NAME(SEC_E_BAD_BINDINGS), NAME(SEC_E_TARGET_UNKNOWN),
        NAME(SEC_E_UNSUPPORTED_FUNCTION), NAME(SEC_E_CONTEXT_EXPIRED), NAME(SEC_E_INSUFFICIENT_MEMORY),
        NAME(SEC_E_INTERNAL_ERROR), NAME(SEC_E_INVALID_HANDLE), NAME(SEC_E_INVALID_PARAMETER), NAME(SEC_E_NO_CREDENTIALS),
        NAME(SEC_E_UNKNOWN_CREDENTIALS), NAME(SEC_E_SECPKG_NOT_FOUND), NAME(SEC_E_BUFFER_TOO_SMALL),
        NAME(SEC_E_INCOMPLETE_MESSAGE), NAME(SEC_E_TIME_SKEW), NAME(SEC_E_WRONG_PRINCIPAL), NAME(SEC_E_NO_IMPERSONATION),
        NAME(SEC_E_KDC_UNKNOWN_ETYPE), NAME(SEC_E_DOWNGRADE_DETECTED),
#undef NAME
    };
    const char *name = "a status without a name here";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].status == status) name = names[i].name;
    snprintf(text, 64, "%s (0x%08X)", name, (unsigned)status);
    return text;
}
