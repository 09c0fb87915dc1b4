/* AcceptSecurityContext's buffers: which one is the token, how far an output may reach, who allocates. */
#include "conversation.h"
#include "groups.h"
#include "platform.h"

#include <stdlib.h>

#define GUARD 32
#define GUARD_BYTE 0xa5

/* An output buffer of `capacity` bytes with guards around it. */
struct guarded {
    ULONG capacity;
    unsigned char *block;
    SecBuffer buffer;
};

static struct guarded guarded_new(ULONG capacity) {
    struct guarded g = {capacity, malloc(capacity + 2 * GUARD), {capacity, SECBUFFER_TOKEN, NULL}};
    memset(g.block, GUARD_BYTE, capacity + 2 * GUARD);
    g.buffer.pvBuffer = g.block + GUARD;
    return g;
}

static bool untouched(const unsigned char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != GUARD_BYTE) return false;
    }
    return true;
}

/* Checks that nothing but the first `written` bytes of the buffer was written, and frees it. */
static void guarded_check(struct guarded *g, ULONG written) {
    CHECK(g->buffer.pvBuffer == g->block + GUARD);
    CHECK(untouched(g->block, GUARD));
    if (CHECK(written <= g->capacity)) CHECK(untouched(g->block + GUARD + written, g->capacity - written + GUARD));
    free(g->block);
}

/* The server's next leg into `out`. */
static SECURITY_STATUS leg_into(struct conversation *c, SecBuffer *out, ULONG count, ULONG requirements) {
    SecBuffer in = {c->client.sent.length, SECBUFFER_TOKEN, c->client.sent.data};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, count, out};
    struct side *side = &c->server;
    CtxtHandle fresh = {0, 0};
    c->servers_turn = false;
    side->status = W->AcceptSecurityContext(&side->credential, side->has_context ? &side->context : NULL, &in_desc,
                                            requirements, SECURITY_NATIVE_DREP,
                                            side->has_context ? &side->context : &fresh, &out_desc, &side->attributes,
                                            NULL);
    if (!side->has_context && side->status >= 0) {
        side->context = fresh;
        side->has_context = true;
    }
    return side->status;
}

static void keep(struct conversation *c, const SecBuffer *out) {
    c->server.sent.length = out->cbBuffer;
    memcpy(c->server.sent.data, out->pvBuffer, out->cbBuffer);
}

/* Tries every leg with no room, with a byte, with one byte too little, and exactly enough. Each rejection writes nothing and
 * leaves the context ready for the repetition; with any room it reports the required length, with none it leaves 0, as Windows
 * does (Wine's tests). */
static void too_small_then_enough(SEC_WCHAR *package, unsigned legs) {
    struct conversation c;
    struct terms terms = {.package = package};
    REQUIRE(conversation_open(&c, &terms));
    for (unsigned leg = 0; leg < legs; leg++) {
        CHECK(client_leg(&c) >= 0);
        struct guarded none = guarded_new(0);
        CHECK_STATUS(leg_into(&c, &none.buffer, 1, 0), SEC_E_BUFFER_TOO_SMALL);
        CHECK_EQUAL(none.buffer.cbBuffer, 0);
        guarded_check(&none, 0);
        struct guarded little = guarded_new(1);
        CHECK_STATUS(leg_into(&c, &little.buffer, 1, 0), SEC_E_BUFFER_TOO_SMALL);
        ULONG need = little.buffer.cbBuffer;
        CHECK(need > 1 && need < TOKEN_MAX);
        guarded_check(&little, 0);
        struct guarded less = guarded_new(need - 1);
        CHECK_STATUS(leg_into(&c, &less.buffer, 1, 0), SEC_E_BUFFER_TOO_SMALL);
        CHECK_EQUAL(less.buffer.cbBuffer, need);
        guarded_check(&less, 0);
        struct guarded exact = guarded_new(need);
        CHECK_STATUS(leg_into(&c, &exact.buffer, 1, 0), leg + 1 < legs || legs == 1 ? SEC_I_CONTINUE_NEEDED : SEC_E_OK);
        CHECK_EQUAL(exact.buffer.cbBuffer, need);
        keep(&c, &exact.buffer);
        guarded_check(&exact, need);
    }
    CHECK(converse(&c) && conversation_works(&c));
    conversation_close(&c);
}

static void too_small_is_repeatable_for_negotiate(void) {
    too_small_then_enough(u"Negotiate", 2);
}

static void too_small_is_repeatable_for_ntlm(void) {
    too_small_then_enough(u"NTLM", 1);
}

/* A first call without room makes no context either. */
static void too_small_first_call_makes_no_context(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    SecBuffer in = {c.client.sent.length, SECBUFFER_TOKEN, c.client.sent.data};
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle context = {0, 0};
    ULONG attributes;
    CHECK_STATUS(W->AcceptSecurityContext(&c.server.credential, NULL, &in_desc, 0, SECURITY_NATIVE_DREP, &context,
                                          &out_desc, &attributes, NULL),
                 SEC_E_BUFFER_TOO_SMALL);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
    conversation_close(&c);
}

