/* The Sspi* functions on identities. What they promise is on their pages and in <sspi.h>'s own comments; what these leave open
 * is as on Windows, as far as Wine's tests (dlls/secur32/tests), which were run there, state it: the comments say so where it
 * applies. */
#include "block.h"
#include "conversation.h"
#include "groups.h"
#include "platform.h"

#include <stdio.h>
#include <stdlib.h>
#ifdef _WIN32
#include <lmerr.h>
#include <ntstatus.h>
#include <wincred.h>
#else
#include <sys/wait.h>
#include <unistd.h>
#endif

typedef PSEC_WINNT_AUTH_IDENTITY_OPAQUE opaque;

/* The function under test, with the type that the header gives it. */
#define SSPI(name) ((__typeof__(&name))required(#name))

static void *required(const char *name) {
    void *symbol = find_export(name);
    if (!symbol) {
        printf("no export %s\n", name);
        exit(2);
    }
    return symbol;
}

static opaque of(const SEC_WCHAR *user, const SEC_WCHAR *domain, const SEC_WCHAR *password) {
    opaque identity = NULL;
    CHECK_STATUS(SSPI(SspiEncodeStringsAsAuthIdentity)(user, domain, password, &identity), SEC_E_OK);
    return identity;
}

static void free_identity(opaque identity) {
    SSPI(SspiFreeAuthIdentity)(identity);
}

static void free_string(const void *string) {
    SSPI(SspiLocalFree)((void *)string);
}

/* Whether the identity's strings are these; NULL for absent ones. */
static bool strings_are(opaque identity, const SEC_WCHAR *user, const SEC_WCHAR *domain, const SEC_WCHAR *password) {
    const SEC_WCHAR *got[3] = {u"not set", u"not set", u"not set"}, *want[3] = {user, domain, password};
    if (!CHECK_STATUS(SSPI(SspiEncodeAuthIdentityAsStrings)(identity, &got[0], &got[1], &got[2]),
                      SEC_E_OK)) {
        return false;
    }
    bool same = true;
    for (int i = 0; i < 3; i++) {
        same &= want[i] ? equal_w(got[i], want[i]) : got[i] == NULL;
        free_string(got[i]);
    }
    return same;
}

static bool same_identity(opaque one, opaque other) {
    BOOLEAN user = 7, identity = 7;
    CHECK_STATUS(SSPI(SspiCompareAuthIdentities)(one, other, &user, &identity), SEC_E_OK);
    return user && identity;
}

/* A client with this identity is accepted. */
static bool logs_on(opaque identity) {
    struct conversation c;
    if (!conversation_open(&c, NULL)) return false;
    CHECK_STATUS(W->FreeCredentialsHandle(&c.client.credential), SEC_E_OK);
    c.client.has_credential = CHECK_STATUS(
        W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_OUTBOUND, NULL, identity, NULL, NULL,
                                     &c.client.credential, NULL),
        SEC_E_OK);
    bool established = c.client.has_credential && converse(&c) && conversation_works(&c);
    conversation_close(&c);
    return established;
}

/* ---- strings */

static void strings_and_back(void) {
    static const SEC_WCHAR *const strings[][3] = {
        {USER, DOMAIN, PASSWORD}, {USER, NULL, PASSWORD}, {USER, NULL, NULL}, {NULL, NULL, PASSWORD},
        {NULL, DOMAIN, PASSWORD}, {NULL, DOMAIN, NULL},   {u"", u"", u""},    {u"\x00e9\x4e2d\xd83d\xde00", u"\x00c9", u"\x00df"},
    };
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
        opaque identity = of(strings[i][0], strings[i][1], strings[i][2]);
        REQUIRE(identity != NULL);
        CHECK(strings_are(identity, strings[i][0], strings[i][1], strings[i][2]));
        CHECK_STATUS(SSPI(SspiValidateAuthIdentity)(identity), SEC_E_OK);
        free_identity(identity);
    }
}

/* Windows returns SEC_E_INVALID_TOKEN, and leaves the output unchanged: Wine's tests. */
static void no_string_at_all(void) {
    opaque identity = (opaque)(uintptr_t)16;
    CHECK_STATUS(SSPI(SspiEncodeStringsAsAuthIdentity)(NULL, NULL, NULL, &identity), SEC_E_INVALID_TOKEN);
    CHECK(identity == (opaque)(uintptr_t)16);
    CHECK_STATUS(SSPI(SspiEncodeStringsAsAuthIdentity)(NULL, NULL, NULL, NULL), SEC_E_INVALID_TOKEN);
    CHECK_REFUSED(SSPI(SspiEncodeStringsAsAuthIdentity)(USER, NULL, NULL, NULL));
}

