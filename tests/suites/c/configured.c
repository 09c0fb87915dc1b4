/* Behaviour that needs a configuration of its own: see config/ and run.sh. */
#include "conversation.h"
#include "groups.h"
#include "platform.h"

/* ---- config/complete.toml: [negotiate] complete_auth_token */

static SECURITY_STATUS complete(struct side *side) {
    SecBuffer token = {side->sent.length, SECBUFFER_TOKEN, side->sent.data};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &token};
    SECURITY_STATUS status = W->CompleteAuthToken(&side->context, &desc);
    side->sent.length = token.cbBuffer;
    return status;
}

/* SEC_I_COMPLETE_AND_CONTINUE, then SEC_I_COMPLETE_NEEDED, each followed by CompleteAuthToken. */
static void sec_i_complete_and_continue_then_sec_i_complete_needed(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    REQUIRE_STATUS(server_leg(&c), SEC_I_COMPLETE_AND_CONTINUE);
    REQUIRE_STATUS(complete(&c.server), SEC_E_OK);
    CHECK(client_leg(&c) >= 0);
    REQUIRE_STATUS(server_leg(&c), SEC_I_COMPLETE_NEEDED);
    REQUIRE_STATUS(complete(&c.server), SEC_E_OK);
    CHECK_STATUS(client_leg(&c), SEC_E_OK);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

static void complete_twice_is_refused(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    REQUIRE_STATUS(server_leg(&c), SEC_I_COMPLETE_AND_CONTINUE);
    CHECK_STATUS(complete(&c.server), SEC_E_OK);
    CHECK_REFUSED(complete(&c.server));
    conversation_close(&c);
}

static void complete_with_null_arguments(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    REQUIRE_STATUS(server_leg(&c), SEC_I_COMPLETE_AND_CONTINUE);
    CHECK_REFUSED(W->CompleteAuthToken(&c.server.context, NULL));
    CHECK_STATUS(W->CompleteAuthToken(NULL, NULL), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(complete(&c.server), SEC_E_OK);
    conversation_close(&c);
}

const struct test complete_tests[] = {
    TEST(sec_i_complete_and_continue_then_sec_i_complete_needed),
    TEST(complete_twice_is_refused),
    TEST(complete_with_null_arguments),
    END_OF_TESTS,
};

/* ---- config/limits.toml: [limits] contexts = 6, credentials = 8 */

static void sec_e_insufficient_memory_when_contexts_run_out(void) {
    static struct conversation c, extra[8];
    REQUIRE(conversation_until_last_leg(&c, NULL)); /* two of six */
    CtxtHandle contexts[6];
    ULONG made = 0;
    struct conversation *more = &extra[0];
    REQUIRE(conversation_open(more, NULL));
    CredHandle *credential = &more->client.credential;
    SECURITY_STATUS status = SEC_E_OK;
    for (made = 0; made < 6; made++) {
        SecBuffer out = {sizeof more->client.sent.data, SECBUFFER_TOKEN, more->client.sent.data};
        SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, &out};
        ULONG attributes;
        status = W->InitializeSecurityContextW(credential, NULL, NULL, 0, 0, 0, NULL, 0, &contexts[made], &out_desc,
                                               &attributes, NULL);
        if (status != SEC_I_CONTINUE_NEEDED) break;
    }
    CHECK_STATUS(status, SEC_E_INSUFFICIENT_MEMORY);
    CHECK_EQUAL(made, 4);
    /* for an acceptor too */
    more->client.sent.length = 0;
    CHECK_STATUS(server_leg_with(more, NULL, 0), SEC_E_INSUFFICIENT_MEMORY);
    /* existing ones continue to work */
    CHECK(converse(&c) && conversation_works(&c));
    /* and there is room again when one is deleted */
    for (ULONG i = 0; i < made; i++) CHECK_STATUS(W->DeleteSecurityContext(&contexts[i]), SEC_E_OK);
    CHECK(converse(more) && conversation_works(more));
    conversation_close(more);
    conversation_close(&c);
}

static void sec_e_insufficient_memory_when_credentials_run_out(void) {
    CredHandle credentials[9];
    unsigned made;
    SECURITY_STATUS status = SEC_E_OK;
    for (made = 0; made < 9; made++) {
        status = W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                              &credentials[made], NULL);
        if (status != SEC_E_OK) break;
    }
    CHECK_STATUS(status, SEC_E_INSUFFICIENT_MEMORY);
    CHECK_EQUAL(made, 8);
    for (unsigned i = 0; i < made; i++) CHECK_STATUS(W->FreeCredentialsHandle(&credentials[i]), SEC_E_OK);
    struct conversation c;
    CHECK(conversation_establish(&c, NULL));
    conversation_close(&c);
}

