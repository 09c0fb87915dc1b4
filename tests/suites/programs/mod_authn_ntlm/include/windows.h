/*
 * What mod_authn_ntlm needs of Windows besides what Squid's helpers and curl do (../../win32). A token is the groups of the
 * thread, as the kernel has them while it is a client, and a SID is a group's number.
 */
#ifndef MOD_AUTHN_NTLM_WINDOWS_H
#define MOD_AUTHN_NTLM_WINDOWS_H

#include_next <windows.h>

#include <ctype.h>
#include <grp.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef OSVERSIONINFO *LPOSVERSIONINFO;
#define UNREFERENCED_PARAMETER(name) (void)(name)
#define _MAX_PATH MAX_PATH
#define ERROR_INSUFFICIENT_BUFFER 122
#define __try
#define __finally

#define lstrcmpi strcasecmp
#define stricmp strcasecmp
static inline int change_case(char *text, int (*change)(int)) {
    for (; *text; text++) *text = (char)change((unsigned char)*text);
    return 0;
}
#define _strlwr_s(text, size) change_case((text), tolower)
#define _strupr_s(text, size) change_case((text), toupper)

/* Only for text that is ASCII. */
typedef SEC_WCHAR OLECHAR;
#define CP_ACP 0
static inline int WideCharToMultiByte(unsigned page, DWORD flags, const OLECHAR *from, int length, char *to, int size, void *a, void *b) {
    int n = 0;
    (void)page, (void)flags, (void)length, (void)a, (void)b;
    do {
        if (n == size) return 0;
        to[n] = (char)from[n];
    } while (from[n++]);
    return n;
}

typedef gid_t *PSID;
typedef int SID_NAME_USE;
typedef struct {
    int count;
    gid_t groups[65537];
} Token;
#define TOKEN_READ 0
#define TOKEN_QUERY_SOURCE 0
#define GetCurrentThread() NULL

/* By system calls, since groups are the thread's own while it is a client. */
static inline BOOL OpenThreadToken(HANDLE thread, DWORD access, BOOL as_self, HANDLE *token) {
    Token *own = (Token *)calloc(1, sizeof *own);
    int count = own ? (int)syscall(SYS_getgroups, 65536, own->groups) : -1;
    (void)thread, (void)access, (void)as_self;
    if (count < 0) {
        free(own);
        return FALSE;
    }
    own->groups[count] = (gid_t)syscall(SYS_getegid);
    own->count = count + 1;
    *token = own;
    return TRUE;
}
#define CloseHandle(token) free(token)

static inline BOOL LookupAccountName(void *system, const char *name, PSID sid, void *size, char *domain, void *domain_size, SID_NAME_USE *use) {
    const char *bare = strchr(name, '\\');
    struct group *group = getgrnam(bare ? bare + 1 : name);
    (void)system, (void)domain, (void)domain_size, (void)use;
    errno = group ? ERROR_INSUFFICIENT_BUFFER : ENOENT;
    *(int *)size = sizeof(gid_t);
    if (!group || !sid) return FALSE;
    *sid = group->gr_gid;
    return TRUE;
}
static inline BOOL CheckTokenMembership(HANDLE token, PSID sid, BOOL *member) {
    const Token *client = (const Token *)token;
    *member = FALSE;
    for (int i = 0; i < client->count; i++)
        if (client->groups[i] == *sid) *member = TRUE;
    return TRUE;
}

#endif
