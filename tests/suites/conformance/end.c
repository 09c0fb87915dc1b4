/* DeleteSecurityContext, and CompleteAuthToken, which some packages need before a token is sent. */
#include "fixture.h"

/* ---- CompleteAuthToken */

PROMISE(CompleteAuthToken, nothing_to_complete, "page: used by some packages; SEC_E_OK, or an error where there is nothing to complete") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK_ONE_OF(W->CompleteAuthToken(&d.c.server.context, &d.out_desc), SEC_E_OK, SEC_E_UNSUPPORTED_FUNCTION, SEC_E_INVALID_TOKEN,
                 SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

PROMISE(CompleteAuthToken, does_no_harm, "page of AcceptSecurityContext: it is called for SEC_I_COMPLETE_NEEDED; elsewhere it is not needed") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    W->CompleteAuthToken(&d.c.server.context, &d.out_desc);
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(CompleteAuthToken, null_handle, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    SecBuffer buffer = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc desc = desc_of(&buffer, 1);
    CHECK_STATUS(W->CompleteAuthToken(NULL, &desc), SEC_E_INVALID_HANDLE);
}

PROMISE(CompleteAuthToken, invalidated_handle, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    SecBuffer buffer = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc desc = desc_of(&buffer, 1);
    CtxtHandle handle = invalid_handle;
    CHECK_STATUS(W->CompleteAuthToken(&handle, &desc), SEC_E_INVALID_HANDLE);
}

PROMISE(CompleteAuthToken, null_token, "bad use: pToken is not optional") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK_OK_OR_REFUSED(W->CompleteAuthToken(&d.c.server.context, NULL));
    fixture_close(&d);
}

/* ---- DeleteSecurityContext */

static void ends(struct side *side) {
    CHECK_STATUS(W->DeleteSecurityContext(&side->context), SEC_E_OK);
    side->has_context = false;
}

PROMISE(DeleteSecurityContext, begun_client, "page: SEC_E_OK if the function succeeds; contexts that are not finished are to be deleted too") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    ends(&d.c.client);
    fixture_close(&d);
}

PROMISE(DeleteSecurityContext, begun_server, "page: SEC_E_OK if the function succeeds; contexts that are not finished are to be deleted too") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    ends(&d.c.server);
    fixture_close(&d);
}

PROMISE(DeleteSecurityContext, established, "page: deletes the local data structures of the security context") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    ends(&c.server);
    ends(&c.client);
    conversation_close(&c);
}

PROMISE(DeleteSecurityContext, denied, "page of AcceptSecurityContext: the server deletes the context of a client that it rejects") {
    struct fixture d;
    REACH(fixture_server_second_with(&d, &(struct terms){.package = u"NTLM", .password = u"wrong"}));
    CHECK_STATUS(fixture_call(&d), SEC_E_LOGON_DENIED);
    ends(&d.c.server);
    fixture_close(&d);
}

PROMISE(DeleteSecurityContext, twice, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CtxtHandle copy = d.c.client.context;
    ends(&d.c.client);
    CHECK_STATUS(W->DeleteSecurityContext(&copy), SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

PROMISE(DeleteSecurityContext, null, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    CHECK_STATUS(W->DeleteSecurityContext(NULL), SEC_E_INVALID_HANDLE);
}

static void is_none(SecHandle handle) {
    CHECK_STATUS(W->DeleteSecurityContext(&handle), SEC_E_INVALID_HANDLE);
}

PROMISE(DeleteSecurityContext, zeros, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    is_none(zero_handle);
}

PROMISE(DeleteSecurityContext, invalidated, "header: SecInvalidateHandle makes a handle that is none") {
    is_none(invalid_handle);
}

PROMISE(DeleteSecurityContext, deleted, "header: SEC_DELETED_HANDLE marks a handle that has ended") {
    is_none(deleted_handle);
}

PROMISE(DeleteSecurityContext, made_up, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    is_none(made_up_handle);
}

PROMISE(DeleteSecurityContext, a_credential, "page: SEC_E_INVALID_HANDLE; a credential's handle is not a context's") {
    CredHandle credential;
    REACH(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL) == SEC_E_OK);
    is_none(credential);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

PROMISE(DeleteSecurityContext, before_its_credential, "page of FreeCredentialsHandle: contexts first, then the credentials, is the usual order") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    ends(&c.server);
    CHECK_STATUS(W->FreeCredentialsHandle(&c.server.credential), SEC_E_OK);
    c.server.has_credential = false;
    conversation_close(&c);
}

PROMISE(DeleteSecurityContext, after_its_credential, "servers: credentials freed while contexts from them live on") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(W->FreeCredentialsHandle(&c.server.credential), SEC_E_OK);
    c.server.has_credential = false;
    ends(&c.server);
    conversation_close(&c);
}

