/* Usage patterns of existing servers, each in a test. */
#include "conversation.h"
#include "groups.h"

#include <stdlib.h>

/* A server's state of a connection, as such programs keep it. */
struct connection {
    CredHandle credential;
    CtxtHandle context;
    bool begun;
};

static bool connection_open(struct connection *s) {
    memset(s, 0, sizeof *s);
    return CHECK_STATUS(W->AcquireCredentialsHandleW(NULL, u"NEGOTIATE", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                                     &s->credential, NULL),
                        SEC_E_OK);
}

/* cbMaxToken of QuerySecurityPackageInfo is the size of every buffer, unchecked. */
static void max_token_is_the_buffer_size(void) {
    struct conversation c;
    struct connection s;
    PSecPkgInfoA info;
    A->QuerySecurityPackageInfoA("negotiate", &info);
    ULONG size = info->cbMaxToken;
    A->FreeContextBuffer(info);
    REQUIRE(conversation_open(&c, NULL) && connection_open(&s));
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    while (status == SEC_I_CONTINUE_NEEDED) {
        CHECK(client_leg(&c) >= 0);
        void *buffer = malloc(size);
        SecBuffer in = {c.client.sent.length, SECBUFFER_TOKEN, c.client.sent.data}, out = {size, SECBUFFER_TOKEN, buffer};
        SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
        ULONG attributes;
        status = W->AcceptSecurityContext(&s.credential, s.begun ? &s.context : NULL, &in_desc, ASC_REQ_CONNECTION,
                                          SECURITY_NETWORK_DREP, &s.context, &out_desc, &attributes, NULL);
        s.begun = true;
        if (out.cbBuffer <= sizeof c.server.sent.data) memcpy(c.server.sent.data, buffer, out.cbBuffer);
        c.server.sent.length = out.cbBuffer;
        free(buffer);
    }
    CHECK_STATUS(status, SEC_E_OK);
    CHECK_STATUS(client_leg(&c), SEC_E_OK);
    W->DeleteSecurityContext(&s.context);
    W->FreeCredentialsHandle(&s.credential);
    conversation_close(&c);
}

/* Everything allocated; the attributes that one leg returned are the next leg's requirements. */
static void allocated_and_attributes_fed_back(void) {
    struct conversation c;
    struct connection s;
    REQUIRE(conversation_open(&c, NULL) && connection_open(&s));
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    ULONG attributes = ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_CONFIDENTIALITY | ASC_REQ_EXTENDED_ERROR;
    while (status == SEC_I_CONTINUE_NEEDED) {
        CHECK(client_leg(&c) >= 0);
        SecBuffer in = {c.client.sent.length, SECBUFFER_TOKEN, c.client.sent.data}, out = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
        status = W->AcceptSecurityContext(&s.credential, s.begun ? &s.context : NULL, &in_desc, attributes,
                                          SECURITY_NETWORK_DREP, &s.context, &out_desc, &attributes, NULL);
        s.begun = true;
        CHECK(attributes & ASC_RET_ALLOCATED_MEMORY);
        c.server.sent.length = out.cbBuffer;
        if (out.pvBuffer) memcpy(c.server.sent.data, out.pvBuffer, out.cbBuffer);
        W->FreeContextBuffer(out.pvBuffer);
    }
    CHECK_STATUS(status, SEC_E_OK);
    CHECK_STATUS(client_leg(&c), SEC_E_OK);
    W->DeleteSecurityContext(&s.context);
    W->FreeCredentialsHandle(&s.credential);
    conversation_close(&c);
}

/* A context handle of its own for every leg. */
static void a_new_handle_variable_for_every_leg(void) {
    struct conversation c;
    struct connection s;
    REQUIRE(conversation_open(&c, NULL) && connection_open(&s));
    CtxtHandle legs[4];
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    int leg = 0;
    for (; status == SEC_I_CONTINUE_NEEDED && leg < 4; leg++) {
        CHECK(client_leg(&c) >= 0);
        SecBuffer in = {c.client.sent.length, SECBUFFER_TOKEN, c.client.sent.data};
        SecBuffer out = {sizeof c.server.sent.data, SECBUFFER_TOKEN, c.server.sent.data};
        SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
        ULONG attributes;
        SecInvalidateHandle(&legs[leg]);
        status = W->AcceptSecurityContext(&s.credential, leg ? &legs[leg - 1] : NULL, &in_desc, 0, SECURITY_NATIVE_DREP,
                                          &legs[leg], &out_desc, &attributes, NULL);
        c.server.sent.length = out.cbBuffer;
    }
    CHECK_STATUS(status, SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&legs[leg - 1]), SEC_E_OK);
    W->FreeCredentialsHandle(&s.credential);
    conversation_close(&c);
}

