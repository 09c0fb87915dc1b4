/* Calls that complete later: SspiAcceptSecurityContextAsync and its family. What they promise is on the page "Asynchronous
 * Contexts" of Microsoft's documentation: a call returns the status of queueing it; until it is complete its status is
 * SEC_I_ASYNC_CALL_PENDING, then what the function returned; the callback may ask for it and free the context. */
#include "conversation.h"
#include "groups.h"
#include "platform.h"

#include <stdlib.h>

typedef void(WINAPI *notify_fn)(void *, void *);
static void *(WINAPI *create)(void);
static void(WINAPI *free_async)(void *);
static SECURITY_STATUS(WINAPI *reinit)(void *);
static SECURITY_STATUS(WINAPI *set_callback)(void *, notify_fn, void *);
static BOOLEAN(WINAPI *requires_notify)(void *);
static SECURITY_STATUS(WINAPI *call_status)(void *);
static SECURITY_STATUS(WINAPI *acquire_w)(void *, SEC_WCHAR *, SEC_WCHAR *, ULONG, void *, void *, SEC_GET_KEY_FN, void *,
                                          PCredHandle, PTimeStamp);
static SECURITY_STATUS(WINAPI *initialize_w)(void *, PCredHandle, PCtxtHandle, SEC_WCHAR *, ULONG, ULONG, ULONG, PSecBufferDesc,
                                             ULONG, PCtxtHandle, PSecBufferDesc, ULONG *, PTimeStamp);
static SECURITY_STATUS(WINAPI *accept_async)(void *, PCredHandle, PCtxtHandle, PSecBufferDesc, ULONG, ULONG, PCtxtHandle,
                                             PSecBufferDesc, ULONG *, PTimeStamp);
static SECURITY_STATUS(WINAPI *delete_async)(void *, PCtxtHandle);
static SECURITY_STATUS(WINAPI *free_credentials_async)(void *, PCredHandle);

static bool find_all(void) {
    *(void **)&create = find_export("SspiCreateAsyncContext");
    *(void **)&free_async = find_export("SspiFreeAsyncContext");
    *(void **)&reinit = find_export("SspiReinitAsyncContext");
    *(void **)&set_callback = find_export("SspiSetAsyncNotifyCallback");
    *(void **)&requires_notify = find_export("SspiAsyncContextRequiresNotify");
    *(void **)&call_status = find_export("SspiGetAsyncCallStatus");
    *(void **)&acquire_w = find_export("SspiAcquireCredentialsHandleAsyncW");
    *(void **)&initialize_w = find_export("SspiInitializeSecurityContextAsyncW");
    *(void **)&accept_async = find_export("SspiAcceptSecurityContextAsync");
    *(void **)&delete_async = find_export("SspiDeleteSecurityContextAsync");
    *(void **)&free_credentials_async = find_export("SspiFreeCredentialsHandleAsync");
    return create && free_async && reinit && set_callback && requires_notify && call_status && acquire_w && initialize_w &&
           accept_async && delete_async && free_credentials_async && find_export("SspiAcquireCredentialsHandleAsyncA") &&
           find_export("SspiInitializeSecurityContextAsyncA");
}

#define ASYNC_PENDING ((SECURITY_STATUS)0x00090368)

/* The status of a call, once it is complete. */
static SECURITY_STATUS wait_for(void *async) {
    SECURITY_STATUS status = call_status(async);
    for (int n = 0; n < 10000 && status == ASYNC_PENDING; n++) {
        sleep_milliseconds(1);
        status = call_status(async);
    }
    return status;
}

