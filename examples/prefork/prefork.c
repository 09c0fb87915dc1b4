/* A server that forks its workers first and authenticates later: one process accepts a context and another
 * seals and unseals with it, after ExportSecurityContext and ImportSecurityContext.
 *
 *   prefork [--port PORT] [--workers COUNT] [--balance] [--patience SECONDS]
 *
 * The parent accepts the clients and passes connection and context to the next worker, which serves all of its clients at the
 * same time. With --balance the parent passes each of the client's tokens to the next worker, as a stateless load balancer
 * does, together with the half-open context.
 *
 * No process waits for a client. The parent lets nobody take longer than the patience for the handshake; if more clients
 * come than it has places for, the one that has been there longest gives way. AcceptSecurityContext itself may wait for a
 * domain controller: a server that has one should let workers call it, as --balance does.
 *
 * A worker that dies takes its clients with it, and is replaced.
 *
 * Client and server send frames: a length of four bytes, the highest first, and the data. The server's begin with a letter
 * during authentication: c (continue), o (accepted), x (rejected). Then the client sends sealed messages, and gets sealed
 * answers with the server process and the client's name. What it listens on is the first line of its output. */
#include "jobs.h"
#include "worker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 16
/* Clients in their handshake. */
#define CONNECTIONS_MAX 128
/* A worker that dies at once is not started more often. */
#define RESTART_MILLISECONDS 1000

struct worker {
    int socket; /* -1: there is none */
    pid_t process;
    int64_t started;
};

/* A client that the parent has. */
struct connection {
    int socket;                       /* -1: there is none */
    enum { READING, READY, ASKED } is; /* the client writes; a job waits for a worker; a worker has it */
    struct worker *asked;
    int64_t began;
    struct frame frame;
    struct job job;
};

static CredHandle credential;
static bool balance;
static int listening;
static struct worker workers[WORKERS_MAX];
static unsigned count = 2; /* of workers */
static struct connection connections[CONNECTIONS_MAX];

#define each_worker(at) struct worker *at = workers; at < workers + count; at++
#define each_connection(at) struct connection *at = connections; at < connections + CONNECTIONS_MAX; at++

static void drop(struct connection *connection) {
    close(connection->socket);
    connection->socket = -1;
}

/* ---- workers */

static void start(struct worker *worker) {
    int ends[2];
    worker->started = now();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) return;
    worker->process = fork();
    if (worker->process == 0) {
        /* A copy here would keep open what the parent closes. */
        close(listening);
        close(ends[0]);
        for (each_worker(other)) if (other->socket >= 0) close(other->socket);
        for (each_connection(connection)) if (connection->socket >= 0) close(connection->socket);
        worker_run(&credential, ends[1]);
    }
    close(ends[1]);
    if (worker->process < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK)) close(ends[0]);
    else worker->socket = ends[0];
}

/* Puts away a worker that has closed its end, which it does when it dies. */
static void bury(struct worker *worker) {
    int status = 0;
    close(worker->socket);
    worker->socket = -1;
    kill(worker->process, SIGKILL);
    waitpid(worker->process, &status, 0);
    fprintf(stderr, "worker %d has ended with status %#x\n", (int)worker->process, (unsigned)status);
    for (each_connection(connection))
        if (connection->socket >= 0 && connection->is == ASKED && connection->asked == worker) drop(connection);
}

/* Passes a connection's job to the next worker that takes it; if none does, later again. */
static void hand_on(struct connection *connection) {
    static unsigned next;
    bool serve = connection->job.what == SERVE;
    for (unsigned tried = 0; tried < count; tried++) {
        struct worker *worker = &workers[next++ % count];
        if (worker->socket < 0 || !job_send(worker->socket, &connection->job, serve ? connection->socket : -1)) continue;
        connection->is = ASKED;
        connection->asked = worker;
        if (serve) drop(connection); /* the worker has it now */
        return;
    }
}

/* ---- handshakes */

/* A place for another connection: a free one, or that of the longest handshake. */
static struct connection *place(void) {
    struct connection *oldest = connections;
    for (each_connection(connection)) {
        if (connection->socket < 0) return connection;
        if (connection->began < oldest->began) oldest = connection;
    }
    drop(oldest);
    return oldest;
}

