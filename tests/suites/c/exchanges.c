/* Recorded exchanges of other implementations (tests/data/exchanges): their first tokens begin a conversation,
 * their last ones, which answer another server's challenge, end it. */
#include "conversation.h"
#include "groups.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

struct exchange {
    char package[16];
    struct bytes client[2]; /* what the initiator sent */
    int count;
};

static void read_hex(const char *hex, struct bytes *bytes) {
    unsigned byte;
    for (bytes->length = 0; bytes->length < TOKEN_MAX && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
        bytes->data[bytes->length++] = (unsigned char)byte;
    }
}

static bool read_exchange(const char *path, struct exchange *e) {
    static char line[2 * TOKEN_MAX + 16];
    FILE *file = fopen(path, "r");
    if (!file) return false;
    memset(e, 0, sizeof *e);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "package %15s", e->package) == 1) continue;
        if (strncmp(line, "C ", 2) == 0 && e->count < 2) read_hex(line + 2, &e->client[e->count++]);
    }
    fclose(file);
    return e->count == 2;
}

static void replay(const char *name, const struct exchange *e) {
    struct conversation c;
    struct terms terms = {.package = strcmp(e->package, "NTLM") == 0 ? u"NTLM" : u"Negotiate"};
    REQUIRE(conversation_open(&c, &terms));
    if (server_leg_with(&c, e->client[0].data, e->client[0].length) != SEC_I_CONTINUE_NEEDED) {
        fail(__FILE__, __LINE__, "%s: the first token gives %s", name, status_name(c.server.status));
    } else {
        CHECK(c.server.sent.length > 0);
        SECURITY_STATUS status = server_leg_with(&c, e->client[1].data, e->client[1].length);
        if (status >= 0 || status == (SECURITY_STATUS)SEC_E_INTERNAL_ERROR) {
            fail(__FILE__, __LINE__, "%s: the last token gives %s", name, status_name(status));
        }
        CHECK_EQUAL(c.server.sent.length, 0);
    }
    conversation_close(&c);
}

static void of_other_implementations(void) {
    const char *folder = getenv("NEGOSSP_TEST_EXCHANGES");
    DIR *directory = folder ? opendir(folder) : NULL;
    REQUIRE(directory != NULL);
    struct dirent *entry;
    static struct exchange exchange;
    int replayed = 0;
    while ((entry = readdir(directory)) != NULL) {
        char path[1024];
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 4, ".txt") != 0) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (read_exchange(path, &exchange)) {
            replay(entry->d_name, &exchange);
            replayed++;
        }
    }
    closedir(directory);
    CHECK(replayed > 0);
}

const struct test exchanges_tests[] = {
    TEST(of_other_implementations),
    END_OF_TESTS,
};
