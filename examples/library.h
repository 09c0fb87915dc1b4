/* A library with SSPI's functions, loaded at run time, and its statuses. */
#ifndef EXAMPLE_LIBRARY_H
#define EXAMPLE_LIBRARY_H

#include "os.h"

#include <negossp.h>

/* The library of the servers and clients that are told of no other. */
#ifdef _WIN32
#define DEFAULT_LIBRARY "negossp.dll"
#else
#define DEFAULT_LIBRARY "libnegossp.so.1"
#endif

/* Loads it. NULL, with the reason on standard error, when it cannot. */
void *library_load(const char *path);

/* The function table that its function `name` returns: InitSecurityInterfaceW or InitSecurityInterfaceA. NULL, with the reason on
 * standard error, when it has none. */
void *library_table(void *loaded, const char *path, const char *name);

/* A status in words: name and number. `text` has room for at least 64 bytes and is returned. */
const char *status_text(SECURITY_STATUS status, char *text);

#endif
