/* EnumerateSecurityPackages, QuerySecurityPackageInfo, InitSecurityInterface. */
#include "conversation.h"
#include "groups.h"

static void enumerates_negotiate_kerberos_and_ntlm(void) {
    ULONG count = 0;
    PSecPkgInfoW packages = NULL;
    REQUIRE_STATUS(W->EnumerateSecurityPackagesW(&count, &packages), SEC_E_OK);
    bool negotiate = false, kerberos = false, ntlm = false;
    for (ULONG i = 0; i < count; i++) {
        negotiate |= equal_wa(packages[i].Name, "Negotiate");
        kerberos |= equal_wa(packages[i].Name, "Kerberos");
        ntlm |= equal_wa(packages[i].Name, "NTLM");
        CHECK(length_w(packages[i].Comment) > 0);
        CHECK_EQUAL(packages[i].wVersion, 1);
        CHECK(packages[i].cbMaxToken > 0);
    }
    CHECK(negotiate);
    CHECK(kerberos);
    CHECK(ntlm);
    CHECK_STATUS(W->FreeContextBuffer(packages), SEC_E_OK);
}

static void a_and_w_enumerate_the_same(void) {
    ULONG count_a = 0, count_w = 0;
    PSecPkgInfoA a = NULL;
    PSecPkgInfoW w = NULL;
    REQUIRE_STATUS(A->EnumerateSecurityPackagesA(&count_a, &a), SEC_E_OK);
    REQUIRE_STATUS(W->EnumerateSecurityPackagesW(&count_w, &w), SEC_E_OK);
    CHECK_EQUAL(count_a, count_w);
    for (ULONG i = 0; i < count_a && i < count_w; i++) {
        CHECK(equal_wa(w[i].Name, a[i].Name));
        CHECK(equal_wa(w[i].Comment, a[i].Comment));
        CHECK_EQUAL(a[i].fCapabilities, w[i].fCapabilities);
        CHECK_EQUAL(a[i].wRPCID, w[i].wRPCID);
        CHECK_EQUAL(a[i].cbMaxToken, w[i].cbMaxToken);
    }
    CHECK_STATUS(A->FreeContextBuffer(a), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(w), SEC_E_OK);
}

