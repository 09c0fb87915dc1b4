/* Tokens on Linux: handles that are numbers, and the information read from them. */
#include "conversation.h"
#include "groups.h"
#include "platform.h"

#ifdef _WIN32

const struct test token_tests[] = {END_OF_TESTS};

#else

#include "token.h"

#include <pthread.h>
#include <stdlib.h>

static struct token_functions functions;

static void find(const char *name, void *slot, size_t size) {
    void *symbol = find_export(name);
    if (!symbol) fail(__FILE__, __LINE__, "no export %s", name);
    memcpy(slot, &symbol, size);
}

static void find_functions(void) {
    find("NegosspQueryToken", &functions.query, sizeof functions.query);
    find("NegosspCloseToken", &functions.close, sizeof functions.close);
    find("NegosspImpersonateToken", &functions.impersonate, sizeof functions.impersonate);
    find("NegosspRevertToken", &functions.revert, sizeof functions.revert);
    find("NegosspBecomeToken", &functions.become, sizeof functions.become);
}

const struct token_functions *token_functions(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, find_functions);
    return &functions;
}

/* A token of the client, whose context is gone. */
static HANDLE token_of(SEC_WCHAR *user) {
    struct conversation c;
    HANDLE token = NULL;
    if (CHECK(conversation_establish(&c, &(struct terms){.user = user}))) {
        CHECK_STATUS(W->QuerySecurityContextToken(&c.server.context, &token), SEC_E_OK);
    }
    conversation_close(&c);
    return token;
}

static const char *text_of(HANDLE token, ULONG class, char *text, ULONG size) {
    ULONG needed = 0;
    memset(text, 'x', size);
    if (!CHECK_STATUS(token_functions()->query(token, class, text, size, &needed), SEC_E_OK)) return "";
    CHECK(needed > 0 && text[needed - 1] == '\0' && strlen(text) == needed - 1);
    return text;
}

/* SECPKG_ATTR_ACCESS_TOKEN: valid as long as its context is. */
static void the_context_s_own(void) {
    struct conversation c;
    SecPkgContext_AccessToken first = {NULL}, again = {NULL};
    char text[512];
    ULONG needed;
    REQUIRE(conversation_establish(&c, &(struct terms){.user = u"user4"}));
    CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_ACCESS_TOKEN, &first), SEC_E_OK);
    CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_ACCESS_TOKEN, &again), SEC_E_OK);
    CHECK(first.AccessToken && first.AccessToken == again.AccessToken);
    CHECK(strcmp(text_of(first.AccessToken, NEGOSSP_TOKEN_CLIENT_NAME, text, sizeof text), "EXAMPLE\\user4") == 0);
    conversation_close(&c);
    CHECK_STATUS(token_functions()->query(first.AccessToken, NEGOSSP_TOKEN_CLIENT_NAME, text, sizeof text, &needed),
                 SEC_E_INVALID_HANDLE);
}

