/* Functions outside of the conversation: control tokens, export, impersonation. */
#include "fixture.h"

/* ---- ApplyControlToken */

static SECURITY_STATUS control(PCtxtHandle context) {
    unsigned char token[] = {1, 0, 0, 0};
    SecBuffer buffer = {sizeof token, SECBUFFER_TOKEN, token};
    SecBufferDesc desc = desc_of(&buffer, 1);
    return W->ApplyControlToken(context, &desc);
}

PROMISE(ApplyControlToken, packages_without_any, "page: for packages with control tokens, as Schannel; SEC_E_UNSUPPORTED_FUNCTION") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(control(&c.server.context), SEC_E_UNSUPPORTED_FUNCTION);
    conversation_close(&c);
}

PROMISE(ApplyControlToken, does_no_harm, "page: applies a control token to the context; where it was refused, the context is what it was") {
    struct conversation c;
    REACH(contexts(&c, u"Negotiate"));
    CHECK(control(&c.server.context) < 0);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

PROMISE(ApplyControlToken, null_handle, "page of the status codes: SEC_E_INVALID_HANDLE, or SEC_E_UNSUPPORTED_FUNCTION of these packages") {
    CHECK_ONE_OF(control(NULL), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
}

PROMISE(ApplyControlToken, invalidated_handle, "page of the status codes: SEC_E_INVALID_HANDLE, or SEC_E_UNSUPPORTED_FUNCTION of these packages") {
    CtxtHandle handle = invalid_handle;
    CHECK_ONE_OF(control(&handle), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
}

PROMISE(ApplyControlToken, null_token, "bad use: pInput is not optional") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_REFUSED(W->ApplyControlToken(&c.server.context, NULL));
    conversation_close(&c);
}

/* ---- ExportSecurityContext, ImportSecurityContext */

PROMISE(ExportSecurityContext, failure_leaves_nothing, "page: SEC_E_OK, or an error, such as SEC_E_NOT_SUPPORTED; then there is nothing to import") {
    struct conversation c;
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    void *token = NULL;
    REACH(contexts(&c, u"NTLM"));
    SECURITY_STATUS status = W->ExportSecurityContext(&c.server.context, 0, &packed, &token);
    CHECK_ONE_OF(status, SEC_E_OK, SEC_E_UNSUPPORTED_FUNCTION, SEC_E_INSUFFICIENT_MEMORY);
    if (status != SEC_E_OK) CHECK(packed.cbBuffer == 0 && packed.pvBuffer == NULL && token == NULL);
    W->FreeContextBuffer(packed.pvBuffer);
    conversation_close(&c);
}

PROMISE(ExportSecurityContext, null_handle, "page: SEC_E_INVALID_HANDLE, or SEC_E_NOT_SUPPORTED") {
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    void *token = NULL;
    CHECK_ONE_OF(W->ExportSecurityContext(NULL, 0, &packed, &token), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
    CHECK(packed.pvBuffer == NULL && token == NULL);
}

PROMISE(ExportSecurityContext, invalidated_handle, "page: SEC_E_INVALID_HANDLE, or SEC_E_NOT_SUPPORTED") {
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    void *token = NULL;
    CtxtHandle handle = invalid_handle;
    CHECK_ONE_OF(W->ExportSecurityContext(&handle, 0, &packed, &token), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
}

PROMISE(ExportSecurityContext, null_output, "bad use: pPackedContext is not optional") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_REFUSED(W->ExportSecurityContext(&c.server.context, 0, NULL, NULL));
    conversation_close(&c);
}

PROMISE(ImportSecurityContextW, garbage, "page: an error, where the packed context is none; then there is no context") {
    char bytes[] = "this is no context at all";
    SecBuffer packed = {sizeof bytes, SECBUFFER_EMPTY, bytes};
    CtxtHandle context = invalid_handle;
    CHECK_REFUSED(W->ImportSecurityContextW(u"NTLM", &packed, NULL, &context));
    CHECK(W->DeleteSecurityContext(&context) < 0);
}

PROMISE(ImportSecurityContextA, garbage, "page: one page for both forms") {
    char bytes[] = "this is no context at all";
    SecBuffer packed = {sizeof bytes, SECBUFFER_EMPTY, bytes};
    CtxtHandle context = invalid_handle;
    CHECK_REFUSED(A->ImportSecurityContextA("NTLM", &packed, NULL, &context));
    CHECK(W->DeleteSecurityContext(&context) < 0);
}

PROMISE(ImportSecurityContextW, unknown_package, "page of the status codes: SEC_E_SECPKG_NOT_FOUND, or SEC_E_UNSUPPORTED_FUNCTION") {
    char bytes[] = "this is no context at all";
    SecBuffer packed = {sizeof bytes, SECBUFFER_EMPTY, bytes};
    CtxtHandle context = invalid_handle;
    CHECK_ONE_OF(W->ImportSecurityContextW(u"Nonesuch", &packed, NULL, &context), SEC_E_SECPKG_NOT_FOUND, SEC_E_UNSUPPORTED_FUNCTION);
}

PROMISE(ImportSecurityContextW, null_context, "bad use: phContext is not optional") {
    char bytes[] = "this is no context at all";
    SecBuffer packed = {sizeof bytes, SECBUFFER_EMPTY, bytes};
    CHECK_REFUSED(W->ImportSecurityContextW(u"NTLM", &packed, NULL, NULL));
}

PROMISE(ImportSecurityContextW, null_packed_context, "bad use: pPackedContext is not optional") {
    CtxtHandle context = invalid_handle;
    CHECK_REFUSED(W->ImportSecurityContextW(u"NTLM", NULL, NULL, &context));
}

/* ---- QuerySecurityContextToken, ImpersonateSecurityContext, RevertSecurityContext */

PROMISE(QuerySecurityContextToken, gives_a_token_or_none, "page: Token receives the access token, if the function succeeds") {
    struct conversation c;
    HANDLE token = NULL;
    REACH(contexts(&c, u"NTLM"));
    SECURITY_STATUS status = W->QuerySecurityContextToken(&c.server.context, &token);
    CHECK_ONE_OF(status, SEC_E_OK, SEC_E_NO_IMPERSONATION, SEC_E_UNSUPPORTED_FUNCTION);
    CHECK((status == SEC_E_OK) == (token != NULL));
#ifdef _WIN32
    if (token) CHECK(CloseHandle(token));
#endif
    conversation_close(&c);
}

#ifdef _WIN32
/* The client's token, after its context is deleted; NULL, and the promise ends, where there is none. */
static HANDLE token_of_a_client(void) {
    struct conversation c;
    HANDLE token = NULL;
    if (contexts(&c, u"NTLM")) W->QuerySecurityContextToken(&c.server.context, &token);
    conversation_close(&c);
    return token;
}

PROMISE(QuerySecurityContextToken, outlives_its_context, "servers: contexts deleted while a token from QuerySecurityContextToken is in use") {
    REACH(somebody_gets_in(u"NTLM"));
    HANDLE token = token_of_a_client();
    char user[512];
    DWORD length = 0;
    if (!token) return;
    CHECK(GetTokenInformation(token, TokenUser, user, sizeof user, &length));
    CHECK(CloseHandle(token));
}

PROMISE(QuerySecurityContextToken, tells_user_and_groups, "servers: GetTokenInformation(TokenUser/TokenGroups) and LookupAccountSid") {
    REACH(somebody_gets_in(u"NTLM"));
    HANDLE token = token_of_a_client();
    char user[512], groups[8192], name[256] = "", domain[256];
    DWORD length = 0, name_size = sizeof name, domain_size = sizeof domain;
    SID_NAME_USE use;
    if (!token) return;
    CHECK(GetTokenInformation(token, TokenGroups, groups, sizeof groups, &length));
    if (CHECK(GetTokenInformation(token, TokenUser, user, sizeof user, &length)) &&
        CHECK(LookupAccountSidA(NULL, ((TOKEN_USER *)user)->User.Sid, name, &name_size, domain, &domain_size, &use))) {
        CHECK(_stricmp(name, "alice") == 0);
    }
    CHECK(CloseHandle(token));
}

PROMISE(ImpersonateSecurityContext, user_name, "servers: ImpersonateSecurityContext, then GetUserNameEx") {
    typedef BOOLEAN(WINAPI * user_name_fn)(EXTENDED_NAME_FORMAT, LPSTR, PULONG);
    EXPORT(user_name_fn, GetUserNameExA);
    struct conversation c;
    char name[256] = "";
    ULONG size = sizeof name;
    REACH(contexts(&c, u"NTLM"));
    if (GetUserNameExA_ && W->ImpersonateSecurityContext(&c.server.context) == SEC_E_OK) {
        BOOLEAN told = GetUserNameExA_(NameSamCompatible, name, &size);
        CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
        CHECK(told && strstr(name, "\\alice"));
    }
    conversation_close(&c);
}
#endif

PROMISE(QuerySecurityContextToken, null_handle, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    HANDLE token = NULL;
    CHECK_ONE_OF(W->QuerySecurityContextToken(NULL, &token), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
    CHECK(token == NULL);
}

PROMISE(QuerySecurityContextToken, invalidated_handle, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    HANDLE token = NULL;
    CtxtHandle handle = invalid_handle;
    CHECK_ONE_OF(W->QuerySecurityContextToken(&handle, &token), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
    CHECK(token == NULL);
}

PROMISE(QuerySecurityContextToken, of_a_denied_client, "page: SEC_E_INVALID_HANDLE or SEC_E_NO_IMPERSONATION; nobody who was rejected has a token") {
    struct fixture d;
    HANDLE token = NULL;
    REACH(fixture_server_second_with(&d, &(struct terms){.package = u"NTLM", .password = u"wrong"}));
    CHECK(fixture_call(&d) < 0);
    CHECK_REFUSED(W->QuerySecurityContextToken(&d.c.server.context, &token));
    CHECK(token == NULL);
    fixture_close(&d);
}

PROMISE(QuerySecurityContextToken, before_the_end, "page: SEC_E_INVALID_HANDLE or SEC_E_NO_IMPERSONATION; the client is not known yet") {
    struct fixture d;
    HANDLE token = NULL;
    REACH(fixture_server_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK_REFUSED(W->QuerySecurityContextToken(&d.c.server.context, &token));
    CHECK(token == NULL);
    fixture_close(&d);
}

PROMISE(QuerySecurityContextToken, null_output, "bad use: Token is not optional") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_REFUSED(W->QuerySecurityContextToken(&c.server.context, NULL));
    conversation_close(&c);
}

PROMISE(ImpersonateSecurityContext, does_or_does_not, "page: SEC_E_OK, SEC_E_NO_IMPERSONATION, SEC_E_UNSUPPORTED_FUNCTION") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    SECURITY_STATUS status = W->ImpersonateSecurityContext(&c.server.context);
    CHECK_ONE_OF(status, SEC_E_OK, SEC_E_NO_IMPERSONATION, SEC_E_UNSUPPORTED_FUNCTION);
    if (status == SEC_E_OK) CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
    conversation_close(&c);
}

PROMISE(ImpersonateSecurityContext, null_handle, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    CHECK_ONE_OF(W->ImpersonateSecurityContext(NULL), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
}

PROMISE(ImpersonateSecurityContext, invalidated_handle, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    CtxtHandle handle = invalid_handle;
    CHECK_ONE_OF(W->ImpersonateSecurityContext(&handle), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
}

PROMISE(ImpersonateSecurityContext, of_a_denied_client, "page: SEC_E_INVALID_HANDLE or SEC_E_NO_IMPERSONATION; nobody acts as one who was rejected") {
    struct fixture d;
    REACH(fixture_server_second_with(&d, &(struct terms){.package = u"NTLM", .password = u"wrong"}));
    CHECK(fixture_call(&d) < 0);
    CHECK_REFUSED(W->ImpersonateSecurityContext(&d.c.server.context));
    fixture_close(&d);
}

PROMISE(RevertSecurityContext, null_handle, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    CHECK_ONE_OF(W->RevertSecurityContext(NULL), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
}

PROMISE(RevertSecurityContext, invalidated_handle, "page: SEC_E_INVALID_HANDLE, the handle passed to the function is not valid") {
    CtxtHandle handle = invalid_handle;
    CHECK_ONE_OF(W->RevertSecurityContext(&handle), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
}

PROMISE(RevertSecurityContext, without_impersonating, "page: SEC_E_OK, or SEC_E_UNSUPPORTED_FUNCTION; there is nothing to end") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_ONE_OF(W->RevertSecurityContext(&c.server.context), SEC_E_OK, SEC_E_NO_IMPERSONATION, SEC_E_UNSUPPORTED_FUNCTION);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

/* ---- functions that have suites of their own: here only that they exist */

static void are_exported(const char *const *names) {
    for (; *names; names++) {
        if (!find_export(*names)) fail(__FILE__, __LINE__, "no-export of %s", *names);
    }
}

PROMISE(identities, functions_are_exported, "header: the functions for opaque identities, SspiEncodeStringsAsAuthIdentity and others") {
    static const char *const names[] = {
        "SspiEncodeStringsAsAuthIdentity", "SspiEncodeAuthIdentityAsStrings", "SspiPrepareForCredRead", "SspiPrepareForCredWrite",
        "SspiMarshalAuthIdentity", "SspiUnmarshalAuthIdentity", "SspiCopyAuthIdentity", "SspiCompareAuthIdentities",
        "SspiValidateAuthIdentity", "SspiZeroAuthIdentity", "SspiFreeAuthIdentity", "SspiLocalFree", "SspiEncryptAuthIdentity",
        "SspiDecryptAuthIdentity", "SspiIsAuthIdentityEncrypted", "SspiExcludePackage", "SspiGetTargetHostName", NULL};
    are_exported(names);
}

PROMISE(asynchronous, functions_are_exported, "header: the functions that complete later, SspiAcceptSecurityContextAsync and others") {
    static const char *const names[] = {
        "SspiCreateAsyncContext", "SspiFreeAsyncContext", "SspiReinitAsyncContext", "SspiSetAsyncNotifyCallback",
        "SspiAsyncContextRequiresNotify", "SspiGetAsyncCallStatus", "SspiAcquireCredentialsHandleAsyncA",
        "SspiAcquireCredentialsHandleAsyncW", "SspiInitializeSecurityContextAsyncA", "SspiInitializeSecurityContextAsyncW",
        "SspiAcceptSecurityContextAsync", "SspiFreeCredentialsHandleAsync", "SspiDeleteSecurityContextAsync", NULL};
    are_exported(names);
}
