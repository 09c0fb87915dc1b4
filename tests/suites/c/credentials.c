/* AcquireCredentialsHandle, FreeCredentialsHandle, QueryCredentialsAttributes, identities. */
#include "conversation.h"
#include "groups.h"

static SECURITY_STATUS acquire(SEC_WCHAR *package, ULONG use, void *identity, CredHandle *credential) {
    return W->AcquireCredentialsHandleW(NULL, package, use, NULL, identity, NULL, NULL, credential, NULL);
}

static void every_direction_and_package(void) {
    static SEC_WCHAR *packages[] = {u"Negotiate", u"Kerberos", u"NTLM", u"NEGOTIATE", u"kerberos", u"ntlm"};
    static const ULONG uses[] = {SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND, SECPKG_CRED_BOTH};
    SEC_WINNT_AUTH_IDENTITY_W user = identity_w(USER, DOMAIN, PASSWORD);
    for (size_t p = 0; p < sizeof packages / sizeof *packages; p++) {
        for (size_t u = 0; u < 3; u++) {
            CredHandle credential = {0, 0};
            TimeStamp expiry;
            memset(&expiry, 0, sizeof expiry);
            CHECK_STATUS(W->AcquireCredentialsHandleW(NULL, packages[p], uses[u], NULL, &user, NULL, NULL,
                                                      &credential, &expiry),
                         SEC_E_OK);
            CHECK(!HANDLE_IS_ZERO(credential));
            CHECK(SecIsValidHandle(&credential));
            CHECK(expiry.HighPart == 0x7fffff36 && expiry.LowPart == 0xd5969fff);
            CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
        }
    }
}

static void inbound_needs_no_identity_and_expiry_may_be_null(void) {
    CredHandle credential;
    REQUIRE_STATUS(acquire(u"Negotiate", SECPKG_CRED_INBOUND, NULL, &credential), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void a_failed_call_says_why(void) {
    CredHandle credential = {7, 7};
    CHECK_STATUS(acquire(u"No such package", SECPKG_CRED_INBOUND, NULL, &credential), SEC_E_SECPKG_NOT_FOUND);
    CHECK_REFUSED(acquire(NULL, SECPKG_CRED_INBOUND, NULL, &credential));
    CHECK_REFUSED(acquire(u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL));
    CHECK_REFUSED(acquire(u"NTLM", 0, NULL, &credential));
    CHECK_STATUS(A->AcquireCredentialsHandleA(NULL, "no such", SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &credential, NULL),
                 SEC_E_SECPKG_NOT_FOUND);
    CHECK_REFUSED(A->AcquireCredentialsHandleA(NULL, NULL, SECPKG_CRED_BOTH, NULL, NULL, NULL, NULL, &credential, NULL));
}

static void freed_twice_or_never_made(void) {
    CredHandle credential;
    REQUIRE_STATUS(acquire(u"NTLM", SECPKG_CRED_INBOUND, NULL, &credential), SEC_E_OK);
    CredHandle copy = credential;
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&copy), SEC_E_INVALID_HANDLE);
    CredHandle zero = {0, 0}, ones;
    SecInvalidateHandle(&ones);
    CHECK_STATUS(W->FreeCredentialsHandle(&zero), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->FreeCredentialsHandle(&ones), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->FreeCredentialsHandle(NULL), SEC_E_INVALID_HANDLE);
}

static void wrong_direction(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CredHandle outbound = c.client.credential;
    c.client.credential = c.server.credential;
    c.server.credential = outbound;
    CHECK_STATUS(server_leg(&c), SEC_E_NO_CREDENTIALS);
    CHECK_EQUAL(c.server.sent.length, 0);
    CtxtHandle first = c.client.context;
    c.client.has_context = false;
    CHECK_STATUS(client_leg(&c), SEC_E_NO_CREDENTIALS);
    CHECK_STATUS(W->DeleteSecurityContext(&first), SEC_E_OK);
    conversation_close(&c);
}

static void one_credential_for_both_directions(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(W->FreeCredentialsHandle(&c.server.credential), SEC_E_OK);
    SEC_WINNT_AUTH_IDENTITY_W user = identity_w(USER, DOMAIN, PASSWORD);
    REQUIRE_STATUS(acquire(u"Negotiate", SECPKG_CRED_BOTH, &user, &c.server.credential), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&c.client.credential), SEC_E_OK);
    c.client.credential = c.server.credential;
    c.client.has_credential = false;
    CHECK(converse(&c));
    conversation_close(&c);
}