const struct test limits_tests[] = {
    TEST(sec_e_insufficient_memory_when_contexts_run_out),
    TEST(sec_e_insufficient_memory_when_credentials_run_out),
    END_OF_TESTS,
};

/* ---- config/half-open.toml: [limits] half_open = 64, half_open_bytes = 128 KiB, half_open_age = "2s" */

/* Exchanges that others begin and do not go on with, ten for each that does. */
static void who_goes_on_is_served_while_others_leave_their_exchanges(void) {
    enum { ROUNDS = 20, GARBAGE = 10 };
    static struct conversation c;
    static CtxtHandle left[ROUNDS * GARBAGE];
    unsigned number = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        REQUIRE(conversation_open(&c, NULL));
        REQUIRE_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
        REQUIRE_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
        for (unsigned i = 0; i < GARBAGE; i++) {
            struct conversation other;
            REQUIRE(conversation_open(&other, NULL));
            REQUIRE_STATUS(client_leg(&other), SEC_I_CONTINUE_NEEDED);
            REQUIRE_STATUS(server_leg(&other), SEC_I_CONTINUE_NEEDED);
            left[number++] = other.server.context;
            other.server.has_context = false;
            conversation_close(&other);
        }
        CHECK(converse(&c) && conversation_works(&c));
        conversation_close(&c);
    }
    /* The oldest have been ended, and say so at every call. */
    REQUIRE(conversation_open(&c, NULL));
    REQUIRE_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    c.server.context = left[0];
    c.server.has_context = true;
    CHECK_STATUS(server_leg(&c), SEC_E_CONTEXT_EXPIRED);
    CHECK_STATUS(server_leg_with(&c, c.client.sent.data, c.client.sent.length), SEC_E_CONTEXT_EXPIRED);
    conversation_close(&c);
    for (unsigned i = 1; i < number; i++) CHECK_STATUS(W->DeleteSecurityContext(&left[i]), SEC_E_OK);
}

/* One leg of a server with this token; `context` is all zeros at first. */
static SECURITY_STATUS leg_with(CredHandle *credential, CtxtHandle *context, void *token, ULONG length) {
    static unsigned char answer[TOKEN_MAX];
    SecBuffer in = {length, SECBUFFER_TOKEN, token}, out = {sizeof answer, SECBUFFER_TOKEN, answer};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    return W->AcceptSecurityContext(credential, HANDLE_IS_ZERO(*context) ? NULL : context, &in_desc, 0, 0, context, &out_desc,
                                    &attributes, NULL);
}

/* A NegTokenInit (RFC 4178 4.2.1) that offers NTLM, without a token of it. */
static unsigned char offer[] = {0x60, 0x1c, 6, 6, 0x2b, 6, 1, 5, 5, 2, 0xa0, 0x12, 0x30, 0x10, 0xa0,
                                0x0e, 0x30, 0x0c, 6, 0x0a, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a};

/* A NegTokenResp (4.2.2) that is nearly as long as may be: a NEGOTIATE_MESSAGE, and what nobody looks at. */
static unsigned char *large_negotiate(ULONG *length) {
    static unsigned char token[2800];
    static const unsigned char message[32] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0, 0x05, 0x82, 0x08, 0x60};
    const unsigned size = sizeof token, heads[] = {0xa1, 0x30, 0xa2, 0x04};
    for (unsigned i = 0; i < 4; i++) {
        unsigned rest = size - 4 * (i + 1);
        unsigned char head[4] = {(unsigned char)heads[i], 0x82, (unsigned char)(rest >> 8), (unsigned char)rest};
        memcpy(token + 4 * i, head, 4);
    }
    memcpy(token + 16, message, sizeof message);
    *length = size;
    return token;
}