/* One leg of a conversation's server, as server_leg_with but later. */
static SECURITY_STATUS server_leg_later(struct conversation *c, void *async) {
    SecBuffer in[1] = {{c->client.sent.length, SECBUFFER_TOKEN, c->client.sent.data}};
    SecBuffer out[1] = {{TOKEN_MAX, SECBUFFER_TOKEN, c->server.sent.data}};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, in}, out_desc = {SECBUFFER_VERSION, 1, out};
    if (!CHECK_STATUS(accept_async(async, &c->server.credential, c->server.has_context ? &c->server.context : NULL, &in_desc,
                                   ASC_REQ_CONFIDENTIALITY, SECURITY_NATIVE_DREP, &c->server.context, &out_desc,
                                   &c->server.attributes, &c->server.expiry),
                      SEC_E_OK)) {
        return -1;
    }
    c->server.status = wait_for(async);
    c->server.sent.length = out[0].cbBuffer;
    c->server.has_context = true;
    return c->server.status;
}

static void a_conversation(void) {
    REQUIRE(find_all());
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    void *async = create();
    REQUIRE(async);
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    SECURITY_STATUS status = server_leg_later(&c, async);
    CHECK_STATUS(status, SEC_I_CONTINUE_NEEDED);
    for (int legs = 0; legs < 4 && status == SEC_I_CONTINUE_NEEDED; legs++) {
        SECURITY_STATUS client = client_leg(&c);
        CHECK(client == SEC_E_OK || client == SEC_I_CONTINUE_NEEDED);
        CHECK_STATUS(reinit(async), SEC_E_OK);
        status = server_leg_later(&c, async);
    }
    CHECK_STATUS(status, SEC_E_OK);
    CHECK_STATUS(reinit(async), SEC_E_OK);
    CHECK_STATUS(delete_async(async, &c.server.context), SEC_E_OK);
    CHECK_STATUS(wait_for(async), SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&c.server.context), SEC_E_INVALID_HANDLE);
    c.server.has_context = false;
    CHECK_STATUS(reinit(async), SEC_E_OK);
    CHECK_STATUS(free_credentials_async(async, &c.server.credential), SEC_E_OK);
    CHECK_STATUS(wait_for(async), SEC_E_OK);
    c.server.has_credential = false;
    free_async(async);
    conversation_close(&c);
}

/* ---- callbacks ---- */

struct told {
    volatile unsigned times;
    void *volatile handle;
    volatile SECURITY_STATUS status;
    CredHandle credential;
    volatile bool chain;
};

static void WINAPI tell(void *handle, void *data) {
    struct told *told = data;
    told->handle = handle;
    told->status = call_status(handle);
    if (told->chain) { /* another call by the same context, from its callback */
        told->chain = false;
        reinit(handle); /* the callback stays registered */
        told->times++;
        free_credentials_async(handle, &told->credential);
        return;
    }
    free_async(handle);
    told->times++;
}

static bool told_times(struct told *told, unsigned times) {
    for (int n = 0; n < 10000 && told->times < times; n++) sleep_milliseconds(1);
    /* The thread sanitizer does not instrument this program. It sees a lock of the library's, which the callback has held. */
    (void)call_status(NULL);
    return told->times == times;
}

static void the_callback_is_called_once(void) {
    REQUIRE(find_all());
    struct told told = {.status = -1};
    void *async = create();
    REQUIRE(async);
    CHECK(!requires_notify(async));
    CHECK_STATUS(set_callback(async, tell, &told), SEC_E_OK);
    CHECK(requires_notify(async));
    CHECK_STATUS(acquire_w(async, NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &told.credential, NULL), SEC_E_OK);
    CHECK(told_times(&told, 1));
    CHECK(told.handle == async);
    CHECK_STATUS(told.status, SEC_E_OK);
    sleep_milliseconds(20);
    CHECK_EQUAL(told.times, 1);
    /* The callback has freed it. */
    CHECK_STATUS(call_status(async), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->FreeCredentialsHandle(&told.credential), SEC_E_OK);
}

static void a_callback_begins_the_next_call(void) {
    REQUIRE(find_all());
    struct told told = {.status = -1, .chain = true};
    void *async = create();
    REQUIRE(async);
    CHECK_STATUS(set_callback(async, tell, &told), SEC_E_OK);
    CHECK_STATUS(acquire_w(async, NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &told.credential, NULL), SEC_E_OK);
    CHECK(told_times(&told, 2));
    CHECK_STATUS(told.status, SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&told.credential), SEC_E_INVALID_HANDLE);
}

