/* HTTP authentication by SSPI: the schemes Negotiate and NTLM (RFC 4559, [MS-NTHT]). A conversation belongs to one
 * connection: its first token starts a security context, later ones continue it, and once it is established all further
 * requests of that connection are the same client's. A client whose name cannot be had whole is rejected: under half a name
 * it might be taken for another. */
#ifndef EXAMPLE_AUTHENTICATION_H
#define EXAMPLE_AUTHENTICATION_H

#include "os.h"

#include <negossp.h>

/* Loads the library, takes its function table and acquires credentials for both packages. False, with the reason on
 * standard error, when it cannot. */
bool authentication_start(const char *library);

/* One connection's conversation; initialise with zeros, and with the client's address if it is known: what limits the
 * guessing of passwords then knows clients from each other. */
struct conversation {
    struct sockaddr_storage peer;
    socklen_t peer_length;
    CtxtHandle context;
    bool begun, established;
    const char *scheme;    /* of the conversation; static */
    char *client;          /* its name, UTF-8, once it is established */
    unsigned long flags;   /* ASC_RET_* of the established context */
    SECURITY_STATUS status; /* of the last leg */
};

/* What one Authorization header led to. */
enum outcome {
    OUTCOME_NONE,     /* none of the server's schemes: offer them */
    OUTCOME_CONTINUE, /* send the reply token with 401 and wait for the next leg */
    OUTCOME_WELCOME,  /* established: the reply token, if any, goes with the answer */
    OUTCOME_REFUSED,  /* rejected */
    OUTCOME_BAD,      /* not base64 */
};

/* Handles the value of an Authorization header. `*reply` becomes NULL or the value of a WWW-Authenticate header, to be
 * freed by the caller. */
enum outcome conversation_step(struct conversation *conversation, const char *authorization, char **reply);

/* Ends the conversation, whatever its state. */
void conversation_end(struct conversation *conversation);

/* Describes the client of an established conversation: lines of "label: value", UTF-8, to be freed by the caller; NULL
 * if memory ran out or the context has ended. */
char *conversation_describe(struct conversation *conversation);

/* Begins and ends impersonation of the client of an established conversation by the calling thread. */
SECURITY_STATUS conversation_impersonate(struct conversation *conversation);
SECURITY_STATUS conversation_revert(struct conversation *conversation);

#ifndef _WIN32
/* The client of an established conversation as a token, to be closed. A child process becomes the client with it, for good,
 * between fork and exec. Functions of negossp: SEC_E_UNSUPPORTED_FUNCTION with other libraries. */
SECURITY_STATUS conversation_token(struct conversation *conversation, HANDLE *token);
SECURITY_STATUS token_become(HANDLE token);
void token_close(HANDLE token);
#endif

#endif