/* The memory of later tokens counts too. */
static void later_tokens_end_the_exchanges_of_others(void) {
    enum { OTHERS = 32 }; /* fewer than may be half open at a time */
    static CtxtHandle first[16], others[OTHERS];
    memset(first, 0, sizeof first), memset(others, 0, sizeof others);
    CredHandle credential;
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
                   SEC_E_OK);
    ULONG length;
    unsigned char *large = large_negotiate(&length);
    for (unsigned i = 0; i < 16; i++) REQUIRE_STATUS(leg_with(&credential, &first[i], offer, sizeof offer), SEC_I_CONTINUE_NEEDED);
    for (unsigned i = 0; i < OTHERS; i++) {
        REQUIRE_STATUS(leg_with(&credential, &others[i], offer, sizeof offer), SEC_I_CONTINUE_NEEDED);
        REQUIRE_STATUS(leg_with(&credential, &others[i], large, length), SEC_I_CONTINUE_NEEDED);
    }
    for (unsigned i = 0; i < 16; i++) {
        CHECK_STATUS(leg_with(&credential, &first[i], large, length), SEC_E_CONTEXT_EXPIRED);
        W->DeleteSecurityContext(&first[i]);
    }
    for (unsigned i = 0; i < OTHERS; i++) W->DeleteSecurityContext(&others[i]);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void an_exchange_must_end_in_time(void) {
    struct conversation c;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    sleep_milliseconds(2300);
    CHECK_STATUS(server_leg(&c), SEC_E_CONTEXT_EXPIRED);
    conversation_close(&c);
    REQUIRE(conversation_establish(&c, NULL));
    sleep_milliseconds(2300);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

const struct test half_open_tests[] = {
    TEST(who_goes_on_is_served_while_others_leave_their_exchanges),
    TEST(later_tokens_end_the_exchanges_of_others),
    TEST(an_exchange_must_end_in_time),
    END_OF_TESTS,
};

/* ---- config/lifetime.toml: [negotiate] context_lifetime = 2 (seconds), in several time zones */

#define TICKS_PER_SECOND 10000000ull

static uint64_t ticks(TimeStamp time) {
    return (uint64_t)(uint32_t)time.HighPart << 32 | (uint32_t)time.LowPart;
}

static bool within_a_second(uint64_t a, uint64_t b) {
    return (a > b ? a - b : b - a) < TICKS_PER_SECOND;
}

static void expiry_is_in_local_time(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    uint64_t expected = local_time_ticks() + 2 * TICKS_PER_SECOND;
    CHECK(within_a_second(ticks(c.server.expiry), expected));
    SecPkgContext_Lifespan span;
    REQUIRE_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_LIFESPAN, &span), SEC_E_OK);
    CHECK(within_a_second(ticks(span.tsExpiry), expected));
    CHECK(within_a_second(ticks(span.tsStart), expected - 2 * TICKS_PER_SECOND));
    conversation_close(&c);
}

static void sec_e_context_expired_at_its_end(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    CHECK(conversation_works(&c));
    sleep_milliseconds(2300);
    char data[] = "data";
    unsigned char token[64];
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof token, SECBUFFER_TOKEN, token}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    CHECK_STATUS(W->MakeSignature(&c.server.context, 0, &desc, 0), SEC_E_CONTEXT_EXPIRED);
    CHECK_STATUS(W->EncryptMessage(&c.server.context, 0, &desc, 0), SEC_E_CONTEXT_EXPIRED);
    conversation_close(&c);
}

const struct test lifetime_tests[] = {
    TEST(expiry_is_in_local_time),
    TEST(sec_e_context_expired_at_its_end),
    END_OF_TESTS,
};

/* ---- config/no-accounts.toml: no authority */

static void sec_e_no_authenticating_authority_without_accounts(void) {
    for (int p = 0; p < 2; p++) {
        struct conversation c;
        struct terms terms = {.package = p ? u"NTLM" : u"Negotiate"};
        if (CHECK(conversation_until_last_leg(&c, &terms))) {
            CHECK_STATUS(server_leg(&c), SEC_E_NO_AUTHENTICATING_AUTHORITY);
            CHECK_EQUAL(c.server.sent.length, 0);
        }
        conversation_close(&c);
    }
}

