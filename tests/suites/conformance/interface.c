/* InitSecurityInterface and its tables. */
#include "suite.h"

/* The library stays loaded as long as the test, so its tables stay valid. */
static PSecurityFunctionTableA a(void) {
    return InitSecurityInterfaceAByName();
}

static PSecurityFunctionTableW w(void) {
    return InitSecurityInterfaceWByName();
}

PROMISE(InitSecurityInterfaceA, gives_a_table, "page: returns a pointer to a security support provider function table") {
    CHECK(a() != NULL);
}

PROMISE(InitSecurityInterfaceW, gives_a_table, "page: returns a pointer to a security support provider function table") {
    CHECK(w() != NULL);
}

PROMISE(InitSecurityInterfaceA, same_pointer_each_time, "servers: the pointer is kept, asked for anew, and never freed") {
    CHECK(a() == a());
}

PROMISE(InitSecurityInterfaceW, same_pointer_each_time, "servers: the pointer is kept, asked for anew, and never freed") {
    CHECK(w() == w());
}

PROMISE(InitSecurityInterface, tables_are_two, "header: the A and the W table have members of different types") {
    CHECK((void *)a() != (void *)w());
}

PROMISE(InitSecurityInterfaceA, has_a_version, "header: dwVersion is SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION or later") {
    CHECK(a()->dwVersion >= SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION);
}

PROMISE(InitSecurityInterfaceW, has_the_version_of_the_other, "header: one version numbers the members of both tables") {
    CHECK_EQUAL(w()->dwVersion, a()->dwVersion);
}

#define MEMBER(table, name) CHECK((table)->name != NULL)

PROMISE(InitSecurityInterfaceA, members_of_version_1, "header: version 1 has all routines through DecryptMessage") {
    PSecurityFunctionTableA t = a();
    MEMBER(t, EnumerateSecurityPackagesA);
    MEMBER(t, QueryCredentialsAttributesA);
    MEMBER(t, AcquireCredentialsHandleA);
    MEMBER(t, FreeCredentialsHandle);
    MEMBER(t, InitializeSecurityContextA);
    MEMBER(t, AcceptSecurityContext);
    MEMBER(t, CompleteAuthToken);
    MEMBER(t, DeleteSecurityContext);
    MEMBER(t, ApplyControlToken);
    MEMBER(t, QueryContextAttributesA);
    MEMBER(t, ImpersonateSecurityContext);
    MEMBER(t, RevertSecurityContext);
    MEMBER(t, MakeSignature);
    MEMBER(t, VerifySignature);
    MEMBER(t, FreeContextBuffer);
    MEMBER(t, QuerySecurityPackageInfoA);
    MEMBER(t, ExportSecurityContext);
    MEMBER(t, ImportSecurityContextA);
    MEMBER(t, AddCredentialsA);
    MEMBER(t, QuerySecurityContextToken);
    MEMBER(t, EncryptMessage);
    MEMBER(t, DecryptMessage);
}

PROMISE(InitSecurityInterfaceW, members_of_version_1, "header: version 1 has all routines through DecryptMessage") {
    PSecurityFunctionTableW t = w();
    MEMBER(t, EnumerateSecurityPackagesW);
    MEMBER(t, QueryCredentialsAttributesW);
    MEMBER(t, AcquireCredentialsHandleW);
    MEMBER(t, FreeCredentialsHandle);
    MEMBER(t, InitializeSecurityContextW);
    MEMBER(t, AcceptSecurityContext);
    MEMBER(t, CompleteAuthToken);
    MEMBER(t, DeleteSecurityContext);
    MEMBER(t, ApplyControlToken);
    MEMBER(t, QueryContextAttributesW);
    MEMBER(t, ImpersonateSecurityContext);
    MEMBER(t, RevertSecurityContext);
    MEMBER(t, MakeSignature);
    MEMBER(t, VerifySignature);
    MEMBER(t, FreeContextBuffer);
    MEMBER(t, QuerySecurityPackageInfoW);
    MEMBER(t, ExportSecurityContext);
    MEMBER(t, ImportSecurityContextW);
    MEMBER(t, AddCredentialsW);
    MEMBER(t, QuerySecurityContextToken);
    MEMBER(t, EncryptMessage);
    MEMBER(t, DecryptMessage);
}

PROMISE(library, functions_by_name, "servers: LoadLibraryA(\"secur32.dll\") and GetProcAddress of each function") {
    static const char *const names[] = {
        "AcceptSecurityContext", "AcquireCredentialsHandleA", "AcquireCredentialsHandleW", "AddCredentialsA", "AddCredentialsW",
        "ApplyControlToken", "CompleteAuthToken", "DecryptMessage", "DeleteSecurityContext", "EncryptMessage",
        "EnumerateSecurityPackagesA", "EnumerateSecurityPackagesW", "ExportSecurityContext", "FreeContextBuffer",
        "FreeCredentialsHandle", "ImpersonateSecurityContext", "ImportSecurityContextA", "ImportSecurityContextW",
        "InitSecurityInterfaceA", "InitSecurityInterfaceW", "InitializeSecurityContextA", "InitializeSecurityContextW",
        "MakeSignature", "QueryContextAttributesA", "QueryContextAttributesW", "QueryCredentialsAttributesA",
        "QueryCredentialsAttributesW", "QuerySecurityContextToken", "QuerySecurityPackageInfoA", "QuerySecurityPackageInfoW",
        "RevertSecurityContext", "SealMessage", "SetContextAttributesA", "SetContextAttributesW", "UnsealMessage", "VerifySignature"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!find_export(names[i])) fail(__FILE__, __LINE__, "no-export of %s", names[i]);
    }
}

