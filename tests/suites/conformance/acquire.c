/* AcquireCredentialsHandle but for pAuthData (identities.c), and FreeCredentialsHandle. */
#include "fixture.h"

static SEC_WINNT_AUTH_IDENTITY_W alice(void) {
    return identity_w(USER, DOMAIN, PASSWORD);
}

static SECURITY_STATUS acquire(SEC_WCHAR *package, ULONG use, void *identity, PCredHandle credential) {
    return W->AcquireCredentialsHandleW(NULL, package, use, NULL, identity, NULL, NULL, credential, NULL);
}

static bool inbound(PCredHandle credential) {
    return acquire(u"NTLM", SECPKG_CRED_INBOUND, NULL, credential) == SEC_E_OK;
}

/* Acquires and frees. */
static void works(SEC_WCHAR *package, ULONG use) {
    CredHandle credential = invalid_handle;
    SEC_WINNT_AUTH_IDENTITY_W identity = alice();
    void *data = use & SECPKG_CRED_OUTBOUND ? &identity : NULL;
    REQUIRE_STATUS(acquire(package, use, data, &credential), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

PROMISE(AcquireCredentialsHandleW, ntlm_inbound, "page: SECPKG_CRED_INBOUND, validate an incoming credential") {
    works(u"NTLM", SECPKG_CRED_INBOUND);
}

PROMISE(AcquireCredentialsHandleW, ntlm_outbound, "page: SECPKG_CRED_OUTBOUND, prepare an outgoing token") {
    works(u"NTLM", SECPKG_CRED_OUTBOUND);
}

PROMISE(AcquireCredentialsHandleW, negotiate_inbound, "page: SECPKG_CRED_INBOUND, validate an incoming credential") {
    works(u"Negotiate", SECPKG_CRED_INBOUND);
}

PROMISE(AcquireCredentialsHandleW, negotiate_outbound, "page: SECPKG_CRED_OUTBOUND, prepare an outgoing token") {
    works(u"Negotiate", SECPKG_CRED_OUTBOUND);
}

PROMISE(AcquireCredentialsHandleW, kerberos_inbound, "page: no authority is asked before a context is established") {
    works(u"Kerberos", SECPKG_CRED_INBOUND);
}

PROMISE(AcquireCredentialsHandleW, both, "page: SECPKG_CRED_BOTH enables both other flags") {
    works(u"NTLM", SECPKG_CRED_BOTH);
}

PROMISE(AcquireCredentialsHandleA, inbound, "page: one page for both forms") {
    CredHandle credential = invalid_handle;
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
                   SEC_E_OK);
    CHECK_STATUS(A->FreeCredentialsHandle(&credential), SEC_E_OK);
}

PROMISE(AcquireCredentialsHandle, both_initiates_and_accepts, "page: SECPKG_CRED_BOTH, validate an incoming credential or prepare an outgoing token") {
    struct fixture d;
    CredHandle both = invalid_handle;
    SEC_WINNT_AUTH_IDENTITY_W identity = alice();
    REACH(fixture_client_first(&d, u"NTLM"));
    REQUIRE_STATUS(acquire(u"NTLM", SECPKG_CRED_BOTH, &identity, &both), SEC_E_OK);
    d.credential = &both;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
    REACH(fixture_server_first(&d, u"NTLM"));
    d.credential = &both;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
    W->FreeCredentialsHandle(&both);
}

PROMISE(AcquireCredentialsHandle, inbound_does_not_initiate, "page: inbound credentials are only for validating incoming calls") {
    struct fixture d;
    CredHandle credential;
    REACH(fixture_client_first(&d, u"NTLM") && inbound(&credential));
    d.credential = &credential;
    CHECK_ONE_OF(fixture_call(&d), SEC_E_NO_CREDENTIALS, SEC_E_UNKNOWN_CREDENTIALS, SEC_E_INVALID_HANDLE);
    CHECK_NOTHING_CAME_OF_IT(&d);
    W->FreeCredentialsHandle(&credential);
    fixture_close(&d);
}

PROMISE(AcquireCredentialsHandle, outbound_does_not_accept, "page of AcceptSecurityContext: needs SECPKG_CRED_INBOUND or SECPKG_CRED_BOTH") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.credential = &d.c.client.credential;
    CHECK_ONE_OF(fixture_call(&d), SEC_E_NO_CREDENTIALS, SEC_E_UNKNOWN_CREDENTIALS, SEC_E_INVALID_HANDLE);
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcquireCredentialsHandleW, no_direction, "bad use: fCredentialUse names neither direction") {
    CredHandle credential = invalid_handle;
    CHECK_REFUSED(acquire(u"NTLM", 0, NULL, &credential));
}

