/* SEC_WINNT_AUTH_IDENTITY_EX2 as a program lays it out. */
#ifndef NEGOSSP_TESTS_BLOCK_H
#define NEGOSSP_TESTS_BLOCK_H

#include "abi.h"

/* A block as it is laid out for Windows. */
struct block {
    SEC_WINNT_AUTH_IDENTITY_EX2 identity;
    unsigned char rest[512];
};

/* User and list may be NULL; there is a credential if `kind` is not. */
struct block block_of(const SEC_WCHAR *user, const SEC_WCHAR *list, const GUID *kind, const void *data, size_t length);

#endif
