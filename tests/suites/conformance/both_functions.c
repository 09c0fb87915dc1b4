/* Promises that AcceptSecurityContext and InitializeSecurityContext share. */
#include "fixture.h"

/* Prepares a fixture for the function's first call, a later one, and the last. */
struct function {
    bool (*before_first)(struct fixture *d, SEC_WCHAR *package);
    bool (*before_second)(struct fixture *d, SEC_WCHAR *package);
    bool (*before_last)(struct fixture *d, SEC_WCHAR *package);
};
static const struct function accepting = {fixture_server_first, fixture_server_second, fixture_server_last};
static const struct function initiating = {fixture_client_first, fixture_client_second, fixture_client_second};

/* A promise for each of the two. */
#define PROMISE_OF_BOTH(what, why) \
    static void both_##what(const struct function *f); \
    PROMISE(AcceptSecurityContext, what, why) { both_##what(&accepting); } \
    PROMISE(InitializeSecurityContextW, what, why) { both_##what(&initiating); } \
    static void both_##what(const struct function *f)

/* ---- wrong handles */

static void first_call_of_credential(const struct function *f, PCredHandle credential) {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.credential = credential;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_HANDLE);
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE_OF_BOTH(null_credential, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    first_call_of_credential(f, NULL);
}

PROMISE_OF_BOTH(zero_credential, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    CredHandle handle = zero_handle;
    first_call_of_credential(f, &handle);
}

PROMISE_OF_BOTH(invalidated_credential, "header: SecInvalidateHandle makes a handle that is none") {
    CredHandle handle = invalid_handle;
    first_call_of_credential(f, &handle);
}

PROMISE_OF_BOTH(made_up_credential, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    CredHandle handle = made_up_handle;
    first_call_of_credential(f, &handle);
}

PROMISE_OF_BOTH(zero_context, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    fixture_refuses_context(f->before_second, zero_handle);
}

PROMISE_OF_BOTH(invalidated_context, "header: SecInvalidateHandle makes a handle that is none") {
    fixture_refuses_context(f->before_second, invalid_handle);
}

PROMISE_OF_BOTH(made_up_context, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    fixture_refuses_context(f->before_second, made_up_handle);
}

PROMISE_OF_BOTH(context_and_new_context_are_two, "servers: phContext equal to or different from phNewContext") {
    struct fixture d;
    REACH(f->before_last(&d, u"NTLM"));
    d.new_context = &d.fresh;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(memcmp(&d.fresh, d.context, sizeof d.fresh) == 0);
    fixture_close(&d);
}

PROMISE_OF_BOTH(new_context_may_be_null_later, "negossp.h: on later calls phNewContext may equal phContext, or be NULL") {
    struct fixture d;
    REACH(f->before_last(&d, u"NTLM"));
    d.new_context = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

/* ---- the output */

PROMISE_OF_BOTH(null_output, "bad use: pOutput is NULL where there is a token to give") {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.output = NULL;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE_OF_BOTH(output_of_another_version, "header: ulVersion must be SECBUFFER_VERSION") {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.out_desc.ulVersion = 7;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE_OF_BOTH(output_without_buffers, "bad use: cBuffers is 0 where there is a token to give") {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.out_desc.cBuffers = 0;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE_OF_BOTH(output_of_null_buffers, "bad use: pBuffers is NULL and cBuffers is not 0") {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.out_desc.pBuffers = NULL;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE_OF_BOTH(output_of_endless_buffers, "bad use: cBuffers is 0xFFFFFFFF") {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.out_desc.cBuffers = 0xFFFFFFFF;
    CHECK_OK_OR_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE_OF_BOTH(output_buffer_of_null, "bad use: pvBuffer is NULL and cbBuffer is not 0") {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.out[0].pvBuffer = NULL;
    /* Wine's own tests, which were run on Windows: SEC_E_INTERNAL_ERROR, or success. */
    SECURITY_STATUS status = fixture_call(&d);
    if (status != SEC_E_INTERNAL_ERROR) CHECK_OK_OR_REFUSED(status);
    fixture_close(&d);
}

PROMISE_OF_BOTH(output_token_is_not_the_first, "page of SecBufferDesc: an array of buffers, each with its type") {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.out[1] = d.out[0];
    d.out[0] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    d.out_desc.cBuffers = 2;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[1].cbBuffer > 0 && d.out[0].cbBuffer == 0);
    fixture_close(&d);
}

PROMISE_OF_BOTH(output_too_small, "page of the status codes: SEC_E_BUFFER_TOO_SMALL, the buffers are too small") {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.out[0].cbBuffer = 8;
    CHECK_ONE_OF(fixture_call(&d), SEC_E_BUFFER_TOO_SMALL, SEC_E_INSUFFICIENT_MEMORY);
    CHECK(untouched(d.room + 8, sizeof d.room - 8));
    fixture_close(&d);
}

PROMISE_OF_BOTH(output_of_no_bytes, "page of the status codes: SEC_E_BUFFER_TOO_SMALL, the buffers are too small") {
    struct fixture d;
    REACH(f->before_first(&d, u"NTLM"));
    d.out[0].cbBuffer = 0;
    CHECK_ONE_OF(fixture_call(&d), SEC_E_BUFFER_TOO_SMALL, SEC_E_INSUFFICIENT_MEMORY);
    fixture_close(&d);
}
