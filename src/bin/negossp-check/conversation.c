#include "conversation.h"
#include "report.h"

#include <string.h>

SEC_WINNT_AUTH_IDENTITY_W test_user = {.User = (unsigned short *)L"negossp-check",
                                       .UserLength = 13,
                                       .Password = (unsigned short *)L"Only for this check, 42",
                                       .PasswordLength = 23,
                                       .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};

static const ULONG asked = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT |
                           ISC_REQ_CONNECTION;

struct side {
    const struct library *library;
    CredHandle credential;
    CtxtHandle context;
    bool begun;
    SECURITY_STATUS status;
    ULONG attributes;
};

/* One call, with the other side's token in `token`, which receives this side's. */
static void step(struct side *side, bool accepts, unsigned char *token, unsigned long *length, unsigned long size) {
    static unsigned char copy[64 * 1024];
    memcpy(copy, token, *length);
    SecBuffer input = {*length, SECBUFFER_TOKEN, copy}, output = {size, SECBUFFER_TOKEN, token};
    SecBufferDesc in = {SECBUFFER_VERSION, 1, &input}, out = {SECBUFFER_VERSION, 1, &output};
    PSecurityFunctionTableW sspi = side->library->sspi;
    CtxtHandle *context = side->begun ? &side->context : NULL;
    static WCHAR target[] = L"HTTP/localhost";
    side->status = accepts ? sspi->AcceptSecurityContext(&side->credential, context, &in, asked, SECURITY_NATIVE_DREP, &side->context,
                                                         &out, &side->attributes, NULL)
                           : sspi->InitializeSecurityContextW(&side->credential, context, target, asked, 0, SECURITY_NATIVE_DREP,
                                                              side->begun ? &in : NULL, 0, &side->context, &out, &side->attributes, NULL);
    side->begun |= side->status >= 0;
    *length = side->status >= 0 ? output.cbBuffer : 0;
    report("    %s: %#010lx, %lu bytes\n", accepts ? "accept" : "initialize", (unsigned long)side->status, *length);
}

