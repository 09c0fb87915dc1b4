/* beside LIBRARY [OTHER...]: the library in a process that has SSPI's names already, or gets them afterwards. Loads the
 * libraries in the order given, each with its names visible to all; LIBRARY is the one whose name has "negossp" in it.
 * Built with OWN_NAMES the program has functions of these names itself, visible by -rdynamic; it may also be linked with
 * another SSPI library. Every function in LIBRARY's tables must be LIBRARY's. */
#define _GNU_SOURCE
#include "negossp.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#ifdef OWN_NAMES
#define OWN(name) \
    SECURITY_STATUS own_##name(void) __asm__(#name); \
    SECURITY_STATUS own_##name(void) { return 1; }
OWN(AcceptSecurityContext)
OWN(AcquireCredentialsHandleA)
OWN(AcquireCredentialsHandleW)
OWN(DeleteSecurityContext)
OWN(EncryptMessage)
OWN(EnumerateSecurityPackagesA)
OWN(EnumerateSecurityPackagesW)
OWN(FreeContextBuffer)
OWN(InitSecurityInterfaceA)
OWN(InitSecurityInterfaceW)
OWN(QueryContextAttributesA)
OWN(QueryContextAttributesW)
#endif

static int passed, failed;

/* Counts the functions of a table that lie in another object than the one loaded at `base`. */
static void check_table(const char *name, const void *table, size_t size, const void *base) {
    void *const *entries = table;
    int count = 0, strange = 0;
    for (size_t i = 1; i < size / sizeof *entries; i++) { /* the first word is the version */
        Dl_info info;
        if (!entries[i]) continue;
        count++;
        if (dladdr(entries[i], &info) && info.dli_fbase == base) continue;
        strange++;
        printf("%s: entry %zu is in %s\n", name, i, info.dli_fname ? info.dli_fname : "nothing");
    }
    if (count >= 20 && !strange) {
        passed++;
        printf("ok beside.%s\n", name);
    } else {
        failed++;
        printf("FAIL beside.%s: %d functions, %d of another library's\n", name, count, strange);
    }
}

int main(int argc, char **argv) {
    void *library = NULL;
    for (int i = 1; i < argc; i++) {
        void *loaded = dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL);
        if (!loaded) return printf("FAIL beside: %s\n", dlerror()), 2;
        const char *slash = strrchr(argv[i], '/');
        if (strstr(slash ? slash : argv[i], "negossp")) library = loaded;
    }
    if (!library) return 2;

    INIT_SECURITY_INTERFACE_A ansi = (INIT_SECURITY_INTERFACE_A)dlsym(library, "InitSecurityInterfaceA");
    INIT_SECURITY_INTERFACE_W wide = (INIT_SECURITY_INTERFACE_W)dlsym(library, "InitSecurityInterfaceW");
    struct link_map *map;
    Dl_info info;
    if (!ansi || !wide || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0 || !dladdr(map->l_ld, &info)) return 2;
    check_table("ansi_table_is_the_librarys", ansi(), sizeof(SecurityFunctionTableA), info.dli_fbase);
    check_table("wide_table_is_the_librarys", wide(), sizeof(SecurityFunctionTableW), info.dli_fbase);

    /* And they work together: what one allocates, another frees. */
    ULONG count = 0;
    PSecPkgInfoW packages = NULL;
    SECURITY_STATUS status = wide()->EnumerateSecurityPackagesW(&count, &packages);
    if (status == SEC_E_OK && count && wide()->FreeContextBuffer(packages) == SEC_E_OK) {
        passed++;
        printf("ok beside.functions_work\n");
    } else {
        failed++;
        printf("FAIL beside.functions_work: %#x\n", (unsigned)status);
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
