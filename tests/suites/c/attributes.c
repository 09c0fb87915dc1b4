/* QueryContextAttributes, on both sides, in A and W. */
#include "conversation.h"
#include "groups.h"
#include <stdio.h>

static bool query_w(struct side *side, ULONG attribute, void *buffer) {
    return CHECK_STATUS(W->QueryContextAttributesW(&side->context, attribute, buffer), SEC_E_OK);
}

static bool query_a(struct side *side, ULONG attribute, void *buffer) {
    return CHECK_STATUS(A->QueryContextAttributesA(&side->context, attribute, buffer), SEC_E_OK);
}

static void release(void *buffer) {
    CHECK_STATUS(W->FreeContextBuffer(buffer), SEC_E_OK);
}

static void sizes(void) {
    for (int p = 0; p < 2; p++) {
        struct conversation c;
        struct terms terms = {.package = p ? u"NTLM" : u"Negotiate"};
        REQUIRE(conversation_establish(&c, &terms));
        SecPkgContext_Sizes client, server, ansi;
        CHECK(query_w(&c.client, SECPKG_ATTR_SIZES, &client) && query_w(&c.server, SECPKG_ATTR_SIZES, &server) &&
              query_a(&c.server, SECPKG_ATTR_SIZES, &ansi));
        CHECK_EQUAL(server.cbMaxSignature, 16);
        CHECK_EQUAL(server.cbSecurityTrailer, 16);
        CHECK(memcmp(&client, &server, sizeof client) == 0 && memcmp(&ansi, &server, sizeof ansi) == 0);
        conversation_close(&c);
    }
}

static void names(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_NamesW w;
    SecPkgContext_NamesA a;
    if (query_w(&c.server, SECPKG_ATTR_NAMES, &w)) {
        CHECK(equal_wa(w.sUserName, "EXAMPLE\\alice"));
        release(w.sUserName);
    }
    if (query_a(&c.server, SECPKG_ATTR_NAMES, &a)) {
        CHECK(strcmp(a.sUserName, "EXAMPLE\\alice") == 0);
        release(a.sUserName);
    }
    conversation_close(&c);
}

static void native_names(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_NativeNamesW w;
    SecPkgContext_NativeNamesA a;
    if (query_w(&c.server, SECPKG_ATTR_NATIVE_NAMES, &w) && query_a(&c.server, SECPKG_ATTR_NATIVE_NAMES, &a)) {
        CHECK(w.sClientName && a.sClientName && equal_wa(w.sClientName, a.sClientName));
        CHECK(w.sServerName && a.sServerName && equal_wa(w.sServerName, a.sServerName));
        release(w.sClientName), release(w.sServerName);
        release(a.sClientName), release(a.sServerName);
    }
    conversation_close(&c);
}

static void lifespan(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_Lifespan span;
    if (query_w(&c.server, SECPKG_ATTR_LIFESPAN, &span)) {
        CHECK(memcmp(&span.tsExpiry, &c.server.expiry, sizeof span.tsExpiry) == 0);
        CHECK(span.tsStart.HighPart < span.tsExpiry.HighPart);
    }
    conversation_close(&c);
}

static void key_info(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_KeyInfoW w;
    SecPkgContext_KeyInfoA a;
    if (query_w(&c.server, SECPKG_ATTR_KEY_INFO, &w) && query_a(&c.server, SECPKG_ATTR_KEY_INFO, &a)) {
        CHECK_EQUAL(w.KeySize, 128);
        CHECK_EQUAL(a.KeySize, w.KeySize);
        CHECK_EQUAL(a.SignatureAlgorithm, w.SignatureAlgorithm);
        CHECK_EQUAL(a.EncryptAlgorithm, w.EncryptAlgorithm);
        CHECK(equal_wa(w.sEncryptAlgorithmName, a.sEncryptAlgorithmName));
        CHECK(equal_wa(w.sSignatureAlgorithmName, a.sSignatureAlgorithmName));
        CHECK(strlen(a.sEncryptAlgorithmName) > 0 && strlen(a.sSignatureAlgorithmName) > 0);
        release(w.sSignatureAlgorithmName), release(w.sEncryptAlgorithmName);
        release(a.sSignatureAlgorithmName), release(a.sEncryptAlgorithmName);
    }
    conversation_close(&c);
}

