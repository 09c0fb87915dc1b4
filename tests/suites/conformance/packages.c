/* EnumerateSecurityPackages, QuerySecurityPackageInfo. */
#include "fixture.h"

/* ---- EnumerateSecurityPackages */

struct list_w {
    ULONG count;
    PSecPkgInfoW all;
};

static bool enumerate(struct list_w *list) {
    memset(list, 0, sizeof *list);
    return CHECK_STATUS(W->EnumerateSecurityPackagesW(&list->count, &list->all), SEC_E_OK) && CHECK(list->all != NULL);
}

static bool lists(const char *name) {
    struct list_w list;
    bool found = false;
    if (!enumerate(&list)) return false;
    for (ULONG i = 0; i < list.count; i++) found |= equal_wa(list.all[i].Name, name);
    W->FreeContextBuffer(list.all);
    return found;
}

PROMISE(EnumerateSecurityPackagesW, tells_how_many, "page: pcPackages receives the number of packages returned") {
    struct list_w list;
    REQUIRE(enumerate(&list));
    CHECK(list.count > 0);
    W->FreeContextBuffer(list.all);
}

PROMISE(EnumerateSecurityPackagesA, tells_as_many, "page: one page for both forms") {
    ULONG count = 0;
    PSecPkgInfoA all = NULL;
    REQUIRE_STATUS(A->EnumerateSecurityPackagesA(&count, &all), SEC_E_OK);
    struct list_w list;
    if (enumerate(&list)) {
        CHECK_EQUAL(count, list.count);
        for (ULONG i = 0; i < count && i < list.count; i++) CHECK(equal_wa(list.all[i].Name, all[i].Name));
        W->FreeContextBuffer(list.all);
    }
    A->FreeContextBuffer(all);
}

PROMISE(EnumerateSecurityPackages, lists_negotiate, "page of Negotiate: its name is Negotiate") {
    CHECK(lists("Negotiate"));
}

PROMISE(EnumerateSecurityPackages, lists_ntlm, "page of NTLM: its name is NTLM") {
    CHECK(lists("NTLM"));
}

PROMISE(EnumerateSecurityPackages, lists_kerberos, "page of Kerberos: its name is Kerberos") {
    CHECK(lists("Kerberos"));
}

PROMISE(EnumerateSecurityPackages, names_are_unique, "page: the names are what AcquireCredentialsHandle takes") {
    struct list_w list;
    REQUIRE(enumerate(&list));
    for (ULONG i = 0; i < list.count; i++) {
        for (ULONG j = 0; j < i; j++) CHECK(!equal_w(list.all[i].Name, list.all[j].Name));
    }
    W->FreeContextBuffer(list.all);
}

PROMISE(EnumerateSecurityPackages, every_entry_is_filled, "page of SecPkgInfo: a name and a comment, both zero-terminated strings") {
    struct list_w list;
    REQUIRE(enumerate(&list));
    for (ULONG i = 0; i < list.count; i++) {
        CHECK(list.all[i].Name && length_w(list.all[i].Name) > 0);
        CHECK(list.all[i].Comment != NULL);
    }
    W->FreeContextBuffer(list.all);
}

PROMISE(EnumerateSecurityPackages, version_is_1, "page of SecPkgInfo: wVersion must be 1") {
    struct list_w list;
    REQUIRE(enumerate(&list));
    for (ULONG i = 0; i < list.count; i++) CHECK_EQUAL(list.all[i].wVersion, 1);
    W->FreeContextBuffer(list.all);
}

PROMISE(EnumerateSecurityPackages, each_can_be_queried, "page of QuerySecurityPackageInfo: retrieves the same information about one") {
    struct list_w list;
    REQUIRE(enumerate(&list));
    for (ULONG i = 0; i < list.count; i++) {
        const SecPkgInfoW *listed = &list.all[i];
        PSecPkgInfoW info = NULL;
        if (!CHECK_STATUS(W->QuerySecurityPackageInfoW(listed->Name, &info), SEC_E_OK)) continue;
        CHECK_EQUAL(info->fCapabilities, listed->fCapabilities);
        CHECK_EQUAL(info->wVersion, listed->wVersion);
        CHECK_EQUAL(info->wRPCID, listed->wRPCID);
        CHECK_EQUAL(info->cbMaxToken, listed->cbMaxToken);
        CHECK(equal_w(info->Name, listed->Name) && equal_w(info->Comment, listed->Comment));
        W->FreeContextBuffer(info);
    }
    W->FreeContextBuffer(list.all);
}

