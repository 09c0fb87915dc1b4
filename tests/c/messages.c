/* MakeSignature, VerifySignature, EncryptMessage, DecryptMessage: layouts, order, sizes. */
#include "conversation.h"
#include "groups.h"

#include <stdlib.h>

#define SIGNATURE 16 /* NTLMSSP_MESSAGE_SIGNATURE, [MS-NLMP] 2.2.2.9 */

static const char text[] = "the quick brown fox";

/* A message of one token and one data buffer. */
struct message {
    unsigned char token[64];
    char data[sizeof text];
    SecBuffer buffers[2];
    SecBufferDesc desc;
};

static void message_reset(struct message *m) {
    memset(m->token, 0, sizeof m->token);
    memcpy(m->data, text, sizeof text);
    m->buffers[0] = (SecBuffer){sizeof m->token, SECBUFFER_TOKEN, m->token};
    m->buffers[1] = (SecBuffer){sizeof m->data, SECBUFFER_DATA, m->data};
    m->desc = (SecBufferDesc){SECBUFFER_VERSION, 2, m->buffers};
}

static bool established(struct conversation *c) {
    struct terms terms = {.client_requirements = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT |
                                                 ISC_REQ_SEQUENCE_DETECT};
    return conversation_establish(c, &terms);
}

static SECURITY_STATUS sign(struct side *side, struct message *m) {
    message_reset(m);
    return W->MakeSignature(&side->context, 0, &m->desc, 0);
}

static SECURITY_STATUS verify(struct side *side, struct message *m) {
    return W->VerifySignature(&side->context, &m->desc, 0, NULL);
}

static SECURITY_STATUS encrypt(struct side *side, struct message *m) {
    message_reset(m);
    return W->EncryptMessage(&side->context, 0, &m->desc, 0);
}

static SECURITY_STATUS decrypt(struct side *side, struct message *m) {
    return W->DecryptMessage(&side->context, &m->desc, 0, NULL);
}

static void signatures_both_ways(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    for (int i = 0; i < 5; i++) {
        CHECK_STATUS(sign(&c.client, &m), SEC_E_OK);
        CHECK_EQUAL(m.buffers[0].cbBuffer, SIGNATURE);
        CHECK(memcmp(m.data, text, sizeof text) == 0);
        CHECK_STATUS(verify(&c.server, &m), SEC_E_OK);
        CHECK_STATUS(sign(&c.server, &m), SEC_E_OK);
        CHECK_STATUS(verify(&c.client, &m), SEC_E_OK);
    }
    conversation_close(&c);
}

static void sealed_both_ways_and_mixed_with_signed(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    for (int i = 0; i < 5; i++) {
        CHECK_STATUS(encrypt(&c.client, &m), SEC_E_OK);
        CHECK_EQUAL(m.buffers[0].cbBuffer, SIGNATURE);
        CHECK(memcmp(m.data, text, sizeof text) != 0);
        CHECK_STATUS(decrypt(&c.server, &m), SEC_E_OK);
        CHECK(memcmp(m.data, text, sizeof text) == 0);
        CHECK_STATUS(sign(&c.client, &m), SEC_E_OK);
        CHECK_STATUS(verify(&c.server, &m), SEC_E_OK);
        CHECK(conversation_works(&c));
    }
    conversation_close(&c);
}

/* SECPKG_ATTR_SIZES is what a program allocates by. */
static void sizes_suffice(void) {
    struct conversation c;
    REQUIRE(established(&c));
    SecPkgContext_Sizes sizes;
    REQUIRE_STATUS(W->QueryContextAttributesW(&c.client.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    CHECK(sizes.cbMaxSignature >= SIGNATURE && sizes.cbSecurityTrailer >= SIGNATURE && sizes.cbMaxToken > 0);
    static const ULONG lengths[] = {0, 1, 16, 255, 4096, 70000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int seal = 0; seal < 2; seal++) {
            unsigned char *data = malloc(lengths[i] + 1), *token = malloc(sizes.cbSecurityTrailer + sizes.cbMaxSignature);
            memset(data, 'x', lengths[i]);
            ULONG room = seal ? sizes.cbSecurityTrailer : sizes.cbMaxSignature;
            SecBuffer buffers[2] = {{lengths[i], SECBUFFER_DATA, data}, {room, SECBUFFER_TOKEN, token}};
            SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
            if (seal) {
                CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
                CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_OK);
            } else {
                CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &desc, 0), SEC_E_OK);
                CHECK_STATUS(W->VerifySignature(&c.server.context, &desc, 0, NULL), SEC_E_OK);
            }
            CHECK(buffers[1].cbBuffer <= room);
            for (ULONG b = 0; b < lengths[i]; b++) {
                if (data[b] != 'x') {
                    CHECK(!"the message came back as it was");
                    break;
                }
            }
            free(data), free(token);
        }
    }
    conversation_close(&c);
}

