/* FreeContextBuffer: on the library's allocations, on other memory, and on memory that was already
 * freed. */
#include "conversation.h"
#include "groups.h"

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static void of_every_kind(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_NamesW names;
    SecPkgContext_PackageInfoW package;
    SecPkgContext_SessionKey key;
    REQUIRE_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    REQUIRE_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_PACKAGE_INFO, &package), SEC_E_OK);
    REQUIRE_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(names.sUserName), SEC_E_OK);
    CHECK_STATUS(A->FreeContextBuffer(package.PackageInfo), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(key.SessionKey), SEC_E_OK);
    conversation_close(&c);
}

/* An allocation stays valid when the context and the credential are gone. */
static void outlives_its_context(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    SecPkgContext_NamesW names;
    REQUIRE_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    conversation_close(&c);
    CHECK(equal_wa(names.sUserName, "EXAMPLE\\alice"));
    CHECK_STATUS(W->FreeContextBuffer(names.sUserName), SEC_E_OK);
}

/* Programs do free memory that the library never returned; that must not crash them. */
static void foreign_pointers(void) {
    static char fixed[64];
    char stack[64];
    char *heap = malloc(64);
    memset(stack, 0, sizeof stack);
    memset(heap, 0, 64);
    W->FreeContextBuffer(NULL);
    W->FreeContextBuffer(fixed);
    W->FreeContextBuffer(fixed + 1);
    W->FreeContextBuffer(stack);
    W->FreeContextBuffer(stack + 16);
    W->FreeContextBuffer(heap);
    W->FreeContextBuffer(heap + 8);
    W->FreeContextBuffer((void *)W->FreeContextBuffer);
    W->FreeContextBuffer("text");
    W->FreeContextBuffer((void *)(uintptr_t)1);
    W->FreeContextBuffer((void *)(uintptr_t)16);
    W->FreeContextBuffer((void *)(uintptr_t)-1);
    W->FreeContextBuffer((void *)(uintptr_t)-16);
    memset(heap, 1, 64); /* still ours */
    free(heap);
}

static void the_middle_of_a_buffer(void) {
    PSecPkgInfoW packages = NULL;
    ULONG count;
    REQUIRE_STATUS(W->EnumerateSecurityPackagesW(&count, &packages), SEC_E_OK);
    W->FreeContextBuffer((char *)packages + 1);
    W->FreeContextBuffer(packages[0].Name);
    W->FreeContextBuffer(&packages[1]);
    CHECK(equal_wa(packages[0].Name, "Negotiate") || equal_wa(packages[0].Name, "NTLM"));
    CHECK_STATUS(W->FreeContextBuffer(packages), SEC_E_OK);
}

static void twice(void) {
    PSecPkgInfoW info = NULL;
    REQUIRE_STATUS(W->QuerySecurityPackageInfoW(u"NTLM", &info), SEC_E_OK);
    PSecPkgInfoW freed = info;
    CHECK_STATUS(W->FreeContextBuffer(info), SEC_E_OK);
    W->FreeContextBuffer(freed);
    REQUIRE_STATUS(W->QuerySecurityPackageInfoW(u"NTLM", &info), SEC_E_OK);
    CHECK(equal_wa(info->Name, "NTLM"));
    CHECK_STATUS(W->FreeContextBuffer(info), SEC_E_OK);
}

#ifdef _WIN32
/* As on Windows, where Wine's tests were run: programs ask the heap for its length. */
static void package_information_is_a_block_of_the_heap(void) {
    PSecPkgInfoA a = NULL;
    PSecPkgInfoW w = NULL;
    for (int n = 0; n < 2; n++) {
        REQUIRE_STATUS(A->QuerySecurityPackageInfoA("NTLM", &a), SEC_E_OK);
        REQUIRE_STATUS(W->QuerySecurityPackageInfoW(u"NTLM", &w), SEC_E_OK);
        CHECK_EQUAL(HeapSize(GetProcessHeap(), 0, a), sizeof *a + strlen(a->Name) + 1 + strlen(a->Comment) + 1);
        CHECK_EQUAL(HeapSize(GetProcessHeap(), 0, w), sizeof *w + 2 * (length_w(w->Name) + 1 + length_w(w->Comment) + 1));
        CHECK_STATUS(A->FreeContextBuffer(a), SEC_E_OK);
        CHECK_STATUS(W->FreeContextBuffer(w), SEC_E_OK);
        CHECK_STATUS(W->FreeContextBuffer(w), SEC_E_INVALID_PARAMETER);
    }
}
#endif

#ifdef __GLIBC__
/* The heap usage after a thousand conversations equals that after a hundred. */
static void nothing_grows(void) {
    size_t before = 0, after;
    unsigned rounds = effort(1000);
    for (unsigned i = 0; i < rounds; i++) {
        struct conversation c;
        struct terms terms = {.password = i % 3 ? NULL : u"wrong", .package = i % 2 ? u"NTLM" : u"Negotiate"};
        if (i == rounds / 10) before = mallinfo2().uordblks;
        if (CHECK(conversation_until_last_leg(&c, &terms))) server_leg(&c);
        conversation_close(&c);
    }
    after = mallinfo2().uordblks;
    if (after > before + 4096) fail(__FILE__, __LINE__, "%zu bytes more", after - before);
}
#endif

const struct test memory_tests[] = {
    TEST(of_every_kind),
    TEST(outlives_its_context),
    TEST(foreign_pointers),
    TEST(the_middle_of_a_buffer),
    TEST(twice),
#ifdef _WIN32
    TEST(package_information_is_a_block_of_the_heap),
#endif
#ifdef __GLIBC__
    TEST(nothing_grows),
#endif
    END_OF_TESTS,
};
