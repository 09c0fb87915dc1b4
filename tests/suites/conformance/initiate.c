/* InitializeSecurityContext. */
#include "fixture.h"

/* ---- the first call */

PROMISE(InitializeSecurityContextW, ntlm_begins, "page: SEC_I_CONTINUE_NEEDED, send the token and wait for one in return") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].cbBuffer > 0);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, negotiate_begins, "page: SEC_I_CONTINUE_NEEDED, send the token and wait for one in return") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"Negotiate"));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].cbBuffer > 0);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, ntlm_token, "protocol [MS-NLMP] 2.2.1.1: signature NTLMSSP, MessageType 1") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].cbBuffer >= 12 && memcmp(d.room, "NTLMSSP\0\1\0\0\0", 12) == 0);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, negotiate_token, "protocol RFC 4178 4.2.1: an initial token in GSS-API's frame with SPNEGO's object identifier") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"Negotiate") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    bool framed = false;
    for (ULONG at = 2; at <= 6 && at + 8 < d.out[0].cbBuffer; at++) {
        framed |= memcmp(d.room + at, "\x06\x06\x2b\x06\x01\x05\x05\x02", 8) == 0;
    }
    CHECK(d.room[0] == 0x60 && framed);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, gives_a_handle, "page: phNewContext receives the new context handle") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK(SecIsValidHandle(&d.fresh) && !HANDLE_IS_ZERO(d.fresh));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, each_first_call_makes_a_context, "page: on the first call phContext is NULL, and a new context comes of it") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CtxtHandle first = d.fresh, second = zero_handle;
    d.new_context = &second;
    d.out[0].cbBuffer = sizeof d.room;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(memcmp(&first, &second, sizeof first) != 0);
    CHECK_STATUS(W->DeleteSecurityContext(&second), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextA, begins_as_w, "page: one page for both forms") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    ULONG length = d.out[0].cbBuffer, attributes = d.attributes;
    CtxtHandle context = zero_handle;
    d.out[0].cbBuffer = sizeof d.room;
    CHECK_STATUS(A->InitializeSecurityContextA(d.credential, NULL, "HTTP/server.example.com", d.requirements, 0, SECURITY_NATIVE_DREP,
                                               NULL, 0, &context, &d.out_desc, &d.attributes, NULL),
                 SEC_I_CONTINUE_NEEDED);
    CHECK_EQUAL(d.out[0].cbBuffer, length);
    CHECK_EQUAL(d.attributes, attributes);
    W->DeleteSecurityContext(&context);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextA, takes_a_target, "page: pszTargetName names the service; one page for both forms") {
    struct fixture d;
    REACH(somebody_gets_in(u"NTLM") && fixture_client_second(&d, u"NTLM"));
    W->DeleteSecurityContext(&d.c.client.context), d.c.client.has_context = false;
    W->DeleteSecurityContext(&d.c.server.context), d.c.server.has_context = false;
    SecBuffer out = {sizeof d.c.client.sent.data, SECBUFFER_TOKEN, d.c.client.sent.data};
    SecBufferDesc out_desc = desc_of(&out, 1);
    SEC_CHAR target[] = "cifs/files.example.com";
    REQUIRE_STATUS(A->InitializeSecurityContextA(d.credential, NULL, target, d.requirements, 0, SECURITY_NATIVE_DREP, NULL, 0,
                                                 &d.c.client.context, &out_desc, &d.attributes, NULL),
                   SEC_I_CONTINUE_NEEDED);
    d.c.client.has_context = true;
    d.c.client.sent.length = out.cbBuffer;
    CHECK_STATUS(server_leg(&d.c), SEC_I_CONTINUE_NEEDED);
    CHECK(client_leg(&d.c) >= 0);
    CHECK_STATUS(server_leg(&d.c), SEC_E_OK);
    SecPkgContext_ClientSpecifiedTarget answer = {NULL};
    if (CHECK_STATUS(W->QueryContextAttributesW(&d.c.server.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &answer), SEC_E_OK)) {
        CHECK(equal_wa(answer.sTargetName, target));
        W->FreeContextBuffer(answer.sTargetName);
    }
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, target_may_be_null, "page: pszTargetName is optional") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.target = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, target_may_be_empty, "bad use: a name of no characters") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.target = u"";
    CHECK_OK_OR_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, input_is_null_at_first, "page: on the first call pInput is NULL unless there are buffers to supply") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"Negotiate"));
    d.input = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, input_without_buffers_at_first, "header: cBuffers counts the buffers; there may be none") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.in_desc = desc_of(NULL, 0);
    d.input = &d.in_desc;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, input_with_an_empty_token_at_first, "servers: an empty token stands for none") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.in[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    d.input = &d.in_desc;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, native_representation, "page: TargetDataRep is SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.drep = SECURITY_NATIVE_DREP;
    CHECK(fixture_call(&d) >= 0);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, network_representation, "servers: SECURITY_NETWORK_DREP") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.drep = SECURITY_NETWORK_DREP;
    CHECK(fixture_call(&d) >= 0);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, expiry_may_be_null, "page: ptsExpiry is optional") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.expiry_at = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, attributes_may_be_null, "negossp.h: pfContextAttr may be NULL") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.attributes_at = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, reserved_1, "bad use: Reserved1 must be zero") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.reserved1 = 0xFFFFFFFF;
    CHECK_OK_OR_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, reserved_2, "bad use: Reserved2 must be zero") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.reserved2 = 0xFFFFFFFF;
    CHECK_OK_OR_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, unknown_requirements, "page: requirements that are not supported are not granted; it is for the caller to look") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.requirements |= 0x80000000;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

