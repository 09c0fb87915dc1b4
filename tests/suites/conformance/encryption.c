/* EncryptMessage, DecryptMessage, and their older names. */
#include "../c/message.h"
#include "fixture.h"

static bool opened(struct conversation *c) {
    return contexts(c, u"NTLM");
}

#define ENCRYPTED(c, m) REACH(message_encrypt(&(c).client, &(m)) == SEC_E_OK)

/* ---- EncryptMessage */

PROMISE(EncryptMessage, in_place, "page: the message is encrypted in place, overwriting the original contents") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    CHECK_STATUS(message_encrypt(&c.client, &m), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) != 0 && m.buffers[1].pvBuffer == m.data);
    conversation_close(&c);
}

PROMISE(EncryptMessage, keeps_the_length, "page of SecPkgContext_Sizes: cbBlockSize is 1 for stream ciphers, which need no padding") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    ENCRYPTED(c, m);
    CHECK_EQUAL(m.buffers[1].cbBuffer, sizeof m.data);
    conversation_close(&c);
}

PROMISE(EncryptMessage, trailer, "page of SecPkgContext_Sizes: cbSecurityTrailer is the size of the trailer") {
    struct conversation c;
    struct message m;
    SecPkgContext_Sizes sizes = {0, 0, 0, 0};
    REACH(opened(&c));
    CHECK_STATUS(W->QueryContextAttributesW(&c.client.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    ENCRYPTED(c, m);
    CHECK(m.buffers[0].cbBuffer > 0 && m.buffers[0].cbBuffer <= sizes.cbSecurityTrailer);
    conversation_close(&c);
}

PROMISE(EncryptMessage, trailer_fits_exactly, "page of SecPkgContext_Sizes: cbSecurityTrailer is the size to be allocated") {
    struct conversation c;
    struct message m;
    SecPkgContext_Sizes sizes = {0, 0, 0, 0};
    REACH(opened(&c));
    CHECK_STATUS(W->QueryContextAttributesW(&c.client.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    message_reset(&m);
    m.buffers[0].cbBuffer = sizes.cbSecurityTrailer;
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &m.desc, 0), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(EncryptMessage, the_other_side_decrypts, "page of DecryptMessage: the encrypted message is decrypted in place") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    ENCRYPTED(c, m);
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

PROMISE(EncryptMessage, both_ways_at_once, "page: one thread may encrypt while another decrypts; the directions are apart") {
    struct conversation c;
    struct message there, back;
    REACH(opened(&c));
    ENCRYPTED(c, there);
    CHECK_STATUS(message_encrypt(&c.server, &back), SEC_E_OK);
    CHECK_STATUS(message_decrypt(&c.server, &there), SEC_E_OK);
    CHECK_STATUS(message_decrypt(&c.client, &back), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(EncryptMessage, through_negotiate, "page: EncryptMessage (Negotiate) uses the mechanism that was chosen") {
    struct conversation c;
    struct message m;
    REACH(contexts(&c, u"Negotiate"));
    CHECK_STATUS(message_encrypt(&c.server, &m), SEC_E_OK);
    CHECK_STATUS(message_decrypt(&c.client, &m), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

PROMISE(EncryptMessage, several_data_buffers, "page: one or more SecBuffer structures of type SECBUFFER_DATA") {
    struct conversation c;
    char one[] = "in two ", two[] = "pieces";
    unsigned char token[64];
    SecBuffer buffers[3] = {{sizeof one, SECBUFFER_DATA, one}, {sizeof token, SECBUFFER_TOKEN, token}, {sizeof two, SECBUFFER_DATA, two}};
    SecBufferDesc desc = desc_of(buffers, 3);
    REACH(opened(&c));
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_OK);
    CHECK(strcmp(one, "in two ") == 0 && strcmp(two, "pieces") == 0);
    conversation_close(&c);
}

PROMISE(EncryptMessage, long_message, "page: the size is limited by SECPKG_ATTR_STREAM_SIZES, which these packages do not have") {
    enum { LENGTH = 1 << 20 };
    struct conversation c;
    char *data = malloc(LENGTH);
    unsigned char token[64];
    SecBuffer buffers[2] = {{sizeof token, SECBUFFER_TOKEN, token}, {LENGTH, SECBUFFER_DATA, data}};
    SecBufferDesc desc = desc_of(buffers, 2);
    REQUIRE(data != NULL);
    memset(data, 'x', LENGTH);
    REACH(opened(&c));
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_OK);
    CHECK(data[0] == 'x' && data[LENGTH - 1] == 'x');
    free(data);
    conversation_close(&c);
}

PROMISE(EncryptMessage, read_only_is_not_processed, "page: the function does not process buffers with the SECBUFFER_READONLY attribute") {
    struct conversation c;
    struct message m;
    char header[] = "header";
    REACH(opened(&c));
    message_reset(&m);
    SecBuffer buffers[3] = {m.buffers[0], {sizeof header, SECBUFFER_DATA | SECBUFFER_READONLY, header}, m.buffers[1]};
    SecBufferDesc desc = desc_of(buffers, 3);
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK(strcmp(header, "header") == 0);
    header[0] = 'H';
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(EncryptMessage, read_only_with_checksum_is_signed, "header: SECBUFFER_READONLY_WITH_CHECKSUM, the buffer is read-only, and checksummed") {
    struct conversation c;
    struct message m;
    char header[] = "header";
    REACH(opened(&c));
    message_reset(&m);
    SecBuffer buffers[3] = {m.buffers[0], {sizeof header, SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, header}, m.buffers[1]};
    SecBufferDesc desc = desc_of(buffers, 3);
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK(strcmp(header, "header") == 0);
    header[0] = 'H';
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(EncryptMessage, without_encryption, "page: SECQOP_WRAP_NO_ENCRYPT, produce a header or trailer but do not encrypt the message") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    CHECK_STATUS(W->EncryptMessage(&c.client.context, SECQOP_WRAP_NO_ENCRYPT, &m.desc, 0), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0 && m.buffers[0].cbBuffer > 0);
    conversation_close(&c);
}

PROMISE(EncryptMessage, unknown_quality, "page: SEC_E_QOP_NOT_SUPPORTED, neither confidentiality nor integrity are supported so") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0x1234, &m.desc, 0), SEC_E_QOP_NOT_SUPPORTED);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

PROMISE(EncryptMessage, trailer_too_small, "page: SEC_E_BUFFER_TOO_SMALL, the output buffer is too small") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[0].cbBuffer = 15;
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &m.desc, 0), SEC_E_BUFFER_TOO_SMALL);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

PROMISE(EncryptMessage, failure_takes_no_number, "page: messages are numbered; one that was not made is none") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[0].cbBuffer = 15;
    CHECK(W->EncryptMessage(&c.client.context, 0, &m.desc, 0) < 0);
    ENCRYPTED(c, m);
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(EncryptMessage, no_data_buffer, "page: SEC_E_INVALID_TOKEN, no SECBUFFER_DATA type buffer was found") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.desc.cBuffers = 1;
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &m.desc, 0), SEC_E_INVALID_TOKEN);
    conversation_close(&c);
}