static void a_failure_is_told(void) {
    REQUIRE(find_all());
    struct told told = {.status = 0};
    void *async = create();
    CHECK_STATUS(set_callback(async, tell, &told), SEC_E_OK);
    CHECK_STATUS(acquire_w(async, NULL, u"no such", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &told.credential, NULL), SEC_E_OK);
    CHECK(told_times(&told, 1));
    CHECK_STATUS(told.status, SEC_E_SECPKG_NOT_FOUND);
}

/* Logons whose last leg is blocked within the library, in the callback that supplies the account: 16 of them keep all of its
 * threads busy. */
enum { THREADS = 16, WAITING = 8 };
static struct conversation held[THREADS];
static void *holding[THREADS];
static SecBuffer held_in[THREADS], held_out[THREADS];
static SecBufferDesc held_in_desc[THREADS], held_out_desc[THREADS];
static volatile unsigned within, returned;

static SECURITY_STATUS hold(void *client, const SEC_WINNT_AUTH_IDENTITY_W *identity, const SecBuffer *proof_value,
                            const uint8_t *key, const uint8_t *mic, const SecBuffer *mic_value, uint8_t *hash) {
    (void)identity, (void)proof_value, (void)key, (void)mic, (void)mic_value, (void)hash;
    __sync_fetch_and_add(&within, 1);
    for (int n = 0; n < 10000 && !__sync_fetch_and_add((int *)client, 0); n++) sleep_milliseconds(1);
    __sync_fetch_and_add(&returned, 1);
    return SEC_E_NO_CREDENTIALS;
}

static int gate;

static bool hold_threads(unsigned count) {
    within = returned = 0;
    __sync_lock_test_and_set(&gate, 0);
    for (unsigned n = 0; n < count; n++) {
        struct conversation *c = &held[n];
        static const struct terms terms = {.package = u"NTLM"};
        if (!conversation_open(c, &terms)) return false;
        W->SetCredentialsAttributesW(&c->server.credential, 1108, (void *)(uintptr_t)hold, 0);
        W->SetCredentialsAttributesW(&c->server.credential, 1109, &gate, 0);
        if (!CHECK_STATUS(client_leg(c), SEC_I_CONTINUE_NEEDED) || !CHECK_STATUS(server_leg(c), SEC_I_CONTINUE_NEEDED)) return false;
        client_leg(c);
        holding[n] = create();
        held_in[n] = (SecBuffer){c->client.sent.length, SECBUFFER_TOKEN, c->client.sent.data};
        held_out[n] = (SecBuffer){TOKEN_MAX, SECBUFFER_TOKEN, c->server.sent.data};
        held_in_desc[n] = (SecBufferDesc){SECBUFFER_VERSION, 1, &held_in[n]};
        held_out_desc[n] = (SecBufferDesc){SECBUFFER_VERSION, 1, &held_out[n]};
        if (!CHECK_STATUS(accept_async(holding[n], NULL, &c->server.context, &held_in_desc[n], 0, 0, &c->server.context,
                                       &held_out_desc[n], &c->server.attributes, NULL),
                          SEC_E_OK)) {
            return false;
        }
    }
    for (int n = 0; n < 10000 && __sync_fetch_and_add(&within, 0) < count; n++) sleep_milliseconds(1);
    return __sync_fetch_and_add(&within, 0) == count;
}

static void let_go(unsigned count) {
    __sync_lock_test_and_set(&gate, 1);
    for (unsigned n = 0; n < count; n++) {
        CHECK_STATUS(wait_for(holding[n]), SEC_E_OK);
        free_async(holding[n]);
        conversation_close(&held[n]);
    }
}

