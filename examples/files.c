#include "files.h"
#include "library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A single file name, without a path. */
static bool plain(const char *name) {
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return *name && *name != '.' && strspn(name, good) == strlen(name);
}

static char *words(const char *what, const char *why) {
    char *text = malloc(strlen(what) + strlen(why) + 8);
    if (text) sprintf(text, "%s: %s\n", what, why);
    return text;
}

static char *content(FILE *file) {
    char *text = malloc(FILE_MAX + 1);
    if (text) text[fread(text, 1, FILE_MAX, file)] = 0;
    return text;
}

int files_read(struct conversation *conversation, const char *folder, const char *name, char **text) {
    char path[4096], status[64];
    *text = NULL;
    if (!plain(name) || snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) {
        *text = words("file", "no such name");
        return 404;
    }
    SECURITY_STATUS result = conversation_impersonate(conversation);
    if (result != SEC_E_OK) {
        *text = words("impersonation", status_text(result, status));
        return 403;
    }
    /* Opened with the client's rights. */
    const char *why;
    bool missing;
    FILE *file = regular_file_open(path, &why, &missing);
    /* A thread that cannot revert must not serve other clients. */
    if (conversation_revert(conversation) != SEC_E_OK) abort();
    if (!file) {
        *text = words("file", why);
        return missing ? 404 : 403;
    }
    *text = content(file);
    fclose(file);
    return 200;
}
