/* Threads, unloading, the end of the process, fork, and other packages' handles. */
#include "../c/message.h"
#include "fixture.h"

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

/* ---- threads */

static void one_conversation(unsigned index) {
    struct conversation *c = malloc(sizeof *c);
    struct terms terms = {.package = index % 2 ? u"NTLM" : u"Negotiate"};
    CHECK(conversation_establish(c, &terms) && conversation_works(c));
    conversation_close(c);
    free(c);
}

PROMISE(threads, each_with_contexts_of_its_own, "page of EncryptMessage: with a context of its own, each thread can do as it likes") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    conversation_close(&c);
    in_threads(8, one_conversation);
}

static struct conversation shared;
static struct message incoming[32], outgoing[32];

static void encrypts_or_decrypts(unsigned index) {
    for (int i = 0; i < 32; i++) {
        if (index == 0) CHECK_STATUS(message_encrypt(&shared.client, &outgoing[i]), SEC_E_OK);
        else CHECK_STATUS(message_decrypt(&shared.client, &incoming[i]), SEC_E_OK);
    }
}

PROMISE(threads, one_encrypts_and_one_decrypts, "page of EncryptMessage: one thread may encrypt while another decrypts, in one context") {
    REACH(contexts(&shared, u"NTLM"));
    for (int i = 0; i < 32; i++) REACH(message_encrypt(&shared.server, &incoming[i]) == SEC_E_OK);
    in_threads(2, encrypts_or_decrypts);
    for (int i = 0; i < 32; i++) CHECK_STATUS(message_decrypt(&shared.server, &outgoing[i]), SEC_E_OK);
    conversation_close(&shared);
}

static struct fixture handed_over;

static void makes_the_call(unsigned index) {
    (void)index;
    CHECK_STATUS(fixture_call(&handed_over), SEC_E_OK);
}

PROMISE(threads, context_goes_from_one_to_another, "servers: pools of threads; each call of a conversation comes from whichever") {
    REACH(fixture_server_last(&handed_over, u"NTLM"));
    in_threads(1, makes_the_call);
    CHECK(conversation_works(&handed_over.c));
    fixture_close(&handed_over);
}

/* ---- unloading; in processes of their own */

#ifdef _WIN32
static void *open_it(const char *path) {
    return LoadLibraryA(path);
}
static void close_it(void *library) {
    FreeLibrary(library);
}
#else
static void *open_it(const char *path) {
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}
static void close_it(void *library) {
    dlclose(library);
}
#endif

static SecurityFunctionTableW *table;

/* Loads the library, and gets its table; A and W are not to be used. */
static void *load(void) {
    void *library = open_it(library_path);
    if (!library) return NULL;
    INIT_SECURITY_INTERFACE_W init;
    void *symbol = library_symbol(library, "InitSecurityInterfaceW");
    memcpy(&init, &symbol, sizeof init);
    table = init();
    return library;
}

/* The first call of a client, which succeeds. */
static bool begin(CredHandle *credential, CtxtHandle *context) {
    static unsigned char room[4096];
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    SecBuffer out = {sizeof room, SECBUFFER_TOKEN, room};
    SecBufferDesc desc = desc_of(&out, 1);
    ULONG attributes;
    return table->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL, credential, NULL) == SEC_E_OK &&
           table->InitializeSecurityContextW(credential, NULL, NULL, 0, 0, SECURITY_NATIVE_DREP, NULL, 0, context, &desc, &attributes,
                                             NULL) == SEC_I_CONTINUE_NEEDED;
}

static int unload_and_go_on(void) {
    CredHandle credential;
    CtxtHandle context;
    void *library = load();
    if (!library || !begin(&credential, &context)) return 3;
    close_it(library);
    return table->DeleteSecurityContext(&context) == SEC_E_OK && table->FreeCredentialsHandle(&credential) == SEC_E_OK ? CHILD_IS_FINE : 4;
}

static int unload_and_load_again(void) {
    CredHandle credential;
    CtxtHandle context;
    void *library = load();
    if (!library || !begin(&credential, &context)) return 3;
    close_it(library);
    if (!load()) return 4;
    SECURITY_STATUS status = table->DeleteSecurityContext(&context);
    if (status != SEC_E_OK && status != (SECURITY_STATUS)SEC_E_INVALID_HANDLE) return 5;
    return begin(&credential, &context) ? CHILD_IS_FINE : 6;
}

static volatile int go_on = 1, rounds;

static void keeps_calling(unsigned index) {
    (void)index;
    while (go_on) {
        CredHandle credential;
        CtxtHandle context;
        if (!begin(&credential, &context)) continue;
        table->DeleteSecurityContext(&context);
        table->FreeCredentialsHandle(&credential);
        rounds++;
    }
}

