/* Tokens in HTTP's headers. */
#ifndef EXAMPLE_BASE64_H
#define EXAMPLE_BASE64_H

#include <stddef.h>

/* Decodes `text` into bytes to be freed by the caller; NULL when it is not base64. */
unsigned char *base64_decode(const char *text, size_t *length);

/* "SCHEME base64", to be freed by the caller. */
char *base64_header(const char *scheme, const unsigned char *bytes, size_t length);

#endif
