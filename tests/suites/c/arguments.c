/* AcceptSecurityContext's arguments: which may be NULL, which may be the same, which values are
 * invalid. */
#include "conversation.h"
#include "groups.h"

/* One call with every argument given. */
struct call {
    CredHandle *credential;
    CtxtHandle *context, *new_context;
    const struct bytes *token;
};

static struct bytes answer;

static SECURITY_STATUS accept_call(struct call call, ULONG *attributes, TimeStamp *expiry) {
    SecBuffer in = {call.token ? call.token->length : 0, SECBUFFER_TOKEN, call.token ? (void *)call.token->data : NULL};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in};
    SecBuffer out = {sizeof answer.data, SECBUFFER_TOKEN, answer.data};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, &out};
    SECURITY_STATUS status = W->AcceptSecurityContext(call.credential, call.context, call.token ? &in_desc : NULL, 0,
                                                      SECURITY_NATIVE_DREP, call.new_context, &out_desc, attributes,
                                                      expiry);
    answer.length = out.cbBuffer;
    return status;
}

/* The first call makes a context; later calls name it, in phContext alone, or in both. */
static void new_context_equal_to_context(void) {
    struct conversation c;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    CtxtHandle before = c.server.context;
    CHECK_STATUS(accept_call((struct call){&c.server.credential, &c.server.context, &c.server.context, &c.client.sent},
                             &c.server.attributes, NULL),
                 SEC_E_OK);
    CHECK(memcmp(&before, &c.server.context, sizeof before) == 0);
    conversation_close(&c);
}

static void new_context_different_from_context(void) {
    struct conversation c;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    CtxtHandle other = {1, 2};
    CHECK_STATUS(accept_call((struct call){&c.server.credential, &c.server.context, &other, &c.client.sent},
                             &c.server.attributes, NULL),
                 SEC_E_OK);
    CHECK(memcmp(&other, &c.server.context, sizeof other) == 0);
    conversation_close(&c);
}

static void new_context_null_on_a_later_call(void) {
    struct conversation c;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    CHECK_STATUS(accept_call((struct call){&c.server.credential, &c.server.context, NULL, &c.client.sent},
                             &c.server.attributes, NULL),
                 SEC_E_OK);
    CHECK(W->DeleteSecurityContext(&c.server.context) == SEC_E_OK);
    c.server.has_context = false;
    conversation_close(&c);
}

/* The credential's handle is optional on later calls: the context knows its own. */
static void credential_null_on_a_later_call(void) {
    struct conversation c;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    CHECK_STATUS(accept_call((struct call){NULL, &c.server.context, &c.server.context, &c.client.sent},
                             &c.server.attributes, NULL),
                 SEC_E_OK);
    conversation_close(&c);
}

static void expiry_is_optional_and_never(void) {
    struct conversation c;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    TimeStamp expiry;
    memset(&expiry, 0, sizeof expiry);
    CHECK_STATUS(accept_call((struct call){&c.server.credential, &c.server.context, &c.server.context, &c.client.sent},
                             &c.server.attributes, &expiry),
                 SEC_E_OK);
    CHECK(expiry.HighPart == 0x7fffff36 && expiry.LowPart == 0xd5969fff);
    conversation_close(&c);
}

static void attributes_may_be_null(void) {
    struct conversation c;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    CHECK_STATUS(accept_call((struct call){&c.server.credential, &c.server.context, &c.server.context, &c.client.sent},
                             NULL, NULL),
                 SEC_E_OK);
    conversation_close(&c);
}

static void hint_for_no_input_at_all(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(accept_call((struct call){&c.server.credential, NULL, &c.server.context, NULL}, &c.server.attributes,
                             NULL),
                 SEC_I_CONTINUE_NEEDED);
    CHECK(answer.length > 0);
    c.server.has_context = true;
    conversation_close(&c);
}

/* A first call that fails makes no context. */
static void sec_e_invalid_token_and_no_context_from_a_first_call(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    static const struct bytes garbage = {7, "garbage"};
    CtxtHandle context = {0, 0};
    CHECK_STATUS(accept_call((struct call){&c.server.credential, NULL, &context, &garbage}, &c.server.attributes, NULL),
                 SEC_E_INVALID_TOKEN);
    CHECK_EQUAL(answer.length, 0);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
    conversation_close(&c);
}

static void sec_e_invalid_handle(void) {
    struct conversation c;
    REQUIRE(conversation_until_last_leg(&c, NULL));
    CtxtHandle zero = {0, 0}, ones, fresh = {0, 0};
    SecInvalidateHandle(&ones);
    struct bytes *token = &c.client.sent;
    ULONG attributes;
    /* an invalid context */
    CHECK_STATUS(accept_call((struct call){&c.server.credential, &ones, &ones, token}, &attributes, NULL),
                 SEC_E_INVALID_HANDLE);
    CHECK_STATUS(accept_call((struct call){&c.server.credential, &c.server.credential, &fresh, token}, &attributes, NULL),
                 SEC_E_INVALID_HANDLE);
    CHECK_STATUS(accept_call((struct call){&c.server.credential, &c.client.context, &fresh, token}, &attributes, NULL),
                 SEC_E_INVALID_HANDLE);
    /* an invalid credential */
    CHECK_STATUS(accept_call((struct call){NULL, NULL, &fresh, token}, &attributes, NULL), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(accept_call((struct call){&zero, NULL, &fresh, token}, &attributes, NULL), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(accept_call((struct call){&ones, NULL, &fresh, token}, &attributes, NULL), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(accept_call((struct call){&c.server.context, NULL, &fresh, token}, &attributes, NULL),
                 SEC_E_INVALID_HANDLE);
    /* the conversation is not affected */
    CHECK(converse(&c) && conversation_works(&c));
    conversation_close(&c);
}

static void new_context_null_on_the_first_call(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    ULONG attributes;
    CHECK_REFUSED(accept_call((struct call){&c.server.credential, NULL, NULL, &c.client.sent}, &attributes, NULL));
    conversation_close(&c);
}

const struct test arguments_tests[] = {
    TEST(new_context_equal_to_context),
    TEST(new_context_different_from_context),
    TEST(new_context_null_on_a_later_call),
    TEST(credential_null_on_a_later_call),
    TEST(expiry_is_optional_and_never),
    TEST(attributes_may_be_null),
    TEST(hint_for_no_input_at_all),
    TEST(sec_e_invalid_token_and_no_context_from_a_first_call),
    TEST(sec_e_invalid_handle),
    TEST(new_context_null_on_the_first_call),
    END_OF_TESTS,
};
