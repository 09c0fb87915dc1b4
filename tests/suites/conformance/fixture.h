/* A correct call of AcceptSecurityContext or InitializeSecurityContext: a promise changes one argument and makes the
 * call. */
#ifndef NEGOSSP_CONFORMANCE_FIXTURE_H
#define NEGOSSP_CONFORMANCE_FIXTURE_H

#include "suite.h"

struct fixture {
    struct conversation c;
    bool accepts; /* which of the two functions */
    PCredHandle credential;
    PCtxtHandle context, new_context;
    SEC_WCHAR *target;
    ULONG requirements, reserved1, reserved2, drep;
    SecBuffer in[3], out[3];
    SecBufferDesc in_desc, out_desc;
    PSecBufferDesc input, output;
    unsigned char room[TOKEN_MAX];
    ULONG attributes;
    PULONG attributes_at;
    TimeStamp expiry;
    PTimeStamp expiry_at;
    CtxtHandle fresh; /* where a first call stores its context */
    SECURITY_STATUS status;
};

/* The client's first call; its second, with the server's token; the server's first; and its second. */
bool fixture_client_first(struct fixture *d, SEC_WCHAR *package);
bool fixture_client_second(struct fixture *d, SEC_WCHAR *package);
bool fixture_server_first(struct fixture *d, SEC_WCHAR *package);
bool fixture_server_second(struct fixture *d, SEC_WCHAR *package);
/* The same two of the server with other terms. */
bool fixture_server_first_with(struct fixture *d, const struct terms *terms);
bool fixture_server_second_with(struct fixture *d, const struct terms *terms);
bool fixture_client_first_with(struct fixture *d, const struct terms *terms);

/* Whether a client is accepted at all with this package: a reference may have no authority. */
bool somebody_gets_in(SEC_WCHAR *package);
/* The server's second call, where a client is accepted. */
bool fixture_server_last(struct fixture *d, SEC_WCHAR *package);
bool fixture_server_last_with(struct fixture *d, const struct terms *terms);

/* Makes the call. */
SECURITY_STATUS fixture_call(struct fixture *d);
/* Makes the call, and continues to the end: both sides are established. */
bool fixture_finish(struct fixture *d);
void fixture_close(struct fixture *d);

/* The call that `before` prepares rejects this handle as its context. */
void fixture_refuses_context(bool (*before)(struct fixture *d, SEC_WCHAR *package), SecHandle handle);

/* Buffers in a descriptor. */
SecBufferDesc desc_of(SecBuffer *buffers, ULONG count);

/* After a first call that failed there is no context, and no token to send. */
void check_nothing_came_of_it(const char *file, int line, struct fixture *d);
#define CHECK_NOTHING_CAME_OF_IT(d) check_nothing_came_of_it(__FILE__, __LINE__, d)

/* Both sides established. */
bool contexts(struct conversation *c, SEC_WCHAR *package);

#define FILLER 0xa5
/* Whether bytes are still FILLER. */
bool untouched(const void *bytes, size_t length);

#endif