static void tells_of_client_and_account(void) {
    HANDLE token = token_of(u"user4");
    char text[512];
    NEGOSSP_TOKEN_IDS ids;
    ULONG groups[16], level, needed;
    TimeStamp expiry;
    REQUIRE(token != NULL);
    CHECK(strcmp(text_of(token, NEGOSSP_TOKEN_USER_NAME, text, sizeof text), "") == 0);
    CHECK(strcmp(text_of(token, NEGOSSP_TOKEN_CLIENT_NAME, text, sizeof text), "EXAMPLE\\user4") == 0);
    CHECK(strcmp(text_of(token, NEGOSSP_TOKEN_PACKAGE, text, sizeof text), "NTLM") == 0);
    text_of(token, NEGOSSP_TOKEN_ORIGINS, text, sizeof text);
    CHECK(strstr(text, "logon=account file\n") && strstr(text, "account=table\n"));
    CHECK_STATUS(token_functions()->query(token, NEGOSSP_TOKEN_USER_IDS, &ids, sizeof ids, &needed), SEC_E_OK);
    CHECK_EQUAL(needed, sizeof ids);
    CHECK_EQUAL(ids.Uid, 61004);
    CHECK_EQUAL(ids.Gid, 62004);
    CHECK_STATUS(token_functions()->query(token, NEGOSSP_TOKEN_GROUPS, groups, sizeof groups, &needed), SEC_E_OK);
    CHECK_EQUAL(needed, 2 * sizeof(ULONG));
    CHECK_EQUAL(groups[0] + groups[1], 62004 + 63000);
    CHECK_STATUS(token_functions()->query(token, NEGOSSP_TOKEN_LEVEL, &level, sizeof level, NULL), SEC_E_OK);
    CHECK_EQUAL(level, NEGOSSP_LEVEL_IMPERSONATION);
    CHECK_STATUS(token_functions()->query(token, NEGOSSP_TOKEN_EXPIRY, &expiry, sizeof expiry, NULL), SEC_E_OK);
    CHECK((uint64_t)expiry.QuadPart > local_time_ticks());
    CHECK_STATUS(token_functions()->close(token), SEC_E_OK);
}

static void tells_of_accounts_by_name(void) {
    HANDLE token = token_of(u"daemon");
    char text[512];
    ULONG groups[64], needed;
    NEGOSSP_TOKEN_IDS ids;
    REQUIRE(token != NULL);
    CHECK(strcmp(text_of(token, NEGOSSP_TOKEN_USER_NAME, text, sizeof text), "daemon") == 0);
    CHECK(strstr(text_of(token, NEGOSSP_TOKEN_ORIGINS, text, sizeof text), "account=name\n") != NULL);
    CHECK_STATUS(token_functions()->query(token, NEGOSSP_TOKEN_USER_IDS, &ids, sizeof ids, NULL), SEC_E_OK);
    CHECK(ids.Uid != 0);
    CHECK_STATUS(token_functions()->query(token, NEGOSSP_TOKEN_GROUPS, groups, sizeof groups, &needed), SEC_E_OK);
    bool own = false;
    for (ULONG i = 0; i < needed / sizeof *groups; i++) own |= groups[i] == ids.Gid;
    CHECK(own);
    CHECK_STATUS(token_functions()->close(token), SEC_E_OK);
}

