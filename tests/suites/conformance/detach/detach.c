/* A DLL that continues to use the library while the process ends: DllMain is called for each DLL, the last one loaded
 * first. */
#include "../../c/abi.h"

static SecurityFunctionTableW *table;
static CredHandle credential;
static CtxtHandle context;

#define FINE 42

/* Loads the library, unless it is loaded already, and begins a conversation; 0 on success. */
__declspec(dllexport) int detach_prepare(const char *library) {
    static unsigned char room[4096];
    static SEC_WCHAR user[] = u"alice", password[] = u"Password";
    SEC_WINNT_AUTH_IDENTITY_W identity = {user, 5, NULL, 0, password, 8, SEC_WINNT_AUTH_IDENTITY_UNICODE};
    SecBuffer out = {sizeof room, SECBUFFER_TOKEN, room};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    HMODULE module = LoadLibraryA(library);
    if (!module) return 10;
    FARPROC symbol = GetProcAddress(module, "InitSecurityInterfaceW");
    INIT_SECURITY_INTERFACE_W init;
    memcpy(&init, &symbol, sizeof init);
    table = init();
    if (table->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL, &credential, NULL)) return 11;
    if (table->InitializeSecurityContextW(&credential, NULL, NULL, 0, 0, SECURITY_NATIVE_DREP, NULL, 0, &context, &desc, &attributes,
                                          NULL) != SEC_I_CONTINUE_NEEDED) {
        return 12;
    }
    return 0;
}

/* What a program with late cleanup does: it queries, ends its conversation, and begins another. */
static int use_it(void) {
    PSecPkgInfoW info = NULL;
    SECURITY_STATUS status = table->QuerySecurityPackageInfoW(u"NTLM", &info);
    if (status == SEC_E_OK && table->FreeContextBuffer(info) != SEC_E_OK) return 20;
    if (table->DeleteSecurityContext(&context) != SEC_E_OK) return 21;
    if (table->FreeCredentialsHandle(&credential) != SEC_E_OK) return 22;
    if (detach_prepare("") == 0) return 23;
    return FINE;
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved) {
    (void)instance;
    if (reason == DLL_PROCESS_DETACH && reserved && table) TerminateProcess(GetCurrentProcess(), (UINT)use_it());
    return TRUE;
}
