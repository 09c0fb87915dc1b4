/* token_server.exe LIBRARY SID...
 *
 * A Windows server that says who its clients are to the system. Reads a client's tokens from its standard input, one a line,
 * in hexadecimal, and answers each with lines, the last of them `end`:
 *
 *   status NUMBER             AcceptSecurityContext's
 *   token HEX                 for the client
 *   user SID, group SID       of the client's access token; of the groups those that are enabled
 *   level NUMBER
 *   SID WAY yes|no            for each SID of the command line, whether the client gets what only that SID may have: by
 *                             AccessCheck, by CheckTokenMembership, and by opening a kernel object as the client
 *
 * A first token begins a new context. */
#define SECURITY_WIN32
#define _SEC_WINNT_AUTH_TYPES
#include <windows.h>
#include <sddl.h>
#include <security.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 65536

static PSecurityFunctionTableW sspi;

static const char *yes(BOOL holds) {
    return holds ? "yes" : "no";
}

static void fail(const char *what) {
    printf("failed %s %lu\nend\n", what, GetLastError());
    fflush(stdout);
    exit(1);
}

/* All rights for that SID alone, and the system as owner, because owners may read an object's access list. */
static PSECURITY_DESCRIPTOR only_for(const char *sid) {
    char text[256];
    PSECURITY_DESCRIPTOR descriptor = NULL;
    snprintf(text, sizeof text, "O:SYG:SYD:P(A;;GA;;;%s)", sid);
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(text, SDDL_REVISION_1, &descriptor, NULL)) fail("descriptor");
    return descriptor;
}

static BOOL checked(HANDLE token, PSECURITY_DESCRIPTOR descriptor) {
    GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    PRIVILEGE_SET privileges;
    DWORD length = sizeof privileges, granted = 0, wanted = GENERIC_READ;
    BOOL access = FALSE;
    MapGenericMask(&wanted, &mapping);
    if (!AccessCheck(descriptor, token, wanted, &mapping, &privileges, &length, &granted, &access)) fail("AccessCheck");
    return access && granted == wanted;
}

/* Whether the thread can open an event as the client. */
static BOOL opened(CtxtHandle *context, PSECURITY_DESCRIPTOR descriptor) {
    SECURITY_ATTRIBUTES attributes = {sizeof attributes, descriptor, FALSE};
    HANDLE event = CreateEventA(&attributes, TRUE, FALSE, "negossp-token-server"), again;
    if (!event) fail("CreateEvent");
    if (sspi->ImpersonateSecurityContext(context) != SEC_E_OK) fail("ImpersonateSecurityContext");
    again = OpenEventA(SYNCHRONIZE, FALSE, "negossp-token-server");
    if (!again && GetLastError() != ERROR_ACCESS_DENIED) fail("OpenEvent");
    if (sspi->RevertSecurityContext(context) != SEC_E_OK) fail("RevertSecurityContext");
    if (again) CloseHandle(again);
    CloseHandle(event);
    return again != NULL;
}

static void tell_sid(const char *what, PSID sid) {
    char *text = NULL;
    if (!ConvertSidToStringSidA(sid, &text)) fail("ConvertSidToStringSid");
    printf("%s %s\n", what, text);
    LocalFree(text);
}

static void tell(CtxtHandle *context, char **sids) {
    static union {
        TOKEN_USER user;
        TOKEN_GROUPS groups;
        DWORD number;
        char room[LONGEST];
    } told;
    HANDLE token = NULL;
    DWORD length;
    SECURITY_STATUS status = sspi->QuerySecurityContextToken(context, &token);
    if (status != SEC_E_OK) {
        printf("no token %08lx\n", status);
        return;
    }
    if (!GetTokenInformation(token, TokenUser, &told, sizeof told, &length)) fail("TokenUser");
    tell_sid("user", told.user.User.Sid);
    if (!GetTokenInformation(token, TokenGroups, &told, sizeof told, &length)) fail("TokenGroups");
    for (DWORD i = 0; i < told.groups.GroupCount; i++) {
        if (told.groups.Groups[i].Attributes & SE_GROUP_ENABLED) tell_sid("group", told.groups.Groups[i].Sid);
    }
    if (!GetTokenInformation(token, TokenImpersonationLevel, &told, sizeof told, &length)) fail("TokenImpersonationLevel");
    printf("level %lu\n", told.number);
    for (; *sids; sids++) {
        PSECURITY_DESCRIPTOR descriptor = only_for(*sids);
        PSID sid = NULL;
        BOOL member = FALSE;
        if (!ConvertStringSidToSidA(*sids, &sid)) fail("ConvertStringSidToSid");
        if (!CheckTokenMembership(token, sid, &member)) fail("CheckTokenMembership");
        printf("%s AccessCheck %s\n", *sids, yes(checked(token, descriptor)));
        printf("%s CheckTokenMembership %s\n", *sids, yes(member));
        printf("%s OpenEvent %s\n", *sids, yes(opened(context, descriptor)));
        LocalFree(sid);
        LocalFree(descriptor);
    }
    CloseHandle(token);
}

static ULONG bytes_of(const char *hex, unsigned char *bytes) {
    ULONG length = 0;
    for (unsigned byte; length < LONGEST && sscanf(hex + 2 * length, "%2x", &byte) == 1; length++) bytes[length] = (unsigned char)byte;
    return length;
}

int main(int argc, char **argv) {
    static char line[2 * LONGEST];
    static unsigned char in_bytes[LONGEST], out_bytes[LONGEST];
    HMODULE library = argc > 1 ? LoadLibraryA(argv[1]) : NULL;
    union {
        FARPROC any;
        INIT_SECURITY_INTERFACE_W init;
    } init = {library ? GetProcAddress(library, "InitSecurityInterfaceW") : NULL};
    CredHandle credential;
    CtxtHandle context;
    BOOL begun = FALSE;
    if (!init.any || !(sspi = init.init())) fail("the library");
    if (sspi->AcquireCredentialsHandleW(NULL, L"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL) != SEC_E_OK) {
        fail("AcquireCredentialsHandle");
    }
    while (fgets(line, sizeof line, stdin)) {
        SecBuffer in = {bytes_of(line, in_bytes), SECBUFFER_TOKEN, in_bytes}, out = {sizeof out_bytes, SECBUFFER_TOKEN, out_bytes};
        SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
        ULONG attributes;
        SECURITY_STATUS status = sspi->AcceptSecurityContext(&credential, begun ? &context : NULL, &in_desc, ASC_REQ_MUTUAL_AUTH,
                                                             SECURITY_NATIVE_DREP, &context, &out_desc, &attributes, NULL);
        printf("status %08lx\ntoken ", status);
        for (ULONG i = 0; status >= 0 && i < out.cbBuffer; i++) printf("%02x", out_bytes[i]);
        printf("\n");
        if (status == SEC_E_OK) {
            tell(&context, argv + 2);
            sspi->DeleteSecurityContext(&context);
        }
        begun = status == SEC_I_CONTINUE_NEEDED;
        printf("end\n");
        fflush(stdout);
    }
    return 0;
}
