/* Credentials of a Kerberos service: keytabs and passwords passed to AcquireCredentialsHandle. Whether they yield keys is
 * visible in what Negotiate offers to a client that has not sent a token yet. */
#include "block.h"
#include "conversation.h"
#include "groups.h"
#include "winpr.h"

#include <stdio.h>

/* A keytab with one key: kvno 1, aes256-cts-hmac-sha1-96, HTTP/web1.example.test@EXAMPLE.TEST. */
static const unsigned char keytab[] =
    "\x05\x02\0\0\0\x5a\0\x02\0\x0c" "EXAMPLE.TEST" "\0\x04" "HTTP" "\0\x11" "web1.example.test"
    "\0\0\0\x01\0\0\0\0\x01\0\x12\0\x20" "0123456789abcdef0123456789abcdef" "\0\0\0\x01";
#define KEYTAB_LENGTH (sizeof keytab - 1)

static struct block with_keytab(const SEC_WCHAR *list) {
    return block_of(NULL, list, &SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, keytab, KEYTAB_LENGTH);
}

static SECURITY_STATUS acquire(SEC_WCHAR *principal, SEC_WCHAR *package, void *identity, CredHandle *credential) {
    return W->AcquireCredentialsHandleW(principal, package, SECPKG_CRED_INBOUND, NULL, identity, NULL, NULL, credential, NULL);
}

static bool holds(const struct bytes *token, const char *part, size_t length) {
    for (size_t at = 0; at + length <= token->length; at++) {
        if (memcmp(token->data + at, part, length) == 0) return true;
    }
    return false;
}

#define KERBEROS_OID "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
#define MS_KERBEROS_OID "\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"
#define NTLM_OID "\x06\x0a\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"
#define HOLDS(token, oid) holds(token, oid, sizeof oid - 1)

/* Whether Negotiate with these credentials offers Kerberos and NTLM. */
static void offers(const char *file, int line, SEC_WCHAR *principal, void *identity, bool kerberos, bool ntlm) {
    struct conversation c;
    memset(&c, 0, sizeof c);
    c.server.has_credential =
        check_status(file, line, "acquire", acquire(principal, u"Negotiate", identity, &c.server.credential), SEC_E_OK);
    if (!c.server.has_credential) return;
    if (kerberos || ntlm) {
        check_status(file, line, "first token", server_leg_with(&c, "", 0), SEC_I_CONTINUE_NEEDED);
        check(file, line, "krb5", HOLDS(&c.server.sent, KERBEROS_OID) == kerberos);
        check(file, line, "MS-krb5", HOLDS(&c.server.sent, MS_KERBEROS_OID) == kerberos);
        check(file, line, "NTLM", HOLDS(&c.server.sent, NTLM_OID) == ntlm);
    } else {
        check_status(file, line, "first token", server_leg_with(&c, "", 0), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    }
    conversation_close(&c);
}
#define OFFERS(principal, identity, kerberos, ntlm) offers(__FILE__, __LINE__, principal, identity, kerberos, ntlm)

static void a_keytab_in_packed_credentials(void) {
    OFFERS(NULL, NULL, false, true);
    struct block b = with_keytab(NULL);
    OFFERS(NULL, &b, true, true);
    /* The A functions take the same block, whose text is wide. */
    CredHandle credential;
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "Kerberos", SECPKG_CRED_INBOUND, NULL, &b, NULL, NULL, &credential, NULL),
                   SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    /* Wherever it lies: the lower half of a block's first words is all that tells it from an address. */
    unsigned char moved[sizeof b + 1];
    memcpy(moved + 1, &b, sizeof b);
    OFFERS(NULL, moved + 1, true, true);
}