static void an_inbound_identity_is_authority_enough(void) {
    SEC_WINNT_AUTH_IDENTITY_W account = identity_w(USER, DOMAIN, PASSWORD);
    struct conversation c;
    struct terms terms = {.server_identity = &account};
    CHECK(conversation_establish(&c, &terms) && conversation_works(&c));
    conversation_close(&c);
    terms.password = u"wrong";
    if (CHECK(conversation_until_last_leg(&c, &terms))) CHECK_STATUS(server_leg(&c), SEC_E_LOGON_DENIED);
    conversation_close(&c);
}

const struct test no_accounts_tests[] = {
    TEST(sec_e_no_authenticating_authority_without_accounts),
    TEST(an_inbound_identity_is_authority_enough),
    END_OF_TESTS,
};

/* ---- config/absent-accounts.toml, config/malformed.toml, and a configuration file that is not there */

static void sec_e_no_authenticating_authority_at_the_latest(void) {
    for (int p = 0; p < 2; p++) {
        struct conversation c;
        struct terms terms = {.package = p ? u"NTLM" : u"Negotiate"};
        REQUIRE(conversation_open(&c, &terms));
        CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
        if (server_leg(&c) == SEC_I_CONTINUE_NEEDED) client_leg(&c), server_leg(&c);
        CHECK_STATUS(c.server.status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
        CHECK_EQUAL(c.server.sent.length, 0);
        conversation_close(&c);
    }
}

const struct test unreadable_tests[] = {
    TEST(sec_e_no_authenticating_authority_at_the_latest),
    END_OF_TESTS,
};

/* ---- config/internal.toml: [server] has a name that no CHALLENGE_MESSAGE can hold */

/* An internal error of the server, for which there is no specific status. */
static void sec_e_internal_error_when_no_challenge_can_be_made(void) {
    for (int p = 0; p < 2; p++) {
        struct conversation c;
        struct terms terms = {.package = p ? u"NTLM" : u"Negotiate"};
        REQUIRE(conversation_open(&c, &terms));
        CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
        CHECK_STATUS(server_leg(&c), SEC_E_INTERNAL_ERROR);
        CHECK_EQUAL(c.server.sent.length, 0);
        CHECK(!c.server.has_context);
        conversation_close(&c);
    }
}

const struct test internal_tests[] = {
    TEST(sec_e_internal_error_when_no_challenge_can_be_made),
    END_OF_TESTS,
};

/* ---- config/strict.toml: channel_bindings and target_name required */

struct bindings {
    SEC_CHANNEL_BINDINGS header;
    char data[8];
};

static struct bindings tls_bindings(void) {
    struct bindings tls = {.data = "tls:tls"};
    tls.header.cbApplicationDataLength = 8;
    tls.header.dwApplicationDataOffset = offsetof(struct bindings, data);
    return tls;
}

/* Whatever the server's program allows. */
static void bindings_are_required(void) {
    struct bindings tls = tls_bindings();
    for (int given = 0; given < 3; given++) {
        struct conversation c;
        struct terms terms = {.server_requirements = ASC_REQ_ALLOW_MISSING_BINDINGS};
        if (given >= 1) terms.server_bindings = &tls, terms.server_bindings_length = sizeof tls;
        if (given == 2) terms.client_bindings = &tls, terms.client_bindings_length = sizeof tls;
        if (CHECK(conversation_until_last_leg(&c, &terms))) {
            CHECK_STATUS(server_leg(&c), given == 2 ? SEC_E_OK : SEC_E_BAD_BINDINGS);
        }
        conversation_close(&c);
    }
}

static void target_is_required(void) {
    struct bindings tls = tls_bindings();
    for (int right = 0; right < 2; right++) {
        struct conversation c;
        struct terms terms = {.target = right ? u"HTTP/server.example.com" : u"HTTP/another.example.com",
                              .client_bindings = &tls, .client_bindings_length = sizeof tls,
                              .server_bindings = &tls, .server_bindings_length = sizeof tls};
        if (CHECK(conversation_until_last_leg(&c, &terms))) {
            CHECK_STATUS(server_leg(&c), right ? SEC_E_OK : SEC_E_TARGET_UNKNOWN);
        }
        conversation_close(&c);
    }
}

const struct test strict_tests[] = {
    TEST(bindings_are_required),
    TEST(target_is_required),
    END_OF_TESTS,
};
