/* Incorrect calls: tokens out of order, legs repeated, missing arguments. */
#include "control_conversation.h"
#include "groups.h"

static void empty_tokens(void) {
    for (size_t p = 0; p < 2; p++) {
        struct conversation c;
        REQUIRE(before_leg(&c, packages[p], 1));
        CHECK_STATUS(server_leg_with(&c, "", 0), SEC_E_INVALID_TOKEN);
        conversation_close(&c);
    }
}

/* A length without memory behind it. */
static void length_without_memory(void) {
    struct conversation c;
    REQUIRE(before_leg(&c, u"Negotiate", 0));
    CHECK_REFUSED(server_leg_with(&c, NULL, 100));
    CHECK_REFUSED(server_leg_with(&c, NULL, 0xffffffff));
    SecBufferDesc none = {SECBUFFER_VERSION, 1, NULL}, many = {SECBUFFER_VERSION, 0xffffffff, NULL};
    SecBuffer out = {sizeof c.server.sent.data, SECBUFFER_TOKEN, c.server.sent.data};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle context = {0, 0};
    ULONG attributes;
    CHECK_REFUSED(W->AcceptSecurityContext(&c.server.credential, NULL, &none, 0, 0, &context, &out_desc, &attributes, NULL));
    CHECK_EQUAL(out.cbBuffer, 0);
    out.cbBuffer = sizeof c.server.sent.data;
    CHECK_REFUSED(W->AcceptSecurityContext(&c.server.credential, NULL, &many, 0, 0, &context, &out_desc, &attributes, NULL));
    SecBuffer in = {c.client.sent.length, SECBUFFER_TOKEN, c.client.sent.data};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in};
    out = (SecBuffer){4000, SECBUFFER_TOKEN, NULL};
    CHECK_STATUS(W->AcceptSecurityContext(&c.server.credential, NULL, &in_desc, 0, 0, &context, &out_desc, &attributes,
                                          NULL),
                 SEC_E_INTERNAL_ERROR);
    CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK(converse(&c));
    conversation_close(&c);
}

/* The three messages in the wrong place, the server's own sent back to it, and another conversation's. */
static void tokens_out_of_order(void) {
    REQUIRE(control_conversation_waits());
    for (size_t p = 0; p < 2; p++) {
        struct conversation whole, c;
        struct terms terms = {.package = packages[p]};
        static struct bytes negotiate, challenge, authenticate;
        REQUIRE(conversation_open(&whole, &terms));
        client_leg(&whole), negotiate = whole.client.sent;
        server_leg(&whole), challenge = whole.server.sent;
        client_leg(&whole), authenticate = whole.client.sent;
        const struct bytes *first[] = {&authenticate, &challenge};
        const struct bytes *second[] = {&negotiate, &challenge, &authenticate};
        for (size_t i = 0; i < 2; i++) {
            REQUIRE(before_leg(&c, packages[p], 0));
            CHECK_REFUSED(fenced_leg(&c, first[i]->data, first[i]->length));
            conversation_close(&c);
        }
        /* another conversation's AUTHENTICATE answers another challenge */
        for (size_t i = 0; i < 3; i++) {
            REQUIRE(before_leg(&c, packages[p], 1));
            CHECK_REFUSED(fenced_leg(&c, second[i]->data, second[i]->length));
            conversation_close(&c);
        }
        CHECK_STATUS(server_leg(&whole), SEC_E_OK);
        CHECK(converse(&whole) && conversation_works(&whole));
        conversation_close(&whole);
    }
    control_conversation_goes_on();
}

/* A leg sent again, after it succeeded and after it failed. */
static void repeated_legs(void) {
    REQUIRE(control_conversation_waits());
    for (size_t p = 0; p < 2; p++) {
        struct conversation c;
        REQUIRE(before_leg(&c, packages[p], 0));
        CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
        CHECK_REFUSED(server_leg(&c));
        conversation_close(&c);
        REQUIRE(before_leg(&c, packages[p], 1));
        CHECK_STATUS(server_leg(&c), SEC_E_OK);
        struct bytes last = c.server.sent;
        CHECK_REFUSED(server_leg(&c));
        if (last.length) CHECK_STATUS(client_leg_with(&c, last.data, last.length), SEC_E_OK);
        CHECK(conversation_works(&c));
        conversation_close(&c);
    }
    control_conversation_goes_on();
}

static void null_everywhere(void) {
    CtxtHandle context = {0, 0};
    CHECK_REFUSED(W->AcceptSecurityContext(NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL));
    CHECK_REFUSED(W->AcceptSecurityContext(NULL, NULL, NULL, 0, 0, &context, NULL, NULL, NULL));
    CHECK_REFUSED(W->InitializeSecurityContextW(NULL, NULL, NULL, 0, 0, 0, NULL, 0, NULL, NULL, NULL, NULL));
    CHECK_REFUSED(A->InitializeSecurityContextA(NULL, NULL, NULL, 0, 0, 0, NULL, 0, NULL, NULL, NULL, NULL));
    CHECK_REFUSED(W->AcquireCredentialsHandleW(NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL));
    CHECK_REFUSED(A->AcquireCredentialsHandleA(NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL));
    CHECK_STATUS(W->DeleteSecurityContext(NULL), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->FreeCredentialsHandle(NULL), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->CompleteAuthToken(NULL, NULL), SEC_E_INVALID_HANDLE);
    CHECK_REFUSED(W->QueryContextAttributesW(NULL, 0, NULL));
    CHECK_REFUSED(A->QueryContextAttributesA(NULL, 0, NULL));
    CHECK_REFUSED(W->QueryCredentialsAttributesW(NULL, 0, NULL));
    CHECK_REFUSED(A->QueryCredentialsAttributesA(NULL, 0, NULL));
    CHECK_REFUSED(W->MakeSignature(NULL, 0, NULL, 0));
    CHECK_REFUSED(W->VerifySignature(NULL, NULL, 0, NULL));
    CHECK_REFUSED(W->EncryptMessage(NULL, 0, NULL, 0));
    CHECK_REFUSED(W->DecryptMessage(NULL, NULL, 0, NULL));
    CHECK_REFUSED(W->EnumerateSecurityPackagesW(NULL, NULL));
    CHECK_REFUSED(W->QuerySecurityPackageInfoW(NULL, NULL));
}

const struct test order_tests[] = {
    TEST(empty_tokens),
    TEST(length_without_memory),
    TEST(tokens_out_of_order),
    TEST(repeated_legs),
    TEST(null_everywhere),
    END_OF_TESTS,
};
