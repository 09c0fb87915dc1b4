/* Both sides of a logon, each by a library of its own. */
#pragma once

#include "library.h"

/* A user with a password, whom the server's credentials know by themselves: no account file is needed. */
extern SEC_WINNT_AUTH_IDENTITY_W test_user;

/* Logs on with `package`: the client's side by `client` as `identity` (NULL: the user who runs this), the server's by `server`.
 * Reports every status, and what the established contexts can do. */
bool converse(const struct library *client, const struct library *server, const WCHAR *package, SEC_WINNT_AUTH_IDENTITY_W *identity);