static void knows_names_in_any_letter_case(void) {
    static const struct {
        SEC_WCHAR *wide;
        char *narrow;
        const char *documented;
    } names[] = {{u"negotiate", "NEGOTIATE", "Negotiate"}, {u"KERBEROS", "kerberos", "Kerberos"}, {u"nTlM", "ntlm", "NTLM"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        PSecPkgInfoW w = NULL;
        PSecPkgInfoA a = NULL;
        REQUIRE_STATUS(W->QuerySecurityPackageInfoW(names[i].wide, &w), SEC_E_OK);
        REQUIRE_STATUS(A->QuerySecurityPackageInfoA(names[i].narrow, &a), SEC_E_OK);
        CHECK(equal_wa(w->Name, names[i].documented));
        CHECK(strcmp(a->Name, names[i].documented) == 0);
        CHECK_STATUS(W->FreeContextBuffer(w), SEC_E_OK);
        CHECK_STATUS(A->FreeContextBuffer(a), SEC_E_OK);
    }
}

/* RPC_C_AUTHN_GSS_NEGOTIATE is 9, RPC_C_AUTHN_WINNT 10, RPC_C_AUTHN_GSS_KERBEROS 16; what all can do is documented with the
 * packages. */
static void states_rpc_numbers_and_capabilities(void) {
    const ULONG all = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_CONNECTION |
                       SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_ACCEPT_WIN32_NAME;
    static const struct {
        SEC_WCHAR *name;
        unsigned rpc;
    } packages[] = {{u"Negotiate", 9}, {u"NTLM", 10}, {u"Kerberos", 16}};
    for (size_t i = 0; i < sizeof packages / sizeof *packages; i++) {
        PSecPkgInfoW info = NULL;
        REQUIRE_STATUS(W->QuerySecurityPackageInfoW(packages[i].name, &info), SEC_E_OK);
        CHECK_EQUAL(info->wRPCID, packages[i].rpc);
        CHECK_EQUAL(info->fCapabilities & all, all);
        CHECK_STATUS(W->FreeContextBuffer(info), SEC_E_OK);
    }
}

/* As Windows has it, where programs take cbMaxToken for the length of their buffers. */
static void kerberos_as_windows_describes_it(void) {
    PSecPkgInfoW info = NULL;
    REQUIRE_STATUS(W->QuerySecurityPackageInfoW(u"Kerberos", &info), SEC_E_OK);
    CHECK_EQUAL(info->cbMaxToken, 48000);
    CHECK_EQUAL(info->wVersion, 1);
    const ULONG windows = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_TOKEN_ONLY | SECPKG_FLAG_DATAGRAM |
                          SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_EXTENDED_ERROR |
                          SECPKG_FLAG_IMPERSONATION | SECPKG_FLAG_ACCEPT_WIN32_NAME | SECPKG_FLAG_NEGOTIABLE |
                          SECPKG_FLAG_GSS_COMPATIBLE | SECPKG_FLAG_LOGON | SECPKG_FLAG_MUTUAL_AUTH |
                          SECPKG_FLAG_DELEGATION | SECPKG_FLAG_READONLY_WITH_CHECKSUM | SECPKG_FLAG_RESTRICTED_TOKENS;
    CHECK_EQUAL(info->fCapabilities & windows, windows);
    CHECK_STATUS(W->FreeContextBuffer(info), SEC_E_OK);
}

static void refuses_unknown_names(void) {
    static SEC_WCHAR *names[] = {u"", u"Negotiat", u"Negotiate ", u"NTLMSSP", u"NTLM\x0130",
#ifndef _WIN32 /* there it is the system's */
                                 u"Schannel",
#endif
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        PSecPkgInfoW info = NULL;
        if (!CHECK_STATUS(W->QuerySecurityPackageInfoW(names[i], &info), SEC_E_SECPKG_NOT_FOUND)) {
            fail(__FILE__, __LINE__, "name %u", (unsigned)i);
        }
    }
    PSecPkgInfoA info = NULL;
    CHECK_STATUS(A->QuerySecurityPackageInfoA("nobody's package", &info), SEC_E_SECPKG_NOT_FOUND);
    /* no text at all */
    PSecPkgInfoW wide = NULL;
    CHECK_REFUSED(W->QuerySecurityPackageInfoW(u"\xd800", &wide));
    CHECK_REFUSED(A->QuerySecurityPackageInfoA("NTLM\xff", &info));
}

static void refuses_null_arguments(void) {
    ULONG count = 0;
    PSecPkgInfoW w = NULL;
    PSecPkgInfoA a = NULL;
    CHECK_REFUSED(W->EnumerateSecurityPackagesW(NULL, &w));
    CHECK_REFUSED(W->EnumerateSecurityPackagesW(&count, NULL));
    CHECK_REFUSED(A->EnumerateSecurityPackagesA(NULL, &a));
    CHECK_REFUSED(A->EnumerateSecurityPackagesA(&count, NULL));
    CHECK_REFUSED(W->QuerySecurityPackageInfoW(NULL, &w));
    CHECK_REFUSED(W->QuerySecurityPackageInfoW(u"NTLM", NULL));
    CHECK_REFUSED(A->QuerySecurityPackageInfoA(NULL, &a));
    CHECK_REFUSED(A->QuerySecurityPackageInfoA("NTLM", NULL));
}

static void tables_are_static(void) {
    CHECK(InitSecurityInterfaceAByName() == InitSecurityInterfaceAByName());
    CHECK(InitSecurityInterfaceWByName() == InitSecurityInterfaceWByName());
}

/* As on Windows, where Wine's tests were run: some programs compare the version, and some call what is reserved. */
static void tables_are_those_of_windows(void) {
    PSecurityFunctionTableA a = InitSecurityInterfaceAByName();
    PSecurityFunctionTableW w = InitSecurityInterfaceWByName();
    CHECK_EQUAL(a->dwVersion, SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION);
    CHECK_EQUAL(w->dwVersion, SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION);
    CHECK((void *)a->Reserved3 == (void *)a->EncryptMessage && (void *)w->Reserved3 == (void *)w->EncryptMessage);
    CHECK((void *)a->Reserved4 == (void *)a->DecryptMessage && (void *)w->Reserved4 == (void *)w->DecryptMessage);
    CHECK(!a->Reserved2 && !w->Reserved2);
}

/* Every documented slot is callable: programs call them without a check. */
static void tables_are_complete(void) {
    PSecurityFunctionTableA a = InitSecurityInterfaceAByName();
    PSecurityFunctionTableW w = InitSecurityInterfaceWByName();
#define SLOT(member) CHECK(a->member != NULL && w->member != NULL)
#define TEXT_SLOT(member) CHECK(a->member##A != NULL && w->member##W != NULL)
    TEXT_SLOT(EnumerateSecurityPackages);
    TEXT_SLOT(QueryCredentialsAttributes);
    TEXT_SLOT(AcquireCredentialsHandle);
    SLOT(FreeCredentialsHandle);
    TEXT_SLOT(InitializeSecurityContext);
    SLOT(AcceptSecurityContext);
    SLOT(CompleteAuthToken);
    SLOT(DeleteSecurityContext);
    SLOT(ApplyControlToken);
    TEXT_SLOT(QueryContextAttributes);
    SLOT(ImpersonateSecurityContext);
    SLOT(RevertSecurityContext);
    SLOT(MakeSignature);
    SLOT(VerifySignature);
    SLOT(FreeContextBuffer);
    TEXT_SLOT(QuerySecurityPackageInfo);
    SLOT(ExportSecurityContext);
    TEXT_SLOT(ImportSecurityContext);
    TEXT_SLOT(AddCredentials);
    SLOT(QuerySecurityContextToken);
    SLOT(EncryptMessage);
    SLOT(DecryptMessage);
    TEXT_SLOT(SetContextAttributes);
    TEXT_SLOT(SetCredentialsAttributes);
    TEXT_SLOT(ChangeAccountPassword);
#undef SLOT
#undef TEXT_SLOT
}

/* An all-zero handle is invalid. */
static void a_handle_of_zeros(void) {
    CtxtHandle context = {0, 0};
    SecBufferDesc none = {SECBUFFER_VERSION, 0, NULL};
    CHECK_STATUS(W->ApplyControlToken(&context, &none), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->ImpersonateSecurityContext(&context), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->RevertSecurityContext(&context), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->QuerySecurityContextToken(&context, NULL), SEC_E_INVALID_HANDLE);
}

const struct test packages_tests[] = {
    TEST(enumerates_negotiate_kerberos_and_ntlm),
    TEST(a_and_w_enumerate_the_same),
    TEST(knows_names_in_any_letter_case),
    TEST(states_rpc_numbers_and_capabilities),
    TEST(kerberos_as_windows_describes_it),
    TEST(refuses_unknown_names),
    TEST(refuses_null_arguments),
    TEST(tables_are_static),
    TEST(tables_are_those_of_windows),
    TEST(tables_are_complete),
    TEST(a_handle_of_zeros),
    END_OF_TESTS,
};
