/* The program around Wine's tests: what Wine's own build generates, and the one function of Wine's that their header needs. */
#include <windows.h>

#define STANDALONE
#include "wine/test.h"

#include <string.h>

extern void func_main(void), func_negotiate(void), func_ntlm(void), func_schannel(void), func_secur32(void);

const struct test winetest_testlist[] = {
    {"main", func_main}, {"negotiate", func_negotiate}, {"ntlm", func_ntlm}, {"schannel", func_schannel}, {"secur32", func_secur32}, {0, 0},
};

const char *__wine_dbg_strdup(const char *text) { return _strdup(text); }
