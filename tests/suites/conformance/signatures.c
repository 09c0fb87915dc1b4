/* MakeSignature, VerifySignature. */
#include "../c/message.h"
#include "fixture.h"

/* Established contexts of NTLM. */
static bool opened(struct conversation *c) {
    return contexts(c, u"NTLM");
}

#define SIGNED(c, m) REACH(message_sign(&(c).client, &(m)) == SEC_E_OK)

/* ---- MakeSignature */

PROMISE(MakeSignature, ok, "page: SEC_E_OK if the function succeeds") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    CHECK_STATUS(message_sign(&c.client, &m), SEC_E_OK);
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(MakeSignature, length, "page of SecPkgContext_Sizes: cbMaxSignature is the largest signature") {
    struct conversation c;
    struct message m;
    SecPkgContext_Sizes sizes = {0, 0, 0, 0};
    REACH(opened(&c));
    CHECK_STATUS(W->QueryContextAttributesW(&c.client.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    SIGNED(c, m);
    CHECK(m.buffers[0].cbBuffer > 0 && m.buffers[0].cbBuffer <= sizes.cbMaxSignature);
    conversation_close(&c);
}

PROMISE(MakeSignature, fits_exactly, "page: the token buffer receives the signature; its size is from SECPKG_ATTR_SIZES") {
    struct conversation c;
    struct message m;
    SecPkgContext_Sizes sizes = {0, 0, 0, 0};
    REACH(opened(&c));
    CHECK_STATUS(W->QueryContextAttributesW(&c.client.context, SECPKG_ATTR_SIZES, &sizes), SEC_E_OK);
    message_reset(&m);
    m.buffers[0].cbBuffer = sizes.cbMaxSignature;
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 0), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(MakeSignature, leaves_the_message, "page: generates a checksum of the message; the message stays") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof m.data) == 0 && m.buffers[1].cbBuffer == sizeof m.data);
    conversation_close(&c);
}

PROMISE(MakeSignature, token_behind_the_data, "page of SecBufferDesc: an array of buffers, each with its type") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    SecBuffer token = m.buffers[0];
    m.buffers[0] = m.buffers[1], m.buffers[1] = token;
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 0), SEC_E_OK);
    token = m.buffers[1], m.buffers[1] = m.buffers[0], m.buffers[0] = token;
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(MakeSignature, several_data_buffers, "page: one or more SecBuffer structures that contain the message") {
    struct conversation c;
    char one[] = "in two ", two[] = "pieces";
    unsigned char token[64];
    SecBuffer buffers[3] = {{sizeof one, SECBUFFER_DATA, one}, {sizeof token, SECBUFFER_TOKEN, token}, {sizeof two, SECBUFFER_DATA, two}};
    SecBufferDesc desc = desc_of(buffers, 3);
    REACH(opened(&c));
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &desc, 0), SEC_E_OK);
    CHECK_STATUS(W->VerifySignature(&c.server.context, &desc, 0, NULL), SEC_E_OK);
    two[0] ^= 1;
    conversation_close(&c);
}

PROMISE(MakeSignature, every_data_buffer_counts, "page: one or more SecBuffer structures that contain the message") {
    struct conversation c;
    char one[] = "in two ", two[] = "pieces";
    unsigned char token[64];
    SecBuffer buffers[3] = {{sizeof token, SECBUFFER_TOKEN, token}, {sizeof one, SECBUFFER_DATA, one}, {sizeof two, SECBUFFER_DATA, two}};
    SecBufferDesc desc = desc_of(buffers, 3);
    REACH(opened(&c));
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &desc, 0), SEC_E_OK);
    two[0] ^= 1;
    CHECK_STATUS(W->VerifySignature(&c.server.context, &desc, 0, NULL), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(MakeSignature, read_only_is_not_processed, "page: the function does not process buffers with the SECBUFFER_READONLY attribute") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[1].BufferType |= SECBUFFER_READONLY;
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 0), SEC_E_OK);
    m.data[0] ^= 1;
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(MakeSignature, read_only_with_checksum_is, "header: SECBUFFER_READONLY_WITH_CHECKSUM, the buffer is read-only, and checksummed") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[1].BufferType |= SECBUFFER_READONLY_WITH_CHECKSUM;
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 0), SEC_E_OK);
    m.data[0] ^= 1;
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(MakeSignature, both_ways, "page: the context's keys serve both directions") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
    CHECK_STATUS(message_sign(&c.server, &m), SEC_E_OK);
    CHECK_STATUS(message_verify(&c.client, &m), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(MakeSignature, the_same_message_twice, "page: the signature includes sequencing information to prevent loss or insertion of messages") {
    struct conversation c;
    struct message one, two;
    REACH(opened(&c));
    SIGNED(c, one);
    SIGNED(c, two);
    CHECK(memcmp(one.token, two.token, 16) != 0);
    conversation_close(&c);
}

PROMISE(MakeSignature, no_token_buffer, "page: SEC_E_INVALID_TOKEN, pMessage did not contain a valid SECBUFFER_TOKEN buffer, or too few buffers") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[0].BufferType = SECBUFFER_EMPTY;
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 0), SEC_E_INVALID_TOKEN);
    conversation_close(&c);
}

