#include "answers.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static CredHandle inbound, outbound;
static CtxtHandle context;
static char space[512];

static SECURITY_STATUS acquire(PSecurityFunctionTableW sspi, const WCHAR *package, ULONG use, void *data, CredHandle *handle) {
    TimeStamp expiry;
    return sspi->AcquireCredentialsHandleW(NULL, (WCHAR *)package, use, NULL, data, NULL, NULL, handle, &expiry);
}

static SECURITY_STATUS accept(PSecurityFunctionTableW sspi, CredHandle *credential, const void *token, ULONG length, ULONG size) {
    SecBuffer input = {length, SECBUFFER_TOKEN, (void *)token}, output = {size, SECBUFFER_TOKEN, space};
    SecBufferDesc in = {SECBUFFER_VERSION, 1, &input}, out = {SECBUFFER_VERSION, 1, &output};
    ULONG attributes;
    CtxtHandle made;
    SecInvalidateHandle(&made);
    SECURITY_STATUS status =
        sspi->AcceptSecurityContext(credential, NULL, &in, 0, SECURITY_NATIVE_DREP, &made, &out, &attributes, NULL);
    if (status >= 0) sspi->DeleteSecurityContext(&made);
    return status;
}

static SECURITY_STATUS initialize(PSecurityFunctionTableW sspi, ULONG flags, ULONG size) {
    SecBuffer output = {size, SECBUFFER_TOKEN, space};
    SecBufferDesc out = {SECBUFFER_VERSION, 1, &output};
    ULONG attributes;
    CtxtHandle made;
    SecInvalidateHandle(&made);
    SECURITY_STATUS status = sspi->InitializeSecurityContextW(&outbound, NULL, L"HTTP/localhost", flags, 0, SECURITY_NATIVE_DREP, NULL, 0,
                                                              &made, &out, &attributes, NULL);
    if (status >= 0) sspi->DeleteSecurityContext(&made);
    return status;
}

/* NEGOTIATE_MESSAGE of a client that offers what all do. */
static const unsigned char negotiate[] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0, 0x07, 0x82, 0x08, 0xa2, 0, 0, 0, 0,
                                          0,   0,   0,   0,   0,   0,   0,   0, 0, 0, 0, 0};

struct call {
    const char *name;
    SECURITY_STATUS (*make)(PSecurityFunctionTableW sspi);
};

#define ANSWER(function, expression) \
    static SECURITY_STATUS function(PSecurityFunctionTableW sspi) { return (expression); }
ANSWER(unknown_package, acquire(sspi, L"Nonesuch", SECPKG_CRED_INBOUND, NULL, &(CredHandle){0, 0}))
ANSWER(no_direction, acquire(sspi, L"NTLM", 0, NULL, &(CredHandle){0, 0}))
ANSWER(no_token, accept(sspi, &inbound, NULL, 0, sizeof space))
ANSWER(rubbish, accept(sspi, &inbound, "rubbish", 7, sizeof space))
ANSWER(ntlm_cut, accept(sspi, &inbound, negotiate, 12, sizeof space))
ANSWER(ntlm_first, accept(sspi, &inbound, negotiate, sizeof negotiate, sizeof space))
ANSWER(ntlm_first_small, accept(sspi, &inbound, negotiate, sizeof negotiate, 8))
ANSWER(outbound_accepts, accept(sspi, &outbound, negotiate, sizeof negotiate, sizeof space))
ANSWER(first_token, initialize(sspi, 0, sizeof space))
ANSWER(first_token_small, initialize(sspi, 0, 4))
ANSWER(first_token_protected, initialize(sspi, ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH, sizeof space))
ANSWER(names_of_credential, sspi->QueryCredentialsAttributesW(&outbound, SECPKG_CRED_ATTR_NAMES, memset(space, 0, sizeof space)))
ANSWER(unknown_of_credential, sspi->QueryCredentialsAttributesW(&outbound, 4711, space))
ANSWER(sizes_of_half, sspi->QueryContextAttributesW(&context, SECPKG_ATTR_SIZES, space))
ANSWER(names_of_half, sspi->QueryContextAttributesW(&context, SECPKG_ATTR_NAMES, memset(space, 0, sizeof space)))
ANSWER(key_of_half, sspi->QueryContextAttributesW(&context, SECPKG_ATTR_SESSION_KEY, memset(space, 0, sizeof space)))
ANSWER(info_of_half, sspi->QueryContextAttributesW(&context, SECPKG_ATTR_NEGOTIATION_INFO, memset(space, 0, sizeof space)))
ANSWER(unknown_of_context, sspi->QueryContextAttributesW(&context, 4711, space))
ANSWER(impersonate_half, sspi->ImpersonateSecurityContext(&context))
ANSWER(delete_twice, (sspi->DeleteSecurityContext(&context), sspi->DeleteSecurityContext(&context)))
ANSWER(free_twice, (sspi->FreeCredentialsHandle(&inbound), sspi->FreeCredentialsHandle(&inbound)))