PROMISE(AcquireCredentialsHandleW, unknown_direction, "bad use: fCredentialUse names neither direction, but something") {
    CredHandle credential = invalid_handle;
    CHECK_REFUSED(acquire(u"NTLM", 8, NULL, &credential));
}

PROMISE(AcquireCredentialsHandleW, reserved_bits, "bad use: SECPKG_CRED_RESERVED is reserved") {
    CredHandle credential = invalid_handle;
    if (CHECK_OK_OR_REFUSED(acquire(u"NTLM", SECPKG_CRED_INBOUND | SECPKG_CRED_RESERVED, NULL, &credential)) &&
        SecIsValidHandle(&credential)) {
        CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    }
}

PROMISE(AcquireCredentialsHandleW, autologon_restricted, "page: the flag restricts automatic logon, which credentials with an identity do not use") {
    works(u"Negotiate", SECPKG_CRED_OUTBOUND | SECPKG_CRED_AUTOLOGON_RESTRICTED);
}

PROMISE(AcquireCredentialsHandleW, process_policy_only, "page: processes server policy, and fails with SEC_E_NO_CREDENTIALS where that denies") {
    CredHandle credential = invalid_handle;
    SECURITY_STATUS status = acquire(u"Negotiate", SECPKG_CRED_INBOUND | SECPKG_CRED_PROCESS_POLICY_ONLY, NULL, &credential);
    CHECK_ONE_OF(status, SEC_E_OK, SEC_E_NO_CREDENTIALS);
    if (status == SEC_E_OK) W->FreeCredentialsHandle(&credential);
}