PROMISE(MakeSignature, no_buffers, "page: SEC_E_INVALID_TOKEN, pMessage did not contain a valid SECBUFFER_TOKEN buffer, or too few buffers") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.desc.cBuffers = 0;
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 0), SEC_E_INVALID_TOKEN);
    conversation_close(&c);
}

PROMISE(MakeSignature, token_too_small, "page of the status codes: SEC_E_BUFFER_TOO_SMALL, the buffers are too small") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[0].cbBuffer = 15;
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 0), SEC_E_BUFFER_TOO_SMALL);
    conversation_close(&c);
}

PROMISE(MakeSignature, failure_takes_no_number, "page: signatures are numbered; a message that was not signed is none") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[0].cbBuffer = 15;
    CHECK(W->MakeSignature(&c.client.context, 0, &m.desc, 0) < 0);
    SIGNED(c, m);
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(MakeSignature, unknown_quality, "page: SEC_E_QOP_NOT_SUPPORTED, the quality of protection is not supported") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0x1234, &m.desc, 0), SEC_E_QOP_NOT_SUPPORTED);
    conversation_close(&c);
}

PROMISE(MakeSignature, number_of_the_caller, "negossp.h: MessageSeqNo is used by datagram contexts, else ignored") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    CHECK_STATUS(W->MakeSignature(&c.client.context, 0, &m.desc, 4711), SEC_E_OK);
    CHECK_STATUS(W->VerifySignature(&c.server.context, &m.desc, 4711, NULL), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(MakeSignature, message_of_another_version, "header: ulVersion must be SECBUFFER_VERSION") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.desc.ulVersion = 9;
    CHECK_REFUSED(W->MakeSignature(&c.client.context, 0, &m.desc, 0));
    conversation_close(&c);
}

PROMISE(MakeSignature, null_buffers, "bad use: pBuffers is NULL and cBuffers is not 0") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.desc.pBuffers = NULL;
    CHECK_REFUSED(W->MakeSignature(&c.client.context, 0, &m.desc, 0));
    conversation_close(&c);
}

PROMISE(MakeSignature, endless_buffers, "bad use: cBuffers is 0xFFFFFFFF") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.desc.cBuffers = 0xFFFFFFFF;
    CHECK_OK_OR_REFUSED(W->MakeSignature(&c.client.context, 0, &m.desc, 0));
    conversation_close(&c);
}

PROMISE(MakeSignature, token_of_null, "bad use: pvBuffer is NULL and cbBuffer is not 0") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    message_reset(&m);
    m.buffers[0].pvBuffer = NULL;
    CHECK_REFUSED(W->MakeSignature(&c.client.context, 0, &m.desc, 0));
    conversation_close(&c);
}

static SECURITY_STATUS sign_with(PCtxtHandle context) {
    struct message m;
    message_reset(&m);
    return W->MakeSignature(context, 0, &m.desc, 0);
}

PROMISE(MakeSignature, null_handle, "page: SEC_E_INVALID_HANDLE, the context handle specified by phContext is not valid") {
    CHECK_STATUS(sign_with(NULL), SEC_E_INVALID_HANDLE);
}

PROMISE(MakeSignature, invalidated_handle, "page: SEC_E_INVALID_HANDLE, the context handle specified by phContext is not valid") {
    CtxtHandle handle = invalid_handle;
    CHECK_STATUS(sign_with(&handle), SEC_E_INVALID_HANDLE);
}

PROMISE(MakeSignature, credential_as_context, "page: SEC_E_INVALID_HANDLE; a credential's handle is not a context's") {
    CredHandle credential;
    REACH(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL) == SEC_E_OK);
    CHECK_STATUS(sign_with(&credential), SEC_E_INVALID_HANDLE);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(MakeSignature, context_not_established, "page: SEC_E_INVALID_HANDLE; there are no keys yet") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK_ONE_OF(sign_with(&d.c.server.context), SEC_E_INVALID_HANDLE, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_UNSUPPORTED_FUNCTION);
    fixture_close(&d);
}

