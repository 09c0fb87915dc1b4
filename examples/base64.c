#include "base64.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

unsigned char *base64_decode(const char *text, size_t *length) {
    size_t characters = strlen(text);
    while (characters && text[characters - 1] == '=') characters--;
    unsigned char *bytes = malloc(characters / 4 * 3 + 3);
    uint32_t bits = 0;
    *length = 0;
    for (size_t i = 0; bytes && i < characters; i++) {
        const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;
        if (!at || characters % 4 == 1) {
            free(bytes);
            return NULL;
        }
        bits = bits << 6 | (uint32_t)(at - alphabet);
        if (i % 4 > 0) bytes[(*length)++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    return bytes;
}

char *base64_header(const char *scheme, const unsigned char *bytes, size_t length) {
    char *text = malloc(strlen(scheme) + 1 + (length + 2) / 3 * 4 + 1);
    if (!text) return NULL;
    char *out = text + sprintf(text, "%s ", scheme);
    for (size_t i = 0; i < length; i += 3) {
        size_t here = length - i < 3 ? length - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16;
        if (here > 1) bits |= (uint32_t)bytes[i + 1] << 8;
        if (here > 2) bits |= bytes[i + 2];
        for (size_t j = 0; j < 4; j++) *out++ = j <= here ? alphabet[bits >> (18 - 6 * j) & 63] : '=';
    }
    *out = 0;
    return text;
}