PROMISE(AcquireCredentialsHandleW, unknown_package, "page: SEC_E_SECPKG_NOT_FOUND, the security package does not exist") {
    CredHandle credential = invalid_handle;
    CHECK_STATUS(acquire(u"Nonesuch", SECPKG_CRED_INBOUND, NULL, &credential), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(AcquireCredentialsHandleA, unknown_package, "page: SEC_E_SECPKG_NOT_FOUND, the security package does not exist") {
    CredHandle credential = invalid_handle;
    CHECK_STATUS(A->AcquireCredentialsHandleA(NULL, "Nonesuch", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
                 SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(AcquireCredentialsHandleW, empty_package, "page: SEC_E_SECPKG_NOT_FOUND, the security package does not exist") {
    CredHandle credential = invalid_handle;
    CHECK_STATUS(acquire(u"", SECPKG_CRED_INBOUND, NULL, &credential), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(AcquireCredentialsHandleW, null_package, "page: SEC_E_SECPKG_NOT_FOUND, the security package does not exist; NULL names none") {
    CredHandle credential = invalid_handle;
    CHECK_STATUS(acquire(NULL, SECPKG_CRED_INBOUND, NULL, &credential), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(AcquireCredentialsHandleA, null_package, "page: SEC_E_SECPKG_NOT_FOUND, the security package does not exist; NULL names none") {
    CredHandle credential = invalid_handle;
    CHECK_STATUS(A->AcquireCredentialsHandleA(NULL, NULL, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
                 SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(AcquireCredentialsHandleW, package_in_lower_case, "servers: package names in any letter case") {
    works(u"ntlm", SECPKG_CRED_INBOUND);
}

PROMISE(AcquireCredentialsHandleA, package_in_upper_case, "servers: package names in any letter case, A functions as often as W") {
    CredHandle credential = invalid_handle;
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "NEGOTIATE", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
                   SEC_E_OK);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AcquireCredentialsHandleW, null_handle, "bad use: phCredential is not optional") {
    CHECK_REFUSED(acquire(u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL));
}

PROMISE(AcquireCredentialsHandleA, null_handle, "bad use: phCredential is not optional") {
    CHECK_REFUSED(A->AcquireCredentialsHandleA(NULL, "NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, NULL, NULL));
}

PROMISE(AcquireCredentialsHandleA, expiry_may_be_null, "servers: ptsExpiry = NULL, in AcquireCredentialsHandle too") {
    CredHandle credential = invalid_handle;
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
                   SEC_E_OK);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AcquireCredentialsHandleW, expiry_lies_ahead, "page: ptsExpiry receives the time at which the credentials expire, in local time") {
    CredHandle credential = invalid_handle;
    TimeStamp expiry;
    memset(&expiry, 0, sizeof expiry);
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, &expiry),
                   SEC_E_OK);
    CHECK(((uint64_t)(uint32_t)expiry.HighPart << 32 | expiry.LowPart) > local_time_ticks());
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AcquireCredentialsHandleA, expiry_is_that_of_w, "page: one page for both forms") {
    CredHandle one = invalid_handle, two = invalid_handle;
    TimeStamp a, w;
    memset(&a, 0, sizeof a), memset(&w, 1, sizeof w);
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &one, &w), SEC_E_OK);
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &two, &a), SEC_E_OK);
    CHECK_EQUAL(a.HighPart, w.HighPart);
    W->FreeCredentialsHandle(&one), W->FreeCredentialsHandle(&two);
}

PROMISE(AcquireCredentialsHandleW, principal_with_an_identity, "page: pszPrincipal names the principal whose credentials the handle references") {
    CredHandle credential = invalid_handle;
    SEC_WINNT_AUTH_IDENTITY_W identity = alice();
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(USER, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL, &credential, NULL),
                   SEC_E_OK);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AcquireCredentialsHandleW, empty_principal, "bad use: a name of no characters") {
    CredHandle credential = invalid_handle;
    if (CHECK_OK_OR_REFUSED(W->AcquireCredentialsHandleW(u"", u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL)) &&
        SecIsValidHandle(&credential)) {
        CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    }
}

PROMISE(AcquireCredentialsHandleW, logon_id, "page: pvLogonID is for file-system processes; a server's zeros are no error") {
    CredHandle credential = invalid_handle;
    ULONG luid[2] = {0, 0};
    SEC_WINNT_AUTH_IDENTITY_W identity = alice();
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, luid, &identity, NULL, NULL, &credential, NULL),
                   SEC_E_OK);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AcquireCredentialsHandleW, default_credentials, "page: pAuthData is NULL for default credentials; SEC_E_NO_CREDENTIALS where there are none") {
    CredHandle credential = invalid_handle;
    SECURITY_STATUS status = acquire(u"NTLM", SECPKG_CRED_OUTBOUND, NULL, &credential);
    CHECK_ONE_OF(status, SEC_E_OK, SEC_E_NO_CREDENTIALS);
    if (status == SEC_E_OK) W->FreeCredentialsHandle(&credential);
}

static volatile int asked_for_a_key;

/* A key function that itself uses the library. */
static void WINAPI get_key(void *argument, void *principal, ULONG version, void **key, SECURITY_STATUS *status) {
    (void)argument, (void)principal, (void)version;
    PSecPkgInfoA info = NULL;
    A->QuerySecurityPackageInfoA("NTLM", &info);
    A->FreeContextBuffer(info);
    asked_for_a_key++;
    *key = NULL;
    *status = SEC_E_OK;
}

PROMISE(AcquireCredentialsHandleW, key_function_is_not_used, "page: pGetKeyFn is not used; bad use: the function calls back into the library") {
    CredHandle credential = invalid_handle;
    asked_for_a_key = 0;
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, (SEC_GET_KEY_FN)get_key,
                                                (void *)0x10, &credential, NULL),
                   SEC_E_OK);
    CHECK_EQUAL(asked_for_a_key, 0);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AcquireCredentialsHandleW, handle_is_valid, "header: SecIsValidHandle tells a handle from one that is invalid") {
    CredHandle credential = invalid_handle;
    REACH(inbound(&credential));
    CHECK(SecIsValidHandle(&credential));
    CHECK(credential.dwLower != SEC_DELETED_HANDLE && credential.dwUpper != SEC_DELETED_HANDLE);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AcquireCredentialsHandleW, handle_is_not_all_zeros, "servers: a handle of zeros is taken for one not yet acquired") {
    CredHandle credential = zero_handle;
    REACH(inbound(&credential));
    CHECK(!HANDLE_IS_ZERO(credential));
    W->FreeCredentialsHandle(&credential);
}

PROMISE(AcquireCredentialsHandleW, handles_differ, "page: each handle is freed by a call of its own") {
    CredHandle one, two;
    REACH(inbound(&one) && inbound(&two));
    CHECK(memcmp(&one, &two, sizeof one) != 0);
    CHECK_STATUS(W->FreeCredentialsHandle(&one), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&two), SEC_E_OK);
}

