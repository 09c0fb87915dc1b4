/*
 * What a library under measurement offers the driver. Each peer is a shared object with one symbol, `bench_peer`.
 *
 * Functions end the process with a message when the library returns an error: failures are not measured.
 */
#ifndef PEER_H
#define PEER_H
#include <stddef.h>
#include <stdint.h>

/* The account that every peer's acceptor has and every initiator uses. run.sh writes it in each library's format. */
#ifndef BENCH_DOMAIN
#define BENCH_DOMAIN "BENCH"
#endif
#define BENCH_USER "alice"
#define BENCH_PASSWORD "Passw0rd!"
#define BENCH_TARGET "server.bench.test"

/* The service of the Kerberos measurements is the environment's BENCH_SERVICE; run.sh makes keys and tickets. */

/* What is measured: NTLM unless KERBEROS is set. */
enum { SPNEGO = 1, KERBEROS = 2 };

#define TOKEN_MAX 4096 /* octets; an NTLM exchange inside SPNEGO stays below 700, Kerberos with a PAC of 1.5 kB below 3000 */

/* How much longer a sealed message is than its data: NTLMSSP_MESSAGE_SIGNATURE; for Kerberos the wrap token of [RFC 4121]
 * with AES and SHA-1: header, confounder, the header again, checksum. A Kerberos MIC has 28. */
enum { NTLM_ROOM = 16, KERBEROS_ROOM = 60, ROOM_MAX = 64, KERBEROS_MIC = 28 };
static inline size_t room_for(int what) { return what & KERBEROS ? KERBEROS_ROOM : NTLM_ROOM; }

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
    void (*start_acceptor)(int what);
    void (*start_initiator)(int what);

    /* One leg; sets `open` and, on the last one, `established`. */
    void (*accept)(context *, const token *in, token *out);
    void (*initiate)(context *, const token *in, token *out);
    void (*close)(context *);

    /*
     * A message is `room_for(what)` octets of room and then `size` octets of data. Each function does what a server does:
     * libraries that work in place do, others make their own buffer and release it. `seal` returns where the sealed
     * message, room and all, is, `unseal` where the data is: in `message`, or in the library's buffer, good until the
     * next call on the thread. A signature stands at the room's beginning. A NULL instead of a function: the library has
     * none that works.
     */
    uint8_t *(*seal)(context *, uint8_t *message, size_t size);
    uint8_t *(*unseal)(context *, uint8_t *message, size_t size);
    void (*sign)(context *, uint8_t *message, size_t size);
    void (*verify)(context *, uint8_t *message, size_t size);
} peer;

const peer *bench_peer(void);

#endif
