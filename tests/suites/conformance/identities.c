/* pAuthData of AcquireCredentialsHandle: a form is supported if a client can authenticate with
 * it. */
#include "fixture.h"

/* Whether a client with this identity is accepted. */
static bool gets_in(bool ansi_function, void *identity) {
    struct conversation c;
    if (!conversation_open(&c, NULL)) return false;
    W->FreeCredentialsHandle(&c.client.credential);
    SECURITY_STATUS status =
        ansi_function ? A->AcquireCredentialsHandleA(NULL, "Negotiate", SECPKG_CRED_OUTBOUND, NULL, identity, NULL, NULL,
                                                     &c.client.credential, NULL)
                      : W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_OUTBOUND, NULL, identity, NULL, NULL,
                                                     &c.client.credential, NULL);
    c.client.has_credential = CHECK_STATUS(status, SEC_E_OK);
    bool in = c.client.has_credential && converse(&c);
    conversation_close(&c);
    return in;
}

/* The status of acquiring with an identity; what is acquired is freed. */
static SECURITY_STATUS acquired(void *identity) {
    CredHandle credential = invalid_handle;
    SECURITY_STATUS status = W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, identity, NULL, NULL,
                                                          &credential, NULL);
    if (status == SEC_E_OK) CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
    return status;
}

static SEC_WINNT_AUTH_IDENTITY_A ansi(void) {
    return (SEC_WINNT_AUTH_IDENTITY_A){
        .User = (unsigned char *)"alice",
        .UserLength = 5,
        .Domain = (unsigned char *)"EXAMPLE",
        .DomainLength = 7,
        .Password = (unsigned char *)"Password",
        .PasswordLength = 8,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
}

PROMISE(AcquireCredentialsHandleW, identity_w, "page of SEC_WINNT_AUTH_IDENTITY: the strings are Unicode") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    CHECK(gets_in(false, &identity));
}

PROMISE(AcquireCredentialsHandleA, identity_a, "page of SEC_WINNT_AUTH_IDENTITY: the strings are ANSI") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_A identity = ansi();
    CHECK(gets_in(true, &identity));
}

PROMISE(AcquireCredentialsHandleW, identity_a, "page of SEC_WINNT_AUTH_IDENTITY: Flags say what the strings are, whatever the function") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_A identity = ansi();
    CHECK(gets_in(false, &identity));
}

PROMISE(AcquireCredentialsHandleA, identity_w, "page of SEC_WINNT_AUTH_IDENTITY: Flags say what the strings are, whatever the function") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    CHECK(gets_in(true, &identity));
}

PROMISE(AcquireCredentialsHandleW, identity_lengths_count_characters, "page of SEC_WINNT_AUTH_IDENTITY: lengths are in characters, without the terminating null character") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(u"alice and more", u"EXAMPLE and more", u"Password and more");
    identity.UserLength = 5, identity.DomainLength = 7, identity.PasswordLength = 8;
    CHECK(gets_in(false, &identity));
}

PROMISE(AcquireCredentialsHandleW, identity_is_read_no_further, "page of SEC_WINNT_AUTH_IDENTITY: lengths are in characters, without the terminating null character") {
    SEC_WCHAR *user = fence(USER, 10), *domain = fence(DOMAIN, 14), *password = fence(PASSWORD, 16);
    SEC_WINNT_AUTH_IDENTITY_W identity = {user, 5, domain, 7, password, 8, SEC_WINNT_AUTH_IDENTITY_UNICODE};
    CHECK_STATUS(acquired(&identity), SEC_E_OK);
    fence_free(user, 10), fence_free(domain, 14), fence_free(password, 16);
}