/* Members of later versions, in both tables. */
#define LATER_MEMBER(version, name) \
    do { \
        if (a()->dwVersion >= (version)) MEMBER(a(), name##A); \
        if (w()->dwVersion >= (version)) MEMBER(w(), name##W); \
    } while (0)

PROMISE(InitSecurityInterface, members_of_version_2, "header: version 2 has all routines through SetContextAttributes") {
    LATER_MEMBER(2, SetContextAttributes);
}

PROMISE(InitSecurityInterface, members_of_version_3, "header: version 3 has all routines through SetCredentialsAttributes") {
    LATER_MEMBER(3, SetCredentialsAttributes);
}

PROMISE(InitSecurityInterface, members_of_version_4, "header: version 4 has all routines through ChangeAccountPassword") {
    LATER_MEMBER(4, ChangeAccountPassword);
}

PROMISE(InitSecurityInterface, members_of_version_5, "header: version 5 has all routines through QueryCredentialsAttributesEx") {
    LATER_MEMBER(5, QueryContextAttributesEx);
    LATER_MEMBER(5, QueryCredentialsAttributesEx);
}

PROMISE(InitSecurityInterfaceA, enumerates_as_the_export, "page: the table's members point to the functions of the interface") {
    ULONG by_table = 0, by_name = 0;
    PSecPkgInfoA one = NULL, two = NULL;
    REQUIRE_STATUS(a()->EnumerateSecurityPackagesA(&by_table, &one), SEC_E_OK);
    REQUIRE_STATUS(A->EnumerateSecurityPackagesA(&by_name, &two), SEC_E_OK);
    CHECK_EQUAL(by_table, by_name);
    for (ULONG i = 0; i < by_table && i < by_name; i++) CHECK(strcmp(one[i].Name, two[i].Name) == 0);
    A->FreeContextBuffer(one), A->FreeContextBuffer(two);
}

PROMISE(InitSecurityInterfaceW, enumerates_as_the_export, "page: the table's members point to the functions of the interface") {
    ULONG by_table = 0, by_name = 0;
    PSecPkgInfoW one = NULL, two = NULL;
    REQUIRE_STATUS(w()->EnumerateSecurityPackagesW(&by_table, &one), SEC_E_OK);
    REQUIRE_STATUS(W->EnumerateSecurityPackagesW(&by_name, &two), SEC_E_OK);
    CHECK_EQUAL(by_table, by_name);
    for (ULONG i = 0; i < by_table && i < by_name; i++) CHECK(equal_w(one[i].Name, two[i].Name));
    W->FreeContextBuffer(one), W->FreeContextBuffer(two);
}

PROMISE(InitSecurityInterfaceA, answers_about_packages_in_ansi, "page: the table of the A function has the ANSI forms") {
    PSecPkgInfoA info = NULL;
    REQUIRE_STATUS(a()->QuerySecurityPackageInfoA("Negotiate", &info), SEC_E_OK);
    CHECK(strcmp(info->Name, "Negotiate") == 0);
    A->FreeContextBuffer(info);
}

PROMISE(InitSecurityInterfaceW, answers_about_packages_in_unicode, "page: the table of the W function has the Unicode forms") {
    PSecPkgInfoW info = NULL;
    REQUIRE_STATUS(w()->QuerySecurityPackageInfoW(u"Negotiate", &info), SEC_E_OK);
    CHECK(equal_wa(info->Name, "Negotiate"));
    W->FreeContextBuffer(info);
}

PROMISE(InitSecurityInterface, memory_of_a_table_is_freed_by_the_export, "page: FreeContextBuffer frees what the packages allocate") {
    PSecPkgInfoW info = NULL;
    REQUIRE_STATUS(w()->QuerySecurityPackageInfoW(u"Negotiate", &info), SEC_E_OK);
    CHECK_STATUS(A->FreeContextBuffer(info), SEC_E_OK);
}

PROMISE(InitSecurityInterface, memory_of_an_export_is_freed_by_a_table, "page: FreeContextBuffer frees what the packages allocate") {
    PSecPkgInfoA info = NULL;
    REQUIRE_STATUS(A->QuerySecurityPackageInfoA("Negotiate", &info), SEC_E_OK);
    CHECK_STATUS(w()->FreeContextBuffer(info), SEC_E_OK);
}

PROMISE(InitSecurityInterface, credentials_of_a_table_are_the_exports, "servers: a handle from one goes to the other") {
    CredHandle credential;
    REACH(w()->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL) == SEC_E_OK);
    CHECK_STATUS(A->FreeCredentialsHandle(&credential), SEC_E_OK);
}

PROMISE(InitSecurityInterface, a_context_of_an_export_is_the_tables, "servers: a handle from one goes to the other") {
    struct conversation c;
    REACH(conversation_open(&c, NULL) && client_leg(&c) == SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(a()->DeleteSecurityContext(&c.client.context), SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&c.client.context), SEC_E_INVALID_HANDLE);
    c.client.has_context = false;
    conversation_close(&c);
}