PROMISE(EncryptMessage, no_token_buffer, "page: SEC_E_INVALID_TOKEN or SEC_E_BUFFER_TOO_SMALL; the trailer has no place") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[0].BufferType = SECBUFFER_EMPTY;
    CHECK_ONE_OF(W->EncryptMessage(&c.client.context, 0, &m.desc, 0), SEC_E_INVALID_TOKEN, SEC_E_BUFFER_TOO_SMALL);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

PROMISE(EncryptMessage, padding_buffer, "page of EncryptMessage (Negotiate): a SECBUFFER_PADDING buffer may be given; its cbBuffer tells what was used") {
    struct conversation c;
    struct message m;
    unsigned char padding[16];
    REACH(opened(&c));
    message_reset(&m);
    SecBuffer buffers[3] = {m.buffers[0], m.buffers[1], {sizeof padding, SECBUFFER_PADDING, padding}};
    SecBufferDesc desc = desc_of(buffers, 3);
    CHECK_STATUS(W->EncryptMessage(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK(buffers[2].cbBuffer < sizeof padding);
    conversation_close(&c);
}

PROMISE(EncryptMessage, message_of_another_version, "header: ulVersion must be SECBUFFER_VERSION") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.desc.ulVersion = 9;
    CHECK_REFUSED(W->EncryptMessage(&c.client.context, 0, &m.desc, 0));
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

PROMISE(EncryptMessage, buffers_that_overlap, "bad use: the trailer lies in the message") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[0] = (SecBuffer){16, SECBUFFER_TOKEN, m.data};
    CHECK_OK_OR_REFUSED(W->EncryptMessage(&c.client.context, 0, &m.desc, 0));
    conversation_close(&c);
}

static SECURITY_STATUS encrypt_with(PCtxtHandle context) {
    struct message m;
    message_reset(&m);
    SECURITY_STATUS status = W->EncryptMessage(context, 0, &m.desc, 0);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    return status;
}

PROMISE(EncryptMessage, null_handle, "page: SEC_E_INVALID_HANDLE, a context handle that is not valid was specified") {
    CHECK_STATUS(encrypt_with(NULL), SEC_E_INVALID_HANDLE);
}

PROMISE(EncryptMessage, invalidated_handle, "page: SEC_E_INVALID_HANDLE, a context handle that is not valid was specified") {
    CtxtHandle handle = invalid_handle;
    CHECK_STATUS(encrypt_with(&handle), SEC_E_INVALID_HANDLE);
}

PROMISE(EncryptMessage, context_not_established, "page: SEC_E_INVALID_HANDLE; there are no keys yet") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK_ONE_OF(encrypt_with(&d.c.server.context), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
    fixture_close(&d);
}

PROMISE(EncryptMessage, no_confidentiality_negotiated, "page: SEC_E_QOP_NOT_SUPPORTED or SEC_E_UNSUPPORTED_FUNCTION, or at least a signature") {
    struct conversation c;
    struct message m;
    struct terms terms = {.package = u"NTLM", .client_requirements = ISC_REQ_CONNECTION | ISC_REQ_NO_INTEGRITY};
    REACH(conversation_establish(&c, &terms));
    REACH(!(c.server.attributes & ASC_RET_CONFIDENTIALITY));
    message_reset(&m);
    CHECK_ONE_OF(W->EncryptMessage(&c.server.context, 0, &m.desc, 0), SEC_E_UNSUPPORTED_FUNCTION, SEC_E_QOP_NOT_SUPPORTED);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

/* ---- DecryptMessage */

PROMISE(DecryptMessage, altered_message, "page: SEC_E_MESSAGE_ALTERED, the message has been altered") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    ENCRYPTED(c, m);
    m.data[2] ^= 1;
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(DecryptMessage, altered_trailer, "page: SEC_E_MESSAGE_ALTERED, the message has been altered") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    ENCRYPTED(c, m);
    m.token[6] ^= 1;
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(DecryptMessage, replayed, "page: SEC_E_OUT_OF_SEQUENCE, the message was not received in the correct sequence") {
    struct conversation c;
    struct message m, again;
    REACH(opened(&c));
    ENCRYPTED(c, m);
    again = m;
    again.buffers[0].pvBuffer = again.token, again.buffers[1].pvBuffer = again.data, again.desc.pBuffers = again.buffers;
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
    CHECK_ONE_OF(message_decrypt(&c.server, &again), SEC_E_OUT_OF_SEQUENCE, SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(DecryptMessage, one_lost, "page: SEC_E_OUT_OF_SEQUENCE, the message was not received in the correct sequence") {
    struct conversation c;
    struct message lost, m;
    REACH(opened(&c));
    ENCRYPTED(c, lost);
    ENCRYPTED(c, m);
    CHECK_ONE_OF(message_decrypt(&c.server, &m), SEC_E_OUT_OF_SEQUENCE, SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(DecryptMessage, token_behind_the_data, "page of SecBufferDesc: an array of buffers, each with its type") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    ENCRYPTED(c, m);
    SecBuffer token = m.buffers[0];
    m.buffers[0] = m.buffers[1], m.buffers[1] = token;
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

/* The message as it is sent: its trailer, then the data. */
static ULONG wire(struct conversation *c, unsigned char *stream) {
    struct message m;
    if (message_encrypt(&c->client, &m) != SEC_E_OK) return 0;
    memcpy(stream, m.token, m.buffers[0].cbBuffer);
    memcpy(stream + m.buffers[0].cbBuffer, m.data, sizeof m.data);
    return m.buffers[0].cbBuffer + (ULONG)sizeof m.data;
}

PROMISE(DecryptMessage, stream, "page of SECBUFFER_STREAM, as servers use it: one buffer with all that came, and SECBUFFER_DATA for where the message is") {
    struct conversation c;
    unsigned char stream[256];
    REACH(opened(&c));
    SecBuffer buffers[2] = {{wire(&c, stream), SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = desc_of(buffers, 2);
    REACH(buffers[0].cbBuffer > 0);
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_OK);
    CHECK_EQUAL(buffers[1].cbBuffer, sizeof MESSAGE_TEXT);
    CHECK(buffers[1].pvBuffer && memcmp(buffers[1].pvBuffer, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    conversation_close(&c);
}

PROMISE(DecryptMessage, stream_is_too_short, "page: SEC_E_INCOMPLETE_MESSAGE, SEC_E_INVALID_TOKEN or SEC_E_MESSAGE_ALTERED") {
    struct conversation c;
    unsigned char stream[256];
    REACH(opened(&c));
    REACH(wire(&c, stream) > 0);
    SecBuffer buffers[2] = {{7, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = desc_of(buffers, 2);
    CHECK_ONE_OF(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_INCOMPLETE_MESSAGE, SEC_E_INVALID_TOKEN, SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(DecryptMessage, stream_altered, "page: SEC_E_MESSAGE_ALTERED, the message has been altered") {
    struct conversation c;
    unsigned char stream[256];
    REACH(opened(&c));
    SecBuffer buffers[2] = {{wire(&c, stream), SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc desc = desc_of(buffers, 2);
    REACH(buffers[0].cbBuffer > 0);
    stream[buffers[0].cbBuffer - 1] ^= 1;
    CHECK_STATUS(W->DecryptMessage(&c.server.context, &desc, 0, NULL), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(DecryptMessage, no_data_buffer, "page: SEC_E_INVALID_TOKEN, the buffers are of the wrong type or no buffer of type SECBUFFER_DATA was found") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    ENCRYPTED(c, m);
    m.desc.cBuffers = 1;
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_INVALID_TOKEN);
    conversation_close(&c);
}

PROMISE(DecryptMessage, no_token_buffer, "page: SEC_E_INVALID_TOKEN, the buffers are of the wrong type") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    ENCRYPTED(c, m);
    m.buffers[0].BufferType = SECBUFFER_EMPTY;
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_INVALID_TOKEN);
    conversation_close(&c);
}

PROMISE(DecryptMessage, null_handle, "page: SEC_E_INVALID_HANDLE") {
    struct message m;
    message_reset(&m);
    CHECK_STATUS(W->DecryptMessage(NULL, &m.desc, 0, NULL), SEC_E_INVALID_HANDLE);
}

PROMISE(DecryptMessage, made_up_handle, "page: SEC_E_INVALID_HANDLE") {
    struct message m;
    CtxtHandle handle = made_up_handle;
    message_reset(&m);
    CHECK_STATUS(W->DecryptMessage(&handle, &m.desc, 0, NULL), SEC_E_INVALID_HANDLE);
}

/* ---- by their older names */

PROMISE(SealMessage, is_EncryptMessage, "header: EncryptMessage and SealMessage have one type; DecryptMessage undoes either") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    CHECK_STATUS(SealMessageByName(&c.client.context, 0, &m.desc, 0), SEC_E_OK);
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

PROMISE(UnsealMessage, is_DecryptMessage, "header: DecryptMessage and UnsealMessage have one type; either undoes EncryptMessage") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    ENCRYPTED(c, m);
    CHECK_STATUS(UnsealMessageByName(&c.server.context, &m.desc, 0, NULL), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0);
    conversation_close(&c);
}

PROMISE(SealMessage, null_handle, "page of EncryptMessage: SEC_E_INVALID_HANDLE") {
    struct message m;
    message_reset(&m);
    CHECK_STATUS(SealMessageByName(NULL, 0, &m.desc, 0), SEC_E_INVALID_HANDLE);
}