/* Too little room: nothing is written, and the required length is returned. */
static void buffers_of_every_length(void) {
    HANDLE token = token_of(u"user4");
    REQUIRE(token != NULL);
    for (ULONG class = NEGOSSP_TOKEN_USER_NAME; class <= NEGOSSP_TOKEN_ORIGINS; class++) {
        ULONG needed = 0, again = 0;
        SECURITY_STATUS status = token_functions()->query(token, class, NULL, 0, &needed);
        if (class == NEGOSSP_TOKEN_SID || class == NEGOSSP_TOKEN_GROUP_SIDS) {
            if (status == (SECURITY_STATUS)SEC_E_UNSUPPORTED_FUNCTION) continue; /* not configured */
        }
        CHECK_STATUS(status, SEC_E_BUFFER_TOO_SMALL);
        CHECK(needed > 0 && needed < 4096);
        for (ULONG length = 0; length <= needed; length++) {
            unsigned char *untouched = malloc(needed + 1);
            memset(untouched, 0xa5, needed + 1);
            char *place = fence(untouched, length);
            status = token_functions()->query(token, class, place, length, length % 2 ? &again : NULL);
            CHECK_STATUS(status, length < needed ? SEC_E_BUFFER_TOO_SMALL : SEC_E_OK);
            if (length < needed) CHECK(memcmp(place, untouched, length) == 0);
            if (length % 2) CHECK_EQUAL(again, needed);
            fence_free(place, length);
            free(untouched);
        }
        CHECK_STATUS(token_functions()->query(token, class, NULL, needed, &again), SEC_E_INVALID_PARAMETER);
    }
    ULONG none = 1;
    CHECK_STATUS(token_functions()->query(token, 0, NULL, 0, &none), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK_EQUAL(none, 0);
    CHECK_STATUS(token_functions()->query(token, 4711, NULL, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK_STATUS(token_functions()->close(token), SEC_E_OK);
}

/* Values that are not tokens. */
static void refused(HANDLE token) {
    ULONG level = 4711, needed = 1;
    CHECK_STATUS(token_functions()->query(token, NEGOSSP_TOKEN_LEVEL, &level, sizeof level, &needed), SEC_E_INVALID_HANDLE);
    CHECK_EQUAL(level, 4711);
    CHECK_EQUAL(needed, 0);
    CHECK_STATUS(token_functions()->impersonate(token), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(token_functions()->become(token), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(token_functions()->revert(token), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(token_functions()->close(token), SEC_E_INVALID_HANDLE);
}

static void only_handles_of_ours(void) {
    struct conversation c;
    HANDLE token = NULL, another = NULL;
    int local;
    REQUIRE(conversation_establish(&c, &(struct terms){.user = u"user1"}));
    REQUIRE_STATUS(W->QuerySecurityContextToken(&c.server.context, &token), SEC_E_OK);
    REQUIRE_STATUS(W->QuerySecurityContextToken(&c.server.context, &another), SEC_E_OK);
    CHECK(token != another && token != NULL && another != NULL);
    uintptr_t number = (uintptr_t)token;
    refused(NULL);
    refused((HANDLE)(uintptr_t)-1);
    refused((HANDLE)(uintptr_t)-2);
    refused(&local);
    refused((HANDLE)(number ^ 1));
    refused((HANDLE)(number ^ 2));
    refused((HANDLE)(number ^ 3));
    refused((HANDLE)(number + 4 * 1000));
    refused((HANDLE)(number ^ (uintptr_t)1 << 40));
    refused((HANDLE)(number ^ (uintptr_t)1 << 63));
    /* Other objects of the library. */
    refused((HANDLE)(c.server.context.dwUpper << 32 | c.server.context.dwLower));
    refused((HANDLE)(c.server.credential.dwUpper << 32 | c.server.credential.dwLower));
    CtxtHandle context = {number & 0xffffffff, number >> 32};
    CHECK_STATUS(W->ImpersonateSecurityContext(&context), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(token_functions()->close(token), SEC_E_OK);
    refused(token);
    /* The other one is not affected. */
    ULONG level;
    CHECK_STATUS(token_functions()->query(another, NEGOSSP_TOKEN_LEVEL, &level, sizeof level, NULL), SEC_E_OK);
    CHECK_STATUS(token_functions()->close(another), SEC_E_OK);
    refused(another);
    conversation_close(&c);
}

/* ---- closed by one thread while others read */

static HANDLE contested;

static void one_thread_reads(unsigned index) {
    if (index == 0) {
        CHECK_STATUS(token_functions()->close(contested), SEC_E_OK);
        return;
    }
    for (int i = 0; i < 200; i++) {
        NEGOSSP_TOKEN_IDS ids = {0, 0};
        SECURITY_STATUS status = token_functions()->query(contested, NEGOSSP_TOKEN_USER_IDS, &ids, sizeof ids, NULL);
        if (status != SEC_E_OK) {
            CHECK_STATUS(status, SEC_E_INVALID_HANDLE);
            return;
        }
        CHECK_EQUAL(ids.Uid, 61001);
    }
}

static void closed_while_others_read(void) {
    unsigned rounds = effort(50);
    for (unsigned i = 0; i < rounds; i++) {
        contested = token_of(u"user1");
        REQUIRE(contested != NULL);
        in_threads(8, one_thread_reads);
    }
}

const struct test token_tests[] = {
    TEST(the_context_s_own),
    TEST(tells_of_client_and_account),
    TEST(tells_of_accounts_by_name),
    TEST(buffers_of_every_length),
    TEST(only_handles_of_ours),
    TEST(closed_while_others_read),
    END_OF_TESTS,
};

#endif
