/* A program that refers to the functions by name and is linked to them: through the import library on
 * Windows, with -lnegossp elsewhere. It makes one logon to check that the linked functions work. */
#include "../abi.h"

#include <stdio.h>

static int passed, failed;

static void expect(const char *what, bool holds) {
    printf("%s linked.%s\n", holds ? "ok" : "FAIL", what);
    holds ? passed++ : failed++;
}

/* Every function that a program of this library may refer to. */
static const struct {
    const char *name;
    void (*function)(void);
} functions[] = {
#define FUNCTION(name) {#name, (void (*)(void))name}
    FUNCTION(AcceptSecurityContext),
    FUNCTION(AcquireCredentialsHandleA),
    FUNCTION(AcquireCredentialsHandleW),
    FUNCTION(AddCredentialsA),
    FUNCTION(AddCredentialsW),
    FUNCTION(ApplyControlToken),
    FUNCTION(ChangeAccountPasswordA),
    FUNCTION(ChangeAccountPasswordW),
    FUNCTION(CompleteAuthToken),
    FUNCTION(DecryptMessage),
    FUNCTION(DeleteSecurityContext),
    FUNCTION(EncryptMessage),
    FUNCTION(EnumerateSecurityPackagesA),
    FUNCTION(EnumerateSecurityPackagesW),
    FUNCTION(ExportSecurityContext),
    FUNCTION(FreeContextBuffer),
    FUNCTION(FreeCredentialsHandle),
    FUNCTION(ImpersonateSecurityContext),
    FUNCTION(ImportSecurityContextA),
    FUNCTION(ImportSecurityContextW),
    FUNCTION(InitializeSecurityContextA),
    FUNCTION(InitializeSecurityContextW),
    FUNCTION(InitSecurityInterfaceA),
    FUNCTION(InitSecurityInterfaceW),
    FUNCTION(MakeSignature),
#ifndef _WIN32
    FUNCTION(NegosspCloseToken),
    FUNCTION(NegosspImpersonateToken),
    FUNCTION(NegosspQueryToken),
    FUNCTION(NegosspRevertToken),
    FUNCTION(NegosspBecomeToken),
#endif
    FUNCTION(QueryContextAttributesA),
    FUNCTION(QueryContextAttributesW),
    FUNCTION(QueryCredentialsAttributesA),
    FUNCTION(QueryCredentialsAttributesW),
    FUNCTION(QuerySecurityContextToken),
    FUNCTION(QuerySecurityPackageInfoA),
    FUNCTION(QuerySecurityPackageInfoW),
    FUNCTION(RevertSecurityContext),
    FUNCTION(SetContextAttributesA),
    FUNCTION(SetContextAttributesW),
    FUNCTION(SetCredentialsAttributesA),
    FUNCTION(SetCredentialsAttributesW),
    FUNCTION(VerifySignature),
#undef FUNCTION
};

static bool logs_on(void) {
    SEC_WINNT_AUTH_IDENTITY_A user = {.User = (unsigned char *)"alice",
                                      .UserLength = 5,
                                      .Domain = (unsigned char *)"EXAMPLE",
                                      .DomainLength = 7,
                                      .Password = (unsigned char *)"Password",
                                      .PasswordLength = 8,
                                      .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    CredHandle client, server;
    CtxtHandle initiator, acceptor;
    unsigned char tokens[2][4096];
    SecBuffer to_client = {0, SECBUFFER_TOKEN, tokens[0]}, to_server = {0, SECBUFFER_TOKEN, tokens[1]};
    SecBufferDesc for_client = {SECBUFFER_VERSION, 1, &to_client}, for_server = {SECBUFFER_VERSION, 1, &to_server};
    ULONG attributes;
    SECURITY_STATUS status = SEC_E_OK;
    if (AcquireCredentialsHandleA(NULL, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &user, NULL, NULL, &client, NULL) ||
        AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &server, NULL)) {
        return false;
    }
    for (int leg = 0; leg < 2; leg++) {
        to_server.cbBuffer = sizeof tokens[1];
        status = InitializeSecurityContextA(&client, leg ? &initiator : NULL, "HTTP/server", 0, 0, 0,
                                            leg ? &for_client : NULL, 0, &initiator, &for_server, &attributes, NULL);
        if (status < 0) return false;
        to_client.cbBuffer = sizeof tokens[0];
        status = AcceptSecurityContext(&server, leg ? &acceptor : NULL, &for_server, 0, 0, &acceptor, &for_client,
                                       &attributes, NULL);
        if (status < 0) return false;
    }
    return DeleteSecurityContext(&initiator) == SEC_E_OK && DeleteSecurityContext(&acceptor) == SEC_E_OK &&
           FreeCredentialsHandle(&client) == SEC_E_OK && FreeCredentialsHandle(&server) == SEC_E_OK && status == SEC_E_OK;
}

int main(void) {
    bool all = true;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (!functions[i].function) printf("no %s\n", functions[i].name), all = false;
    }
    expect("every_function_is_found", all);
    expect("logs_on", logs_on());
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