/* Lengths are counted in characters, without a NUL, which is optional. */
static void identity_is_counted_not_terminated(void) {
    static SEC_WCHAR run[] = u"alicePasswordEXAMPLE";
    SEC_WINNT_AUTH_IDENTITY_W user = {
        .User = run, .UserLength = 5, .Password = run + 5, .PasswordLength = 8, .Domain = run + 13, .DomainLength = 7,
        .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(W->FreeCredentialsHandle(&c.client.credential), SEC_E_OK);
    REQUIRE_STATUS(acquire(u"Negotiate", SECPKG_CRED_OUTBOUND, &user, &c.client.credential), SEC_E_OK);
    /* The caller may free its copy at once. */
    memset(run, 0, sizeof run);
    CHECK(converse(&c));
    conversation_close(&c);
}

/* Flags determine the character set of an identity, in either function. */
static void ansi_identity_for_w_and_unicode_for_a(void) {
    SEC_WINNT_AUTH_IDENTITY_A narrow = {.User = (unsigned char *)"alice",
                                        .UserLength = 5,
                                        .Domain = (unsigned char *)"EXAMPLE",
                                        .DomainLength = 7,
                                        .Password = (unsigned char *)"Password",
                                        .PasswordLength = 8,
                                        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    SEC_WINNT_AUTH_IDENTITY_W wide = identity_w(USER, DOMAIN, PASSWORD);
    for (int pass = 0; pass < 2; pass++) {
        struct conversation c;
        REQUIRE(conversation_open(&c, NULL));
        CHECK_STATUS(W->FreeCredentialsHandle(&c.client.credential), SEC_E_OK);
        if (pass == 0) {
            REQUIRE_STATUS(acquire(u"Negotiate", SECPKG_CRED_OUTBOUND, &narrow, &c.client.credential), SEC_E_OK);
        } else {
            REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, &wide, NULL, NULL,
                                                        &c.client.credential, NULL),
                           SEC_E_OK);
        }
        CHECK(converse(&c));
        conversation_close(&c);
    }
}

/* Programs leave Flags at 0: then the form is that of the function. */
static void identity_without_flags(void) {
    SEC_WINNT_AUTH_IDENTITY_W user = identity_w(USER, DOMAIN, PASSWORD);
    user.Flags = 0;
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(W->FreeCredentialsHandle(&c.client.credential), SEC_E_OK);
    REQUIRE_STATUS(acquire(u"Negotiate", SECPKG_CRED_OUTBOUND, &user, &c.client.credential), SEC_E_OK);
    CHECK(converse(&c));
    conversation_close(&c);
}

static void malformed_identities(void) {
    CredHandle credential;
    SEC_WINNT_AUTH_IDENTITY_W user = identity_w(USER, DOMAIN, PASSWORD);
    user.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE;
    CHECK_REFUSED(acquire(u"NTLM", SECPKG_CRED_OUTBOUND, &user, &credential));
    user = identity_w(USER, DOMAIN, PASSWORD);
    user.PasswordLength = 0xffffffff;
    CHECK_REFUSED(acquire(u"NTLM", SECPKG_CRED_OUTBOUND, &user, &credential));
    /* a length without text is no text */
    user = identity_w(USER, DOMAIN, NULL);
    user.PasswordLength = 3;
    SECURITY_STATUS status = acquire(u"NTLM", SECPKG_CRED_OUTBOUND, &user, &credential);
    if (status == SEC_E_OK) CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    else CHECK_REFUSED(status);
}

/* An inbound identity is an additional account, of this credential alone. */
static void inbound_identity_is_an_account(void) {
    SEC_WINNT_AUTH_IDENTITY_W carol = identity_w(u"carol", DOMAIN, u"only here");
    struct terms terms = {.user = u"carol", .password = u"only here", .server_identity = &carol};
    struct conversation c;
    CHECK(conversation_establish(&c, &terms));
    conversation_close(&c);
    terms.server_identity = NULL;
    if (CHECK(conversation_until_last_leg(&c, &terms))) CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
    conversation_close(&c);
    terms = (struct terms){.server_identity = &carol};
    CHECK(conversation_establish(&c, &terms)); /* the file's accounts are available too */
    conversation_close(&c);
}

