/*
 * What a library under measurement offers the driver. Each peer is a shared object with one symbol, `bench_peer`.
 *
 * Functions end the process with a message when the library refuses: a benchmark of failures is worth nothing.
 */
#ifndef PEER_H
#define PEER_H
#include <stddef.h>
#include <stdint.h>

/* The account that every peer's acceptor knows and every initiator is. run.sh writes it in each library's format. */
#define BENCH_DOMAIN "BENCH"
#define BENCH_USER "alice"
#define BENCH_PASSWORD "Passw0rd!"
#define BENCH_TARGET "server.bench.test"

#define TOKEN_MAX 4096     /* octets; an NTLM exchange inside SPNEGO stays below 700 */
#define SIGNATURE_SIZE 16  /* NTLMSSP_MESSAGE_SIGNATURE */

typedef struct {
    uint32_t size;         /* octets of `data` in use; 0: no token */
    uint8_t data[TOKEN_MAX];
} token;

/* One security context. The driver owns the struct, the peer what `handle` refers to. All zero: none. */
typedef struct {
    uintptr_t handle[2];
    uint32_t open;               /* `handle` is in use */
    uint32_t established;
    uint32_t sent, received;     /* message sequence numbers, for libraries that want them from the caller */
} context;

typedef struct {
    const char *name;

    /* Once per process, before anything else: acquires the credential. */
    void (*start_acceptor)(int spnego);
    void (*start_initiator)(int spnego);

    /* One leg; sets `open` and, on the last one, `established`. */
    void (*accept)(context *, const token *in, token *out);
    void (*initiate)(context *, const token *in, token *out);
    void (*close)(context *);

    /*
     * A message is SIGNATURE_SIZE octets of room and then `size` octets of data. Each function does what a server does:
     * libraries that work in place do, others make their own buffer and release it. `seal` returns where the sealed
     * message (signature, data) is, `unseal` where the data is: in `message`, or in the library's buffer, good until the
     * next call on the thread. A NULL instead of a function: the library has none that works.
     */
    uint8_t *(*seal)(context *, uint8_t *message, size_t size);
    uint8_t *(*unseal)(context *, uint8_t *message, size_t size);
    void (*sign)(context *, uint8_t *message, size_t size);
    void (*verify)(context *, uint8_t *message, size_t size);
} peer;

const peer *bench_peer(void);

#endif
