/*
 * A program that uses a package of the system's, Schannel, through whatever secur32.dll it finds: tls.exe PORT [FOLDER], where
 * the DLL is found in a folder whose path holds that name. By its own calls, then by WinHTTP's. Prints a line for each check and, last, how many passed.
 */
#define SECURITY_WIN32
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
#include <windows.h>
#include <sspi.h>
#include <schannel.h>
#include <ntsecapi.h>
#define _SECEXT_NAMES
#include <secext.h>
#include <winhttp.h>

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;

static bool check(const char *what, bool holds) {
    if (holds) passed++;
    else failed++, printf("FAIL %s\n", what);
    return holds;
}

static bool returns(const char *what, SECURITY_STATUS status, SECURITY_STATUS wanted) {
    if (status != wanted) printf("     %s: %#lx\n", what, (unsigned long)status);
    return check(what, status == wanted);
}

static PSecurityFunctionTableW sspi;

static SOCKET connected(unsigned short port) {
    SOCKET s = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(s, (struct sockaddr *)&to, sizeof to) == 0 ? s : INVALID_SOCKET;
}

/* The handshake, as in every program: the first call with a NULL context, later ones with the unused rest of the input kept. */
static bool handshake(SOCKET s, CredHandle *credential, CtxtHandle *context) {
    static unsigned char in[0x8000];
    unsigned long length = 0, attributes, flags = ISC_REQ_STREAM | ISC_REQ_CONFIDENTIALITY | ISC_REQ_ALLOCATE_MEMORY |
                                                  ISC_REQ_MANUAL_CRED_VALIDATION | ISC_REQ_EXTENDED_ERROR;
    bool begun = false, freed = true;
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    for (int legs = 0; legs < 40 && (status == SEC_I_CONTINUE_NEEDED || status == SEC_E_INCOMPLETE_MESSAGE); legs++) {
        if (begun && (length == 0 || status == SEC_E_INCOMPLETE_MESSAGE)) {
            int got = recv(s, (char *)in + length, (int)(sizeof in - length), 0);
            if (got <= 0) return false;
            length += (unsigned long)got;
        }
        SecBuffer inputs[2] = {{length, SECBUFFER_TOKEN, in}, {0, SECBUFFER_EMPTY, NULL}};
        SecBuffer output = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc input_desc = {SECBUFFER_VERSION, 2, inputs}, output_desc = {SECBUFFER_VERSION, 1, &output};
        CtxtHandle was = begun ? *context : (CtxtHandle){0, 0};
        status = sspi->InitializeSecurityContextW(credential, begun ? context : NULL, L"localhost", flags, 0, 0,
                                                  begun ? &input_desc : NULL, 0, context, &output_desc, &attributes, NULL);
        if (begun) check("the context's handle stays", memcmp(&was, context, sizeof was) == 0 || legs > 1);
        begun = true;
        if (output.cbBuffer && output.pvBuffer) {
            send(s, output.pvBuffer, (int)output.cbBuffer, 0);
            freed &= sspi->FreeContextBuffer(output.pvBuffer) == SEC_E_OK;
        }
        if (status == SEC_E_INCOMPLETE_MESSAGE) continue;
        unsigned long rest = inputs[1].BufferType == SECBUFFER_EXTRA ? inputs[1].cbBuffer : 0;
        memmove(in, in + length - rest, rest);
        length = rest;
    }
    check("the system's buffers are freed by our FreeContextBuffer", freed);
    return returns("InitializeSecurityContext (Schannel)", status, SEC_E_OK);
}

