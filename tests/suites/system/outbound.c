/*
 * Outbound credentials, through whatever secur32.dll is found: outbound.exe report | both.
 *
 * report: those of the user who runs the program. Prints what every call returns, to be compared with what the system's own DLL
 * returns. With a ticket for HTTP/server.example.test, Negotiate and Kerberos send it.
 * both [ticket]: credentials of both directions, with such a ticket or none. Prints a line for each check and, last, how many
 * passed.
 */
#define SECURITY_WIN32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <sspi.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static PSecurityFunctionTableW sspi;
static WCHAR target[] = L"HTTP/server.example.test";
static WCHAR *const packages[] = {L"Negotiate", L"Kerberos", L"NTLM"};
static unsigned passed, failed;

static bool check(const char *what, bool holds) {
    if (holds) passed++;
    else failed++, printf("FAIL %s\n", what);
    return holds;
}

static SECURITY_STATUS acquire(WCHAR *package, ULONG usage, void *identity, CredHandle *credential, TimeStamp *expiry) {
    return sspi->AcquireCredentialsHandleW(NULL, package, usage, NULL, identity, NULL, NULL, credential, expiry);
}

/* A call with at most 48 KiB of input and output. `length` is that of the input, then of the output. */
static unsigned char token[48 * 1024];
static SECURITY_STATUS step(bool accepts, CredHandle *credential, CtxtHandle *context, bool first, unsigned long *length) {
    static unsigned char input_token[sizeof token];
    memcpy(input_token, token, *length);
    SecBuffer input = {*length, SECBUFFER_TOKEN, input_token}, output = {sizeof token, SECBUFFER_TOKEN, token};
    SecBufferDesc in = {SECBUFFER_VERSION, 1, &input}, out = {SECBUFFER_VERSION, 1, &output};
    ULONG attributes = 0;
    SECURITY_STATUS status =
        accepts ? sspi->AcceptSecurityContext(credential, first ? NULL : context, &in, 0, SECURITY_NATIVE_DREP, context, &out,
                                              &attributes, NULL)
                : sspi->InitializeSecurityContextW(credential, first ? NULL : context, target, 0, 0, SECURITY_NATIVE_DREP,
                                                   first ? NULL : &in, 0, context, &out, &attributes, NULL);
    *length = status < 0 ? 0 : output.cbBuffer;
    return status;
}

/* Whether the token holds a ticket: the application tag of an AP-REQ after Kerberos' object identifier. */
static bool has_ticket(unsigned long length) {
    static const unsigned char kerberos[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00, 0x6e};
    for (unsigned long at = 0; at + sizeof kerberos <= length; at++) {
        if (memcmp(token + at, kerberos, sizeof kerberos) == 0) return true;
    }
    return false;
}

static void report(WCHAR *package, ULONG usage) {
    CredHandle credential;
    CtxtHandle context;
    TimeStamp expiry = {0};
    SecInvalidateHandle(&credential);
    SecInvalidateHandle(&context);
    SECURITY_STATUS status = acquire(package, usage, NULL, &credential, &expiry);
    printf("%ls, usage %#lx: acquire %#lx, expires: %d\n", package, usage, (unsigned long)status, expiry.QuadPart != 0);
    if (status < 0) return;
    SecPkgCredentials_NamesW names = {0};
    status = sspi->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, &names);
    printf("  name %#lx %ls\n", (unsigned long)status, names.sUserName ? names.sUserName : L"-");
    if (names.sUserName) printf("  freed %#lx\n", (unsigned long)sspi->FreeContextBuffer(names.sUserName));
    unsigned long length = 0;
    status = step(false, &credential, &context, true, &length);
    printf("  initialize %#lx, a token: %d, with a ticket: %d\n", (unsigned long)status, length > 0, has_ticket(length));
    if (SecIsValidHandle(&context)) {
        SecPkgContext_PackageInfoW info = {0};
        status = sspi->QueryContextAttributesW(&context, SECPKG_ATTR_PACKAGE_INFO, &info);
        printf("  package %#lx %ls\n", (unsigned long)status, info.PackageInfo ? info.PackageInfo->Name : L"-");
        SecBuffer packed = {0};
        HANDLE user_token = NULL;
        status = sspi->ExportSecurityContext ? sspi->ExportSecurityContext(&context, 0, &packed, &user_token) : 1;
        printf("  export fails: %d\n", status < 0);
        printf("  delete %#lx\n", (unsigned long)sspi->DeleteSecurityContext(&context));
    }
    printf("  free %#lx\n", (unsigned long)sspi->FreeCredentialsHandle(&credential));
}

