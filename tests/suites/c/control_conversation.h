/* A conversation that waits between its legs while another one is given bad input: it continues, whatever happens
 * to the other. */
#ifndef NEGOSSP_TESTS_CONTROL_CONVERSATION_H
#define NEGOSSP_TESTS_CONTROL_CONVERSATION_H

#include "conversation.h"

/* Negotiate and NTLM. */
extern SEC_WCHAR *const packages[2];

bool control_conversation_waits(void);
void control_conversation_goes_on(void);

/* Brings another conversation's server before its first or second token (`leg` 0 or 1), which is in client.sent. */
bool before_leg(struct conversation *c, SEC_WCHAR *package, int leg);

/* The server's leg with a token that ends where nothing may be read. */
SECURITY_STATUS fenced_leg(struct conversation *c, const void *token, ULONG length);

#endif
