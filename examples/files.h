/* Opens files while impersonating the client: the operating system decides whether the client may read them. */
#ifndef EXAMPLE_FILES_H
#define EXAMPLE_FILES_H

#include "authentication.h"

#include <stddef.h>

/* Longest file that is shown. */
#define FILE_MAX (1024 * 1024)

/* Reads the file of that name in the folder as the client of an established conversation. Returns the status to answer
 * with: 200 and the file's text in `*text`, to be freed by the caller; 403 or 404 and why not in words, likewise. */
int files_read(struct conversation *conversation, const char *folder, const char *name, char **text);

#endif