/* The user of accounts, who logs on to our own server's side. */
static SEC_WINNT_AUTH_IDENTITY_W alice = {.User = (unsigned short *)L"alice",
                                          .UserLength = 5,
                                          .Password = (unsigned short *)L"Passw0rd!",
                                          .PasswordLength = 9,
                                          .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};

static void both(WCHAR *package, bool ticket_there, bool credential_first) {
    CredHandle server, client;
    CtxtHandle accepted, initiated, ticket;
    if (!check("acquire both", acquire(package, SECPKG_CRED_BOTH, NULL, &server, NULL) == SEC_E_OK)) return;
    if (!check("acquire with an identity", acquire(package, SECPKG_CRED_OUTBOUND, &alice, &client, NULL) == SEC_E_OK)) return;
    /* The same handle is the client elsewhere, with the user's ticket, while it is the server here. */
    unsigned long length = 0, ticket_length = 0;
    SECURITY_STATUS status = step(false, &server, &ticket, true, &ticket_length);
    check("its outbound side is the system's", status != SEC_E_NO_CREDENTIALS && has_ticket(ticket_length) == ticket_there);
    bool begun = status >= 0;
    SECURITY_STATUS theirs = step(false, &client, &initiated, true, &length), ours = SEC_I_CONTINUE_NEEDED;
    for (int legs = 0; legs < 4 && theirs >= 0 && ours == SEC_I_CONTINUE_NEEDED; legs++) {
        ours = step(true, &server, &accepted, legs == 0, &length);
        if (ours >= 0 && theirs != SEC_E_OK && length) theirs = step(false, &client, &initiated, false, &length);
    }
    if (!check("its inbound side accepts", theirs == SEC_E_OK && ours == SEC_E_OK)) {
        printf("     client %#lx, server %#lx\n", (unsigned long)theirs, (unsigned long)ours);
    }
    SecPkgContext_NamesW names = {0};
    status = sspi->QueryContextAttributesW(&accepted, SECPKG_ATTR_NAMES, &names);
    check("the client's name", status == SEC_E_OK && names.sUserName && wcsstr(names.sUserName, L"alice"));
    if (names.sUserName) sspi->FreeContextBuffer(names.sUserName);
    bool freed = true;
    for (int n = 0; n < 2; n++) {
        if ((n == 0) == credential_first) freed &= sspi->FreeCredentialsHandle(&server) == SEC_E_OK;
        else freed &= (!begun || sspi->DeleteSecurityContext(&ticket) == SEC_E_OK) && sspi->DeleteSecurityContext(&accepted) == SEC_E_OK;
    }
    check("freed in either order", freed);
    check("freed once", sspi->FreeCredentialsHandle(&server) == SEC_E_INVALID_HANDLE);
    check("the client's", sspi->DeleteSecurityContext(&initiated) == SEC_E_OK && sspi->FreeCredentialsHandle(&client) == SEC_E_OK);
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    sspi = InitSecurityInterfaceW();
    if (count < 2 || !sspi) return 2;
    if (strcmp(arguments[1], "report") == 0) {
        for (unsigned n = 0; n < sizeof packages / sizeof *packages; n++) report(packages[n], SECPKG_CRED_OUTBOUND);
        return 0;
    }
    both(packages[0], count > 2, true);
    both(packages[0], count > 2, false);
    printf("%u passed, %u failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