static void package_list(void) {
    static const struct {
        SEC_WCHAR *list;
        SECURITY_STATUS status;
    } lists[] = {{u"NTLM", SEC_I_CONTINUE_NEEDED},
                 {u"ntlm", SEC_I_CONTINUE_NEEDED},
                 {u"!Kerberos", SEC_I_CONTINUE_NEEDED},
                 /* as Windows answers when nothing is left */
                 {u"!Kerberos,!NTLM", SEC_E_NO_CREDENTIALS}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        SEC_WINNT_AUTH_IDENTITY_EXW user = {
            .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
            .Length = sizeof user,
            .User = (unsigned short *)u"alice", .UserLength = 5,
            .Domain = (unsigned short *)DOMAIN, .DomainLength = TEXT_LENGTH(DOMAIN),
            .Password = (unsigned short *)PASSWORD, .PasswordLength = TEXT_LENGTH(PASSWORD),
            .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE,
            .PackageList = lists[i].list, .PackageListLength = (ULONG)length_w(lists[i].list)};
        struct conversation c;
        REQUIRE(conversation_open(&c, NULL));
        CHECK_STATUS(W->FreeCredentialsHandle(&c.client.credential), SEC_E_OK);
        c.client.has_credential =
            CHECK_STATUS(acquire(u"Negotiate", SECPKG_CRED_OUTBOUND, &user, &c.client.credential), SEC_E_OK);
        if (c.client.has_credential) CHECK_STATUS(client_leg(&c), lists[i].status);
        conversation_close(&c);
    }
}

/* With every mechanism excluded, a credential is of no use; which call fails is left open. */
static void package_list_without_ntlm(void) {
    SEC_WINNT_AUTH_IDENTITY_EXW user = {
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION,
        .Length = sizeof user,
        .User = (unsigned short *)USER, .UserLength = TEXT_LENGTH(USER),
        .Password = (unsigned short *)PASSWORD, .PasswordLength = TEXT_LENGTH(PASSWORD),
        .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE,
        .PackageList = (unsigned short *)u"!NTLM", .PackageListLength = 5};
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(W->FreeCredentialsHandle(&c.server.credential), SEC_E_OK);
    SECURITY_STATUS status = acquire(u"Negotiate", SECPKG_CRED_INBOUND, &user, &c.server.credential);
    c.server.has_credential = status == SEC_E_OK;
    if (c.server.has_credential) {
        CHECK_REFUSED(server_leg(&c));
    } else {
        CHECK_REFUSED(status);
    }
    conversation_close(&c);
}

static void names_the_user(void) {
    SEC_WINNT_AUTH_IDENTITY_W user = identity_w(USER, DOMAIN, PASSWORD);
    CredHandle credential;
    REQUIRE_STATUS(acquire(u"NTLM", SECPKG_CRED_OUTBOUND, &user, &credential), SEC_E_OK);
    SecPkgCredentials_NamesW w = {NULL};
    SecPkgCredentials_NamesA a = {NULL};
    if (CHECK_STATUS(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, &w), SEC_E_OK)) {
        CHECK(equal_wa(w.sUserName, "EXAMPLE\\alice"));
        CHECK_STATUS(W->FreeContextBuffer(w.sUserName), SEC_E_OK);
    }
    if (CHECK_STATUS(A->QueryCredentialsAttributesA(&credential, SECPKG_CRED_ATTR_NAMES, &a), SEC_E_OK)) {
        CHECK(strcmp(a.sUserName, "EXAMPLE\\alice") == 0);
        CHECK_STATUS(A->FreeContextBuffer(a.sUserName), SEC_E_OK);
    }
    CHECK_REFUSED(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, NULL));
    CHECK_REFUSED(W->QueryCredentialsAttributesW(&credential, 0x7fff, &w));
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    CHECK_STATUS(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, &w), SEC_E_INVALID_HANDLE);
}

const struct test credentials_tests[] = {
    TEST(every_direction_and_package),
    TEST(inbound_needs_no_identity_and_expiry_may_be_null),
    TEST(a_failed_call_says_why),
    TEST(freed_twice_or_never_made),
    TEST(wrong_direction),
    TEST(one_credential_for_both_directions),
    TEST(identity_is_counted_not_terminated),
    TEST(ansi_identity_for_w_and_unicode_for_a),
    TEST(identity_without_flags),
    TEST(malformed_identities),
    TEST(inbound_identity_is_an_account),
    TEST(package_list),
    TEST(package_list_without_ntlm),
    TEST(names_the_user),
    END_OF_TESTS,
};
