/* MakeSignature, VerifySignature, EncryptMessage, DecryptMessage: what they protect, and in which order. */
#include "groups.h"
#include "message.h"

static void signatures_both_ways(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    for (int i = 0; i < 5; i++) {
        CHECK_STATUS(message_sign(&c.client, &m), SEC_E_OK);
        CHECK_EQUAL(m.buffers[0].cbBuffer, SIGNATURE);
        CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
        CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
        CHECK_STATUS(message_sign(&c.server, &m), SEC_E_OK);
        CHECK_STATUS(message_verify(&c.client, &m), SEC_E_OK);
    }
    conversation_close(&c);
}

static void sealed_both_ways_and_mixed_with_signed(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    for (int i = 0; i < 5; i++) {
        CHECK_STATUS(message_encrypt(&c.client, &m), SEC_E_OK);
        CHECK_EQUAL(m.buffers[0].cbBuffer, SIGNATURE);
        CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) != 0);
        CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
        CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
        CHECK_STATUS(message_sign(&c.client, &m), SEC_E_OK);
        CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
        CHECK(conversation_works(&c));
    }
    conversation_close(&c);
}

static void tampered_messages(void) {
    for (int where = 0; where < SIGNATURE; where++) {
        struct conversation c;
        struct message m;
        REQUIRE(message_contexts(&c));
        CHECK_STATUS(message_encrypt(&c.client, &m), SEC_E_OK);
        m.token[where] ^= 0x10;
        CHECK_REFUSED(message_decrypt(&c.server, &m));
        conversation_close(&c);
    }
    for (int seal = 0; seal < 2; seal++) {
        struct conversation c;
        struct message m;
        REQUIRE(message_contexts(&c));
        CHECK_STATUS(seal ? message_encrypt(&c.client, &m) : message_sign(&c.client, &m), SEC_E_OK);
        m.data[3] ^= 1;
        CHECK_STATUS(seal ? message_decrypt(&c.server, &m) : message_verify(&c.server, &m), SEC_E_MESSAGE_ALTERED);
        conversation_close(&c);
    }
}

static void replay_is_refused(void) {
    for (int seal = 0; seal < 2; seal++) {
        struct conversation c;
        struct message m, copy;
        REQUIRE(message_contexts(&c));
        CHECK_STATUS(seal ? message_encrypt(&c.client, &m) : message_sign(&c.client, &m), SEC_E_OK);
        memcpy(&copy, &m, sizeof m);
        CHECK_STATUS(seal ? message_decrypt(&c.server, &m) : message_verify(&c.server, &m), SEC_E_OK);
        copy.buffers[0].pvBuffer = copy.token, copy.buffers[1].pvBuffer = copy.data;
        copy.desc.pBuffers = copy.buffers;
        SECURITY_STATUS status = seal ? message_decrypt(&c.server, &copy) : message_verify(&c.server, &copy);
        CHECK(status == (SECURITY_STATUS)SEC_E_OUT_OF_SEQUENCE || status == (SECURITY_STATUS)SEC_E_MESSAGE_ALTERED);
        conversation_close(&c);
    }
}