static void session_key(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_SessionKey client, server;
    if (query_w(&c.client, SECPKG_ATTR_SESSION_KEY, &client) && query_w(&c.server, SECPKG_ATTR_SESSION_KEY, &server)) {
        CHECK_EQUAL(server.SessionKeyLength, 16);
        CHECK_EQUAL(client.SessionKeyLength, 16);
        CHECK(memcmp(client.SessionKey, server.SessionKey, 16) == 0);
        release(client.SessionKey), release(server.SessionKey);
    }
    conversation_close(&c);
}

static void package_info(void) {
    static const struct {
        SEC_WCHAR *package;
        const char *name;
    } packages[] = {{u"NTLM", "NTLM"}, {u"Negotiate", "NTLM"}};
    for (size_t i = 0; i < 2; i++) {
        struct conversation c;
        struct terms terms = {.package = packages[i].package};
        REQUIRE(conversation_establish(&c, &terms));
        SecPkgContext_PackageInfoW w;
        SecPkgContext_PackageInfoA a;
        if (query_w(&c.server, SECPKG_ATTR_PACKAGE_INFO, &w) && query_a(&c.server, SECPKG_ATTR_PACKAGE_INFO, &a)) {
            CHECK(equal_wa(w.PackageInfo->Name, packages[i].name));
            CHECK(strcmp(a.PackageInfo->Name, packages[i].name) == 0);
            release(w.PackageInfo), release(a.PackageInfo);
        }
        conversation_close(&c);
    }
}

