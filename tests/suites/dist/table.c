/* table.exe DLL: every function in the tables of the DLL's InitSecurityInterface lies in the DLL, although the system's
 * secur32.dll, with the same names, was loaded before. Prints what is wrong, or nothing. */
#define SECURITY_WIN32
#include <windows.h>
#include <sspi.h>
#include <stdio.h>

static int wrong;

static void check_table(char form, const void *table, size_t size, HMODULE library) {
    void *const *entries = table;
    int count = 0;
    for (size_t i = 1; i < size / sizeof *entries; i++) { /* the first word is the version */
        HMODULE module = NULL;
        if (!entries[i]) continue;
        count++;
        GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, entries[i], &module);
        if (module != library) wrong = 1, printf("%c: entry %u is another module's\n", form, (unsigned)i);
    }
    if (count < 20) wrong = 1, printf("%c: %d functions\n", form, count);
}

int main(int argc, char **argv) {
    char system[MAX_PATH + 16];
    GetSystemDirectoryA(system, MAX_PATH);
    strcat(system, "\\secur32.dll");
    HMODULE before = LoadLibraryA(system), library = argc > 1 ? LoadLibraryA(argv[1]) : NULL;
    if (!before || !library || before == library) return printf("not two libraries\n"), 1;
    INIT_SECURITY_INTERFACE_A ansi = (INIT_SECURITY_INTERFACE_A)(void *)GetProcAddress(library, "InitSecurityInterfaceA");
    INIT_SECURITY_INTERFACE_W wide = (INIT_SECURITY_INTERFACE_W)(void *)GetProcAddress(library, "InitSecurityInterfaceW");
    if (!ansi || !wide) return printf("no table\n"), 1;
    check_table('A', ansi(), sizeof(SecurityFunctionTableA), library);
    check_table('W', wide(), sizeof(SecurityFunctionTableW), library);
    fflush(stdout);
    return wrong;
}