/* <sspi.h> has the places of SspiEncodeAuthIdentityAsStrings optional. The page has its strings freed with
 * SspiFreeAuthIdentity, the header with SspiLocalFree: either does. */
static void strings_that_nobody_wants(void) {
    opaque identity = of(USER, DOMAIN, PASSWORD);
    const SEC_WCHAR *user = NULL;
    CHECK_STATUS(SSPI(SspiEncodeAuthIdentityAsStrings)(identity, &user, NULL, NULL), SEC_E_OK);
    CHECK(equal_w(user, USER));
    free_identity((opaque)user);
    CHECK_STATUS(SSPI(SspiEncodeAuthIdentityAsStrings)(identity, NULL, NULL, NULL), SEC_E_OK);
    free_identity(identity);
}

/* In Windows' layout, in one allocation: Wine's tests. */
static void an_identity_of_strings_is_an_ex_form(void) {
    opaque identity = of(USER, NULL, PASSWORD);
    REQUIRE(identity != NULL);
    SEC_WINNT_AUTH_IDENTITY_EXW ex;
    memcpy(&ex, identity, sizeof ex);
    CHECK_EQUAL(ex.Version, SEC_WINNT_AUTH_IDENTITY_VERSION);
    CHECK_EQUAL(ex.Length, sizeof ex);
    CHECK_EQUAL(ex.Flags, SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED);
    CHECK((char *)ex.User == (char *)identity + sizeof ex);
    CHECK(ex.UserLength == TEXT_LENGTH(USER) && memcmp(ex.User, USER, 2 * ex.UserLength) == 0);
    CHECK(ex.PasswordLength == TEXT_LENGTH(PASSWORD) && memcmp(ex.Password, PASSWORD, 2 * ex.PasswordLength) == 0);
    CHECK(ex.Domain == NULL && ex.DomainLength == 0 && ex.PackageList == NULL && ex.PackageListLength == 0);
    free_identity(identity);
}

/* ---- memory */

static void free_of_what_is_not_ours(void) {
    SEC_WINNT_AUTH_IDENTITY_W own = identity_w(USER, DOMAIN, PASSWORD);
    static char fixed[64];
    free_identity(NULL);
    free_string(NULL);
    SSPI(SspiZeroAuthIdentity)(NULL);
    free_identity((opaque)&own);
    free_identity((opaque)fixed);
    free_string("text");
    free_string((void *)(uintptr_t)1);
    free_string((void *)(uintptr_t)-1);
    CHECK(own.UserLength == TEXT_LENGTH(USER) && own.User == (unsigned short *)USER);
    opaque identity = of(USER, DOMAIN, PASSWORD);
    free_string((char *)identity + 8);
    CHECK(strings_are(identity, USER, DOMAIN, PASSWORD));
    /* One allocator is used for all of them. */
    free_string(identity);
    free_identity(identity);
}

/* The password is cleared, the names stay: Wine's tests. */
static void zeroed(void) {
    opaque identity = of(USER, DOMAIN, PASSWORD);
    SSPI(SspiZeroAuthIdentity)(identity);
    const SEC_WCHAR *user = NULL, *domain = NULL, *password = NULL;
    REQUIRE_STATUS(SSPI(SspiEncodeAuthIdentityAsStrings)(identity, &user, &domain, &password), SEC_E_OK);
    CHECK(equal_w(user, USER) && equal_w(domain, DOMAIN));
    CHECK(password != NULL && password[0] == 0);
    free_string(user);
    free_string(domain);
    free_string(password);
    free_identity(identity);
    SEC_WCHAR text[] = PASSWORD, zeros[TEXT_LENGTH(PASSWORD)] = {0};
    SEC_WINNT_AUTH_IDENTITY_W own = identity_w(USER, DOMAIN, text);
    SSPI(SspiZeroAuthIdentity)((opaque)&own);
    CHECK(memcmp(text, zeros, sizeof zeros) == 0);
}