static void reordering_is_refused(void) {
    struct conversation c;
    struct message first, second;
    REQUIRE(message_contexts(&c));
    CHECK_STATUS(message_sign(&c.client, &first), SEC_E_OK);
    CHECK_STATUS(message_sign(&c.client, &second), SEC_E_OK);
    SECURITY_STATUS status = message_verify(&c.server, &second);
    CHECK(status == (SECURITY_STATUS)SEC_E_OUT_OF_SEQUENCE || status == (SECURITY_STATUS)SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

/* A message that is returned to its sender is rejected. */
static void reflection_is_refused(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    CHECK_STATUS(message_sign(&c.client, &m), SEC_E_OK);
    CHECK_STATUS(message_verify(&c.client, &m), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

static void wrap_without_encryption(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    message_reset(&m);
    SECURITY_STATUS status = W->EncryptMessage(&c.client.context, SECQOP_WRAP_NO_ENCRYPT, &m.desc, 0);
    if (status == (SECURITY_STATUS)SEC_E_QOP_NOT_SUPPORTED) {
        CHECK(conversation_works(&c));
    } else if (CHECK_STATUS(status, SEC_E_OK)) {
        CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    }
    message_reset(&m);
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0x12345, &m.desc, 0), SEC_E_QOP_NOT_SUPPORTED);
    conversation_close(&c);
}

/* As .NET calls it; with NTLM. */
static void sign_without_encryption(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    message_reset(&m);
    CHECK_STATUS(W->MakeSignature(&c.client.context, SECQOP_WRAP_NO_ENCRYPT, &m.desc, 0), SEC_E_OK);
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
    conversation_close(&c);
}

static void seal_message_is_encrypt_message(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    message_reset(&m);
    CHECK_STATUS(SealMessageByName(&c.client.context, 0, &m.desc, 0), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) != 0);
    CHECK_STATUS(UnsealMessageByName(&c.server.context, &m.desc, 0, NULL), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    conversation_close(&c);
}

/* Where neither signing nor sealing was negotiated, sealing fails. Where one was negotiated, both work, as on
 * Windows. */
static void sealing_needs_protection(void) {
    static const ULONG requirements[] = {ISC_REQ_CONNECTION, ISC_REQ_INTEGRITY};
    for (int protected = 0; protected < 2; protected++) {
        struct conversation c;
        struct message m;
        struct terms terms = {.package = u"NTLM", .client_requirements = requirements[protected]};
        REQUIRE(conversation_establish(&c, &terms));
        CHECK_STATUS(message_encrypt(&c.client, &m), protected ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION);
        CHECK_EQUAL(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0, !protected);
        conversation_close(&c);
    }
}

/* In a datagram context messages may arrive in any order, and MessageSeqNo identifies each. */
static void datagrams_in_any_order(void) {
    struct conversation c;
    struct message m[3];
    struct terms terms = {.package = u"NTLM",
                          .client_requirements = CLIENT_USUAL | ISC_REQ_DATAGRAM,
                          .server_requirements = ASC_REQ_DATAGRAM};
    static const int order[] = {2, 0, 1};
    REQUIRE(conversation_establish(&c, &terms));
    for (ULONG i = 0; i < 3; i++) {
        message_reset(&m[i]);
        CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &m[i].desc, 10 + i), SEC_E_OK);
    }
    for (int i = 0; i < 3; i++) {
        struct message *next = &m[order[i]];
        CHECK_STATUS(W->DecryptMessage(&c.server.context, &next->desc, 10 + (ULONG)order[i], NULL), SEC_E_OK);
        CHECK(memcmp(next->data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    }
    message_reset(&m[0]);
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &m[0].desc, 20), SEC_E_OK);
    CHECK_REFUSED(W->DecryptMessage(&c.server.context, &m[0].desc, 21, NULL));
    conversation_close(&c);
}

static void not_before_the_end(void) {
    struct conversation c;
    struct message m;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    message_reset(&m);
    CHECK_REFUSED(W->MakeSignature(&c.server.context, 0, &m.desc, 0));
    CHECK_REFUSED(W->EncryptMessage(&c.server.context, 0, &m.desc, 0));
    CHECK_REFUSED(W->DecryptMessage(&c.server.context, &m.desc, 0, NULL));
    CHECK(converse(&c) && conversation_works(&c));
    conversation_close(&c);
}

const struct test messages_tests[] = {
    TEST(signatures_both_ways),
    TEST(sealed_both_ways_and_mixed_with_signed),
    TEST(tampered_messages),
    TEST(replay_is_refused),
    TEST(reordering_is_refused),
    TEST(reflection_is_refused),
    TEST(wrap_without_encryption),
    TEST(sign_without_encryption),
    TEST(seal_message_is_encrypt_message),
    TEST(sealing_needs_protection),
    TEST(datagrams_in_any_order),
    TEST(not_before_the_end),
    END_OF_TESTS,
};