static void its_user_is_named(void) {
    struct block b = block_of(u"HTTP/web1", NULL, &SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, keytab, KEYTAB_LENGTH);
    CredHandle credential;
    REQUIRE_STATUS(acquire(NULL, u"Kerberos", &b, &credential), SEC_E_OK);
    memset(&b, 0xff, sizeof b); /* the caller may free its copy at once */
    SecPkgCredentials_NamesW names = {NULL};
    if (CHECK_STATUS(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK)) {
        CHECK(equal_wa(names.sUserName, "HTTP/web1"));
        CHECK_STATUS(W->FreeContextBuffer(names.sUserName), SEC_E_OK);
    }
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void a_principal_restricts(void) {
    struct block b = with_keytab(NULL);
    OFFERS(u"HTTP/web1.example.test", &b, true, true);
    OFFERS(u"http/WEB1.example.test@EXAMPLE.TEST", &b, true, true);
    OFFERS(u"HTTP/web2.example.test", &b, false, true);
    OFFERS(u"Administrator", &b, false, true);
}

static void package_lists_in_the_block(void) {
    struct block b = with_keytab(u"Kerberos");
    OFFERS(NULL, &b, true, false);
    OFFERS(u"HTTP/web2.example.test", &b, false, false);
    b = with_keytab(u"!ntlm");
    OFFERS(NULL, &b, true, false);
    b = with_keytab(u"!Kerberos");
    OFFERS(NULL, &b, false, true);
    b = with_keytab(u"NTLM,Kerberos");
    OFFERS(NULL, &b, true, true);
    b = block_of(NULL, u"Kerberos", NULL, NULL, 0);
    OFFERS(NULL, &b, false, false);
}

static void a_service_s_password(void) {
    SEC_WINNT_AUTH_IDENTITY_W service = identity_w(u"HTTP/web1.example.test", u"EXAMPLE.TEST", PASSWORD);
    OFFERS(NULL, &service, true, true);
    SEC_WINNT_AUTH_IDENTITY_W computer = identity_w(u"WEB1$", u"EXAMPLE.TEST", PASSWORD);
    OFFERS(NULL, &computer, true, true);
    /* A user is an account for NTLM's clients and never a service too, whatever pszPrincipal says: anyone who knows an
     * account's password could forge tickets for any client. */
    SEC_WINNT_AUTH_IDENTITY_W user = identity_w(USER, u"EXAMPLE.TEST", PASSWORD);
    OFFERS(NULL, &user, false, true);
    OFFERS(u"HTTP/web1.example.test", &user, false, true);
    struct block b = block_of(u"HTTP/web1@EXAMPLE.TEST", NULL, &SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, PASSWORD,
                              2 * TEXT_LENGTH(PASSWORD));
    OFFERS(NULL, &b, true, true);
    /* A service cannot log on as a client. */
    struct terms terms = {.user = u"HTTP/web1.example.test", .server_identity = &service};
    struct conversation c;
    if (CHECK(conversation_until_last_leg(&c, &terms))) CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
    conversation_close(&c);
}

static void blocks_that_are_none(void) {
    static const GUID certificate = {0x235f69ad, 0x73fb, 0x4dbc, {0x82, 0x03, 0x06, 0x29, 0xe7, 0x39, 0x33, 0x9b}};
    struct block b = block_of(NULL, NULL, &certificate, keytab, KEYTAB_LENGTH);
    CredHandle credential;
    CHECK_STATUS(acquire(NULL, u"Kerberos", &b, &credential), SEC_E_UNKNOWN_CREDENTIALS);
    b = block_of(NULL, NULL, &SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, keytab, 20);
    CHECK_STATUS(acquire(NULL, u"Kerberos", &b, &credential), SEC_E_UNKNOWN_CREDENTIALS);
    b = block_of(NULL, NULL, &SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, "no keytab", 9);
    CHECK_STATUS(acquire(NULL, u"Negotiate", &b, &credential), SEC_E_UNKNOWN_CREDENTIALS);
    static const struct {
        size_t offset, length;
    } fields[] = {{offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, UserOffset), offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, UserLength)},
                  {offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, DomainOffset), offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, DomainLength)},
                  {offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, PackedCredentialsOffset),
                   offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, PackedCredentialsLength)},
                  {offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, PackageListOffset),
                   offsetof(SEC_WINNT_AUTH_IDENTITY_EX2, PackageListLength)}};
    static const ULONG offsets[] = {0, 1, 47, 300, 0x7fffffff, 0xfffffff0, 0xffffffff};
    for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
        for (size_t o = 0; o < sizeof offsets / sizeof *offsets; o++) {
            b = with_keytab(NULL);
            memcpy((char *)&b + fields[f].offset, &offsets[o], 4);
            memcpy((char *)&b + fields[f].length, "\xf0\xff", 2);
            if (!CHECK_STATUS(acquire(NULL, u"Negotiate", &b, &credential), SEC_E_UNKNOWN_CREDENTIALS)) {
                fail(__FILE__, __LINE__, "field %u, offset %#x", (unsigned)f, (unsigned)offsets[o]);
            }
        }
    }
    static const ULONG lengths[] = {0, 1, 47, 0x7fffffff, 0xffffffff};
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        b = with_keytab(NULL);
        b.identity.cbStructureLength = lengths[l];
        CHECK_STATUS(acquire(NULL, u"Negotiate", &b, &credential), SEC_E_UNKNOWN_CREDENTIALS);
    }
    b = with_keytab(NULL);
    b.identity.cbHeaderLength = 0;
    CHECK_STATUS(acquire(NULL, u"Negotiate", &b, &credential), SEC_E_UNKNOWN_CREDENTIALS);
    b = with_keytab(NULL);
    b.identity.Flags |= SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED;
    CHECK_STATUS(acquire(NULL, u"Negotiate", &b, &credential), SEC_E_UNKNOWN_CREDENTIALS);
}

