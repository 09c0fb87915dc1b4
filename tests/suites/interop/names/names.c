/* A library in front of negossp in which SECPKG_ATTR_NAMES fails, or, with NAMES=surrogate in the environment, returns UTF-16
 * that is not text. To be preloaded, or to be loaded as an SSPI library of its own in front of NAMES_LIBRARY. */
#include <negossp.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static PSecurityFunctionTableW real;

static void find(void *library, const char *name, void *function) {
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol);
}

SECURITY_STATUS QueryContextAttributesA(PCtxtHandle context, ULONG attribute, void *buffer) {
    SECURITY_STATUS (*query)(PCtxtHandle, ULONG, void *);
    if (attribute == SECPKG_ATTR_NAMES) return SEC_E_INSUFFICIENT_MEMORY;
    find(RTLD_NEXT, "QueryContextAttributesA", &query);
    return query(context, attribute, buffer);
}

static SECURITY_STATUS query_w(PCtxtHandle context, ULONG attribute, void *buffer) {
    if (attribute != SECPKG_ATTR_NAMES) return real->QueryContextAttributesW(context, attribute, buffer);
    if (!getenv("NAMES") || strcmp(getenv("NAMES"), "surrogate")) return SEC_E_INSUFFICIENT_MEMORY;
    SECURITY_STATUS status = real->QueryContextAttributesW(context, attribute, buffer);
    if (status == SEC_E_OK) ((SecPkgContext_NamesW *)buffer)->sUserName[0] = 0xD800;
    return status;
}

PSecurityFunctionTableW InitSecurityInterfaceW(void) {
    static SecurityFunctionTableW table;
    INIT_SECURITY_INTERFACE_W init;
    void *library = dlopen(getenv("NAMES_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    if (!library) return NULL;
    find(library, "InitSecurityInterfaceW", &init);
    real = init();
    table = *real;
    table.QueryContextAttributesW = query_w;
    return &table;
}
