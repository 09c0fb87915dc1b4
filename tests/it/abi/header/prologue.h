/*
 * negossp: the server side of the SSPI Negotiate package behind the C ABI of secur32.dll.
 *
 * On Windows this header is <sspi.h> and the few things of our own below. Elsewhere it is what a server that was written for
 * <security.h> needs: include it in its stead, or compile with the folder negossp/compat, which has headers of such names.
 * ULONG has 32 bits, and SEC_WCHAR 16 (UTF-16; write u"Negotiate", not L"Negotiate"). The text of A functions is UTF-8.
 *
 * Made from src/entry by the test `header_is_current`; do not edit.
 */
#ifndef NEGOSSP_H
#define NEGOSSP_H

/*
 * Attributes of contexts that Windows does not have, for QueryContextAttributes.
 *
 * SECPKG_ATTR_NEGOSSP_DELEGATED_CCACHE: the credentials for acting as the client, as a credential cache in the format
 *   of MIT Kerberos, version 4: what KRB5CCNAME=FILE:... names once it is written to a file, which nobody else may read.
 *   The buffer is a SecPkgContext_SessionKey, whose SessionKey is to be freed with FreeContextBuffer.
 *   If the client forwarded credentials (ASC_RET_DELEGATE), the cache has these. If not, and with `[kerberos] delegation =
 *   "constrained"`, it has the client's ticket, if that is forwardable, and the ticket-granting ticket of the server's own in
 *   `[kerberos] tgt_ccache`: MIT's GSS-API gets tickets as the client with it, for services that the KDC allows the server
 *   (S4U2proxy). Who has such a cache is the server, too: it is not for programs that are the client's.
 *   SEC_E_NO_CREDENTIALS if there is neither, or ASC_REQ_DELEGATE was not required.
 * SECPKG_ATTR_NEGOSSP_CLIENT_SIDS: the client's SIDs as text, `S-1-5-21-...`, one to a line: the account's first, then
 *   those of its groups that count (enabled, and not for denying only), as the domain or the file of account details tells
 *   them. The buffer is a SecPkgContext_Names, whose sUserName is to be freed with FreeContextBuffer. A client whom nobody
 *   has given a SID has one made of its name. SEC_E_UNSUPPORTED_FUNCTION if there is no machine SID to make it of.
 *
 * SECPKG_ATTR_NEGOSSP_SUBSTATUS: why a client was refused, for the server's own log and never for the client: the NTSTATUS
 *   that Windows' audit calls SubStatus, 0xc000006a for a wrong password, 0xc0000064 for an unknown user, and so on. Also of a
 *   context that has failed, until it is deleted; a first call that fails leaves no context. The buffer is a ULONG; 0 if the
 *   last call succeeded.
 *
 * SECPKG_ATTR_AUTHENTICATION_ID, for which Windows has a number and no structure, is a LUID here: eight bytes that no other
 *   context of the process has. Likewise, each a ULONG here:
 *
 * SECPKG_ATTR_CONTEXT_DELETED: 1 if the exchange has ended without a context, by an error or by `[limits]`, so that the handle
 *   can only be deleted; else 0.
 * SECPKG_ATTR_IS_LOOPBACK, of an acceptor's context: 1 if the client is on this machine, else 0. It is if the address that the
 *   server told is a loopback address. Without an address it is if an NTLM client has sent this machine's MachineID; that is
 *   not part of an exported context. Whom the client has authenticated to before knows its MachineID, so grant nothing by it.
 */
#define SECPKG_ATTR_NEGOSSP_DELEGATED_CCACHE 0x4e530001
#define SECPKG_ATTR_NEGOSSP_CLIENT_SIDS 0x4e530002
#define SECPKG_ATTR_NEGOSSP_SUBSTATUS 0x4e530003

/*
 * The client's address, which a server tells: the throttle on password guessing, the audit, `[ntlm] workstations` and
 * tickets that are limited to addresses use it. It does not change the channel bindings.
 *
 * SECBUFFER_NEGOSSP_PEER_ADDRESS: the type of an input buffer of any call of AcceptSecurityContext. pvBuffer and cbBuffer
 *   are a `sockaddr` and its length, as accept() and getpeername() return them. It holds for the calls that follow.
 * SECPKG_ATTR_NEGOSSP_PEER_ADDRESS: the same for SetContextAttributes, between the calls.
 */
#define SECBUFFER_NEGOSSP_PEER_ADDRESS 0x0e530001
#define SECPKG_ATTR_NEGOSSP_PEER_ADDRESS 0x4e530004

/*
 * Attributes that WinPR has, for SetCredentialsAttributes and SetContextAttributes: a callback by which the program supplies
 * the accounts that NTLM's clients log on to, and its first argument. The buffer is the function, or the argument, itself.
 */
#define SECPKG_ATTR_AUTH_NTLM_HASH_CB 1108
#define SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA 1109

/*
 * Set in the same way: a NTLM_ACCOUNT_NAME_CALLBACK, by which the program says what the account is called that a client's
 * names mean. All else goes by that name: SECPKG_ATTR_NAMES, rules of the configuration, delays after wrong passwords, the
 * log. Without it the domain is that of `[accounts] domain`, or the computer, whatever the client has sent: a program with
 * accounts in several domains needs the callback. Its buffer is the function itself.
 */
#define SECPKG_ATTR_NEGOSSP_ACCOUNT_NAME_CB 0x4e530010

