/* The functions on tokens, which are Linux' alone. */
#ifndef NEGOSSP_TESTS_TOKEN_H
#define NEGOSSP_TESTS_TOKEN_H

#include "abi.h"

struct token_functions {
    SECURITY_STATUS (*query)(HANDLE, ULONG, void *, ULONG, ULONG *);
    SECURITY_STATUS (*close)(HANDLE);
    SECURITY_STATUS (*impersonate)(HANDLE);
    SECURITY_STATUS (*revert)(HANDLE);
    SECURITY_STATUS (*become)(HANDLE);
};

/* Found by name. */
const struct token_functions *token_functions(void);

#endif
