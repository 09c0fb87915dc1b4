/* A server that forks its workers first and authenticates later: one process accepts a context and another
 * seals and unseals with it, after ExportSecurityContext and ImportSecurityContext.
 *
 *   prefork [--port PORT] [--workers COUNT] [--balance]
 *
 * The parent accepts the clients, one at a time, and passes connection and context to the next worker. With --balance it
 * passes each of the client's tokens to the next worker, as a stateless load balancer does, together with the half-open
 * context.
 *
 * Client and server send frames: a length of four bytes, the highest first, and the data. The server's begin with a letter
 * during authentication: c (continue), o (accepted), x (rejected). Then the client sends sealed messages, and gets sealed
 * answers with the server process and the client's name. What it listens on is the first line of its output. */
#include <negossp.h>

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM 65536
#define WORKERS_MAX 16
#define SIGNATURE_ROOM 256

/* A request to a process, and its answer. */
struct job {
    enum { LEG, SERVE } what;
    SECURITY_STATUS status; /* of the leg */
    char legs[128];         /* the processes that made the legs */
    struct sockaddr_in peer; /* the client's address */
    uint32_t context, token; /* lengths */
    unsigned char bytes[2 * ROOM]; /* the exported context, then the token */
};
#define JOB_HEAD offsetof(struct job, bytes)

static CredHandle credential;

/* ---- frames */

static bool read_all(int from, void *bytes, size_t length) {
    for (size_t got = 0; got < length;) {
        ssize_t n = recv(from, (char *)bytes + got, length - got, 0);
        if (n <= 0) return false;
        got += (size_t)n;
    }
    return true;
}

static bool read_frame(int from, unsigned char *bytes, uint32_t *length) {
    if (!read_all(from, length, sizeof *length)) return false;
    *length = ntohl(*length);
    return *length <= ROOM && read_all(from, bytes, *length);
}

