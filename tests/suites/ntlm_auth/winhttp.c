/* winhttp.exe PORT: WinHTTP as a client of a web server that requires NTLM, by a name and a password. */
#include <windows.h>
#include <winhttp.h>
#include <stdio.h>
#include <string.h>

static int passed, failed;

static void get(int port, const WCHAR *user, const WCHAR *password, DWORD expected, const char *name)
{
    DWORD status = 0, size = sizeof status, supported, first, target, length = 0;
    char body[256] = "";
    HINTERNET session = WinHttpOpen(L"test", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    HINTERNET connection = WinHttpConnect(session, L"127.0.0.1", port, 0);
    HINTERNET request = WinHttpOpenRequest(connection, L"GET", L"/", NULL, NULL, NULL, 0);
    for (int attempt = 0; attempt < 2; attempt++) {
        if (!WinHttpSendRequest(request, NULL, 0, NULL, 0, 0, 0) || !WinHttpReceiveResponse(request, NULL)) {
            printf("# error %lu\n", GetLastError());
            break;
        }
        WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, NULL, &status, &size, NULL);
        if (status != 401 || attempt || !WinHttpQueryAuthSchemes(request, &supported, &first, &target)) break;
        if (first != WINHTTP_AUTH_SCHEME_NTLM) printf("# the server offers %lu\n", first);
        WinHttpSetCredentials(request, target, WINHTTP_AUTH_SCHEME_NTLM, user, password, NULL);
    }
    WinHttpReadData(request, body, sizeof body - 1, &length);
    WinHttpCloseHandle(request), WinHttpCloseHandle(connection), WinHttpCloseHandle(session);
    if (status == expected && !strcmp(status == 200 ? body : "", name)) {
        passed++;
    } else {
        failed++;
        printf("FAIL WinHTTP, %ls: %lu %s\n", password, status, body);
    }
}

int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 0;
    get(port, L"EXAMPLE\\alice", L"Passw0rd!", 200, "EXAMPLE\\alice");
    get(port, L"EXAMPLE\\alice", L"wrong", 401, "");
    get(port, L"EXAMPLE\\nobody", L"Passw0rd!", 401, "");
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