/* Which mechanism was negotiated, and that the negotiation is complete. */
static void negotiation_info(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    for (int server = 0; server < 2; server++) {
        struct side *side = server ? &c.server : &c.client;
        SecPkgContext_NegotiationInfoW w;
        SecPkgContext_NegotiationInfoA a;
        if (query_w(side, SECPKG_ATTR_NEGOTIATION_INFO, &w) && query_a(side, SECPKG_ATTR_NEGOTIATION_INFO, &a)) {
            CHECK(equal_wa(w.PackageInfo->Name, "NTLM"));
            CHECK(strcmp(a.PackageInfo->Name, "NTLM") == 0);
            CHECK_EQUAL(w.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
            CHECK_EQUAL(a.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
            release(w.PackageInfo), release(a.PackageInfo);
        }
    }
    conversation_close(&c);
}

static void authority(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_AuthorityW w;
    SecPkgContext_AuthorityA a;
    if (query_w(&c.server, SECPKG_ATTR_AUTHORITY, &w) && query_a(&c.server, SECPKG_ATTR_AUTHORITY, &a)) {
        CHECK(w.sAuthorityName && a.sAuthorityName && equal_wa(w.sAuthorityName, a.sAuthorityName));
        release(w.sAuthorityName), release(a.sAuthorityName);
    }
    conversation_close(&c);
}

static void flags(void) {
    struct conversation c;
    struct terms terms = {.client_requirements = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY};
    REQUIRE(conversation_establish(&c, &terms));
    SecPkgContext_Flags client, server;
    if (query_w(&c.server, SECPKG_ATTR_FLAGS, &server) && query_w(&c.client, SECPKG_ATTR_FLAGS, &client)) {
        CHECK_EQUAL(server.Flags & ~ASC_RET_ALLOCATED_MEMORY, c.server.attributes & ~ASC_RET_ALLOCATED_MEMORY);
        CHECK_EQUAL(client.Flags & ISC_RET_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY);
    }
    conversation_close(&c);
}

static void client_specified_target(void) {
    struct conversation c;
    struct terms terms = {.target = u"cifs/files.example.com"};
    REQUIRE(conversation_establish(&c, &terms));
    SecPkgContext_ClientSpecifiedTarget target;
    if (query_w(&c.server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target)) {
        CHECK(equal_wa(target.sTargetName, "cifs/files.example.com"));
        release(target.sTargetName);
    }
    conversation_close(&c);
}

/* Times that are not known for the client are "never", and flags are zero. */
static void times_and_flags(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_PasswordExpiry expiry;
    SecPkgContext_LogoffTime logoff;
    SecPkgContext_UserFlags flags = {1};
    CHECK(query_w(&c.server, SECPKG_ATTR_PASSWORD_EXPIRY, &expiry) && query_a(&c.server, SECPKG_ATTR_LOGOFF_TIME, &logoff) &&
          query_w(&c.server, SECPKG_ATTR_USER_FLAGS, &flags));
    CHECK(memcmp(&expiry.tsPasswordExpires, &c.server.expiry, sizeof expiry) == 0);
    CHECK(memcmp(&logoff.tsLogoffTime, &c.server.expiry, sizeof logoff) == 0);
    CHECK_EQUAL(flags.UserFlags, 0);
    conversation_close(&c);
}

/* A number that is unique to each context. */
static void authentication_id(void) {
    struct conversation a, b;
    REQUIRE(conversation_establish(&a, NULL));
    REQUIRE(conversation_establish(&b, NULL));
    uint64_t first = 0, again = 0, other = 0;
    CHECK(query_w(&a.server, SECPKG_ATTR_AUTHENTICATION_ID, &first) && query_a(&a.server, SECPKG_ATTR_AUTHENTICATION_ID, &again) &&
          query_w(&b.server, SECPKG_ATTR_AUTHENTICATION_ID, &other));
    CHECK(first != 0 && first == again && first != other);
    conversation_close(&a), conversation_close(&b);
}

static ULONG nego_status(struct side *side) {
    SecPkgContext_NegoStatus status = {1};
    return CHECK_STATUS(W->QueryContextAttributesW(&side->context, SECPKG_ATTR_NEGO_STATUS, &status), SEC_E_OK) ? status.LastStatus
                                                                                                               : 1;
}

/* After the first leg and after the last, the status that the latest leg returned. */
static void status_of_each_leg(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    CHECK_EQUAL(nego_status(&c.server), SEC_E_OK);
    CHECK_EQUAL(nego_status(&c.client), SEC_E_OK);
    conversation_close(&c);

    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_EQUAL(nego_status(&c.client), SEC_I_CONTINUE_NEEDED);
    CHECK_EQUAL(nego_status(&c.server), SEC_I_CONTINUE_NEEDED);
    /* The server's own token, sent back to it, is rejected. */
    SECURITY_STATUS status = server_leg_with(&c, c.server.sent.data, c.server.sent.length);
    CHECK_REFUSED(status);
    CHECK_EQUAL(nego_status(&c.server), (ULONG)status);
    conversation_close(&c);
}

/* The account's SID on every platform. None is configured for alice: it is derived from her name, and so always the same. */
static void client_sids(void) {
    char first[200] = "";
    for (int time = 0; time < 2; time++) {
        struct conversation c;
        REQUIRE(conversation_establish(&c, NULL));
        SecPkgContext_NamesA a;
        SecPkgContext_NamesW w;
        if (query_a(&c.server, SECPKG_ATTR_NEGOSSP_CLIENT_SIDS, &a) && query_w(&c.server, SECPKG_ATTR_NEGOSSP_CLIENT_SIDS, &w)) {
            CHECK(strncmp(a.sUserName, "S-1-5-21-", 9) == 0 && strchr(a.sUserName, '\n') == NULL);
            CHECK(equal_wa(w.sUserName, a.sUserName));
            if (time == 0) snprintf(first, sizeof first, "%s", a.sUserName);
            else CHECK(strcmp(first, a.sUserName) == 0);
            release(a.sUserName), release(w.sUserName);
        }
        conversation_close(&c);
    }
}

/* The reason for a rejection: one status for the caller, and two substatus values for the server's log. */
static void substatus(void) {
    static const struct {
        struct terms terms;
        ULONG substatus;
    } refused[] = {
        {{.password = u"wrong"}, 0xc000006a /* STATUS_WRONG_PASSWORD */},
        {{.user = u"nobody-here"}, 0xc0000064 /* STATUS_NO_SUCH_USER */},
    };
    ULONG told = 1;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct conversation c;
        REQUIRE(conversation_until_last_leg(&c, &refused[i].terms));
        CHECK(query_w(&c.server, SECPKG_ATTR_NEGOSSP_SUBSTATUS, &told));
        CHECK_EQUAL(told, 0);
        CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
        CHECK(query_w(&c.server, SECPKG_ATTR_NEGOSSP_SUBSTATUS, &told));
        CHECK_EQUAL(told, refused[i].substatus);
        conversation_close(&c);
    }
}

static SECPKG_ATTR_LCT_STATUS last_token(struct side *side) {
    SecPkgContext_LastClientTokenStatus answer = {(SECPKG_ATTR_LCT_STATUS)77};
    CHECK(query_w(side, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &answer));
    return answer.LastClientTokenStatus;
}

/* The page of SECPKG_ATTR_LCT_STATUS: whether the token of the last InitializeSecurityContext is the client's last. */
static void last_client_token(void) {
    SEC_WCHAR *packages[] = {u"NTLM", u"Negotiate"};
    for (size_t i = 0; i < 2; i++) {
        struct conversation c;
        REQUIRE(conversation_open(&c, &(struct terms){.package = packages[i]}));
        CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
        /* NTLM has two of them. */
        CHECK_EQUAL(last_token(&c.client), SecPkgAttrLastClientTokenNo);
        CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
        SecPkgContext_LastClientTokenStatus answer;
        CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &answer),
                     SEC_E_UNSUPPORTED_FUNCTION);
        /* AUTHENTICATE_MESSAGE, which in SPNEGO has the client's mechListMIC beside it. */
        CHECK(client_leg(&c) >= 0);
        CHECK_EQUAL(last_token(&c.client), SecPkgAttrLastClientTokenYes);
        CHECK(converse(&c));
        CHECK_EQUAL(last_token(&c.client), SecPkgAttrLastClientTokenYes);
        CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, &answer),
                     SEC_E_UNSUPPORTED_FUNCTION);
        conversation_close(&c);
    }
}