PROMISE(AcquireCredentialsHandleW, identity_may_be_erased, "page of SEC_WINNT_AUTH_IDENTITY: erase the password when you have finished using it") {
    struct conversation c;
    SEC_WCHAR password[] = PASSWORD;
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, password);
    REACH(conversation_open(&c, NULL));
    W->FreeCredentialsHandle(&c.client.credential);
    c.client.has_credential = CHECK_STATUS(
        W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL, &c.client.credential, NULL),
        SEC_E_OK);
    memset(password, 0, sizeof password);
    memset(&identity, 0, sizeof identity);
    REACH(converse(&c));
    conversation_close(&c);
}

PROMISE(AcquireCredentialsHandleW, identity_without_a_domain, "page of SEC_WINNT_AUTH_IDENTITY: Domain may be NULL, its length is then zero") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, NULL, PASSWORD);
    CHECK(gets_in(false, &identity));
}

PROMISE(AcquireCredentialsHandleW, identity_with_an_empty_password, "page of SEC_WINNT_AUTH_IDENTITY: a length, which may be zero") {
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, u"");
    CHECK_STATUS(acquired(&identity), SEC_E_OK);
}

PROMISE(AcquireCredentialsHandleW, identity_only, "header: SEC_WINNT_AUTH_IDENTITY_ONLY, the credentials are for identity only, no PAC needed") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    identity.Flags |= SEC_WINNT_AUTH_IDENTITY_ONLY;
    CHECK(gets_in(false, &identity));
}

PROMISE(AcquireCredentialsHandleW, identity_marshalled, "header: SEC_WINNT_AUTH_IDENTITY_MARSHALLED, all data is in one buffer") {
    struct {
        SEC_WINNT_AUTH_IDENTITY_W identity;
        SEC_WCHAR user[6], domain[8], password[9];
    } block = {{NULL, 5, NULL, 7, NULL, 8, SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED}, USER, DOMAIN, PASSWORD};
    REACH(somebody_gets_in(u"Negotiate"));
    block.identity.User = block.user, block.identity.Domain = block.domain, block.identity.Password = block.password;
    CHECK(gets_in(false, &block));
}

PROMISE(AcquireCredentialsHandleW, identity_with_neither_flag, "bad use: Flags must be one of two; what the strings are is not said") {
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    identity.Flags = 0;
    CHECK_OK_OR_REFUSED(acquired(&identity));
}

PROMISE(AcquireCredentialsHandleW, identity_with_both_flags, "bad use: Flags must be one of two") {
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE;
    CHECK_OK_OR_REFUSED(acquired(&identity));
}

PROMISE(AcquireCredentialsHandleW, identity_of_nothing, "bad use: NULL for every string") {
    SEC_WINNT_AUTH_IDENTITY_W identity = {.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE};
    CHECK_OK_OR_REFUSED(acquired(&identity));
}

PROMISE(AcquireCredentialsHandleW, identity_with_a_null_user_of_some_length, "bad use: a length without a string") {
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(NULL, DOMAIN, PASSWORD);
    identity.UserLength = 5;
    CHECK_OK_OR_REFUSED(acquired(&identity));
}

PROMISE(AcquireCredentialsHandleW, identity_of_endless_length, "bad use: lengths of 0xFFFFFFFF") {
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    identity.PasswordLength = 0xFFFFFFFF;
    CHECK_REFUSED(acquired(&identity));
}

PROMISE(AcquireCredentialsHandleW, identity_that_is_no_text, "bad use: half of a surrogate pair") {
    SEC_WCHAR user[] = {0xD800, 'x', 0};
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(user, DOMAIN, PASSWORD);
    CHECK_OK_OR_REFUSED(acquired(&identity));
}

PROMISE(AcquireCredentialsHandleW, identity_encrypted_in_the_wrong_way, "bad use: flags of encrypted data on data that are not") {
    SEC_WINNT_AUTH_IDENTITY_W identity = identity_w(USER, DOMAIN, PASSWORD);
    identity.Flags |= SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED;
    CHECK_OK_OR_REFUSED(acquired(&identity));
}

/* ---- SEC_WINNT_AUTH_IDENTITY_EX */