/* Wine's tests, which were run on Windows: SEC_E_INTERNAL_ERROR, or success. */
static void an_output_with_a_length_and_no_memory(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    SecBuffer out = {TOKEN_MAX, SECBUFFER_TOKEN, NULL};
    CHECK_STATUS(leg_into(&c, &out, 1, 0), SEC_E_INTERNAL_ERROR);
    CHECK(!c.server.has_context);
    CHECK_EQUAL(out.cbBuffer, 0);
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle context = {0, 0};
    ULONG attributes;
    out.cbBuffer = TOKEN_MAX;
    CHECK_STATUS(W->InitializeSecurityContextW(&c.client.credential, NULL, NULL, 0, 0, 0, NULL, 0, &context, &out_desc, &attributes,
                                               NULL),
                 SEC_E_INTERNAL_ERROR);
    /* the conversation goes on with what the client has sent */
    CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK(converse(&c));
    conversation_close(&c);
}

/* A buffer with room to spare gets its length set to what was written. */
static void large_output_keeps_its_rest(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    struct guarded large = guarded_new(5000);
    CHECK_STATUS(leg_into(&c, &large.buffer, 1, 0), SEC_I_CONTINUE_NEEDED);
    keep(&c, &large.buffer);
    ULONG written = large.buffer.cbBuffer;
    CHECK(written > 0 && written < 5000);
    guarded_check(&large, written);
    CHECK(converse(&c));
    conversation_close(&c);
}

/* NTLM's last leg sends nothing: the buffer's length is 0 and its content is unchanged. */
static void no_token_means_length_zero(void) {
    struct conversation c;
    struct terms terms = {.package = u"NTLM"};
    REQUIRE(conversation_until_last_leg(&c, &terms));
    struct guarded out = guarded_new(100);
    CHECK_STATUS(leg_into(&c, &out.buffer, 1, 0), SEC_E_OK);
    CHECK_EQUAL(out.buffer.cbBuffer, 0);
    guarded_check(&out, 0);
    conversation_close(&c);
}

static void no_output_is_needed_where_nothing_is_sent(void) {
    struct conversation c;
    struct terms terms = {.package = u"NTLM"};
    REQUIRE(conversation_until_last_leg(&c, &terms));
    SecBuffer in = {c.client.sent.length, SECBUFFER_TOKEN, c.client.sent.data};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in};
    ULONG attributes;
    CHECK_STATUS(W->AcceptSecurityContext(&c.server.credential, &c.server.context, &in_desc, 0, SECURITY_NATIVE_DREP,
                                          &c.server.context, NULL, &attributes, NULL),
                 SEC_E_OK);
    conversation_close(&c);
}

/* A token that must be sent and has no output buffer: rejected, and the state is unchanged. */
static void missing_output_is_refused(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    SecBuffer data = {100, SECBUFFER_DATA, c.server.sent.data};
    CHECK_REFUSED(leg_into(&c, NULL, 0, 0));
    CHECK_REFUSED(leg_into(&c, &data, 1, 0));
    CHECK(!c.server.has_context);
    CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK(converse(&c));
    conversation_close(&c);
}

/* The input's token is found at any position among other buffers, and may be marked read-only. */
static void input_token_at_any_index(void) {
    static const ULONG others[] = {SECBUFFER_EMPTY, SECBUFFER_PKG_PARAMS, SECBUFFER_EXTRA, SECBUFFER_DATA};
    for (ULONG index = 0; index < 4; index++) {
        struct conversation c;
        REQUIRE(conversation_until_last_leg(&c, NULL));
        SecBuffer in[4];
        unsigned char extra[8] = "extra";
        for (ULONG i = 0; i < 4; i++) in[i] = (SecBuffer){others[i] ? sizeof extra : 0, others[i], others[i] ? extra : NULL};
        in[index] = (SecBuffer){c.client.sent.length, SECBUFFER_TOKEN | (index % 2 ? SECBUFFER_READONLY : 0),
                                fence(c.client.sent.data, c.client.sent.length)};
        SecBufferDesc in_desc = {SECBUFFER_VERSION, 4, in};
        SecBuffer out = {sizeof c.server.sent.data, SECBUFFER_TOKEN, c.server.sent.data};
        SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, &out};
        CHECK_STATUS(W->AcceptSecurityContext(&c.server.credential, &c.server.context, &in_desc, 0,
                                              SECURITY_NATIVE_DREP, &c.server.context, &out_desc, &c.server.attributes,
                                              NULL),
                     SEC_E_OK);
        CHECK(memcmp(in[index].pvBuffer, c.client.sent.data, c.client.sent.length) == 0);
        CHECK(memcmp(extra, "extra", 6) == 0);
        fence_free(in[index].pvBuffer, c.client.sent.length);
        conversation_close(&c);
    }
}