PROMISE(DeleteSecurityContext, leaves_the_credential, "page: the context is deleted; the credentials are for FreeCredentialsHandle") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    ends(&d.c.server);
    d.new_context = &d.fresh;
    d.context = NULL;
    d.out[0].cbBuffer = sizeof d.room;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(DeleteSecurityContext, leaves_other_contexts, "page: the context that the handle names") {
    struct conversation one, two;
    REACH(contexts(&one, u"NTLM") && contexts(&two, u"NTLM"));
    ends(&one.server), ends(&one.client);
    CHECK(conversation_works(&two));
    conversation_close(&one), conversation_close(&two);
}

PROMISE(DeleteSecurityContext, leaves_what_was_given, "servers: names from SECPKG_ATTR_NAMES freed with FreeContextBuffer, or never") {
    struct conversation c;
    SecPkgContext_NamesA names = {NULL};
    REACH(contexts(&c, u"NTLM"));
    REQUIRE_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    conversation_close(&c);
    CHECK(strcmp(names.sUserName, "EXAMPLE\\alice") == 0);
    CHECK_STATUS(A->FreeContextBuffer(names.sUserName), SEC_E_OK);
}

/* A context that was established and is deleted. */
static bool stale_context(CtxtHandle *stale) {
    struct conversation c;
    if (!contexts(&c, u"NTLM")) return false;
    *stale = c.server.context;
    conversation_close(&c);
    return true;
}

PROMISE(DeleteSecurityContext, accepting_with_it_afterwards, "page of AcceptSecurityContext: SEC_E_INVALID_HANDLE") {
    struct fixture d;
    CtxtHandle stale;
    REACH(stale_context(&stale) && fixture_server_second(&d, u"NTLM"));
    d.context = &stale;
    d.new_context = &d.fresh;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

PROMISE(DeleteSecurityContext, querying_it_afterwards, "page of QueryContextAttributes: SEC_E_INVALID_HANDLE") {
    CtxtHandle stale;
    SecPkgContext_Sizes sizes;
    REACH(stale_context(&stale));
    CHECK_STATUS(W->QueryContextAttributesW(&stale, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
}

PROMISE(DeleteSecurityContext, signing_with_it_afterwards, "page of MakeSignature: SEC_E_INVALID_HANDLE") {
    CtxtHandle stale;
    char token[64], data[4] = "abc";
    SecBuffer buffers[2] = {{sizeof token, SECBUFFER_TOKEN, token}, {sizeof data, SECBUFFER_DATA, data}};
    SecBufferDesc desc = desc_of(buffers, 2);
    REACH(stale_context(&stale));
    CHECK_STATUS(W->MakeSignature(&stale, 0, &desc, 0), SEC_E_INVALID_HANDLE);
}

PROMISE(DeleteSecurityContext, encrypting_with_it_afterwards, "page of EncryptMessage: SEC_E_INVALID_HANDLE") {
    CtxtHandle stale;
    char token[64], data[4] = "abc";
    SecBuffer buffers[2] = {{sizeof token, SECBUFFER_TOKEN, token}, {sizeof data, SECBUFFER_DATA, data}};
    SecBufferDesc desc = desc_of(buffers, 2);
    REACH(stale_context(&stale));
    CHECK_STATUS(W->EncryptMessage(&stale, 0, &desc, 0), SEC_E_INVALID_HANDLE);
    CHECK(memcmp(data, "abc", 4) == 0);
}

PROMISE(DeleteSecurityContext, stale_handle_is_nobody_elses, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    CtxtHandle stale;
    struct conversation c;
    REACH(stale_context(&stale) && contexts(&c, u"NTLM"));
    is_none(stale);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}
