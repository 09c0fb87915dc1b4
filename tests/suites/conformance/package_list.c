/* AddSecurityPackage, DeleteSecurityPackage. */
#include "fixture.h"

#ifndef SECPKG_OPTIONS_TYPE_UNKNOWN
#define SECPKG_OPTIONS_TYPE_UNKNOWN 0
#define SECPKG_OPTIONS_TYPE_LSA 1
typedef struct _SECURITY_PACKAGE_OPTIONS {
    ULONG Size, Type, Flags, SignatureSize;
    void *Signature;
} SECURITY_PACKAGE_OPTIONS, *PSECURITY_PACKAGE_OPTIONS;
#endif

typedef SECURITY_STATUS(WINAPI *add_w_fn)(SEC_WCHAR *, PSECURITY_PACKAGE_OPTIONS);
typedef SECURITY_STATUS(WINAPI *add_a_fn)(SEC_CHAR *, PSECURITY_PACKAGE_OPTIONS);
typedef SECURITY_STATUS(WINAPI *delete_w_fn)(SEC_WCHAR *);
typedef SECURITY_STATUS(WINAPI *delete_a_fn)(SEC_CHAR *);

static SECURITY_STATUS add_w(SEC_WCHAR *name) {
    EXPORT(add_w_fn, AddSecurityPackageW);
    SECURITY_PACKAGE_OPTIONS options = {sizeof options, SECPKG_OPTIONS_TYPE_LSA, 0, 0, NULL};
    return AddSecurityPackageW_(name, &options);
}

static SECURITY_STATUS delete_w(SEC_WCHAR *name) {
    EXPORT(delete_w_fn, DeleteSecurityPackageW);
    return DeleteSecurityPackageW_(name);
}

PROMISE(AddSecurityPackageW, unknown, "page: SEC_E_SECPKG_NOT_FOUND, the specified package was not found") {
    CHECK_STATUS(add_w(u"Nonesuch"), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(AddSecurityPackageA, unknown, "page: SEC_E_SECPKG_NOT_FOUND, the specified package was not found") {
    EXPORT(add_a_fn, AddSecurityPackageA);
    SECURITY_PACKAGE_OPTIONS options = {sizeof options, SECPKG_OPTIONS_TYPE_LSA, 0, 0, NULL};
    CHECK_STATUS(AddSecurityPackageA_("Nonesuch", &options), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(AddSecurityPackageW, null_name, "bad use: pszPackageName is not optional") {
    CHECK_REFUSED(add_w(NULL));
}

PROMISE(DeleteSecurityPackageW, unknown, "page: SEC_E_SECPKG_NOT_FOUND, the package is not in the list of providers") {
    CHECK_STATUS(delete_w(u"Nonesuch"), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(DeleteSecurityPackageA, unknown, "page: SEC_E_SECPKG_NOT_FOUND, the package is not in the list of providers") {
    EXPORT(delete_a_fn, DeleteSecurityPackageA);
    CHECK_STATUS(DeleteSecurityPackageA_("Nonesuch"), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(DeleteSecurityPackageW, null_name, "bad use: pszPackageName is not optional") {
    CHECK_REFUSED(delete_w(NULL));
}

/* The reply of a Negotiate server to a client that has NTLM alone. */
static SECURITY_STATUS server_answers_ntlm(void) {
    struct fixture d;
    if (!fixture_server_first(&d, u"Negotiate")) return SEC_E_INTERNAL_ERROR;
    SECURITY_STATUS status = fixture_call(&d);
    fixture_close(&d);
    return status;
}

PROMISE(DeleteSecurityPackageW, negotiate_does_without, "page: deletes a security support provider from the list of providers Negotiate uses") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    REQUIRE_STATUS(delete_w(u"NTLM"), SEC_E_OK);
    CredHandle fresh;
    if (CHECK_STATUS(W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &fresh, NULL), SEC_E_OK)) {
        d.credential = &fresh;
        CHECK_REFUSED(fixture_call(&d));
        W->FreeCredentialsHandle(&fresh);
    }
    CHECK_STATUS(add_w(u"NTLM"), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AddSecurityPackageW, negotiate_has_it_again, "page: adds a security support provider to the list of providers Negotiate uses") {
    REACH(server_answers_ntlm() == SEC_I_CONTINUE_NEEDED);
    REQUIRE_STATUS(delete_w(u"NTLM"), SEC_E_OK);
    CHECK_STATUS(add_w(u"NTLM"), SEC_E_OK);
    CHECK_STATUS(server_answers_ntlm(), SEC_I_CONTINUE_NEEDED);
}

PROMISE(DeleteSecurityPackageW, any_letter_case, "servers: package names in any letter case") {
    REQUIRE_STATUS(delete_w(u"ntlm"), SEC_E_OK);
    CHECK_STATUS(add_w(u"Ntlm"), SEC_E_OK);
}

PROMISE(DeleteSecurityPackageA, ansi_is_the_same_list, "page: one page for both forms") {
    EXPORT(delete_a_fn, DeleteSecurityPackageA);
    REQUIRE_STATUS(DeleteSecurityPackageA_("NTLM"), SEC_E_OK);
    CHECK_STATUS(delete_w(u"NTLM"), SEC_E_SECPKG_NOT_FOUND);
    CHECK_STATUS(add_w(u"NTLM"), SEC_E_OK);
}

PROMISE(DeleteSecurityPackageW, contexts_go_on, "page: the list is of what Negotiate may choose; nothing is said of contexts that have chosen") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"Negotiate"));
    REQUIRE_STATUS(delete_w(u"NTLM"), SEC_E_OK);
    CHECK(fixture_finish(&d));
    CHECK_STATUS(add_w(u"NTLM"), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AddSecurityPackageW, twice, "bad use: it is in the list already") {
    CHECK_OK_OR_REFUSED(add_w(u"NTLM"));
    REACH(server_answers_ntlm() == SEC_I_CONTINUE_NEEDED);
}
