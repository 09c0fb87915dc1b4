/* The A functions and the W functions are equivalent: equal answers, names beyond ASCII, conversations through
 * either. */
#include "conversation.h"
#include "groups.h"

static SEC_WINNT_AUTH_IDENTITY_A identity_a(char *user, char *domain, char *password) {
    return (SEC_WINNT_AUTH_IDENTITY_A){
        .User = (unsigned char *)user,
        .UserLength = (ULONG)strlen(user),
        .Domain = (unsigned char *)domain,
        .DomainLength = (ULONG)strlen(domain),
        .Password = (unsigned char *)password,
        .PasswordLength = (ULONG)strlen(password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
}

/* A whole conversation by A functions alone. */
static void conversation_through_a(void) {
    SEC_WINNT_AUTH_IDENTITY_A user = identity_a("alice", "EXAMPLE", "Password");
    CredHandle client, server;
    CtxtHandle client_context = {0, 0}, server_context = {0, 0};
    bool client_begun = false, server_begun = false;
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &user, NULL, NULL, &client,
                                                NULL),
                   SEC_E_OK);
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &server,
                                                NULL),
                   SEC_E_OK);
    static struct bytes to_server, to_client;
    to_client.length = 0;
    ULONG attributes;
    SECURITY_STATUS status;
    for (int leg = 0; leg < 4; leg++) {
        struct bytes *from = leg % 2 ? &to_server : &to_client, *to = leg % 2 ? &to_client : &to_server;
        SecBuffer in = {from->length, SECBUFFER_TOKEN, from->data}, out = {TOKEN_MAX, SECBUFFER_TOKEN, to->data};
        SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
        if (leg % 2) {
            status = A->AcceptSecurityContext(&server, server_begun ? &server_context : NULL, &in_desc, 0, 0,
                                              &server_context, &out_desc, &attributes, NULL);
            server_begun = true;
        } else {
            status = A->InitializeSecurityContextA(&client, client_begun ? &client_context : NULL, "HTTP/server", 0, 0, 0,
                                                   client_begun ? &in_desc : NULL, 0, &client_context, &out_desc,
                                                   &attributes, NULL);
            client_begun = true;
        }
        if (!CHECK(status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED)) break;
        to->length = out.cbBuffer;
    }
    CHECK_STATUS(status, SEC_E_OK);
    SecPkgContext_NamesA names;
    if (CHECK_STATUS(A->QueryContextAttributesA(&server_context, SECPKG_ATTR_NAMES, &names), SEC_E_OK)) {
        CHECK(strcmp(names.sUserName, "EXAMPLE\\alice") == 0);
        CHECK_STATUS(A->FreeContextBuffer(names.sUserName), SEC_E_OK);
    }
    CHECK_STATUS(A->DeleteSecurityContext(&client_context), SEC_E_OK);
    CHECK_STATUS(A->DeleteSecurityContext(&server_context), SEC_E_OK);
    CHECK_STATUS(A->FreeCredentialsHandle(&client), SEC_E_OK);
    CHECK_STATUS(A->FreeCredentialsHandle(&server), SEC_E_OK);
}

/* Names and passwords beyond ASCII, and beyond the basic plane. */
static void names_beyond_ascii(void) {
    static const struct terms users[] = {
        {.user = u"Zoë", .password = u"Пароль"},
        {.user = u"田中", .password = u"pass wörd"},
        {.user = u"\xd83d\xdd11", .password = u"\xd83d\xdd12"}, /* U+1F511, U+1F512 */
    };
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        struct terms terms = users[i];
        SEC_WINNT_AUTH_IDENTITY_W account = identity_w(users[i].user, DOMAIN, users[i].password);
        terms.server_identity = &account;
        struct conversation c;
        if (CHECK(conversation_establish(&c, &terms))) {
            SecPkgContext_NamesW names;
            CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
            CHECK(equal_w(names.sUserName + 8, users[i].user));
            CHECK_STATUS(W->FreeContextBuffer(names.sUserName), SEC_E_OK);
        }
        conversation_close(&c);
    }
}

/* The account file's own names, in UTF-8, and in another letter case ([MS-NLMP] upper-cases the user's name). */
static void names_beyond_ascii_from_the_file(void) {
    static const struct terms users[] = {{.user = u"zoë", .password = u"Пароль"},
                                         {.user = u"ZOË", .password = u"Пароль"}};
    for (size_t i = 0; i < 2; i++) {
        struct conversation c;
        CHECK(conversation_establish(&c, &users[i]));
        conversation_close(&c);
    }
}

/* An unpaired surrogate is not a character; it must not cause damage either. */
static void broken_utf16(void) {
    struct terms terms = {.user = u"\xd800", .password = u"\xdc00\xdc00"};
    SEC_WINNT_AUTH_IDENTITY_W user = identity_w(terms.user, DOMAIN, terms.password);
    CredHandle credential;
    SECURITY_STATUS status =
        W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, &user, NULL, NULL, &credential, NULL);
    if (status == SEC_E_OK) CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    else CHECK_REFUSED(status);
}

static void broken_bytes_for_a(void) {
    SEC_WINNT_AUTH_IDENTITY_A user = identity_a("al\xff\xfe", "EXAMPLE", "\x80\x81");
    CredHandle credential;
    SECURITY_STATUS status =
        A->AcquireCredentialsHandleA(NULL, "NTLM", SECPKG_CRED_OUTBOUND, NULL, &user, NULL, NULL, &credential, NULL);
    if (status == SEC_E_OK) CHECK_STATUS(A->FreeCredentialsHandle(&credential), SEC_E_OK);
    else CHECK_REFUSED(status);
}