#ifdef _WIN32
static DWORD WINAPI calling_thread(void *argument) {
    (void)argument;
    keeps_calling(0);
    return 0;
}
static void start_calling(void) {
    CloseHandle(CreateThread(NULL, 0, calling_thread, NULL, 0, NULL));
}
#else
static void *calling_thread(void *argument) {
    (void)argument;
    keeps_calling(0);
    return NULL;
}
static void start_calling(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, calling_thread, NULL) == 0) pthread_detach(thread);
}
#endif

static int unload_under_a_thread(void) {
    void *library = load();
    if (!library) return 3;
    start_calling();
    for (int i = 0; i < 1000 && rounds < 3; i++) sleep_milliseconds(10);
    if (rounds < 3) return 4;
    close_it(library);
    int before = rounds;
    for (int i = 0; i < 1000 && rounds < before + 3; i++) sleep_milliseconds(10);
    go_on = 0;
    return rounds >= before + 3 ? CHILD_IS_FINE : 5;
}

PROMISE(library, unloaded_while_contexts_live, "bad use: FreeLibrary, and then the end of a context through the table, which is never freed") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
    CHECK_EQUAL(child("unload_and_go_on"), CHILD_IS_FINE);
}

PROMISE(library, unloaded_and_loaded_again, "bad use: FreeLibrary while a context lives; a handle is then valid or SEC_E_INVALID_HANDLE") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
    CHECK_EQUAL(child("unload_and_load_again"), CHILD_IS_FINE);
}

PROMISE(library, unloaded_under_a_thread, "bad use: FreeLibrary while another thread calls") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
    CHECK_EQUAL(child("unload_under_a_thread"), CHILD_IS_FINE);
}

/* ---- the end of the process */

#ifdef _WIN32

/* detach.dll, whose DllMain uses the library when the process ends: see detach/detach.c. */
typedef int (*detach_prepare_fn)(const char *library);

static int end_the_process(bool library_first) {
    if (library_first && !open_it(library_path)) return 3;
    HMODULE detach = LoadLibraryA("detach.dll");
    if (!detach) return 4;
    void *symbol = library_symbol(detach, "detach_prepare");
    detach_prepare_fn prepare;
    memcpy(&prepare, &symbol, sizeof prepare);
    int status = prepare(library_path);
    if (status) return status;
    ExitProcess(7); /* unless DllMain says something else */
}

static int end_with_the_library_there(void) {
    return end_the_process(true);
}

static int end_with_the_library_gone(void) {
    return end_the_process(false);
}

PROMISE(library, used_in_process_detach, "bad use: calls from DllMain's process detach, while the library is attached") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
    CHECK_EQUAL(child("end_with_the_library_there"), CHILD_IS_FINE);
}

PROMISE(library, used_after_its_process_detach, "bad use: calls from DllMain's process detach, after the library's own") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
    CHECK_EQUAL(child("end_with_the_library_gone"), CHILD_IS_FINE);
}

#else

static CredHandle last_credential;
static CtxtHandle last_context;

static void at_exit(void) {
    bool fine = table->DeleteSecurityContext(&last_context) == SEC_E_OK && table->FreeCredentialsHandle(&last_credential) == SEC_E_OK;
    _exit(fine ? CHILD_IS_FINE : 6);
}

/* Functions registered before the library was loaded run after its own. */
static int exit_after_the_library(void) {
    atexit(at_exit);
    if (!load() || !begin(&last_credential, &last_context)) return 3;
    exit(7);
}

static int exit_before_the_library(void) {
    if (!load() || !begin(&last_credential, &last_context)) return 3;
    atexit(at_exit);
    exit(7);
}

PROMISE(library, used_at_exit, "bad use: calls from a function of atexit") {
    CHECK_EQUAL(child("exit_before_the_library"), CHILD_IS_FINE);
}

PROMISE(library, used_after_its_exit, "bad use: calls from a function of atexit, after the library's own") {
    CHECK_EQUAL(child("exit_after_the_library"), CHILD_IS_FINE);
}

/* ---- fork */

