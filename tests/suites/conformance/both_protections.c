/* Promises that signatures and encryption share. */
#include "../c/message.h"
#include "fixture.h"

struct protection {
    SECURITY_STATUS (*apply)(struct side *side, struct message *m);
    SECURITY_STATUS (*remove)(struct side *side, struct message *m);
    bool encrypts;
};
static const struct protection signing = {message_sign, message_verify, false};
static const struct protection encrypting = {message_encrypt, message_decrypt, true};

static SECURITY_STATUS apply_to(const struct protection *p, struct conversation *c, PSecBufferDesc desc) {
    PCtxtHandle context = &c->client.context;
    return p->encrypts ? W->EncryptMessage(context, 0, desc, 0) : W->MakeSignature(context, 0, desc, 0);
}

static SECURITY_STATUS remove_from(const struct protection *p, struct conversation *c, PSecBufferDesc desc, PULONG qop) {
    PCtxtHandle context = &c->server.context;
    return p->encrypts ? W->DecryptMessage(context, desc, 0, qop) : W->VerifySignature(context, desc, 0, qop);
}

/* A promise for either function. */
#define PROMISE_OF_BOTH(sign, encrypt, what, why) \
    static void sign##_both_##what(const struct protection *p); \
    PROMISE(sign, what, why) { sign##_both_##what(&signing); } \
    PROMISE(encrypt, what, why) { sign##_both_##what(&encrypting); } \
    static void sign##_both_##what(const struct protection *p)

/* ---- MakeSignature, EncryptMessage */

PROMISE_OF_BOTH(MakeSignature, EncryptMessage, empty_message, "page: cbBuffer is the size of the message, which may be 0") {
    struct conversation c;
    struct message m;
    REACH(contexts(&c, u"NTLM"));
    message_reset(&m);
    m.buffers[1] = (SecBuffer){0, SECBUFFER_DATA, NULL};
    CHECK_STATUS(apply_to(p, &c, &m.desc), SEC_E_OK);
    CHECK_STATUS(p->remove(&c.server, &m), SEC_E_OK);
    conversation_close(&c);
}

PROMISE_OF_BOTH(MakeSignature, EncryptMessage, null_message, "bad use: pMessage is not optional") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_REFUSED(apply_to(p, &c, NULL));
    conversation_close(&c);
}

PROMISE_OF_BOTH(MakeSignature, EncryptMessage, data_of_null, "bad use: pvBuffer is NULL and cbBuffer is not 0") {
    struct conversation c;
    struct message m;
    REACH(contexts(&c, u"NTLM"));
    message_reset(&m);
    m.buffers[1].pvBuffer = NULL;
    CHECK_REFUSED(apply_to(p, &c, &m.desc));
    conversation_close(&c);
}

PROMISE_OF_BOTH(MakeSignature, EncryptMessage, data_of_endless_length, "bad use: cbBuffer is 0xFFFFFFFF") {
    struct conversation c;
    struct message m;
    REACH(contexts(&c, u"NTLM"));
    message_reset(&m);
    m.buffers[1].cbBuffer = 0xFFFFFFFF;
    CHECK_REFUSED(apply_to(p, &c, &m.desc));
    conversation_close(&c);
}

/* ---- VerifySignature, DecryptMessage */

PROMISE_OF_BOTH(VerifySignature, DecryptMessage, leaves_the_quality, "Wine's tests, which were run on Windows: NTLM leaves pfQOP unchanged") {
    struct conversation c;
    struct message m;
    ULONG qop = 77;
    REACH(contexts(&c, u"NTLM"));
    REACH(p->apply(&c.client, &m) == SEC_E_OK);
    CHECK_STATUS(remove_from(p, &c, &m.desc, &qop), SEC_E_OK);
    CHECK_EQUAL(qop, 77);
    conversation_close(&c);
}

PROMISE_OF_BOTH(VerifySignature, DecryptMessage, quality_may_be_null, "negossp.h: pfQOP may be NULL") {
    struct conversation c;
    struct message m;
    REACH(contexts(&c, u"NTLM"));
    REACH(p->apply(&c.client, &m) == SEC_E_OK);
    CHECK_STATUS(remove_from(p, &c, &m.desc, NULL), SEC_E_OK);
    conversation_close(&c);
}

PROMISE_OF_BOTH(VerifySignature, DecryptMessage, null_message, "bad use: pMessage is not optional") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_REFUSED(remove_from(p, &c, NULL, NULL));
    conversation_close(&c);
}

PROMISE_OF_BOTH(VerifySignature, DecryptMessage, message_of_another_version, "header: ulVersion must be SECBUFFER_VERSION") {
    struct conversation c;
    struct message m;
    REACH(contexts(&c, u"NTLM"));
    REACH(p->apply(&c.client, &m) == SEC_E_OK);
    m.desc.ulVersion = 9;
    CHECK_REFUSED(p->remove(&c.server, &m));
    conversation_close(&c);
}
