/* Context attributes: which are required, which are granted, and that these may differ; channel bindings. */
#include "conversation.h"
#include "groups.h"

#define PROTECTION \
    (ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT)
static void client_asks_for_everything(void) {
    struct conversation c;
    struct terms terms = {.client_requirements = CLIENT_USUAL};
    REQUIRE(conversation_establish(&c, &terms));
    CHECK_EQUAL(c.server.attributes & PROTECTION, PROTECTION);
    CHECK_EQUAL(c.client.attributes & CLIENT_USUAL, CLIENT_USUAL);
    conversation_close(&c);
}

/* An attribute that the client did not request is not granted because the server requires it. */
static void required_but_not_offered_is_absent(void) {
    struct conversation c;
    struct terms terms = {.package = u"NTLM",
                          .client_requirements = ISC_REQ_CONNECTION,
                          .server_requirements = ASC_REQ_CONFIDENTIALITY | ASC_REQ_DELEGATE | ASC_REQ_MUTUAL_AUTH};
    REQUIRE(conversation_establish(&c, &terms));
    CHECK(!(c.server.attributes & ASC_RET_CONFIDENTIALITY));
    CHECK(!(c.server.attributes & ASC_RET_DELEGATE));
    conversation_close(&c);
}

/* NTLM supports neither delegation nor mutual authentication, whatever both request. */
static void ntlm_never_delegates(void) {
    struct conversation c;
    struct terms terms = {.client_requirements = CLIENT_USUAL | ISC_REQ_DELEGATE | ISC_REQ_MUTUAL_AUTH,
                          .server_requirements = ASC_REQ_DELEGATE | ASC_REQ_MUTUAL_AUTH};
    REQUIRE(conversation_establish(&c, &terms));
    CHECK(!(c.server.attributes & ASC_RET_DELEGATE));
    CHECK(!(c.client.attributes & ISC_RET_DELEGATE));
    CHECK(!(c.client.attributes & ISC_RET_MUTUAL_AUTH));
    conversation_close(&c);
}

static void nothing_protects_before_the_end(void) {
    struct conversation c;
    struct terms terms = {.client_requirements = CLIENT_USUAL, .server_requirements = PROTECTION};
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_EQUAL(c.server.attributes & (ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY), 0);
    CHECK(converse(&c));
    conversation_close(&c);
}

/* Every flag of the page and of the issue is accepted, alone, together, and with undefined bits. */
static void every_requirement_is_accepted(void) {
    static const ULONG requirements[] = {
        ASC_REQ_CONFIDENTIALITY, ASC_REQ_CONNECTION, ASC_REQ_DELEGATE, ASC_REQ_EXTENDED_ERROR, ASC_REQ_INTEGRITY,
        ASC_REQ_REPLAY_DETECT, ASC_REQ_SEQUENCE_DETECT, ASC_REQ_MUTUAL_AUTH, ASC_REQ_IDENTIFY,
        ASC_REQ_ALLOW_MISSING_BINDINGS, ASC_REQ_PROXY_BINDINGS, ASC_REQ_ALLOW_NULL_SESSION, ASC_REQ_STREAM,
        ASC_REQ_HTTP, ASC_REQ_USE_SESSION_KEY, ASC_REQ_ALLOW_NON_USER_LOGONS, ASC_REQ_LICENSING,
        ASC_REQ_CALL_LEVEL | ASC_REQ_FRAGMENT_SUPPLIED | ASC_REQ_FRAGMENT_TO_FIT | ASC_REQ_NO_TOKEN,
        ASC_REQ_CONFIDENTIALITY | ASC_REQ_CONNECTION | ASC_REQ_DELEGATE | ASC_REQ_EXTENDED_ERROR | ASC_REQ_INTEGRITY |
            ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT};
    for (size_t i = 0; i < sizeof requirements / sizeof *requirements; i++) {
        struct conversation c;
        struct terms terms = {.client_requirements = CLIENT_USUAL, .server_requirements = requirements[i]};
        if (!CHECK(conversation_establish(&c, &terms) && conversation_works(&c))) {
            fail(__FILE__, __LINE__, "requirement 0x%08x", (unsigned)requirements[i]);
        }
        conversation_close(&c);
    }
}

