#include "message.h"

void message_reset(struct message *m) {
    memset(m->token, 0, sizeof m->token);
    memcpy(m->data, MESSAGE_TEXT, sizeof MESSAGE_TEXT);
    m->buffers[0] = (SecBuffer){sizeof m->token, SECBUFFER_TOKEN, m->token};
    m->buffers[1] = (SecBuffer){sizeof m->data, SECBUFFER_DATA, m->data};
    m->desc = (SecBufferDesc){SECBUFFER_VERSION, 2, m->buffers};
}

bool message_contexts(struct conversation *c) {
    return conversation_establish(c, NULL);
}

SECURITY_STATUS message_sign(struct side *side, struct message *m) {
    message_reset(m);
    return W->MakeSignature(&side->context, 0, &m->desc, 0);
}

SECURITY_STATUS message_verify(struct side *side, struct message *m) {
    return W->VerifySignature(&side->context, &m->desc, 0, NULL);
}

SECURITY_STATUS message_encrypt(struct side *side, struct message *m) {
    message_reset(m);
    return W->EncryptMessage(&side->context, 0, &m->desc, 0);
}

SECURITY_STATUS message_decrypt(struct side *side, struct message *m) {
    return W->DecryptMessage(&side->context, &m->desc, 0, NULL);
}