/* Whether there is still a context behind the handle, at any time; negossp.h says that it is a ULONG. */
static void context_deleted(void) {
    struct conversation c;
    ULONG deleted = 77;
    REQUIRE(conversation_until_last_leg(&c, &(struct terms){.password = u"wrong"}));
    CHECK(query_w(&c.server, SECPKG_ATTR_CONTEXT_DELETED, &deleted));
    CHECK_EQUAL(deleted, 0);
    CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
    CHECK(query_w(&c.server, SECPKG_ATTR_CONTEXT_DELETED, &deleted));
    CHECK_EQUAL(deleted, 1);
    conversation_close(&c);

    REQUIRE(conversation_establish(&c, NULL));
    CHECK(query_w(&c.server, SECPKG_ATTR_CONTEXT_DELETED, &deleted));
    CHECK_EQUAL(deleted, 0);
    conversation_close(&c);
}

/* Whether the client is on this machine: by the address that the server tells, else by NTLM's MachineID, which is the same here
 * for both sides. */
static void is_loopback(void) {
    struct socket_address here = inet("\x7f\0\0\1"), elsewhere = inet("\xc0\0\2\7");
    struct socket_address here6 = inet6("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1");
    struct {
        struct socket_address *address;
        ULONG answer;
    } cases[] = {{NULL, 1}, {&here, 1}, {&elsewhere, 0}, {&here6, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conversation c;
        struct terms terms = {.server_address = cases[i].address, .server_address_length = sizeof here};
        ULONG loopback = 77;
        REQUIRE(conversation_until_last_leg(&c, &terms));
        CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_IS_LOOPBACK, &loopback), SEC_E_INVALID_HANDLE);
        CHECK(converse(&c));
        CHECK(query_w(&c.server, SECPKG_ATTR_IS_LOOPBACK, &loopback));
        CHECK_EQUAL(loopback, cases[i].answer);
        CHECK_STATUS(W->QueryContextAttributesW(&c.client.context, SECPKG_ATTR_IS_LOOPBACK, &loopback), SEC_E_UNSUPPORTED_FUNCTION);
        conversation_close(&c);
    }
}

/* A handle that belongs to the context: the same each time, and not available from an initiator. Where the client has no account
 * there is none. */
static void access_token(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_AccessToken first = {NULL}, again = {NULL};
    HANDLE other = NULL;
    SECURITY_STATUS status = W->QuerySecurityContextToken(&c.server.context, &other);
    CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_ACCESS_TOKEN, &first), status);
    CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_ACCESS_TOKEN, &again), status);
    CHECK_STATUS(W->QueryContextAttributesW(&c.client.context, SECPKG_ATTR_ACCESS_TOKEN, &again), SEC_E_INVALID_HANDLE);
    CHECK((status == SEC_E_OK) == (first.AccessToken != NULL) && first.AccessToken == again.AccessToken);
#ifdef _WIN32
    CHECK_STATUS(status, SEC_E_OK);
    CHECK(other != first.AccessToken);
    TOKEN_TYPE type = 0;
    DWORD length;
    CHECK(GetTokenInformation(first.AccessToken, TokenType, &type, sizeof type, &length) && type == TokenImpersonation);
    conversation_close(&c);
    CHECK(!GetTokenInformation(first.AccessToken, TokenType, &type, sizeof type, &length));
    CHECK(GetTokenInformation(other, TokenType, &type, sizeof type, &length) && CloseHandle(other));