PROMISE(EnumerateSecurityPackages, one_free_for_all, "page: when the array is no longer needed, free it with FreeContextBuffer") {
    struct list_w list;
    REQUIRE(enumerate(&list));
    CHECK_STATUS(W->FreeContextBuffer(list.all), SEC_E_OK);
}

PROMISE(EnumerateSecurityPackages, each_call_gives_an_array_of_its_own, "page: the caller frees the array, so nobody else has it") {
    struct list_w one, two;
    REQUIRE(enumerate(&one) && enumerate(&two));
    CHECK(one.all != two.all);
    W->FreeContextBuffer(one.all);
    CHECK(length_w(two.all[two.count - 1].Comment) < 1000);
    CHECK_STATUS(W->FreeContextBuffer(two.all), SEC_E_OK);
}

PROMISE(EnumerateSecurityPackagesW, null_count, "bad use: pcPackages is not optional") {
    PSecPkgInfoW all = NULL;
    CHECK_REFUSED(W->EnumerateSecurityPackagesW(NULL, &all));
}

PROMISE(EnumerateSecurityPackagesW, null_array, "bad use: ppPackageInfo is not optional") {
    ULONG count = 0;
    CHECK_REFUSED(W->EnumerateSecurityPackagesW(&count, NULL));
}

/* ---- QuerySecurityPackageInfo */

static PSecPkgInfoW info_of(SEC_WCHAR *name) {
    PSecPkgInfoW info = NULL;
    return CHECK_STATUS(W->QuerySecurityPackageInfoW(name, &info), SEC_E_OK) && CHECK(info != NULL) ? info : NULL;
}

static void spelled(SEC_WCHAR *asked, const char *answered) {
    PSecPkgInfoW info = info_of(asked);
    if (!info) return;
    CHECK(equal_wa(info->Name, answered));
    W->FreeContextBuffer(info);
}

PROMISE(QuerySecurityPackageInfoW, negotiate, "page: ppPackageInfo receives a pointer to a SecPkgInfo structure") {
    spelled(u"Negotiate", "Negotiate");
}

PROMISE(QuerySecurityPackageInfoW, ntlm, "page of NTLM: its name is NTLM") {
    spelled(u"NTLM", "NTLM");
}

PROMISE(QuerySecurityPackageInfoW, kerberos, "page of Kerberos: its name is Kerberos") {
    spelled(u"Kerberos", "Kerberos");
}

PROMISE(QuerySecurityPackageInfoW, lower_case, "servers: package names in any letter case") {
    spelled(u"negotiate", "Negotiate");
}

PROMISE(QuerySecurityPackageInfoW, mixed_case, "servers: package names in any letter case") {
    spelled(u"nTLm", "NTLM");
}

PROMISE(QuerySecurityPackageInfoA, upper_case, "servers: package names in any letter case, A functions as often as W") {
    PSecPkgInfoA info = NULL;
    REQUIRE_STATUS(A->QuerySecurityPackageInfoA("KERBEROS", &info), SEC_E_OK);
    CHECK(strcmp(info->Name, "Kerberos") == 0);
    A->FreeContextBuffer(info);
}

static void equal_in_a_and_w(SEC_CHAR *name, SEC_WCHAR *wide) {
    PSecPkgInfoA a = NULL;
    REQUIRE_STATUS(A->QuerySecurityPackageInfoA(name, &a), SEC_E_OK);
    PSecPkgInfoW w = info_of(wide);
    if (!w) return;
    CHECK_EQUAL(a->fCapabilities, w->fCapabilities);
    CHECK_EQUAL(a->wVersion, w->wVersion);
    CHECK_EQUAL(a->wRPCID, w->wRPCID);
    CHECK_EQUAL(a->cbMaxToken, w->cbMaxToken);
    CHECK(equal_wa(w->Name, a->Name) && equal_wa(w->Comment, a->Comment));
    A->FreeContextBuffer(a), W->FreeContextBuffer(w);
}