static void connection_is_granted(void) {
    struct conversation c;
    struct terms terms = {.client_requirements = ISC_REQ_CONNECTION, .server_requirements = ASC_REQ_CONNECTION};
    REQUIRE(conversation_establish(&c, &terms));
    CHECK(c.server.attributes & ASC_RET_CONNECTION);
    conversation_close(&c);
}

static void identify_is_granted_to_who_asks(void) {
    struct conversation c;
    struct terms terms = {.client_requirements = CLIENT_USUAL | ISC_REQ_IDENTIFY};
    REQUIRE(conversation_establish(&c, &terms));
    CHECK(c.server.attributes & ASC_RET_IDENTIFY);
    conversation_close(&c);
}

static void dce_style(void) {
    static SEC_WCHAR *packages[] = {u"Negotiate", u"NTLM"};
    for (size_t i = 0; i < 2; i++) {
        struct conversation c;
        struct terms terms = {.package = packages[i],
                              .client_requirements = CLIENT_USUAL | ISC_REQ_USE_DCE_STYLE,
                              .server_requirements = PROTECTION | ASC_REQ_USE_DCE_STYLE};
        if (CHECK(conversation_establish(&c, &terms))) {
            CHECK(c.server.attributes & ASC_RET_USED_DCE_STYLE);
            CHECK(conversation_works(&c));
        }
        conversation_close(&c);
    }
}

/* NTLM's datagram mode starts with the server's challenge: the client has no first token. */
static void datagram(void) {
    struct conversation c;
    struct terms terms = {.package = u"NTLM",
                          .client_requirements = CLIENT_USUAL | ISC_REQ_DATAGRAM,
                          .server_requirements = PROTECTION | ASC_REQ_DATAGRAM};
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK(client_leg(&c) >= 0);
    CHECK_STATUS(server_leg(&c), SEC_E_OK);
    CHECK(c.server.attributes & ASC_RET_DATAGRAM);
    conversation_close(&c);
}

/* An anonymous client is accepted only where the server permits it, and is reported as anonymous. */
static void null_session(void) {
    struct conversation c;
    struct terms terms = {.package = u"NTLM", .anonymous = true};
    if (CHECK(conversation_until_last_leg(&c, &terms))) CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
    conversation_close(&c);
    terms.server_requirements = ASC_REQ_ALLOW_NULL_SESSION;
    if (CHECK(conversation_establish(&c, &terms))) {
        CHECK(c.server.attributes & ASC_RET_NULL_SESSION);
        SecPkgContext_NamesW names = {NULL};
        CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        CHECK(equal_wa(names.sUserName, "NT AUTHORITY\\ANONYMOUS LOGON"));
        CHECK_STATUS(W->FreeContextBuffer(names.sUserName), SEC_E_OK);
    }
    conversation_close(&c);
}

static void a_user_is_no_null_session(void) {
    struct conversation c;
    struct terms terms = {.server_requirements = ASC_REQ_ALLOW_NULL_SESSION};
    REQUIRE(conversation_establish(&c, &terms));
    CHECK(!(c.server.attributes & ASC_RET_NULL_SESSION));
    conversation_close(&c);
}

/* SEC_CHANNEL_BINDINGS with tls-server-end-point data, as QueryContextAttributes(Schannel) returns it. */
struct bindings {
    SEC_CHANNEL_BINDINGS header;
    char data[32];
};

