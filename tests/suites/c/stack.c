/* i686 alone: each callee pops exactly its arguments. A compiler's own calls hide an error in this. */
#include "groups.h"

#if defined(_WIN32) && defined(__i386__)

/* Every export, with the number of its arguments, all of four bytes. */
static const struct {
    const char *name;
    unsigned arguments;
} exports[] = {
    {"AcceptSecurityContext", 9},
    {"AcquireCredentialsHandleA", 9},
    {"AcquireCredentialsHandleW", 9},
    {"AddCredentialsA", 8},
    {"AddCredentialsW", 8},
    {"ApplyControlToken", 2},
    {"ChangeAccountPasswordA", 8},
    {"ChangeAccountPasswordW", 8},
    {"CompleteAuthToken", 2},
    {"DecryptMessage", 4},
    {"DeleteSecurityContext", 1},
    {"EncryptMessage", 4},
    {"EnumerateSecurityPackagesA", 2},
    {"EnumerateSecurityPackagesW", 2},
    {"ExportSecurityContext", 4},
    {"FreeContextBuffer", 1},
    {"FreeCredentialsHandle", 1},
    {"ImpersonateSecurityContext", 1},
    {"ImportSecurityContextA", 4},
    {"ImportSecurityContextW", 4},
    {"InitSecurityInterfaceA", 0},
    {"InitSecurityInterfaceW", 0},
    {"InitializeSecurityContextA", 12},
    {"InitializeSecurityContextW", 12},
    {"MakeSignature", 4},
    {"QueryContextAttributesA", 3},
    {"QueryContextAttributesExA", 4},
    {"QueryContextAttributesExW", 4},
    {"QueryContextAttributesW", 3},
    {"QueryCredentialsAttributesA", 3},
    {"QueryCredentialsAttributesExA", 4},
    {"QueryCredentialsAttributesExW", 4},
    {"QueryCredentialsAttributesW", 3},
    {"QuerySecurityContextToken", 2},
    {"QuerySecurityPackageInfoA", 2},
    {"QuerySecurityPackageInfoW", 2},
    {"RevertSecurityContext", 1},
    {"SealMessage", 4},
    {"SetContextAttributesA", 4},
    {"SetContextAttributesW", 4},
    {"SetCredentialsAttributesA", 4},
    {"SetCredentialsAttributesW", 4},
    {"UnsealMessage", 4},
    {"VerifySignature", 4},
};

/* Calls `function` with sixteen zeros on the stack and returns how many bytes it popped, and in `kept` whether
 * it preserved the callee-saved registers. */
__attribute__((noinline)) static unsigned popped_by(void *function, bool *kept) {
    unsigned popped, ebx, esi;
    __asm__ volatile(
        "movl %%esp, %%edi\n\t"
        "movl $16, %%ecx\n"
        "1:\tpushl $0\n\t"
        "loop 1b\n\t"
        "movl $0x1234567, %%ebx\n\t"
        "movl $0x7654321, %%esi\n\t"
        "call *%%eax\n\t"
        "movl %%edi, %%eax\n\t"
        "subl %%esp, %%eax\n\t"
        "movl %%edi, %%esp\n\t"
        : "=a"(popped), "=b"(ebx), "=S"(esi)
        : "a"(function)
        : "ecx", "edx", "edi", "memory", "cc");
    *kept = ebx == 0x1234567 && esi == 0x7654321;
    return 64 - popped;
}

static void callees_pop_their_arguments(void) {
    for (size_t i = 0; i < sizeof exports / sizeof *exports; i++) {
        void *function = find_export(exports[i].name);
        if (!function) {
            fail(__FILE__, __LINE__, "no export %s", exports[i].name);
            continue;
        }
        bool kept;
        unsigned popped = popped_by(function, &kept);
        if (popped != 4 * exports[i].arguments) {
            fail(__FILE__, __LINE__, "%s pops %u bytes, not %u", exports[i].name, popped, 4 * exports[i].arguments);
        }
        if (!kept) fail(__FILE__, __LINE__, "%s changes its caller's registers", exports[i].name);
    }
}

const struct test stack_tests[] = {
    TEST(callees_pop_their_arguments),
    END_OF_TESTS,
};

#else

/* Elsewhere the caller clears the stack. */
const struct test stack_tests[] = {END_OF_TESTS};

#endif
