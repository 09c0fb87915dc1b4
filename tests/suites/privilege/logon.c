/* logon USER...: for each, a logon in this process and the client's account: `USER uid=N gid=N groups=N,N as=N`, where `as` is the
 * effective user while the client is impersonated, or `USER STATUS`. With --break the thread gives up its way back first. */
#include <negossp.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static CredHandle server_credential;

static void widen(const char *text, SEC_WCHAR *wide) {
    while ((*wide++ = (unsigned char)*text++)) {}
}

static SECURITY_STATUS logon(const char *user, CtxtHandle *accepted) {
    static unsigned char tokens[2][16384];
    SEC_WCHAR name[64], domain[] = u"EXAMPLE", password[] = u"Password";
    widen(user, name);
    SEC_WINNT_AUTH_IDENTITY_W identity = {.User = name, .UserLength = (ULONG)strlen(user), .Domain = domain, .DomainLength = 7,
                                          .Password = password, .PasswordLength = 8, .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    CredHandle credential;
    CtxtHandle client;
    ULONG attributes;
    SECURITY_STATUS status =
        AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL, &credential, NULL);
    if (status != SEC_E_OK) return status;
    SecBuffer to_server = {0, SECBUFFER_TOKEN, tokens[0]}, to_client = {0, SECBUFFER_TOKEN, tokens[1]};
    SecBufferDesc in = {SECBUFFER_VERSION, 1, &to_client}, out = {SECBUFFER_VERSION, 1, &to_server};
    for (int leg = 0; leg < 2; leg++) {
        to_server.cbBuffer = sizeof tokens[0];
        status = InitializeSecurityContextW(&credential, leg ? &client : NULL, u"HTTP/localhost", ISC_REQ_INTEGRITY, 0,
                                            SECURITY_NATIVE_DREP, leg ? &in : NULL, 0, &client, &out, &attributes, NULL);
        if (status < 0) break;
        to_client.cbBuffer = sizeof tokens[1];
        status = AcceptSecurityContext(&server_credential, leg ? accepted : NULL, &out, 0, SECURITY_NATIVE_DREP, accepted, &in,
                                       &attributes, NULL);
        if (status < 0) break;
    }
    DeleteSecurityContext(&client);
    FreeCredentialsHandle(&credential);
    return status;
}

static void tell(const char *user, CtxtHandle *context) {
    HANDLE token;
    NEGOSSP_TOKEN_IDS ids;
    ULONG groups[256], length = 0;
    SECURITY_STATUS status = QuerySecurityContextToken(context, &token);
    if (status == SEC_E_OK) status = ImpersonateSecurityContext(context);
    if (status != SEC_E_OK) {
        printf("%s %08x\n", user, (unsigned)status);
        return;
    }
    long as = syscall(SYS_geteuid);
    RevertSecurityContext(context);
    NegosspQueryToken(token, NEGOSSP_TOKEN_USER_IDS, &ids, sizeof ids, NULL);
    NegosspQueryToken(token, NEGOSSP_TOKEN_GROUPS, groups, sizeof groups, &length);
    printf("%s uid=%u gid=%u groups=", user, ids.Uid, ids.Gid);
    for (ULONG i = 0; i < length / sizeof *groups; i++) printf("%s%u", i ? "," : "", groups[i]);
    printf(" as=%ld\n", as);
    NegosspCloseToken(token);
}

static void break_the_thread(CtxtHandle *context) {
    struct {
        unsigned version;
        int pid;
    } header = {0x20080522, 0};
    unsigned none[6] = {0};
    ImpersonateSecurityContext(context);
    syscall(SYS_capset, &header, none);
    printf("reverts: %08x\n", (unsigned)RevertSecurityContext(context));
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &server_credential, NULL) != SEC_E_OK)
        return 1;
    bool breaks = count > 1 && strcmp(arguments[1], "--break") == 0;
    for (int i = 1 + breaks; i < count; i++) {
        CtxtHandle context;
        SECURITY_STATUS status = logon(arguments[i], &context);
        if (status != SEC_E_OK) printf("%s %08x\n", arguments[i], (unsigned)status);
        else if (breaks) break_the_thread(&context);
        else tell(arguments[i], &context);
    }
    return 0;
}
