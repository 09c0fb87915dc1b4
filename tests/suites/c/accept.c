/* AcceptSecurityContext: the conversations and the statuses of its page. Its arguments are in arguments.c, its
 * buffers in buffers.c, its attributes in flags.c. These return codes need a configuration, see configured.c:
 * SEC_E_INSUFFICIENT_MEMORY, SEC_E_INTERNAL_ERROR, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_I_COMPLETE_NEEDED,
 * SEC_I_COMPLETE_AND_CONTINUE. */
#include "conversation.h"
#include "groups.h"

static void negotiate_conversation(void) {
    struct conversation c;
    if (CHECK(conversation_until_last_leg(&c, NULL))) {
        /* SEC_E_OK may come with a token, which must be sent: the client awaits it. */
        CHECK_STATUS(server_leg(&c), SEC_E_OK);
        CHECK(c.server.sent.length > 0);
        CHECK_STATUS(c.client.status, SEC_I_CONTINUE_NEEDED);
        CHECK_STATUS(client_leg(&c), SEC_E_OK);
        CHECK(conversation_works(&c));
    }
    conversation_close(&c);
}

static void ntlm_conversation(void) {
    struct conversation c;
    struct terms terms = {.package = u"NTLM"};
    CHECK(conversation_establish(&c, &terms) && conversation_works(&c));
    CHECK_EQUAL(c.server.sent.length, 0);
    conversation_close(&c);
}

/* A client that speaks NTLMSSP without SPNEGO, as curl --ntlm does under either name. */
static void raw_ntlm_to_negotiate(void) {
    struct conversation c;
    struct terms terms = {.client_package = u"NTLM"};
    CHECK(conversation_establish(&c, &terms) && conversation_works(&c));
    conversation_close(&c);
}

static void spnego_to_ntlm_package(void) {
    struct conversation c;
    struct terms terms = {.package = u"NTLM", .client_package = u"Negotiate"};
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(server_leg(&c), SEC_E_INVALID_TOKEN);
    conversation_close(&c);
}

static void both_data_representations(void) {
    static const ULONG representations[] = {SECURITY_NATIVE_DREP, SECURITY_NETWORK_DREP};
    for (size_t i = 0; i < 2; i++) {
        struct conversation c;
        struct terms terms = {.drep = representations[i]};
        CHECK(conversation_establish(&c, &terms) && conversation_works(&c));
        conversation_close(&c);
    }
}

/* SPNEGO's NegTokenInit2: the server speaks first when there is no token yet ([MS-SPNG] 3.2.5.2). */
static void hint_for_an_empty_first_token(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(server_leg_with(&c, NULL, 0), SEC_I_CONTINUE_NEEDED);
    CHECK(c.server.sent.length > 0);
    CHECK_EQUAL(c.server.sent.data[0], 0x60);
    CHECK(converse(&c) && conversation_works(&c));
    conversation_close(&c);
}

static void ntlm_needs_a_first_token(void) {
    struct conversation c;
    struct terms terms = {.package = u"NTLM"};
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(server_leg_with(&c, NULL, 0), SEC_E_INVALID_TOKEN);
    conversation_close(&c);
}

/* SEC_E_LOGON_DENIED for each reason that concerns the account, so that the client cannot distinguish them. */
static void sec_e_logon_denied_for_all_alike(void) {
    static const struct terms refused[] = {
        {.password = u"password"},
        {.password = u""},
        {.user = u"nobody by that name"},
        {.user = u"disabled"},
    };
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
            struct conversation c;
            struct terms terms = refused[i];
            terms.package = p ? u"NTLM" : u"Negotiate";
            if (CHECK(conversation_until_last_leg(&c, &terms))) {
                CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
                CHECK_EQUAL(c.server.sent.length, 0);
            }
            conversation_close(&c);
        }
    }
}

static void user_names_in_any_letter_case(void) {
    static const struct terms admitted[] = {{.user = u"ALICE"}, {.user = u"Alice", .domain = u"example"}};
    for (size_t i = 0; i < 2; i++) {
        struct conversation c;
        CHECK(conversation_establish(&c, &admitted[i]));
        conversation_close(&c);
    }
}