static void welcome(void) {
    static uint64_t number;
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    int socket = accept4(listening, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
    if (socket < 0) return;
    struct connection *connection = place();
    connection->socket = socket;
    connection->is = READING;
    connection->began = now();
    connection->frame.got = 0;
    connection->job.number = ++number;
    connection->job.peer = peer;
    connection->job.context = 0;
    connection->job.legs[0] = 0;
}

/* Tells the client what a leg has led to. */
static void tell(struct connection *connection) {
    struct job *job = &connection->job;
    const char *letter = job->status == SEC_E_OK ? "o" : job->status == SEC_I_CONTINUE_NEEDED ? "c" : "x";
    if (!frame_write(connection->socket, letter, 1, job->bytes + job->context, job->token) || *letter == 'x') {
        drop(connection);
        return;
    }
    connection->is = *letter == 'c' ? READING : READY;
    connection->frame.got = 0;
    job->what = SERVE; /* if it is ready */
    job->token = 0;
}

/* Takes what a client has sent of its handshake. */
static void listen_to(struct connection *connection) {
    struct job *job = &connection->job;
    enum arrival arrival = frame_read(connection->socket, &connection->frame);
    if (arrival == FRAME_GONE) drop(connection);
    if (arrival != FRAME_WHOLE) return;
    job->what = LEG;
    job->token = frame_length(&connection->frame);
    memcpy(job->bytes + job->context, connection->frame.bytes, job->token);
    connection->is = READY;
    if (balance) return;
    make_leg(&credential, job);
    tell(connection);
}

/* Takes a leg that a worker has made; its client may be gone. */
static void take_leg(struct worker *worker) {
    static struct job job;
    int none;
    if (!job_receive(worker->socket, &job, &none)) {
        bury(worker);
        return;
    }
    for (each_connection(connection)) {
        if (connection->socket < 0 || connection->is != ASKED || connection->job.number != job.number) continue;
        connection->job = job;
        tell(connection);
    }
}

/* ---- the parent */

/* One round: starts workers that are missing, ends handshakes whose time is over, and does what can be done now. */
static void work(void) {
    struct pollfd polled[1 + WORKERS_MAX + CONNECTIONS_MAX], *next = polled;
    short room = 0; /* POLLOUT if a job waits */
    for (each_worker(worker)) if (worker->socket < 0 && worker->started + RESTART_MILLISECONDS <= now()) start(worker);
    for (each_connection(connection)) {
        if (connection->socket >= 0 && connection->began + patience < now()) drop(connection);
        if (connection->socket >= 0 && connection->is == READY) hand_on(connection);
        if (connection->socket >= 0 && connection->is == READY) room = POLLOUT;
    }

    /* poll passes over sockets below 0. */
    *next++ = (struct pollfd){.fd = listening, .events = POLLIN};
    for (each_worker(worker)) *next++ = (struct pollfd){.fd = worker->socket, .events = POLLIN | room};
    for (each_connection(connection))
        *next++ = (struct pollfd){.fd = connection->is == READING ? connection->socket : -1, .events = POLLIN};
    if (poll(polled, (nfds_t)(next - polled), 1000) < 0) return;

    next = polled + 1;
    for (each_worker(worker)) if (next++->revents & ~POLLOUT) take_leg(worker);
    for (each_connection(connection)) if (next++->revents && connection->socket >= 0) listen_to(connection);
    /* Last, since it may give away the place of a connection above. */
    if (polled[0].revents) welcome();
}

int main(int arguments_count, char **arguments) {
    unsigned port = 0;
    for (int i = 1; i < arguments_count; i++) {
        bool more = i + 1 < arguments_count;
        if (!strcmp(arguments[i], "--balance")) balance = true;
        else if (more && !strcmp(arguments[i], "--port")) port = (unsigned)atoi(arguments[++i]);
        else if (more && !strcmp(arguments[i], "--workers")) count = (unsigned)atoi(arguments[++i]);
        else if (more && !strcmp(arguments[i], "--patience")) patience = (int64_t)atoi(arguments[++i]) * 1000;
        else return fprintf(stderr, "usage: prefork [--port PORT] [--workers COUNT] [--balance] [--patience SECONDS]\n"), 2;
    }
    if (count < 1 || count > WORKERS_MAX) return fprintf(stderr, "1 to %d workers\n", WORKERS_MAX), 2;

    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int on = 1;
    listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listening, (struct sockaddr *)&address, sizeof address) || listen(listening, 64) ||
        getsockname(listening, (struct sockaddr *)&address, &length)) {
        return perror("prefork"), 1;
    }
    SECURITY_STATUS status = AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL);
    if (status != SEC_E_OK) return fprintf(stderr, "no credentials: %08x\n", (unsigned)status), 1;

    for (each_connection(connection)) connection->socket = -1;
    for (each_worker(worker)) worker->socket = -1;
    for (each_worker(worker)) start(worker);
    printf("listening on 127.0.0.1:%u, %d with %u workers\n", ntohs(address.sin_port), (int)getpid(), count);
    fflush(stdout);
    for (;;) work();
}
