/* A worker: makes legs for the parent, and serves the clients that it is given, all at the same time. */
#ifndef PREFORK_WORKER_H
#define PREFORK_WORKER_H

#include <negossp.h>

/* Works for the parent at the other end of the socket, until that is gone. */
_Noreturn void worker_run(const CredHandle *credential, int parent);

#endif
