/* Contexts that are exported and imported: within a process, to a forked child, and to a process of another system (see
 * run.sh). */
#include "groups.h"
#include "message.h"
#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#ifndef _WIN32
#include <sys/wait.h>
#include <unistd.h>
#endif

/* negossp.h's own, which mingw's headers do not have. */
#ifndef NEGOSSP_CONTEXT_EXPORT_HALF_OPEN
#define NEGOSSP_CONTEXT_EXPORT_HALF_OPEN 0x4e530000
#endif
#define MOVE SECPKG_CONTEXT_EXPORT_DELETE_OLD
#define THREADS 8

static SECURITY_STATUS export_context(CtxtHandle *context, ULONG flags, SecBuffer *packed) {
    void *token = packed;
    memset(packed, 0xa5, sizeof *packed);
    SECURITY_STATUS status = W->ExportSecurityContext(context, flags, packed, &token);
    CHECK(token == NULL && packed->BufferType == SECBUFFER_EMPTY);
    CHECK((status == SEC_E_OK) == (packed->pvBuffer != NULL) && (status == SEC_E_OK) == (packed->cbBuffer != 0));
    return status;
}

static SECURITY_STATUS import_context(SEC_WCHAR *package, SecBuffer *packed, CtxtHandle *context) {
    return W->ImportSecurityContextW(package, packed, NULL, context);
}