PROMISE(QuerySecurityPackageInfoA, tells_of_negotiate_what_w_tells, "page: one page for both forms") {
    equal_in_a_and_w("Negotiate", u"Negotiate");
}

PROMISE(QuerySecurityPackageInfoA, tells_of_ntlm_what_w_tells, "page: one page for both forms") {
    equal_in_a_and_w("NTLM", u"NTLM");
}

PROMISE(QuerySecurityPackageInfoA, tells_of_kerberos_what_w_tells, "page: one page for both forms") {
    equal_in_a_and_w("Kerberos", u"Kerberos");
}

static void not_found_w(SEC_WCHAR *name) {
    PSecPkgInfoW info = NULL;
    CHECK_STATUS(W->QuerySecurityPackageInfoW(name, &info), SEC_E_SECPKG_NOT_FOUND);
    CHECK(info == NULL);
}

PROMISE(QuerySecurityPackageInfoW, unknown, "page of the status codes: SEC_E_SECPKG_NOT_FOUND, the package does not exist") {
    not_found_w(u"Nonesuch");
}

PROMISE(QuerySecurityPackageInfoA, unknown, "page of the status codes: SEC_E_SECPKG_NOT_FOUND, the package does not exist") {
    PSecPkgInfoA info = NULL;
    CHECK_STATUS(A->QuerySecurityPackageInfoA("Nonesuch", &info), SEC_E_SECPKG_NOT_FOUND);
    CHECK(info == NULL);
}

PROMISE(QuerySecurityPackageInfoW, empty_name, "page of the status codes: SEC_E_SECPKG_NOT_FOUND, the package does not exist") {
    not_found_w(u"");
}

PROMISE(QuerySecurityPackageInfoW, beginning_of_a_name, "page: the name is that of the package, not a part of it") {
    not_found_w(u"NTL");
}

PROMISE(QuerySecurityPackageInfoW, more_than_a_name, "page: the name is that of the package, no more") {
    not_found_w(u"NTLM2");
}

PROMISE(QuerySecurityPackageInfoW, space_behind_a_name, "page: the name is that of the package, no more") {
    not_found_w(u"NTLM ");
}

PROMISE(QuerySecurityPackageInfoA, overlong_name, "page of the status codes: SEC_E_SECPKG_NOT_FOUND, the package does not exist") {
    static SEC_CHAR name[5000];
    memset(name, 'N', sizeof name - 1);
    PSecPkgInfoA info = NULL;
    CHECK_STATUS(A->QuerySecurityPackageInfoA(name, &info), SEC_E_SECPKG_NOT_FOUND);
}

PROMISE(QuerySecurityPackageInfoW, null_name, "bad use: pszPackageName is not optional") {
    PSecPkgInfoW info = NULL;
    CHECK_REFUSED(W->QuerySecurityPackageInfoW(NULL, &info));
    CHECK(info == NULL);
}

PROMISE(QuerySecurityPackageInfoA, null_name, "bad use: pszPackageName is not optional") {
    PSecPkgInfoA info = NULL;
    CHECK_REFUSED(A->QuerySecurityPackageInfoA(NULL, &info));
    CHECK(info == NULL);
}

PROMISE(QuerySecurityPackageInfoW, null_output, "bad use: ppPackageInfo is not optional") {
    CHECK_REFUSED(W->QuerySecurityPackageInfoW(u"NTLM", NULL));
}

PROMISE(QuerySecurityPackageInfo, freed_with_FreeContextBuffer, "page: the caller frees the structure with FreeContextBuffer") {
    PSecPkgInfoW info = info_of(u"NTLM");
    REQUIRE(info != NULL);
    CHECK_STATUS(W->FreeContextBuffer(info), SEC_E_OK);
}