static bool write_frame(int to, const void *first, uint32_t first_length, const void *second, uint32_t second_length) {
    uint32_t length = htonl(first_length + second_length);
    struct iovec parts[] = {{&length, sizeof length}, {(void *)first, first_length}, {(void *)second, second_length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)(sizeof length + first_length + second_length);
}

/* ---- jobs between parent and worker, perhaps with a connection */

static bool send_job(int to, const struct job *job, int connection) {
    struct iovec part = {(void *)job, JOB_HEAD + job->context + job->token};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (connection >= 0) {
        message.msg_control = control.room;
        message.msg_controllen = sizeof control.room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(head), &connection, sizeof connection);
    }
    return sendmsg(to, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

static bool receive_job(int from, struct job *job, int *connection) {
    struct iovec part = {job, sizeof *job};
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    ssize_t length = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    *connection = -1;
    if (length < (ssize_t)JOB_HEAD) return false;
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (head && head->cmsg_type == SCM_RIGHTS) memcpy(connection, CMSG_DATA(head), sizeof *connection);
    return (size_t)length == JOB_HEAD + job->context + job->token;
}

/* ---- the work */

/* Takes the context out of a job. */
static SECURITY_STATUS unpack(struct job *job, CtxtHandle *context) {
    SecBuffer packed = {job->context, SECBUFFER_EMPTY, job->bytes};
    return ImportSecurityContextW(u"Negotiate", &packed, NULL, context);
}

/* One leg of the handshake, whichever process made the one before: continues the job's context, if it has one, with its
 * token. The job then has the new context and the answer. */
static void make_leg(struct job *job) {
    static unsigned char answer[ROOM];
    bool begun = job->context != 0;
    CtxtHandle context;
    size_t used = strlen(job->legs);
    snprintf(job->legs + used, sizeof job->legs - used, "%s%d", used ? ", " : "", (int)getpid());
    if (begun && (job->status = unpack(job, &context)) != SEC_E_OK) goto failed;
    SecBuffer in[] = {{job->token, SECBUFFER_TOKEN, job->bytes + job->context},
                      {sizeof job->peer, SECBUFFER_NEGOSSP_PEER_ADDRESS, &job->peer}};
    SecBuffer out = {sizeof answer, SECBUFFER_TOKEN, answer};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 2, in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    job->status = AcceptSecurityContext(&credential, begun ? &context : NULL, &in_desc,
                                        ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_SEQUENCE_DETECT,
                                        SECURITY_NATIVE_DREP, &context, &out_desc, &attributes, NULL);
    if (job->status < 0) {
        if (begun) DeleteSecurityContext(&context);
        goto failed;
    }
    SecBuffer packed;
    SECURITY_STATUS status =
        ExportSecurityContext(&context, SECPKG_CONTEXT_EXPORT_DELETE_OLD | NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, &packed, NULL);
    if (status == SEC_E_OK && packed.cbBuffer <= ROOM) {
        memcpy(job->bytes, packed.pvBuffer, packed.cbBuffer);
        memcpy(job->bytes + packed.cbBuffer, answer, out.cbBuffer);
        job->context = packed.cbBuffer;
        job->token = out.cbBuffer;
        FreeContextBuffer(packed.pvBuffer);
        return;
    }
    /* A Kerberos handshake of three legs cannot be exported in between. */
    if (status == SEC_E_OK) FreeContextBuffer(packed.pvBuffer);
    else DeleteSecurityContext(&context);
    job->status = status < 0 ? status : (SECURITY_STATUS)SEC_E_CANNOT_PACK;
failed:
    job->context = job->token = 0;
}

/* The client's name, in ASCII as far as possible. */
static void name_of(CtxtHandle *context, char *name, size_t room) {
    SecPkgContext_NamesW names;
    size_t used = 0;
    if (QueryContextAttributesW(context, SECPKG_ATTR_NAMES, &names) == SEC_E_OK) {
        for (SEC_WCHAR *c = names.sUserName; *c && used + 1 < room; c++) name[used++] = *c < 128 ? (char)*c : '?';
        FreeContextBuffer(names.sUserName);
    }
    name[used] = 0;
}

/* Answers the client's messages until it disconnects. */
static void serve(struct job *job, int connection) {
    static unsigned char message[ROOM];
    CtxtHandle context;
    char name[256], text[1024];
    uint32_t length;
    if (unpack(job, &context) != SEC_E_OK) return;
    name_of(&context, name, sizeof name);
    while (read_frame(connection, message, &length)) {
        SecBuffer in[2] = {{length, SECBUFFER_STREAM, message}, {0, SECBUFFER_DATA, NULL}};
        SecBufferDesc in_desc = {SECBUFFER_VERSION, 2, in};
        if (DecryptMessage(&context, &in_desc, 0, NULL) != SEC_E_OK) break;
        int written = snprintf(text, sizeof text, "%d serves %s, accepted by %s: %.*s", (int)getpid(), name, job->legs,
                               (int)(in[1].cbBuffer < 200 ? in[1].cbBuffer : 200), (char *)in[1].pvBuffer);
        unsigned char token[SIGNATURE_ROOM];
        SecBuffer out[2] = {{sizeof token, SECBUFFER_TOKEN, token}, {(ULONG)written, SECBUFFER_DATA, text}};
        SecBufferDesc out_desc = {SECBUFFER_VERSION, 2, out};
        if (EncryptMessage(&context, 0, &out_desc, 0) != SEC_E_OK) break;
        if (!write_frame(connection, token, out[0].cbBuffer, text, out[1].cbBuffer)) break;
    }
    DeleteSecurityContext(&context);
}

/* ---- processes */

static void worker(int parent) {
    static struct job job;
    for (int connection; receive_job(parent, &job, &connection);) {
        if (job.what == SERVE) {
            serve(&job, connection);
        } else {
            make_leg(&job);
            if (!send_job(parent, &job, -1)) break;
        }
        if (connection >= 0) close(connection);
    }
    _exit(0);
}

/* Accepts a client and passes it to a worker. */
static void welcome(int connection, const int *workers, unsigned count, bool balance) {
    static unsigned next;
    static struct job job;
    job.context = 0;
    job.legs[0] = 0;
    socklen_t peer_length = sizeof job.peer;
    if (getpeername(connection, (struct sockaddr *)&job.peer, &peer_length)) return;
    do {
        uint32_t length;
        if (!read_frame(connection, job.bytes + job.context, &length)) return;
        job.what = LEG;
        job.token = length;
        if (!balance) {
            make_leg(&job);
        } else {
            int at = workers[next++ % count], none;
            if (!send_job(at, &job, -1) || !receive_job(at, &job, &none)) return;
        }
        const char *letter = job.status == SEC_E_OK ? "o" : job.status == SEC_I_CONTINUE_NEEDED ? "c" : "x";
        if (!write_frame(connection, letter, 1, job.bytes + job.context, job.token)) return;
    } while (job.status == SEC_I_CONTINUE_NEEDED);
    if (job.status != SEC_E_OK) return;
    job.what = SERVE;
    job.token = 0;
    send_job(workers[next++ % count], &job, connection);
}

int main(int argc, char **argv) {
    unsigned port = 0, count = 2;
    bool balance = false;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--balance")) balance = true;
        else if (!strcmp(argv[i], "--port") && i + 1 < argc) port = (unsigned)atoi(argv[++i]);
        else if (!strcmp(argv[i], "--workers") && i + 1 < argc) count = (unsigned)atoi(argv[++i]);
        else return fprintf(stderr, "usage: prefork [--port PORT] [--workers COUNT] [--balance]\n"), 2;
    }
    if (count < 1 || count > WORKERS_MAX) return fprintf(stderr, "1 to %d workers\n", WORKERS_MAX), 2;

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 16) ||
        getsockname(listening, (struct sockaddr *)&address, &length)) {
        return perror("prefork"), 1;
    }
    SECURITY_STATUS status = AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL);
    if (status != SEC_E_OK) return fprintf(stderr, "no credentials: %08x\n", (unsigned)status), 1;

    int workers[WORKERS_MAX];
    for (unsigned i = 0; i < count; i++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends)) return perror("prefork"), 1;
        pid_t child = fork();
        if (child < 0) return perror("prefork"), 1;
        if (child == 0) {
            close(listening);
            close(ends[0]);
            for (unsigned j = 0; j < i; j++) close(workers[j]);
            worker(ends[1]);
        }
        close(ends[1]);
        workers[i] = ends[0];
    }
    printf("listening on 127.0.0.1:%u, %d with %u workers\n", ntohs(address.sin_port), (int)getpid(), count);
    fflush(stdout);
    for (;;) {
        int connection = accept(listening, NULL, NULL);
        if (connection < 0) continue;
        struct timeval patience = {10, 0};
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        welcome(connection, workers, count, balance);
        close(connection);
    }
}