static void freed_while_it_waits(void) {
    REQUIRE(find_all());
    static CredHandle credentials[WAITING];
    void *waiting[WAITING];
    struct told told[WAITING];
    memset(credentials, 0, sizeof credentials);
    REQUIRE(hold_threads(THREADS));
    /* Every thread is blocked: these stay pending. */
    for (int n = 0; n < WAITING; n++) {
        memset(&told[n], 0, sizeof told[n]);
        waiting[n] = create();
        CHECK_STATUS(set_callback(waiting[n], tell, &told[n]), SEC_E_OK);
        CHECK_STATUS(acquire_w(waiting[n], NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credentials[n], NULL), SEC_E_OK);
        CHECK_STATUS(call_status(waiting[n]), ASYNC_PENDING);
        CHECK_STATUS(reinit(waiting[n]), SEC_E_INVALID_HANDLE);
        CHECK_STATUS(acquire_w(waiting[n], NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credentials[n], NULL),
                     SEC_E_INVALID_HANDLE);
    }
    for (int n = 0; n < WAITING; n += 2) free_async(waiting[n]);
    /* A call that ends a handle is executed, although its status object is freed and the caller's copy is gone. */
    CredHandle ended, copy;
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &ended, NULL), SEC_E_OK);
    copy = ended;
    void *ends = create();
    CHECK_STATUS(free_credentials_async(ends, &copy), SEC_E_OK);
    SecInvalidateHandle(&copy);
    free_async(ends);
    let_go(THREADS);
    for (int n = 1; n < WAITING; n += 2) {
        CHECK(told_times(&told[n], 1));
        CHECK_STATUS(W->FreeCredentialsHandle(&credentials[n]), SEC_E_OK);
    }
    /* The calls that were freed before they began were not made, and their callbacks were not called. */
    for (int n = 0; n < WAITING; n += 2) {
        CHECK_EQUAL(told[n].times, 0);
        CHECK(HANDLE_IS_ZERO(credentials[n]));
    }
    SECURITY_STATUS status = SEC_E_OK;
    SecPkgCredentials_NamesW names;
    for (int n = 0; n < 10000 && status != SEC_E_INVALID_HANDLE; n++) {
        status = W->QueryCredentialsAttributesW(&ended, SECPKG_CRED_ATTR_NAMES, &names);
        if (status != SEC_E_INVALID_HANDLE) sleep_milliseconds(1);
    }
    CHECK_STATUS(status, SEC_E_INVALID_HANDLE);
}

static void free_or_open(unsigned index) {
    if (index == 0) {
        free_async(holding[0]);
        /* The call has returned, so its arguments may be freed. */
        CHECK_EQUAL(__sync_fetch_and_add(&returned, 0), 1);
    } else {
        sleep_milliseconds(50);
        __sync_lock_test_and_set(&gate, 1);
    }
}

static void freed_while_it_runs(void) {
    REQUIRE(find_all());
    REQUIRE(hold_threads(1));
    in_threads(2, free_or_open);
    CHECK_STATUS(call_status(holding[0]), SEC_E_INVALID_HANDLE);
    conversation_close(&held[0]);
}

/* Callbacks that each wait for another call: more of them than there are threads for calls. */
static void WINAPI wait_within(void *handle, void *data) {
    CredHandle credential;
    void *other = create();
    acquire_w(other, NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL);
    if (wait_for(other) == SEC_E_OK) W->FreeCredentialsHandle(&credential);
    free_async(other);
    tell(handle, data);
}

static void callbacks_that_wait(void) {
    REQUIRE(find_all());
    enum { MANY = 40 };
    static struct told told[MANY];
    memset(told, 0, sizeof told);
    for (int n = 0; n < MANY; n++) {
        void *async = create();
        set_callback(async, wait_within, &told[n]);
        CHECK_STATUS(acquire_w(async, NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &told[n].credential, NULL), SEC_E_OK);
    }
    for (int n = 0; n < MANY; n++) {
        CHECK(told_times(&told[n], 1));
        CHECK_STATUS(W->FreeCredentialsHandle(&told[n].credential), SEC_E_OK);
    }
}