#else
    CHECK_STATUS(status, SEC_E_NO_IMPERSONATION);
    conversation_close(&c);
#endif
}

/* There are no claims without a domain. */
static void no_claims(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_SubjectAttributes claims;
    CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES, &claims),
                 SEC_E_UNSUPPORTED_FUNCTION);
    conversation_close(&c);
}

/* The offsets in an answer of the pointers that the caller must pass to FreeContextBuffer: two at most. */
static const struct given {
    ULONG attribute;
    size_t pointers[2];
    int count;
} given[] = {
    {SECPKG_ATTR_NAMES, {offsetof(SecPkgContext_NamesW, sUserName)}, 1},
    {SECPKG_ATTR_DCE_INFO, {offsetof(SecPkgContext_DceInfo, pPac)}, 1},
    {SECPKG_ATTR_KEY_INFO,
     {offsetof(SecPkgContext_KeyInfoW, sSignatureAlgorithmName), offsetof(SecPkgContext_KeyInfoW, sEncryptAlgorithmName)},
     2},
    {SECPKG_ATTR_AUTHORITY, {offsetof(SecPkgContext_AuthorityW, sAuthorityName)}, 1},
    {SECPKG_ATTR_SESSION_KEY, {offsetof(SecPkgContext_SessionKey, SessionKey)}, 1},
    {SECPKG_ATTR_PACKAGE_INFO, {offsetof(SecPkgContext_PackageInfoW, PackageInfo)}, 1},
    {SECPKG_ATTR_NEGOTIATION_INFO, {offsetof(SecPkgContext_NegotiationInfoW, PackageInfo)}, 1},
    {SECPKG_ATTR_NATIVE_NAMES,
     {offsetof(SecPkgContext_NativeNamesW, sClientName), offsetof(SecPkgContext_NativeNamesW, sServerName)},
     2},
    {SECPKG_ATTR_TARGET_INFORMATION, {offsetof(SecPkgContext_TargetInformation, MarshalledTargetInfo)}, 1},
    {SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, {offsetof(SecPkgContext_ClientSpecifiedTarget, sTargetName)}, 1},
};

/* Each number is answered or rejected safely, whether or not it is an attribute's; and each pointer in an answer is one that the
 * caller must free. */
static void every_number_is_answered_or_refused(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    unsigned char answer[256];
    for (ULONG attribute = 0; attribute < 256; attribute++) {
        SECURITY_STATUS status = W->QueryContextAttributesW(&c.server.context, attribute, answer);
        if (status < 0) CHECK_REFUSED(status);
        else CHECK_STATUS(status, SEC_E_OK);
        for (size_t g = 0; g < sizeof given / sizeof *given; g++) {
            if (given[g].attribute != attribute) continue;
            if (!CHECK_STATUS(status, SEC_E_OK)) break;
            for (int p = 0; p < given[g].count; p++) {
                void *pointer;
                memcpy(&pointer, answer + given[g].pointers[p], sizeof pointer);
                release(pointer);
            }
        }
    }
    CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, 0x7fffffff, answer), SEC_E_UNSUPPORTED_FUNCTION);
    conversation_close(&c);
}

static void null_buffer_and_bad_handle(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_Sizes size;
    CtxtHandle zero = {0, 0};
    CHECK_REFUSED(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_SIZES, NULL));
    CHECK_STATUS(W->QueryContextAttributesW(NULL, SECPKG_ATTR_SIZES, &size), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->QueryContextAttributesW(&zero, SECPKG_ATTR_SIZES, &size), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->QueryContextAttributesW(&c.server.credential, SECPKG_ATTR_SIZES, &size), SEC_E_INVALID_HANDLE);
    conversation_close(&c);
}

const struct test attributes_tests[] = {
    TEST(sizes),
    TEST(names),
    TEST(native_names),
    TEST(lifespan),
    TEST(key_info),
    TEST(session_key),
    TEST(package_info),
    TEST(negotiation_info),
    TEST(authority),
    TEST(flags),
    TEST(client_specified_target),
    TEST(times_and_flags),
    TEST(authentication_id),
    TEST(status_of_each_leg),
    TEST(client_sids),
    TEST(substatus),
    TEST(last_client_token),
    TEST(context_deleted),
    TEST(is_loopback),
    TEST(access_token),
    TEST(no_claims),
    TEST(every_number_is_answered_or_refused),
    TEST(null_buffer_and_bad_handle),
    END_OF_TESTS,
};