/* Names in A are in the program's code page: UTF-8 on Linux, the ANSI code page on Windows. */
static void a_identity_beyond_ascii(void) {
#ifdef _WIN32
    char user[16], password[16];
    BOOL lost = FALSE, lost_too = FALSE;
    int length = WideCharToMultiByte(CP_ACP, 0, u"Zoë", -1, user, sizeof user, NULL, &lost);
    int length_too = WideCharToMultiByte(CP_ACP, 0, u"Gänse", -1, password, sizeof password, NULL, &lost_too);
    if (!length || !length_too || lost || lost_too) {
        skip("this system's ANSI code page has no e with diaeresis");
        return;
    }
#else
    char user[] = "Zo\xc3\xab", password[] = "G\xc3\xa4nse";
#endif
    SEC_WINNT_AUTH_IDENTITY_A narrow = identity_a(user, "EXAMPLE", password);
    SEC_WINNT_AUTH_IDENTITY_W wide = identity_w(u"Zoë", DOMAIN, u"Gänse");
    struct conversation c;
    struct terms terms = {.server_identity = &wide};
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(W->FreeCredentialsHandle(&c.client.credential), SEC_E_OK);
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &narrow, NULL, NULL,
                                                &c.client.credential, NULL),
                   SEC_E_OK);
    if (CHECK(converse(&c))) {
        SecPkgContext_NamesA names;
        CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        CHECK(strlen(names.sUserName) > 8 && strcmp(names.sUserName + 8, user) == 0);
        CHECK_STATUS(A->FreeContextBuffer(names.sUserName), SEC_E_OK);
    }
    conversation_close(&c);
}

/* Whether `narrow` is `wide` in the text of the A functions: on Windows each character is itself or `?`, and not one that
 * looks like it (WC_NO_BEST_FIT_CHARS). */
static bool is_itself_or_missing(const char *narrow, const SEC_WCHAR *wide) {
#ifdef _WIN32
    SEC_WCHAR back[64];
    size_t length = length_w(wide);
    if (MultiByteToWideChar(CP_ACP, 0, narrow, -1, back, 64) != (int)length + 1) return false;
    for (size_t i = 0; i < length; i++) {
        if (back[i] != wide[i] && back[i] != '?') return false;
    }
    return true;
#else
    for (; *wide; wide++) { /* UTF-8 */
        unsigned unit = *wide;
        if (unit < 0x80) {
            if ((unsigned char)*narrow++ != unit) return false;
        } else if (unit < 0x800) {
            if ((unsigned char)*narrow++ != (0xc0 | unit >> 6)) return false;
            if ((unsigned char)*narrow++ != (0x80 | (unit & 0x3f))) return false;
        } else {
            if ((unsigned char)*narrow++ != (0xe0 | unit >> 12)) return false;
            if ((unsigned char)*narrow++ != (0x80 | (unit >> 6 & 0x3f))) return false;
            if ((unsigned char)*narrow++ != (0x80 | (unit & 0x3f))) return false;
        }
    }
    return *narrow == 0;
#endif
}

/* A name that the code page lacks is not another account's name. */
static void no_name_becomes_another(void) {
    /* Fullwidth letters, a dotless i, letters with marks, letters of another alphabet, a subscript. */
    static SEC_WCHAR *const names[] = {u"\uff41\uff44\uff4d\uff49\uff4e", u"adm\u0131n", u"\u0101dmin", u"\u0430dmin",
                                       u"adm\u1d62n", u"\u03b1dmin"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        SEC_WINNT_AUTH_IDENTITY_W account = identity_w(names[i], DOMAIN, PASSWORD);
        struct terms terms = {.user = names[i], .password = PASSWORD, .server_identity = &account};
        struct conversation c;
        if (CHECK(conversation_establish(&c, &terms))) {
            SecPkgContext_NamesA a;
            if (CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_NAMES, &a), SEC_E_OK)) {
                CHECK(strcmp(a.sUserName, "EXAMPLE\\admin") != 0);
                CHECK(strlen(a.sUserName) > 8 && is_itself_or_missing(a.sUserName + 8, names[i]));
                CHECK_STATUS(A->FreeContextBuffer(a.sUserName), SEC_E_OK);
            }
            SecPkgContext_NativeNamesA native;
            if (CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_NATIVE_NAMES, &native), SEC_E_OK)) {
                CHECK(!strstr(native.sClientName, "admin"));
                A->FreeContextBuffer(native.sClientName), A->FreeContextBuffer(native.sServerName);
            }
            SecPkgCredentials_NamesA credential;
            if (CHECK_STATUS(A->QueryCredentialsAttributesA(&c.client.credential, SECPKG_CRED_ATTR_NAMES, &credential),
                             SEC_E_OK)) {
                CHECK(!strstr(credential.sUserName, "admin"));
                CHECK_STATUS(A->FreeContextBuffer(credential.sUserName), SEC_E_OK);
            }
        }
        conversation_close(&c);
    }
}

/* Handles are interchangeable between the A and W functions. */
static void a_and_w_share_handles(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(W->FreeCredentialsHandle(&c.server.credential), SEC_E_OK);
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                                &c.server.credential, NULL),
                   SEC_E_OK);
    CHECK(converse(&c));
    SecPkgContext_NamesA names;
    CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(names.sUserName), SEC_E_OK);
    conversation_close(&c);
}

const struct test text_tests[] = {
    TEST(conversation_through_a),
    TEST(names_beyond_ascii),
    TEST(names_beyond_ascii_from_the_file),
    TEST(broken_utf16),
    TEST(broken_bytes_for_a),
    TEST(a_identity_beyond_ascii),
    TEST(no_name_becomes_another),
    TEST(a_and_w_share_handles),
    END_OF_TESTS,
};