/* A signature that does not fit is refused and has used up no sequence number. */
static void token_buffer_too_small(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    for (ULONG room = 0; room < SIGNATURE; room += 5) {
        message_reset(&m);
        m.buffers[0].cbBuffer = room;
        CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 0), SEC_E_BUFFER_TOO_SMALL);
        message_reset(&m);
        m.buffers[0].cbBuffer = room;
        CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &m.desc, 0), SEC_E_BUFFER_TOO_SMALL);
        CHECK(memcmp(m.data, text, sizeof text) == 0);
    }
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

static void token_anywhere(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    message_reset(&m);
    SecBuffer swapped[3] = {m.buffers[1], {0, SECBUFFER_EMPTY, NULL}, m.buffers[0]};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, swapped};
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_OK);
    CHECK(memcmp(m.data, text, sizeof text) == 0);
    conversation_close(&c);
}

/* Several data buffers are one message, wherever it is cut. */
static void data_in_pieces(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    message_reset(&m);
    SecBuffer pieces[4] = {m.buffers[0],
                           {7, SECBUFFER_DATA, m.data},
                           {0, SECBUFFER_DATA, NULL},
                           {sizeof text - 7, SECBUFFER_DATA, m.data + 7}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, pieces};
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    m.buffers[0].cbBuffer = pieces[0].cbBuffer;
    CHECK_STATUS(decrypt(&c.server, &m), SEC_E_OK);
    CHECK(memcmp(m.data, text, sizeof text) == 0);
    conversation_close(&c);
}

/* READONLY_WITH_CHECKSUM is signed and stays clear; READONLY is neither, as [MS-NLMP]'s callers in RPC use them. */
static void read_only_parts(void) {
    for (int tamper = 0; tamper < 3; tamper++) {
        struct conversation c;
        struct message m;
        char header[] = "header", trailer[] = "trailer";
        REQUIRE(established(&c));
        message_reset(&m);
        SecBuffer parts[4] = {{sizeof header, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, header},
                              m.buffers[1],
                              {sizeof trailer, SECBUFFER_DATA | SECBUFFER_READONLY, trailer},
                              m.buffers[0]};
        SecBufferDesc desc = {SECBUFFER_VERSION, 4, parts};
        CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
        CHECK(strcmp(header, "header") == 0 && strcmp(trailer, "trailer") == 0);
        CHECK(memcmp(m.data, text, sizeof text) != 0);
        if (tamper == 1) header[0] ^= 1;
        if (tamper == 2) trailer[0] ^= 1;
        CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL),
                     tamper == 1 ? SEC_E_MESSAGE_ALTERED : SEC_E_OK);
        if (tamper != 1) CHECK(memcmp(m.data, text, sizeof text) == 0);
        conversation_close(&c);
    }
}

/* The layout of SASL and of mail servers: TOKEN, DATA, PADDING. NTLM pads nothing. */
static void padding_is_empty(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    message_reset(&m);
    unsigned char padding[8];
    SecBuffer parts[3] = {m.buffers[0], m.buffers[1], {sizeof padding, SECBUFFER_PADDING, padding}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, parts};
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK_EQUAL(parts[2].cbBuffer, 0);
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_OK);
    CHECK(memcmp(m.data, text, sizeof text) == 0);
    conversation_close(&c);
}

