/* The buffers of a message: their types, how the data is split, how long they must be. */
#include "groups.h"
#include "message.h"

#include <stdlib.h>

/* Programs allocate by SECPKG_ATTR_SIZES. */
static void sizes_suffice(void) {
    struct conversation c;
    REQUIRE(message_contexts(&c));
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

/* A signature that does not fit is rejected and uses no sequence number. */
static void token_buffer_too_small(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    for (ULONG room = 0; room < SIGNATURE; room += 5) {
        message_reset(&m);
        m.buffers[0].cbBuffer = room;
        CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 0), SEC_E_BUFFER_TOO_SMALL);
        message_reset(&m);
        m.buffers[0].cbBuffer = room;
        CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &m.desc, 0), SEC_E_BUFFER_TOO_SMALL);
        CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    }
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

static void token_anywhere(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    message_reset(&m);
    SecBuffer swapped[3] = {m.buffers[1], {0, SECBUFFER_EMPTY, NULL}, m.buffers[0]};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, swapped};
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    conversation_close(&c);
}

/* Several data buffers are one message, wherever it is split. */
static void data_in_pieces(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    message_reset(&m);
    SecBuffer pieces[4] = {m.buffers[0],
                           {7, SECBUFFER_DATA, m.data},
                           {0, SECBUFFER_DATA, NULL},
                           {sizeof MESSAGE_TEXT - 7, SECBUFFER_DATA, m.data + 7}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, pieces};
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    m.buffers[0].cbBuffer = pieces[0].cbBuffer;
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    conversation_close(&c);
}

/* READONLY_WITH_CHECKSUM is signed and stays clear; READONLY is neither, as [MS-NLMP]'s callers in RPC use them. */
static void read_only_parts(void) {
    for (int tamper = 0; tamper < 3; tamper++) {
        struct conversation c;
        struct message m;
        char header[] = "header", trailer[] = "trailer";
        REQUIRE(message_contexts(&c));
        message_reset(&m);
        SecBuffer parts[4] = {{sizeof header, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, header},
                              m.buffers[1],
                              {sizeof trailer, SECBUFFER_DATA | SECBUFFER_READONLY, trailer},
                              m.buffers[0]};
        SecBufferDesc desc = {SECBUFFER_VERSION, 4, parts};
        CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
        CHECK(strcmp(header, "header") == 0 && strcmp(trailer, "trailer") == 0);
        CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) != 0);
        if (tamper == 1) header[0] ^= 1;
        if (tamper == 2) trailer[0] ^= 1;
        CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL),
                     tamper == 1 ? SEC_E_MESSAGE_ALTERED : SEC_E_OK);
        if (tamper != 1) CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
        conversation_close(&c);
    }
}

/* The layout of SASL and of mail servers: TOKEN, DATA, PADDING. NTLM pads nothing. */
static void padding_is_empty(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    message_reset(&m);
    unsigned char padding[8];
    SecBuffer parts[3] = {m.buffers[0], m.buffers[1], {sizeof padding, SECBUFFER_PADDING, padding}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, parts};
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK_EQUAL(parts[2].cbBuffer, 0);
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    conversation_close(&c);
}

/* A receiver that has the wrapped message in one piece: STREAM in, DATA out, pointing into it. */
static void stream_layout(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
    CHECK_STATUS(message_encrypt(&c.client, &m), SEC_E_OK);
    unsigned char stream[SIGNATURE + sizeof MESSAGE_TEXT];
    memcpy(stream, m.token, SIGNATURE);
    memcpy(stream + SIGNATURE, m.data, sizeof MESSAGE_TEXT);
    SecBuffer parts[2] = {{sizeof stream, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, parts};
    ULONG qop = 77;
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, &qop), SEC_E_OK);
    CHECK_EQUAL(qop, 77);
    CHECK_EQUAL(parts[1].cbBuffer, sizeof MESSAGE_TEXT);
    CHECK(parts[1].pvBuffer == stream + SIGNATURE);
    CHECK(memcmp(stream + SIGNATURE, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    for (ULONG length = 0; length < SIGNATURE; length += 5) {
        parts[0] = (SecBuffer){length, SECBUFFER_STREAM, stream};
        parts[1] = (SecBuffer){0, SECBUFFER_DATA, NULL};
        CHECK_REFUSED(W->DecryptMessage(&c.server.context, &desc, 0, &qop));
    }
    conversation_close(&c);
}

static void malformed_descriptors(void) {
    struct conversation c;
    struct message m;
    REQUIRE(message_contexts(&c));
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

const struct test layouts_tests[] = {
    TEST(sizes_suffice),
    TEST(token_buffer_too_small),
    TEST(token_anywhere),
    TEST(data_in_pieces),
    TEST(read_only_parts),
    TEST(padding_is_empty),
    TEST(stream_layout),
    TEST(malformed_descriptors),
    END_OF_TESTS,
};