static SEC_WINNT_AUTH_IDENTITY_EXW ex_w(SEC_WCHAR *packages) {
    SEC_WINNT_AUTH_IDENTITY_EXW identity;
    memset(&identity, 0, sizeof identity);
    identity.Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    identity.Length = sizeof identity;
    identity.User = (void *)USER, identity.UserLength = 5;
    identity.Domain = (void *)DOMAIN, identity.DomainLength = 7;
    identity.Password = (void *)PASSWORD, identity.PasswordLength = 8;
    identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    identity.PackageList = packages, identity.PackageListLength = (ULONG)length_w(packages);
    return identity;
}

PROMISE(AcquireCredentialsHandleW, identity_ex, "page of SEC_WINNT_AUTH_IDENTITY_EX: Version is SEC_WINNT_AUTH_IDENTITY_VERSION") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_EXW identity = ex_w(NULL);
    CHECK(gets_in(false, &identity));
}

PROMISE(AcquireCredentialsHandleA, identity_ex, "page of SEC_WINNT_AUTH_IDENTITY_EX: the strings are ANSI") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_EXA identity;
    memset(&identity, 0, sizeof identity);
    identity.Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    identity.Length = sizeof identity;
    identity.User = (unsigned char *)"alice", identity.UserLength = 5;
    identity.Domain = (unsigned char *)"EXAMPLE", identity.DomainLength = 7;
    identity.Password = (unsigned char *)"Password", identity.PasswordLength = 8;
    identity.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    CHECK(gets_in(true, &identity));
}

PROMISE(AcquireCredentialsHandleW, package_list_with_the_package, "page of SEC_WINNT_AUTH_IDENTITY_EX: names of packages that the negotiation may use") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_EXW identity = ex_w(u"Kerberos,NTLM");
    CHECK(gets_in(false, &identity));
}

PROMISE(AcquireCredentialsHandleW, package_list_with_exclusions, "page of SEC_WINNT_AUTH_IDENTITY_EX: ! before a name excludes it") {
    REACH(somebody_gets_in(u"Negotiate"));
    SEC_WINNT_AUTH_IDENTITY_EXW identity = ex_w(u"!Kerberos");
    CHECK(gets_in(false, &identity));
}

/* The status of a first call with these credentials for Negotiate. */
static SECURITY_STATUS first_call_with(void *identity) {
    struct fixture d;
    CredHandle credential = invalid_handle;
    if (!fixture_client_first(&d, u"Negotiate")) return SEC_E_INTERNAL_ERROR;
    SECURITY_STATUS status = W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_OUTBOUND, NULL, identity, NULL, NULL,
                                                          &credential, NULL);
    if (status == SEC_E_OK) {
        d.credential = &credential;
        status = fixture_call(&d);
        W->FreeCredentialsHandle(&credential);
    }
    fixture_close(&d);
    return status;
}

PROMISE(AcquireCredentialsHandleW, package_list_without_any, "page of SEC_WINNT_AUTH_IDENTITY_EX: ! before a name excludes it") {
    SEC_WINNT_AUTH_IDENTITY_EXW all = ex_w(NULL), none = ex_w(u"!NTLM,!Kerberos");
    REACH(first_call_with(&all) == SEC_I_CONTINUE_NEEDED);
    CHECK_REFUSED(first_call_with(&none));
}

PROMISE(AcquireCredentialsHandleW, package_list_of_strangers, "page of SEC_WINNT_AUTH_IDENTITY_EX: names of packages; none of these exists") {
    SEC_WINNT_AUTH_IDENTITY_EXW all = ex_w(NULL), strangers = ex_w(u"Nonesuch");
    REACH(first_call_with(&all) == SEC_I_CONTINUE_NEEDED);
    CHECK_REFUSED(first_call_with(&strangers));
}

/* ---- SEC_WINNT_AUTH_IDENTITY_EX2 */

struct block {
    SEC_WINNT_AUTH_IDENTITY_EX2 identity;
    unsigned char rest[256];
};