/* The output's token too; other buffers stay as they are. */
static void output_token_at_any_index(void) {
    for (ULONG index = 0; index < 3; index++) {
        struct conversation c;
        REQUIRE(conversation_open(&c, NULL));
        CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
        unsigned char other[16];
        memset(other, GUARD_BYTE, sizeof other);
        SecBuffer out[3];
        for (ULONG i = 0; i < 3; i++) out[i] = (SecBuffer){sizeof other, SECBUFFER_EXTRA, other};
        out[index] = (SecBuffer){sizeof c.server.sent.data, SECBUFFER_TOKEN, c.server.sent.data};
        CHECK_STATUS(leg_into(&c, out, 3, 0), SEC_I_CONTINUE_NEEDED);
        CHECK(untouched(other, sizeof other));
        c.server.sent.length = out[index].cbBuffer;
        CHECK(converse(&c));
        conversation_close(&c);
    }
}

/* ASC_REQ_ALLOCATE_MEMORY: memory from the library, indicated by ASC_RET_ALLOCATED_MEMORY, freed by
 * FreeContextBuffer. */
static void allocates_when_asked(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    for (int leg = 0; leg < 2; leg++) {
        CHECK(client_leg(&c) >= 0);
        SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
        CHECK_STATUS(leg_into(&c, &out, 1, ASC_REQ_ALLOCATE_MEMORY), leg ? SEC_E_OK : SEC_I_CONTINUE_NEEDED);
        CHECK(c.server.attributes & ASC_RET_ALLOCATED_MEMORY);
        REQUIRE(out.pvBuffer != NULL && out.cbBuffer > 0);
        keep(&c, &out);
        CHECK_STATUS(W->FreeContextBuffer(out.pvBuffer), SEC_E_OK);
    }
    CHECK(converse(&c) && conversation_works(&c));
    conversation_close(&c);
}

/* Nothing to send, nothing allocated, nothing to free. */
static void allocates_nothing_for_no_token(void) {
    struct conversation c;
    struct terms terms = {.package = u"NTLM"};
    REQUIRE(conversation_until_last_leg(&c, &terms));
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    CHECK_STATUS(leg_into(&c, &out, 1, ASC_REQ_ALLOCATE_MEMORY), SEC_E_OK);
    CHECK_EQUAL(out.cbBuffer, 0);
    if (out.pvBuffer) CHECK_STATUS(W->FreeContextBuffer(out.pvBuffer), SEC_E_OK);
    conversation_close(&c);
}

static void allocated_is_not_claimed_unasked(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK(!(c.server.attributes & ASC_RET_ALLOCATED_MEMORY));
    conversation_close(&c);
}

/* On failure: length 0 without ASC_REQ_EXTENDED_ERROR, the protocol's own error token with it. */
static void outputs_of_a_failed_leg(void) {
    for (int extended = 0; extended < 2; extended++) {
        struct conversation c;
        struct terms terms = {.password = u"wrong"};
        REQUIRE(conversation_until_last_leg(&c, &terms));
        struct guarded out = guarded_new(500);
        CHECK_STATUS(leg_into(&c, &out.buffer, 1, extended ? ASC_REQ_EXTENDED_ERROR : 0), SEC_E_LOGON_DENIED);
        ULONG length = out.buffer.cbBuffer;
        if (extended) {
            /* NegTokenResp { negState reject } */
            CHECK(length > 0 && length <= 500);
            CHECK_EQUAL(((unsigned char *)out.buffer.pvBuffer)[0], 0xa1);
            keep(&c, &out.buffer);
            CHECK_REFUSED(client_leg(&c));
        } else {
            CHECK_EQUAL(length, 0);
        }
        guarded_check(&out, length);
        conversation_close(&c);
    }
}

/* The error token of a failure is in allocated memory if the caller asked for that, or there is none. */
static void allocated_outputs_of_a_failed_leg(void) {
    for (int extended = 0; extended < 2; extended++) {
        struct conversation c;
        struct terms terms = {.password = u"wrong"};
        REQUIRE(conversation_until_last_leg(&c, &terms));
        SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
        ULONG requirements = ASC_REQ_ALLOCATE_MEMORY | (extended ? ASC_REQ_EXTENDED_ERROR : 0);
        CHECK_STATUS(leg_into(&c, &out, 1, requirements), SEC_E_LOGON_DENIED);
        CHECK_EQUAL(out.cbBuffer > 0, extended);
        if (out.cbBuffer) CHECK_STATUS(W->FreeContextBuffer(out.pvBuffer), SEC_E_OK);
        conversation_close(&c);
    }
}

const struct test buffers_tests[] = {
    TEST(too_small_is_repeatable_for_negotiate),
    TEST(too_small_is_repeatable_for_ntlm),
    TEST(too_small_first_call_makes_no_context),
    TEST(an_output_with_a_length_and_no_memory),
    TEST(large_output_keeps_its_rest),
    TEST(no_token_means_length_zero),
    TEST(no_output_is_needed_where_nothing_is_sent),
    TEST(missing_output_is_refused),
    TEST(input_token_at_any_index),
    TEST(output_token_at_any_index),
    TEST(allocates_when_asked),
    TEST(allocates_nothing_for_no_token),
    TEST(allocated_is_not_claimed_unasked),
    TEST(outputs_of_a_failed_leg),
    TEST(allocated_outputs_of_a_failed_leg),
    END_OF_TESTS,
};