/* Kerberos by itself accepts Kerberos's tokens only, and returns the status for why it cannot begin. */
static void the_package_by_itself(void) {
    struct conversation c;
    memset(&c, 0, sizeof c);
    struct block b = with_keytab(NULL);
    REQUIRE(c.server.has_credential = CHECK_STATUS(acquire(NULL, u"kerberos", &b, &c.server.credential), SEC_E_OK));
    CHECK_STATUS(server_leg_with(&c, "NTLMSSP\0\1\0\0\0\x07\x82\x08\xa2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32), SEC_E_INVALID_TOKEN);
    CHECK_EQUAL(c.server.sent.length, 0);
    CHECK_STATUS(server_leg_with(&c, "\x6e\x03\x30\x01", 4), SEC_E_INVALID_TOKEN);
    conversation_close(&c);
    CredHandle credential;
    SEC_WINNT_AUTH_IDENTITY_W user = identity_w(USER, DOMAIN, PASSWORD);
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"Kerberos", SECPKG_CRED_OUTBOUND, NULL, &user, NULL, NULL, &credential,
                                                NULL),
                   SEC_E_OK);
    memset(&c, 0, sizeof c);
    c.client.credential = credential;
    c.client.has_credential = true;
    CHECK_STATUS(client_leg(&c), SEC_E_NO_CREDENTIALS);
    conversation_close(&c);
}

/* A server with Kerberos alone sends no NTLM challenge, whatever the client sends. */
static void without_ntlm_there_is_no_challenge(void) {
    struct block b = with_keytab(u"Kerberos");
    for (int raw = 0; raw < 2; raw++) {
        struct terms terms = {.client_package = raw ? u"NTLM" : u"Negotiate"};
        struct conversation c;
        REQUIRE(conversation_open(&c, &terms));
        CHECK_STATUS(W->FreeCredentialsHandle(&c.server.credential), SEC_E_OK);
        c.server.has_credential = CHECK_STATUS(acquire(NULL, u"Negotiate", &b, &c.server.credential), SEC_E_OK);
        if (c.server.has_credential) {
            CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
            CHECK_REFUSED(server_leg(&c));
            CHECK(!holds(&c.server.sent, "NTLMSSP", 7));
        }
        conversation_close(&c);
    }
}

#ifndef _WIN32
/* FreeRDP 3's servers name a keytab in WinPR's settings behind the identity. */
static void a_keytab_in_winpr_s_settings(void) {
    FILE *file = fopen("winpr.keytab", "wb");
    REQUIRE(file && fwrite(keytab, 1, KEYTAB_LENGTH, file) == KEYTAB_LENGTH);
    fclose(file);
    struct winpr_kerberos kerberos = {.keytab = "winpr.keytab"};
    struct winpr_identity first = {WINPR_IDENTITY(WINPR_EXTENDED), NULL, &kerberos};
    struct winpr_kerberos_v2 kerberos_v2 = {sizeof kerberos_v2, .keytab = "FILE:winpr.keytab"};
    struct winpr_identity_v2 second = {WINPR_IDENTITY(WINPR_EXTENDED_V2), 1, NULL, &kerberos_v2};
    OFFERS(NULL, &first, true, true);
    OFFERS(NULL, &second, true, true);
    OFFERS(u"HTTP/web1.example.test", &first, true, true);
    OFFERS(u"HTTP/other.example.test", &first, false, true);
    /* Structures of a version that ends before the member. */
    kerberos_v2.size = (ULONG)offsetof(struct winpr_kerberos_v2, keytab);
    OFFERS(NULL, &second, false, true);
    static char *const unusable[] = {"absent.keytab", "MEMORY:keys", "config/accounts"};
    CredHandle credential;
    for (size_t n = 0; n < sizeof unusable / sizeof *unusable; n++) {
        kerberos.keytab = unusable[n];
        CHECK_STATUS(acquire(NULL, u"Negotiate", &first, &credential), SEC_E_UNKNOWN_CREDENTIALS);
    }
    remove("winpr.keytab");
}
#endif

const struct test services_tests[] = {
    TEST(a_keytab_in_packed_credentials),
    TEST(its_user_is_named),
    TEST(a_principal_restricts),
    TEST(package_lists_in_the_block),
    TEST(a_service_s_password),
    TEST(blocks_that_are_none),
    TEST(the_package_by_itself),
    TEST(without_ntlm_there_is_no_challenge),
#ifndef _WIN32
    TEST(a_keytab_in_winpr_s_settings),
#endif
    END_OF_TESTS,
};
