/* logon USER...: for each, a logon in this process and the client's account: `USER uid=N gid=N groups=N,N as=N`, where `as` is the
 * effective user while the client is impersonated, or `USER STATUS`. With --break the thread gives up its way back first.
 *
 * logon --read FILE USER, --write FILE USER: whether a thread that impersonates the user may open the file, and what is in it:
 * `opened TEXT`, or why not. Nothing is written. */
#define _GNU_SOURCE
#include <negossp.h>

#include <errno.h>
#include <fcntl.h>
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

static void open_file(CtxtHandle *context, const char *path, int flags) {
    char text[64] = "";
    if (ImpersonateSecurityContext(context) != SEC_E_OK) return;
    int file = open(path, flags | O_NONBLOCK | O_CLOEXEC), error = errno;
    if (file >= 0 && flags == O_RDONLY && read(file, text, sizeof text - 1) < 0) error = errno, file = -1;
    RevertSecurityContext(context);
    if (file >= 0) printf("opened %s\n", text);
    else printf("%s\n", strerrorname_np(error));
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &server_credential, NULL) != SEC_E_OK)
        return 1;
    const char *option = count > 2 && strncmp(arguments[1], "--", 2) == 0 ? arguments[1] : "";
    int first = 1;
    if (*option) first = strcmp(option, "--break") == 0 ? 2 : 3;
    for (int i = first; i < count; i++) {
        CtxtHandle context;
        SECURITY_STATUS status = logon(arguments[i], &context);
        if (status != SEC_E_OK) printf("%s %08x\n", arguments[i], (unsigned)status);
        else if (strcmp(option, "--break") == 0) break_the_thread(&context);
        else if (*option) open_file(&context, arguments[2], strcmp(option, "--write") == 0 ? O_WRONLY : O_RDONLY);
        else tell(arguments[i], &context);
    }
    return 0;
}