static struct bindings bindings_of(const char *data) {
    struct bindings bindings;
    memset(&bindings, 0, sizeof bindings);
    strncpy(bindings.data, data, sizeof bindings.data - 1);
    bindings.header.cbApplicationDataLength = (ULONG)strlen(data);
    bindings.header.dwApplicationDataOffset = offsetof(struct bindings, data);
    return bindings;
}

static void with_bindings(struct bindings *client, struct bindings *server, ULONG requirements, SECURITY_STATUS want) {
    static SEC_WCHAR *packages[] = {u"Negotiate", u"NTLM"};
    for (size_t i = 0; i < 2; i++) {
        struct conversation c;
        struct terms terms = {.package = packages[i],
                              .client_bindings = client,
                              .client_bindings_length = client ? sizeof *client : 0,
                              .server_bindings = server,
                              .server_bindings_length = server ? sizeof *server : 0,
                              .server_requirements = requirements};
        if (CHECK(conversation_until_last_leg(&c, &terms))) CHECK_STATUS(server_leg(&c), want);
        if (want == SEC_E_OK) CHECK(converse(&c) && conversation_works(&c));
        conversation_close(&c);
    }
}

static void bindings_that_match(void) {
    struct bindings tls = bindings_of("tls-server-end-point:right");
    with_bindings(&tls, &tls, 0, SEC_E_OK);
}

static void bindings_that_differ(void) {
    struct bindings right = bindings_of("tls-server-end-point:right"), other = bindings_of("tls-server-end-point:other");
    with_bindings(&right, &other, 0, SEC_E_BAD_BINDINGS);
    with_bindings(&right, &other, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS);
    with_bindings(&right, &other, ASC_REQ_PROXY_BINDINGS, SEC_E_OK);
}

static void bindings_of_the_server_alone(void) {
    struct bindings tls = bindings_of("tls-server-end-point:right");
    with_bindings(NULL, &tls, 0, SEC_E_BAD_BINDINGS);
    with_bindings(NULL, &tls, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK);
    with_bindings(NULL, &tls, ASC_REQ_PROXY_BINDINGS, SEC_E_OK);
}

static void bindings_of_the_client_alone(void) {
    struct bindings tls = bindings_of("tls-server-end-point:right");
    with_bindings(&tls, NULL, 0, SEC_E_OK);
}

/* Lengths and offsets that point outside the buffer: rejected on the first call, without reading there. */
static void malformed_bindings(void) {
    for (int kind = 0; kind < 5; kind++) {
        struct bindings tls = bindings_of("tls-server-end-point:right");
        ULONG length = sizeof tls;
        switch (kind) {
        case 0: tls.header.cbApplicationDataLength = 33; break;
        case 1: tls.header.dwApplicationDataOffset = 0xfffffff0; break;
        case 2: tls.header.cbApplicationDataLength = 0xffffffff; break;
        case 3: tls.header.cbInitiatorLength = 8, tls.header.dwInitiatorOffset = 0x7fffffff; break;
        case 4: length = 31; break;
        }
        struct conversation c;
        struct terms terms = {.server_bindings = &tls, .server_bindings_length = length};
        REQUIRE(conversation_open(&c, &terms));
        CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
        CHECK_REFUSED(server_leg(&c));
        CHECK(!c.server.has_context);
        conversation_close(&c);
    }
}

const struct test flags_tests[] = {
    TEST(client_asks_for_everything),
    TEST(required_but_not_offered_is_absent),
    TEST(ntlm_never_delegates),
    TEST(nothing_protects_before_the_end),
    TEST(every_requirement_is_accepted),
    TEST(connection_is_granted),
    TEST(identify_is_granted_to_who_asks),
    TEST(dce_style),
    TEST(datagram),
    TEST(null_session),
    TEST(a_user_is_no_null_session),
    TEST(bindings_that_match),
    TEST(bindings_that_differ),
    TEST(bindings_of_the_server_alone),
    TEST(bindings_of_the_client_alone),
    TEST(malformed_bindings),
    END_OF_TESTS,
};
