/* What is added to credentials and contexts, and removed from packages: AddCredentials, the callback for a program's own
 * accounts, AddSecurityPackage and DeleteSecurityPackage, ChangeAccountPassword; attributes of credentials. */
#include "conversation.h"
#include "groups.h"
#include "platform.h"
#include "winpr.h"

#include <stdio.h>
#include <stdlib.h>

/* The legs of an NTLM logon by a client with these terms, from the server's side; returns the last status. */
static SECURITY_STATUS logs_on(struct conversation *c) {
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    for (int legs = 0; legs < 6 && status == SEC_I_CONTINUE_NEEDED; legs++) {
        SECURITY_STATUS client = client_leg(c);
        if (client != SEC_E_OK && client != SEC_I_CONTINUE_NEEDED) return client;
        if (c->client.sent.length == 0) break;
        status = server_leg(c);
        if (client == SEC_E_OK && status == SEC_E_OK) break;
    }
    return status;
}

/* ---- AddCredentials ---- */

static SECURITY_STATUS add(CredHandle *credential, SEC_WCHAR *package, ULONG use, void *identity) {
    return W->AddCredentialsW(credential, NULL, package, use, identity, NULL, NULL, NULL);
}

static void one_more_account(void) {
    struct terms terms = {.user = u"carol", .domain = DOMAIN, .password = u"another"};
    struct conversation c;
    REQUIRE(conversation_open(&c, &terms));
    /* Her account is unknown until it is added. */
    CHECK_STATUS(logs_on(&c), SEC_E_LOGON_DENIED);
    conversation_close(&c);
    REQUIRE(conversation_open(&c, &terms));
    SEC_WINNT_AUTH_IDENTITY_W carol = identity_w(u"carol", DOMAIN, u"another");
    TimeStamp expiry;
    memset(&expiry, 0, sizeof expiry);
    CHECK_STATUS(W->AddCredentialsW(&c.server.credential, NULL, u"NTLM", SECPKG_CRED_INBOUND, &carol, NULL, NULL, &expiry), SEC_E_OK);
    CHECK(expiry.HighPart == 0x7fffff36 && expiry.LowPart == 0xd5969fff);
    CHECK_STATUS(logs_on(&c), SEC_E_OK);
    conversation_close(&c);
    /* Other credentials do not have it. */
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(logs_on(&c), SEC_E_LOGON_DENIED);
    conversation_close(&c);
}

static void an_account_added_again_has_the_new_password_only(void) {
    struct terms terms = {.user = u"carol", .domain = DOMAIN, .password = u"first"};
    struct conversation c;
    SEC_WINNT_AUTH_IDENTITY_W first = identity_w(u"carol", DOMAIN, u"first"), second = identity_w(u"CAROL", DOMAIN, u"second");
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(add(&c.server.credential, u"Negotiate", SECPKG_CRED_INBOUND, &first), SEC_E_OK);
    CHECK_STATUS(add(&c.server.credential, u"negotiate", SECPKG_CRED_INBOUND, &second), SEC_E_OK);
    CHECK_STATUS(logs_on(&c), SEC_E_LOGON_DENIED);
    conversation_close(&c);
    terms.password = u"second";
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(add(&c.server.credential, u"Negotiate", SECPKG_CRED_INBOUND, &first), SEC_E_OK);
    CHECK_STATUS(add(&c.server.credential, u"Negotiate", SECPKG_CRED_INBOUND, &second), SEC_E_OK);
    CHECK_STATUS(logs_on(&c), SEC_E_OK);
    conversation_close(&c);
}

static void a_client_becomes_somebody(void) {
    struct terms terms = {.user = u"nobody", .domain = DOMAIN, .password = u"wrong"};
    struct conversation c;
    REQUIRE(conversation_open(&c, &terms));
    SEC_WINNT_AUTH_IDENTITY_W alice = identity_w(USER, DOMAIN, PASSWORD);
    CHECK_STATUS(add(&c.client.credential, u"NTLM", SECPKG_CRED_OUTBOUND, &alice), SEC_E_OK);
    CHECK_STATUS(logs_on(&c), SEC_E_OK);
    conversation_close(&c);
}