/* Runs `body` in a forked process; whether it returned true. */
static bool in_fork(bool (*body)(void)) {
    int status = 0;
    fflush(stdout);
    pid_t process = fork();
    if (process == 0) {
        alarm(60);
        _exit(body() && !outcome.failures ? 0 : 1);
    }
    return process > 0 && waitpid(process, &status, 0) == process && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool converses(void) {
    struct conversation c;
    bool fine = contexts(&c, u"Negotiate") && conversation_works(&c);
    conversation_close(&c);
    return fine;
}

PROMISE(fork, child_makes_contexts, "bad use: a child goes on with contexts of its own") {
    struct conversation c;
    REQUIRE(contexts(&c, u"NTLM"));
    CHECK(in_fork(converses));
    conversation_close(&c);
}

static struct fixture inherited;

static bool finishes_what_was_begun(void) {
    return fixture_call(&inherited) == SEC_E_OK && conversation_works(&inherited.c);
}

PROMISE(fork, child_finishes_a_context, "bad use: a server that forks for each connection goes on with the connection's context") {
    REQUIRE(fixture_server_second(&inherited, u"NTLM"));
    CHECK(in_fork(finishes_what_was_begun));
    fixture_close(&inherited);
}

PROMISE(fork, parent_is_not_disturbed, "bad use: what the child does with its copy of a context is nothing to the parent") {
    REQUIRE(fixture_server_second(&inherited, u"NTLM"));
    CHECK(in_fork(finishes_what_was_begun));
    CHECK_STATUS(fixture_call(&inherited), SEC_E_OK);
    CHECK(conversation_works(&inherited.c));
    fixture_close(&inherited);
}

static int challenge_pipe[2];

static bool sends_a_challenge(void) {
    struct fixture d;
    if (!fixture_client_second(&d, u"NTLM") || d.c.server.sent.length < 32) return false;
    return write(challenge_pipe[1], d.c.server.sent.data + 24, 8) == 8;
}

PROMISE(fork, children_choose_different_challenges, "bad use: entropy is not shared between parent and children") {
    unsigned char one[8], two[8], own[8];
    struct fixture d;
    REQUIRE(pipe(challenge_pipe) == 0);
    CHECK(in_fork(sends_a_challenge) && read(challenge_pipe[0], one, 8) == 8);
    CHECK(in_fork(sends_a_challenge) && read(challenge_pipe[0], two, 8) == 8);
    REQUIRE(fixture_client_second(&d, u"NTLM"));
    memcpy(own, d.c.server.sent.data + 24, 8);
    CHECK(memcmp(one, two, 8) != 0 && memcmp(one, own, 8) != 0 && memcmp(two, own, 8) != 0);
    fixture_close(&d);
    close(challenge_pipe[0]), close(challenge_pipe[1]);
}

#endif

/* ---- packages of others */

PROMISE(AcquireCredentialsHandleA, schannel, "page of Schannel: a program's TLS goes on as before; SEC_E_SECPKG_NOT_FOUND where there is none") {
    CredHandle credential = invalid_handle;
    SECURITY_STATUS status = A->AcquireCredentialsHandleA(NULL, "Microsoft Unified Security Protocol Provider", SECPKG_CRED_OUTBOUND, NULL,
                                                          NULL, NULL, NULL, &credential, NULL);
#ifdef _WIN32
    REQUIRE_STATUS(status, SEC_E_OK);
    CHECK_STATUS(A->FreeCredentialsHandle(&credential), SEC_E_OK);
#else
    CHECK_STATUS(status, SEC_E_SECPKG_NOT_FOUND);
#endif
}

#ifdef _WIN32

static bool schannel(PCredHandle credential) {
    return A->AcquireCredentialsHandleA(NULL, "Microsoft Unified Security Protocol Provider", SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                        credential, NULL) == SEC_E_OK;
}

PROMISE(InitializeSecurityContextW, schannel, "page of Schannel: the first token is a ClientHello, in a record of type 22") {
    CredHandle credential;
    CtxtHandle context = invalid_handle;
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc desc = desc_of(&out, 1);
    ULONG attributes;
    REQUIRE(schannel(&credential));
    if (CHECK_STATUS(W->InitializeSecurityContextW(&credential, NULL, u"localhost", ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_STREAM, 0, 0, NULL, 0,
                                                   &context, &desc, &attributes, NULL),
                     SEC_I_CONTINUE_NEEDED)) {
        CHECK(out.pvBuffer && ((unsigned char *)out.pvBuffer)[0] == 22);
        CHECK_STATUS(W->FreeContextBuffer(out.pvBuffer), SEC_E_OK);
        CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_OK);
    }
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

PROMISE(AcceptSecurityContext, credential_of_another_package, "page: SEC_E_INVALID_HANDLE, or what that package says of a token that is none of its own") {
    struct fixture d;
    CredHandle credential;
    REACH(fixture_server_first(&d, u"NTLM"));
    REQUIRE(schannel(&credential));
    d.credential = &credential;
    CHECK_REFUSED(fixture_call(&d));
    W->FreeCredentialsHandle(&credential);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, credential_of_another_package_later, "bad use: a context of NTLM with a credential of Schannel") {
    struct fixture d;
    CredHandle credential;
    REACH(fixture_client_second(&d, u"NTLM"));
    REQUIRE(schannel(&credential));
    d.credential = &credential;
    CHECK_OK_OR_REFUSED(fixture_call(&d));
    W->FreeCredentialsHandle(&credential);
    fixture_close(&d);
}

#endif

const struct errand errands[] = {
    {"unload_and_go_on", unload_and_go_on},
    {"unload_and_load_again", unload_and_load_again},
    {"unload_under_a_thread", unload_under_a_thread},
#ifdef _WIN32
    {"end_with_the_library_there", end_with_the_library_there},
    {"end_with_the_library_gone", end_with_the_library_gone},
#else
    {"exit_before_the_library", exit_before_the_library},
    {"exit_after_the_library", exit_after_the_library},
#endif
    {NULL, NULL},
};
