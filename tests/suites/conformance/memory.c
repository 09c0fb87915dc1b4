/* FreeContextBuffer. */
#include "fixture.h"

PROMISE(FreeContextBuffer, package_info, "page: frees memory that EnumerateSecurityPackages and QuerySecurityPackageInfo allocated") {
    PSecPkgInfoA info = NULL;
    REQUIRE_STATUS(A->QuerySecurityPackageInfoA("Negotiate", &info), SEC_E_OK);
    CHECK_STATUS(A->FreeContextBuffer(info), SEC_E_OK);
}

PROMISE(FreeContextBuffer, output_token, "page: frees memory that InitializeSecurityContext allocated for tokens") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.requirements |= ISC_REQ_ALLOCATE_MEMORY;
    REQUIRE_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(A->FreeContextBuffer(d.out[0].pvBuffer), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(FreeContextBuffer, after_the_context_is_gone, "page: the buffer is the caller's until it frees it") {
    struct fixture d;
    REACH(fixture_client_first(&d, u"NTLM"));
    d.requirements |= ISC_REQ_ALLOCATE_MEMORY;
    REQUIRE_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
    CHECK(memcmp(d.out[0].pvBuffer, "NTLMSSP", 8) == 0);
    CHECK_STATUS(A->FreeContextBuffer(d.out[0].pvBuffer), SEC_E_OK);
}

PROMISE(FreeContextBuffer, null, "negossp.h: NULL is allowed") {
    CHECK_STATUS(W->FreeContextBuffer(NULL), SEC_E_OK);
}

PROMISE(FreeContextBuffer, stack_address, "servers: FreeContextBuffer called on a stack address: it must not crash") {
    char local[256] = "on the stack";
    CHECK_REFUSED(W->FreeContextBuffer(local));
    CHECK(strcmp(local, "on the stack") == 0);
}

PROMISE(FreeContextBuffer, static_address, "servers: FreeContextBuffer called on what it never returned: it must not crash") {
    static char fixed[256] = "in the program";
    CHECK_REFUSED(W->FreeContextBuffer(fixed));
    CHECK(strcmp(fixed, "in the program") == 0);
}

PROMISE(FreeContextBuffer, memory_of_the_program, "servers: FreeContextBuffer called on what it never returned: it must not crash") {
    char *own = malloc(64);
    REQUIRE(own != NULL);
    strcpy(own, "of malloc");
    CHECK_REFUSED(W->FreeContextBuffer(own));
    CHECK(strcmp(own, "of malloc") == 0);
    free(own);
}

PROMISE(FreeContextBuffer, no_address, "bad use: a number that is no address") {
    CHECK_REFUSED(W->FreeContextBuffer((void *)(ULONG_PTR)16));
}

PROMISE(FreeContextBuffer, twice, "bad use: the same buffer again") {
    PSecPkgInfoA info = NULL;
    REQUIRE_STATUS(A->QuerySecurityPackageInfoA("NTLM", &info), SEC_E_OK);
    CHECK_STATUS(A->FreeContextBuffer(info), SEC_E_OK);
    CHECK_REFUSED(A->FreeContextBuffer(info));
}

PROMISE(FreeContextBuffer, middle_of_a_buffer, "bad use: an address within what the library gave; that stays") {
    PSecPkgInfoA info = NULL;
    REQUIRE_STATUS(A->QuerySecurityPackageInfoA("NTLM", &info), SEC_E_OK);
    CHECK_REFUSED(A->FreeContextBuffer((char *)info + 8));
    CHECK(strcmp(info->Name, "NTLM") == 0);
    CHECK_STATUS(A->FreeContextBuffer(info), SEC_E_OK);
}

PROMISE(FreeContextBuffer, name_within_package_info, "bad use: a string that is part of the structure, which one call frees as a whole") {
    PSecPkgInfoA info = NULL;
    REQUIRE_STATUS(A->QuerySecurityPackageInfoA("NTLM", &info), SEC_E_OK);
    CHECK_REFUSED(A->FreeContextBuffer(info->Name));
    CHECK_STATUS(A->FreeContextBuffer(info), SEC_E_OK);
}

PROMISE(FreeContextBuffer, a_handle, "bad use: the address of a handle") {
    CredHandle credential;
    REACH(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL) == SEC_E_OK);
    CHECK_REFUSED(W->FreeContextBuffer(&credential));
    CHECK_STATUS(W->FreeCredentialsHandle(&credential), SEC_E_OK);
}

static void *given;

static void frees_it(unsigned index) {
    (void)index;
    CHECK_STATUS(W->FreeContextBuffer(given), SEC_E_OK);
}

PROMISE(FreeContextBuffer, in_another_thread, "page: whoever is done with the buffer frees it") {
    PSecPkgInfoA info = NULL;
    REQUIRE_STATUS(A->QuerySecurityPackageInfoA("NTLM", &info), SEC_E_OK);
    given = info;
    in_threads(1, frees_it);
}