static void a_copy_is_by_itself(void) {
    SEC_WCHAR text[] = PASSWORD;
    SEC_WINNT_AUTH_IDENTITY_W own = identity_w(USER, DOMAIN, text);
    opaque copy = NULL, copy_of_copy = NULL;
    REQUIRE_STATUS(SSPI(SspiCopyAuthIdentity)((opaque)&own, &copy), SEC_E_OK);
    memset(text, 0, sizeof text);
    memset(&own, 0, sizeof own);
    CHECK(strings_are(copy, USER, DOMAIN, PASSWORD));
    REQUIRE_STATUS(SSPI(SspiCopyAuthIdentity)(copy, &copy_of_copy), SEC_E_OK);
    free_identity(copy);
    CHECK(strings_are(copy_of_copy, USER, DOMAIN, PASSWORD));
    free_identity(copy_of_copy);
}

static void null_is_refused(void) {
    opaque identity = of(USER, DOMAIN, PASSWORD), other = NULL;
    const SEC_WCHAR *string = NULL;
    SEC_WCHAR *host = NULL;
    char *bytes = NULL;
    ULONG number = 0;
    CHECK_REFUSED(SSPI(SspiEncodeAuthIdentityAsStrings)(NULL, &string, NULL, NULL));
    CHECK_REFUSED(SSPI(SspiValidateAuthIdentity)(NULL));
    CHECK_REFUSED(SSPI(SspiCopyAuthIdentity)(NULL, &other));
    CHECK_REFUSED(SSPI(SspiCopyAuthIdentity)(identity, NULL));
    CHECK_REFUSED(SSPI(SspiEncryptAuthIdentity)(NULL));
    CHECK_REFUSED(SSPI(SspiDecryptAuthIdentity)(NULL));
    CHECK(!SSPI(SspiIsAuthIdentityEncrypted)(NULL));
    CHECK_REFUSED(SSPI(SspiMarshalAuthIdentity)(NULL, &number, &bytes));
    CHECK_REFUSED(SSPI(SspiMarshalAuthIdentity)(identity, NULL, &bytes));
    CHECK_REFUSED(SSPI(SspiMarshalAuthIdentity)(identity, &number, NULL));
    CHECK_REFUSED(SSPI(SspiUnmarshalAuthIdentity)(8, NULL, &other));
    CHECK_REFUSED(SSPI(SspiUnmarshalAuthIdentity)(0, (char *)"", NULL));
    CHECK_REFUSED(SSPI(SspiExcludePackage)(identity, NULL, &other));
    CHECK_REFUSED(SSPI(SspiExcludePackage)(identity, u"", &other));
    CHECK_REFUSED(SSPI(SspiExcludePackage)(identity, u"NTLM", NULL));
    CHECK_REFUSED(SSPI(SspiPrepareForCredRead)(NULL, u"target", &number, &string));
    CHECK_REFUSED(SSPI(SspiPrepareForCredRead)(identity, NULL, &number, &string));
    CHECK_REFUSED(SSPI(SspiGetTargetHostName)(NULL, &host));
    CHECK_REFUSED(SSPI(SspiGetTargetHostName)(u"HTTP/web1", NULL));
    CHECK(other == NULL && string == NULL && host == NULL && bytes == NULL);
    free_identity(identity);
}

/* ---- comparing: <sspi.h> has all four optional */

static void compared(void) {
    static const struct {
        const SEC_WCHAR *strings[3];
        bool user, identity;
    } others[] = {
        {{USER, DOMAIN, PASSWORD}, true, true},         {{u"ALICE", u"example", PASSWORD}, true, true},
        {{USER, DOMAIN, u"password"}, true, false},     {{USER, DOMAIN, NULL}, true, false},
        {{u"bob", DOMAIN, PASSWORD}, false, false},     {{USER, u"OTHER", PASSWORD}, false, false},
        {{USER, NULL, PASSWORD}, false, false},         {{NULL, DOMAIN, PASSWORD}, false, false},
    };
    opaque identity = of(USER, DOMAIN, PASSWORD);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        opaque other = of(others[i].strings[0], others[i].strings[1], others[i].strings[2]);
        BOOLEAN user = 7, same = 7;
        CHECK_STATUS(SSPI(SspiCompareAuthIdentities)(identity, other, &user, &same), SEC_E_OK);
        CHECK_EQUAL(user, others[i].user);
        CHECK_EQUAL(same, others[i].identity);
        user = same = 7;
        CHECK_STATUS(SSPI(SspiCompareAuthIdentities)(other, identity, &user, NULL), SEC_E_OK);
        CHECK_STATUS(SSPI(SspiCompareAuthIdentities)(other, identity, NULL, &same), SEC_E_OK);
        CHECK(user == others[i].user && same == others[i].identity);
        free_identity(other);
    }
    CHECK(same_identity(NULL, NULL) && !same_identity(identity, NULL) && !same_identity(NULL, identity));
    free_identity(identity);
}

