/* Handles under threads: created, used, deleted twice, used after deletion, forged. Nothing crashes, hangs
 * or leaks, and no handle ever refers to another owner's object. */
#include "conversation.h"
#include "groups.h"
#include "platform.h"

#include <stdlib.h>

#define THREADS 16

static SECURITY_STATUS sizes_of(CtxtHandle context) {
    SecPkgContext_Sizes sizes;
    return W->QueryContextAttributesW(&context, SECPKG_ATTR_SIZES, &sizes);
}

static SECURITY_STATUS sign_with(CtxtHandle context) {
    char data[] = "data";
    unsigned char token[16];
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    return W->MakeSignature(&context, 0, &desc, 0);
}

static bool ok_or_gone(SECURITY_STATUS status) {
    return status == SEC_E_OK || status == (SECURITY_STATUS)SEC_E_INVALID_HANDLE;
}

/* ---- concurrent conversations */

static void one_thread_converses(unsigned index) {
    struct conversation *c = malloc(sizeof *c);
    unsigned rounds = effort(40);
    for (unsigned i = 0; i < rounds; i++) {
        bool wrong = (index + i) % 4 == 3;
        struct terms terms = {.package = i % 2 ? u"NTLM" : u"Negotiate", .password = wrong ? u"wrong" : NULL};
        if (wrong) {
            if (CHECK(conversation_until_last_leg(c, &terms))) CHECK_STATUS(server_leg(c), SEC_E_LOGON_DENIED);
        } else {
            CHECK(conversation_establish(c, &terms) && conversation_works(c));
        }
        conversation_close(c);
    }
    free(c);
}

static void conversations_in_every_thread(void) {
    in_threads(THREADS, one_thread_converses);
}

/* ---- forged handles, while valid ones are created and deleted */

static struct conversation victim;

static CtxtHandle forged(unsigned kind, uint64_t *random) {
    CtxtHandle handle;
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    uint64_t more = *random * 2862933555777941757u + 3037000493u;
    /* a bit of the upper half of a word, where there is one */
    const ULONG_PTR high = (ULONG_PTR)1 << (8 * sizeof(ULONG_PTR) - 1 - kind % 31);
    switch (kind % 9) {
    case 0: handle = (CtxtHandle){0, 0}; break;
    case 1: handle = (CtxtHandle){(ULONG_PTR)-1, (ULONG_PTR)-1}; break;
    case 2: handle = (CtxtHandle){(ULONG_PTR)*random, (ULONG_PTR)more}; break;
    case 3: handle = (CtxtHandle){(ULONG_PTR)(*random >> 56), (ULONG_PTR)(more >> 56)}; break;
    case 4: handle = victim.server.credential; break; /* the wrong kind */
    case 5: handle = (CtxtHandle){victim.server.context.dwLower, victim.server.context.dwUpper ^ (1u << kind % 29)}; break;
    case 6: handle = (CtxtHandle){victim.server.context.dwLower, victim.server.context.dwUpper ^ high}; break;
    case 7: handle = (CtxtHandle){victim.server.context.dwLower ^ high, victim.server.context.dwUpper}; break;
    default: handle = (CtxtHandle){victim.server.context.dwLower ^ (1u << kind % 31), victim.server.context.dwUpper}; break;
    }
    return handle;
}

static void one_thread_forges(unsigned index) {
    uint64_t random = index * 7919 + 1;
    unsigned rounds = effort(2000);
    for (unsigned i = 0; i < rounds; i++) {
        CtxtHandle handle = forged(i + index, &random);
        if (memcmp(&handle, &victim.client.context, sizeof handle) == 0) continue; /* that one is valid */
        CHECK_STATUS(sizes_of(handle), SEC_E_INVALID_HANDLE);
        CHECK_STATUS(sign_with(handle), SEC_E_INVALID_HANDLE);
        CHECK_STATUS(W->DeleteSecurityContext(&handle), SEC_E_INVALID_HANDLE);
        /* as a credential: all but the valid one */
        if (memcmp(&handle, &victim.server.credential, sizeof handle) != 0) {
            CHECK_STATUS(W->FreeCredentialsHandle(&handle), SEC_E_INVALID_HANDLE);
        }
    }
}

static void forged_handles(void) {
    REQUIRE(conversation_establish(&victim, NULL));
    in_threads(THREADS, one_thread_forges);
    CHECK(conversation_works(&victim));
    conversation_close(&victim);
}

static void wrong_kind(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    CredHandle as_credential = c.server.context;
    CtxtHandle as_context = c.server.credential;
    CHECK_STATUS(W->FreeCredentialsHandle(&as_credential), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->DeleteSecurityContext(&as_context), SEC_E_INVALID_HANDLE);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

/* ---- deleted handles stay invalid, though their slots are reused */

static void stale_handles(void) {
    enum { KEPT = 64 };
    static CredHandle stale[KEPT];
    unsigned rounds = effort(20000);
    for (unsigned i = 0; i < rounds; i++) {
        CredHandle *slot = &stale[i % KEPT];
        if (i >= KEPT) CHECK_STATUS(W->FreeCredentialsHandle(slot), SEC_E_INVALID_HANDLE);
        REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, slot, NULL),
                       SEC_E_OK);
        CHECK(slot->dwLower != (ULONG_PTR)-1 && slot->dwUpper != (ULONG_PTR)-1);
        CHECK(slot->dwLower != SEC_DELETED_HANDLE && slot->dwUpper != SEC_DELETED_HANDLE);
        CredHandle copy = *slot;
        CHECK_STATUS(W->FreeCredentialsHandle(&copy), SEC_E_OK);
    }
}

/* ---- one handle deleted by many threads */

