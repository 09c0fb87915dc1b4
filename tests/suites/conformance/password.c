/* ChangeAccountPassword. */
#include "fixture.h"

static SECURITY_STATUS change(SEC_WCHAR *package, SEC_WCHAR *user, SEC_WCHAR *old, SEC_WCHAR *new) {
    SecBuffer response = {0, SECBUFFER_CHANGE_PASS_RESPONSE, NULL};
    SecBufferDesc output = desc_of(&response, 1);
    SECURITY_STATUS status = W->ChangeAccountPasswordW(package, DOMAIN, user, old, new, 0, 0, &output);
    W->FreeContextBuffer(response.pvBuffer);
    return status;
}

/* Whether the password is this one; an account file may take a moment to be read again. */
static bool is_password_of(SEC_WCHAR *user, SEC_WCHAR *password) {
    struct terms terms = {.package = u"NTLM", .user = user, .password = password};
    for (int attempt = 0; attempt < 4; attempt++) {
        struct fixture d;
        if (attempt) sleep_milliseconds(1000);
        if (!fixture_server_second_with(&d, &terms)) return false;
        SECURITY_STATUS status = fixture_call(&d);
        fixture_close(&d);
        if (status == SEC_E_OK) return true;
    }
    return false;
}

PROMISE(ChangeAccountPasswordW, the_new_one_counts, "page: changes the password for the account") {
    REACH(is_password_of(u"bob", PASSWORD));
    REQUIRE_STATUS(change(u"NTLM", u"bob", PASSWORD, u"Another1"), SEC_E_OK);
    CHECK(is_password_of(u"bob", u"Another1"));
    CHECK_STATUS(change(u"NTLM", u"bob", u"Another1", PASSWORD), SEC_E_OK);
}

PROMISE(ChangeAccountPasswordW, the_old_one_does_not, "page: changes the password for the account") {
    REACH(is_password_of(u"carol", PASSWORD));
    REQUIRE_STATUS(change(u"Negotiate", u"carol", PASSWORD, u"Another1"), SEC_E_OK);
    REQUIRE(is_password_of(u"carol", u"Another1"));
    CHECK(!is_password_of(u"carol", PASSWORD));
    CHECK_STATUS(change(u"Negotiate", u"carol", u"Another1", PASSWORD), SEC_E_OK);
}

PROMISE(ChangeAccountPasswordA, ansi, "page: one page for both forms") {
    SecBuffer response = {0, SECBUFFER_CHANGE_PASS_RESPONSE, NULL};
    SecBufferDesc output = desc_of(&response, 1);
    REACH(is_password_of(u"dave", PASSWORD));
    REQUIRE_STATUS(A->ChangeAccountPasswordA("NTLM", "EXAMPLE", "dave", "Password", "Another1", 0, 0, &output), SEC_E_OK);
    CHECK(is_password_of(u"dave", u"Another1"));
    CHECK_STATUS(A->ChangeAccountPasswordA("NTLM", "EXAMPLE", "dave", "Another1", "Password", 0, 0, &output), SEC_E_OK);
}

PROMISE(ChangeAccountPasswordW, wrong_old_password, "page of the status codes: SEC_E_LOGON_DENIED, the logon attempt failed") {
    CHECK_STATUS(change(u"NTLM", u"alice", u"not hers", u"Another1"), SEC_E_LOGON_DENIED);
}

PROMISE(ChangeAccountPasswordW, unknown_account, "page of the status codes: SEC_E_LOGON_DENIED; that there is no such account is not told") {
    CHECK_STATUS(change(u"NTLM", u"nobody.of.that.name", PASSWORD, u"Another1"), SEC_E_LOGON_DENIED);
}

PROMISE(ChangeAccountPasswordW, failure_changes_nothing, "page: changes the password, if the function succeeds") {
    REACH(is_password_of(u"alice", PASSWORD));
    CHECK(change(u"NTLM", u"alice", u"not hers", u"Another1") < 0);
    CHECK(is_password_of(u"alice", PASSWORD));
}

PROMISE(ChangeAccountPasswordW, unknown_package, "page of the status codes: SEC_E_SECPKG_NOT_FOUND, the package does not exist") {
    CHECK_STATUS(change(u"Nonesuch", u"alice", PASSWORD, u"Another1"), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(ChangeAccountPasswordA, unknown_package, "page of the status codes: SEC_E_SECPKG_NOT_FOUND, the package does not exist") {
    SecBuffer response = {0, SECBUFFER_CHANGE_PASS_RESPONSE, NULL};
    SecBufferDesc output = desc_of(&response, 1);
    CHECK_STATUS(A->ChangeAccountPasswordA("Nonesuch", "EXAMPLE", "alice", "Password", "Another1", 0, 0, &output), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(ChangeAccountPasswordW, null_package, "bad use: pszPackageName is not optional") {
    CHECK_REFUSED(change(NULL, u"alice", PASSWORD, u"Another1"));
}

PROMISE(ChangeAccountPasswordW, null_account, "bad use: pszAccountName is not optional") {
    CHECK_REFUSED(change(u"NTLM", NULL, PASSWORD, u"Another1"));
}

PROMISE(ChangeAccountPasswordW, null_passwords, "bad use: neither password is optional") {
    CHECK_REFUSED(change(u"NTLM", u"alice", NULL, NULL));
}