PROMISE(QuerySecurityPackageInfo, each_call_gives_a_structure_of_its_own, "page: the caller frees the structure, so nobody else has it") {
    PSecPkgInfoW one = info_of(u"NTLM"), two = info_of(u"NTLM");
    REQUIRE(one && two);
    CHECK(one != two);
    W->FreeContextBuffer(one);
    CHECK(equal_wa(two->Name, "NTLM"));
    W->FreeContextBuffer(two);
}

/* ---- the packages' descriptions */

static ULONG capabilities(SEC_WCHAR *name) {
    PSecPkgInfoW info = info_of(name);
    ULONG bits = info ? info->fCapabilities : 0;
    W->FreeContextBuffer(info);
    return bits;
}

static USHORT rpc_id(SEC_WCHAR *name) {
    PSecPkgInfoW info = info_of(name);
    USHORT id = info ? info->wRPCID : 0;
    W->FreeContextBuffer(info);
    return id;
}

static ULONG max_token(SEC_WCHAR *name) {
    PSecPkgInfoW info = info_of(name);
    ULONG size = info ? info->cbMaxToken : 0;
    W->FreeContextBuffer(info);
    return size;
}

PROMISE(QuerySecurityPackageInfo, rpc_id_of_negotiate, "header rpcdce.h: RPC_C_AUTHN_GSS_NEGOTIATE is 9") {
    CHECK_EQUAL(rpc_id(u"Negotiate"), 9);
}

PROMISE(QuerySecurityPackageInfo, rpc_id_of_ntlm, "header rpcdce.h: RPC_C_AUTHN_WINNT is 10") {
    CHECK_EQUAL(rpc_id(u"NTLM"), 10);
}

PROMISE(QuerySecurityPackageInfo, rpc_id_of_kerberos, "header rpcdce.h: RPC_C_AUTHN_GSS_KERBEROS is 16") {
    CHECK_EQUAL(rpc_id(u"Kerberos"), 16);
}

#define SIGNS_AND_SEALS (SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY)

PROMISE(QuerySecurityPackageInfo, ntlm_signs_and_seals, "page of SecPkgInfo: INTEGRITY, MakeSignature; PRIVACY, EncryptMessage") {
    CHECK_EQUAL(capabilities(u"NTLM") & SIGNS_AND_SEALS, SIGNS_AND_SEALS);
}

PROMISE(QuerySecurityPackageInfo, negotiate_signs_and_seals, "page of SecPkgInfo: INTEGRITY, MakeSignature; PRIVACY, EncryptMessage") {
    CHECK_EQUAL(capabilities(u"Negotiate") & SIGNS_AND_SEALS, SIGNS_AND_SEALS);
}

PROMISE(QuerySecurityPackageInfo, kerberos_signs_and_seals, "page of SecPkgInfo: INTEGRITY, MakeSignature; PRIVACY, EncryptMessage") {
    CHECK_EQUAL(capabilities(u"Kerberos") & SIGNS_AND_SEALS, SIGNS_AND_SEALS);
}

PROMISE(QuerySecurityPackageInfo, ntlm_can_be_negotiated, "page of SecPkgInfo: NEGOTIABLE, can be used by Negotiate") {
    CHECK(capabilities(u"NTLM") & SECPKG_FLAG_NEGOTIABLE);
}

PROMISE(QuerySecurityPackageInfo, kerberos_can_be_negotiated, "page of SecPkgInfo: NEGOTIABLE, can be used by Negotiate") {
    CHECK(capabilities(u"Kerberos") & SECPKG_FLAG_NEGOTIABLE);
}

PROMISE(QuerySecurityPackageInfo, ntlm_takes_windows_names, "page of SecPkgInfo: ACCEPT_WIN32_NAME, understands Windows principal names") {
    CHECK(capabilities(u"NTLM") & SECPKG_FLAG_ACCEPT_WIN32_NAME);
}

PROMISE(QuerySecurityPackageInfo, ntlm_is_for_connections, "page of SecPkgInfo: CONNECTION, connection-style authentication") {
    CHECK(capabilities(u"NTLM") & SECPKG_FLAG_CONNECTION);
}

PROMISE(QuerySecurityPackageInfo, negotiate_is_for_connections, "page of SecPkgInfo: CONNECTION, connection-style authentication") {
    CHECK(capabilities(u"Negotiate") & SECPKG_FLAG_CONNECTION);
}

