/* The ABI under test, as this platform's own compiler and headers state it: mingw's <sspi.h> for Windows,
 * negossp.h elsewhere. */
#ifndef NEGOSSP_TESTS_ABI_H
#define NEGOSSP_TESTS_ABI_H

#ifdef _WIN32
#define SECURITY_WIN32
#define _SEC_WINNT_AUTH_TYPES
#include <windows.h>
#include <security.h>
#else
#include "negossp.h"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Documented, but not in every mingw's headers. */
#ifndef SEC_E_INVALID_PARAMETER
#define SEC_E_INVALID_PARAMETER ((SECURITY_STATUS)0x8009035D)
#endif
#ifndef ASC_REQ_HTTP
#define ASC_REQ_HTTP 0x10000000
#endif

#ifndef SECPKG_ATTR_IS_LOOPBACK
#define SECPKG_ATTR_IS_LOOPBACK 37
#endif

/* Attributes of ours, which the system's headers don't have. */
#ifndef SECPKG_ATTR_NEGOSSP_CLIENT_SIDS
#define SECPKG_ATTR_NEGOSSP_CLIENT_SIDS 0x4e530002
#define SECPKG_ATTR_NEGOSSP_SUBSTATUS 0x4e530003
#define SECBUFFER_NEGOSSP_PEER_ADDRESS 0x0e530001
#define SECPKG_ATTR_NEGOSSP_PEER_ADDRESS 0x4e530004
#endif
#ifndef SECBUFFER_CHANNEL_BINDINGS_RESULT
#define SECBUFFER_CHANNEL_BINDINGS_RESULT 30
#endif

/* The functions under test, in one of two ways (see main.c): found by name, or in the tables of
 * InitSecurityInterfaceA and InitSecurityInterfaceW. */
extern PSecurityFunctionTableA A;
extern PSecurityFunctionTableW W;

/* Exports that have no slot in the tables. */
typedef SECURITY_STATUS(WINAPI *seal_message_fn)(PCtxtHandle, ULONG, PSecBufferDesc, ULONG);
typedef SECURITY_STATUS(WINAPI *unseal_message_fn)(PCtxtHandle, PSecBufferDesc, ULONG, ULONG *);
extern seal_message_fn SealMessageByName;
extern unseal_message_fn UnsealMessageByName;
extern INIT_SECURITY_INTERFACE_A InitSecurityInterfaceAByName;
extern INIT_SECURITY_INTERFACE_W InitSecurityInterfaceWByName;

/* Loads the library at `path`; false, with a line on stderr, when anything is missing. */
bool load_library(const char *path, bool through_tables);
/* The same by name, whatever is missing: find_export tells, and a missing function is NULL. */
bool load_what_there_is(const char *path);

/* An export by its name, or NULL. */
void *find_export(const char *name);

#endif