/* ---- every form */

/* A, W, their EX forms, the EX2 form, and each of them marshalled: they are one identity, and each logs on. */
static void every_form_is_one_identity(void) {
    SEC_WINNT_AUTH_IDENTITY_W w = identity_w(USER, DOMAIN, PASSWORD);
    SEC_WINNT_AUTH_IDENTITY_A a = {
        .User = (unsigned char *)"alice", .UserLength = 5, .Domain = (unsigned char *)"EXAMPLE", .DomainLength = 7,
        .Password = (unsigned char *)"Password", .PasswordLength = 8, .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    SEC_WINNT_AUTH_IDENTITY_EXW exw = {
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION, .Length = sizeof exw, .User = w.User, .UserLength = w.UserLength,
        .Domain = w.Domain, .DomainLength = w.DomainLength, .Password = w.Password, .PasswordLength = w.PasswordLength,
        .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED};
    SEC_WINNT_AUTH_IDENTITY_EXA exa = {
        .Version = SEC_WINNT_AUTH_IDENTITY_VERSION, .Length = sizeof exa, .User = a.User, .UserLength = a.UserLength,
        .Domain = a.Domain, .DomainLength = a.DomainLength, .Password = a.Password, .PasswordLength = a.PasswordLength,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_MARSHALLED};
    struct block ex2 = block_of(USER, NULL, &SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, PASSWORD, 2 * TEXT_LENGTH(PASSWORD));
    ex2.identity.DomainLength = 2 * TEXT_LENGTH(DOMAIN);
    ex2.identity.DomainOffset = ex2.identity.cbStructureLength;
    memcpy((char *)&ex2 + ex2.identity.DomainOffset, DOMAIN, ex2.identity.DomainLength);
    ex2.identity.cbStructureLength += ex2.identity.DomainLength;
    opaque made = of(USER, DOMAIN, PASSWORD), forms[] = {(opaque)&w, (opaque)&a, (opaque)&exw, (opaque)&exa, (opaque)&ex2, made};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        CHECK_STATUS(SSPI(SspiValidateAuthIdentity)(forms[i]), SEC_E_OK);
        CHECK(!SSPI(SspiIsAuthIdentityEncrypted)(forms[i]));
        CHECK(same_identity(forms[i], made));
        CHECK(logs_on(forms[i]));
        CHECK(strings_are(forms[i], USER, DOMAIN, PASSWORD));
        char *bytes = NULL;
        ULONG length = 0;
        REQUIRE_STATUS(SSPI(SspiMarshalAuthIdentity)(forms[i], &length, &bytes), SEC_E_OK);
        opaque other = NULL, copy = NULL;
        REQUIRE_STATUS(SSPI(SspiUnmarshalAuthIdentity)(length, bytes, &other), SEC_E_OK);
        memset(bytes, 0, length);
        free_string(bytes);
        CHECK(same_identity(other, made));
        CHECK(logs_on(other));
        /* Encrypted, as a program stores it. */
        CHECK_STATUS(SSPI(SspiEncryptAuthIdentity)(other), SEC_E_OK);
        CHECK(same_identity(other, made));
        CHECK(logs_on(other));
        REQUIRE_STATUS(SSPI(SspiCopyAuthIdentity)(other, &copy), SEC_E_OK);
        CHECK(SSPI(SspiIsAuthIdentityEncrypted)(copy));
        CHECK(logs_on(copy));
        free_identity(copy);
        free_identity(other);
    }
    free_identity(made);
}

/* ---- encryption */

static bool contains(const void *memory, size_t length, const void *part, size_t part_length) {
    for (size_t at = 0; at + part_length <= length; at++) {
        if (memcmp((const char *)memory + at, part, part_length) == 0) return true;
    }
    return false;
}