PROMISE(AcquireCredentialsHandleW, failure_leaves_no_handle, "servers: what is left in the handle is freed without a look at the status") {
    CredHandle credential = invalid_handle;
    CHECK(acquire(u"Nonesuch", SECPKG_CRED_INBOUND, NULL, &credential) < 0);
    CHECK(W->FreeCredentialsHandle(&credential) < 0);
}

PROMISE(AcquireCredentialsHandleW, again_and_again, "page: FreeCredentialsHandle frees the credentials' resources") {
    for (int i = 0; i < 2000; i++) {
        CredHandle credential;
        REACH(inbound(&credential));
        REQUIRE_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    }
}

PROMISE(AcquireCredentialsHandle, of_a_for_functions_of_w, "page: a handle is of neither form") {
    struct fixture d;
    CredHandle credential = invalid_handle;
    SEC_WINNT_AUTH_IDENTITY_W identity = alice();
    REACH(fixture_client_first(&d, u"NTLM"));
    REQUIRE_STATUS(A->AcquireCredentialsHandleA(NULL, "NTLM", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL, &credential, NULL),
                   SEC_E_OK);
    d.credential = &credential;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    W->FreeCredentialsHandle(&credential);
    fixture_close(&d);
}

/* ---- FreeCredentialsHandle */

PROMISE(FreeCredentialsHandle, ok, "page: SEC_E_OK if the function succeeds") {
    CredHandle credential;
    REACH(inbound(&credential));
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

PROMISE(FreeCredentialsHandle, twice, "page: SEC_E_INVALID_HANDLE, the specified handle is not valid") {
    CredHandle credential;
    REACH(inbound(&credential));
    CredHandle copy = credential;
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&copy), SEC_E_INVALID_HANDLE);
}

PROMISE(FreeCredentialsHandle, by_a_copy, "header: a handle is two numbers, wherever they lie") {
    CredHandle credential;
    REACH(inbound(&credential));
    CredHandle copy = credential;
    CHECK_STATUS(W->FreeCredentialsHandle(&copy), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_INVALID_HANDLE);
}

PROMISE(FreeCredentialsHandle, null, "page: SEC_E_INVALID_HANDLE, the specified handle is not valid") {
    CHECK_STATUS(W->FreeCredentialsHandle(NULL), SEC_E_INVALID_HANDLE);
}