static void by_own_calls(unsigned short port) {
    SCHANNEL_CRED data = {.dwVersion = SCHANNEL_CRED_VERSION, .dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION | SCH_CRED_NO_DEFAULT_CREDS};
    CredHandle credential;
    CtxtHandle context;
    if (!returns("AcquireCredentialsHandle (Schannel)",
                 sspi->AcquireCredentialsHandleW(NULL, (SEC_WCHAR *)UNISP_NAME_W, SECPKG_CRED_OUTBOUND, NULL, &data, NULL, NULL,
                                                 &credential, NULL),
                 SEC_E_OK)) {
        return;
    }
    SOCKET s = connected(port);
    if (check("connected", s != INVALID_SOCKET) && handshake(s, &credential, &context)) {
        SecPkgContext_StreamSizes sizes;
        SecPkgContext_ConnectionInfo info;
        returns("stream sizes", sspi->QueryContextAttributesW(&context, SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_OK);
        returns("connection information", sspi->QueryContextAttributesW(&context, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
        static const char request[] = "GET / HTTP/1.0\r\n\r\n";
        static char message[0x8000];
        char *body = message + sizes.cbHeader;
        memcpy(body, request, sizeof request - 1);
        SecBuffer buffers[4] = {{sizes.cbHeader, SECBUFFER_STREAM_HEADER, message},
                                {sizeof request - 1, SECBUFFER_DATA, body},
                                {sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, body + sizeof request - 1},
                                {0, SECBUFFER_EMPTY, NULL}};
        SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
        returns("EncryptMessage (Schannel)", sspi->EncryptMessage(&context, 0, &desc, 0), SEC_E_OK);
        send(s, message, (int)(buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer), 0);
        unsigned long length = 0;
        SECURITY_STATUS status = SEC_E_INCOMPLETE_MESSAGE;
        bool answered = false;
        for (int reads = 0; reads < 100 && !answered; reads++) {
            if (status == SEC_E_INCOMPLETE_MESSAGE || length == 0) {
                int got = recv(s, message + length, (int)(sizeof message - length), 0);
                if (got <= 0) break;
                length += (unsigned long)got;
            }
            SecBuffer in[4] = {{length, SECBUFFER_DATA, message}};
            SecBufferDesc in_desc = {SECBUFFER_VERSION, 4, in};
            status = sspi->DecryptMessage(&context, &in_desc, 0, NULL);
            if (status == SEC_E_INCOMPLETE_MESSAGE) continue;
            if (status != SEC_E_OK) break;
            unsigned long rest = 0;
            for (int n = 0; n < 4; n++) {
                if (in[n].BufferType == SECBUFFER_DATA && in[n].cbBuffer >= 12) answered = memcmp(in[n].pvBuffer, "HTTP/1.0 200", 12) == 0;
                if (in[n].BufferType == SECBUFFER_EXTRA) rest = in[n].cbBuffer;
            }
            memmove(message, message + length - rest, rest);
            length = rest;
        }
        check("DecryptMessage (Schannel): the server's answer", answered);
        DWORD shutdown = SCHANNEL_SHUTDOWN;
        SecBuffer token = {sizeof shutdown, SECBUFFER_TOKEN, &shutdown};
        SecBufferDesc token_desc = {SECBUFFER_VERSION, 1, &token};
        returns("ApplyControlToken (Schannel)", sspi->ApplyControlToken(&context, &token_desc), SEC_E_OK);
        /* Functions for our packages do not accept the system's handles, nor the reverse. */
        returns("MakeSignature (Schannel)", sspi->MakeSignature(&context, 0, &token_desc, 0), SEC_E_UNSUPPORTED_FUNCTION);
        returns("DeleteSecurityContext", sspi->DeleteSecurityContext(&context), SEC_E_OK);
        returns("DeleteSecurityContext again", sspi->DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
    }
    closesocket(s);
    returns("FreeCredentialsHandle", sspi->FreeCredentialsHandle(&credential), SEC_E_OK);
    returns("FreeCredentialsHandle again", sspi->FreeCredentialsHandle(&credential), SEC_E_INVALID_HANDLE);
}

static void by_winhttp(unsigned short port) {
    HINTERNET session = WinHttpOpen(L"tls", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    HINTERNET connection = WinHttpConnect(session, L"localhost", port, 0);
    HINTERNET request = WinHttpOpenRequest(connection, L"GET", L"/", NULL, NULL, NULL, WINHTTP_FLAG_SECURE);
    DWORD ignore = SECURITY_FLAG_IGNORE_UNKNOWN_CA | SECURITY_FLAG_IGNORE_CERT_CN_INVALID | SECURITY_FLAG_IGNORE_CERT_DATE_INVALID |
                   SECURITY_FLAG_IGNORE_CERT_WRONG_USAGE;
    WinHttpSetOption(request, WINHTTP_OPTION_SECURITY_FLAGS, &ignore, sizeof ignore);
    bool sent = WinHttpSendRequest(request, NULL, 0, NULL, 0, 0, 0) && WinHttpReceiveResponse(request, NULL);
    if (!sent) printf("     WinHTTP: %lu\n", GetLastError());
    check("WinHTTP gets an answer", sent);
    DWORD status = 0, length = sizeof status;
    WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, NULL, &status, &length, NULL);
    check("WinHTTP: 200", status == 200);
    WinHttpCloseHandle(request), WinHttpCloseHandle(connection), WinHttpCloseHandle(session);
}

/* Whether a DLL is in that folder. */
static bool is_in(HMODULE module, const char *folder) {
    char path[MAX_PATH] = "";
    GetModuleFileNameA(module, path, sizeof path);
    for (char *p = path; *p; p++) *p = (char)tolower((unsigned char)*p);
    return strstr(path, folder) != NULL;
}

/* Functions that are not SSPI's. */
static void passed_on(HMODULE library) {
    BOOLEAN(SEC_ENTRY * get_name)(EXTENDED_NAME_FORMAT, LPSTR, PULONG) = (void *)GetProcAddress(library, "GetUserNameExA");
    NTSTATUS(NTAPI * connect_lsa)(PHANDLE) = (void *)GetProcAddress(library, "LsaConnectUntrusted");
    NTSTATUS(NTAPI * lookup)(HANDLE, PLSA_STRING, PULONG) = (void *)GetProcAddress(library, "LsaLookupAuthenticationPackage");
    NTSTATUS(NTAPI * leave)(HANDLE) = (void *)GetProcAddress(library, "LsaDeregisterLogonProcess");
    SECURITY_STATUS(SEC_ENTRY * profiles)(LPSTR *, ULONG *) = (void *)GetProcAddress(library, "SaslEnumerateProfilesA");
    if (!check("functions that are not SSPI's", get_name && connect_lsa && lookup && leave && profiles)) return;
    char name[256] = "", expected[256] = "";
    ULONG length = sizeof name;
    DWORD expected_length = sizeof expected;
    check("GetUserNameEx", get_name(NameSamCompatible, name, &length) && strchr(name, '\\'));
    GetUserNameA(expected, &expected_length);
    check("GetUserNameEx: this user", strchr(name, '\\') && strcmp(strchr(name, '\\') + 1, expected) == 0);
    length = 1;
    check("GetUserNameEx into too little", !get_name(NameSamCompatible, name, &length) && GetLastError() == ERROR_MORE_DATA && length > 1);
    HANDLE lsa = NULL;
    ULONG package = 0;
    LSA_STRING negotiate = {9, 10, "Negotiate"};
    check("LsaConnectUntrusted", connect_lsa(&lsa) == 0 && lsa);
    (void)lookup(lsa, &negotiate, &package);
    check("LsaDeregisterLogonProcess", leave(lsa) == 0);
    LPSTR list = NULL;
    ULONG count = 0;
    /* Those of sspicli.dll, of which Wine has the names only: then each has a failure of its own kind. */
    BOOL(WINAPI * logon)(LPWSTR, LPWSTR, LPWSTR, DWORD, DWORD, PTOKEN_GROUPS, PHANDLE, PSID *, PVOID *, PDWORD, PVOID) =
        (void *)GetProcAddress(library, "LogonUserExExW");
    NTSTATUS(NTAPI * is_protected)(PBOOLEAN) = (void *)GetProcAddress(library, "SeciIsProtectedUser");
    BOOLEAN(NTAPI * computer_name)(LPWSTR, LPWSTR *) = (void *)GetProcAddress(library, "SspiGetComputerNameForSPN");
    SECURITY_STATUS(SEC_ENTRY * unmarshal)(ULONG, char *, PVOID *, ULONG *) = (void *)GetProcAddress(library, "SspiUnmarshalAuthIdentityInternal");
    if (check("functions of sspicli.dll", logon && is_protected && computer_name && unmarshal)) {
        BOOLEAN protected_user = 7;
        LPWSTR computer = NULL;
        PVOID identity = NULL;
        HANDLE token = NULL;
        bool wine = GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version") != NULL;
        SetLastError(0);
        check("LogonUserExExW", !logon(L"nobody", L".", L"wrong", 3, 0, NULL, &token, NULL, NULL, NULL, NULL) && !token &&
                                    (!wine || GetLastError() == ERROR_PROC_NOT_FOUND));
        NTSTATUS protection = is_protected(&protected_user);
        check("SeciIsProtectedUser", protection == 0 || (protection == (NTSTATUS)0xc000007a && protected_user == 7));
        SetLastError(0);
        check("SspiGetComputerNameForSPN", computer_name(L"server", &computer) || (!computer && (!wine || GetLastError() == ERROR_PROC_NOT_FOUND)));
        check("SspiUnmarshalAuthIdentityInternal", unmarshal(4, "none", &identity, NULL) < 0 && !identity);
    }
    /* Wine has no SASL: then a status is returned, and nothing else happens. */
    SECURITY_STATUS status = profiles(&list, &count);
    check("SaslEnumerateProfiles", status == SEC_E_OK || (status == SEC_E_UNSUPPORTED_FUNCTION && !list && !count));
}

/* Memory that was ours once: the heap would have given it to somebody else by the second call. */
static void freed_twice(void) {
    bool refused = true, whole = true;
    for (int n = 0; n < 200; n++) {
        PSecPkgInfoW ours;
        ULONG count;
        if (n % 2 ? sspi->QuerySecurityPackageInfoW((SEC_WCHAR *)L"NTLM", &ours) : sspi->EnumerateSecurityPackagesW(&count, &ours)) break;
        sspi->FreeContextBuffer(ours);
        char *another = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, 100 + n);
        refused &= sspi->FreeContextBuffer(ours) == SEC_E_INVALID_PARAMETER;
        refused &= sspi->FreeContextBuffer((char *)ours + 8) == SEC_E_INVALID_PARAMETER;
        whole &= HeapValidate(GetProcessHeap(), 0, another) && HeapFree(GetProcessHeap(), 0, another);
    }
    check("FreeContextBuffer twice, after Schannel was used", refused && whole && HeapValidate(GetProcessHeap(), 0, NULL));
}

int main(int count, char **arguments) {
    WSADATA data;
    unsigned short port = count > 1 ? (unsigned short)atoi(arguments[1]) : 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    WSAStartup(MAKEWORD(2, 2), &data);
    HMODULE library = LoadLibraryA("secur32.dll");
    check("the secur32.dll that is ours", library && is_in(library, count > 2 ? arguments[2] : "\\build\\system\\"));
    PSecurityFunctionTableW(SEC_ENTRY * init)(void) = (void *)GetProcAddress(library, "InitSecurityInterfaceW");
    if (!init || !(sspi = init())) return 2;
    PSecPkgInfoW package = NULL;
    returns("QuerySecurityPackageInfo (Schannel)", sspi->QuerySecurityPackageInfoW((SEC_WCHAR *)L"Schannel", &package), SEC_E_OK);
    if (package) {
        check("its RPC number", package->wRPCID == 14);
        returns("freed", sspi->FreeContextBuffer(package), SEC_E_OK);
    }
    /* The system's DLL is loaded now, and the name still finds ours. */
    HMODULE again = LoadLibraryA("secur32.dll");
    check("LoadLibrary finds ours again", again == library);
    check("GetModuleHandle finds ours", GetModuleHandleA("secur32.dll") == library);
    ULONG packages = 0, negotiate = 0, schannel = 0;
    returns("EnumerateSecurityPackages", sspi->EnumerateSecurityPackagesW(&packages, &package), SEC_E_OK);
    for (ULONG n = 0; n < packages; n++) {
        negotiate += wcscmp(package[n].Name, L"Negotiate") == 0;
        schannel += wcscmp(package[n].Name, UNISP_NAME_W) == 0;
    }
    check("EnumerateSecurityPackages: ours once, and the system's", negotiate == 1 && schannel == 1);
    sspi->FreeContextBuffer(package);
    unsigned stack = 0;
    returns("FreeContextBuffer of the stack", sspi->FreeContextBuffer(&stack), SEC_E_INVALID_PARAMETER);
    passed_on(library);
    if (port) {
        by_own_calls(port);
        by_winhttp(port);
        returns("FreeContextBuffer of the stack, later", sspi->FreeContextBuffer(&stack), SEC_E_INVALID_PARAMETER);
        freed_twice();
    }
    check("FreeLibrary", FreeLibrary(again) && FreeLibrary(library));
    /* Some programs unload the library and call its functions afterwards. */
    returns("after FreeLibrary", sspi->EnumerateSecurityPackagesW(&packages, &package), SEC_E_OK);
    returns("after FreeLibrary: freed", sspi->FreeContextBuffer(package), SEC_E_OK);
    printf("%u passed, %u failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