/* In place, in the caller's memory, without any excess room: the page has [in, out]. */
static void encrypted_where_it_is(void) {
    SEC_WCHAR user[] = USER, domain[] = DOMAIN, password[] = PASSWORD;
    SEC_WINNT_AUTH_IDENTITY_W own = identity_w(user, domain, password);
    CHECK_STATUS(SSPI(SspiEncryptAuthIdentity)((opaque)&own), SEC_E_OK);
    CHECK(SSPI(SspiIsAuthIdentityEncrypted)((opaque)&own));
    CHECK(own.Flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED);
    CHECK(memcmp(user, USER, sizeof user) != 0 && memcmp(password, PASSWORD, sizeof password) != 0);
    CHECK(user[TEXT_LENGTH(USER)] == 0 && password[TEXT_LENGTH(PASSWORD)] == 0 && domain[TEXT_LENGTH(DOMAIN)] == 0);
    CHECK(logs_on((opaque)&own));
    /* The page: STATUS_INVALID_PARAMETER if it is encrypted. */
    const SEC_WCHAR *string = NULL;
    CHECK_STATUS(SSPI(SspiEncodeAuthIdentityAsStrings)((opaque)&own, &string, NULL, NULL),
                 (SECURITY_STATUS)STATUS_INVALID_PARAMETER);
    CHECK(string == NULL);
    CHECK_STATUS(SSPI(SspiDecryptAuthIdentity)((opaque)&own), SEC_E_OK);
    CHECK(!SSPI(SspiIsAuthIdentityEncrypted)((opaque)&own));
    CHECK(memcmp(user, USER, sizeof user) == 0 && memcmp(domain, DOMAIN, sizeof domain) == 0);
    CHECK(memcmp(password, PASSWORD, sizeof password) == 0);
    CHECK_EQUAL(own.Flags, SEC_WINNT_AUTH_IDENTITY_UNICODE);
}