PROMISE(QuerySecurityPackageInfo, kerberos_has_the_gss_format, "page of SecPkgInfo: GSS_COMPATIBLE; of Kerberos: compatible with GSSAPI") {
    CHECK(capabilities(u"Kerberos") & SECPKG_FLAG_GSS_COMPATIBLE);
}

PROMISE(QuerySecurityPackageInfo, kerberos_authenticates_both_ways, "page of SecPkgInfo: MUTUAL_AUTH, supports mutual authentication") {
    CHECK(capabilities(u"Kerberos") & SECPKG_FLAG_MUTUAL_AUTH);
}

PROMISE(QuerySecurityPackageInfo, kerberos_delegates, "page of SecPkgInfo: DELEGATION, supports delegation") {
    CHECK(capabilities(u"Kerberos") & SECPKG_FLAG_DELEGATION);
}

PROMISE(QuerySecurityPackageInfo, ntlm_has_no_mutual_authentication, "page of NTLM: the client does not learn who the server is") {
    CHECK(!(capabilities(u"NTLM") & SECPKG_FLAG_MUTUAL_AUTH));
}

PROMISE(QuerySecurityPackageInfo, none_is_a_stream, "page of SecPkgInfo: STREAM, as Schannel, whose messages have header and trailer") {
    CHECK(!((capabilities(u"NTLM") | capabilities(u"Kerberos") | capabilities(u"Negotiate")) & SECPKG_FLAG_STREAM));
}

PROMISE(QuerySecurityPackageInfo, none_is_for_clients_only, "page of SecPkgInfo: CLIENT_ONLY, no server side") {
    CHECK(!((capabilities(u"NTLM") | capabilities(u"Kerberos") | capabilities(u"Negotiate")) & SECPKG_FLAG_CLIENT_ONLY));
}

PROMISE(QuerySecurityPackageInfo, max_token_of_kerberos, "page of Kerberos' MaxTokenSize: 48000 by default, 12000 before Windows 8") {
    CHECK(max_token(u"Kerberos") >= 12000);
}

PROMISE(QuerySecurityPackageInfo, max_token_of_negotiate, "page of Negotiate: its tokens carry those of Kerberos") {
    CHECK(max_token(u"Negotiate") >= max_token(u"Kerberos"));
}

/* Every leg with output buffers of exactly cbMaxToken bytes. */
static void max_token_holds_every_leg(SEC_WCHAR *package) {
    struct fixture d;
    ULONG size = max_token(package);
    REQUIRE(size > 0 && size <= 0x10000);
    REACH(somebody_gets_in(package) && fixture_client_first(&d, package));
    d.out[0].cbBuffer = size < sizeof d.room ? size : sizeof d.room;
    REACH(fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].cbBuffer <= size);
    fixture_close(&d);
    REACH(fixture_server_first(&d, package));
    d.out[0].cbBuffer = size < sizeof d.room ? size : sizeof d.room;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
    REACH(fixture_client_second(&d, package));
    d.out[0].cbBuffer = size < sizeof d.room ? size : sizeof d.room;
    CHECK(fixture_call(&d) >= 0);
    fixture_close(&d);
    REACH(fixture_server_second(&d, package));
    d.out[0].cbBuffer = size < sizeof d.room ? size : sizeof d.room;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(QuerySecurityPackageInfo, max_token_of_ntlm_is_enough, "servers: cbMaxToken is trusted as the size of every buffer") {
    max_token_holds_every_leg(u"NTLM");
}

PROMISE(QuerySecurityPackageInfo, max_token_of_negotiate_is_enough, "servers: cbMaxToken is trusted as the size of every buffer") {
    max_token_holds_every_leg(u"Negotiate");
}

PROMISE(QuerySecurityPackageInfo, result_can_be_used_unchecked, "servers: the result is used without a look at the status") {
    PSecPkgInfoA info;
    A->QuerySecurityPackageInfoA("Negotiate", &info);
    CHECK(info->cbMaxToken > 0);
    A->FreeContextBuffer(info);
}
