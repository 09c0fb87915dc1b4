/* Runs a command as the client: with its rights and none of the server's. */
#ifndef EXAMPLE_RUN_H
#define EXAMPLE_RUN_H

#include "authentication.h"

/* Longest output that is shown, and how long the command may take. */
#define OUTPUT_MAX (64 * 1024)
#define RUN_SECONDS 10

/* Runs the command by /bin/sh as the client of an established conversation, and waits for its end. Returns the status to
 * answer with: 200 and the output in `*text`, to be freed by the caller; else why not in words, likewise: 403 if the client
 * has no account here. On Windows 404. */
int run_command(struct conversation *conversation, const char *command, char **text);

#endif
