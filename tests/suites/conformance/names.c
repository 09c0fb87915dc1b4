/* What secur32 exports besides SSPI: names of users and computers, and the connection to LSA. On Windows
 * only. */
#include "suite.h"

#ifdef _WIN32

#include <ntsecapi.h>
#include <windows.h>

/* A library that is not secur32 need not have them. */
static bool is_secur32(void) {
    const char *name = strrchr(library_path, '\\');
    return _stricmp(name ? name + 1 : library_path, "secur32.dll") == 0;
}

#define NEEDS(name) \
    do { \
        if (!find_export(#name)) { \
            if (is_secur32()) fail(__FILE__, __LINE__, "no-export"); \
            else skip("only secur32.dll exports it"); \
            return; \
        } \
    } while (0)

typedef BOOLEAN(WINAPI *user_name_w_fn)(EXTENDED_NAME_FORMAT, LPWSTR, PULONG);
typedef BOOLEAN(WINAPI *user_name_a_fn)(EXTENDED_NAME_FORMAT, LPSTR, PULONG);
typedef BOOLEAN(WINAPI *translate_w_fn)(LPCWSTR, EXTENDED_NAME_FORMAT, EXTENDED_NAME_FORMAT, LPWSTR, PULONG);
typedef NTSTATUS(NTAPI *lsa_connect_fn)(HANDLE *);
typedef NTSTATUS(NTAPI *lsa_deregister_fn)(HANDLE);
typedef NTSTATUS(NTAPI *lsa_free_fn)(void *);
typedef NTSTATUS(NTAPI *lsa_enumerate_fn)(ULONG *, LUID **);

PROMISE(names, of_the_user, "page of GetUserNameEx: NameSamCompatible is DOMAIN\\user") {
    NEEDS(GetUserNameExW);
    EXPORT(user_name_w_fn, GetUserNameExW);
    WCHAR name[256] = {0};
    ULONG size = 256;
    REQUIRE(GetUserNameExW_(NameSamCompatible, name, &size));
    CHECK(wcschr(name, L'\\') != NULL);
}

PROMISE(names, of_the_user_in_ansi, "page of GetUserNameEx: one page for both forms") {
    NEEDS(GetUserNameExA);
    EXPORT(user_name_a_fn, GetUserNameExA);
    EXPORT(user_name_w_fn, GetUserNameExW);
    WCHAR wide[256] = {0};
    char name[256] = {0};
    ULONG size = 256, wide_size = 256;
    REQUIRE(GetUserNameExA_(NameSamCompatible, name, &size));
    REQUIRE(GetUserNameExW_(NameSamCompatible, wide, &wide_size));
    CHECK_EQUAL(strlen(name), wcslen(wide));
}

PROMISE(names, length_is_told, "page of GetUserNameEx: lpnSize receives the number of characters, not including the terminating null character") {
    NEEDS(GetUserNameExW);
    EXPORT(user_name_w_fn, GetUserNameExW);
    WCHAR name[256] = {0};
    ULONG size = 256;
    REQUIRE(GetUserNameExW_(NameSamCompatible, name, &size));
    CHECK_EQUAL(size, wcslen(name));
}

PROMISE(names, need_is_told, "page of GetUserNameEx: ERROR_MORE_DATA, and lpnSize receives the size needed, with the terminating null character") {
    NEEDS(GetUserNameExW);
    EXPORT(user_name_w_fn, GetUserNameExW);
    WCHAR name[256] = {0};
    ULONG size = 1, enough = 256;
    SetLastError(0);
    CHECK(!GetUserNameExW_(NameSamCompatible, name, &size));
    CHECK_EQUAL(GetLastError(), ERROR_MORE_DATA);
    REQUIRE(GetUserNameExW_(NameSamCompatible, name, &enough));
    CHECK_EQUAL(size, wcslen(name) + 1);
}

PROMISE(names, of_no_format, "page of GetUserNameEx: the format cannot be NameUnknown") {
    NEEDS(GetUserNameExW);
    EXPORT(user_name_w_fn, GetUserNameExW);
    WCHAR name[256] = {0};
    ULONG size = 256;
    CHECK(!GetUserNameExW_(NameUnknown, name, &size));
}

PROMISE(names, of_the_computer, "page of GetComputerObjectName: TRUE, or FALSE and an error where the computer is in no domain") {
    NEEDS(GetComputerObjectNameW);
    EXPORT(user_name_w_fn, GetComputerObjectNameW);
    WCHAR name[512] = {0};
    ULONG size = 512;
    SetLastError(0);
    CHECK(GetComputerObjectNameW_(NameSamCompatible, name, &size) || GetLastError() != 0);
}

PROMISE(names, translated, "page of TranslateName: from one format to another, or FALSE where no domain can be asked") {
    NEEDS(TranslateNameW);
    EXPORT(translate_w_fn, TranslateNameW);
    WCHAR name[256] = {0};
    ULONG size = 256;
    BOOLEAN translated = TranslateNameW_(L"EXAMPLE\\alice", NameSamCompatible, NameUserPrincipal, name, &size);
    CHECK(translated == (wcschr(name, L'@') != NULL));
}

PROMISE(lsa, connection, "page of LsaConnectUntrusted: STATUS_SUCCESS and a handle, which LsaDeregisterLogonProcess ends") {
    NEEDS(LsaConnectUntrusted);
    EXPORT(lsa_connect_fn, LsaConnectUntrusted);
    EXPORT(lsa_deregister_fn, LsaDeregisterLogonProcess);
    HANDLE lsa = NULL;
    REQUIRE(LsaConnectUntrusted_(&lsa) == 0);
    CHECK(LsaDeregisterLogonProcess_(lsa) == 0);
}

PROMISE(lsa, sessions, "page of LsaEnumerateLogonSessions: a list, which LsaFreeReturnBuffer frees") {
    NEEDS(LsaEnumerateLogonSessions);
    EXPORT(lsa_enumerate_fn, LsaEnumerateLogonSessions);
    EXPORT(lsa_free_fn, LsaFreeReturnBuffer);
    ULONG count = 0;
    LUID *sessions = NULL;
    REQUIRE(LsaEnumerateLogonSessions_(&count, &sessions) >= 0);
    CHECK(LsaFreeReturnBuffer_(sessions) >= 0);
}

#endif