static const struct call calls[] = {
    {"AcquireCredentialsHandle, unknown package", unknown_package},
    {"AcquireCredentialsHandle, no direction", no_direction},
    {"AcceptSecurityContext, no token", no_token},
    {"AcceptSecurityContext, rubbish", rubbish},
    {"AcceptSecurityContext, NEGOTIATE_MESSAGE cut", ntlm_cut},
    {"AcceptSecurityContext, NEGOTIATE_MESSAGE", ntlm_first},
    {"AcceptSecurityContext, 8 bytes for the reply", ntlm_first_small},
    {"AcceptSecurityContext, outbound credentials", outbound_accepts},
    {"InitializeSecurityContext", first_token},
    {"InitializeSecurityContext, 4 bytes for the token", first_token_small},
    {"InitializeSecurityContext, with protection", first_token_protected},
    {"QueryCredentialsAttributes, NAMES", names_of_credential},
    {"QueryCredentialsAttributes, unknown", unknown_of_credential},
    {"QueryContextAttributes before the end, SIZES", sizes_of_half},
    {"QueryContextAttributes before the end, NAMES", names_of_half},
    {"QueryContextAttributes before the end, SESSION_KEY", key_of_half},
    {"QueryContextAttributes before the end, NEGOTIATION_INFO", info_of_half},
    {"QueryContextAttributes before the end, unknown", unknown_of_context},
    {"ImpersonateSecurityContext before the end", impersonate_half},
    {"DeleteSecurityContext twice", delete_twice},
    {"FreeCredentialsHandle twice", free_twice},
};
#define CALLS (sizeof calls / sizeof *calls)

/* What a library did at a call that has ended the process. */
#define CRASHED 99

static const WCHAR *const packages[] = {L"Negotiate", L"NTLM"};
#define PACKAGES (sizeof packages / sizeof *packages)

static LONG WINAPI crashed(EXCEPTION_POINTERS *pointers) {
    (void)pointers;
    ExitProcess(CRASHED);
}

void print_answers(const struct library *library, unsigned package, unsigned first) {
    if (!library->sspi || package >= PACKAGES) return;
    PSecurityFunctionTableW sspi = library->sspi;
    SEC_WINNT_AUTH_IDENTITY_W user = {.User = (unsigned short *)L"user",
                                      .UserLength = 4,
                                      .Password = (unsigned short *)L"password",
                                      .PasswordLength = 8,
                                      .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    SetUnhandledExceptionFilter(crashed);
    SecInvalidateHandle(&inbound);
    SecInvalidateHandle(&outbound);
    SecInvalidateHandle(&context);
    acquire(sspi, packages[package], SECPKG_CRED_INBOUND, NULL, &inbound);
    acquire(sspi, packages[package], SECPKG_CRED_OUTBOUND, &user, &outbound);
    SecBuffer input = {sizeof negotiate, SECBUFFER_TOKEN, (void *)negotiate}, output = {sizeof space, SECBUFFER_TOKEN, space};
    SecBufferDesc in = {SECBUFFER_VERSION, 1, &input}, out = {SECBUFFER_VERSION, 1, &output};
    ULONG attributes;
    sspi->AcceptSecurityContext(&inbound, NULL, &in, 0, SECURITY_NATIVE_DREP, &context, &out, &attributes, NULL);
    for (unsigned n = first; n < CALLS; n++) printf("%u %lx\n", n, (unsigned long)calls[n].make(sspi));
}

struct answer {
    enum { MISSING, STATUS, CRASH } kind;
    unsigned long status;
};

/* The answers of one library, for one package. Each call that ends its process costs another process. */
static void answers_of(const struct library *library, unsigned package, struct answer *answers) {
    char program[MAX_PATH], command[MAX_PATH + 64], line[64];
    GetModuleFileNameA(NULL, program, sizeof program);
    for (unsigned first = 0; first < CALLS;) {
        snprintf(command, sizeof command, "\"\"%s\" --answers %s %u %u\"", program, library->name, package, first);
        FILE *child = _popen(command, "r");
        if (!child) return;
        unsigned n;
        unsigned long status;
        while (fgets(line, sizeof line, child)) {
            if (sscanf(line, "%u %lx", &n, &status) != 2 || n < first || n >= CALLS) continue;
            answers[n] = (struct answer){STATUS, status};
            first = n + 1;
        }
        _pclose(child);
        if (first < CALLS) answers[first++].kind = CRASH;
    }
}

static const char *text_of(const struct answer *answer, char *text, unsigned size) {
    if (answer->kind == STATUS) snprintf(text, size, "%#010lx", answer->status);
    else snprintf(text, size, "%s", answer->kind == CRASH ? "the process ends" : "no answer");
    return text;
}

unsigned compare_answers(const struct library *one, const struct library *other) {
    unsigned differences = 0;
    if (!one->sspi || !other->sspi) {
        report("  there is only one DLL\n");
        return 0;
    }
    for (unsigned package = 0; package < PACKAGES; package++) {
        struct answer ones[CALLS] = {0}, others[CALLS] = {0};
        char first[32], second[32];
        answers_of(one, package, ones);
        answers_of(other, package, others);
        for (unsigned n = 0; n < CALLS; n++) {
            if (ones[n].kind == others[n].kind && ones[n].status == others[n].status) continue;
            report("  %ls, %s: %s %s, %s %s\n", packages[package], calls[n].name, one->name, text_of(&ones[n], first, sizeof first),
                   other->name, text_of(&others[n], second, sizeof second));
            differences++;
        }
        report("  %ls: %u calls compared\n", packages[package], (unsigned)CALLS);
    }
    return differences;
}
