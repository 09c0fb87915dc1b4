/*
 * Shows what this machine does with SSPI: negossp-check.exe writes a page of text, negossp-check.txt, that a user can send to the
 * developers. It makes its own user for the time of the check, logs on to itself, and needs no configuration and no rights.
 *
 *   negossp-check.exe            the page
 *   negossp-check.exe --probe    lines `key=value`: whether secur32.dll is negossp in programs of this name and place, which version
 *                                and which configuration; `sspicli` and `security`: whether calls through these DLLs reach it too
 *
 * Exit status: 0 negossp is in place (and, for the page, logons work); 1 otherwise.
 */
#include "answers.h"
#include "conversation.h"
#include "library.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int probe(void) {
    static char text[0x8000], path[MAX_PATH];
    struct library found = found_library();
    bool ours = describe(&found, text, sizeof text);
    if (found.module) GetModuleFileNameA(found.module, path, sizeof path);
    printf("negossp=%d\nmodule=%s\n", ours, path);
    printf("%s", text);
    printf("sspicli=%d\nsecurity=%d\n", ours && is_reached_through(&found, "sspicli.dll"),
           ours && is_reached_through(&found, "security.dll"));
    return !ours;
}

static void about_the_system(void) {
    const char *(CDECL * wine)(void) = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version");
    LONG(WINAPI * version)(OSVERSIONINFOEXW *) = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlGetVersion");
    OSVERSIONINFOEXW about = {.dwOSVersionInfoSize = sizeof about};
    if (version) version(&about);
    report("Windows %lu.%lu.%lu%s%s, %u bits\n", about.dwMajorVersion, about.dwMinorVersion, about.dwBuildNumber, wine ? ", Wine " : "",
           wine ? wine() : "", (unsigned)sizeof(void *) * 8);
}

static void packages_of(const struct library *library) {
    ULONG count = 0;
    PSecPkgInfoW packages = NULL;
    if (!library->sspi || library->sspi->EnumerateSecurityPackagesW(&count, &packages) != SEC_E_OK) return;
    report("  %s:", library->name);
    for (ULONG n = 0; n < count; n++) {
        report(" %ls (capabilities %#lx, rpc %u, token %lu)", packages[n].Name, packages[n].fCapabilities, packages[n].wRPCID,
               packages[n].cbMaxToken);
    }
    report("\n");
    library->sspi->FreeContextBuffer(packages);
}

static int page(void) {
    static char text[0x8000];
    report_to("negossp-check.txt");
    report("negossp-check\n\n");
    about_the_system();
    struct library found = found_library(), system = system_library();
    bool ours = describe(&found, text, sizeof text);
    report("secur32.dll that this program finds: %s\n%s", ours ? "negossp" : "NOT negossp", text);
    report("it is reached through sspicli.dll: %d, security.dll: %d\n", is_reached_through(&found, "sspicli.dll"),
           is_reached_through(&found, "security.dll"));
    report("\nPackages\n");
    packages_of(&found);
    packages_of(&system);
    report("\nLogons\n");
    bool works = converse(&found, &found, L"NTLM", &test_user);
    works &= converse(&found, &found, L"Negotiate", &test_user);
    works &= !system.sspi || converse(&system, &found, L"NTLM", &test_user);
    converse(&system, &found, L"Negotiate", &test_user);
    converse(&found, &found, L"Negotiate", NULL);
    converse(&system, &found, L"NTLM", NULL);
    converse(&found, &system, L"NTLM", NULL);
    converse(&system, &system, L"Negotiate", NULL);
    report("\nAnswers that differ\n");
    unsigned differences = compare_answers(&found, &system);
    report("  %u\n\n", differences);
    report("%s\n", !ours ? "negossp is NOT in place" : works ? "negossp is in place, and logons work" : "negossp is in place, and logons FAIL");
    return !(ours && works);
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IONBF, 0);
    if (count > 1 && strcmp(arguments[1], "--probe") == 0) return probe();
    if (count > 4 && strcmp(arguments[1], "--answers") == 0) {
        struct library library = strcmp(arguments[2], "system") == 0 ? system_library() : found_library();
        print_answers(&library, (unsigned)atoi(arguments[3]), (unsigned)atoi(arguments[4]));
        return 0;
    }
    return page();
}
