/* The program around Wine's tests of DLLs that reach secur32.dll: what Wine's own build generates. */
#include <windows.h>

#define STANDALONE
#include "wine/test.h"

#include <stdio.h>
#include <string.h>

extern void func_winhttp(void), func_url(void), func_parse(void), func_ber(void);

const struct test winetest_testlist[] = {
    {"winhttp", func_winhttp}, {"url", func_url}, {"parse", func_parse}, {"ber", func_ber}, {0, 0},
};

const char *__wine_dbg_strdup(const char *text) { return _strdup(text); }

/* Functions of Wine's for messages. */
const char *debugstr_a(const char *text) { return text ? text : "(null)"; }

const char *debugstr_w(const WCHAR *text) {
    static char shown[8][256];
    static unsigned next;
    char *out = shown[next++ % 8];
    snprintf(out, sizeof *shown, "%ls", text ? text : L"(null)");
    return out;
}