/* A later call that fails leaves a context that can only be deleted. */
static void later_failure_leaves_a_context_to_delete(void) {
    struct conversation c;
    struct terms terms = {.password = u"wrong"};
    REQUIRE(conversation_until_last_leg(&c, &terms));
    CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
    CHECK_REFUSED(server_leg(&c));
    SecPkgContext_Sizes sizes;
    CHECK_REFUSED(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_SIZES, &sizes));
    SecBuffer none = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &none};
    CHECK_REFUSED(W->MakeSignature(&c.server.context, 0, &desc, 0));
    CHECK_REFUSED(W->CompleteAuthToken(&c.server.context, &desc));
    CHECK_STATUS(W->DeleteSecurityContext(&c.server.context), SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&c.server.context), SEC_E_INVALID_HANDLE);
    c.server.has_context = false;
    conversation_close(&c);
}

/* Not even the right token is accepted after a wrong one: the challenge has been used. */
static void no_second_try(void) {
    for (size_t p = 0; p < 2; p++) {
        struct conversation c;
        struct terms terms = {.package = p ? u"NTLM" : u"Negotiate"};
        REQUIRE(conversation_until_last_leg(&c, &terms));
        struct bytes right = c.client.sent;
        c.client.sent.data[right.length - 1] ^= 1;
        CHECK_REFUSED(server_leg(&c));
        CHECK_REFUSED(server_leg_with(&c, right.data, right.length));
        conversation_close(&c);
    }
}

/* After a context is established, one more leg is an error and leaves it unchanged. */
static void leg_after_the_last(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    CHECK_REFUSED(server_leg(&c));
    conversation_close(&c);
}

/* Other packages finish a token in CompleteAuthToken; for these there is nothing left to do. */
static void complete_auth_token_is_not_needed(void) {
    struct conversation c;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    SecBuffer out = {c.server.sent.length, SECBUFFER_TOKEN, c.server.sent.data};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &out};
    SECURITY_STATUS status = W->CompleteAuthToken(&c.server.context, &desc);
    CHECK(status == SEC_E_OK || status == (SECURITY_STATUS)SEC_E_UNSUPPORTED_FUNCTION);
    CHECK(converse(&c));
    CtxtHandle zero = {0, 0};
    CHECK_STATUS(W->CompleteAuthToken(&zero, &desc), SEC_E_INVALID_HANDLE);
    conversation_close(&c);
}

/* Many independent conversations at once. */
static void interleaved_conversations(void) {
    enum { COUNT = 8 };
    static struct conversation c[COUNT];
    for (int i = 0; i < COUNT; i++) {
        struct terms terms = {.password = i % 3 == 1 ? u"wrong" : NULL, .package = i % 2 ? u"NTLM" : u"Negotiate"};
        CHECK(conversation_until_last_leg(&c[i], &terms));
    }
    for (int i = COUNT - 1; i >= 0; i--) {
        CHECK_STATUS(server_leg(&c[i]), i % 3 == 1 ? SEC_E_LOGON_DENIED : SEC_E_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        if (i % 3 != 1) CHECK(converse(&c[i]) && conversation_works(&c[i]));
        conversation_close(&c[i]);
    }
}

const struct test accept_tests[] = {
    TEST(negotiate_conversation),
    TEST(ntlm_conversation),
    TEST(raw_ntlm_to_negotiate),
    TEST(spnego_to_ntlm_package),
    TEST(both_data_representations),
    TEST(hint_for_an_empty_first_token),
    TEST(ntlm_needs_a_first_token),
    TEST(sec_e_logon_denied_for_all_alike),
    TEST(user_names_in_any_letter_case),
    TEST(later_failure_leaves_a_context_to_delete),
    TEST(no_second_try),
    TEST(leg_after_the_last),
    TEST(complete_auth_token_is_not_needed),
    TEST(interleaved_conversations),
    END_OF_TESTS,
};