/* A sealed message from one side to the other. */
static void seal(struct side *from, struct side *to) {
    static const char text[] = "a message that only the other side can read";
    char data[sizeof text], token[256];
    SecPkgContext_Sizes sizes = {0};
    SECURITY_STATUS status = from->library->sspi->QueryContextAttributesW(&from->context, SECPKG_ATTR_SIZES, &sizes);
    memcpy(data, text, sizeof text);
    SecBuffer buffers[2] = {{sizes.cbSecurityTrailer < sizeof token ? sizes.cbSecurityTrailer : sizeof token, SECBUFFER_TOKEN, token},
                            {sizeof data, SECBUFFER_DATA, data}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SECURITY_STATUS sealed = from->library->sspi->EncryptMessage(&from->context, 0, &message, 0);
    bool hidden = memcmp(data, text, sizeof text) != 0;
    SECURITY_STATUS opened = to->library->sspi->DecryptMessage(&to->context, &message, 0, NULL);
    report("    sizes %#010lx (trailer %lu), EncryptMessage %#010lx (hidden: %d), DecryptMessage %#010lx (same: %d)\n",
           (unsigned long)status, sizes.cbSecurityTrailer, (unsigned long)sealed, hidden, (unsigned long)opened,
           memcmp(data, text, sizeof text) == 0);
}

/* Who the client is to the server, by name, by token and by impersonation. */
static void client_of(struct side *server) {
    PSecurityFunctionTableW sspi = server->library->sspi;
    SecPkgContext_NamesW names = {0};
    SECURITY_STATUS status = sspi->QueryContextAttributesW(&server->context, SECPKG_ATTR_NAMES, &names);
    report("    names %#010lx %ls\n", (unsigned long)status, names.sUserName ? names.sUserName : L"-");
    if (names.sUserName) sspi->FreeContextBuffer(names.sUserName);
    HANDLE token = NULL;
    status = sspi->QuerySecurityContextToken ? sspi->QuerySecurityContextToken(&server->context, (void **)&token) : SEC_E_UNSUPPORTED_FUNCTION;
    WCHAR user[256] = L"-", domain[256] = L"";
    union {
        TOKEN_USER user;
        char space[256];
    } information;
    DWORD length = 0, user_length = 256, domain_length = 256;
    SID_NAME_USE use;
    if (token && GetTokenInformation(token, TokenUser, &information, sizeof information, &length)) {
        LookupAccountSidW(NULL, information.user.User.Sid, user, &user_length, domain, &domain_length, &use);
    }
    report("    QuerySecurityContextToken %#010lx, its user %ls\\%ls\n", (unsigned long)status, domain, user);
    if (token) CloseHandle(token);
    SECURITY_STATUS impersonated = sspi->ImpersonateSecurityContext(&server->context);
    WCHAR name[256] = L"-";
    DWORD name_length = 256;
    if (impersonated == SEC_E_OK) GetUserNameW(name, &name_length);
    SECURITY_STATUS reverted = sspi->RevertSecurityContext(&server->context);
    report("    ImpersonateSecurityContext %#010lx, the thread's user %ls, RevertSecurityContext %#010lx\n", (unsigned long)impersonated,
           name, (unsigned long)reverted);
}

bool converse(const struct library *client_library, const struct library *server_library, const WCHAR *package,
              SEC_WINNT_AUTH_IDENTITY_W *identity) {
    static unsigned char token[64 * 1024];
    struct side client = {.library = client_library}, server = {.library = server_library};
    report("  %ls: client %s as %s, server %s\n", package, client_library->name, identity ? "the check's user" : "the user who runs this",
           server_library->name);
    if (!client_library->sspi || !server_library->sspi) {
        report("    there is no such DLL\n");
        return false;
    }
    SECURITY_STATUS outbound = client_library->sspi->AcquireCredentialsHandleW(NULL, (WCHAR *)package, SECPKG_CRED_OUTBOUND, NULL, identity,
                                                                              NULL, NULL, &client.credential, NULL);
    /* The server learns of the user by its own credentials. The system's ignores that. */
    SECURITY_STATUS inbound = server_library->sspi->AcquireCredentialsHandleW(NULL, (WCHAR *)package, SECPKG_CRED_INBOUND, NULL, &test_user,
                                                                             NULL, NULL, &server.credential, NULL);
    report("    credentials: client %#010lx, server %#010lx\n", (unsigned long)outbound, (unsigned long)inbound);
    bool done = false;
    if (outbound >= 0 && inbound >= 0) {
        unsigned long length = 0;
        server.status = SEC_I_CONTINUE_NEEDED;
        client.status = SEC_I_CONTINUE_NEEDED;
        for (int legs = 0; legs < 6 && client.status == SEC_I_CONTINUE_NEEDED; legs++) {
            step(&client, false, token, &length, sizeof token);
            if (client.status < 0 || server.status != SEC_I_CONTINUE_NEEDED || !length) break;
            step(&server, true, token, &length, sizeof token);
            if (server.status < 0) break;
        }
        done = client.status == SEC_E_OK && server.status == SEC_E_OK;
        if (done) {
            report("    attributes: client %#lx, server %#lx\n", client.attributes, server.attributes);
            seal(&client, &server);
            seal(&server, &client);
            client_of(&server);
        }
        if (client.begun) client_library->sspi->DeleteSecurityContext(&client.context);
        if (server.begun) server_library->sspi->DeleteSecurityContext(&server.context);
    }
    if (outbound >= 0) client_library->sspi->FreeCredentialsHandle(&client.credential);
    if (inbound >= 0) server_library->sspi->FreeCredentialsHandle(&server.credential);
    report("    %s\n", done ? "logged on" : "not logged on");
    return done;
}