/* After an error: send the output if its length says so, and free it. */
static void sends_and_frees_the_output_of_an_error(void) {
    for (int extended = 0; extended < 2; extended++) {
        struct conversation c;
        struct terms terms = {.password = u"wrong"};
        REQUIRE(conversation_until_last_leg(&c, &terms));
        SecBuffer in = {c.client.sent.length, SECBUFFER_TOKEN, c.client.sent.data}, out = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
        ULONG attributes = 0;
        SECURITY_STATUS status = W->AcceptSecurityContext(
            &c.server.credential, &c.server.context, &in_desc,
            ASC_REQ_ALLOCATE_MEMORY | (extended ? ASC_REQ_EXTENDED_ERROR : 0), SECURITY_NETWORK_DREP, &c.server.context,
            &out_desc, &attributes, NULL);
        CHECK_STATUS(status, SEC_E_LOGON_DENIED);
        if (out.cbBuffer > 0) {
            CHECK(((unsigned char *)out.pvBuffer)[0] == 0xa1);
            CHECK_REFUSED(client_leg_with(&c, out.pvBuffer, out.cbBuffer));
        }
        W->FreeContextBuffer(out.pvBuffer);
        conversation_close(&c);
    }
}

/* The same where the first call fails. */
static void frees_the_output_of_a_first_error(void) {
    struct connection s;
    REQUIRE(connection_open(&s));
    SecBuffer in = {4, SECBUFFER_TOKEN, "oops"}, out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes = 0;
    CHECK_REFUSED(W->AcceptSecurityContext(&s.credential, NULL, &in_desc, ASC_REQ_ALLOCATE_MEMORY, SECURITY_NETWORK_DREP,
                                           &s.context, &out_desc, &attributes, NULL));
    CHECK_EQUAL(out.cbBuffer, 0);
    W->FreeContextBuffer(out.pvBuffer);
    W->DeleteSecurityContext(&s.context); /* of a context that was never created */
    W->FreeCredentialsHandle(&s.credential);
}

/* Credentials are freed while their contexts, both half-open and established, remain in use. */
static void credentials_freed_before_their_contexts(void) {
    struct conversation begun, ready;
    REQUIRE(conversation_until_last_leg(&begun, NULL));
    REQUIRE(conversation_establish(&ready, NULL));
    CHECK_STATUS(W->FreeCredentialsHandle(&ready.server.credential), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&ready.client.credential), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&begun.server.credential), SEC_E_OK);
    ready.server.has_credential = ready.client.has_credential = begun.server.has_credential = false;
    CHECK(conversation_works(&ready));
    CredHandle stale = begun.server.credential;
    SecBuffer in = {begun.client.sent.length, SECBUFFER_TOKEN, begun.client.sent.data};
    SecBuffer out = {sizeof begun.server.sent.data, SECBUFFER_TOKEN, begun.server.sent.data};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    CHECK_STATUS(W->AcceptSecurityContext(NULL, &begun.server.context, &in_desc, 0, 0, &begun.server.context, &out_desc,
                                          &attributes, NULL),
                 SEC_E_OK);
    SecPkgContext_NamesW names;
    CHECK_STATUS(W->QueryContextAttributesW(&ready.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(names.sUserName), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&stale), SEC_E_INVALID_HANDLE);
    conversation_close(&begun);
    conversation_close(&ready);
}

/* Names that the program never frees stay readable. */
static void names_never_freed(void) {
    static SecPkgContext_NamesA names; /* reachable to the end: not a leak of the library's */
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    conversation_close(&c);
    CHECK(strcmp(names.sUserName, "EXAMPLE\\alice") == 0);
}

static void frees_what_it_was_never_given(void) {
    SecPkgContext_NamesA names = {NULL};
    char local[256] = "on the stack";
    W->FreeContextBuffer(local);
    W->FreeContextBuffer(&names);
    W->FreeContextBuffer(names.sUserName);
    CHECK(strcmp(local, "on the stack") == 0);
}

/* Either there is a token or there is none, and a thread that failed to impersonate continues with its own identity. On
 * Linux alice has no account: see impersonate.c for clients that have one. */
static void token_of_the_client(void) {
    struct conversation c;
    HANDLE token = &c;
    REQUIRE(conversation_establish(&c, NULL));
    SECURITY_STATUS status = W->QuerySecurityContextToken(&c.server.context, &token);
    SECURITY_STATUS acts = W->ImpersonateSecurityContext(&c.server.context);
    CHECK((status == SEC_E_OK) == (token != NULL));
#ifdef _WIN32
    CHECK(status == SEC_E_OK || status == (SECURITY_STATUS)SEC_E_NO_IMPERSONATION);
    CHECK(acts == SEC_E_OK || acts == (SECURITY_STATUS)SEC_E_NO_IMPERSONATION);
    if (token) CHECK(CloseHandle(token));
#else
    CHECK_STATUS(status, SEC_E_NO_IMPERSONATION);
    CHECK_STATUS(acts, SEC_E_NO_IMPERSONATION);
#endif
    CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

const struct test servers_tests[] = {
    TEST(max_token_is_the_buffer_size),
    TEST(allocated_and_attributes_fed_back),
    TEST(a_new_handle_variable_for_every_leg),
    TEST(sends_and_frees_the_output_of_an_error),
    TEST(frees_the_output_of_a_first_error),
    TEST(credentials_freed_before_their_contexts),
    TEST(token_of_the_client),
    TEST(names_never_freed),
    TEST(frees_what_it_was_never_given),
    END_OF_TESTS,
};