static void what_is_no_context(void) {
    REQUIRE(find_all());
    CredHandle credential;
    unsigned local;
    void *freed = create();
    free_async(freed);
    void *const none[] = {NULL, &local, (void *)(uintptr_t)16, (void *)(uintptr_t)-1, freed};
    for (size_t n = 0; n < sizeof none / sizeof *none; n++) {
        if (n == 2) continue; /* may be another caller's */
        CHECK_STATUS(call_status(none[n]), SEC_E_INVALID_HANDLE);
        CHECK_STATUS(reinit(none[n]), SEC_E_INVALID_HANDLE);
        CHECK_STATUS(set_callback(none[n], NULL, NULL), SEC_E_INVALID_HANDLE);
        CHECK(!requires_notify(none[n]));
        CHECK_STATUS(acquire_w(none[n], NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
                     SEC_E_INVALID_HANDLE);
        free_async(none[n]);
    }
    void *async = create();
    CHECK_STATUS(call_status(async), SEC_E_INVALID_HANDLE);
    free_async(async);
}

/* Many threads, each with many calls. */
static void busy(unsigned index) {
    (void)index;
    for (unsigned n = 0; n < effort(100); n++) {
        struct told told = {.status = -1};
        void *async = create();
        set_callback(async, tell, &told);
        CHECK_STATUS(acquire_w(async, NULL, u"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &told.credential, NULL), SEC_E_OK);
        CHECK(told_times(&told, 1));
        CHECK_STATUS(W->FreeCredentialsHandle(&told.credential), SEC_E_OK);
    }
}

static void many_at_once(void) {
    REQUIRE(find_all());
    in_threads(8, busy);
}

/* Data that the program frees after the context. */
struct owned {
    volatile int alive, inside, done, late;
    unsigned milliseconds;
    bool frees;
};

static void WINAPI use_data(void *handle, void *data) {
    struct owned *owned = data;
    if (!__atomic_load_n(&owned->alive, __ATOMIC_SEQ_CST)) __atomic_store_n(&owned->late, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&owned->inside, 1, __ATOMIC_SEQ_CST);
    if (owned->milliseconds) sleep_milliseconds(owned->milliseconds);
    if (owned->frees) free_async(handle);
    if (!__atomic_load_n(&owned->alive, __ATOMIC_SEQ_CST)) __atomic_store_n(&owned->late, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&owned->done, 1, __ATOMIC_SEQ_CST);
}

/* A call that fails at once. */
static void *begin_with(struct owned *owned) {
    void *async = create();
    static CredHandle none;
    if (!async || !CHECK_STATUS(set_callback(async, use_data, owned), SEC_E_OK) ||
        !CHECK_STATUS(free_credentials_async(async, &none), SEC_E_OK))
        return NULL;
    return async;
}

/* The program sees that the call is complete, frees the context and then the callback's data. */
static void no_callback_after_the_context_is_freed(void) {
    REQUIRE(find_all());
    unsigned rounds = effort(3000);
    struct owned *all = calloc(rounds, sizeof *all);
    REQUIRE(all);
    unsigned late = 0, missing = 0;
    for (unsigned n = 0; n < rounds; n++) {
        all[n].alive = 1;
        void *async = begin_with(&all[n]);
        if (!CHECK(async)) break;
        while (call_status(async) == ASYNC_PENDING) {}
        free_async(async);
        __atomic_store_n(&all[n].alive, 0, __ATOMIC_SEQ_CST);
        if (all[n].inside && !all[n].done) missing++;
    }
    sleep_milliseconds(200);
    for (unsigned n = 0; n < rounds; n++) late += (unsigned)all[n].late;
    CHECK_EQUAL(late, 0);
    CHECK_EQUAL(missing, 0);
    free(all);
}

static void free_waits_for_the_callback(void) {
    REQUIRE(find_all());
    struct owned owned = {.alive = 1, .milliseconds = 200};
    void *async = begin_with(&owned);
    REQUIRE(async);
    while (!owned.inside) sleep_milliseconds(1);
    free_async(async);
    CHECK(owned.done);
}

static void a_callback_frees_its_context(void) {
    REQUIRE(find_all());
    struct owned owned = {.alive = 1, .frees = true};
    REQUIRE(begin_with(&owned));
    for (int n = 0; n < 5000 && !owned.done; n++) sleep_milliseconds(1);
    CHECK(owned.done);
}

static void setting_another_callback_waits_for_the_former(void) {
    REQUIRE(find_all());
    for (int removed = 0; removed < 2; removed++) {
        struct owned owned = {.alive = 1, .milliseconds = 200}, other = {.alive = 1};
        void *async = begin_with(&owned);
        REQUIRE(async);
        while (!owned.inside) sleep_milliseconds(1);
        CHECK_STATUS(set_callback(async, removed ? NULL : use_data, removed ? NULL : &other), SEC_E_OK);
        CHECK(owned.done);
        __atomic_store_n(&owned.alive, 0, __ATOMIC_SEQ_CST);
        CHECK(requires_notify(async) == !removed);
        free_async(async);
        CHECK(!owned.late && !other.inside);
    }
}

/* The program sees that the call is complete, sets another callback and then frees the former's data. */
static void no_callback_after_another_is_set(void) {
    REQUIRE(find_all());
    unsigned rounds = effort(3000);
    struct owned *all = calloc(rounds, sizeof *all);
    REQUIRE(all);
    struct owned other = {.alive = 1};
    unsigned late = 0, missing = 0;
    for (unsigned n = 0; n < rounds; n++) {
        all[n].alive = 1;
        void *async = begin_with(&all[n]);
        if (!CHECK(async)) break;
        while (call_status(async) == ASYNC_PENDING) {}
        set_callback(async, n % 2 ? NULL : use_data, n % 2 ? NULL : &other);
        __atomic_store_n(&all[n].alive, 0, __ATOMIC_SEQ_CST);
        if (all[n].inside && !all[n].done) missing++;
        free_async(async);
    }
    sleep_milliseconds(200);
    for (unsigned n = 0; n < rounds; n++) late += (unsigned)all[n].late;
    CHECK_EQUAL(late, 0);
    CHECK_EQUAL(missing, 0);
    free(all);
}

static struct owned after_this;

static void WINAPI set_another(void *handle, void *data) {
    set_callback(handle, use_data, &after_this);
    __atomic_store_n((int *)data, 1, __ATOMIC_SEQ_CST);
}

static void a_callback_sets_another(void) {
    REQUIRE(find_all());
    static CredHandle none;
    int done = 0;
    memset(&after_this, 0, sizeof after_this);
    after_this.alive = 1;
    void *async = create();
    REQUIRE(async);
    CHECK_STATUS(set_callback(async, set_another, &done), SEC_E_OK);
    CHECK_STATUS(free_credentials_async(async, &none), SEC_E_OK);
    for (int n = 0; n < 5000 && !__atomic_load_n(&done, __ATOMIC_SEQ_CST); n++) sleep_milliseconds(1);
    CHECK(done);
    while (reinit(async) != SEC_E_OK) sleep_milliseconds(1);
    CHECK(!after_this.inside);
    CHECK_STATUS(free_credentials_async(async, &none), SEC_E_OK);
    for (int n = 0; n < 5000 && !after_this.done; n++) sleep_milliseconds(1);
    CHECK(after_this.done);
    free_async(async);
}

const struct test async_tests[] = {
    TEST(a_conversation),
    TEST(the_callback_is_called_once),
    TEST(a_callback_begins_the_next_call),
    TEST(a_failure_is_told),
    TEST(freed_while_it_waits),
    TEST(freed_while_it_runs),
    TEST(callbacks_that_wait),
    TEST(no_callback_after_the_context_is_freed),
    TEST(free_waits_for_the_callback),
    TEST(a_callback_frees_its_context),
    TEST(setting_another_callback_waits_for_the_former),
    TEST(no_callback_after_another_is_set),
    TEST(a_callback_sets_another),
    TEST(what_is_no_context),
    TEST(many_at_once),
    END_OF_TESTS,
};