/* The Ex functions with SAME_PROCESS are equivalent to those without: the page. For others there is no key here. */
static void encrypted_for_whom(void) {
    opaque identity = of(USER, DOMAIN, PASSWORD);
    CHECK_STATUS(SSPI(SspiEncryptAuthIdentityEx)(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, identity), SEC_E_OK);
    CHECK_STATUS(SSPI(SspiDecryptAuthIdentity)(identity), SEC_E_OK);
    CHECK_STATUS(SSPI(SspiEncryptAuthIdentity)(identity), SEC_E_OK);
    CHECK_STATUS(SSPI(SspiDecryptAuthIdentityEx)(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, identity), SEC_E_OK);
    CHECK(strings_are(identity, USER, DOMAIN, PASSWORD));
    CHECK_STATUS(SSPI(SspiEncryptAuthIdentityEx)(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON, identity),
                 SEC_E_UNSUPPORTED_FUNCTION);
    CHECK_STATUS(SSPI(SspiEncryptAuthIdentityEx)(4 /* FOR_SYSTEM */, identity), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK_REFUSED(SSPI(SspiEncryptAuthIdentityEx)(0, identity));
    CHECK_REFUSED(SSPI(SspiEncryptAuthIdentityEx)(0xffffffff, identity));
    CHECK(!SSPI(SspiIsAuthIdentityEncrypted)(identity));
    CHECK(strings_are(identity, USER, DOMAIN, PASSWORD));
    free_identity(identity);
}

/* Marshalled it stays encrypted (the page of SspiEncryptAuthIdentityEx has it sent so), and no plaintext of it can be read. */
static void encrypted_bytes(void) {
    opaque identity = of(USER, DOMAIN, PASSWORD), other = NULL;
    char *bytes = NULL;
    ULONG length = 0;
    CHECK_STATUS(SSPI(SspiEncryptAuthIdentity)(identity), SEC_E_OK);
    REQUIRE_STATUS(SSPI(SspiMarshalAuthIdentity)(identity, &length, &bytes), SEC_E_OK);
    CHECK(!contains(bytes, length, USER, 2 * TEXT_LENGTH(USER)) && !contains(bytes, length, DOMAIN, 2 * TEXT_LENGTH(DOMAIN)));
    CHECK(!contains(bytes, length, PASSWORD, 2 * TEXT_LENGTH(PASSWORD)));
    REQUIRE_STATUS(SSPI(SspiUnmarshalAuthIdentity)(length, bytes, &other), SEC_E_OK);
    free_string(bytes);
    CHECK(SSPI(SspiIsAuthIdentityEncrypted)(other));
    CHECK_STATUS(SSPI(SspiDecryptAuthIdentity)(other), SEC_E_OK);
    CHECK(strings_are(other, USER, DOMAIN, PASSWORD));
    free_identity(other);
    free_identity(identity);
}

#ifndef _WIN32
static void a_forked_child_has_the_key(void) {
    opaque identity = of(USER, DOMAIN, PASSWORD);
    CHECK_STATUS(SSPI(SspiEncryptAuthIdentity)(identity), SEC_E_OK);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        bool good = SSPI(SspiDecryptAuthIdentity)(identity) == SEC_E_OK && strings_are(identity, USER, DOMAIN, PASSWORD);
        _exit(good ? 0 : 1);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_STATUS(SSPI(SspiDecryptAuthIdentity)(identity), SEC_E_OK);
    CHECK(strings_are(identity, USER, DOMAIN, PASSWORD));
    free_identity(identity);
}
#endif

static opaque shared_identity;

static void one_thread_keeps_identities(unsigned index) {
    (void)index;
    unsigned rounds = effort(200);
    for (unsigned i = 0; i < rounds; i++) {
        opaque identity = of(USER, DOMAIN, PASSWORD), copy = NULL;
        CHECK_STATUS(SSPI(SspiEncryptAuthIdentity)(identity), SEC_E_OK);
        CHECK(same_identity(identity, shared_identity));
        if (!CHECK_STATUS(SSPI(SspiCopyAuthIdentity)(shared_identity, &copy), SEC_E_OK)) return;
        CHECK_STATUS(SSPI(SspiDecryptAuthIdentity)(copy), SEC_E_OK);
        CHECK(strings_are(copy, USER, DOMAIN, PASSWORD));
        free_identity(copy);
        free_identity(identity);
    }
}

static void identities_in_every_thread(void) {
    shared_identity = of(USER, DOMAIN, PASSWORD);
    CHECK_STATUS(SSPI(SspiEncryptAuthIdentity)(shared_identity), SEC_E_OK);
    in_threads(8, one_thread_keeps_identities);
    free_identity(shared_identity);
}

/* ---- bytes */

/* Marshalled as Windows does it: a header of eleven words, offsets from its beginning, lengths in characters; Wine's tests. */
static void bytes_as_windows_has_them(void) {
    opaque identity = of(USER, NULL, PASSWORD);
    ULONG length = 0, words[11];
    char *bytes = NULL;
    REQUIRE_STATUS(SSPI(SspiMarshalAuthIdentity)(identity, &length, &bytes), SEC_E_OK);
    REQUIRE(length > sizeof words);
    memcpy(words, bytes, sizeof words);
    CHECK_EQUAL(length, sizeof words + 2 * TEXT_LENGTH(USER) + 2 * TEXT_LENGTH(PASSWORD) + sizeof(ULONG));
    CHECK_EQUAL(words[0], SEC_WINNT_AUTH_IDENTITY_VERSION);
    CHECK_EQUAL(words[1], sizeof words);
    CHECK_EQUAL(words[2], sizeof words);
    CHECK_EQUAL(words[3], TEXT_LENGTH(USER));
    CHECK(words[4] == 0 && words[5] == 0);
    CHECK_EQUAL(words[6], sizeof words + 2 * TEXT_LENGTH(USER));
    CHECK_EQUAL(words[7], TEXT_LENGTH(PASSWORD));
    CHECK_EQUAL(words[8], SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_MARSHALLED);
    CHECK(words[9] == 0 && words[10] == 0);
    CHECK(memcmp(bytes + words[6], PASSWORD, 2 * TEXT_LENGTH(PASSWORD)) == 0);
    free_string(bytes);
    free_identity(identity);
    /* An EX2 form is what it is, and eight bytes more. */
    SEC_WINNT_AUTH_IDENTITY_EX2 ex2 = {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2, .cbHeaderLength = sizeof ex2,
                                       .cbStructureLength = sizeof ex2};
    REQUIRE_STATUS(SSPI(SspiMarshalAuthIdentity)((opaque)&ex2, &length, &bytes), SEC_E_OK);
    CHECK_EQUAL(length, sizeof ex2 + 8);
    CHECK(memcmp(bytes, &ex2, sizeof ex2) == 0);
    REQUIRE_STATUS(SSPI(SspiUnmarshalAuthIdentity)(length, bytes, &identity), SEC_E_OK);
    CHECK(memcmp(identity, &ex2, sizeof ex2) == 0);
    free_string(bytes);
    free_identity(identity);
}

/* The bytes end at an inaccessible page: reading further would end the process. */
static void unmarshal_fenced(const char *bytes, size_t length, size_t shortest) {
    char *fenced = fence(bytes, length);
    opaque identity = NULL;
    SECURITY_STATUS status = SSPI(SspiUnmarshalAuthIdentity)((ULONG)length, fenced, &identity);
    if (status == SEC_E_OK) {
        CHECK(length >= shortest);
        SECURITY_STATUS valid = SSPI(SspiValidateAuthIdentity)(identity);
        if (valid != SEC_E_OK) CHECK_REFUSED(valid);
        free_identity(identity);
    } else {
        CHECK_REFUSED(status);
        CHECK(identity == NULL);
    }
    fence_free(fenced, length);
}

/* Truncated at every length; and, one after the other, every byte of the header changed. */
static void bytes_that_somebody_has_made(void) {
    struct block ex2 = block_of(USER, u"NTLM", &SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, PASSWORD, 2 * TEXT_LENGTH(PASSWORD));
    opaque made = of(USER, DOMAIN, PASSWORD), forms[] = {made, (opaque)&ex2};
    size_t ends[] = {4, 8}, headers[] = {44, 48 + 28};
    for (int form = 0; form < 2; form++) {
        char *bytes = NULL;
        ULONG length = 0;
        REQUIRE_STATUS(SSPI(SspiMarshalAuthIdentity)(forms[form], &length, &bytes), SEC_E_OK);
        for (size_t cut = 0; cut <= length; cut++) unmarshal_fenced(bytes, cut, length - ends[form]);
        unsigned step = 256 / effort(16) ? 256 / effort(16) : 1;
        for (size_t at = 0; at < headers[form]; at++) {
            char was = bytes[at];
            for (unsigned value = 0; value < 256; value += step) {
                bytes[at] = (char)(value | (value == 256 - step ? step - 1 : 0));
                unmarshal_fenced(bytes, length, 0);
            }
            bytes[at] = was;
        }
        free_string(bytes);
    }
    free_identity(made);
}

/* ---- packages */

static SECURITY_STATUS first_leg(opaque identity) {
    struct conversation c;
    if (!conversation_open(&c, NULL)) return SEC_E_INTERNAL_ERROR;
    CHECK_STATUS(W->FreeCredentialsHandle(&c.client.credential), SEC_E_OK);
    SECURITY_STATUS status = W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_OUTBOUND, NULL, identity, NULL, NULL,
                                                          &c.client.credential, NULL);
    c.client.has_credential = status == SEC_E_OK;
    if (c.client.has_credential) status = client_leg(&c);
    conversation_close(&c);
    return status;
}