static ULONG append(struct block *b, const void *bytes, size_t length) {
    ULONG offset = b->identity.cbStructureLength;
    memcpy((unsigned char *)b + offset, bytes, length);
    b->identity.cbStructureLength += (ULONG)length;
    return offset;
}

/* alice and her password, packed. */
static struct block ex2(void) {
    static const GUID password_type = {0x28bfc32f, 0x10f6, 0x4738, {0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a}};
    struct block b;
    SEC_WINNT_AUTH_PACKED_CREDENTIALS packed;
    memset(&b, 0, sizeof b);
    memset(&packed, 0, sizeof packed);
    b.identity.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2;
    b.identity.cbHeaderLength = b.identity.cbStructureLength = sizeof b.identity;
    b.identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED;
    b.identity.UserLength = 10, b.identity.UserOffset = append(&b, USER, 10);
    b.identity.DomainLength = 14, b.identity.DomainOffset = append(&b, DOMAIN, 14);
    packed.cbHeaderLength = sizeof packed;
    packed.cbStructureLength = sizeof packed + 16;
    packed.AuthData.CredType = password_type;
    packed.AuthData.CredData.ByteArrayOffset = sizeof packed;
    packed.AuthData.CredData.ByteArrayLength = 16;
    b.identity.PackedCredentialsOffset = append(&b, &packed, sizeof packed);
    b.identity.PackedCredentialsLength = packed.cbStructureLength;
    append(&b, PASSWORD, 16);
    return b;
}

PROMISE(AcquireCredentialsHandleW, identity_ex2, "page of SEC_WINNT_AUTH_IDENTITY_EX2: Version is SEC_WINNT_AUTH_IDENTITY_VERSION_2") {
    REACH(somebody_gets_in(u"Negotiate"));
    struct block b = ex2();
    CHECK(gets_in(false, &b));
}

PROMISE(AcquireCredentialsHandleA, identity_ex2, "page of SEC_WINNT_AUTH_IDENTITY_EX2: one structure for both forms") {
    REACH(somebody_gets_in(u"Negotiate"));
    struct block b = ex2();
    CHECK(gets_in(true, &b));
}

PROMISE(AcquireCredentialsHandleW, identity_ex2_user_outside, "bad use: an offset beyond the structure's length") {
    struct block b = ex2();
    b.identity.UserOffset = b.identity.cbStructureLength;
    CHECK_REFUSED(acquired(&b));
}

PROMISE(AcquireCredentialsHandleW, identity_ex2_offset_overflows, "bad use: an offset of 0xFFFFFFFF") {
    struct block b = ex2();
    b.identity.PackedCredentialsOffset = 0xFFFFFFFF;
    CHECK_REFUSED(acquired(&b));
}

PROMISE(AcquireCredentialsHandleW, identity_ex2_shorter_than_its_header, "bad use: cbStructureLength below the structure's own size") {
    struct block b = ex2();
    b.identity.cbStructureLength = 8;
    CHECK_REFUSED(acquired(&b));
}

PROMISE(AcquireCredentialsHandleW, identity_ex2_endless, "bad use: cbStructureLength of 0xFFFFFFFF") {
    struct block b = ex2();
    b.identity.cbStructureLength = 0xFFFFFFFF;
    CHECK_REFUSED(acquired(&b));
}

PROMISE(AcquireCredentialsHandleW, identity_ex2_of_unknown_type, "bad use: packed credentials of a type that nobody knows") {
    struct block b = ex2();
    SEC_WINNT_AUTH_PACKED_CREDENTIALS packed;
    memcpy(&packed, (unsigned char *)&b + b.identity.PackedCredentialsOffset, sizeof packed);
    packed.AuthData.CredType.Data1 ^= 0xFFFF;
    memcpy((unsigned char *)&b + b.identity.PackedCredentialsOffset, &packed, sizeof packed);
    CHECK_REFUSED(acquired(&b));
}