static CtxtHandle shared;
static volatile unsigned deletions;

static void one_thread_deletes(unsigned index) {
    (void)index;
    CtxtHandle copy = shared;
    SECURITY_STATUS status = W->DeleteSecurityContext(&copy);
    CHECK(ok_or_gone(status));
    if (status == SEC_E_OK) __atomic_fetch_add(&deletions, 1, __ATOMIC_RELAXED);
}

static void deleted_by_many_at_once(void) {
    unsigned rounds = effort(50);
    for (unsigned i = 0; i < rounds; i++) {
        struct conversation c;
        REQUIRE(conversation_establish(&c, NULL));
        shared = c.server.context;
        deletions = 0;
        in_threads(THREADS, one_thread_deletes);
        CHECK_EQUAL(deletions, 1);
        CHECK_STATUS(sizes_of(shared), SEC_E_INVALID_HANDLE);
        c.server.has_context = false;
        conversation_close(&c);
    }
}

/* ---- one context used by many threads while one deletes it */

static void one_thread_uses(unsigned index) {
    if (index == 0) {
        sleep_milliseconds(2);
        one_thread_deletes(index);
        return;
    }
    SECURITY_STATUS status = SEC_E_OK;
    for (unsigned i = 0; i < 100000 && status == SEC_E_OK; i++) {
        status = i % 2 ? sizes_of(shared) : sign_with(shared);
        CHECK(ok_or_gone(status));
    }
}

static void used_while_deleted(void) {
    unsigned rounds = effort(20);
    for (unsigned i = 0; i < rounds; i++) {
        struct conversation c;
        REQUIRE(conversation_establish(&c, NULL));
        shared = c.server.context;
        deletions = 0;
        in_threads(THREADS, one_thread_uses);
        CHECK_EQUAL(deletions, 1);
        c.server.has_context = false;
        conversation_close(&c);
    }
}

/* ---- the last leg by many threads at once: accepted exactly once */

static struct conversation contested;
static volatile unsigned established;

static void one_thread_takes_the_leg(unsigned index) {
    (void)index;
    CtxtHandle context = contested.server.context;
    unsigned char token[512];
    SecBuffer in = {contested.client.sent.length, SECBUFFER_TOKEN, contested.client.sent.data};
    SecBuffer out = {sizeof token, SECBUFFER_TOKEN, token};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    SECURITY_STATUS status = W->AcceptSecurityContext(&contested.server.credential, &context, &in_desc, 0, 0, &context,
                                                      &out_desc, &attributes, NULL);
    if (status == SEC_E_OK) {
        __atomic_fetch_add(&established, 1, __ATOMIC_RELAXED);
    } else {
        CHECK_REFUSED(status);
    }
}

static void last_leg_by_many_at_once(void) {
    unsigned rounds = effort(50);
    for (unsigned i = 0; i < rounds; i++) {
        REQUIRE(conversation_until_last_leg(&contested, NULL));
        established = 0;
        in_threads(THREADS, one_thread_takes_the_leg);
        CHECK_EQUAL(established, 1);
        conversation_close(&contested);
    }
}

/* ---- a credential freed while others begin contexts with it */

static CredHandle shared_credential;
static struct bytes first_token;

static void one_thread_begins(unsigned index) {
    if (index == 0) {
        CredHandle copy = shared_credential;
        sleep_milliseconds(1);
        CHECK_STATUS(W->FreeCredentialsHandle(&copy), SEC_E_OK);
        return;
    }
    for (unsigned i = 0; i < 200; i++) {
        unsigned char token[2048];
        SecBuffer in = {first_token.length, SECBUFFER_TOKEN, first_token.data}, out = {sizeof token, SECBUFFER_TOKEN, token};
        SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
        CredHandle credential = shared_credential;
        CtxtHandle context = {0, 0};
        ULONG attributes;
        SECURITY_STATUS status = W->AcceptSecurityContext(&credential, NULL, &in_desc, 0, 0, &context, &out_desc,
                                                          &attributes, NULL);
        if (status == SEC_I_CONTINUE_NEEDED) {
            CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_OK);
        } else {
            CHECK_STATUS(status, SEC_E_INVALID_HANDLE);
            return;
        }
    }
}

static void credential_freed_while_others_begin(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    first_token = c.client.sent;
    unsigned rounds = effort(20);
    for (unsigned i = 0; i < rounds; i++) {
        REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                                    &shared_credential, NULL),
                       SEC_E_OK);
        in_threads(THREADS, one_thread_begins);
    }
    conversation_close(&c);
}

/* ---- memory allocated in one thread and freed by another */

static void one_thread_enumerates(unsigned index) {
    (void)index;
    unsigned rounds = effort(500);
    for (unsigned i = 0; i < rounds; i++) {
        ULONG count;
        PSecPkgInfoW packages = NULL;
        if (!CHECK_STATUS(W->EnumerateSecurityPackagesW(&count, &packages), SEC_E_OK)) return;
        CHECK(count >= 2);
        CHECK_STATUS(W->FreeContextBuffer(packages), SEC_E_OK);
        W->FreeContextBuffer(&count);
    }
}

static void buffers_in_every_thread(void) {
    in_threads(THREADS, one_thread_enumerates);
}

const struct test handles_tests[] = {
    TEST(conversations_in_every_thread),
    TEST(forged_handles),
    TEST(wrong_kind),
    TEST(stale_handles),
    TEST(deleted_by_many_at_once),
    TEST(used_while_deleted),
    TEST(last_leg_by_many_at_once),
    TEST(credential_freed_while_others_begin),
    TEST(buffers_in_every_thread),
    END_OF_TESTS,
};