static void a_package_excluded(void) {
    SEC_WINNT_AUTH_IDENTITY_W own = identity_w(USER, DOMAIN, PASSWORD);
    opaque without_kerberos = NULL, without_both = NULL, nobody = NULL;
    REQUIRE_STATUS(SSPI(SspiExcludePackage)((opaque)&own, u"Kerberos", &without_kerberos), SEC_E_OK);
    CHECK(logs_on(without_kerberos));
    CHECK(same_identity(without_kerberos, (opaque)&own));
    CHECK_STATUS(SSPI(SspiEncryptAuthIdentity)(without_kerberos), SEC_E_OK);
    REQUIRE_STATUS(SSPI(SspiExcludePackage)(without_kerberos, u"NTLM", &without_both), SEC_E_OK);
    CHECK(SSPI(SspiIsAuthIdentityEncrypted)(without_both));
    CHECK_REFUSED(first_leg(without_both));
    CHECK(logs_on(without_kerberos));
    /* The identity is optional in <sspi.h>. */
    CHECK_STATUS(SSPI(SspiExcludePackage)(NULL, u"NTLM", &nobody), SEC_E_OK);
    CHECK_STATUS(SSPI(SspiValidateAuthIdentity)(nobody), SEC_E_OK);
    free_identity(nobody);
    free_identity(without_both);
    free_identity(without_kerberos);
}

