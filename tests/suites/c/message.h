/* A message of one token and one data buffer, and the four functions on it. */
#ifndef NEGOSSP_TESTS_MESSAGE_H
#define NEGOSSP_TESTS_MESSAGE_H

#include "conversation.h"

#define SIGNATURE 16 /* NTLMSSP_MESSAGE_SIGNATURE, [MS-NLMP] 2.2.2.9 */
#define MESSAGE_TEXT "the quick brown fox"

struct message {
    unsigned char token[64];
    char data[sizeof MESSAGE_TEXT];
    SecBuffer buffers[2]; /* SECBUFFER_TOKEN, SECBUFFER_DATA */
    SecBufferDesc desc;
};

/* The text, and room for a token. */
void message_reset(struct message *m);

/* Establishes contexts that sign and seal. */
bool message_contexts(struct conversation *c);

/* Of a fresh message. */
SECURITY_STATUS message_sign(struct side *side, struct message *m);
SECURITY_STATUS message_encrypt(struct side *side, struct message *m);
/* Of what the other side made. */
SECURITY_STATUS message_verify(struct side *side, struct message *m);
SECURITY_STATUS message_decrypt(struct side *side, struct message *m);

#endif
