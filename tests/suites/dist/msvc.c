/* What Microsoft's compiler and linker would make of a program that uses the library, without its headers or C library: the
 * declarations are those of <sspi.h>. Ends with status 0 if functions of several sizes of arguments work, by A and by W. */
typedef unsigned long ULONG;
typedef long SECURITY_STATUS;
typedef struct {
    ULONG capabilities;
    unsigned short version, rpc_id;
    ULONG max_token;
    void *name, *comment;
} PackageInfo;

__declspec(dllimport) SECURITY_STATUS __stdcall EnumerateSecurityPackagesA(ULONG *count, PackageInfo **packages);
__declspec(dllimport) SECURITY_STATUS __stdcall QuerySecurityPackageInfoW(const unsigned short *name, PackageInfo **package);
__declspec(dllimport) SECURITY_STATUS __stdcall FreeContextBuffer(void *buffer);
__declspec(dllimport) SECURITY_STATUS __stdcall AcquireCredentialsHandleA(
    const char *principal, const char *package, ULONG use, void *logon, void *data, void *get_key, void *argument, void *credential,
    void *expiry);
__declspec(dllimport) void __stdcall ExitProcess(unsigned status);

static unsigned run(void) {
    static const unsigned short ntlm[] = {'N', 'T', 'L', 'M', 0};
    ULONG count = 0;
    PackageInfo *packages = 0, *package = 0;
    unsigned char credential[16], expiry[8];
    if (EnumerateSecurityPackagesA(&count, &packages) || !count) return 1;
    if (FreeContextBuffer(packages)) return 2;
    if (QuerySecurityPackageInfoW(ntlm, &package) || !package->max_token) return 3;
    if (FreeContextBuffer(package)) return 4;
    if (AcquireCredentialsHandleA(0, "NTLM", 1, 0, 0, 0, 0, credential, expiry)) return 5;
    return 0;
}

void __stdcall start(void *unused) {
    (void)unused;
    ExitProcess(run());
}
