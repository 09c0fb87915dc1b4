/* A call of AcceptSecurityContext or InitializeSecurityContext that is right as it lies here: a promise spoils one thing
 * in it and makes the call. */
#ifndef NEGOSSP_CONFORMANCE_DESK_H
#define NEGOSSP_CONFORMANCE_DESK_H

#include "suite.h"

struct desk {
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
    CtxtHandle fresh; /* where a first call puts its context */
    SECURITY_STATUS status;
};

/* The client's first call; its second, with the server's token; the server's first; and its second. */
bool desk_client_first(struct desk *d, SEC_WCHAR *package);
bool desk_client_second(struct desk *d, SEC_WCHAR *package);
bool desk_server_first(struct desk *d, SEC_WCHAR *package);
bool desk_server_second(struct desk *d, SEC_WCHAR *package);
/* The same two of the server with other terms. */
bool desk_server_first_with(struct desk *d, const struct terms *terms);
bool desk_server_second_with(struct desk *d, const struct terms *terms);
bool desk_client_first_with(struct desk *d, const struct terms *terms);

/* Whether a client gets in at all, in this package: a reference may have nobody to ask. */
bool somebody_gets_in(SEC_WCHAR *package);
/* The server's second call, where somebody gets in. */
bool desk_server_last(struct desk *d, SEC_WCHAR *package);
bool desk_server_last_with(struct desk *d, const struct terms *terms);

/* Makes the call. */
SECURITY_STATUS desk_call(struct desk *d);
/* Makes the call, and goes on to the end as if nothing was: both sides are established. */
bool desk_finish(struct desk *d);
void desk_close(struct desk *d);

/* Buffers in a descriptor. */
SecBufferDesc desc_of(SecBuffer *buffers, ULONG count);

/* After a first call that failed there is no context, and nothing to be sent. */
void check_nothing_came_of_it(const char *file, int line, struct desk *d);
#define CHECK_NOTHING_CAME_OF_IT(d) check_nothing_came_of_it(__FILE__, __LINE__, d)

/* Both sides established. */
bool contexts(struct conversation *c, SEC_WCHAR *package);

#define FILLER 0xa5
/* Whether bytes are still FILLER. */
bool untouched(const void *bytes, size_t length);

#endif