/* A receiver that has the wrapped message in one piece: STREAM in, DATA out, pointing into it. */
static void stream_layout(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    CHECK_STATUS(encrypt(&c.client, &m), SEC_E_OK);
    unsigned char stream[SIGNATURE + sizeof text];
    memcpy(stream, m.token, SIGNATURE);
    memcpy(stream + SIGNATURE, m.data, sizeof text);
    SecBuffer parts[2] = {{sizeof stream, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, parts};
    ULONG qop = 77;
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, &qop), SEC_E_OK);
    CHECK_EQUAL(qop, 0);
    CHECK_EQUAL(parts[1].cbBuffer, sizeof text);
    CHECK(parts[1].pvBuffer == stream + SIGNATURE);
    CHECK(memcmp(stream + SIGNATURE, text, sizeof text) == 0);
    for (ULONG length = 0; length < SIGNATURE; length += 5) {
        parts[0] = (SecBuffer){length, SECBUFFER_STREAM, stream};
        parts[1] = (SecBuffer){0, SECBUFFER_DATA, NULL};
        CHECK_REFUSED(W->DecryptMessage(&c.server.context, &desc, 0, &qop));
    }
    conversation_close(&c);
}

static void tampered_messages(void) {
    for (int where = 0; where < SIGNATURE; where++) {
        struct conversation c;
        struct message m;
        REQUIRE(established(&c));
        CHECK_STATUS(encrypt(&c.client, &m), SEC_E_OK);
        m.token[where] ^= 0x10;
        CHECK_REFUSED(decrypt(&c.server, &m));
        conversation_close(&c);
    }
    for (int seal = 0; seal < 2; seal++) {
        struct conversation c;
        struct message m;
        REQUIRE(established(&c));
        CHECK_STATUS(seal ? encrypt(&c.client, &m) : sign(&c.client, &m), SEC_E_OK);
        m.data[3] ^= 1;
        CHECK_STATUS(seal ? decrypt(&c.server, &m) : verify(&c.server, &m), SEC_E_MESSAGE_ALTERED);
        conversation_close(&c);
    }
}

static void replay_is_refused(void) {
    for (int seal = 0; seal < 2; seal++) {
        struct conversation c;
        struct message m, copy;
        REQUIRE(established(&c));
        CHECK_STATUS(seal ? encrypt(&c.client, &m) : sign(&c.client, &m), SEC_E_OK);
        memcpy(&copy, &m, sizeof m);
        CHECK_STATUS(seal ? decrypt(&c.server, &m) : verify(&c.server, &m), SEC_E_OK);
        copy.buffers[0].pvBuffer = copy.token, copy.buffers[1].pvBuffer = copy.data;
        copy.desc.pBuffers = copy.buffers;
        SECURITY_STATUS status = seal ? decrypt(&c.server, &copy) : verify(&c.server, &copy);
        CHECK(status == (SECURITY_STATUS)SEC_E_OUT_OF_SEQUENCE || status == (SECURITY_STATUS)SEC_E_MESSAGE_ALTERED);
        conversation_close(&c);
    }
}

