#include "worker.h"
#include "jobs.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Clients of one worker. */
#define CLIENTS_MAX 256
#define SIGNATURE_ROOM 256

/* A client. `name` is NULL where there is none. */
struct client {
    int connection;
    CtxtHandle context;
    char *name;
    char legs[LEGS_ROOM];
    int64_t deadline; /* of its next message */
    struct frame message;
};

static struct client clients[CLIENTS_MAX];

/* Takes the client of a job, if there is a place for it and it has a name; else closes its connection. */
static void take(const struct job *job, int connection) {
    struct client *client = clients;
    while (client < clients + CLIENTS_MAX && client->name) client++;
    if (client < clients + CLIENTS_MAX && unpack(job, &client->context) == SEC_E_OK) {
        client->name = client_name(&client->context);
        if (client->name) {
            client->connection = connection;
            memcpy(client->legs, job->legs, sizeof client->legs);
            client->deadline = now() + patience;
            client->message.got = 0;
            return;
        }
        DeleteSecurityContext(&client->context);
    }
    close(connection);
}

static void leave(struct client *client) {
    DeleteSecurityContext(&client->context);
    FreeContextBuffer(client->name);
    client->name = NULL;
    close(client->connection);
}

/* Answers the message that has arrived. False ends the connection. */
static bool answer(struct client *client) {
    static char text[ROOM];
    SecBuffer in[2] = {{frame_length(&client->message), SECBUFFER_STREAM, client->message.bytes}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 2, in};
    if (DecryptMessage(&client->context, &in_desc, 0, NULL) != SEC_E_OK) return false;
    int length = snprintf(text, sizeof text, "%d serves %s, accepted by %s: %.*s", (int)getpid(), client->name, client->legs,
                          (int)(in[1].cbBuffer < 200 ? in[1].cbBuffer : 200), (char *)in[1].pvBuffer);
    if (length < 0 || (size_t)length >= sizeof text) return false;
    unsigned char token[SIGNATURE_ROOM];
    SecBuffer out[2] = {{sizeof token, SECBUFFER_TOKEN, token}, {(ULONG)length, SECBUFFER_DATA, text}};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 2, out};
    if (EncryptMessage(&client->context, 0, &out_desc, 0) != SEC_E_OK) return false;
    return frame_write(client->connection, token, out[0].cbBuffer, text, out[1].cbBuffer);
}

/* Takes what a client has sent. False ends the connection. */
static bool listen_to(struct client *client) {
    enum arrival arrival = frame_read(client->connection, &client->message);
    if (arrival != FRAME_WHOLE) return arrival == FRAME_PART;
    if (!answer(client)) return false;
    client->message.got = 0;
    client->deadline = now() + patience;
    return true;
}

_Noreturn void worker_run(const CredHandle *credential, int parent) {
    static struct job job;
    static struct pollfd polled[1 + CLIENTS_MAX];
    for (;;) {
        polled[0] = (struct pollfd){.fd = parent, .events = POLLIN};
        for (int i = 0; i < CLIENTS_MAX; i++) {
            if (clients[i].name && clients[i].deadline < now()) leave(&clients[i]);
            polled[1 + i] = (struct pollfd){.fd = clients[i].name ? clients[i].connection : -1, .events = POLLIN};
        }
        if (poll(polled, 1 + CLIENTS_MAX, 1000) < 0) continue;
        for (int i = 0; i < CLIENTS_MAX; i++)
            if (polled[1 + i].revents && !listen_to(&clients[i])) leave(&clients[i]);
        if (!polled[0].revents) continue;
        int connection;
        if (!job_receive(parent, &job, &connection)) _exit(0);
        if (job.what == SERVE) {
            if (connection >= 0) take(&job, connection);
            continue;
        }
        make_leg(credential, &job);
        /* May wait, since the parent waits for nobody. */
        if (!job_send(parent, &job, -1)) _exit(0);
    }
}