static void is_none(SecHandle handle) {
    CHECK_STATUS(W->FreeCredentialsHandle(&handle), SEC_E_INVALID_HANDLE);
}

PROMISE(FreeCredentialsHandle, zeros, "page: SEC_E_INVALID_HANDLE, the specified handle is not valid") {
    is_none(zero_handle);
}

PROMISE(FreeCredentialsHandle, invalidated, "header: SecInvalidateHandle makes a handle that is none") {
    CredHandle credential = zero_handle;
    SecInvalidateHandle(&credential);
    is_none(credential);
}

PROMISE(FreeCredentialsHandle, deleted, "header: SEC_DELETED_HANDLE marks a handle that has ended") {
    is_none(deleted_handle);
}

PROMISE(FreeCredentialsHandle, made_up, "page: SEC_E_INVALID_HANDLE, the specified handle is not valid") {
    is_none(made_up_handle);
}

PROMISE(FreeCredentialsHandle, half_invalid, "page: SEC_E_INVALID_HANDLE, the specified handle is not valid") {
    CredHandle credential;
    REACH(inbound(&credential));
    CredHandle half = {credential.dwLower, (ULONG_PTR)-1};
    is_none(half);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

PROMISE(FreeCredentialsHandle, words_swapped, "page: SEC_E_INVALID_HANDLE, the specified handle is not valid") {
    CredHandle credential;
    REACH(inbound(&credential));
    CredHandle swapped = {credential.dwUpper, credential.dwLower};
    is_none(swapped);
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

PROMISE(FreeCredentialsHandle, a_context, "page: SEC_E_INVALID_HANDLE; a context's handle is not a credential's") {
    struct conversation c;
    REACH(conversation_open(&c, NULL) && client_leg(&c) == SEC_I_CONTINUE_NEEDED);
    is_none(c.client.context);
    CHECK_STATUS(W->DeleteSecurityContext(&c.client.context), SEC_E_OK);
    c.client.has_context = false;
    conversation_close(&c);
}

PROMISE(FreeCredentialsHandle, stale_handle_is_nobody_elses, "page: SEC_E_INVALID_HANDLE, the specified handle is not valid") {
    CredHandle first, next;
    REACH(inbound(&first));
    CredHandle stale = first;
    W->FreeCredentialsHandle(&first);
    REACH(inbound(&next));
    is_none(stale);
    CHECK_STATUS(W->FreeCredentialsHandle(&next), SEC_E_OK);
}

PROMISE(FreeCredentialsHandle, initiating_with_it_afterwards, "page of InitializeSecurityContext: SEC_E_INVALID_HANDLE") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    CredHandle stale = d.c.client.credential;
    W->FreeCredentialsHandle(&d.c.client.credential);
    d.c.client.has_credential = false;
    d.credential = &stale;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_HANDLE);
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(FreeCredentialsHandle, accepting_with_it_afterwards, "page of AcceptSecurityContext: SEC_E_INVALID_HANDLE") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    CredHandle stale = d.c.server.credential;
    W->FreeCredentialsHandle(&d.c.server.credential);
    d.c.server.has_credential = false;
    d.credential = &stale;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_HANDLE);
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(FreeCredentialsHandle, established_contexts_live_on, "servers: credentials freed while contexts from them live on") {
    struct conversation c;
    REACH(contexts(&c, u"Negotiate"));
    CHECK_STATUS(W->FreeCredentialsHandle(&c.client.credential), SEC_E_OK);
    CHECK_STATUS(W->FreeCredentialsHandle(&c.server.credential), SEC_E_OK);
    c.client.has_credential = c.server.has_credential = false;
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

PROMISE(FreeCredentialsHandle, begun_contexts_can_be_finished, "servers: credentials freed while contexts from them live on") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    CHECK_STATUS(W->FreeCredentialsHandle(&d.c.server.credential), SEC_E_OK);
    d.c.server.has_credential = false;
    d.credential = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}