/*
 * An attribute for SetCredentialsAttributes, of credentials for outbound use. The buffer is a CtxtHandle that
 * AcceptSecurityContext has made: contexts that are started from now on act as its client, with the tickets that the client
 * has delegated. With `[kerberos] delegation = "constrained"` that may be the client's own ticket for this server, and the
 * KDC decides for which services it gives tickets (S4U2proxy, [MS-SFU]). A thread that impersonates a client acquires such
 * credentials without this attribute, if it gives no identity.
 */
#define SECPKG_CRED_ATTR_NEGOSSP_CLIENT_CONTEXT 0x4e530011

#ifdef _WIN32

#ifndef SECURITY_WIN32
#define SECURITY_WIN32
#endif
#include <windows.h>
#include <sspi.h>

#else /* !_WIN32 */

#include <stdint.h>

typedef char CHAR;
typedef uint8_t UCHAR;
typedef uint8_t BOOLEAN;
typedef uint16_t USHORT;
typedef uint32_t ULONG;
typedef int32_t LONG;
typedef int64_t LONGLONG;
typedef uintptr_t ULONG_PTR;
typedef intptr_t INT_PTR;
typedef ULONG *PULONG;
typedef void *HANDLE;
typedef void *PVOID;

typedef char SEC_CHAR;
#ifdef __cplusplus
typedef char16_t SEC_WCHAR;
#else
typedef uint16_t SEC_WCHAR;
#endif
typedef int32_t SECURITY_STATUS;

/* Keeps track of a call that completes later. The pointer is a number that only the library understands. */
typedef struct _SspiAsyncContext SspiAsyncContext, *PSspiAsyncContext;

/* A time in FILETIME ticks: 100 ns since 1601. SSPI's times are local times. */
typedef union _LARGE_INTEGER {
#ifdef __GNUC__
    __extension__
#endif
    struct {
        ULONG LowPart;
        LONG HighPart;
    };
    struct {
        ULONG LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, SECURITY_INTEGER, *PSECURITY_INTEGER;
typedef SECURITY_INTEGER TimeStamp;
typedef SECURITY_INTEGER *PTimeStamp;

#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;
#endif

#ifndef WINAPI
#define WINAPI
#endif
#define SEC_ENTRY WINAPI
#define SEC_FAR

#ifdef UNICODE
#define SEC_TEXT(text) u##text
#define NEGOSSP_AW(name) name##W
#define NEGOSSP_U_AW(name) name##_W
typedef SEC_WCHAR *SECURITY_PSTR;
typedef const SEC_WCHAR *SECURITY_PCSTR;
#else
#define SEC_TEXT(text) text
#define NEGOSSP_AW(name) name##A
#define NEGOSSP_U_AW(name) name##_A
typedef SEC_CHAR *SECURITY_PSTR;
typedef const SEC_CHAR *SECURITY_PCSTR;
#endif

#define SEC_SUCCESS(Status) ((Status) >= 0)
#define SEC_DELETED_HANDLE ((ULONG_PTR)(-2))
#define SecInvalidateHandle(x) \
    do { \
        ((PSecHandle)(x))->dwLower = (ULONG_PTR)(INT_PTR)-1; \
        ((PSecHandle)(x))->dwUpper = (ULONG_PTR)(INT_PTR)-1; \
    } while (0)
#define SecIsValidHandle(x) \
    (((PSecHandle)(x))->dwLower != (ULONG_PTR)(INT_PTR)-1 && ((PSecHandle)(x))->dwUpper != (ULONG_PTR)(INT_PTR)-1)
#define FreeCredentialHandle FreeCredentialsHandle

#define NEGOSSP_NAME_A "Negotiate"
#define NEGOSSP_NAME_W u"Negotiate"
#define NEGOSSP_NAME NEGOSSP_U_AW(NEGOSSP_NAME)
#define MICROSOFT_KERBEROS_NAME_A "Kerberos"
#define MICROSOFT_KERBEROS_NAME_W u"Kerberos"
#define MICROSOFT_KERBEROS_NAME NEGOSSP_U_AW(MICROSOFT_KERBEROS_NAME)
#define NTLMSP_NAME_A "NTLM"
#define NTLMSP_NAME u"NTLM"
#define SECURITY_ENTRYPOINT_ANSIW "InitSecurityInterfaceW"
#define SECURITY_ENTRYPOINT_ANSIA "InitSecurityInterfaceA"
#define SECURITY_ENTRYPOINT_ANSI NEGOSSP_AW(SECURITY_ENTRYPOINT_ANSI)
#define SECURITY_ENTRYPOINTW SEC_TEXT("InitSecurityInterfaceW")
#define SECURITY_ENTRYPOINTA SEC_TEXT("InitSecurityInterfaceA")
#define SECURITY_ENTRYPOINT NEGOSSP_AW(SECURITY_ENTRYPOINT)

/* Kinds of packed credentials. */
static const GUID SEC_WINNT_AUTH_DATA_TYPE_PASSWORD = {
    0x28bfc32f, 0x10f6, 0x4738, {0x98, 0xd1, 0x1a, 0xc0, 0x61, 0xdf, 0x71, 0x6a}};
static const GUID SEC_WINNT_AUTH_DATA_TYPE_KEYTAB = {
    0xd587aae8, 0xf78f, 0x4455, {0xa1, 0x12, 0xc9, 0x34, 0xbe, 0xee, 0x7c, 0xe1}};