/* Exports the side's context, checks that the old handle is invalid, and imports it under a new one. */
static bool move(struct side *side, SEC_WCHAR *package) {
    SecBuffer packed;
    CtxtHandle old = side->context;
    if (!CHECK_STATUS(export_context(&side->context, MOVE, &packed), SEC_E_OK)) return false;
    CHECK_STATUS(W->DeleteSecurityContext(&old), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(import_context(package, &packed, &side->context), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
    return side->has_context = CHECK(memcmp(&old, &side->context, sizeof old) != 0);
}

static void a_conversation_goes_on_wherever_it_is_moved(void) {
    for (size_t p = 0; p < 2; p++) {
        SEC_WCHAR *package = p ? u"NTLM" : u"Negotiate";
        struct conversation c;
        struct terms terms = {.package = package};
        REQUIRE(conversation_establish(&c, &terms));
        for (int i = 0; i < 4; i++) {
            REQUIRE(move(&c.server, package) && conversation_works(&c));
            REQUIRE(move(&c.client, package) && conversation_works(&c));
            struct message m;
            message_reset(&m);
            CHECK_STATUS(message_encrypt(&c.client, &m), SEC_E_OK);
            REQUIRE(move(&c.server, package));
            CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
            /* once */
            CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OUT_OF_SEQUENCE);
        }
        conversation_close(&c);
    }
}

struct told {
    SecPkgContext_Sizes sizes;
    SecPkgContext_Lifespan lifespan;
    SecPkgContext_Flags flags;
    SecPkgContext_SessionKey key;
    SecPkgContext_NamesW names;
    SecPkgContext_NativeNamesW native;
    SecPkgContext_PackageInfoW package;
    SecPkgContext_NegotiationInfoW negotiation;
};

static void ask(struct side *side, struct told *told) {
    memset(told, 0, sizeof *told);
    CtxtHandle *context = &side->context;
    CHECK_STATUS(W->QueryContextAttributesW(context, SECPKG_ATTR_SIZES, &told->sizes), SEC_E_OK);
    CHECK_STATUS(W->QueryContextAttributesW(context, SECPKG_ATTR_LIFESPAN, &told->lifespan), SEC_E_OK);
    CHECK_STATUS(W->QueryContextAttributesW(context, SECPKG_ATTR_FLAGS, &told->flags), SEC_E_OK);
    CHECK_STATUS(W->QueryContextAttributesW(context, SECPKG_ATTR_SESSION_KEY, &told->key), SEC_E_OK);
    CHECK_STATUS(W->QueryContextAttributesW(context, SECPKG_ATTR_NAMES, &told->names), SEC_E_OK);
    CHECK_STATUS(W->QueryContextAttributesW(context, SECPKG_ATTR_NATIVE_NAMES, &told->native), SEC_E_OK);
    CHECK_STATUS(W->QueryContextAttributesW(context, SECPKG_ATTR_PACKAGE_INFO, &told->package), SEC_E_OK);
    CHECK_STATUS(W->QueryContextAttributesW(context, SECPKG_ATTR_NEGOTIATION_INFO, &told->negotiation), SEC_E_OK);
}

static void forget(struct told *told) {
    W->FreeContextBuffer(told->key.SessionKey);
    W->FreeContextBuffer(told->names.sUserName);
    W->FreeContextBuffer(told->native.sClientName);
    W->FreeContextBuffer(told->native.sServerName);
    W->FreeContextBuffer(told->package.PackageInfo);
    W->FreeContextBuffer(told->negotiation.PackageInfo);
}

static void what_was_told_is_told_there_too(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    for (int s = 0; s < 2; s++) {
        struct side *side = s ? &c.client : &c.server;
        struct told before, after;
        ask(side, &before);
        REQUIRE(move(side, u"Negotiate"));
        ask(side, &after);
        CHECK(memcmp(&before.sizes, &after.sizes, sizeof before.sizes) == 0);
        CHECK(memcmp(&before.lifespan, &after.lifespan, sizeof before.lifespan) == 0);
        CHECK_EQUAL(before.flags.Flags, after.flags.Flags);
        CHECK(before.key.SessionKeyLength == 16 && after.key.SessionKeyLength == 16 &&
              memcmp(before.key.SessionKey, after.key.SessionKey, 16) == 0);
        CHECK(equal_w(before.names.sUserName, after.names.sUserName));
        CHECK(equal_w(before.native.sClientName, after.native.sClientName));
        CHECK(equal_w(before.native.sServerName, after.native.sServerName));
        CHECK(equal_wa(after.package.PackageInfo->Name, "NTLM"));
        CHECK_EQUAL(before.negotiation.NegotiationState, after.negotiation.NegotiationState);
        CHECK(equal_wa(after.negotiation.PackageInfo->Name, "NTLM"));
        forget(&before);
        forget(&after);
    }
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

/* Without SECPKG_CONTEXT_EXPORT_DELETE_OLD both exist; the peer accepts each message from one of them. */
static void the_old_context_stays_unless_it_is_to_go(void) {
    struct conversation c;
    SecBuffer packed;
    CtxtHandle other;
    REQUIRE(conversation_establish(&c, NULL));
    CHECK_STATUS(export_context(&c.server.context, 0, &packed), SEC_E_OK);
    CHECK(conversation_works(&c));
    CHECK_STATUS(import_context(u"Negotiate", &packed, &other), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
    /* The new one has the state at the time of the export: it is one message behind. */
    struct message m;
    message_reset(&m);
    CHECK_STATUS(message_encrypt(&c.client, &m), SEC_E_OK);
    struct side there = c.server;
    there.context = other;
    CHECK_STATUS(message_decrypt(&there, &m), SEC_E_OUT_OF_SEQUENCE);
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&other), SEC_E_OK);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

static void reset_begins_where_it_was_established(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    CHECK(conversation_works(&c) && conversation_works(&c));
    for (int s = 0; s < 2; s++) {
        struct side *side = s ? &c.client : &c.server;
        SecBuffer packed;
        CHECK_STATUS(export_context(&side->context, MOVE | SECPKG_CONTEXT_EXPORT_RESET_NEW, &packed), SEC_E_OK);
        CHECK_STATUS(import_context(u"NTLM", &packed, &side->context), SEC_E_OK);
        CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
        struct message m;
        message_reset(&m);
        CHECK_STATUS(message_sign(&c.client, &m), SEC_E_OK);
        /* one side is reset: its message has an unexpected number */
        CHECK_STATUS(message_verify(&c.server, &m), s ? SEC_E_OK : SEC_E_OUT_OF_SEQUENCE);
    }
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

static void an_export_is_imported_once(void) {
    struct conversation c;
    SecBuffer packed;
    CtxtHandle context, again = {1, 1};
    REQUIRE(conversation_establish(&c, NULL));
    CHECK_STATUS(export_context(&c.server.context, 0, &packed), SEC_E_OK);
    CHECK_STATUS(import_context(u"Negotiate", &packed, &context), SEC_E_OK);
    CHECK_STATUS(import_context(u"Negotiate", &packed, &again), SEC_E_INVALID_TOKEN);
    CHECK_STATUS(W->DeleteSecurityContext(&again), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_OK);
    CHECK_STATUS(import_context(u"Negotiate", &packed, &again), SEC_E_INVALID_TOKEN);
    CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_INVALID_PARAMETER);
    conversation_close(&c);
}

static void whatever_is_changed_is_refused(void) {
    struct conversation c;
    SecBuffer packed;
    CtxtHandle context;
    REQUIRE(conversation_establish(&c, NULL));
    CHECK_STATUS(export_context(&c.server.context, 0, &packed), SEC_E_OK);
    unsigned char *bytes = packed.pvBuffer;
    ULONG step = 100 / effort(100);
    for (ULONG at = 0; at < packed.cbBuffer; at += step) {
        bytes[at] ^= 1u << at % 8;
        unsigned char *whole = fence(bytes, packed.cbBuffer), *front = fence(bytes, at);
        bytes[at] ^= 1u << at % 8;
        SecBuffer edited = {packed.cbBuffer, SECBUFFER_TOKEN, whole}, cut = {at, SECBUFFER_TOKEN, front};
        CHECK_STATUS(import_context(u"Negotiate", &edited, &context), SEC_E_INVALID_TOKEN);
        CHECK_STATUS(import_context(u"Negotiate", &cut, &context), SEC_E_INVALID_TOKEN);
        CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
        fence_free(whole, packed.cbBuffer);
        fence_free(front, at);
    }
    CHECK_STATUS(import_context(u"Negotiate", &packed, &context), SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

static void the_package_must_be_the_context_s(void) {
    struct conversation c;
    SecBuffer packed;
    CtxtHandle context;
    static const struct {
        SEC_WCHAR *of, *named;
        SECURITY_STATUS status;
    } cases[] = {
        {u"Negotiate", u"Negotiate", SEC_E_OK},          {u"Negotiate", u"negotiate", SEC_E_OK},
        {u"Negotiate", u"NTLM", SEC_E_OK},               {u"Negotiate", u"Kerberos", SEC_E_BAD_PKGID},
        {u"NTLM", u"ntlm", SEC_E_OK},                    {u"NTLM", u"Negotiate", SEC_E_BAD_PKGID},
        {u"NTLM", u"Nonesuch", SEC_E_SECPKG_NOT_FOUND}, {u"NTLM", NULL, SEC_E_SECPKG_NOT_FOUND},
        {u"NTLM", u"", SEC_E_SECPKG_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct terms terms = {.package = cases[i].of};
        REQUIRE(conversation_establish(&c, &terms));
        CHECK_STATUS(export_context(&c.server.context, MOVE, &packed), SEC_E_OK);
        if (CHECK_STATUS(import_context(cases[i].named, &packed, &c.server.context), cases[i].status) &&
            cases[i].status != SEC_E_OK) {
            /* That import failed, so the right one may follow. */
            CHECK_STATUS(import_context(cases[i].of, &packed, &c.server.context), SEC_E_OK);
        }
        CHECK(conversation_works(&c));
        CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
        conversation_close(&c);
    }
    /* In ANSI. */
    REQUIRE(conversation_establish(&c, NULL));
    CHECK_STATUS(A->ExportSecurityContext(&c.server.context, MOVE, &packed, NULL), SEC_E_OK);
    CHECK_STATUS(A->ImportSecurityContextA("Nonesuch", &packed, NULL, &context), SEC_E_SECPKG_NOT_FOUND);
    CHECK_STATUS(A->ImportSecurityContextA("Kerberos", &packed, NULL, &context), SEC_E_BAD_PKGID);
    CHECK_STATUS(A->ImportSecurityContextA("Negotiate", &packed, NULL, &c.server.context), SEC_E_OK);
    CHECK(conversation_works(&c));
    CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
    conversation_close(&c);
}

static void wrong_arguments(void) {
    struct conversation c;
    SecBuffer packed, empty = {0, SECBUFFER_EMPTY, NULL}, without = {100, SECBUFFER_EMPTY, NULL};
    CtxtHandle context = {0, 0}, none = {0, 0};
    REQUIRE(conversation_establish(&c, NULL));
    CHECK_STATUS(export_context(NULL, 0, &packed), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(export_context(&none, 0, &packed), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(export_context(&c.server.credential, 0, &packed), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->ExportSecurityContext(&c.server.context, 0, NULL, NULL), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(W->ExportSecurityContext(&c.server.context, MOVE, NULL, NULL), SEC_E_INVALID_PARAMETER);
    ULONG unknown[] = {SECPKG_CONTEXT_EXPORT_TO_KERNEL, MOVE | SECPKG_CONTEXT_EXPORT_TO_KERNEL, 8, 0x80000000, 0x40000000, 0x00530000};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        CHECK_STATUS(export_context(&c.server.context, unknown[i], &packed), SEC_E_UNSUPPORTED_FUNCTION);
    }
    CHECK_STATUS(W->ExportSecurityContext(&c.server.context, 0, &packed, NULL), SEC_E_OK);
    CHECK_STATUS(import_context(u"NTLM", &packed, NULL), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(import_context(u"NTLM", NULL, &context), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(import_context(u"NTLM", &empty, &context), SEC_E_INVALID_TOKEN);
    CHECK_STATUS(import_context(u"NTLM", &without, &context), SEC_E_INVALID_TOKEN);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

/* ---- half-open */

static void a_handshake_begun_here_ends_there(void) {
    for (size_t p = 0; p < 2; p++) {
        SEC_WCHAR *package = p ? u"NTLM" : u"Negotiate";
        struct conversation c;
        struct terms terms = {.package = package};
        SecBuffer packed;
        REQUIRE(conversation_until_last_leg(&c, &terms));
        CHECK_STATUS(export_context(&c.server.context, MOVE, &packed), SEC_E_INVALID_HANDLE);
        /* With an invalid credential handle, as in a worker that has not acquired one. */
        REQUIRE_STATUS(export_context(&c.server.context, MOVE | NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, &packed), SEC_E_OK);
        CtxtHandle old = c.server.context;
        CHECK_STATUS(W->DeleteSecurityContext(&old), SEC_E_INVALID_HANDLE);
        REQUIRE_STATUS(import_context(package, &packed, &c.server.context), SEC_E_OK);
        CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
        CHECK_STATUS(W->FreeCredentialsHandle(&c.server.credential), SEC_E_OK);
        c.server.has_credential = false;
        struct message m;
        message_reset(&m);
        CHECK_STATUS(message_sign(&c.server, &m), SEC_E_INVALID_HANDLE);
        CHECK(converse(&c) && conversation_works(&c));
        conversation_close(&c);
        terms.password = u"wrong";
        REQUIRE(conversation_until_last_leg(&c, &terms) && c.server.has_context);
        REQUIRE_STATUS(export_context(&c.server.context, MOVE | NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, &packed), SEC_E_OK);
        REQUIRE_STATUS(import_context(package, &packed, &c.server.context), SEC_E_OK);
        CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
        CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
        conversation_close(&c);
    }
}

static void what_is_not_exported_half_open(void) {
    struct conversation c;
    SecBuffer packed;
    /* A credential's own accounts; a client. */
    SEC_WINNT_AUTH_IDENTITY_W own = identity_w(u"bob", u"EXAMPLE", u"secret");
    struct terms terms = {.server_identity = &own};
    REQUIRE(conversation_until_last_leg(&c, &terms));
    CHECK_STATUS(export_context(&c.server.context, NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, &packed), SEC_E_CANNOT_PACK);
    CHECK(converse(&c) && conversation_works(&c));
    /* Once the context is established, nothing of the credential is needed. */
    CHECK(move(&c.server, u"Negotiate") && conversation_works(&c));
    conversation_close(&c);
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(export_context(&c.client.context, NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, &packed), SEC_E_CANNOT_PACK);
    CHECK_STATUS(export_context(&c.client.context, 0, &packed), SEC_E_INVALID_HANDLE);
    CHECK(converse(&c) && conversation_works(&c));
    conversation_close(&c);
    /* One that has failed. */
    struct terms wrong = {.password = u"wrong"};
    REQUIRE(conversation_until_last_leg(&c, &wrong));
    CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
    CHECK_STATUS(export_context(&c.server.context, NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, &packed), SEC_E_INVALID_HANDLE);
    conversation_close(&c);
}

/* ---- threads */

static struct conversation shared;
static SECURITY_STATUS statuses[THREADS];
static SecBuffer exports[THREADS];

static void one_thread_exports(unsigned index) {
    statuses[index] = export_context(&shared.server.context, MOVE, &exports[index]);
}

static void of_several_who_move_it_one_gets_it(void) {
    for (unsigned round = 0; round < effort(50); round++) {
        REQUIRE(conversation_establish(&shared, NULL));
        in_threads(THREADS, one_thread_exports);
        unsigned good = 0;
        for (unsigned i = 0; i < THREADS; i++) {
            if (statuses[i] != SEC_E_OK) {
                CHECK_STATUS(statuses[i], SEC_E_INVALID_HANDLE);
                continue;
            }
            good++;
            CHECK_STATUS(import_context(u"Negotiate", &exports[i], &shared.server.context), SEC_E_OK);
            CHECK_STATUS(W->FreeContextBuffer(exports[i].pvBuffer), SEC_E_OK);
        }
        CHECK_EQUAL(good, 1);
        CHECK(conversation_works(&shared));
        conversation_close(&shared);
    }
}

static SecBuffer one_export;
static CtxtHandle imports[THREADS];

static void one_thread_imports(unsigned index) {
    statuses[index] = import_context(u"Negotiate", &one_export, &imports[index]);
}

static void of_several_who_import_it_one_gets_it(void) {
    for (unsigned round = 0; round < effort(50); round++) {
        REQUIRE(conversation_establish(&shared, NULL));
        REQUIRE_STATUS(export_context(&shared.server.context, MOVE, &one_export), SEC_E_OK);
        in_threads(THREADS, one_thread_imports);
        unsigned good = 0;
        for (unsigned i = 0; i < THREADS; i++) {
            if (statuses[i] == SEC_E_OK) {
                good++;
                shared.server.context = imports[i];
            } else {
                CHECK_STATUS(statuses[i], SEC_E_INVALID_TOKEN);
            }
        }
        CHECK_EQUAL(good, 1);
        CHECK_STATUS(W->FreeContextBuffer(one_export.pvBuffer), SEC_E_OK);
        CHECK(conversation_works(&shared));
        conversation_close(&shared);
    }
}

/* Each sequence number is used for sealing once, whichever process has the context. */
static unsigned char sequence_numbers[THREADS][4];
static bool sealed_any[THREADS];

static void one_thread_seals_or_takes_it(unsigned index) {
    struct message m;
    message_reset(&m);
    sealed_any[index] = false;
    if (index == 0) {
        one_thread_exports(index);
        if (statuses[index] != SEC_E_OK) return;
        struct side there = shared.server;
        if (!CHECK_STATUS(import_context(u"Negotiate", &exports[index], &there.context), SEC_E_OK)) return;
        W->FreeContextBuffer(exports[index].pvBuffer);
        sealed_any[index] = CHECK_STATUS(message_encrypt(&there, &m), SEC_E_OK);
        CHECK_STATUS(W->DeleteSecurityContext(&there.context), SEC_E_OK);
    } else if (index == 1) {
        CtxtHandle handle = shared.server.context;
        SECURITY_STATUS status = W->DeleteSecurityContext(&handle);
        CHECK(status == SEC_E_OK || status == (SECURITY_STATUS)SEC_E_INVALID_HANDLE);
    } else {
        struct side here = shared.server;
        SECURITY_STATUS status = message_encrypt(&here, &m);
        if (status != SEC_E_OK) CHECK_STATUS(status, SEC_E_INVALID_HANDLE);
        sealed_any[index] = status == SEC_E_OK;
    }
    memcpy(sequence_numbers[index], m.token + SIGNATURE - 4, 4);
}

static void no_message_is_sealed_twice_under_one_number(void) {
    for (unsigned round = 0; round < effort(100); round++) {
        REQUIRE(conversation_establish(&shared, NULL));
        in_threads(THREADS, one_thread_seals_or_takes_it);
        for (unsigned i = 0; i < THREADS; i++) {
            for (unsigned j = 0; j < i; j++) {
                CHECK(!sealed_any[i] || !sealed_any[j] || memcmp(sequence_numbers[i], sequence_numbers[j], 4) != 0);
            }
        }
        W->DeleteSecurityContext(&shared.server.context);
        shared.server.has_context = false;
        conversation_close(&shared);
    }
}

/* ---- processes */

#ifndef _WIN32
static bool write_all(int to, const void *bytes, size_t length) { return write(to, bytes, length) == (ssize_t)length; }
static bool read_all(int from, void *bytes, size_t length) {
    size_t got = 0;
    for (ssize_t n; got < length && (n = read(from, (char *)bytes + got, length - got)) > 0;) got += (size_t)n;
    return got == length;
}

/* What a child of a pre-forking server does: it imports the context that its parent has accepted, reads a message, answers,
 * and exports the context again. */
static bool child_goes_on(struct side *server, SecBuffer *packed, struct message *question, int to) {
    CtxtHandle again;
    struct message answer;
    SecBuffer back;
    if (import_context(u"Negotiate", packed, &server->context) != SEC_E_OK) return false;
    if (import_context(u"Negotiate", packed, &again) != (SECURITY_STATUS)SEC_E_INVALID_TOKEN) return false;
    if (message_decrypt(server, question) != SEC_E_OK || memcmp(question->data, MESSAGE_TEXT, sizeof MESSAGE_TEXT)) return false;
    message_reset(&answer);
    return message_encrypt(server, &answer) == SEC_E_OK && write_all(to, answer.token, SIGNATURE) &&
           write_all(to, answer.data, sizeof answer.data) && export_context(&server->context, MOVE, &back) == SEC_E_OK &&
           write_all(to, &back.cbBuffer, sizeof back.cbBuffer) && write_all(to, back.pvBuffer, back.cbBuffer) &&
           W->FreeContextBuffer(back.pvBuffer) == SEC_E_OK;
}

static void a_forked_child_goes_on(void) {
    struct conversation c;
    SecBuffer packed, back = {0, SECBUFFER_EMPTY, NULL};
    struct message question, answer;
    int ends[2];
    REQUIRE(conversation_establish(&c, NULL));
    CHECK(conversation_works(&c));
    REQUIRE_STATUS(export_context(&c.server.context, MOVE, &packed), SEC_E_OK);
    message_reset(&question);
    CHECK_STATUS(message_encrypt(&c.client, &question), SEC_E_OK);
    REQUIRE(pipe(ends) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        bool good = child_goes_on(&c.server, &packed, &question, ends[1]);
        if (!write_all(ends[1], &good, sizeof good)) abort();
        /* The exit status is valgrind's, which reports memory of threads that do not exist in the child. */
        _exit(0);
    }
    close(ends[1]);
    message_reset(&answer);
    CHECK(read_all(ends[0], answer.token, SIGNATURE) && read_all(ends[0], answer.data, sizeof answer.data));
    answer.buffers[0].cbBuffer = SIGNATURE;
    CHECK_STATUS(message_decrypt(&c.client, &answer), SEC_E_OK);
    CHECK(memcmp(answer.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    /* The same key the other way. */
    if (CHECK(read_all(ends[0], &back.cbBuffer, sizeof back.cbBuffer) && back.cbBuffer < 100000)) {
        back.pvBuffer = malloc(back.cbBuffer);
        CHECK(read_all(ends[0], back.pvBuffer, back.cbBuffer));
        CHECK_STATUS(import_context(u"Negotiate", &back, &c.server.context), SEC_E_OK);
        free(back.pvBuffer);
        CHECK(conversation_works(&c));
    }
    bool good = false;
    CHECK(read_all(ends[0], &good, sizeof good) && good);
    close(ends[0]);
    CHECK(waitpid(child, NULL, 0) == child);
    CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
    conversation_close(&c);
}
#endif

const struct test export_import_tests[] = {
    TEST(a_conversation_goes_on_wherever_it_is_moved),
    TEST(what_was_told_is_told_there_too),
    TEST(the_old_context_stays_unless_it_is_to_go),
    TEST(reset_begins_where_it_was_established),
    TEST(an_export_is_imported_once),
    TEST(whatever_is_changed_is_refused),
    TEST(the_package_must_be_the_context_s),
    TEST(wrong_arguments),
    TEST(a_handshake_begun_here_ends_there),
    TEST(what_is_not_exported_half_open),
    TEST(of_several_who_move_it_one_gets_it),
    TEST(of_several_who_import_it_one_gets_it),
    TEST(no_message_is_sealed_twice_under_one_number),
#ifndef _WIN32
    TEST(a_forked_child_goes_on),
#endif
    END_OF_TESTS,
};

/* ---- other processes, each a run of this program: run.sh runs them one after the other, in one folder */

static const char exported[] = "exported-context.bin";

/* Both sides of a conversation in progress, with a message in transit. */
static void writes_an_exported_context(void) {
    struct conversation c;
    struct message m;
    REQUIRE(conversation_establish(&c, NULL) && conversation_works(&c));
    message_reset(&m);
    CHECK_STATUS(message_encrypt(&c.client, &m), SEC_E_OK);
    FILE *file = fopen(exported, "wb");
    REQUIRE(file != NULL);
    CHECK(fwrite(m.token, SIGNATURE, 1, file) == 1 && fwrite(m.data, sizeof m.data, 1, file) == 1);
    for (int s = 0; s < 2; s++) {
        SecBuffer packed;
        uint32_t length;
        if (!CHECK_STATUS(export_context(s ? &c.client.context : &c.server.context, MOVE, &packed), SEC_E_OK)) continue;
        length = packed.cbBuffer;
        CHECK(fwrite(&length, sizeof length, 1, file) == 1 && fwrite(packed.pvBuffer, length, 1, file) == 1);
        CHECK_STATUS(W->FreeContextBuffer(packed.pvBuffer), SEC_E_OK);
    }
    CHECK(fclose(file) == 0);
    c.server.has_context = c.client.has_context = false;
    conversation_close(&c);
}

/* Imports it: both sides' imports end with `status`. */
static bool open_exported(struct conversation *c, struct message *m, SECURITY_STATUS status) {
    FILE *file = fopen(exported, "rb");
    if (!CHECK(file != NULL)) return false;
    message_reset(m);
    bool good = CHECK(fread(m->token, SIGNATURE, 1, file) == 1 && fread(m->data, sizeof m->data, 1, file) == 1);
    m->buffers[0].cbBuffer = SIGNATURE;
    memset(c, 0, sizeof *c);
    for (int s = 0; s < 2 && good; s++) {
        struct side *side = s ? &c->client : &c->server;
        static unsigned char bytes[100000];
        uint32_t length = 0;
        good = CHECK(fread(&length, sizeof length, 1, file) == 1 && length <= sizeof bytes && fread(bytes, length, 1, file) == 1);
        SecBuffer packed = {length, SECBUFFER_EMPTY, bytes};
        good = good && CHECK_STATUS(import_context(u"Negotiate", &packed, &side->context), status);
        side->has_context = good && status == SEC_E_OK;
    }
    fclose(file);
    return good;
}

static void imports_a_written_context(void) {
    struct conversation c;
    struct message m;
    REQUIRE(open_exported(&c, &m, SEC_E_OK));
    CHECK_STATUS(message_decrypt(&c.server, &m), SEC_E_OK);
    CHECK(memcmp(m.data, MESSAGE_TEXT, sizeof MESSAGE_TEXT) == 0);
    CHECK(conversation_works(&c));
    SecPkgContext_NamesW names;
    if (CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK)) {
        CHECK(equal_wa(names.sUserName, "EXAMPLE\\alice"));
        W->FreeContextBuffer(names.sUserName);
    }
    CHECK_STATUS(W->DeleteSecurityContext(&c.server.context), SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&c.client.context), SEC_E_OK);
}

static void a_context_is_not_for_another_key(void) {
    struct conversation c;
    struct message m;
    CHECK(open_exported(&c, &m, SEC_E_INVALID_TOKEN));
}

/* [export] once_file */
static void another_process_has_imported_it(void) {
    struct conversation c;
    struct message m;
    CHECK(open_exported(&c, &m, SEC_E_INVALID_TOKEN));
}

/* [export] key_file is missing: no other key replaces it. */
static void without_the_key_nothing_is_exported(void) {
    struct conversation c;
    struct message m;
    SecBuffer packed;
    REQUIRE(conversation_establish(&c, NULL));
    CHECK_STATUS(export_context(&c.server.context, MOVE, &packed), SEC_E_CANNOT_PACK);
    CHECK(conversation_works(&c));
    conversation_close(&c);
    CHECK(open_exported(&c, &m, SEC_E_NO_CREDENTIALS));
}

const struct test export_write_tests[] = {TEST(writes_an_exported_context), END_OF_TESTS};
const struct test export_read_tests[] = {TEST(imports_a_written_context), END_OF_TESTS};
const struct test export_once_tests[] = {TEST(imports_a_written_context), END_OF_TESTS};
const struct test export_again_tests[] = {TEST(another_process_has_imported_it), END_OF_TESTS};
const struct test export_own_key_tests[] = {TEST(a_context_is_not_for_another_key), END_OF_TESTS};
const struct test keyless_tests[] = {TEST(without_the_key_nothing_is_exported), END_OF_TESTS};