static void what_cannot_be_added(void) {
    CredHandle credential, zero = {0, 0};
    SEC_WINNT_AUTH_IDENTITY_W alice = identity_w(USER, DOMAIN, PASSWORD);
    CHECK_STATUS(add(&zero, u"NTLM", SECPKG_CRED_INBOUND, &alice), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(add(NULL, u"NTLM", SECPKG_CRED_INBOUND, &alice), SEC_E_INVALID_HANDLE);
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL), SEC_E_OK);
    CHECK_STATUS(add(&credential, u"Negotiate", SECPKG_CRED_INBOUND, &alice), SEC_E_SECPKG_NOT_FOUND);
    CHECK_STATUS(add(&credential, u"no such", SECPKG_CRED_INBOUND, &alice), SEC_E_SECPKG_NOT_FOUND);
    CHECK_STATUS(add(&credential, NULL, SECPKG_CRED_INBOUND, &alice), SEC_E_SECPKG_NOT_FOUND);
    CHECK_STATUS(add(&credential, u"NTLM", 0, &alice), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(add(&credential, u"NTLM", SECPKG_CRED_OUTBOUND, &alice), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(add(&credential, u"NTLM", SECPKG_CRED_INBOUND, NULL), SEC_E_OK);
    CHECK_STATUS(A->AddCredentialsA(&credential, NULL, "NTLM", SECPKG_CRED_INBOUND, &alice, NULL, NULL, NULL), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    CHECK_STATUS(add(&credential, u"NTLM", SECPKG_CRED_INBOUND, &alice), SEC_E_INVALID_HANDLE);
}

/* ---- the callback ---- */

#define HASH_CB 1108
#define HASH_CB_DATA 1109

/* NTOWFv2 of the examples in [MS-NLMP] 4.2.4.1.1: "User" in "Domain" with the password "Password". */
static const unsigned char NTOWF_V2[16] = {0x0c, 0x86, 0x8a, 0x40, 0x3b, 0xfd, 0x7a, 0x93,
                                           0xa3, 0x00, 0x1e, 0xf2, 0x2e, 0xf0, 0x2e, 0x3f};

struct asked {
    unsigned times;
    bool right;
    unsigned char hash[16];
    SECURITY_STATUS answer;
};

static SECURITY_STATUS knows_user(void *client, const SEC_WINNT_AUTH_IDENTITY_W *identity, const SecBuffer *proof_value,
                                  const uint8_t *key, const uint8_t *mic, const SecBuffer *mic_value, uint8_t *hash) {
    struct asked *asked = client;
    asked->times++;
    asked->right = identity->UserLength == 4 && memcmp(identity->User, u"User", 8) == 0 && identity->DomainLength == 6 &&
                   memcmp(identity->Domain, u"Domain", 12) == 0 && identity->Flags == SEC_WINNT_AUTH_IDENTITY_UNICODE &&
                   !identity->Password && proof_value->cbBuffer > 8 + 28 && proof_value->pvBuffer && key && mic &&
                   mic_value->cbBuffer > 3 * 32 && memcmp(mic_value->pvBuffer, "NTLMSSP", 8) == 0;
    memcpy(hash, asked->hash, 16);
    return asked->answer;
}

/* What the account is called: proposed in lower case, in the machine's domain; the program says otherwise. */
#define ACCOUNT_NAME_CB 0x4e530010

static SECURITY_STATUS calls_it_user(void *client, const SEC_WINNT_AUTH_IDENTITY_W *identity, SEC_WCHAR *domain, SEC_WCHAR *user) {
    (void)client;
    CHECK(identity->UserLength == 4 && memcmp(user, u"user", 10) == 0 && domain[0] != 0 && memcmp(domain, u"Domain", 14) != 0);
    memcpy(domain, u"Domain", 14);
    memcpy(user, u"User", 10);
    return SEC_E_OK;
}

static SECURITY_STATUS knows_nobody(void *client, const SEC_WINNT_AUTH_IDENTITY_W *identity, SEC_WCHAR *domain, SEC_WCHAR *user) {
    (void)client, (void)identity, (void)domain, (void)user;
    return SEC_E_NO_CREDENTIALS;
}

static const struct terms AS_USER = {.user = u"User", .domain = u"Domain", .password = u"Password"};

static SECURITY_STATUS set_on_credentials(CredHandle *credential, struct asked *asked) {
    SECURITY_STATUS status = W->SetCredentialsAttributesW(credential, HASH_CB, (void *)(uintptr_t)knows_user, 0);
    return status != SEC_E_OK ? status : W->SetCredentialsAttributesW(credential, HASH_CB_DATA, asked, 0);
}

static void a_program_s_own_accounts(void) {
    struct asked asked = {.answer = SEC_E_OK};
    memcpy(asked.hash, NTOWF_V2, 16);
    struct conversation c;
    REQUIRE(conversation_open(&c, &AS_USER));
    CHECK_STATUS(set_on_credentials(&c.server.credential, &asked), SEC_E_OK);
    CHECK_STATUS(logs_on(&c), SEC_E_OK);
    CHECK_EQUAL(asked.times, 1);
    CHECK(asked.right);
    conversation_close(&c);
    REQUIRE(conversation_open(&c, &AS_USER));
    CHECK_STATUS(set_on_credentials(&c.server.credential, &asked), SEC_E_OK);
    CHECK_STATUS(W->SetCredentialsAttributesW(&c.server.credential, ACCOUNT_NAME_CB, (void *)(uintptr_t)knows_nobody, 0), SEC_E_OK);
    CHECK_STATUS(logs_on(&c), SEC_E_LOGON_DENIED);
    CHECK_EQUAL(asked.times, 1);
    conversation_close(&c);
    REQUIRE(conversation_open(&c, &AS_USER));
    CHECK_STATUS(set_on_credentials(&c.server.credential, &asked), SEC_E_OK);
    CHECK_STATUS(W->SetCredentialsAttributesW(&c.server.credential, ACCOUNT_NAME_CB, (void *)(uintptr_t)calls_it_user, 0), SEC_E_OK);
    CHECK_STATUS(logs_on(&c), SEC_E_OK);
    CHECK_EQUAL(asked.times, 2);
    SecPkgContext_NamesW names = {NULL};
    if (CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK)) {
        CHECK(equal_wa(names.sUserName, "Domain\\User"));
        W->FreeContextBuffer(names.sUserName);
    }
    conversation_close(&c);
    /* Accounts of the account file still work. */
    REQUIRE(conversation_open(&c, NULL));
    asked.answer = SEC_E_NO_CREDENTIALS;
    CHECK_STATUS(set_on_credentials(&c.server.credential, &asked), SEC_E_OK);
    CHECK_STATUS(logs_on(&c), SEC_E_OK);
    CHECK_EQUAL(asked.times, 3);
    conversation_close(&c);
}

static void a_program_that_does_not_know(void) {
    static const struct {
        SECURITY_STATUS answer;
        unsigned char first;
    } answers[] = {{SEC_E_NO_CREDENTIALS, 0x0c}, {SEC_E_INTERNAL_ERROR, 0x0c}, {-1, 0x0c}, {SEC_E_OK, 0x0d}};
    for (size_t n = 0; n < sizeof answers / sizeof *answers; n++) {
        struct asked asked = {.answer = answers[n].answer};
        memcpy(asked.hash, NTOWF_V2, 16);
        asked.hash[0] = answers[n].first;
        struct conversation c;
        REQUIRE(conversation_open(&c, &AS_USER));
        CHECK_STATUS(set_on_credentials(&c.server.credential, &asked), SEC_E_OK);
        CHECK_STATUS(logs_on(&c), SEC_E_LOGON_DENIED);
        CHECK_EQUAL(asked.times, 1);
        conversation_close(&c);
    }
    /* Zeros would be a key that anyone can compute: a callback that returns success and leaves them has not answered. */
    struct asked zeros = {.answer = SEC_E_OK};
    struct conversation c;
    REQUIRE(conversation_open(&c, &AS_USER));
    CHECK_STATUS(set_on_credentials(&c.server.credential, &zeros), SEC_E_OK);
    CHECK_STATUS(logs_on(&c), SEC_E_LOGON_DENIED);
    conversation_close(&c);
}

static void one_context_s_callback(void) {
    struct asked asked = {.answer = SEC_E_OK};
    memcpy(asked.hash, NTOWF_V2, 16);
    struct conversation c;
    REQUIRE(conversation_open(&c, &AS_USER));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(W->SetContextAttributesW(&c.server.context, HASH_CB, (void *)(uintptr_t)knows_user, 0), SEC_E_OK);
    CHECK_STATUS(A->SetContextAttributesA(&c.server.context, HASH_CB_DATA, &asked, 0), SEC_E_OK);
    CHECK_STATUS(W->SetContextAttributesW(&c.server.context, 4711, &asked, 0), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK_STATUS(W->SetContextAttributesW(&c.client.context, HASH_CB, (void *)(uintptr_t)knows_user, 0), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK_STATUS(logs_on(&c), SEC_E_OK);
    CHECK_EQUAL(asked.times, 1);
    /* Too late. */
    CHECK_STATUS(W->SetContextAttributesW(&c.server.context, HASH_CB, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK_STATUS(W->SetCredentialsAttributesW(&c.client.credential, HASH_CB, NULL, 0), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(W->SetCredentialsAttributesW(&c.server.credential, 4711, NULL, 0), SEC_E_UNSUPPORTED_FUNCTION);
    CtxtHandle zero = {0, 0};
    CHECK_STATUS(W->SetContextAttributesW(&zero, HASH_CB, NULL, 0), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->SetCredentialsAttributesW(&zero, HASH_CB, NULL, 0), SEC_E_INVALID_HANDLE);
    conversation_close(&c);
}

/* A callback that uses the context for which it was called: rejected, without a deadlock. */
static CtxtHandle *inner;
static SECURITY_STATUS inner_accept, inner_query, inner_sign;

static SECURITY_STATUS comes_back(void *client, const SEC_WINNT_AUTH_IDENTITY_W *identity, const SecBuffer *proof_value,
                                  const uint8_t *key, const uint8_t *mic, const SecBuffer *mic_value, uint8_t *hash) {
    SecBuffer buffer = {8, SECBUFFER_TOKEN, "NTLMSSP"}, out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &buffer}, out_desc = {SECBUFFER_VERSION, 1, &out};
    SecPkgContext_Sizes sizes;
    ULONG attributes;
    inner_accept = W->AcceptSecurityContext(NULL, inner, &in_desc, 0, 0, inner, &out_desc, &attributes, NULL);
    inner_query = W->QueryContextAttributesW(inner, SECPKG_ATTR_SIZES, &sizes);
    inner_sign = W->MakeSignature(inner, 0, &in_desc, 0);
    return knows_user(client, identity, proof_value, key, mic, mic_value, hash);
}

static void a_callback_that_comes_back(void) {
    struct asked asked = {.answer = SEC_E_OK};
    memcpy(asked.hash, NTOWF_V2, 16);
    struct conversation c;
    REQUIRE(conversation_open(&c, &AS_USER));
    inner = &c.server.context;
    CHECK_STATUS(W->SetCredentialsAttributesW(&c.server.credential, HASH_CB, (void *)(uintptr_t)comes_back, 0), SEC_E_OK);
    CHECK_STATUS(W->SetCredentialsAttributesW(&c.server.credential, HASH_CB_DATA, &asked, 0), SEC_E_OK);
    CHECK_STATUS(logs_on(&c), SEC_E_OK);
    CHECK_EQUAL(asked.times, 1);
    CHECK_STATUS(inner_accept, SEC_E_INVALID_HANDLE);
    CHECK_STATUS(inner_query, SEC_E_INVALID_HANDLE);
    CHECK_STATUS(inner_sign, SEC_E_INVALID_HANDLE);
    conversation_close(&c);
}

/* ---- packages that are added and deleted ---- */

typedef SECURITY_STATUS(WINAPI *delete_fn)(SEC_WCHAR *);
typedef SECURITY_STATUS(WINAPI *add_fn)(SEC_WCHAR *, void *);

static void a_package_is_taken_from_negotiate(void) {
    delete_fn take = (delete_fn)(uintptr_t)find_export("DeleteSecurityPackageW");
    add_fn give = (add_fn)(uintptr_t)find_export("AddSecurityPackageW");
    REQUIRE(take && give);
    struct conversation before, after;
    REQUIRE(conversation_open(&before, NULL));
    CHECK_STATUS(take(u"ntlm"), SEC_E_OK);
    CHECK_STATUS(take(u"NTLM"), SEC_E_SECPKG_NOT_FOUND);
    /* Credentials acquired before still work with it. */
    CHECK_STATUS(logs_on(&before), SEC_E_OK);
    conversation_close(&before);
    memset(&after, 0, sizeof after);
    after.server.has_credential =
        CHECK_STATUS(W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                                  &after.server.credential, NULL), SEC_E_OK);
    CHECK_STATUS(server_leg_with(&after, "", 0), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    conversation_close(&after);
    CHECK_STATUS(give(u"NTLM", NULL), SEC_E_OK);
    REQUIRE(conversation_open(&after, NULL));
    CHECK_STATUS(logs_on(&after), SEC_E_OK);
    conversation_close(&after);
    CHECK_STATUS(take(u"Negotiate"), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK_STATUS(take(NULL), SEC_E_SECPKG_NOT_FOUND);
    CHECK_STATUS(take(u"no such"), SEC_E_SECPKG_NOT_FOUND);
    CHECK_STATUS(give(u"no such", NULL), SEC_E_SECPKG_NOT_FOUND);
}

/* ---- passwords ---- */

static SECURITY_STATUS change(SEC_WCHAR *package, SEC_WCHAR *user, SEC_WCHAR *old, SEC_WCHAR *new) {
    SecBuffer response = {4, SECBUFFER_CHANGE_PASS_RESPONSE, "abc"};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &response};
    SECURITY_STATUS status = W->ChangeAccountPasswordW(package, DOMAIN, user, old, new, 0, 0, &output);
    if (status == SEC_E_OK) CHECK_EQUAL(response.cbBuffer, 0);
    return status;
}

static SECURITY_STATUS logon(SEC_WCHAR *user, SEC_WCHAR *password) {
    struct terms terms = {.user = user, .domain = DOMAIN, .password = password};
    struct conversation c;
    if (!conversation_open(&c, &terms)) return -1;
    SECURITY_STATUS status = logs_on(&c);
    conversation_close(&c);
    return status;
}

static void a_password_is_changed(void) {
    CHECK_STATUS(change(u"NTLM", u"mutable", u"old one", u"new one"), SEC_E_OK);
    /* The file is checked once in a second. */
    SECURITY_STATUS status = SEC_E_LOGON_DENIED;
    for (int n = 0; n < 100 && status == SEC_E_LOGON_DENIED; n++) {
        sleep_milliseconds(100);
        status = logon(u"mutable", u"new one");
    }
    CHECK_STATUS(status, SEC_E_OK);
    CHECK_STATUS(logon(u"mutable", u"old one"), SEC_E_LOGON_DENIED);
    CHECK_STATUS(change(u"Negotiate", u"MUTABLE", u"old one", u"x"), SEC_E_LOGON_DENIED);
    CHECK_STATUS(A->ChangeAccountPasswordA("NTLM", "EXAMPLE", "mutable", "new one", "old one", 0, 0, NULL), SEC_E_OK);
}

static void passwords_that_stay(void) {
    CHECK_STATUS(change(u"NTLM", USER, u"not hers", u"x"), SEC_E_LOGON_DENIED);
    CHECK_STATUS(change(u"NTLM", u"no such user", u"x", u"y"), SEC_E_LOGON_DENIED);
    CHECK_STATUS(change(u"NTLM", u"", u"", u"y"), SEC_E_LOGON_DENIED);
    CHECK_STATUS(change(u"no such", USER, PASSWORD, u"x"), SEC_E_SECPKG_NOT_FOUND);
    CHECK_STATUS(change(NULL, USER, PASSWORD, u"x"), SEC_E_SECPKG_NOT_FOUND);
    CHECK_STATUS(change(u"NTLM", USER, PASSWORD, u""), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(change(u"NTLM", NULL, PASSWORD, u"x"), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(change(u"NTLM", USER, NULL, u"x"), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(change(u"NTLM", USER, PASSWORD, NULL), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(logon(USER, PASSWORD), SEC_E_OK);
}

/* ---- attributes of credentials ---- */

static void attributes_of_credentials(void) {
    CredHandle credential;
    SEC_WINNT_AUTH_IDENTITY_W alice = identity_w(USER, DOMAIN, PASSWORD);
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, &alice, NULL, NULL, &credential, NULL), SEC_E_OK);
    struct {
        ULONG version, flags;
        USHORT rest[4];
    } proxy;
    memset(&proxy, 0xff, sizeof proxy);
    CHECK_STATUS(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, &proxy), SEC_E_OK);
    CHECK(proxy.version == 1 && proxy.flags == 0 && proxy.rest[0] == 0 && proxy.rest[3] == 0);
    unsigned char other[64];
    CHECK_STATUS(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_SSI_PROVIDER, other), SEC_E_NO_CREDENTIALS);
    CHECK_STATUS(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_CERT, other), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK_STATUS(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_PAC_BYPASS, other), SEC_E_UNSUPPORTED_FUNCTION);
    typedef SECURITY_STATUS(WINAPI * query_ex_fn)(PCredHandle, ULONG, void *, ULONG);
    query_ex_fn query_w = (query_ex_fn)(uintptr_t)find_export("QueryCredentialsAttributesExW");
    query_ex_fn query_a = (query_ex_fn)(uintptr_t)find_export("QueryCredentialsAttributesExA");
    REQUIRE(query_w && query_a);
    SecPkgCredentials_NamesW names = {NULL};
    CHECK_STATUS(query_w(&credential, SECPKG_CRED_ATTR_NAMES, &names, sizeof names - 1), SEC_E_BUFFER_TOO_SMALL);
    CHECK(names.sUserName == NULL);
    if (CHECK_STATUS(query_w(&credential, SECPKG_CRED_ATTR_NAMES, &names, sizeof names), SEC_E_OK)) {
        CHECK(equal_wa(names.sUserName, "EXAMPLE\\alice"));
        W->FreeContextBuffer(names.sUserName);
    }
    SecPkgCredentials_NamesA names_a = {NULL};
    if (CHECK_STATUS(query_a(&credential, SECPKG_CRED_ATTR_NAMES, &names_a, sizeof names_a), SEC_E_OK)) {
        CHECK(strcmp(names_a.sUserName, "EXAMPLE\\alice") == 0);
        A->FreeContextBuffer(names_a.sUserName);
    }
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

#ifndef _WIN32
/* ---- WinPR's settings behind an identity, as FreeRDP 3's servers pass them ---- */

static SECURITY_STATUS acquire_with(CredHandle *credential, ULONG use, void *identity) {
    return W->AcquireCredentialsHandleW(NULL, u"NTLM", use, NULL, identity, NULL, NULL, credential, NULL);
}

static void write_sam_file(const char *content) {
    FILE *file = fopen("winpr.sam", "w");
    REQUIRE(file && fputs(content, file) >= 0);
    fclose(file);
}

static void logs_on_with(const struct terms *terms, void *identity, SEC_WCHAR *password, SECURITY_STATUS expected) {
    struct terms own = *terms;
    own.server_identity = identity;
    own.password = password;
    struct conversation c;
    REQUIRE(conversation_open(&c, &own));
    CHECK_STATUS(logs_on(&c), expected);
    conversation_close(&c);
}

/* The password's NTOWFv1 is of [MS-NLMP] 4.2.2.1.2. */
#define SAM_LINE "User:Domain:e52cac67419a9a224a3b108f3fa6cb6d:a4f49c406510bdcab6824ee7c30fd852:::\n"

static void winpr_s_sam_file(void) {
    struct winpr_ntlm ntlm = {.sam_file = "winpr.sam"};
    struct winpr_identity first = {WINPR_IDENTITY(WINPR_EXTENDED), &ntlm, NULL};
    struct winpr_ntlm_v2 ntlm_v2 = {.size = sizeof ntlm_v2, .sam_file = "winpr.sam"};
    struct winpr_identity_v2 second = {WINPR_IDENTITY(WINPR_EXTENDED_V2), 1, &ntlm_v2, NULL};
    void *const identities[] = {&first, &second};
    for (size_t n = 0; n < 2; n++) {
        write_sam_file("# a comment\nno account\n" SAM_LINE);
        logs_on_with(&AS_USER, identities[n], u"Password", SEC_E_OK);
        logs_on_with(&AS_USER, identities[n], u"password", SEC_E_LOGON_DENIED);
        struct terms nobody = {.user = u"nobody", .domain = u"Domain"};
        logs_on_with(&nobody, identities[n], u"Password", SEC_E_LOGON_DENIED);
        /* Without a domain it is of any. */
        write_sam_file("User:::A4F49C406510BDCAB6824EE7C30FD852:::");
        logs_on_with(&AS_USER, identities[n], u"Password", SEC_E_OK);
        /* Without a password nobody logs on. */
        write_sam_file("User:Domain:aad3b435b51404eeaad3b435b51404ee:31d6cfe0d16ae931b73c59d7e0c089c0:::\n");
        logs_on_with(&AS_USER, identities[n], u"", SEC_E_LOGON_DENIED);
        /* A file that cannot be used must not leave the clients to others' accounts. */
        CredHandle credential;
        write_sam_file("User:Domain:a4f4\n");
        CHECK_STATUS(acquire_with(&credential, SECPKG_CRED_INBOUND, identities[n]), SEC_E_UNKNOWN_CREDENTIALS);
        remove("winpr.sam");
        CHECK_STATUS(acquire_with(&credential, SECPKG_CRED_INBOUND, identities[n]), SEC_E_UNKNOWN_CREDENTIALS);
    }
}

static void winpr_s_hash_callback(void) {
    struct asked asked = {.answer = SEC_E_OK};
    memcpy(asked.hash, NTOWF_V2, 16);
    /* With a callback WinPR does not look into the file. */
    struct winpr_ntlm ntlm = {"absent.sam", knows_user, &asked};
    struct winpr_identity first = {WINPR_IDENTITY(WINPR_EXTENDED), &ntlm, NULL};
    struct winpr_ntlm_v2 ntlm_v2 = {.size = sizeof ntlm_v2, .sam_file = "absent.sam", .callback = knows_user, .argument = &asked};
    struct winpr_identity_v2 second = {WINPR_IDENTITY(WINPR_EXTENDED_V2), 1, &ntlm_v2, NULL};
    logs_on_with(&AS_USER, &first, u"Password", SEC_E_OK);
    CHECK(asked.times == 1 && asked.right);
    logs_on_with(&AS_USER, &second, u"Password", SEC_E_OK);
    CHECK_EQUAL(asked.times, 2);
    logs_on_with(&AS_USER, &second, u"password", SEC_E_LOGON_DENIED);
    asked.answer = SEC_E_NO_CREDENTIALS;
    logs_on_with(&AS_USER, &first, u"Password", SEC_E_LOGON_DENIED);
    CHECK_EQUAL(asked.times, 4);
    /* An account of an added identity. */
    asked.answer = SEC_E_OK;
    CredHandle credential;
    REQUIRE_STATUS(acquire_with(&credential, SECPKG_CRED_INBOUND, NULL), SEC_E_OK);
    CHECK_STATUS(add(&credential, u"NTLM", SECPKG_CRED_INBOUND, (void *)&first), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void winpr_s_settings_that_are_none(void) {
    struct winpr_identity first = {WINPR_IDENTITY(WINPR_EXTENDED), NULL, NULL};
    struct winpr_ntlm_v2 ntlm_v2 = {.size = offsetof(struct winpr_ntlm_v2, sam_file), .sam_file = "absent.sam"};
    struct winpr_identity_v2 second = {WINPR_IDENTITY(WINPR_EXTENDED_V2), 1, &ntlm_v2, NULL};
    logs_on_with(&AS_USER, &first, u"Password", SEC_E_LOGON_DENIED);
    /* The size says that the structure ends before its second member. */
    logs_on_with(&AS_USER, &second, u"Password", SEC_E_LOGON_DENIED);
    CredHandle credential;
    second.version = 0;
    CHECK_STATUS(acquire_with(&credential, SECPKG_CRED_INBOUND, &second), SEC_E_UNKNOWN_CREDENTIALS);
    first.ntlm = (void *)(uintptr_t)44;
    CHECK_STATUS(acquire_with(&credential, SECPKG_CRED_INBOUND, &first), SEC_E_UNKNOWN_CREDENTIALS);
    first.ntlm = NULL, first.kerberos = (void *)(uintptr_t)44;
    CHECK_STATUS(acquire_with(&credential, SECPKG_CRED_INBOUND, &first), SEC_E_UNKNOWN_CREDENTIALS);
    /* A client's are not read, nor is anything behind the plain form. */
    struct winpr_ntlm ntlm = {.sam_file = "absent.sam"};
    first.ntlm = &ntlm, first.kerberos = NULL;
    first.identity.User = u"alice", first.identity.UserLength = 5;
    CHECK_STATUS(acquire_with(&credential, SECPKG_CRED_OUTBOUND, &first), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    SEC_WINNT_AUTH_IDENTITY_W plain = {.User = u"alice", .UserLength = 5,
                                       .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | WINPR_EXTENDED};
    CHECK_STATUS(acquire_with(&credential, SECPKG_CRED_INBOUND, &plain), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}
#endif

const struct test additions_tests[] = {
    TEST(one_more_account),
    TEST(an_account_added_again_has_the_new_password_only),
    TEST(a_client_becomes_somebody),
    TEST(what_cannot_be_added),
    TEST(a_program_s_own_accounts),
    TEST(a_program_that_does_not_know),
    TEST(one_context_s_callback),
    TEST(a_callback_that_comes_back),
    TEST(a_package_is_taken_from_negotiate),
    TEST(a_password_is_changed),
    TEST(passwords_that_stay),
    TEST(attributes_of_credentials),
#ifndef _WIN32
    TEST(winpr_s_sam_file),
    TEST(winpr_s_hash_callback),
    TEST(winpr_s_settings_that_are_none),
#endif
    END_OF_TESTS,
};
