/* InitializeSecurityContext: the client's part, where it is not covered by the server's tests. */
#include "conversation.h"
#include "groups.h"

#include <stdlib.h>

static SECURITY_STATUS first_call(CredHandle *credential, CtxtHandle *context, SecBuffer *out, ULONG requirements,
                                  ULONG *attributes) {
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, out};
    return W->InitializeSecurityContextW(credential, NULL, u"HTTP/server.example.com", requirements, 0,
                                         SECURITY_NATIVE_DREP, NULL, 0,
                                         context, out ? &out_desc : NULL, attributes, NULL);
}

static void first_token_of_each_package(void) {
    static const struct {
        SEC_WCHAR *package;
        const char *start;
        ULONG length;
    } packages[] = {{u"Negotiate", "\x60", 1}, {u"NTLM", "NTLMSSP\0\1\0\0\0", 12}};
    for (size_t i = 0; i < 2; i++) {
        struct conversation c;
        struct terms terms = {.package = packages[i].package};
        REQUIRE(conversation_open(&c, &terms));
        CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
        CHECK(c.client.sent.length > packages[i].length);
        CHECK(memcmp(c.client.sent.data, packages[i].start, packages[i].length) == 0);
        conversation_close(&c);
    }
}

static void too_small_is_repeatable(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    ULONG attributes;
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    CtxtHandle context = {0, 0};
    CHECK_STATUS(first_call(&c.client.credential, &context, &out, CLIENT_USUAL, &attributes),
                 SEC_E_BUFFER_TOO_SMALL);
    CHECK_EQUAL(out.cbBuffer, 0); /* as on Windows */
    unsigned char little;
    out = (SecBuffer){1, SECBUFFER_TOKEN, &little};
    CHECK_STATUS(first_call(&c.client.credential, &context, &out, CLIENT_USUAL, &attributes),
                 SEC_E_BUFFER_TOO_SMALL);
    ULONG need = out.cbBuffer;
    REQUIRE(need > 1 && need < TOKEN_MAX);
    unsigned char *exact = malloc(need);
    out = (SecBuffer){need, SECBUFFER_TOKEN, exact};
    CHECK_STATUS(first_call(&c.client.credential, &context, &out, CLIENT_USUAL, &attributes),
                 SEC_I_CONTINUE_NEEDED);
    CHECK_EQUAL(out.cbBuffer, need);
    c.client.context = context, c.client.has_context = true, c.client.status = SEC_I_CONTINUE_NEEDED;
    CHECK_STATUS(server_leg_with(&c, exact, need), SEC_I_CONTINUE_NEEDED);
    free(exact);
    /* AUTHENTICATE_MESSAGE in one byte less, then in room enough, with the same context */
    SecBuffer in = {c.server.sent.length, SECBUFFER_TOKEN, c.server.sent.data};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    out = (SecBuffer){1, SECBUFFER_TOKEN, c.client.sent.data};
    CHECK_STATUS(W->InitializeSecurityContextW(&c.client.credential, &context, u"HTTP/server.example.com", CLIENT_USUAL, 0,
                                               0, &in_desc, 0, &context, &out_desc, &attributes, NULL),
                 SEC_E_BUFFER_TOO_SMALL);
    CHECK(out.cbBuffer > 1);
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_EQUAL(c.client.sent.length, out.cbBuffer);
    CHECK_STATUS(server_leg(&c), SEC_E_OK);
    CHECK(converse(&c));
    conversation_close(&c);
}

static void allocates_when_asked(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    CtxtHandle context = {0, 0};
    ULONG attributes = 0;
    REQUIRE_STATUS(first_call(&c.client.credential, &context, &out, ISC_REQ_ALLOCATE_MEMORY, &attributes),
                   SEC_I_CONTINUE_NEEDED);
    CHECK(attributes & ISC_RET_ALLOCATED_MEMORY);
    REQUIRE(out.pvBuffer != NULL && out.cbBuffer > 0);
    CHECK_STATUS(server_leg_with(&c, out.pvBuffer, out.cbBuffer), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(W->FreeContextBuffer(out.pvBuffer), SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_OK);
    conversation_close(&c);
}

static void null_arguments(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    ULONG attributes;
    unsigned char token[1000];
    SecBuffer out = {sizeof token, SECBUFFER_TOKEN, token};
    CtxtHandle context = {0, 0};
    CHECK_STATUS(first_call(NULL, &context, &out, 0, &attributes), SEC_E_INVALID_HANDLE);
    CHECK_REFUSED(first_call(&c.client.credential, NULL, &out, 0, &attributes));
    CHECK_REFUSED(first_call(&c.client.credential, &context, NULL, 0, &attributes));
    /* the target and the attributes are optional */
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, &out};
    out.cbBuffer = sizeof token;
    CHECK_STATUS(W->InitializeSecurityContextW(&c.client.credential, NULL, NULL, 0, 0, 0, NULL, 0, &context, &out_desc,
                                               NULL, NULL),
                 SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_OK);
    conversation_close(&c);
}

/* Some callers pass this on the first call: an empty descriptor. */
static void empty_input_on_the_first_call(void) {
    struct conversation c;
    REQUIRE(conversation_open(&c, NULL));
    static const char nothing[1];
    CHECK_STATUS(client_leg_with(&c, nothing, 0), SEC_I_CONTINUE_NEEDED);
    CHECK(converse(&c));
    conversation_close(&c);
}

static void without_credentials_of_its_own(void) {
    CredHandle credential;
    SECURITY_STATUS status = W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                                          &credential, NULL);
    if (status != SEC_E_OK) {
        CHECK_REFUSED(status);
        return;
    }
    unsigned char token[1000];
    SecBuffer out = {sizeof token, SECBUFFER_TOKEN, token};
    CtxtHandle context = {0, 0};
    ULONG attributes;
    status = first_call(&credential, &context, &out, 0, &attributes);
    if (status >= 0) CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_OK);
    else CHECK_REFUSED(status);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}


static void garbage_from_the_server(void) {
    static const struct bytes tokens[] = {
        {1, "x"}, {8, "NTLMSSP"}, {12, "NTLMSSP\0\3\0\0\0"}, {2, "\xa1\x00"}, {4, "\xa1\x02\x30\x00"}, {2, "\x60\x80"}};
    for (size_t p = 0; p < 2; p++) {
        for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
            struct conversation c;
            struct terms terms = {.package = p ? u"NTLM" : u"Negotiate"};
            REQUIRE(conversation_open(&c, &terms));
            CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
            CHECK_REFUSED(client_leg_with(&c, tokens[i].data, tokens[i].length));
            CHECK_EQUAL(c.client.sent.length, 0);
            conversation_close(&c);
        }
    }
}

const struct test initiate_tests[] = {
    TEST(first_token_of_each_package),
    TEST(too_small_is_repeatable),
    TEST(allocates_when_asked),
    TEST(null_arguments),
    TEST(empty_input_on_the_first_call),
    TEST(without_credentials_of_its_own),
    TEST(garbage_from_the_server),
    END_OF_TESTS,
};