/* ---- the credential manager, the target, prompting */

/* What Wine's tests saw on Windows: CRED_TYPE_DOMAIN_PASSWORD, DOMAIN\user, and the password without its zero. */
static void for_the_credential_manager(void) {
    opaque identity = of(USER, DOMAIN, PASSWORD);
    for (int pass = 0; pass < 2; pass++) {
        const SEC_WCHAR *target = NULL, *user = NULL;
        unsigned char *blob = NULL;
        ULONG type = 0, size = 0;
        REQUIRE_STATUS(SSPI(SspiPrepareForCredWrite)(identity, pass ? u"HTTP/web1" : NULL, &type, &target,
                                                     &user, &blob, &size),
                       SEC_E_OK);
        CHECK_EQUAL(type, 2);
        CHECK(equal_w(target, pass ? u"HTTP/web1" : u"EXAMPLE\\alice"));
        CHECK(equal_w(user, u"EXAMPLE\\alice"));
        CHECK(size == 2 * TEXT_LENGTH(PASSWORD) && memcmp(blob, PASSWORD, size) == 0);
        free_string(target);
        free_string(user);
        free_string(blob);
    }
    const SEC_WCHAR *target = NULL;
    ULONG type = 0;
    REQUIRE_STATUS(SSPI(SspiPrepareForCredRead)(identity, u"HTTP/web1", &type, &target), SEC_E_OK);
    CHECK(type == 2 && equal_w(target, u"HTTP/web1"));
    free_string(target);
    free_identity(identity);
}

static void hosts_of_targets(void) {
    SEC_WCHAR *host = NULL;
    REQUIRE_STATUS(SSPI(SspiGetTargetHostName)(u"HTTP/www.example.com:8080", &host), SEC_E_OK);
    CHECK(equal_w(host, u"www.example.com"));
    free_string(host);
    host = NULL;
    CHECK_REFUSED(SSPI(SspiGetTargetHostName)(u"EXAMPLE\\alice", &host));
    CHECK(host == NULL);
}

static void errors_that_another_password_mends(void) {
    CHECK(SSPI(SspiIsPromptingNeeded)((ULONG)SEC_E_LOGON_DENIED));
    CHECK(SSPI(SspiIsPromptingNeeded)((ULONG)SEC_E_NO_CREDENTIALS));
    CHECK(!SSPI(SspiIsPromptingNeeded)((ULONG)SEC_E_OK));
    CHECK(!SSPI(SspiIsPromptingNeeded)((ULONG)SEC_E_INVALID_TOKEN));
    CHECK(!SSPI(SspiIsPromptingNeeded)((ULONG)SEC_I_CONTINUE_NEEDED));
#ifdef _WIN32
    /* <wincred.h> lists them. */
    static const ULONG beginnings[] = {0, 0x80070000, 0x80090000, 0xc0000000, 0xd0000000, 0x00090000, 0x40000000};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        for (ULONG code = 0; code < 0x1000; code++) {
            ULONG error = beginnings[i] | code;
            CHECK_EQUAL(SSPI(SspiIsPromptingNeeded)(error), !!CREDUI_IS_AUTHENTICATION_ERROR((LONG)error));
        }
    }
#endif
}

const struct test auth_identity_tests[] = {
    TEST(strings_and_back),
    TEST(no_string_at_all),
    TEST(strings_that_nobody_wants),
    TEST(an_identity_of_strings_is_an_ex_form),
    TEST(free_of_what_is_not_ours),
    TEST(zeroed),
    TEST(a_copy_is_by_itself),
    TEST(null_is_refused),
    TEST(compared),
    TEST(every_form_is_one_identity),
    TEST(encrypted_where_it_is),
    TEST(encrypted_for_whom),
    TEST(encrypted_bytes),
#ifndef _WIN32
    TEST(a_forked_child_has_the_key),
#endif
    TEST(identities_in_every_thread),
    TEST(bytes_as_windows_has_them),
    TEST(bytes_that_somebody_has_made),
    TEST(a_package_excluded),
    TEST(for_the_credential_manager),
    TEST(hosts_of_targets),
    TEST(errors_that_another_password_mends),
    END_OF_TESTS,
};