/* ---- wrong handles */

PROMISE(InitializeSecurityContextW, context_as_credential, "page: SEC_E_INVALID_HANDLE; a context's handle is not a credential's") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.credential = &d.c.client.context;
    d.context = NULL;
    d.new_context = &d.fresh;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, credential_as_context, "page: SEC_E_INVALID_HANDLE; a credential's handle is not a context's") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.context = &d.c.client.credential;
    d.new_context = &d.fresh;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, servers_context, "bad use: a context that AcceptSecurityContext made") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.context = d.new_context = &d.c.server.context;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, nowhere_to_put_the_context, "bad use: a first call with NULL for phNewContext") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.new_context = NULL;
    CHECK(W->InitializeSecurityContextW(d.credential, NULL, d.target, d.requirements, 0, d.drep, NULL, 0, NULL, d.output,
                                        &d.attributes, NULL) < 0);
    fixture_close(&d);
}

/* ---- the output */

PROMISE(InitializeSecurityContextW, output_of_another_type, "bad use: no SECBUFFER_TOKEN buffer for the token") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.out[0].BufferType = SECBUFFER_DATA;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, output_need_is_told, "negossp.h: the answer needs a buffer of the cbBuffer now set; call again") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.out[0].cbBuffer = 8;
    CHECK(fixture_call(&d) < 0);
    CHECK(d.out[0].cbBuffer > 8 && d.out[0].cbBuffer < sizeof d.room);
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, output_stays_within_the_buffer, "page: cbBuffer is the size of the buffer, and then of the token") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(untouched(d.room + d.out[0].cbBuffer, sizeof d.room - d.out[0].cbBuffer));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, allocates, "page: ISC_REQ_ALLOCATE_MEMORY, the package allocates, the caller frees with FreeContextBuffer") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.requirements |= ISC_REQ_ALLOCATE_MEMORY;
    d.out[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    REQUIRE_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].pvBuffer != NULL && d.out[0].cbBuffer > 0);
    CHECK_STATUS(W->FreeContextBuffer(d.out[0].pvBuffer), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, says_that_it_allocated, "page: ISC_RET_ALLOCATED_MEMORY can be checked before the final call") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.requirements |= ISC_REQ_ALLOCATE_MEMORY;
    d.out[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    REQUIRE_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.attributes & ISC_RET_ALLOCATED_MEMORY);
    W->FreeContextBuffer(d.out[0].pvBuffer);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, allocates_whatever_was_there, "page: the package allocates output buffers, so what was in pvBuffer does not matter") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.requirements |= ISC_REQ_ALLOCATE_MEMORY;
    REQUIRE_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].pvBuffer != d.room && untouched(d.room, sizeof d.room));
    if (d.out[0].pvBuffer != d.room) W->FreeContextBuffer(d.out[0].pvBuffer);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, does_not_allocate_unasked, "page: without ISC_REQ_ALLOCATE_MEMORY the buffers are the caller's") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].pvBuffer == d.room && !(d.attributes & ISC_RET_ALLOCATED_MEMORY));
    fixture_close(&d);
}

/* ---- Kerberos */

PROMISE(InitializeSecurityContextW, kerberos_without_a_domain, "page: SEC_E_NO_CREDENTIALS, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_TARGET_UNKNOWN") {
    struct fixture d;
    CredHandle credential = invalid_handle;
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    REACH(fixture_client_first(&d, u"Negotiate"));
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"Kerberos", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL, &credential, NULL),
                   SEC_E_OK);
    d.credential = &credential;
    CHECK_ONE_OF(fixture_call(&d), SEC_E_NO_CREDENTIALS, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_TARGET_UNKNOWN, SEC_E_LOGON_DENIED);
    CHECK_NOTHING_CAME_OF_IT(&d);
    W->FreeCredentialsHandle(&credential);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, nobody_to_be, "page: SEC_E_NO_CREDENTIALS, no credentials are available in the security package") {
    struct fixture d;
    CredHandle credential = invalid_handle;
    REACH(fixture_client_first(&d, u"NTLM"));
    REACH(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL, &credential, NULL) == SEC_E_OK);
    d.credential = &credential;
    CHECK_ONE_OF(fixture_call(&d), SEC_E_NO_CREDENTIALS, SEC_I_CONTINUE_NEEDED);
    W->FreeCredentialsHandle(&credential);
    fixture_close(&d);
}