static void reordering_is_refused(void) {
    struct conversation c;
    struct message first, second;
    REQUIRE(established(&c));
    CHECK_STATUS(sign(&c.client, &first), SEC_E_OK);
    CHECK_STATUS(sign(&c.client, &second), SEC_E_OK);
    SECURITY_STATUS status = verify(&c.server, &second);
    CHECK(status == (SECURITY_STATUS)SEC_E_OUT_OF_SEQUENCE || status == (SECURITY_STATUS)SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

/* A message reflected to its sender is no message of the peer. */
static void reflection_is_refused(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    CHECK_STATUS(sign(&c.client, &m), SEC_E_OK);
    CHECK_STATUS(verify(&c.client, &m), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

static void wrap_without_encryption(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    message_reset(&m);
    SECURITY_STATUS status = W->EncryptMessage(&c.client.context, SECQOP_WRAP_NO_ENCRYPT, &m.desc, 0);
    if (status == (SECURITY_STATUS)SEC_E_QOP_NOT_SUPPORTED) {
        CHECK(conversation_works(&c));
    } else if (CHECK_STATUS(status, SEC_E_OK)) {
        CHECK(memcmp(m.data, text, sizeof text) == 0);
    }
    message_reset(&m);
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0x12345, &m.desc, 0), SEC_E_QOP_NOT_SUPPORTED);
    conversation_close(&c);
}

static void seal_message_is_encrypt_message(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    message_reset(&m);
    CHECK_STATUS(SealMessageByName(&c.client.context, 0, &m.desc, 0), SEC_E_OK);
    CHECK(memcmp(m.data, text, sizeof text) != 0);
    CHECK_STATUS(UnsealMessageByName(&c.server.context, &m.desc, 0, NULL), SEC_E_OK);
    CHECK(memcmp(m.data, text, sizeof text) == 0);
    conversation_close(&c);
}

static void malformed_descriptors(void) {
    struct conversation c;
    struct message m;
    REQUIRE(established(&c));
    CtxtHandle *context = &c.client.context;
    SecBufferDesc broken[] = {
        {SECBUFFER_VERSION, 0, NULL},      /* no buffers */
        {SECBUFFER_VERSION, 2, NULL},      /* buffers said to be there */
        {SECBUFFER_VERSION, 1, m.buffers}, /* a token alone, below */
    };
    message_reset(&m);
    for (size_t i = 0; i < 2; i++) {
        CHECK_REFUSED(W->MakeSignature(context, 0, &broken[i], 0));
        CHECK_REFUSED(W->VerifySignature(context, &broken[i], 0, NULL));
        CHECK_REFUSED(W->EncryptMessage(context, 0, &broken[i], 0));
        CHECK_REFUSED(W->DecryptMessage(context, &broken[i], 0, NULL));
    }
    CHECK_REFUSED(W->MakeSignature(context, 0, NULL, 0));
    CHECK_REFUSED(W->VerifySignature(context, NULL, 0, NULL));
    CHECK_REFUSED(W->EncryptMessage(context, 0, NULL, 0));
    CHECK_REFUSED(W->DecryptMessage(context, NULL, 0, NULL));
    m.buffers[0].pvBuffer = NULL;
    CHECK_REFUSED(W->EncryptMessage(context, 0, &m.desc, 0));
    message_reset(&m);
    m.buffers[1].pvBuffer = NULL;
    CHECK_REFUSED(W->EncryptMessage(context, 0, &m.desc, 0));
    message_reset(&m);
    m.buffers[0].BufferType = SECBUFFER_DATA;
    CHECK_REFUSED(W->EncryptMessage(context, 0, &m.desc, 0));
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

/* Where neither signing nor sealing was negotiated, nothing is sealed. Where one was, both work, as on Windows. */
static void sealing_needs_protection(void) {
    static const ULONG requirements[] = {ISC_REQ_CONNECTION, ISC_REQ_INTEGRITY};
    for (int protected = 0; protected < 2; protected++) {
        struct conversation c;
        struct message m;
        struct terms terms = {.package = u"NTLM", .client_requirements = requirements[protected]};
        REQUIRE(conversation_establish(&c, &terms));
        CHECK_STATUS(encrypt(&c.client, &m), protected ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION);
        CHECK_EQUAL(memcmp(m.data, text, sizeof text) == 0, !protected);
        conversation_close(&c);
    }
}

/* In a datagram context messages come in any order, and MessageSeqNo tells which is which. */
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
        CHECK(memcmp(next->data, text, sizeof text) == 0);
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
    TEST(sizes_suffice),
    TEST(token_buffer_too_small),
    TEST(token_anywhere),
    TEST(data_in_pieces),
    TEST(read_only_parts),
    TEST(padding_is_empty),
    TEST(stream_layout),
    TEST(tampered_messages),
    TEST(replay_is_refused),
    TEST(reordering_is_refused),
    TEST(reflection_is_refused),
    TEST(wrap_without_encryption),
    TEST(seal_message_is_encrypt_message),
    TEST(malformed_descriptors),
    TEST(sealing_needs_protection),
    TEST(datagrams_in_any_order),
    TEST(not_before_the_end),
    END_OF_TESTS,
};