PROMISE(MakeSignature, context_that_was_denied, "page: SEC_E_INVALID_HANDLE; there are no keys") {
    struct fixture d;
    REACH(fixture_server_second_with(&d, &(struct terms){.package = u"NTLM", .password = u"wrong"}));
    CHECK(fixture_call(&d) < 0);
    CHECK_STATUS(sign_with(&d.c.server.context), SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

/* ---- VerifySignature */

PROMISE(VerifySignature, altered_message, "page: SEC_E_MESSAGE_ALTERED, the message has been altered") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    m.data[3] ^= 1;
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(VerifySignature, altered_signature, "page: SEC_E_MESSAGE_ALTERED, the message has been altered") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    m.token[5] ^= 1;
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(VerifySignature, shortened_message, "page: SEC_E_MESSAGE_ALTERED, the message has been altered") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    m.buffers[1].cbBuffer--;
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(VerifySignature, no_signature, "page: SEC_E_INVALID_TOKEN, or SEC_E_MESSAGE_ALTERED: a token of no bytes is no signature") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    m.buffers[0].cbBuffer = 0;
    CHECK_ONE_OF(message_verify(&c.server, &m), SEC_E_INVALID_TOKEN, SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(VerifySignature, half_a_signature, "page: SEC_E_INVALID_TOKEN, or SEC_E_MESSAGE_ALTERED: half a signature is none") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    m.buffers[0].cbBuffer = 8;
    CHECK_ONE_OF(message_verify(&c.server, &m), SEC_E_INVALID_TOKEN, SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}

PROMISE(VerifySignature, replayed, "page: SEC_E_OUT_OF_SEQUENCE, the message was not received in the correct sequence") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OUT_OF_SEQUENCE);
    conversation_close(&c);
}

PROMISE(VerifySignature, one_lost, "page: SEC_E_OUT_OF_SEQUENCE, the message was not received in the correct sequence") {
    struct conversation c;
    struct message lost, m;
    REACH(opened(&c));
    SIGNED(c, lost);
    SIGNED(c, m);
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OUT_OF_SEQUENCE);
    conversation_close(&c);
}

PROMISE(VerifySignature, goes_on_after_an_altered_message, "page: the status is of the message; nothing is said of those that follow") {
    struct conversation c;
    struct message m, wrong;
    REACH(opened(&c));
    SIGNED(c, m);
    wrong = m;
    wrong.buffers[0].pvBuffer = wrong.token, wrong.buffers[1].pvBuffer = wrong.data, wrong.desc.pBuffers = wrong.buffers;
    wrong.data[0] ^= 1;
    CHECK(message_verify(&c.server, &wrong) < 0);
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(VerifySignature, own_message_reflected, "page: SEC_E_MESSAGE_ALTERED or SEC_E_OUT_OF_SEQUENCE; protocol [MS-NLMP] 3.4.5.2: each direction has its key") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    CHECK_ONE_OF(message_verify(&c.client, &m), SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE);
    conversation_close(&c);
}

PROMISE(VerifySignature, message_of_another_context, "page: SEC_E_MESSAGE_ALTERED; each context has its keys") {
    struct conversation c, other;
    struct message m;
    REACH(opened(&c) && opened(&other));
    SIGNED(c, m);
    CHECK_STATUS(message_verify(&other.server, &m), SEC_E_MESSAGE_ALTERED);
    conversation_close(&c), conversation_close(&other);
}

PROMISE(VerifySignature, changes_nothing, "page: the message and its signature are inputs") {
    struct conversation c;
    struct message m, before;
    REACH(opened(&c));
    SIGNED(c, m);
    before = m;
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_OK);
    CHECK(memcmp(before.data, m.data, sizeof m.data) == 0 && memcmp(before.token, m.token, sizeof m.token) == 0);
    conversation_close(&c);
}

PROMISE(VerifySignature, no_token_buffer, "page: SEC_E_INVALID_TOKEN, pMessage did not contain a valid SECBUFFER_TOKEN buffer, or too few buffers") {
    struct conversation c;
    struct message m;
    REACH(opened(&c));
    SIGNED(c, m);
    m.buffers[0].BufferType = SECBUFFER_DATA;
    CHECK_STATUS(message_verify(&c.server, &m), SEC_E_INVALID_TOKEN);
    conversation_close(&c);
}

PROMISE(VerifySignature, null_handle, "page: SEC_E_INVALID_HANDLE, the context handle specified by phContext is not valid") {
    struct message m;
    message_reset(&m);
    CHECK_STATUS(W->VerifySignature(NULL, &m.desc, 0, NULL), SEC_E_INVALID_HANDLE);
}

PROMISE(VerifySignature, made_up_handle, "page: SEC_E_INVALID_HANDLE, the context handle specified by phContext is not valid") {
    struct message m;
    CtxtHandle handle = made_up_handle;
    message_reset(&m);
    CHECK_STATUS(W->VerifySignature(&handle, &m.desc, 0, NULL), SEC_E_INVALID_HANDLE);
}

PROMISE(VerifySignature, no_integrity_negotiated, "page: SEC_E_UNSUPPORTED_FUNCTION, the quality of protection negotiated did not include integrity") {
    struct conversation c;
    struct message m;
    struct terms terms = {.package = u"NTLM", .client_requirements = ISC_REQ_CONNECTION | ISC_REQ_NO_INTEGRITY};
    REACH(conversation_establish(&c, &terms));
    REACH(!(c.server.attributes & ASC_RET_INTEGRITY));
    message_reset(&m);
    m.buffers[0].cbBuffer = 16;
    CHECK_ONE_OF(message_verify(&c.server, &m), SEC_E_UNSUPPORTED_FUNCTION, SEC_E_MESSAGE_ALTERED);
    conversation_close(&c);
}
