/* NTLM of Wine's builtin secur32.dll, which has it from ntlm_auth, as client and as server: with itself, and with this
   library's DLL (argument) as the other side, which knows nothing of ntlm_auth. Prints FAIL lines and counts. */
#define SECURITY_WIN32
#include <windows.h>
#include <sspi.h>
#include <stdio.h>
#include <string.h>

static int passed, failed;
#define CHECK(what, ...)                                                                                                         \
    do {                                                                                                                         \
        if (what) {                                                                                                              \
            passed++;                                                                                                            \
        } else {                                                                                                                 \
            failed++;                                                                                                            \
            printf("FAIL " __VA_ARGS__);                                                                                         \
            printf("\n");                                                                                                        \
        }                                                                                                                        \
    } while (0)

/* One side of an exchange. */
struct side {
    SecurityFunctionTableW *table;
    CredHandle credential;
    CtxtHandle context;
    BOOL begun;
    char token[4096];
    SecBuffer buffer;
};

static SecurityFunctionTableW *builtin, *ours;

static void begin(struct side *side, SecurityFunctionTableW *table, ULONG use, const char *user, const char *password)
{
    TimeStamp expiry;
    SEC_WINNT_AUTH_IDENTITY_A identity = {0};
    memset(side, 0, sizeof *side);
    side->table = table;
    identity.User = (void *)user, identity.UserLength = strlen(user);
    identity.Domain = (void *)"EXAMPLE", identity.DomainLength = 7;
    identity.Password = (void *)password, identity.PasswordLength = strlen(password);
    identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    SECURITY_STATUS status = table->AcquireCredentialsHandleW(
        NULL, (WCHAR *)L"NTLM", use, NULL, use == SECPKG_CRED_OUTBOUND ? &identity : NULL, NULL, NULL, &side->credential, &expiry);
    CHECK(status == SEC_E_OK, "AcquireCredentialsHandle: %08lx", status);
}

static void end(struct side *side)
{
    if (side->begun) side->table->DeleteSecurityContext(&side->context);
    side->table->FreeCredentialsHandle(&side->credential);
}

static SECURITY_STATUS step(struct side *side, struct side *peer, BOOL client, BOOL protect)
{
    ULONG attributes;
    TimeStamp expiry;
    side->buffer = (SecBuffer){sizeof side->token, SECBUFFER_TOKEN, side->token};
    peer->buffer.BufferType = SECBUFFER_TOKEN;
    SecBufferDesc in = {SECBUFFER_VERSION, 1, &peer->buffer}, out = {SECBUFFER_VERSION, 1, &side->buffer};
    CtxtHandle *context = side->begun ? &side->context : NULL;
    ULONG asked = client ? ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY : ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_CONNECTION;
    if (!protect) asked = client ? 0 : ASC_REQ_CONNECTION;
    SECURITY_STATUS status;
    if (client)
        status = side->table->InitializeSecurityContextW(&side->credential, context, (WCHAR *)L"HTTP/localhost", asked, 0,
            SECURITY_NATIVE_DREP, context ? &in : NULL, 0, &side->context, &out, &attributes, &expiry);
    else
        status = side->table->AcceptSecurityContext(
            &side->credential, context, &in, asked, SECURITY_NATIVE_DREP, &side->context, &out, &attributes, &expiry);
    if (status >= 0) side->begun = TRUE;
    return status;
}

/* The server's answer to the client's last token. */
static SECURITY_STATUS exchange(struct side *client, struct side *server, BOOL protect)
{
    SECURITY_STATUS status = step(client, server, TRUE, protect);
    CHECK(status == SEC_I_CONTINUE_NEEDED, "NEGOTIATE_MESSAGE: %08lx", status);
    status = step(server, client, FALSE, protect);
    CHECK(status == SEC_I_CONTINUE_NEEDED, "CHALLENGE_MESSAGE: %08lx", status);
    status = step(client, server, TRUE, protect);
    CHECK(status == SEC_E_OK, "AUTHENTICATE_MESSAGE: %08lx", status);
    return step(server, client, FALSE, protect);
}

