/* What can be done with credentials besides using them: AddCredentials, QueryCredentialsAttributes,
 * SetCredentialsAttributes. */
#include "fixture.h"

static bool outbound(PCredHandle credential) {
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    return W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL, credential, NULL) == SEC_E_OK;
}

static bool inbound(PCredHandle credential) {
    return W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, credential, NULL) == SEC_E_OK;
}

/* ---- QueryCredentialsAttributes */

PROMISE(QueryCredentialsAttributesW, names, "page of SecPkgCredentials_Names: the name of the user represented by the credential") {
    CredHandle credential;
    SecPkgCredentials_NamesW names = {NULL};
    REACH(outbound(&credential));
    if (CHECK_STATUS(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK)) {
        CHECK(equal_wa(names.sUserName, "EXAMPLE\\alice"));
        CHECK_STATUS(W->FreeContextBuffer(names.sUserName), SEC_E_OK);
    }
    W->FreeCredentialsHandle(&credential);
}

PROMISE(QueryCredentialsAttributesA, names, "page: one page for both forms") {
    CredHandle credential;
    SecPkgCredentials_NamesA names = {NULL};
    REACH(outbound(&credential));
    if (CHECK_STATUS(A->QueryCredentialsAttributesA(&credential, SECPKG_CRED_ATTR_NAMES, &names), SEC_E_OK)) {
        CHECK(strcmp(names.sUserName, "EXAMPLE\\alice") == 0);
        CHECK_STATUS(A->FreeContextBuffer(names.sUserName), SEC_E_OK);
    }
    W->FreeCredentialsHandle(&credential);
}

PROMISE(QueryCredentialsAttributesW, names_without_a_name, "page: SEC_E_OK, or SEC_E_NO_CREDENTIALS where the credentials are nobody's") {
    CredHandle credential;
    SecPkgCredentials_NamesW names = {NULL};
    REACH(inbound(&credential));
    SECURITY_STATUS status = W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, &names);
    CHECK_ONE_OF(status, SEC_E_OK, SEC_E_NO_CREDENTIALS);
    CHECK((status == SEC_E_OK) == (names.sUserName != NULL));
    W->FreeContextBuffer(names.sUserName);
    W->FreeCredentialsHandle(&credential);
}

static void other_attribute(ULONG attribute) {
    CredHandle credential;
    unsigned char answer[256];
    memset(answer, FILLER, sizeof answer);
    REACH(outbound(&credential));
    CHECK_STATUS(W->QueryCredentialsAttributesW(&credential, attribute, answer), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK(untouched(answer, sizeof answer));
    W->FreeCredentialsHandle(&credential);
}

PROMISE(QueryCredentialsAttributesW, certificate, "page: SECPKG_CRED_ATTR_CERT is only supported by Kerberos; SEC_E_NOT_SUPPORTED") {
    other_attribute(SECPKG_CRED_ATTR_CERT);
}

static void has_or_says_not(ULONG attribute) {
    CredHandle credential;
    unsigned char answer[256];
    memset(answer, FILLER, sizeof answer);
    REACH(outbound(&credential));
    SECURITY_STATUS status = W->QueryCredentialsAttributesW(&credential, attribute, answer);
    CHECK_ONE_OF(status, SEC_E_OK, SEC_E_UNSUPPORTED_FUNCTION, SEC_E_NO_CREDENTIALS);
    CHECK(status == SEC_E_OK || untouched(answer, sizeof answer));
    W->FreeCredentialsHandle(&credential);
}

PROMISE(QueryCredentialsAttributesW, provider, "page of SecPkgCredentials_SSIProvider: SEC_E_NOT_SUPPORTED where there is none") {
    has_or_says_not(SECPKG_CRED_ATTR_SSI_PROVIDER);
}

PROMISE(QueryCredentialsAttributesW, kdc_proxy_settings, "page of SecPkgCredentials_KdcProxySettings: of Kerberos; SEC_E_NOT_SUPPORTED") {
    has_or_says_not(SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS);
}

PROMISE(QueryCredentialsAttributesW, unknown_attribute, "page: SEC_E_NOT_SUPPORTED, the value of ulAttribute is not supported") {
    other_attribute(0x7fffffff);
}

PROMISE(QueryCredentialsAttributesW, null_buffer, "bad use: pBuffer is not optional") {
    CredHandle credential;
    REACH(outbound(&credential));
    CHECK_REFUSED(W->QueryCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, NULL));
    W->FreeCredentialsHandle(&credential);
}