/* ---- later calls */

PROMISE(InitializeSecurityContextW, ntlm_ends, "page: SEC_E_OK, the context was successfully initialized; send the token if there is one") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(d.out[0].cbBuffer >= 12 && memcmp(d.room, "NTLMSSP\0\3\0\0\0", 12) == 0);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, negotiate_ends, "page: SEC_E_OK, or SEC_I_CONTINUE_NEEDED as long as the server has to answer") {
    struct fixture d;
    REACH(somebody_gets_in(u"Negotiate") && fixture_client_second(&d, u"Negotiate"));
    CHECK(fixture_finish(&d));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, context_and_new_context_are_one, "servers: phContext equal to or different from phNewContext") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    CtxtHandle before = d.c.client.context;
    d.new_context = d.context;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(memcmp(&before, d.context, sizeof before) == 0);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, credential_may_be_null_later, "negossp.h: phCredential may be NULL once there is a context") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.credential = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, attributes_fed_back, "servers: attributes returned by one leg fed back as the next leg's requirements") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.requirements = d.c.client.attributes;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(d.attributes & ISC_RET_INTEGRITY);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, output_too_small_later, "page of the status codes: SEC_E_BUFFER_TOO_SMALL, the buffers are too small") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.out[0].cbBuffer = 16;
    CHECK_ONE_OF(fixture_call(&d), SEC_E_BUFFER_TOO_SMALL, SEC_E_INSUFFICIENT_MEMORY);
    CHECK(untouched(d.room + 16, sizeof d.room - 16));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, output_too_small_later_and_again, "negossp.h: nothing has changed: call again") {
    struct fixture d;
    REACH(somebody_gets_in(u"NTLM") && fixture_client_second(&d, u"NTLM"));
    d.out[0].cbBuffer = 16;
    CHECK(fixture_call(&d) < 0);
    d.out[0].cbBuffer = sizeof d.room;
    CHECK(fixture_finish(&d));
    fixture_close(&d);
}

static void later_input(const void *token, ULONG length) {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.in[0] = (SecBuffer){length, SECBUFFER_TOKEN, (void *)token};
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_TOKEN);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, garbage_from_the_server, "page: SEC_E_INVALID_TOKEN, the token is malformed") {
    later_input("this is not what a server says", 30);
}

PROMISE(InitializeSecurityContextW, one_byte_from_the_server, "page: SEC_E_INVALID_TOKEN, such as a token corrupted in transit, or of the wrong size") {
    later_input("N", 1);
}

PROMISE(InitializeSecurityContextW, empty_token_from_the_server, "page: SEC_E_INVALID_TOKEN, a token of the wrong size") {
    later_input("", 0);
}

PROMISE(InitializeSecurityContextW, truncated_token_from_the_server, "page: SEC_E_INVALID_TOKEN, a token of the wrong size") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.in[0].cbBuffer = 20;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_TOKEN);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, own_token_reflected, "page: SEC_E_INVALID_TOKEN, passing a token into the wrong side") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.in[0] = (SecBuffer){d.c.client.sent.length, SECBUFFER_TOKEN, d.c.client.sent.data};
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_TOKEN);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, endless_token_from_the_server, "bad use: an input of 0xFFFFFFFF bytes") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.in[0].cbBuffer = 0xFFFFFFFF;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, null_input_later, "bad use: no token from the server where one is due") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.input = NULL;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, input_of_another_version, "header: ulVersion must be SECBUFFER_VERSION") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.in_desc.ulVersion = 1;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, input_token_is_not_the_first, "page of SecBufferDesc: an array of buffers, each with its type") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.in[1] = d.in[0];
    d.in[0] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    d.in_desc.cBuffers = 2;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, input_with_an_empty_buffer_behind, "page: the second buffer should be of type SECBUFFER_EMPTY") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.in[1] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    d.in_desc.cBuffers = 2;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, input_marked_read_only, "header: SECBUFFER_ATTRMASK are attributes beside the type") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.in[0].BufferType |= SECBUFFER_READONLY;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, input_is_not_changed, "page: pInput's token is an input") {
    struct fixture d;
    struct bytes before;
    REACH(fixture_client_second(&d, u"NTLM"));
    before = d.c.server.sent;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(memcmp(before.data, d.c.server.sent.data, before.length) == 0 && d.in[0].cbBuffer == before.length);
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, in_place, "servers: one buffer for what comes and what goes") {
    struct fixture d;
    REACH(somebody_gets_in(u"NTLM") && fixture_client_second(&d, u"NTLM"));
    memcpy(d.room, d.c.server.sent.data, d.c.server.sent.length);
    d.in[0].pvBuffer = d.room;
    CHECK(fixture_finish(&d));
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, after_a_failure, "page: after a failure the context cannot be used, but for deleting it") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    d.in[0].cbBuffer = 9;
    CHECK(fixture_call(&d) < 0);
    d.in[0].cbBuffer = d.c.server.sent.length;
    d.out[0].cbBuffer = sizeof d.room;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_STATUS(W->DeleteSecurityContext(d.context), SEC_E_OK);
    d.c.client.has_context = false;
    fixture_close(&d);
}