/* Messages from one side to the other: sealed, signed, and a signed one that is changed. */
static void messages(struct side *from, struct side *to, const char *name)
{
    static const char plain[] = "a message that is protected";
    for (int i = 0; i < 3; i++) {
        char text[sizeof plain], token[16];
        memcpy(text, plain, sizeof text);
        SecBuffer buffers[2] = {{sizeof token, SECBUFFER_TOKEN, token}, {sizeof text, SECBUFFER_DATA, text}};
        SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
        ULONG qop;
        SECURITY_STATUS status = from->table->EncryptMessage(&from->context, 0, &message, 0);
        CHECK(status == SEC_E_OK, "%s: EncryptMessage: %08lx", name, status);
        CHECK(memcmp(text, plain, sizeof text), "%s: EncryptMessage does not encrypt", name);
        status = to->table->DecryptMessage(&to->context, &message, 0, &qop);
        CHECK(status == SEC_E_OK && !memcmp(text, plain, sizeof text), "%s: DecryptMessage: %08lx", name, status);
        memcpy(text, plain, sizeof text);
        status = from->table->MakeSignature(&from->context, 0, &message, 0);
        CHECK(status == SEC_E_OK, "%s: MakeSignature: %08lx", name, status);
        if (i == 2) text[3] ^= 1;
        status = to->table->VerifySignature(&to->context, &message, 0, &qop);
        CHECK(status == (i == 2 ? SEC_E_MESSAGE_ALTERED : SEC_E_OK), "%s: VerifySignature: %08lx", name, status);
    }
}

static void conversation(SecurityFunctionTableW *of_client, SecurityFunctionTableW *of_server, BOOL protect, const char *name)
{
    struct side client, server;
    static const struct { const char *user, *password; SECURITY_STATUS status; } logons[] = {
        {"alice", "Passw0rd!", SEC_E_OK}, {"alice", "wrong", SEC_E_LOGON_DENIED}, {"nobody", "Passw0rd!", SEC_E_LOGON_DENIED}};
    for (int i = 0; i < 3; i++) {
        begin(&client, of_client, SECPKG_CRED_OUTBOUND, logons[i].user, logons[i].password);
        begin(&server, of_server, SECPKG_CRED_INBOUND, "", "");
        SECURITY_STATUS status = exchange(&client, &server, protect);
        CHECK(status == logons[i].status, "%s: %s: %08lx", name, logons[i].user, status);
        if (status == SEC_E_OK && protect) {
            char there[64], back[64];
            snprintf(there, sizeof there, "%s: client to server", name);
            snprintf(back, sizeof back, "%s: server to client", name);
            messages(&client, &server, there);
            messages(&server, &client, back);
        }
        end(&client), end(&server);
    }
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    builtin = InitSecurityInterfaceW();
    HMODULE library = LoadLibraryA("negossp.dll");
    INIT_SECURITY_INTERFACE_W init = library ? (void *)GetProcAddress(library, "InitSecurityInterfaceW") : NULL;
    ours = init ? init() : NULL;
    if (!builtin || !ours || builtin->AcceptSecurityContext == ours->AcceptSecurityContext) {
        printf("FAIL no two libraries\n0 passed, 1 failed, 0 skipped\n");
        return 1;
    }
    /* As a server Wine 8 and 10 make no keys for extended session security (dlls/msv1_0/main.c, ntlm_SpAcceptLsaModeContext),
       with Samba's ntlm_auth neither. A later Wine does: argument "server-seals". */
    BOOL seals = argc > 1 && !strcmp(argv[1], "server-seals");
    conversation(builtin, builtin, FALSE, "Wine with itself");
    conversation(builtin, ours, FALSE, "Wine as client");
    conversation(ours, builtin, FALSE, "Wine as server");
    conversation(builtin, ours, TRUE, "Wine as client, sealing");
    if (seals) {
        conversation(builtin, builtin, TRUE, "Wine with itself, sealing");
        conversation(ours, builtin, TRUE, "Wine as server, sealing");
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
