/* Jobs that the parent gives to its workers. */
#ifndef PREFORK_JOBS_H
#define PREFORK_JOBS_H

#include "frames.h"

#include <negossp.h>

#include <netinet/in.h>

#define LEGS_ROOM 128

/* A request to a process, and its answer. */
struct job {
    enum { LEG, SERVE } what;
    uint64_t number;         /* of the connection */
    SECURITY_STATUS status;  /* of the leg */
    char legs[LEGS_ROOM];    /* the processes that made the legs */
    struct sockaddr_in peer; /* the client's address */
    uint32_t context, token; /* lengths */
    unsigned char bytes[2 * ROOM]; /* the exported context, then the token */
};

/* Sends a job, perhaps with a connection (else -1). False if the other process is gone, or, from the parent's end, which does
 * not wait, if there is no room now. */
bool job_send(int to, const struct job *job, int connection);

/* Receives a job, and the connection with it or -1. False when the other process is gone. */
bool job_receive(int from, struct job *job, int *connection);

/* One leg of the handshake, whichever process made the one before: continues the job's context, if it has one, with its
 * token. The job then has the new context and the answer. */
void make_leg(const CredHandle *credential, struct job *job);

/* Takes the context out of a job. */
SECURITY_STATUS unpack(const struct job *job, CtxtHandle *context);

/* The client's name, whole, in UTF-8: to be freed with FreeContextBuffer. NULL if it cannot be had: then nobody knows who the
 * client is, and it must be refused. */
char *client_name(CtxtHandle *context);

#endif
