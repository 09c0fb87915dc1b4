/* The part of HTTP/1.1 (RFC 9112) that a server for small requests, and a client for small answers, needs. All lengths are limited
 * and checked. */
#ifndef EXAMPLE_HTTP_H
#define EXAMPLE_HTTP_H

#include "os.h"

#include <stddef.h>

/* Longest request head in bytes. A Kerberos token with many groups takes 64 KiB in base64. */
#define HEAD_MAX (96 * 1024)
/* Longest body in bytes that is read (and discarded). */
#define BODY_MAX (64 * 1024 * 1024)
/* Longest body in bytes that a client takes. */
#define ANSWER_MAX (1024 * 1024)
/* Challenges of an answer that a client looks at. */
#define CHALLENGES_MAX 8

/* How long a client may take for a request, from the answer before it to the request's last byte, and then to take the
 * answer: a deadline for each of the two, however the bytes trickle. */
extern unsigned http_patience_seconds;

/* One connection's input. Initialise with the socket and zeros. */
struct http_input {
    SOCKET socket;
    int64_t deadline; /* of the request that is being read */
    size_t used;      /* bytes in `bytes` */
    size_t parsed;    /* of them, those that belong to the request last read */
    char bytes[HEAD_MAX + 1];
};

/* A request. Pointers lead into the connection's input and are good until the next one is read. */
struct http_request {
    const char *method, *target;
    const char *authorization; /* NULL: none */
    const char *accept;        /* "" when not sent */
    const char *proxy_header;  /* one that only proxies send; NULL: none */
    bool keep_alive;
    bool is_head;
    size_t body_length;
};

/* Reads one request with its body. Returns 0; the status to answer with before closing; or -1 when the peer is gone, or
 * has asked for nothing until the deadline. */
int http_read(struct http_input *input, struct http_request *request);

/* Sends a whole response. `headers` are further header lines, each ended by CR LF. False when the peer is gone. */
bool http_send(SOCKET socket, int status, const char *headers, const char *content_type, const char *body, bool body_wanted,
               bool keep_alive);

/* A server's answer. Pointers lead into the connection's input and are good until the next one is taken, but for the body, which is to
 * be freed. */
struct http_answer {
    int status;
    bool keep_alive;
    size_t challenge_count;
    const char *challenges[CHALLENGES_MAX]; /* values of WWW-Authenticate */
    char *body;                             /* ends with a zero */
};

/* Sends a GET for `target`; `host` is the header's value, `authorization` another's or NULL. False when the peer is gone. */
bool http_ask(struct http_input *input, const char *target, const char *host, const char *authorization);

/* Takes the answer to the request just sent. False when the peer is gone, is too slow, or sends what is not understood here: the body's
 * length must be given. */
bool http_take(struct http_input *input, struct http_answer *answer);

#endif