PROMISE(InitializeSecurityContextW, after_the_end, "bad use: another call for a context that is established") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    d.out[0].cbBuffer = sizeof d.room;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

/* ---- attributes */

static ULONG attributes_of(ULONG requirements) {
    struct conversation c;
    ULONG attributes = 0;
    struct terms terms = {.package = u"NTLM", .client_requirements = requirements};
    if (conversation_establish(&c, &terms)) attributes = c.client.attributes;
    conversation_close(&c);
    return attributes;
}

#define GRANTS(requirement, grant) \
    do { \
        ULONG attributes = attributes_of(requirement); \
        REACH(attributes != 0); \
        CHECK_EQUAL(attributes & (grant), grant); \
    } while (0)

PROMISE(InitializeSecurityContextW, grants_integrity, "page: ISC_REQ_INTEGRITY, sign messages and verify signatures") {
    GRANTS(ISC_REQ_INTEGRITY, ISC_RET_INTEGRITY);
}

PROMISE(InitializeSecurityContextW, grants_confidentiality, "page: ISC_REQ_CONFIDENTIALITY, encrypt messages") {
    GRANTS(ISC_REQ_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY);
}

PROMISE(InitializeSecurityContextW, grants_replay_detection, "page: ISC_REQ_REPLAY_DETECT, detect replayed messages") {
    GRANTS(ISC_REQ_REPLAY_DETECT | ISC_REQ_INTEGRITY, ISC_RET_REPLAY_DETECT);
}

PROMISE(InitializeSecurityContextW, grants_sequence_detection, "page: ISC_REQ_SEQUENCE_DETECT, detect messages received out of sequence") {
    GRANTS(ISC_REQ_SEQUENCE_DETECT | ISC_REQ_INTEGRITY, ISC_RET_SEQUENCE_DETECT);
}

PROMISE(InitializeSecurityContextW, grants_connection, "page: ISC_REQ_CONNECTION, the context will not handle formatting messages") {
    GRANTS(ISC_REQ_CONNECTION, ISC_RET_CONNECTION);
}

PROMISE(InitializeSecurityContextW, grants_identify, "page of context requirements: ISC_RET_IDENTIFY, the server may identify but not impersonate") {
    GRANTS(ISC_REQ_IDENTIFY | ISC_REQ_INTEGRITY, ISC_RET_IDENTIFY);
}

PROMISE(InitializeSecurityContextW, no_mutual_authentication_with_ntlm, "page: what was required and not granted is to be seen in the attributes") {
    ULONG attributes = attributes_of(ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY);
    REACH(attributes != 0);
    CHECK(!(attributes & ISC_RET_MUTUAL_AUTH));
}

PROMISE(InitializeSecurityContextW, no_delegation_with_ntlm, "page: ISC_REQ_DELEGATE is valid for Kerberos") {
    ULONG attributes = attributes_of(ISC_REQ_DELEGATE | ISC_REQ_INTEGRITY);
    REACH(attributes != 0);
    CHECK(!(attributes & ISC_RET_DELEGATE));
}

PROMISE(InitializeSecurityContextW, grants_a_null_session, "page of context requirements: ISC_REQ_NULL_SESSION, the client is anonymous") {
    struct conversation c;
    struct terms terms = {.package = u"NTLM", .anonymous = true, .server_requirements = ASC_REQ_ALLOW_NULL_SESSION,
                          .client_requirements = ISC_REQ_NULL_SESSION};
    REACH(conversation_establish(&c, &terms));
    CHECK(c.client.attributes & ISC_RET_NULL_SESSION);
    conversation_close(&c);
}

PROMISE(InitializeSecurityContextW, expiry_lies_ahead, "page: ptsExpiry receives the expiration time of the context, in local time") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(((uint64_t)(uint32_t)d.expiry.HighPart << 32 | d.expiry.LowPart) > local_time_ticks());
    fixture_close(&d);
}