static SECURITY_STATUS names_of(PCredHandle credential) {
    SecPkgCredentials_NamesW names = {NULL};
    SECURITY_STATUS status = W->QueryCredentialsAttributesW(credential, SECPKG_CRED_ATTR_NAMES, &names);
    CHECK(status == SEC_E_OK || !names.sUserName);
    return status;
}

PROMISE(QueryCredentialsAttributesW, null_handle, "page: SEC_E_INVALID_HANDLE, the handle is not valid") {
    CHECK_STATUS(names_of(NULL), SEC_E_INVALID_HANDLE);
}

PROMISE(QueryCredentialsAttributesW, invalidated_handle, "page: SEC_E_INVALID_HANDLE, the handle is not valid") {
    CredHandle handle = invalid_handle;
    CHECK_STATUS(names_of(&handle), SEC_E_INVALID_HANDLE);
}

PROMISE(QueryCredentialsAttributesW, freed_handle, "page: SEC_E_INVALID_HANDLE, the handle is not valid") {
    CredHandle credential;
    REACH(outbound(&credential));
    CredHandle stale = credential;
    W->FreeCredentialsHandle(&credential);
    CHECK_STATUS(names_of(&stale), SEC_E_INVALID_HANDLE);
}

PROMISE(QueryCredentialsAttributesW, a_context, "page: SEC_E_INVALID_HANDLE; a context's handle is not a credential's") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(names_of(&d.c.client.context), SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

/* ---- QueryCredentialsAttributesEx */

typedef SECURITY_STATUS(WINAPI *query_ex_fn)(PCredHandle, ULONG, void *, ULONG);

PROMISE(QueryCredentialsAttributesExW, names, "page: as QueryCredentialsAttributes; cbBuffer is the size of the buffer") {
    EXPORT(query_ex_fn, QueryCredentialsAttributesExW);
    CredHandle credential;
    SecPkgCredentials_NamesW names = {NULL};
    REACH(outbound(&credential));
    if (CHECK_STATUS(QueryCredentialsAttributesExW_(&credential, SECPKG_CRED_ATTR_NAMES, &names, sizeof names), SEC_E_OK)) {
        CHECK(equal_wa(names.sUserName, "EXAMPLE\\alice"));
        W->FreeContextBuffer(names.sUserName);
    }
    W->FreeCredentialsHandle(&credential);
}

PROMISE(QueryCredentialsAttributesExA, names, "page: one page for both forms") {
    EXPORT(query_ex_fn, QueryCredentialsAttributesExA);
    CredHandle credential;
    SecPkgCredentials_NamesA names = {NULL};
    REACH(outbound(&credential));
    if (CHECK_STATUS(QueryCredentialsAttributesExA_(&credential, SECPKG_CRED_ATTR_NAMES, &names, sizeof names), SEC_E_OK)) {
        CHECK(strcmp(names.sUserName, "EXAMPLE\\alice") == 0);
        W->FreeContextBuffer(names.sUserName);
    }
    W->FreeCredentialsHandle(&credential);
}

PROMISE(QueryCredentialsAttributesExW, buffer_too_small, "page: cbBuffer is the size of the buffer; SEC_E_BUFFER_TOO_SMALL where the structure does not fit") {
    EXPORT(query_ex_fn, QueryCredentialsAttributesExW);
    CredHandle credential;
    unsigned char room[sizeof(SecPkgCredentials_NamesW)];
    memset(room, FILLER, sizeof room);
    REACH(outbound(&credential));
    CHECK_STATUS(QueryCredentialsAttributesExW_(&credential, SECPKG_CRED_ATTR_NAMES, room, sizeof room - 1), SEC_E_BUFFER_TOO_SMALL);
    CHECK(untouched(room, sizeof room));
    W->FreeCredentialsHandle(&credential);
}

PROMISE(QueryCredentialsAttributesExW, null_handle, "page: SEC_E_INVALID_HANDLE, the handle is not valid") {
    EXPORT(query_ex_fn, QueryCredentialsAttributesExW);
    SecPkgCredentials_NamesW names = {NULL};
    CHECK_STATUS(QueryCredentialsAttributesExW_(NULL, SECPKG_CRED_ATTR_NAMES, &names, sizeof names), SEC_E_INVALID_HANDLE);
}

/* ---- SetCredentialsAttributes */

PROMISE(SetCredentialsAttributesW, null_handle, "page: SEC_E_INVALID_HANDLE, the handle is not valid") {
    ULONG value = 0;
    CHECK_STATUS(W->SetCredentialsAttributesW(NULL, SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, &value, sizeof value), SEC_E_INVALID_HANDLE);
}

PROMISE(SetCredentialsAttributesA, invalidated_handle, "page: SEC_E_INVALID_HANDLE, the handle is not valid") {
    ULONG value = 0;
    CredHandle handle = invalid_handle;
    CHECK_STATUS(A->SetCredentialsAttributesA(&handle, SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, &value, sizeof value), SEC_E_INVALID_HANDLE);
}

PROMISE(SetCredentialsAttributesW, unknown_attribute, "page: SEC_E_UNSUPPORTED_FUNCTION, the package does not support the attribute") {
    CredHandle credential;
    ULONG value = 0;
    REACH(outbound(&credential));
    CHECK_STATUS(W->SetCredentialsAttributesW(&credential, 0x7fffffff, &value, sizeof value), SEC_E_UNSUPPORTED_FUNCTION);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(SetCredentialsAttributesW, name, "page: SEC_E_UNSUPPORTED_FUNCTION; credentials do not become another's") {
    CredHandle credential;
    SecPkgCredentials_NamesW names = {u"EXAMPLE\\somebody"};
    REACH(outbound(&credential));
    CHECK_REFUSED(W->SetCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_NAMES, &names, sizeof names));
    W->FreeCredentialsHandle(&credential);
}

PROMISE(SetCredentialsAttributesW, null_buffer, "bad use: pBuffer is not optional") {
    CredHandle credential;
    REACH(outbound(&credential));
    CHECK_REFUSED(W->SetCredentialsAttributesW(&credential, SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, NULL, 4));
    W->FreeCredentialsHandle(&credential);
}

/* ---- AddCredentials */

static SECURITY_STATUS add(PCredHandle credential, SEC_WCHAR *package, ULONG use, void *identity) {
    return W->AddCredentialsW(credential, NULL, package, use, identity, NULL, NULL, NULL);
}

PROMISE(AddCredentialsW, null_handle, "page of the status codes: SEC_E_INVALID_HANDLE, the handle specified is invalid") {
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    CHECK_STATUS(add(NULL, u"NTLM", SECPKG_CRED_INBOUND, &identity), SEC_E_INVALID_HANDLE);
}

PROMISE(AddCredentialsA, invalidated_handle, "page of the status codes: SEC_E_INVALID_HANDLE, the handle specified is invalid") {
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    CredHandle handle = invalid_handle;
    CHECK_STATUS(A->AddCredentialsA(&handle, NULL, "NTLM", SECPKG_CRED_INBOUND, &identity, NULL, NULL, NULL), SEC_E_INVALID_HANDLE);
}

PROMISE(AddCredentialsW, unknown_package, "page: SEC_E_SECPKG_NOT_FOUND, the requested security package does not exist") {
    CredHandle credential;
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    REACH(inbound(&credential));
    CHECK_STATUS(add(&credential, u"Nonesuch", SECPKG_CRED_INBOUND, &identity), SEC_E_SECPKG_NOT_FOUND);
    W->FreeCredentialsHandle(&credential);
}

/* A client with this identity before a server with these credentials. */
static SECURITY_STATUS let_in(PCredHandle server, SEC_WCHAR *user, SEC_WCHAR *password) {
    struct fixture d;
    struct terms terms = {.package = u"NTLM", .user = user, .password = password};
    if (!fixture_server_first_with(&d, &terms)) return SEC_E_INTERNAL_ERROR;
    d.credential = server;
    fixture_call(&d);
    memcpy(d.c.server.sent.data, d.room, d.out[0].cbBuffer), d.c.server.sent.length = d.out[0].cbBuffer;
    SECURITY_STATUS status = client_leg(&d.c) < 0 ? SEC_E_INTERNAL_ERROR : server_leg(&d.c);
    fixture_close(&d);
    return status;
}

PROMISE(AddCredentialsW, an_account_more, "page: adds a credential to the list of credentials; of inbound use, an account that clients may have") {
    CredHandle credential;
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    REACH(inbound(&credential));
    REACH(let_in(&credential, USER, PASSWORD) == SEC_E_OK);
    CHECK_STATUS(add(&credential, u"NTLM", SECPKG_CRED_INBOUND, &identity), SEC_E_OK);
    CHECK_STATUS(let_in(&credential, u"added", u"Another"), SEC_E_OK);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AddCredentialsW, those_before_stay, "page: adds a credential to the list of credentials; what was there stays") {
    CredHandle credential;
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    REACH(inbound(&credential));
    REACH(let_in(&credential, USER, PASSWORD) == SEC_E_OK);
    CHECK_STATUS(add(&credential, u"NTLM", SECPKG_CRED_INBOUND, &identity), SEC_E_OK);
    CHECK_STATUS(let_in(&credential, USER, PASSWORD), SEC_E_OK);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AddCredentialsW, of_this_handle_only, "page: the credential is added to the handle's list") {
    CredHandle credential, other;
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    REACH(inbound(&credential) && inbound(&other));
    REACH(let_in(&credential, USER, PASSWORD) == SEC_E_OK);
    CHECK_STATUS(add(&credential, u"NTLM", SECPKG_CRED_INBOUND, &identity), SEC_E_OK);
    CHECK_STATUS(let_in(&other, u"added", u"Another"), SEC_E_LOGON_DENIED);
    W->FreeCredentialsHandle(&credential), W->FreeCredentialsHandle(&other);
}

PROMISE(AddCredentialsW, no_direction, "bad use: fCredentialUse names neither direction") {
    CredHandle credential;
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    REACH(inbound(&credential));
    CHECK_REFUSED(add(&credential, u"NTLM", 0, &identity));
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AddCredentialsW, null_package, "page: SEC_E_SECPKG_NOT_FOUND, the requested security package does not exist; NULL names none") {
    CredHandle credential;
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    REACH(inbound(&credential));
    CHECK_REFUSED(add(&credential, NULL, SECPKG_CRED_INBOUND, &identity));
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AddCredentialsW, a_context, "page of the status codes: SEC_E_INVALID_HANDLE; a context's handle is not a credential's") {
    struct fixture d;
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    REACH(fixture_client_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(add(&d.c.client.context, u"NTLM", SECPKG_CRED_OUTBOUND, &identity), SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

PROMISE(AddCredentialsA, ansi, "page: one page for both forms") {
    CredHandle credential;
    SEC_WINNT_AUTH_IDENTITY_A identity = {(unsigned char *)"added", 5, (unsigned char *)"EXAMPLE", 7, (unsigned char *)"Another", 7,
                                          SEC_WINNT_AUTH_IDENTITY_ANSI};
    REACH(inbound(&credential));
    REACH(let_in(&credential, USER, PASSWORD) == SEC_E_OK);
    CHECK_STATUS(A->AddCredentialsA(&credential, NULL, "NTLM", SECPKG_CRED_INBOUND, &identity, NULL, NULL, NULL), SEC_E_OK);
    CHECK_STATUS(let_in(&credential, u"added", u"Another"), SEC_E_OK);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AddCredentialsW, expiry, "page: ptsExpiry receives the time at which the credentials expire, in local time") {
    CredHandle credential;
    TimeStamp expiry;
    memset(&expiry, 0, sizeof expiry);
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"added", DOMAIN, u"Another");
    REACH(inbound(&credential));
    CHECK_STATUS(W->AddCredentialsW(&credential, NULL, u"NTLM", SECPKG_CRED_INBOUND, &identity, NULL, NULL, &expiry), SEC_E_OK);
    CHECK(((uint64_t)(uint32_t)expiry.HighPart << 32 | expiry.LowPart) > local_time_ticks());
    W->FreeCredentialsHandle(&credential);
}
