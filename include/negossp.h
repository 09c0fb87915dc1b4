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

#define SEC_E_OK ((SECURITY_STATUS)0x00000000)
#define SEC_E_INSUFFICIENT_MEMORY ((SECURITY_STATUS)0x80090300)
#define SEC_E_INVALID_HANDLE ((SECURITY_STATUS)0x80090301)
#define SEC_E_UNSUPPORTED_FUNCTION ((SECURITY_STATUS)0x80090302)
#define SEC_E_TARGET_UNKNOWN ((SECURITY_STATUS)0x80090303)
#define SEC_E_INTERNAL_ERROR ((SECURITY_STATUS)0x80090304)
#define SEC_E_SECPKG_NOT_FOUND ((SECURITY_STATUS)0x80090305)
#define SEC_E_NOT_OWNER ((SECURITY_STATUS)0x80090306)
#define SEC_E_CANNOT_INSTALL ((SECURITY_STATUS)0x80090307)
#define SEC_E_INVALID_TOKEN ((SECURITY_STATUS)0x80090308)
#define SEC_E_CANNOT_PACK ((SECURITY_STATUS)0x80090309)
#define SEC_E_QOP_NOT_SUPPORTED ((SECURITY_STATUS)0x8009030a)
#define SEC_E_NO_IMPERSONATION ((SECURITY_STATUS)0x8009030b)
#define SEC_E_LOGON_DENIED ((SECURITY_STATUS)0x8009030c)
#define SEC_E_UNKNOWN_CREDENTIALS ((SECURITY_STATUS)0x8009030d)
#define SEC_E_NO_CREDENTIALS ((SECURITY_STATUS)0x8009030e)
#define SEC_E_MESSAGE_ALTERED ((SECURITY_STATUS)0x8009030f)
#define SEC_E_OUT_OF_SEQUENCE ((SECURITY_STATUS)0x80090310)
#define SEC_E_NO_AUTHENTICATING_AUTHORITY ((SECURITY_STATUS)0x80090311)
#define SEC_I_CONTINUE_NEEDED ((SECURITY_STATUS)0x00090312)
#define SEC_I_COMPLETE_NEEDED ((SECURITY_STATUS)0x00090313)
#define SEC_I_COMPLETE_AND_CONTINUE ((SECURITY_STATUS)0x00090314)
#define SEC_I_LOCAL_LOGON ((SECURITY_STATUS)0x00090315)
#define SEC_I_GENERIC_EXTENSION_RECEIVED ((SECURITY_STATUS)0x00090316)
#define SEC_E_BAD_PKGID ((SECURITY_STATUS)0x80090316)
#define SEC_E_CONTEXT_EXPIRED ((SECURITY_STATUS)0x80090317)
#define SEC_I_CONTEXT_EXPIRED ((SECURITY_STATUS)0x00090317)
#define SEC_E_INCOMPLETE_MESSAGE ((SECURITY_STATUS)0x80090318)
#define SEC_E_INCOMPLETE_CREDENTIALS ((SECURITY_STATUS)0x80090320)
#define SEC_E_BUFFER_TOO_SMALL ((SECURITY_STATUS)0x80090321)
#define SEC_I_INCOMPLETE_CREDENTIALS ((SECURITY_STATUS)0x00090320)
#define SEC_I_RENEGOTIATE ((SECURITY_STATUS)0x00090321)
#define SEC_E_WRONG_PRINCIPAL ((SECURITY_STATUS)0x80090322)
#define SEC_I_NO_LSA_CONTEXT ((SECURITY_STATUS)0x00090323)
#define SEC_E_TIME_SKEW ((SECURITY_STATUS)0x80090324)
#define SEC_E_UNTRUSTED_ROOT ((SECURITY_STATUS)0x80090325)
#define SEC_E_ILLEGAL_MESSAGE ((SECURITY_STATUS)0x80090326)
#define SEC_E_CERT_UNKNOWN ((SECURITY_STATUS)0x80090327)
#define SEC_E_CERT_EXPIRED ((SECURITY_STATUS)0x80090328)
#define SEC_E_ENCRYPT_FAILURE ((SECURITY_STATUS)0x80090329)
#define SEC_E_DECRYPT_FAILURE ((SECURITY_STATUS)0x80090330)
#define SEC_E_ALGORITHM_MISMATCH ((SECURITY_STATUS)0x80090331)
#define SEC_E_SECURITY_QOS_FAILED ((SECURITY_STATUS)0x80090332)
#define SEC_E_UNFINISHED_CONTEXT_DELETED ((SECURITY_STATUS)0x80090333)
#define SEC_E_NO_TGT_REPLY ((SECURITY_STATUS)0x80090334)
#define SEC_E_NO_IP_ADDRESSES ((SECURITY_STATUS)0x80090335)
#define SEC_E_WRONG_CREDENTIAL_HANDLE ((SECURITY_STATUS)0x80090336)
#define SEC_E_CRYPTO_SYSTEM_INVALID ((SECURITY_STATUS)0x80090337)
#define SEC_E_MAX_REFERRALS_EXCEEDED ((SECURITY_STATUS)0x80090338)
#define SEC_E_MUST_BE_KDC ((SECURITY_STATUS)0x80090339)
#define SEC_E_STRONG_CRYPTO_NOT_SUPPORTED ((SECURITY_STATUS)0x8009033a)
#define SEC_E_TOO_MANY_PRINCIPALS ((SECURITY_STATUS)0x8009033b)
#define SEC_E_NO_PA_DATA ((SECURITY_STATUS)0x8009033c)
#define SEC_E_PKINIT_NAME_MISMATCH ((SECURITY_STATUS)0x8009033d)
#define SEC_E_SMARTCARD_LOGON_REQUIRED ((SECURITY_STATUS)0x8009033e)
#define SEC_E_SHUTDOWN_IN_PROGRESS ((SECURITY_STATUS)0x8009033f)
#define SEC_E_KDC_INVALID_REQUEST ((SECURITY_STATUS)0x80090340)
#define SEC_E_KDC_UNABLE_TO_REFER ((SECURITY_STATUS)0x80090341)
#define SEC_E_KDC_UNKNOWN_ETYPE ((SECURITY_STATUS)0x80090342)
#define SEC_E_UNSUPPORTED_PREAUTH ((SECURITY_STATUS)0x80090343)
#define SEC_E_DELEGATION_REQUIRED ((SECURITY_STATUS)0x80090345)
#define SEC_E_BAD_BINDINGS ((SECURITY_STATUS)0x80090346)
#define SEC_E_MULTIPLE_ACCOUNTS ((SECURITY_STATUS)0x80090347)
#define SEC_E_NO_KERB_KEY ((SECURITY_STATUS)0x80090348)
#define SEC_E_CERT_WRONG_USAGE ((SECURITY_STATUS)0x80090349)
#define SEC_E_DOWNGRADE_DETECTED ((SECURITY_STATUS)0x80090350)
#define SEC_E_SMARTCARD_CERT_REVOKED ((SECURITY_STATUS)0x80090351)
#define SEC_E_ISSUING_CA_UNTRUSTED ((SECURITY_STATUS)0x80090352)
#define SEC_E_REVOCATION_OFFLINE_C ((SECURITY_STATUS)0x80090353)
#define SEC_E_PKINIT_CLIENT_FAILURE ((SECURITY_STATUS)0x80090354)
#define SEC_E_SMARTCARD_CERT_EXPIRED ((SECURITY_STATUS)0x80090355)
#define SEC_E_NO_S4U_PROT_SUPPORT ((SECURITY_STATUS)0x80090356)
#define SEC_E_CROSSREALM_DELEGATION_FAILURE ((SECURITY_STATUS)0x80090357)
#define SEC_E_REVOCATION_OFFLINE_KDC ((SECURITY_STATUS)0x80090358)
#define SEC_E_ISSUING_CA_UNTRUSTED_KDC ((SECURITY_STATUS)0x80090359)
#define SEC_E_KDC_CERT_EXPIRED ((SECURITY_STATUS)0x8009035a)
#define SEC_E_KDC_CERT_REVOKED ((SECURITY_STATUS)0x8009035b)
#define SEC_I_SIGNATURE_NEEDED ((SECURITY_STATUS)0x0009035c)
#define SEC_E_INVALID_PARAMETER ((SECURITY_STATUS)0x8009035d)
#define SEC_E_DELEGATION_POLICY ((SECURITY_STATUS)0x8009035e)
#define SEC_E_POLICY_NLTM_ONLY ((SECURITY_STATUS)0x8009035f)
#define SEC_I_NO_RENEGOTIATION ((SECURITY_STATUS)0x00090360)
#define SEC_E_NO_CONTEXT ((SECURITY_STATUS)0x80090361)
#define SEC_E_PKU2U_CERT_FAILURE ((SECURITY_STATUS)0x80090362)
#define SEC_E_MUTUAL_AUTH_FAILED ((SECURITY_STATUS)0x80090363)
#define SEC_I_MESSAGE_FRAGMENT ((SECURITY_STATUS)0x00090364)
#define SEC_E_ONLY_HTTPS_ALLOWED ((SECURITY_STATUS)0x80090365)
#define SEC_I_CONTINUE_NEEDED_MESSAGE_OK ((SECURITY_STATUS)0x00090366)
#define SEC_E_APPLICATION_PROTOCOL_MISMATCH ((SECURITY_STATUS)0x80090367)
#define SEC_I_ASYNC_CALL_PENDING ((SECURITY_STATUS)0x00090368)
#define SEC_E_INVALID_UPN_NAME ((SECURITY_STATUS)0x80090369)
#define SEC_E_EXT_BUFFER_TOO_SMALL ((SECURITY_STATUS)0x8009036a)
#define SEC_E_INSUFFICIENT_BUFFERS ((SECURITY_STATUS)0x8009036b)

/* NTSTATUS values: for the one function that is documented to return the first, and where there is */

/* no SEC_E_*. */
#define STATUS_INVALID_PARAMETER ((SECURITY_STATUS)0xc000000d)
#define STATUS_PASSWORD_RESTRICTION ((SECURITY_STATUS)0xc000006c)
#define STATUS_PASSWORD_EXPIRED ((SECURITY_STATUS)0xc0000071)


/* Versions and types of buffers. */
#define SECBUFFER_VERSION 0
#define SECBUFFER_EMPTY 0
#define SECBUFFER_DATA 1
#define SECBUFFER_TOKEN 2
#define SECBUFFER_PKG_PARAMS 3
#define SECBUFFER_MISSING 4
#define SECBUFFER_EXTRA 5
#define SECBUFFER_STREAM_TRAILER 6
#define SECBUFFER_STREAM_HEADER 7
#define SECBUFFER_NEGOTIATION_INFO 8
#define SECBUFFER_PADDING 9
#define SECBUFFER_STREAM 10
#define SECBUFFER_MECHLIST 11
#define SECBUFFER_MECHLIST_SIGNATURE 12
#define SECBUFFER_TARGET 13
#define SECBUFFER_CHANNEL_BINDINGS 14
#define SECBUFFER_CHANGE_PASS_RESPONSE 15
#define SECBUFFER_TARGET_HOST 16
#define SECBUFFER_ALERT 17
#define SECBUFFER_APPLICATION_PROTOCOLS 18
#define SECBUFFER_TOKEN_BINDING 21
#define SECBUFFER_DTLS_MTU 24
#define SECBUFFER_FLAGS 27
#define SECBUFFER_TRAFFIC_SECRETS 28
#define SECBUFFER_CHANNEL_BINDINGS_RESULT 30
#define SECBUFFER_ATTRMASK 0xf0000000
#define SECBUFFER_READONLY 0x80000000
#define SECBUFFER_READONLY_WITH_CHECKSUM 0x10000000
#define SECBUFFER_RESERVED 0x60000000

/* `flags` of SEC_CHANNEL_BINDINGS_EX, its magic number ('XEBC'), and of the result. */
#define SEC_CHANNEL_BINDINGS_EX_MAGIC 0x58454243
#define SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS 0x1
#define SEC_CHANNEL_BINDINGS_VALID_FLAGS 0x1
#define SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT 0x1
#define SEC_CHANNEL_BINDINGS_RESULT_ABSENT 0x2
#define SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH 0x4
#define SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING 0x8
#define SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED 0x10
#define SEC_CHANNEL_BINDINGS_RESULT_VALID_PROXY 0x20
#define SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING 0x40
#define SEC_CHANNEL_BINDINGS_RESULT_VALID 0x70
#define SEC_CHANNEL_BINDINGS_RESULT_NOTVALID 0xc

/* Data representations: both are accepted and ignored. */
#define SECURITY_NATIVE_DREP 0x00000010
#define SECURITY_NETWORK_DREP 0x00000000

/* Capabilities of a package (`fCapabilities`). */
#define SECPKG_FLAG_INTEGRITY 0x00000001
#define SECPKG_FLAG_PRIVACY 0x00000002
#define SECPKG_FLAG_TOKEN_ONLY 0x00000004
#define SECPKG_FLAG_DATAGRAM 0x00000008
#define SECPKG_FLAG_CONNECTION 0x00000010
#define SECPKG_FLAG_MULTI_REQUIRED 0x00000020
#define SECPKG_FLAG_CLIENT_ONLY 0x00000040
#define SECPKG_FLAG_EXTENDED_ERROR 0x00000080
#define SECPKG_FLAG_IMPERSONATION 0x00000100
#define SECPKG_FLAG_ACCEPT_WIN32_NAME 0x00000200
#define SECPKG_FLAG_STREAM 0x00000400
#define SECPKG_FLAG_NEGOTIABLE 0x00000800
#define SECPKG_FLAG_GSS_COMPATIBLE 0x00001000
#define SECPKG_FLAG_LOGON 0x00002000
#define SECPKG_FLAG_ASCII_BUFFERS 0x00004000
#define SECPKG_FLAG_FRAGMENT 0x00008000
#define SECPKG_FLAG_MUTUAL_AUTH 0x00010000
#define SECPKG_FLAG_DELEGATION 0x00020000
#define SECPKG_FLAG_READONLY_WITH_CHECKSUM 0x00040000
#define SECPKG_FLAG_RESTRICTED_TOKENS 0x00080000
#define SECPKG_FLAG_NEGO_EXTENDER 0x00100000
#define SECPKG_FLAG_NEGOTIABLE2 0x00200000
#define SECPKG_FLAG_APPCONTAINER_PASSTHROUGH 0x00400000
#define SECPKG_FLAG_APPCONTAINER_CHECKS 0x00800000
#define SECPKG_FLAG_CREDENTIAL_ISOLATION_ENABLED 0x01000000
#define SECPKG_FLAG_APPLY_LOOPBACK 0x02000000

/* `wRPCID` of a package that has none. */
#define SECPKG_ID_NONE 0xffff

/* `fCredentialUse`, and attributes of credentials. */
#define SECPKG_CRED_INBOUND 0x00000001
#define SECPKG_CRED_OUTBOUND 0x00000002
#define SECPKG_CRED_BOTH 0x00000003
#define SECPKG_CRED_DEFAULT 0x00000004
#define SECPKG_CRED_RESERVED 0xf0000000
#define SECPKG_CRED_AUTOLOGON_RESTRICTED 0x00000010
#define SECPKG_CRED_PROCESS_POLICY_ONLY 0x00000020
#define SECPKG_CRED_ATTR_NAMES 1
#define SECPKG_CRED_ATTR_SSI_PROVIDER 2
#define SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS 3
#define SECPKG_CRED_ATTR_CERT 4
#define SECPKG_CRED_ATTR_PAC_BYPASS 5

/* `Version` of SecPkgCredentials_KdcProxySettings. */
#define KDC_PROXY_SETTINGS_V1 1
#define KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY 0x1

/* `Type` and `Flags` of SECURITY_PACKAGE_OPTIONS. */
#define SECPKG_OPTIONS_TYPE_UNKNOWN 0
#define SECPKG_OPTIONS_TYPE_LSA 1
#define SECPKG_OPTIONS_TYPE_SSPI 2
#define SECPKG_OPTIONS_PERMANENT 0x00000001

/* Requirements of an initiator. */
#define ISC_REQ_DELEGATE 0x00000001
#define ISC_REQ_MUTUAL_AUTH 0x00000002
#define ISC_REQ_REPLAY_DETECT 0x00000004
#define ISC_REQ_SEQUENCE_DETECT 0x00000008
#define ISC_REQ_CONFIDENTIALITY 0x00000010
#define ISC_REQ_USE_SESSION_KEY 0x00000020
#define ISC_REQ_PROMPT_FOR_CREDS 0x00000040
#define ISC_REQ_USE_SUPPLIED_CREDS 0x00000080
#define ISC_REQ_ALLOCATE_MEMORY 0x00000100
#define ISC_REQ_USE_DCE_STYLE 0x00000200
#define ISC_REQ_DATAGRAM 0x00000400
#define ISC_REQ_CONNECTION 0x00000800
#define ISC_REQ_CALL_LEVEL 0x00001000
#define ISC_REQ_FRAGMENT_SUPPLIED 0x00002000
#define ISC_REQ_EXTENDED_ERROR 0x00004000
#define ISC_REQ_STREAM 0x00008000
#define ISC_REQ_INTEGRITY 0x00010000
#define ISC_REQ_IDENTIFY 0x00020000
#define ISC_REQ_NULL_SESSION 0x00040000
#define ISC_REQ_MANUAL_CRED_VALIDATION 0x00080000
#define ISC_REQ_RESERVED1 0x00100000
#define ISC_REQ_FRAGMENT_TO_FIT 0x00200000
#define ISC_REQ_FORWARD_CREDENTIALS 0x00400000
#define ISC_REQ_NO_INTEGRITY 0x00800000
#define ISC_REQ_USE_HTTP_STYLE 0x01000000
#define ISC_REQ_UNVERIFIED_TARGET_NAME 0x20000000
#define ISC_REQ_CONFIDENTIALITY_ONLY 0x40000000

/* Attributes of an initiator's context. */
#define ISC_RET_DELEGATE 0x00000001
#define ISC_RET_MUTUAL_AUTH 0x00000002
#define ISC_RET_REPLAY_DETECT 0x00000004
#define ISC_RET_SEQUENCE_DETECT 0x00000008
#define ISC_RET_CONFIDENTIALITY 0x00000010
#define ISC_RET_USE_SESSION_KEY 0x00000020
#define ISC_RET_USED_COLLECTED_CREDS 0x00000040
#define ISC_RET_USED_SUPPLIED_CREDS 0x00000080
#define ISC_RET_ALLOCATED_MEMORY 0x00000100
#define ISC_RET_USED_DCE_STYLE 0x00000200
#define ISC_RET_DATAGRAM 0x00000400
#define ISC_RET_CONNECTION 0x00000800
#define ISC_RET_INTERMEDIATE_RETURN 0x00001000
#define ISC_RET_CALL_LEVEL 0x00002000
#define ISC_RET_EXTENDED_ERROR 0x00004000
#define ISC_RET_STREAM 0x00008000
#define ISC_RET_INTEGRITY 0x00010000
#define ISC_RET_IDENTIFY 0x00020000
#define ISC_RET_NULL_SESSION 0x00040000
#define ISC_RET_MANUAL_CRED_VALIDATION 0x00080000
#define ISC_RET_RESERVED1 0x00100000
#define ISC_RET_FRAGMENT_ONLY 0x00200000
#define ISC_RET_FORWARD_CREDENTIALS 0x00400000
#define ISC_RET_USED_HTTP_STYLE 0x01000000
#define ISC_RET_NO_ADDITIONAL_TOKEN 0x02000000
#define ISC_RET_REAUTHENTICATION 0x08000000
#define ISC_RET_CONFIDENTIALITY_ONLY 0x40000000

/* Requirements of an acceptor. */
#define ASC_REQ_DELEGATE 0x00000001
#define ASC_REQ_MUTUAL_AUTH 0x00000002
#define ASC_REQ_REPLAY_DETECT 0x00000004
#define ASC_REQ_SEQUENCE_DETECT 0x00000008
#define ASC_REQ_CONFIDENTIALITY 0x00000010
#define ASC_REQ_USE_SESSION_KEY 0x00000020
#define ASC_REQ_SESSION_TICKET 0x00000040
#define ASC_REQ_ALLOCATE_MEMORY 0x00000100
#define ASC_REQ_USE_DCE_STYLE 0x00000200
#define ASC_REQ_DATAGRAM 0x00000400
#define ASC_REQ_CONNECTION 0x00000800
#define ASC_REQ_CALL_LEVEL 0x00001000
#define ASC_REQ_FRAGMENT_SUPPLIED 0x00002000
#define ASC_REQ_EXTENDED_ERROR 0x00008000
#define ASC_REQ_STREAM 0x00010000
#define ASC_REQ_INTEGRITY 0x00020000
#define ASC_REQ_LICENSING 0x00040000
#define ASC_REQ_IDENTIFY 0x00080000
#define ASC_REQ_ALLOW_NULL_SESSION 0x00100000
#define ASC_REQ_ALLOW_NON_USER_LOGONS 0x00200000
#define ASC_REQ_ALLOW_CONTEXT_REPLAY 0x00400000
#define ASC_REQ_FRAGMENT_TO_FIT 0x00800000
#define ASC_REQ_NO_TOKEN 0x01000000
#define ASC_REQ_PROXY_BINDINGS 0x04000000
#define ASC_REQ_ALLOW_MISSING_BINDINGS 0x10000000
#define ASC_REQ_HTTP 0x10000000

/* Attributes of an acceptor's context. */
#define ASC_RET_DELEGATE 0x00000001
#define ASC_RET_MUTUAL_AUTH 0x00000002
#define ASC_RET_REPLAY_DETECT 0x00000004
#define ASC_RET_SEQUENCE_DETECT 0x00000008
#define ASC_RET_CONFIDENTIALITY 0x00000010
#define ASC_RET_USE_SESSION_KEY 0x00000020
#define ASC_RET_SESSION_TICKET 0x00000040
#define ASC_RET_ALLOCATED_MEMORY 0x00000100
#define ASC_RET_USED_DCE_STYLE 0x00000200
#define ASC_RET_DATAGRAM 0x00000400
#define ASC_RET_CONNECTION 0x00000800
#define ASC_RET_CALL_LEVEL 0x00002000
#define ASC_RET_THIRD_LEG_FAILED 0x00004000
#define ASC_RET_EXTENDED_ERROR 0x00008000
#define ASC_RET_STREAM 0x00010000
#define ASC_RET_INTEGRITY 0x00020000
#define ASC_RET_LICENSING 0x00040000
#define ASC_RET_IDENTIFY 0x00080000
#define ASC_RET_NULL_SESSION 0x00100000
#define ASC_RET_ALLOW_NON_USER_LOGONS 0x00200000
#define ASC_RET_ALLOW_CONTEXT_REPLAY 0x00400000
#define ASC_RET_FRAGMENT_ONLY 0x00800000
#define ASC_RET_NO_TOKEN 0x01000000
#define ASC_RET_NO_ADDITIONAL_TOKEN 0x02000000

/* Attributes of contexts. */
#define SECPKG_ATTR_SIZES 0
#define SECPKG_ATTR_NAMES 1
#define SECPKG_ATTR_LIFESPAN 2
#define SECPKG_ATTR_DCE_INFO 3
#define SECPKG_ATTR_STREAM_SIZES 4
#define SECPKG_ATTR_KEY_INFO 5
#define SECPKG_ATTR_AUTHORITY 6
#define SECPKG_ATTR_PROTO_INFO 7
#define SECPKG_ATTR_PASSWORD_EXPIRY 8
#define SECPKG_ATTR_SESSION_KEY 9
#define SECPKG_ATTR_PACKAGE_INFO 10
#define SECPKG_ATTR_USER_FLAGS 11
#define SECPKG_ATTR_NEGOTIATION_INFO 12
#define SECPKG_ATTR_NATIVE_NAMES 13
#define SECPKG_ATTR_FLAGS 14
#define SECPKG_ATTR_USE_VALIDATED 15
#define SECPKG_ATTR_CREDENTIAL_NAME 16
#define SECPKG_ATTR_TARGET_INFORMATION 17
#define SECPKG_ATTR_ACCESS_TOKEN 18
#define SECPKG_ATTR_TARGET 19
#define SECPKG_ATTR_AUTHENTICATION_ID 20
#define SECPKG_ATTR_LOGOFF_TIME 21
#define SECPKG_ATTR_NEGO_KEYS 22
#define SECPKG_ATTR_PROMPTING_NEEDED 24
#define SECPKG_ATTR_UNIQUE_BINDINGS 25
#define SECPKG_ATTR_ENDPOINT_BINDINGS 26
#define SECPKG_ATTR_CLIENT_SPECIFIED_TARGET 27
#define SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS 30
#define SECPKG_ATTR_NEGO_PKG_INFO 31
#define SECPKG_ATTR_NEGO_STATUS 32
#define SECPKG_ATTR_CONTEXT_DELETED 33
#define SECPKG_ATTR_DTLS_MTU 34
#define SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES 128
#define SECPKG_ATTR_APPLICATION_PROTOCOL 35
#define SECPKG_ATTR_IS_LOOPBACK 37

/* `ValueType` of claims. */
#define AUTHZ_SECURITY_ATTRIBUTE_TYPE_INT64 0x01
#define AUTHZ_SECURITY_ATTRIBUTE_TYPE_UINT64 0x02
#define AUTHZ_SECURITY_ATTRIBUTE_TYPE_STRING 0x03
#define AUTHZ_SECURITY_ATTRIBUTE_TYPE_BOOLEAN 0x06

/* `NegotiationState`. */
#define SECPKG_NEGOTIATION_COMPLETE 0
#define SECPKG_NEGOTIATION_OPTIMISTIC 1
#define SECPKG_NEGOTIATION_IN_PROGRESS 2
#define SECPKG_NEGOTIATION_DIRECT 3
#define SECPKG_NEGOTIATION_TRY_MULTICRED 4

/* SECPKG_ATTR_LCT_STATUS. */
#define SecPkgAttrLastClientTokenYes 0
#define SecPkgAttrLastClientTokenNo 1
#define SecPkgAttrLastClientTokenMaybe 2

/* Qualities of protection. */
#define SECQOP_WRAP_NO_ENCRYPT 0x80000001
#define SECQOP_WRAP_OOB_DATA 0x40000000

/* `fFlags` of ExportSecurityContext. */
#define SECPKG_CONTEXT_EXPORT_RESET_NEW 0x00000001
#define SECPKG_CONTEXT_EXPORT_DELETE_OLD 0x00000002
#define SECPKG_CONTEXT_EXPORT_TO_KERNEL 0x00000004

/* An extension: also exports a context in which NTLM awaits the client's reply. */
#define NEGOSSP_CONTEXT_EXPORT_HALF_OPEN 0x4e530000

/* Flags and versions of identities. */
#define SEC_WINNT_AUTH_IDENTITY_VERSION_2 0x201
#define SEC_WINNT_AUTH_IDENTITY_ANSI 0x1
#define SEC_WINNT_AUTH_IDENTITY_UNICODE 0x2
#define SEC_WINNT_AUTH_IDENTITY_VERSION 0x200
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED 0x10
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED 0x20
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED 0x40
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED 0x80
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_RESERVED 0x10000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_USER 0x20000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_NULL_DOMAIN 0x40000
#define SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER 0x80000
#define SEC_WINNT_AUTH_IDENTITY_MARSHALLED 0x4
#define SEC_WINNT_AUTH_IDENTITY_ONLY 0x8
#define SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON 1
#define SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS 2
#define SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM 4

/* `dwVersion` of the function tables. */
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION 1
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_2 2
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_3 3
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_4 4
#define SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_5 5

/* `Class` of NegosspQueryToken. */
#define NEGOSSP_TOKEN_USER_NAME 1
#define NEGOSSP_TOKEN_USER_IDS 2
#define NEGOSSP_TOKEN_GROUPS 3
#define NEGOSSP_TOKEN_CLIENT_NAME 4
#define NEGOSSP_TOKEN_SID 5
#define NEGOSSP_TOKEN_GROUP_SIDS 6
#define NEGOSSP_TOKEN_LEVEL 7
#define NEGOSSP_TOKEN_PACKAGE 8
#define NEGOSSP_TOKEN_EXPIRY 9
#define NEGOSSP_TOKEN_ORIGINS 10

/* NEGOSSP_TOKEN_LEVEL: Windows' SECURITY_IMPERSONATION_LEVEL. */
#define NEGOSSP_LEVEL_IDENTIFICATION 1
#define NEGOSSP_LEVEL_IMPERSONATION 2
#define NEGOSSP_LEVEL_DELEGATION 3

#ifdef __cplusplus
extern "C" {
#endif

// Never called by this library.
typedef void (*SEC_GET_KEY_FN)(void *Arg, void *Principal, ULONG KeyVer, void **Key, SECURITY_STATUS *Status);

// A handle. Its words are opaque to the caller. (ULONG_PTR)-1 in both marks an invalid one.
typedef struct _SecHandle {
  // Opaque.
  ULONG_PTR dwLower;
  // Opaque.
  ULONG_PTR dwUpper;
} SecHandle, *PSecHandle;

// Pointer to a credentials handle.
typedef PSecHandle PCredHandle;

// Pointer to a context handle.
typedef PSecHandle PCtxtHandle;

// One piece of input or output.
typedef struct _SecBuffer {
  // Bytes at `pvBuffer`: length of an input; capacity of an output, then the length written.
  ULONG cbBuffer;
  // `SECBUFFER_*`, with attribute bits under SECBUFFER_ATTRMASK.
  ULONG BufferType;
  // The bytes, which belong to the caller.
  void *pvBuffer;
} SecBuffer, *PSecBuffer;

// An array of buffers.
typedef struct _SecBufferDesc {
  // SECBUFFER_VERSION.
  ULONG ulVersion;
  // Elements of `pBuffers`.
  ULONG cBuffers;
  // The array.
  PSecBuffer pBuffers;
} SecBufferDesc, *PSecBufferDesc;

// A package.
typedef struct _SecPkgInfoW {
  // `SECPKG_FLAG_*`.
  ULONG fCapabilities;
  // Version of the package's protocol: 1.
  USHORT wVersion;
  // The package's number in RPC, `RPC_C_AUTHN_*`.
  USHORT wRPCID;
  // Longest token of the package, in bytes.
  ULONG cbMaxToken;
  // Name, zero-terminated.
  SEC_WCHAR *Name;
  // One line for people, zero-terminated.
  SEC_WCHAR *Comment;
} SecPkgInfoW, *PSecPkgInfoW;

// A package.
typedef struct _SecPkgInfoA {
  // `SECPKG_FLAG_*`.
  ULONG fCapabilities;
  // Version of the package's protocol: 1.
  USHORT wVersion;
  // The package's number in RPC, `RPC_C_AUTHN_*`.
  USHORT wRPCID;
  // Longest token of the package, in bytes.
  ULONG cbMaxToken;
  // Name, zero-terminated.
  SEC_CHAR *Name;
  // One line for people, zero-terminated.
  SEC_CHAR *Comment;
} SecPkgInfoA, *PSecPkgInfoA;

// Options of AddSecurityPackage. Ignored for this library's packages.
typedef struct _SECURITY_PACKAGE_OPTIONS {
  // Bytes of this structure.
  ULONG Size;
  // `SECPKG_OPTIONS_TYPE_*`.
  ULONG Type;
  // `SECPKG_OPTIONS_*`.
  ULONG Flags;
  // Bytes at `Signature`.
  ULONG SignatureSize;
  // The package's signature.
  void *Signature;
} SECURITY_PACKAGE_OPTIONS, *PSECURITY_PACKAGE_OPTIONS;

// Type of EnumerateSecurityPackages.
typedef SECURITY_STATUS (*ENUMERATE_SECURITY_PACKAGES_FN_W)(ULONG *pcPackages,
                                                            PSecPkgInfoW *ppPackageInfo);

// Type of QueryCredentialsAttributes.
typedef SECURITY_STATUS (*QUERY_CREDENTIALS_ATTRIBUTES_FN_W)(PCredHandle phCredential,
                                                             ULONG ulAttribute,
                                                             void *pBuffer);

// Type of AcquireCredentialsHandle.
typedef SECURITY_STATUS (*ACQUIRE_CREDENTIALS_HANDLE_FN_W)(SEC_WCHAR *pszPrincipal,
                                                           SEC_WCHAR *pszPackage,
                                                           ULONG fCredentialUse,
                                                           void *pvLogonId,
                                                           void *pAuthData,
                                                           SEC_GET_KEY_FN pGetKeyFn,
                                                           void *pvGetKeyArgument,
                                                           PCredHandle phCredential,
                                                           PTimeStamp ptsExpiry);

// Type of FreeCredentialsHandle.
typedef SECURITY_STATUS (*FREE_CREDENTIALS_HANDLE_FN)(PCredHandle phCredential);

// Type of InitializeSecurityContext.
typedef SECURITY_STATUS (*INITIALIZE_SECURITY_CONTEXT_FN_W)(PCredHandle phCredential,
                                                            PCtxtHandle phContext,
                                                            SEC_WCHAR *pszTargetName,
                                                            ULONG fContextReq,
                                                            ULONG Reserved1,
                                                            ULONG TargetDataRep,
                                                            PSecBufferDesc pInput,
                                                            ULONG Reserved2,
                                                            PCtxtHandle phNewContext,
                                                            PSecBufferDesc pOutput,
                                                            ULONG *pfContextAttr,
                                                            PTimeStamp ptsExpiry);

// Type of AcceptSecurityContext.
typedef SECURITY_STATUS (*ACCEPT_SECURITY_CONTEXT_FN)(PCredHandle phCredential,
                                                      PCtxtHandle phContext,
                                                      PSecBufferDesc pInput,
                                                      ULONG fContextReq,
                                                      ULONG TargetDataRep,
                                                      PCtxtHandle phNewContext,
                                                      PSecBufferDesc pOutput,
                                                      ULONG *pfContextAttr,
                                                      PTimeStamp ptsTimeStamp);

// Type of CompleteAuthToken.
typedef SECURITY_STATUS (*COMPLETE_AUTH_TOKEN_FN)(PCtxtHandle phContext, PSecBufferDesc pToken);

// Type of DeleteSecurityContext.
typedef SECURITY_STATUS (*DELETE_SECURITY_CONTEXT_FN)(PCtxtHandle phContext);

// Type of ApplyControlToken.
typedef SECURITY_STATUS (*APPLY_CONTROL_TOKEN_FN)(PCtxtHandle phContext, PSecBufferDesc pInput);

// Type of QueryContextAttributes.
typedef SECURITY_STATUS (*QUERY_CONTEXT_ATTRIBUTES_FN_W)(PCtxtHandle phContext,
                                                         ULONG ulAttribute,
                                                         void *pBuffer);

// Type of ImpersonateSecurityContext.
typedef SECURITY_STATUS (*IMPERSONATE_SECURITY_CONTEXT_FN)(PCtxtHandle phContext);

// Type of RevertSecurityContext.
typedef SECURITY_STATUS (*REVERT_SECURITY_CONTEXT_FN)(PCtxtHandle phContext);

// Type of MakeSignature.
typedef SECURITY_STATUS (*MAKE_SIGNATURE_FN)(PCtxtHandle phContext,
                                             ULONG fQOP,
                                             PSecBufferDesc pMessage,
                                             ULONG MessageSeqNo);

// Type of VerifySignature.
typedef SECURITY_STATUS (*VERIFY_SIGNATURE_FN)(PCtxtHandle phContext,
                                               PSecBufferDesc pMessage,
                                               ULONG MessageSeqNo,
                                               ULONG *pfQOP);

// Type of FreeContextBuffer.
typedef SECURITY_STATUS (*FREE_CONTEXT_BUFFER_FN)(void *pvContextBuffer);

// Type of QuerySecurityPackageInfo.
typedef SECURITY_STATUS (*QUERY_SECURITY_PACKAGE_INFO_FN_W)(SEC_WCHAR *pszPackageName,
                                                            PSecPkgInfoW *ppPackageInfo);

// Type of ExportSecurityContext.
typedef SECURITY_STATUS (*EXPORT_SECURITY_CONTEXT_FN)(PCtxtHandle phContext,
                                                      ULONG fFlags,
                                                      PSecBuffer pPackedContext,
                                                      void **pToken);

// Type of ImportSecurityContext.
typedef SECURITY_STATUS (*IMPORT_SECURITY_CONTEXT_FN_W)(SEC_WCHAR *pszPackage,
                                                        PSecBuffer pPackedContext,
                                                        void *Token,
                                                        PCtxtHandle phContext);

// Type of AddCredentials.
typedef SECURITY_STATUS (*ADD_CREDENTIALS_FN_W)(PCredHandle hCredentials,
                                                SEC_WCHAR *pszPrincipal,
                                                SEC_WCHAR *pszPackage,
                                                ULONG fCredentialUse,
                                                void *pAuthData,
                                                SEC_GET_KEY_FN pGetKeyFn,
                                                void *pvGetKeyArgument,
                                                PTimeStamp ptsExpiry);

// Type of QuerySecurityContextToken.
typedef SECURITY_STATUS (*QUERY_SECURITY_CONTEXT_TOKEN_FN)(PCtxtHandle phContext, HANDLE *Token);

// Type of EncryptMessage.
typedef SECURITY_STATUS (*ENCRYPT_MESSAGE_FN)(PCtxtHandle phContext,
                                              ULONG fQOP,
                                              PSecBufferDesc pMessage,
                                              ULONG MessageSeqNo);

// Type of DecryptMessage.
typedef SECURITY_STATUS (*DECRYPT_MESSAGE_FN)(PCtxtHandle phContext,
                                              PSecBufferDesc pMessage,
                                              ULONG MessageSeqNo,
                                              ULONG *pfQOP);

// Type of SetContextAttributes.
typedef SECURITY_STATUS (*SET_CONTEXT_ATTRIBUTES_FN_W)(PCtxtHandle phContext,
                                                       ULONG ulAttribute,
                                                       void *pBuffer,
                                                       ULONG cbBuffer);

// Type of SetCredentialsAttributes.
typedef SECURITY_STATUS (*SET_CREDENTIALS_ATTRIBUTES_FN_W)(PCredHandle phCredential,
                                                           ULONG ulAttribute,
                                                           void *pBuffer,
                                                           ULONG cbBuffer);

// Type of ChangeAccountPassword.
typedef SECURITY_STATUS (*CHANGE_PASSWORD_FN_W)(SEC_WCHAR *pszPackageName,
                                                SEC_WCHAR *pszDomainName,
                                                SEC_WCHAR *pszAccountName,
                                                SEC_WCHAR *pszOldPassword,
                                                SEC_WCHAR *pszNewPassword,
                                                BOOLEAN bImpersonating,
                                                ULONG dwReserved,
                                                PSecBufferDesc pOutput);

// Type of QueryContextAttributesEx.
typedef SECURITY_STATUS (*QUERY_CONTEXT_ATTRIBUTES_EX_FN_W)(PCtxtHandle phContext,
                                                            ULONG ulAttribute,
                                                            void *pBuffer,
                                                            ULONG cbBuffer);

// Type of QueryCredentialsAttributesEx.
typedef SECURITY_STATUS (*QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W)(PCredHandle phCredential,
                                                                ULONG ulAttribute,
                                                                void *pBuffer,
                                                                ULONG cbBuffer);

// Every function of the library. Static: never freed.
typedef struct _SECURITY_FUNCTION_TABLE_W {
  // SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_*: which members there are.
  ULONG dwVersion;
  // EnumerateSecurityPackages.
  ENUMERATE_SECURITY_PACKAGES_FN_W EnumerateSecurityPackagesW;
  // QueryCredentialsAttributes.
  QUERY_CREDENTIALS_ATTRIBUTES_FN_W QueryCredentialsAttributesW;
  // AcquireCredentialsHandle.
  ACQUIRE_CREDENTIALS_HANDLE_FN_W AcquireCredentialsHandleW;
  // FreeCredentialsHandle.
  FREE_CREDENTIALS_HANDLE_FN FreeCredentialsHandle;
  // Not used.
  void *Reserved2;
  // InitializeSecurityContext.
  INITIALIZE_SECURITY_CONTEXT_FN_W InitializeSecurityContextW;
  // AcceptSecurityContext.
  ACCEPT_SECURITY_CONTEXT_FN AcceptSecurityContext;
  // CompleteAuthToken.
  COMPLETE_AUTH_TOKEN_FN CompleteAuthToken;
  // DeleteSecurityContext.
  DELETE_SECURITY_CONTEXT_FN DeleteSecurityContext;
  // ApplyControlToken.
  APPLY_CONTROL_TOKEN_FN ApplyControlToken;
  // QueryContextAttributes.
  QUERY_CONTEXT_ATTRIBUTES_FN_W QueryContextAttributesW;
  // ImpersonateSecurityContext.
  IMPERSONATE_SECURITY_CONTEXT_FN ImpersonateSecurityContext;
  // RevertSecurityContext.
  REVERT_SECURITY_CONTEXT_FN RevertSecurityContext;
  // MakeSignature.
  MAKE_SIGNATURE_FN MakeSignature;
  // VerifySignature.
  VERIFY_SIGNATURE_FN VerifySignature;
  // FreeContextBuffer.
  FREE_CONTEXT_BUFFER_FN FreeContextBuffer;
  // QuerySecurityPackageInfo.
  QUERY_SECURITY_PACKAGE_INFO_FN_W QuerySecurityPackageInfoW;
  // EncryptMessage, by the number that it had before it was documented.
  void *Reserved3;
  // DecryptMessage, likewise.
  void *Reserved4;
  // ExportSecurityContext.
  EXPORT_SECURITY_CONTEXT_FN ExportSecurityContext;
  // ImportSecurityContext.
  IMPORT_SECURITY_CONTEXT_FN_W ImportSecurityContextW;
  // AddCredentials.
  ADD_CREDENTIALS_FN_W AddCredentialsW;
  // Not used.
  void *Reserved8;
  // QuerySecurityContextToken.
  QUERY_SECURITY_CONTEXT_TOKEN_FN QuerySecurityContextToken;
  // EncryptMessage.
  ENCRYPT_MESSAGE_FN EncryptMessage;
  // DecryptMessage.
  DECRYPT_MESSAGE_FN DecryptMessage;
  // SetContextAttributes.
  SET_CONTEXT_ATTRIBUTES_FN_W SetContextAttributesW;
  // SetCredentialsAttributes.
  SET_CREDENTIALS_ATTRIBUTES_FN_W SetCredentialsAttributesW;
  // ChangeAccountPassword.
  CHANGE_PASSWORD_FN_W ChangeAccountPasswordW;
  // QueryContextAttributesEx.
  QUERY_CONTEXT_ATTRIBUTES_EX_FN_W QueryContextAttributesExW;
  // QueryCredentialsAttributesEx.
  QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_W QueryCredentialsAttributesExW;
} SecurityFunctionTableW, *PSecurityFunctionTableW;

// Type of EnumerateSecurityPackages.
typedef SECURITY_STATUS (*ENUMERATE_SECURITY_PACKAGES_FN_A)(ULONG *pcPackages,
                                                            PSecPkgInfoA *ppPackageInfo);

// Type of QueryCredentialsAttributes.
typedef SECURITY_STATUS (*QUERY_CREDENTIALS_ATTRIBUTES_FN_A)(PCredHandle phCredential,
                                                             ULONG ulAttribute,
                                                             void *pBuffer);

// Type of AcquireCredentialsHandle.
typedef SECURITY_STATUS (*ACQUIRE_CREDENTIALS_HANDLE_FN_A)(SEC_CHAR *pszPrincipal,
                                                           SEC_CHAR *pszPackage,
                                                           ULONG fCredentialUse,
                                                           void *pvLogonId,
                                                           void *pAuthData,
                                                           SEC_GET_KEY_FN pGetKeyFn,
                                                           void *pvGetKeyArgument,
                                                           PCredHandle phCredential,
                                                           PTimeStamp ptsExpiry);

// Type of InitializeSecurityContext.
typedef SECURITY_STATUS (*INITIALIZE_SECURITY_CONTEXT_FN_A)(PCredHandle phCredential,
                                                            PCtxtHandle phContext,
                                                            SEC_CHAR *pszTargetName,
                                                            ULONG fContextReq,
                                                            ULONG Reserved1,
                                                            ULONG TargetDataRep,
                                                            PSecBufferDesc pInput,
                                                            ULONG Reserved2,
                                                            PCtxtHandle phNewContext,
                                                            PSecBufferDesc pOutput,
                                                            ULONG *pfContextAttr,
                                                            PTimeStamp ptsExpiry);

// Type of QueryContextAttributes.
typedef SECURITY_STATUS (*QUERY_CONTEXT_ATTRIBUTES_FN_A)(PCtxtHandle phContext,
                                                         ULONG ulAttribute,
                                                         void *pBuffer);

// Type of QuerySecurityPackageInfo.
typedef SECURITY_STATUS (*QUERY_SECURITY_PACKAGE_INFO_FN_A)(SEC_CHAR *pszPackageName,
                                                            PSecPkgInfoA *ppPackageInfo);

// Type of ImportSecurityContext.
typedef SECURITY_STATUS (*IMPORT_SECURITY_CONTEXT_FN_A)(SEC_CHAR *pszPackage,
                                                        PSecBuffer pPackedContext,
                                                        void *Token,
                                                        PCtxtHandle phContext);

// Type of AddCredentials.
typedef SECURITY_STATUS (*ADD_CREDENTIALS_FN_A)(PCredHandle hCredentials,
                                                SEC_CHAR *pszPrincipal,
                                                SEC_CHAR *pszPackage,
                                                ULONG fCredentialUse,
                                                void *pAuthData,
                                                SEC_GET_KEY_FN pGetKeyFn,
                                                void *pvGetKeyArgument,
                                                PTimeStamp ptsExpiry);

// Type of SetContextAttributes.
typedef SECURITY_STATUS (*SET_CONTEXT_ATTRIBUTES_FN_A)(PCtxtHandle phContext,
                                                       ULONG ulAttribute,
                                                       void *pBuffer,
                                                       ULONG cbBuffer);

// Type of SetCredentialsAttributes.
typedef SECURITY_STATUS (*SET_CREDENTIALS_ATTRIBUTES_FN_A)(PCredHandle phCredential,
                                                           ULONG ulAttribute,
                                                           void *pBuffer,
                                                           ULONG cbBuffer);

// Type of ChangeAccountPassword.
typedef SECURITY_STATUS (*CHANGE_PASSWORD_FN_A)(SEC_CHAR *pszPackageName,
                                                SEC_CHAR *pszDomainName,
                                                SEC_CHAR *pszAccountName,
                                                SEC_CHAR *pszOldPassword,
                                                SEC_CHAR *pszNewPassword,
                                                BOOLEAN bImpersonating,
                                                ULONG dwReserved,
                                                PSecBufferDesc pOutput);

// Type of QueryContextAttributesEx.
typedef SECURITY_STATUS (*QUERY_CONTEXT_ATTRIBUTES_EX_FN_A)(PCtxtHandle phContext,
                                                            ULONG ulAttribute,
                                                            void *pBuffer,
                                                            ULONG cbBuffer);

// Type of QueryCredentialsAttributesEx.
typedef SECURITY_STATUS (*QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A)(PCredHandle phCredential,
                                                                ULONG ulAttribute,
                                                                void *pBuffer,
                                                                ULONG cbBuffer);

// Every function of the library. Static: never freed.
typedef struct _SECURITY_FUNCTION_TABLE_A {
  // SECURITY_SUPPORT_PROVIDER_INTERFACE_VERSION_*: which members there are.
  ULONG dwVersion;
  // EnumerateSecurityPackages.
  ENUMERATE_SECURITY_PACKAGES_FN_A EnumerateSecurityPackagesA;
  // QueryCredentialsAttributes.
  QUERY_CREDENTIALS_ATTRIBUTES_FN_A QueryCredentialsAttributesA;
  // AcquireCredentialsHandle.
  ACQUIRE_CREDENTIALS_HANDLE_FN_A AcquireCredentialsHandleA;
  // FreeCredentialsHandle.
  FREE_CREDENTIALS_HANDLE_FN FreeCredentialsHandle;
  // Not used.
  void *Reserved2;
  // InitializeSecurityContext.
  INITIALIZE_SECURITY_CONTEXT_FN_A InitializeSecurityContextA;
  // AcceptSecurityContext.
  ACCEPT_SECURITY_CONTEXT_FN AcceptSecurityContext;
  // CompleteAuthToken.
  COMPLETE_AUTH_TOKEN_FN CompleteAuthToken;
  // DeleteSecurityContext.
  DELETE_SECURITY_CONTEXT_FN DeleteSecurityContext;
  // ApplyControlToken.
  APPLY_CONTROL_TOKEN_FN ApplyControlToken;
  // QueryContextAttributes.
  QUERY_CONTEXT_ATTRIBUTES_FN_A QueryContextAttributesA;
  // ImpersonateSecurityContext.
  IMPERSONATE_SECURITY_CONTEXT_FN ImpersonateSecurityContext;
  // RevertSecurityContext.
  REVERT_SECURITY_CONTEXT_FN RevertSecurityContext;
  // MakeSignature.
  MAKE_SIGNATURE_FN MakeSignature;
  // VerifySignature.
  VERIFY_SIGNATURE_FN VerifySignature;
  // FreeContextBuffer.
  FREE_CONTEXT_BUFFER_FN FreeContextBuffer;
  // QuerySecurityPackageInfo.
  QUERY_SECURITY_PACKAGE_INFO_FN_A QuerySecurityPackageInfoA;
  // EncryptMessage, by the number that it had before it was documented.
  void *Reserved3;
  // DecryptMessage, likewise.
  void *Reserved4;
  // ExportSecurityContext.
  EXPORT_SECURITY_CONTEXT_FN ExportSecurityContext;
  // ImportSecurityContext.
  IMPORT_SECURITY_CONTEXT_FN_A ImportSecurityContextA;
  // AddCredentials.
  ADD_CREDENTIALS_FN_A AddCredentialsA;
  // Not used.
  void *Reserved8;
  // QuerySecurityContextToken.
  QUERY_SECURITY_CONTEXT_TOKEN_FN QuerySecurityContextToken;
  // EncryptMessage.
  ENCRYPT_MESSAGE_FN EncryptMessage;
  // DecryptMessage.
  DECRYPT_MESSAGE_FN DecryptMessage;
  // SetContextAttributes.
  SET_CONTEXT_ATTRIBUTES_FN_A SetContextAttributesA;
  // SetCredentialsAttributes.
  SET_CREDENTIALS_ATTRIBUTES_FN_A SetCredentialsAttributesA;
  // ChangeAccountPassword.
  CHANGE_PASSWORD_FN_A ChangeAccountPasswordA;
  // QueryContextAttributesEx.
  QUERY_CONTEXT_ATTRIBUTES_EX_FN_A QueryContextAttributesExA;
  // QueryCredentialsAttributesEx.
  QUERY_CREDENTIALS_ATTRIBUTES_EX_FN_A QueryCredentialsAttributesExA;
} SecurityFunctionTableA, *PSecurityFunctionTableA;

// Channel bindings, which the caller passes in a SECBUFFER_CHANNEL_BINDINGS buffer. Offsets count
// from the structure's start.
typedef struct _SEC_CHANNEL_BINDINGS {
  // Kind of the initiator's address.
  ULONG dwInitiatorAddrType;
  // Bytes of the initiator's address.
  ULONG cbInitiatorLength;
  // Offset of the initiator's address.
  ULONG dwInitiatorOffset;
  // Kind of the acceptor's address.
  ULONG dwAcceptorAddrType;
  // Bytes of the acceptor's address.
  ULONG cbAcceptorLength;
  // Offset of the acceptor's address.
  ULONG dwAcceptorOffset;
  // Bytes of application data, as `tls-server-end-point:...`.
  ULONG cbApplicationDataLength;
  // Offset of the application data.
  ULONG dwApplicationDataOffset;
} SEC_CHANNEL_BINDINGS, *PSEC_CHANNEL_BINDINGS;

// SECPKG_ATTR_UNIQUE_BINDINGS and SECPKG_ATTR_ENDPOINT_BINDINGS, of the outer channel.
typedef struct _SecPkgContext_Bindings {
  // Bytes at `Bindings`.
  ULONG BindingsLength;
  // The bindings.
  SEC_CHANNEL_BINDINGS *Bindings;
} SecPkgContext_Bindings, *PSecPkgContext_Bindings;

// An identity in any of these forms, in memory of the caller or of the library.
typedef void *PSEC_WINNT_AUTH_IDENTITY_OPAQUE;

// Called, in a thread of the library, when a call is complete. `Handle` is its context,
// `CallbackData` the argument registered with the function. It may start the next call or free the
// context. It should not wait for other calls.
typedef void (*SspiAsyncNotifyCallback)(PSspiAsyncContext Handle, void *CallbackData);

// Made by AcquireCredentialsHandle and ended by FreeCredentialsHandle.
typedef SecHandle CredHandle;

// Made by AcceptSecurityContext and InitializeSecurityContext and ended by DeleteSecurityContext.
typedef SecHandle CtxtHandle;

// Channel bindings with flags, in the place of SEC_CHANNEL_BINDINGS: what
// SspiSetChannelBindingFlags makes. Offsets count from the structure's start.
typedef struct _SEC_CHANNEL_BINDINGS_EX {
  // SEC_CHANNEL_BINDINGS_EX_MAGIC.
  ULONG magicNumber;
  // SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS, or 0.
  ULONG flags;
  // Bytes of this structure.
  ULONG cbHeaderLength;
  // Bytes of this structure and the data after it.
  ULONG cbStructureLength;
  // Kind of the initiator's address.
  ULONG dwInitiatorAddrType;
  // Bytes of the initiator's address.
  ULONG cbInitiatorLength;
  // Offset of the initiator's address.
  ULONG dwInitiatorOffset;
  // Kind of the acceptor's address.
  ULONG dwAcceptorAddrType;
  // Bytes of the acceptor's address.
  ULONG cbAcceptorLength;
  // Offset of the acceptor's address.
  ULONG dwAcceptorOffset;
  // Bytes of application data.
  ULONG cbApplicationDataLength;
  // Offset of the application data.
  ULONG dwApplicationDataOffset;
} SEC_CHANNEL_BINDINGS_EX, *PSEC_CHANNEL_BINDINGS_EX;

// What AcceptSecurityContext found of the channel bindings, in a SECBUFFER_CHANNEL_BINDINGS_RESULT
// buffer among the output buffers.
typedef struct _SEC_CHANNEL_BINDINGS_RESULT {
  // `SEC_CHANNEL_BINDINGS_RESULT_*`; 0 before the bindings are compared.
  ULONG flags;
} SEC_CHANNEL_BINDINGS_RESULT, *PSEC_CHANNEL_BINDINGS_RESULT;

// `SecPkgAttrLastClientTokenYes` and its like.
typedef ULONG SECPKG_ATTR_LCT_STATUS;

// SEC_WINNT_AUTH_IDENTITY_A and _W. `Flags` gives the actual form.
typedef struct _SEC_WINNT_AUTH_IDENTITY_W {
  // Account.
  unsigned short *User;
  // Its length.
  ULONG UserLength;
  // Domain; may be NULL.
  unsigned short *Domain;
  // Its length.
  ULONG DomainLength;
  // Password.
  unsigned short *Password;
  // Its length.
  ULONG PasswordLength;
  // SEC_WINNT_AUTH_IDENTITY_ANSI or SEC_WINNT_AUTH_IDENTITY_UNICODE.
  ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_W, *PSEC_WINNT_AUTH_IDENTITY_W;

// Supplies accounts: the value of SECPKG_ATTR_AUTH_NTLM_HASH_CB. `Client` is the value of
// SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA. `AuthIdentity` has the user and the domain from the client,
// in UTF-16, without a password. `NtProofValue` is the input of NTProofStr, `RandKey` the
// EncryptedRandomSessionKey of 16 bytes or NULL, `Mic` the MIC or NULL, and `MicValue` the input
// of the MIC. The function writes NTOWFv2 of the account, computed with that user and domain, to
// the 16 bytes at `NtlmHash` and returns SEC_E_OK. It returns an error if it does not know the
// client.
typedef SECURITY_STATUS (*NTLM_HASH_CALLBACK)(void *Client,
                                              const SEC_WINNT_AUTH_IDENTITY_W *AuthIdentity,
                                              const SecBuffer *NtProofValue,
                                              const uint8_t *RandKey,
                                              const uint8_t *Mic,
                                              const SecBuffer *MicValue,
                                              uint8_t *NtlmHash);

// Says what an account of the program is called: the value of SECPKG_ATTR_NEGOSSP_ACCOUNT_NAME_CB.
// `Client` is the value of SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA. `AuthIdentity` has the user and the
// domain from the client, in UTF-16, without a password. `Domain` and `User` point to 257
// characters each and hold, with a terminating zero, what the account is called if the function
// changes nothing: the domain of the account file, and the user in lower case, without a domain
// before it. The function may overwrite both, and returns SEC_E_OK. It returns an error if it does
// not know the client; the callback for the hash is then not called.
typedef SECURITY_STATUS (*NTLM_ACCOUNT_NAME_CALLBACK)(void *Client,
                                                      const SEC_WINNT_AUTH_IDENTITY_W *AuthIdentity,
                                                      SEC_WCHAR *Domain,
                                                      SEC_WCHAR *User);

// SECPKG_ATTR_NAMES.
typedef struct _SecPkgContext_NamesW {
  // The client, `DOMAIN\user`.
  SEC_WCHAR *sUserName;
} SecPkgContext_NamesW, *PSecPkgContext_NamesW;

// SECPKG_ATTR_NAMES.
typedef struct _SecPkgContext_NamesA {
  // The client, `DOMAIN\user`.
  SEC_CHAR *sUserName;
} SecPkgContext_NamesA, *PSecPkgContext_NamesA;

// SECPKG_ATTR_KEY_INFO.
typedef struct _SecPkgContext_KeyInfoW {
  // Name of the signature algorithm.
  SEC_WCHAR *sSignatureAlgorithmName;
  // Name of the encryption algorithm.
  SEC_WCHAR *sEncryptAlgorithmName;
  // Bits of the session key.
  ULONG KeySize;
  // Number of the signature algorithm.
  ULONG SignatureAlgorithm;
  // Number of the encryption algorithm.
  ULONG EncryptAlgorithm;
} SecPkgContext_KeyInfoW, *PSecPkgContext_KeyInfoW;

// SECPKG_ATTR_KEY_INFO.
typedef struct _SecPkgContext_KeyInfoA {
  // Name of the signature algorithm.
  SEC_CHAR *sSignatureAlgorithmName;
  // Name of the encryption algorithm.
  SEC_CHAR *sEncryptAlgorithmName;
  // Bits of the session key.
  ULONG KeySize;
  // Number of the signature algorithm.
  ULONG SignatureAlgorithm;
  // Number of the encryption algorithm.
  ULONG EncryptAlgorithm;
} SecPkgContext_KeyInfoA, *PSecPkgContext_KeyInfoA;

// SECPKG_ATTR_AUTHORITY.
typedef struct _SecPkgContext_AuthorityW {
  // The authority that authenticated the client.
  SEC_WCHAR *sAuthorityName;
} SecPkgContext_AuthorityW, *PSecPkgContext_AuthorityW;

// SECPKG_ATTR_AUTHORITY.
typedef struct _SecPkgContext_AuthorityA {
  // The authority that authenticated the client.
  SEC_CHAR *sAuthorityName;
} SecPkgContext_AuthorityA, *PSecPkgContext_AuthorityA;

// SECPKG_ATTR_PROTO_INFO, of stream packages.
typedef struct _SecPkgContext_ProtoInfoW {
  // Name of the protocol.
  SEC_WCHAR *sProtocolName;
  // Version.
  ULONG majorVersion;
  // Version.
  ULONG minorVersion;
} SecPkgContext_ProtoInfoW, *PSecPkgContext_ProtoInfoW;

// SECPKG_ATTR_PROTO_INFO, of stream packages.
typedef struct _SecPkgContext_ProtoInfoA {
  // Name of the protocol.
  SEC_CHAR *sProtocolName;
  // Version.
  ULONG majorVersion;
  // Version.
  ULONG minorVersion;
} SecPkgContext_ProtoInfoA, *PSecPkgContext_ProtoInfoA;

// SECPKG_ATTR_PACKAGE_INFO.
typedef struct _SecPkgContext_PackageInfoW {
  // The package in use, in one allocation with its strings.
  SecPkgInfoW *PackageInfo;
} SecPkgContext_PackageInfoW, *PSecPkgContext_PackageInfoW;

// SECPKG_ATTR_PACKAGE_INFO.
typedef struct _SecPkgContext_PackageInfoA {
  // The package in use, in one allocation with its strings.
  SecPkgInfoA *PackageInfo;
} SecPkgContext_PackageInfoA, *PSecPkgContext_PackageInfoA;

// SECPKG_ATTR_NEGOTIATION_INFO.
typedef struct _SecPkgContext_NegotiationInfoW {
  // The mechanism that Negotiate chose, in one allocation with its strings.
  SecPkgInfoW *PackageInfo;
  // `SECPKG_NEGOTIATION_*`.
  ULONG NegotiationState;
} SecPkgContext_NegotiationInfoW, *PSecPkgContext_NegotiationInfoW;

// SECPKG_ATTR_NEGOTIATION_INFO.
typedef struct _SecPkgContext_NegotiationInfoA {
  // The mechanism that Negotiate chose, in one allocation with its strings.
  SecPkgInfoA *PackageInfo;
  // `SECPKG_NEGOTIATION_*`.
  ULONG NegotiationState;
} SecPkgContext_NegotiationInfoA, *PSecPkgContext_NegotiationInfoA;

// SECPKG_ATTR_NATIVE_NAMES.
typedef struct _SecPkgContext_NativeNamesW {
  // The client's name in the mechanism's form.
  SEC_WCHAR *sClientName;
  // The server's name in the mechanism's form.
  SEC_WCHAR *sServerName;
} SecPkgContext_NativeNamesW, *PSecPkgContext_NativeNamesW;

// SECPKG_ATTR_NATIVE_NAMES.
typedef struct _SecPkgContext_NativeNamesA {
  // The client's name in the mechanism's form.
  SEC_CHAR *sClientName;
  // The server's name in the mechanism's form.
  SEC_CHAR *sServerName;
} SecPkgContext_NativeNamesA, *PSecPkgContext_NativeNamesA;

// SECPKG_ATTR_CREDENTIAL_NAME.
typedef struct _SecPkgContext_CredentialNameW {
  // Kind of credential.
  ULONG CredentialType;
  // Its name.
  SEC_WCHAR *sCredentialName;
} SecPkgContext_CredentialNameW, *PSecPkgContext_CredentialNameW;

// SECPKG_ATTR_CREDENTIAL_NAME.
typedef struct _SecPkgContext_CredentialNameA {
  // Kind of credential.
  ULONG CredentialType;
  // Its name.
  SEC_CHAR *sCredentialName;
} SecPkgContext_CredentialNameA, *PSecPkgContext_CredentialNameA;

// SECPKG_CRED_ATTR_NAMES.
typedef struct _SecPkgCredentials_NamesW {
  // The name of the credentials' owner.
  SEC_WCHAR *sUserName;
} SecPkgCredentials_NamesW, *PSecPkgCredentials_NamesW;

// SECPKG_CRED_ATTR_NAMES.
typedef struct _SecPkgCredentials_NamesA {
  // The name of the credentials' owner.
  SEC_CHAR *sUserName;
} SecPkgCredentials_NamesA, *PSecPkgCredentials_NamesA;

// SECPKG_CRED_ATTR_SSI_PROVIDER.
typedef struct _SecPkgCredentials_SSIProviderW {
  // The identity provider that the credentials are from.
  SEC_WCHAR *sProviderName;
  // Bytes at `ProviderInfo`.
  ULONG ProviderInfoLength;
  // The provider's information.
  char *ProviderInfo;
} SecPkgCredentials_SSIProviderW, *PSecPkgCredentials_SSIProviderW;

// SECPKG_CRED_ATTR_SSI_PROVIDER.
typedef struct _SecPkgCredentials_SSIProviderA {
  // The identity provider that the credentials are from.
  SEC_CHAR *sProviderName;
  // Bytes at `ProviderInfo`.
  ULONG ProviderInfoLength;
  // The provider's information.
  char *ProviderInfo;
} SecPkgCredentials_SSIProviderA, *PSecPkgCredentials_SSIProviderA;

// SEC_WINNT_AUTH_IDENTITY_A and _W. `Flags` gives the actual form.
typedef struct _SEC_WINNT_AUTH_IDENTITY_A {
  // Account.
  unsigned char *User;
  // Its length.
  ULONG UserLength;
  // Domain; may be NULL.
  unsigned char *Domain;
  // Its length.
  ULONG DomainLength;
  // Password.
  unsigned char *Password;
  // Its length.
  ULONG PasswordLength;
  // SEC_WINNT_AUTH_IDENTITY_ANSI or SEC_WINNT_AUTH_IDENTITY_UNICODE.
  ULONG Flags;
} SEC_WINNT_AUTH_IDENTITY_A, *PSEC_WINNT_AUTH_IDENTITY_A;

// SEC_WINNT_AUTH_IDENTITY_EXA and _EXW.
typedef struct _SEC_WINNT_AUTH_IDENTITY_EXW {
  // SEC_WINNT_AUTH_IDENTITY_VERSION.
  ULONG Version;
  // Bytes of this structure.
  ULONG Length;
  // Account.
  unsigned short *User;
  // Its length.
  ULONG UserLength;
  // Domain; may be NULL.
  unsigned short *Domain;
  // Its length.
  ULONG DomainLength;
  // Password.
  unsigned short *Password;
  // Its length.
  ULONG PasswordLength;
  // SEC_WINNT_AUTH_IDENTITY_ANSI or SEC_WINNT_AUTH_IDENTITY_UNICODE.
  ULONG Flags;
  // Packages that Negotiate may choose, separated by commas; with `!` before a name, those it
  // may not.
  unsigned short *PackageList;
  // Its length.
  ULONG PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXW, *PSEC_WINNT_AUTH_IDENTITY_EXW;

// SEC_WINNT_AUTH_IDENTITY_EXA and _EXW.
typedef struct _SEC_WINNT_AUTH_IDENTITY_EXA {
  // SEC_WINNT_AUTH_IDENTITY_VERSION.
  ULONG Version;
  // Bytes of this structure.
  ULONG Length;
  // Account.
  unsigned char *User;
  // Its length.
  ULONG UserLength;
  // Domain; may be NULL.
  unsigned char *Domain;
  // Its length.
  ULONG DomainLength;
  // Password.
  unsigned char *Password;
  // Its length.
  ULONG PasswordLength;
  // SEC_WINNT_AUTH_IDENTITY_ANSI or SEC_WINNT_AUTH_IDENTITY_UNICODE.
  ULONG Flags;
  // Packages that Negotiate may choose, separated by commas; with `!` before a name, those it
  // may not.
  unsigned char *PackageList;
  // Its length.
  ULONG PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EXA, *PSEC_WINNT_AUTH_IDENTITY_EXA;

// Type of InitSecurityInterfaceA and InitSecurityInterfaceW.
typedef PSecurityFunctionTableW (*INIT_SECURITY_INTERFACE_W)(void);

// Type of InitSecurityInterfaceA and InitSecurityInterfaceW.
typedef PSecurityFunctionTableA (*INIT_SECURITY_INTERFACE_A)(void);

// SECPKG_ATTR_SIZES: lengths in bytes.
typedef struct _SecPkgContext_Sizes {
  // Longest token of the authentication.
  ULONG cbMaxToken;
  // Longest signature that MakeSignature makes.
  ULONG cbMaxSignature;
  // Messages to be encrypted are padded to a multiple of this; 1 for none.
  ULONG cbBlockSize;
  // Longest SECBUFFER_TOKEN that EncryptMessage makes.
  ULONG cbSecurityTrailer;
} SecPkgContext_Sizes, *PSecPkgContext_Sizes;

// SECPKG_ATTR_STREAM_SIZES, of stream packages such as TLS.
typedef struct _SecPkgContext_StreamSizes {
  // Bytes before each message.
  ULONG cbHeader;
  // Bytes after each message.
  ULONG cbTrailer;
  // Longest message.
  ULONG cbMaximumMessage;
  // Buffers to pass.
  ULONG cBuffers;
  // Block size.
  ULONG cbBlockSize;
} SecPkgContext_StreamSizes, *PSecPkgContext_StreamSizes;

// SECPKG_ATTR_LIFESPAN, in local time.
typedef struct _SecPkgContext_Lifespan {
  // The time when it became valid.
  TimeStamp tsStart;
  // The time when it ends.
  TimeStamp tsExpiry;
} SecPkgContext_Lifespan, *PSecPkgContext_Lifespan;

// SECPKG_ATTR_DCE_INFO.
typedef struct _SecPkgContext_DceInfo {
  // Authorization service: SECPKG_DCE_AUTHZ_NAME, 1: `pPac` is a name.
  ULONG AuthzSvc;
  // The client's name, always UTF-16.
  void *pPac;
} SecPkgContext_DceInfo, *PSecPkgContext_DceInfo;

// SECPKG_ATTR_PASSWORD_EXPIRY.
typedef struct _SecPkgContext_PasswordExpiry {
  // The time when the client's password expires.
  TimeStamp tsPasswordExpires;
} SecPkgContext_PasswordExpiry, *PSecPkgContext_PasswordExpiry;

// SECPKG_ATTR_SESSION_KEY.
typedef struct _SecPkgContext_SessionKey {
  // Bytes of the key.
  ULONG SessionKeyLength;
  // The key; erased when freed.
  uint8_t *SessionKey;
} SecPkgContext_SessionKey, *PSecPkgContext_SessionKey;

// SECPKG_ATTR_USER_FLAGS.
typedef struct _SecPkgContext_UserFlags {
  // Flags of the logon.
  ULONG UserFlags;
} SecPkgContext_UserFlags, *PSecPkgContext_UserFlags;

// SECPKG_ATTR_FLAGS.
typedef struct _SecPkgContext_Flags {
  // `ASC_RET_*` of an acceptor's context, `ISC_RET_*` of an initiator's.
  ULONG Flags;
} SecPkgContext_Flags, *PSecPkgContext_Flags;

// SECPKG_ATTR_ACCESS_TOKEN.
typedef struct _SecPkgContext_AccessToken {
  // The client's token, which the context owns.
  void *AccessToken;
} SecPkgContext_AccessToken, *PSecPkgContext_AccessToken;

// SECPKG_ATTR_LOGOFF_TIME.
typedef struct _SecPkgContext_LogoffTime {
  // The time when the client should be logged off, in local time.
  TimeStamp tsLogoffTime;
} SecPkgContext_LogoffTime, *PSecPkgContext_LogoffTime;

// SECPKG_ATTR_NEGO_STATUS.
typedef struct _SecPkgContext_NegoStatus {
  // The status of the last call of AcceptSecurityContext or InitializeSecurityContext with this
  // context.
  ULONG LastStatus;
} SecPkgContext_NegoStatus, *PSecPkgContext_NegoStatus;

// SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS.
typedef struct _SecPkgContext_LastClientTokenStatus {
  // Whether the token of the last call of InitializeSecurityContext with this context is the
  // last that the client sends.
  SECPKG_ATTR_LCT_STATUS LastClientTokenStatus;
} SecPkgContext_LastClientTokenStatus, *PSecPkgContext_LastClientTokenStatus;

// SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES.
typedef struct _SecPkgContext_SubjectAttributes {
  // The client's claims: an AUTHZ_SECURITY_ATTRIBUTES_INFORMATION, in one allocation with all
  // that it points to.
  void *AttributeInfo;
} SecPkgContext_SubjectAttributes, *PSecPkgContext_SubjectAttributes;

// SECPKG_ATTR_TARGET_INFORMATION.
typedef struct _SecPkgContext_TargetInformation {
  // Bytes.
  ULONG MarshalledTargetInfoLength;
  // The target, marshalled.
  uint8_t *MarshalledTargetInfo;
} SecPkgContext_TargetInformation, *PSecPkgContext_TargetInformation;

// SECPKG_ATTR_TARGET.
typedef struct _SecPkgContext_Target {
  // Bytes.
  ULONG TargetLength;
  // The target.
  char *Target;
} SecPkgContext_Target, *PSecPkgContext_Target;

// SECPKG_ATTR_CLIENT_SPECIFIED_TARGET.
typedef struct _SecPkgContext_ClientSpecifiedTarget {
  // The service principal name that the client asked for: UTF-16 from both forms of the
  // function.
  SEC_WCHAR *sTargetName;
} SecPkgContext_ClientSpecifiedTarget, *PSecPkgContext_ClientSpecifiedTarget;

// SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS. Offsets count from the structure's start.
typedef struct _SecPkgCredentials_KdcProxySettings {
  // KDC_PROXY_SETTINGS_V1.
  ULONG Version;
  // KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY, or 0.
  ULONG Flags;
  // Offset of the proxy's name; 0 for none.
  USHORT ProxyServerOffset;
  // Its length.
  USHORT ProxyServerLength;
  // Offset of the client's credentials for TLS; 0 for none.
  USHORT ClientTlsCredOffset;
  // Their length.
  USHORT ClientTlsCredLength;
} SecPkgCredentials_KdcProxySettings, *PSecPkgCredentials_KdcProxySettings;

// SECPKG_CRED_ATTR_CERT.
typedef struct _SecPkgCredentials_Cert {
  // Bytes at `EncodedCert`.
  ULONG EncodedCertSize;
  // The certificate.
  uint8_t *EncodedCert;
} SecPkgCredentials_Cert, *PSecPkgCredentials_Cert;

// A claim's values.
typedef union {
  // INT64
  int64_t *pInt64;
  // UINT64, and BOOLEAN: 0 or 1.
  uint64_t *pUint64;
  // STRING
  SEC_WCHAR **ppString;
} AUTHZ_SECURITY_ATTRIBUTE_VALUES, *PAUTHZ_SECURITY_ATTRIBUTE_VALUES;

// A claim: one or more values of one type under one name.
typedef struct _AUTHZ_SECURITY_ATTRIBUTE_V1 {
  // The claim's name.
  SEC_WCHAR *pName;
  // `AUTHZ_SECURITY_ATTRIBUTE_TYPE_*`: 1 INT64, 2 UINT64, 3 STRING, 6 BOOLEAN.
  USHORT ValueType;
  // 0.
  USHORT Reserved;
  // 0.
  ULONG Flags;
  // Values at `Values`.
  ULONG ValueCount;
  // Arrays, by their type.
  AUTHZ_SECURITY_ATTRIBUTE_VALUES Values;
} AUTHZ_SECURITY_ATTRIBUTE_V1, *PAUTHZ_SECURITY_ATTRIBUTE_V1;

// Claims in the form of their version.
typedef union {
  // Version 1.
  AUTHZ_SECURITY_ATTRIBUTE_V1 *pAttributeV1;
} AUTHZ_SECURITY_ATTRIBUTES, *PAUTHZ_SECURITY_ATTRIBUTES;

// Claims.
typedef struct _AUTHZ_SECURITY_ATTRIBUTES_INFORMATION {
  // AUTHZ_SECURITY_ATTRIBUTES_INFORMATION_VERSION, 1.
  USHORT Version;
  // 0.
  USHORT Reserved;
  // Claims at `Attribute`.
  ULONG AttributeCount;
  // An array of them.
  AUTHZ_SECURITY_ATTRIBUTES Attribute;
} AUTHZ_SECURITY_ATTRIBUTES_INFORMATION, *PAUTHZ_SECURITY_ATTRIBUTES_INFORMATION;

// The same in one block of memory, with offsets from its start. Lengths count bytes. Text is
// UTF-16 in both forms of a function, unless `Flags` has SEC_WINNT_AUTH_IDENTITY_ANSI.
typedef struct _SEC_WINNT_AUTH_IDENTITY_EX2 {
  // SEC_WINNT_AUTH_IDENTITY_VERSION_2.
  ULONG Version;
  // Bytes of this structure.
  USHORT cbHeaderLength;
  // Bytes of the block.
  ULONG cbStructureLength;
  // Account, or service.
  ULONG UserOffset;
  // Its length.
  USHORT UserLength;
  // Domain or realm.
  ULONG DomainOffset;
  // Its length.
  USHORT DomainLength;
  // A SEC_WINNT_AUTH_PACKED_CREDENTIALS.
  ULONG PackedCredentialsOffset;
  // Its length, including the data that follows it.
  USHORT PackedCredentialsLength;
  // SEC_WINNT_AUTH_IDENTITY_UNICODE, optionally with SEC_WINNT_AUTH_IDENTITY_MARSHALLED.
  ULONG Flags;
  // As in the EX form.
  ULONG PackageListOffset;
  // Its length.
  USHORT PackageListLength;
} SEC_WINNT_AUTH_IDENTITY_EX2, *PSEC_WINNT_AUTH_IDENTITY_EX2;

// Bytes elsewhere in the block.
typedef struct _SEC_WINNT_AUTH_BYTE_VECTOR {
  // Offset from the start of the structure that contains this one.
  ULONG ByteArrayOffset;
  // How many.
  USHORT ByteArrayLength;
} SEC_WINNT_AUTH_BYTE_VECTOR, *PSEC_WINNT_AUTH_BYTE_VECTOR;

// A credential and its kind.
typedef struct _SEC_WINNT_AUTH_DATA {
  // SEC_WINNT_AUTH_DATA_TYPE_KEYTAB or SEC_WINNT_AUTH_DATA_TYPE_PASSWORD.
  GUID CredType;
  // The bytes of a keytab file; a password in UTF-16, or a SEC_WINNT_AUTH_DATA_PASSWORD.
  SEC_WINNT_AUTH_BYTE_VECTOR CredData;
} SEC_WINNT_AUTH_DATA, *PSEC_WINNT_AUTH_DATA;

// Credentials of an account.
typedef struct _SEC_WINNT_AUTH_PACKED_CREDENTIALS {
  // Bytes of this structure.
  USHORT cbHeaderLength;
  // Bytes of this structure and of the data that follows it.
  USHORT cbStructureLength;
  // The credential; its offset counts from the start of this structure.
  SEC_WINNT_AUTH_DATA AuthData;
} SEC_WINNT_AUTH_PACKED_CREDENTIALS, *PSEC_WINNT_AUTH_PACKED_CREDENTIALS;

// Characters elsewhere in the block.
typedef struct _SEC_WINNT_AUTH_SHORT_VECTOR {
  // Offset from the start of the structure.
  ULONG ShortArrayOffset;
  // How many.
  USHORT ShortArrayCount;
} SEC_WINNT_AUTH_SHORT_VECTOR, *PSEC_WINNT_AUTH_SHORT_VECTOR;

// The content of a string from SspiEncodeAuthIdentityAsStrings that is more than a password.
typedef struct _SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX {
  // Bytes of this structure.
  USHORT cbHeaderLength;
  // The identity's.
  ULONG Flags;
  // A SEC_WINNT_AUTH_PACKED_CREDENTIALS.
  SEC_WINNT_AUTH_BYTE_VECTOR PackedCredentials;
  // As in the EX form.
  SEC_WINNT_AUTH_SHORT_VECTOR PackageList;
} SEC_WINNT_AUTH_PACKED_CREDENTIALS_EX, *PSEC_WINNT_AUTH_PACKED_CREDENTIALS_EX;

// A password.
typedef struct _SEC_WINNT_AUTH_DATA_PASSWORD {
  // The password in UTF-16; its offset counts from the start of this structure.
  SEC_WINNT_AUTH_BYTE_VECTOR UnicodePassword;
} SEC_WINNT_AUTH_DATA_PASSWORD, *PSEC_WINNT_AUTH_DATA_PASSWORD;

// NEGOSSP_TOKEN_USER_IDS: the client's local account.
typedef struct _NEGOSSP_TOKEN_IDS {
  // Its user ID.
  ULONG Uid;
  // The ID of its primary group.
  ULONG Gid;
} NEGOSSP_TOKEN_IDS, *PNEGOSSP_TOKEN_IDS;

// Makes credentials for accepting or initiating contexts.
//
// \param pszPrincipal  The principal; NULL for the process's own. For outbound use a hint only;
//     for inbound use the one service that Kerberos tickets may be for: HTTP/host, HTTP/host@REALM
//     or an account name, in any letter case. NTLM ignores it.
// \param pszPackage  "Negotiate", "Kerberos" or "NTLM", in any letter case.
// \param fCredentialUse  SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND or SECPKG_CRED_BOTH.
// \param pvLogonId  Ignored; NULL.
// \param pAuthData  NULL, or a SEC_WINNT_AUTH_IDENTITY_W or _A (as its Flags say), its EX form or
//     its EX2 form, encrypted by SspiEncryptAuthIdentity or not. It is copied. For outbound use,
//     the identity to authenticate as; without a user in it, on Windows and Wine, the user who runs
//     the process, by the system's own secur32.dll ([outbound] provider in the configuration). For
//     inbound use, one of two: an additional account for
//     clients, valid with these credentials only; or the service, by name (HTTP/host, HOST$, or
//     with "Kerberos" any account; the domain is the realm) and password, or in the EX2 form by
//     the bytes of a keytab. A service is not an account for clients. Acquire the credentials of a
//     service once and not per connection: deriving keys from a password is slow. On Linux, the EX
//     form with 0x100 or 0x200 in its Flags is WinPR's SEC_WINNT_AUTH_IDENTITY_WINPR or its _V2:
//     for inbound use, settings behind it may name a SAM file, which is read at once, a callback
//     as of SECPKG_ATTR_AUTH_NTLM_HASH_CB, which goes before the file, and a keytab.
// \param pGetKeyFn  Ignored; NULL.
// \param pvGetKeyArgument  Ignored; NULL.
// \param phCredential  Receives the handle, which FreeCredentialsHandle ends.
// \param ptsExpiry  Receives the time when they expire, in local time; may be NULL.
//
// Returns SEC_E_OK, SEC_E_SECPKG_NOT_FOUND, SEC_E_UNKNOWN_CREDENTIALS (pAuthData cannot be used),
// SEC_E_INVALID_PARAMETER (fCredentialUse, phCredential or text that cannot be read),
// SEC_E_INSUFFICIENT_MEMORY (the configured number of credentials exists).
SECURITY_STATUS AcquireCredentialsHandleW(SEC_WCHAR *pszPrincipal,
                                          SEC_WCHAR *pszPackage,
                                          ULONG fCredentialUse,
                                          void *pvLogonId,
                                          void *pAuthData,
                                          SEC_GET_KEY_FN pGetKeyFn,
                                          void *pvGetKeyArgument,
                                          PCredHandle phCredential,
                                          PTimeStamp ptsExpiry);

// AcquireCredentialsHandleW with ANSI text.
SECURITY_STATUS AcquireCredentialsHandleA(SEC_CHAR *pszPrincipal,
                                          SEC_CHAR *pszPackage,
                                          ULONG fCredentialUse,
                                          void *pvLogonId,
                                          void *pAuthData,
                                          SEC_GET_KEY_FN pGetKeyFn,
                                          void *pvGetKeyArgument,
                                          PCredHandle phCredential,
                                          PTimeStamp ptsExpiry);

// Adds to credentials, for the contexts that are started from now on.
//
// \param hCredentials  The handle.
// \param pszPrincipal  As for AcquireCredentialsHandleW, for a service's keys in pAuthData.
// \param pszPackage  The credentials' own package, or for Negotiate one of its mechanisms.
// \param fCredentialUse  A direction that the credentials have.
// \param pAuthData  As for AcquireCredentialsHandleW. For inbound use, an additional account,
//     which replaces one of the same name, or the service's keys, if there are none yet; for
//     outbound use, the new identity to authenticate as. NULL adds nothing.
// \param pGetKeyFn  Ignored; NULL.
// \param pvGetKeyArgument  Ignored; NULL.
// \param ptsExpiry  Receives the time when they expire, in local time; may be NULL.
//
// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_SECPKG_NOT_FOUND, SEC_E_UNKNOWN_CREDENTIALS
// (pAuthData cannot be used, or a service's keys exist already) or SEC_E_INVALID_PARAMETER
// (fCredentialUse).
SECURITY_STATUS AddCredentialsW(PCredHandle hCredentials,
                                SEC_WCHAR *pszPrincipal,
                                SEC_WCHAR *pszPackage,
                                ULONG fCredentialUse,
                                void *pAuthData,
                                SEC_GET_KEY_FN pGetKeyFn,
                                void *pvGetKeyArgument,
                                PTimeStamp ptsExpiry);

// AddCredentialsW with ANSI text.
SECURITY_STATUS AddCredentialsA(PCredHandle hCredentials,
                                SEC_CHAR *pszPrincipal,
                                SEC_CHAR *pszPackage,
                                ULONG fCredentialUse,
                                void *pAuthData,
                                SEC_GET_KEY_FN pGetKeyFn,
                                void *pvGetKeyArgument,
                                PTimeStamp ptsExpiry);

// Ends a credentials handle. Contexts made with it continue to work.
//
// \param phCredential  The handle.
//
// Returns SEC_E_OK or SEC_E_INVALID_HANDLE.
SECURITY_STATUS FreeCredentialsHandle(PCredHandle phCredential);

// Queries an attribute of credentials.
//
// \param phCredential  The handle.
// \param ulAttribute  SECPKG_CRED_ATTR_NAMES, or SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS (always
//     none).
// \param pBuffer  Receives the structure of that attribute, SecPkgCredentials_NamesW; free its
//     string with FreeContextBuffer.
//
// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_PARAMETER (NULL), SEC_E_NO_CREDENTIALS
// (they have no name, or do not come from an identity provider) or SEC_E_UNSUPPORTED_FUNCTION
// (another attribute).
SECURITY_STATUS QueryCredentialsAttributesW(PCredHandle phCredential, ULONG ulAttribute, void *pBuffer);

// QueryCredentialsAttributesW with ANSI text: fills a SecPkgCredentials_NamesA.
SECURITY_STATUS QueryCredentialsAttributesA(PCredHandle phCredential, ULONG ulAttribute, void *pBuffer);

// The server's side of the authentication: takes a token from the client and makes the reply.
//
// \param phCredential  Credentials for inbound use. May be NULL once there is a context.
// \param phContext  NULL at first; later the handle from the first call.
// \param pInput  The client's token in a SECBUFFER_TOKEN buffer and, optionally, the outer
//     channel's bindings in a SECBUFFER_CHANNEL_BINDINGS buffer, in any order. Without a token,
//     Negotiate offers its mechanisms.
// \param fContextReq  `ASC_REQ_*`.
// \param TargetDataRep  SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP; ignored.
// \param phNewContext  Receives the handle of a new context, which DeleteSecurityContext ends. On
//     later calls it may equal phContext, or be NULL.
// \param pOutput  The first SECBUFFER_TOKEN buffer receives the reply. Its cbBuffer is its
//     capacity, and then the reply's length, 0 if there is none. With ASC_REQ_ALLOCATE_MEMORY,
//     pvBuffer is set to memory that the caller frees with FreeContextBuffer.
// \param pfContextAttr  Receives `ASC_RET_*`; may be NULL. Only the last call reports protection.
// \param ptsTimeStamp  Receives the time when the context expires, in local time; may be NULL.
//
// Returns
// - SEC_E_OK: established. Send the reply, if there is one.
// - SEC_I_CONTINUE_NEEDED: send the reply and pass the client's next token to another call.
// - SEC_I_COMPLETE_NEEDED, SEC_I_COMPLETE_AND_CONTINUE: as the two above, but call
//   CompleteAuthToken on the output before sending it. Only if so configured.
// - SEC_E_BUFFER_TOO_SMALL: the reply needs a buffer of the cbBuffer now set, unless that was 0.
//   Nothing has changed: call again.
// - SEC_E_INVALID_HANDLE: the handle is invalid, has ended or is of the other kind, or its
//   authentication has ended.
// - SEC_E_INVALID_TOKEN, SEC_E_LOGON_DENIED, SEC_E_BAD_BINDINGS, SEC_E_TARGET_UNKNOWN,
//   SEC_E_UNSUPPORTED_FUNCTION (no mechanism in common): the client is rejected.
// - SEC_E_NO_AUTHENTICATING_AUTHORITY: no authority could be asked about the client.
// - SEC_E_NO_CREDENTIALS: the credentials are not for inbound use.
// - SEC_E_INSUFFICIENT_MEMORY: the configured number of contexts exists, or the heap is full.
// - SEC_E_INVALID_PARAMETER, SEC_E_INTERNAL_ERROR.
//
// If a first call fails, there is no context. If a later call fails, the context can only be
// deleted. With ASC_REQ_EXTENDED_ERROR, an error may come with a token for the client: cbBuffer is
// not 0 then.
SECURITY_STATUS AcceptSecurityContext(PCredHandle phCredential,
                                      PCtxtHandle phContext,
                                      PSecBufferDesc pInput,
                                      ULONG fContextReq,
                                      ULONG TargetDataRep,
                                      PCtxtHandle phNewContext,
                                      PSecBufferDesc pOutput,
                                      ULONG *pfContextAttr,
                                      PTimeStamp ptsTimeStamp);

// The client's side of the authentication: makes the first token, and the replies to the server's.
//
// \param phCredential  Credentials for outbound use. May be NULL once there is a context.
// \param phContext  NULL at first; later the handle from the first call.
// \param pszTargetName  The service principal name, as "HTTP/www.example.com"; may be NULL.
// \param fContextReq  `ISC_REQ_*`.
// \param Reserved1  0.
// \param TargetDataRep  SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP; ignored.
// \param pInput  The server's token and, optionally, channel bindings, as for
//     AcceptSecurityContext; may be NULL at first.
// \param Reserved2  0.
// \param phNewContext  Receives the handle of a new context. On later calls it may equal
//     phContext, or be NULL.
// \param pOutput  Receives the token for the server, as for AcceptSecurityContext
//     (ISC_REQ_ALLOCATE_MEMORY).
// \param pfContextAttr  Receives `ISC_RET_*`; may be NULL.
// \param ptsExpiry  Receives the time when the context expires, in local time; may be NULL.
//
// Returns as AcceptSecurityContext.
SECURITY_STATUS InitializeSecurityContextW(PCredHandle phCredential,
                                           PCtxtHandle phContext,
                                           SEC_WCHAR *pszTargetName,
                                           ULONG fContextReq,
                                           ULONG Reserved1,
                                           ULONG TargetDataRep,
                                           PSecBufferDesc pInput,
                                           ULONG Reserved2,
                                           PCtxtHandle phNewContext,
                                           PSecBufferDesc pOutput,
                                           ULONG *pfContextAttr,
                                           PTimeStamp ptsExpiry);

// InitializeSecurityContextW with ANSI text.
SECURITY_STATUS InitializeSecurityContextA(PCredHandle phCredential,
                                           PCtxtHandle phContext,
                                           SEC_CHAR *pszTargetName,
                                           ULONG fContextReq,
                                           ULONG Reserved1,
                                           ULONG TargetDataRep,
                                           PSecBufferDesc pInput,
                                           ULONG Reserved2,
                                           PCtxtHandle phNewContext,
                                           PSecBufferDesc pOutput,
                                           ULONG *pfContextAttr,
                                           PTimeStamp ptsExpiry);

// Finishes the token of a call that returned SEC_I_COMPLETE_NEEDED or SEC_I_COMPLETE_AND_CONTINUE.
//
// \param phContext  The context.
// \param pToken  The output descriptor of that call; its token buffer receives the token to send.
//
// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN (the descriptor has no token
// buffer), SEC_E_BUFFER_TOO_SMALL or SEC_E_UNSUPPORTED_FUNCTION (there is nothing to finish).
SECURITY_STATUS CompleteAuthToken(PCtxtHandle phContext, PSecBufferDesc pToken);

// Ends a context. A call in another thread that is using it finishes normally.
//
// \param phContext  The handle.
//
// Returns SEC_E_OK or SEC_E_INVALID_HANDLE.
SECURITY_STATUS DeleteSecurityContext(PCtxtHandle phContext);

// Applies a control token, as TLS has them. Negotiate, Kerberos and NTLM have none.
//
// \param phContext  The context.
// \param pInput  The token.
//
// Returns SEC_E_UNSUPPORTED_FUNCTION or SEC_E_INVALID_HANDLE; for a context of another package,
// what the operating system's secur32.dll returns.
SECURITY_STATUS ApplyControlToken(PCtxtHandle phContext, PSecBufferDesc pInput);

// Queries an attribute of a context.
//
// \param phContext  The context.
// \param ulAttribute  `SECPKG_ATTR_*`.
// \param pBuffer  Receives the structure of that attribute. Free each pointer in it with
//     FreeContextBuffer.
//
// Returns SEC_E_OK, SEC_E_INVALID_HANDLE (also: the attribute exists only once the context is
// established), SEC_E_INVALID_PARAMETER (NULL), SEC_E_TARGET_UNKNOWN (the client named no target)
// or SEC_E_UNSUPPORTED_FUNCTION (no such attribute here).
SECURITY_STATUS QueryContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer);

// QueryContextAttributesW with ANSI text: the A forms of the structures.
SECURITY_STATUS QueryContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer);

// QueryContextAttributesW with the length of the buffer.
//
// \param phContext  The context.
// \param ulAttribute  `SECPKG_ATTR_*`.
// \param pBuffer  Receives the structure of that attribute.
// \param cbBuffer  Bytes at pBuffer.
//
// Returns as QueryContextAttributesW, and SEC_E_BUFFER_TOO_SMALL.
SECURITY_STATUS QueryContextAttributesExW(PCtxtHandle phContext,
                                          ULONG ulAttribute,
                                          void *pBuffer,
                                          ULONG cbBuffer);

// QueryContextAttributesExW with ANSI text.
SECURITY_STATUS QueryContextAttributesExA(PCtxtHandle phContext,
                                          ULONG ulAttribute,
                                          void *pBuffer,
                                          ULONG cbBuffer);

// Frees what the library allocated: output tokens, names, keys, packages.
//
// \param pvContextBuffer  The buffer. NULL is allowed. The library does not touch memory that it
//     did not allocate.
//
// Returns SEC_E_OK, or SEC_E_INVALID_PARAMETER for memory that the library did not allocate or has
// freed before.
SECURITY_STATUS FreeContextBuffer(void *pvContextBuffer);

// Makes the calling thread impersonate the client: it opens files and other objects with the
// client's rights. On Linux the other threads of the process are not affected.
//
// \param phContext  A context that this process has accepted.
//
// Returns SEC_E_OK; SEC_E_INVALID_HANDLE (also: not established, or the client's own side);
// SEC_E_NO_IMPERSONATION: the client has no account here or allows only identification, or the
// process may not impersonate. The thread is unchanged then. On Linux a process needs CAP_SETUID
// and CAP_SETGID, which root has.
SECURITY_STATUS ImpersonateSecurityContext(PCtxtHandle phContext);

// Ends what ImpersonateSecurityContext began: the thread gets back the identity that it had
// before. If the thread impersonates several clients, one within the other, this ends the
// context's and those that began after it.
//
// \param phContext  The context. It may have been deleted meanwhile.
//
// Returns SEC_E_OK, also if the thread does not impersonate that client; SEC_E_INVALID_HANDLE;
// SEC_E_NO_IMPERSONATION: the identity could not be restored.
SECURITY_STATUS RevertSecurityContext(PCtxtHandle phContext);

// Makes a token of the client.
//
// \param phContext  A context that this process has accepted. The token outlives it.
// \param Token  Receives the token. On Windows it is an impersonation access token, to be closed
//     with CloseHandle; on Linux it is for NegosspQueryToken and to be closed with
//     NegosspCloseToken. NULL after an error.
//
// Returns SEC_E_OK; SEC_E_INVALID_HANDLE (also: not established, or the client's own side);
// SEC_E_INVALID_PARAMETER (NULL); SEC_E_NO_IMPERSONATION: there is no token, or it may not be
// given.
SECURITY_STATUS QuerySecurityContextToken(PCtxtHandle phContext, HANDLE *Token);

// Signs a message.
//
// \param phContext  An established context with integrity.
// \param fQOP  0. With NTLM also SECQOP_WRAP_NO_ENCRYPT, which makes no difference; with Kerberos
//     that is SEC_E_INVALID_TOKEN.
// \param pMessage  The message in SECBUFFER_DATA buffers and one SECBUFFER_TOKEN buffer, which
//     receives the signature: its cbBuffer is its capacity (SecPkgContext_Sizes.cbMaxSignature)
//     and then the length.
// \param MessageSeqNo  The message's number; used by datagram contexts, else ignored.
//
// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_TOKEN (a buffer is missing),
// SEC_E_BUFFER_TOO_SMALL, SEC_E_QOP_NOT_SUPPORTED, SEC_E_UNSUPPORTED_FUNCTION (no integrity was
// negotiated), SEC_E_CONTEXT_EXPIRED, SEC_E_INVALID_PARAMETER.
SECURITY_STATUS MakeSignature(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage, ULONG MessageSeqNo);

// Checks the signature of a message that the peer signed with MakeSignature.
//
// \param phContext  An established context with integrity.
// \param pMessage  The message in SECBUFFER_DATA buffers and the signature in a SECBUFFER_TOKEN
//     buffer.
// \param MessageSeqNo  The message's number; used by datagram contexts, else ignored.
// \param pfQOP  With Kerberos receives 0, and with NTLM nothing; may be NULL.
//
// Returns SEC_E_OK, SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE, and as MakeSignature.
SECURITY_STATUS VerifySignature(PCtxtHandle phContext,
                                PSecBufferDesc pMessage,
                                ULONG MessageSeqNo,
                                ULONG *pfQOP);

// Encrypts and signs a message, in place.
//
// \param phContext  An established context with confidentiality.
// \param fQOP  0, or SECQOP_WRAP_NO_ENCRYPT to sign only.
// \param pMessage  The message in SECBUFFER_DATA buffers and one SECBUFFER_TOKEN buffer, which
//     receives the signature (capacity: SecPkgContext_Sizes.cbSecurityTrailer). A SECBUFFER_DATA
//     buffer marked SECBUFFER_READONLY_WITH_CHECKSUM is signed and not encrypted, one marked
//     SECBUFFER_READONLY neither. With RC4 or triple DES keys of Kerberos (except in DCE style), a
//     SECBUFFER_PADDING buffer receives the padding, 1 byte or 1 to 8, which is sent behind the
//     data: a peer that uses gss_unwrap needs it. Without such a buffer there is no padding. In
//     all other cases the buffer becomes empty.
// \param MessageSeqNo  The message's number; used by datagram contexts, else ignored.
//
// Returns as MakeSignature.
SECURITY_STATUS EncryptMessage(PCtxtHandle phContext,
                               ULONG fQOP,
                               PSecBufferDesc pMessage,
                               ULONG MessageSeqNo);

// Decrypts a message and checks its signature, in place.
//
// \param phContext  An established context with confidentiality.
// \param pMessage  Either the message in SECBUFFER_DATA buffers and the signature in a
//     SECBUFFER_TOKEN buffer, and the padding, if any, in a SECBUFFER_PADDING buffer; or all of it
//     as received in one SECBUFFER_STREAM buffer, and an empty SECBUFFER_DATA buffer that is then
//     set to point at the plain message within it.
// \param MessageSeqNo  The message's number; used by datagram contexts, else ignored.
// \param pfQOP  With Kerberos receives 0, or SECQOP_WRAP_NO_ENCRYPT, and with NTLM nothing; may be
//     NULL.
//
// Returns as VerifySignature.
SECURITY_STATUS DecryptMessage(PCtxtHandle phContext,
                               PSecBufferDesc pMessage,
                               ULONG MessageSeqNo,
                               ULONG *pfQOP);

// EncryptMessage by its older name.
SECURITY_STATUS SealMessage(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage, ULONG MessageSeqNo);

// DecryptMessage by its older name.
SECURITY_STATUS UnsealMessage(PCtxtHandle phContext,
                              PSecBufferDesc pMessage,
                              ULONG MessageSeqNo,
                              ULONG *pfQOP);

// Lists the packages: the library's, then the operating system's with other names.
//
// \param pcPackages  Receives their number.
// \param ppPackageInfo  Receives an array of them, in one allocation with their strings: one
//     FreeContextBuffer.
//
// Returns SEC_E_OK or SEC_E_INVALID_PARAMETER (NULL).
SECURITY_STATUS EnumerateSecurityPackagesW(ULONG *pcPackages, PSecPkgInfoW *ppPackageInfo);

// EnumerateSecurityPackagesW with ANSI text.
SECURITY_STATUS EnumerateSecurityPackagesA(ULONG *pcPackages, PSecPkgInfoA *ppPackageInfo);

// Describes one package.
//
// \param pszPackageName  Its name, in any letter case.
// \param ppPackageInfo  Receives the package, in one allocation with its strings: one
//     FreeContextBuffer.
//
// Returns SEC_E_OK, SEC_E_SECPKG_NOT_FOUND or SEC_E_INVALID_PARAMETER (NULL).
SECURITY_STATUS QuerySecurityPackageInfoW(SEC_WCHAR *pszPackageName, PSecPkgInfoW *ppPackageInfo);

// QuerySecurityPackageInfoW with ANSI text.
SECURITY_STATUS QuerySecurityPackageInfoA(SEC_CHAR *pszPackageName, PSecPkgInfoA *ppPackageInfo);

// Undoes DeleteSecurityPackageW: Negotiate may choose the package again, with credentials that
// this process acquires from now on. The configuration and package lists may still exclude it.
//
// \param pszPackageName  "Kerberos" or "NTLM"; others are forwarded to the operating system.
// \param pOptions  Ignored for these.
//
// Returns SEC_E_OK, SEC_E_SECPKG_NOT_FOUND or SEC_E_UNSUPPORTED_FUNCTION ("Negotiate"); for
// others, what the operating system's secur32.dll returns.
SECURITY_STATUS AddSecurityPackageW(SEC_WCHAR *pszPackageName, PSECURITY_PACKAGE_OPTIONS pOptions);

// AddSecurityPackageW with ANSI text.
SECURITY_STATUS AddSecurityPackageA(SEC_CHAR *pszPackageName, PSECURITY_PACKAGE_OPTIONS pOptions);

// Excludes a package from Negotiate's choice, with credentials that this process acquires from now
// on.
//
// \param pszPackageName  "Kerberos" or "NTLM"; others are forwarded to the operating system.
//
// Returns as AddSecurityPackageW.
SECURITY_STATUS DeleteSecurityPackageW(SEC_WCHAR *pszPackageName);

// DeleteSecurityPackageW with ANSI text.
SECURITY_STATUS DeleteSecurityPackageA(SEC_CHAR *pszPackageName);

// The table of all functions, for programs that load the library at run time. Never NULL; static,
// so never freed.
PSecurityFunctionTableW InitSecurityInterfaceW(void);

// The table of all functions, those with text in their ANSI form. Never NULL; static, so never
// freed.
PSecurityFunctionTableA InitSecurityInterfaceA(void);

// Changes a context.
//
// \param phContext  A context that awaits its client's next token.
// \param ulAttribute  SECPKG_ATTR_NEGOSSP_PEER_ADDRESS: the client's address, for the calls to
//     come. SECPKG_ATTR_AUTH_NTLM_HASH_CB or SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA: the callback by
//     which the program supplies accounts for this context, or its first argument.
// \param pBuffer  A `sockaddr`, as accept() and getpeername() return it; one that is not of IPv4
//     or IPv6 means that the address is not known. For the others the function itself, a
//     psSspiNtlmHashCallback, or the argument itself; NULL for none.
// \param cbBuffer  Bytes of the `sockaddr`; ignored for the others.
//
// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_PARAMETER (no `sockaddr`) or
// SEC_E_UNSUPPORTED_FUNCTION (another attribute, or too late for it).
SECURITY_STATUS SetContextAttributesW(PCtxtHandle phContext,
                                      ULONG ulAttribute,
                                      void *pBuffer,
                                      ULONG cbBuffer);

// The same as SetContextAttributesW: it has no text.
SECURITY_STATUS SetContextAttributesA(PCtxtHandle phContext,
                                      ULONG ulAttribute,
                                      void *pBuffer,
                                      ULONG cbBuffer);

// Changes credentials, for the contexts that are started from now on.
//
// \param phCredential  The credentials.
// \param ulAttribute  Of credentials for inbound use, SECPKG_ATTR_AUTH_NTLM_HASH_CB or
//     SECPKG_ATTR_AUTH_NTLM_HASH_CB_DATA, as for SetContextAttributesW. Of credentials for outbound
//     use, SECPKG_CRED_ATTR_NEGOSSP_CLIENT_CONTEXT: they act as the client of a context, with what
//     it has delegated; SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS.
// \param pBuffer  As for SetContextAttributesW. The function is called in the thread that accepts
//     a client, and may be called in several at once. For credentials for outbound use a CtxtHandle
//     that AcceptSecurityContext has made, or a SecPkgCredentials_KdcProxySettings.
// \param cbBuffer  The bytes of the SecPkgCredentials_KdcProxySettings with its text; ignored for
//     the others.
//
// Returns SEC_E_OK, SEC_E_INVALID_HANDLE, SEC_E_INVALID_PARAMETER (credentials for the other use, or
// not for Kerberos), SEC_E_NO_CREDENTIALS (the client has delegated none, and the server may not act
// for it by protocol transition) or SEC_E_UNSUPPORTED_FUNCTION (another attribute; no KDC proxies in
// this build).
SECURITY_STATUS SetCredentialsAttributesW(PCredHandle phCredential,
                                          ULONG ulAttribute,
                                          void *pBuffer,
                                          ULONG cbBuffer);

// The same as SetCredentialsAttributesW: it has no text.
SECURITY_STATUS SetCredentialsAttributesA(PCredHandle phCredential,
                                          ULONG ulAttribute,
                                          void *pBuffer,
                                          ULONG cbBuffer);

// QueryCredentialsAttributesW with the length of the buffer.
//
// \param phCredential  The handle.
// \param ulAttribute  `SECPKG_CRED_ATTR_*`.
// \param pBuffer  Receives the structure of that attribute.
// \param cbBuffer  Bytes at pBuffer.
//
// Returns as QueryCredentialsAttributesW, and SEC_E_BUFFER_TOO_SMALL.
SECURITY_STATUS QueryCredentialsAttributesExW(PCredHandle phCredential,
                                              ULONG ulAttribute,
                                              void *pBuffer,
                                              ULONG cbBuffer);

// QueryCredentialsAttributesExW with ANSI text.
SECURITY_STATUS QueryCredentialsAttributesExA(PCredHandle phCredential,
                                              ULONG ulAttribute,
                                              void *pBuffer,
                                              ULONG cbBuffer);

// Sets flags of channel bindings, which QueryContextAttributes of the outer channel (TLS) has
// returned, before they are passed to AcceptSecurityContext: their structure becomes a
// SEC_CHANNEL_BINDINGS_EX.
//
// \param pBindings  The bindings, of either form. Their memory is freed as by FreeContextBuffer
//     and replaced by new memory, which FreeContextBuffer frees.
// \param flags  SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS: bindings that differ or are missing reject no
//     client, and are only reported in a SECBUFFER_CHANNEL_BINDINGS_RESULT buffer; or 0.
//
// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, other flags, or malformed bindings) or
// SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiSetChannelBindingFlags(SecPkgContext_Bindings *pBindings, ULONG flags);

// Changes the password of an account in the account file, or by its KDC (RFC 3244) that of an account
// whose domain is a realm that krb5.conf or the configuration knows. Such a password may have
// expired.
//
// \param pszPackageName  "Negotiate", "Kerberos" or "NTLM".
// \param pszDomainName  The account's domain; may be NULL. It is matched like the domain of a
//     client.
// \param pszAccountName  The account.
// \param pszOldPassword  Its password.
// \param pszNewPassword  Its new password.
// \param bImpersonating  Ignored: the account file is opened with the rights of the calling
//     thread.
// \param dwReserved  0.
// \param pOutput  May be NULL. Its buffers are set empty.
//
// Returns SEC_E_OK, STATUS_PASSWORD_RESTRICTION (the KDC's policy does not permit the new
// password), SEC_E_LOGON_DENIED (the same for an unknown account, a wrong password and an
// account that may not log on), SEC_E_NO_AUTHENTICATING_AUTHORITY (there is no account file, or it
// cannot be changed; or no KDC replies), SEC_E_SECPKG_NOT_FOUND or SEC_E_INVALID_PARAMETER (NULL, or an empty new
// password). For a package of the operating system, what its secur32.dll returns.
SECURITY_STATUS ChangeAccountPasswordW(SEC_WCHAR *pszPackageName,
                                       SEC_WCHAR *pszDomainName,
                                       SEC_WCHAR *pszAccountName,
                                       SEC_WCHAR *pszOldPassword,
                                       SEC_WCHAR *pszNewPassword,
                                       BOOLEAN bImpersonating,
                                       ULONG dwReserved,
                                       PSecBufferDesc pOutput);

// ChangeAccountPasswordW with ANSI text.
SECURITY_STATUS ChangeAccountPasswordA(SEC_CHAR *pszPackageName,
                                       SEC_CHAR *pszDomainName,
                                       SEC_CHAR *pszAccountName,
                                       SEC_CHAR *pszOldPassword,
                                       SEC_CHAR *pszNewPassword,
                                       BOOLEAN bImpersonating,
                                       ULONG dwReserved,
                                       PSecBufferDesc pOutput);

// Makes an identity from strings.
//
// \param pszUserName  The account; may be NULL.
// \param pszDomainName  Its domain; may be NULL.
// \param pszPackedCredentialsString  Its password, or a string from
//     SspiEncodeAuthIdentityAsStrings; may be NULL.
// \param ppAuthIdentity  Receives the identity, which SspiFreeAuthIdentity frees.
//
// Returns SEC_E_OK, SEC_E_INVALID_TOKEN (all strings are NULL), SEC_E_INVALID_PARAMETER or
// SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiEncodeStringsAsAuthIdentity(const SEC_WCHAR *pszUserName,
                                                const SEC_WCHAR *pszDomainName,
                                                const SEC_WCHAR *pszPackedCredentialsString,
                                                PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity);

// Makes strings from an identity. SspiLocalFree erases and frees each.
//
// \param pAuthIdentity  The identity.
// \param ppszUserName  Receives the account, NULL if there is none; may be NULL.
// \param ppszDomainName  Receives the domain, NULL if there is none; may be NULL.
// \param ppszPackedCredentialsString  Receives the password. If the identity has more than names
//     and a password (packed credentials, a package list), receives a string with all of it, which
//     the library accepts in place of a password; may be NULL.
//
// Returns SEC_E_OK, STATUS_INVALID_PARAMETER (it is encrypted), SEC_E_INVALID_PARAMETER (NULL),
// SEC_E_UNKNOWN_CREDENTIALS (not an identity) or SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiEncodeAuthIdentityAsStrings(PSEC_WINNT_AUTH_IDENTITY_OPAQUE pAuthIdentity,
                                                const SEC_WCHAR **ppszUserName,
                                                const SEC_WCHAR **ppszDomainName,
                                                const SEC_WCHAR **ppszPackedCredentialsString);

// Checks that this is an identity and that all of it can be read.
//
// \param AuthData  The identity. It contains its own length: for bytes from elsewhere use
//     SspiUnmarshalAuthIdentity.
//
// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL) or SEC_E_UNKNOWN_CREDENTIALS.
SECURITY_STATUS SspiValidateAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

// Copies an identity, encrypted or not.
//
// \param AuthData  The identity.
// \param AuthDataCopy  Receives the copy, which SspiFreeAuthIdentity frees.
//
// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS or
// SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiCopyAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData,
                                     PSEC_WINNT_AUTH_IDENTITY_OPAQUE *AuthDataCopy);

// Compares two identities, ignoring the letter case of names. NULL stands for the process's own
// identity and is equal to NULL only.
//
// \param AuthIdentity1  One; may be NULL.
// \param AuthIdentity2  The other; may be NULL.
// \param SameSuppliedUser  Receives 1 if both name the same account of the same domain, else 0;
//     may be NULL.
// \param SameSuppliedIdentity  Receives 1 if their credentials are the same too, else 0; may be
//     NULL.
//
// Returns SEC_E_OK or SEC_E_UNKNOWN_CREDENTIALS.
SECURITY_STATUS SspiCompareAuthIdentities(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity1,
                                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity2,
                                          BOOLEAN *SameSuppliedUser,
                                          BOOLEAN *SameSuppliedIdentity);

// Erases an identity's credentials in place, but not its names.
//
// \param AuthData  The identity; may be NULL.
void SspiZeroAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

// Erases and frees an identity, or a string of one, that the library allocated. Other memory is
// not touched.
//
// \param AuthData  The identity; may be NULL.
void SspiFreeAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

// Erases and frees what these functions allocated. Other memory is not touched.
//
// \param DataBuffer  A string, bytes or an identity; may be NULL.
void SspiLocalFree(void *DataBuffer);

// Encrypts an identity in place, so that only this process, and those forked from it, can read it:
// names and credentials, not the package list. The functions that take an identity accept an
// encrypted one. The length does not change. An identity that is already encrypted is not changed.
//
// \param AuthData  The identity, which is changed.
//
// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, or parts that overlap) or
// SEC_E_UNKNOWN_CREDENTIALS.
SECURITY_STATUS SspiEncryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

// SspiEncryptAuthIdentity, with a choice of who can decrypt it.
//
// \param Options  SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS.
// \param AuthData  The identity, which is changed.
//
// Returns as SspiEncryptAuthIdentity, and SEC_E_UNSUPPORTED_FUNCTION (other options).
SECURITY_STATUS SspiEncryptAuthIdentityEx(ULONG Options, PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthData);

// Decrypts in place what SspiEncryptAuthIdentity encrypted. An identity that is not encrypted is
// not changed.
//
// \param EncryptedAuthData  The identity, which is changed.
//
// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, or parts that overlap) or
// SEC_E_UNKNOWN_CREDENTIALS (not an identity, or encrypted with another key).
SECURITY_STATUS SspiDecryptAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData);

// Decrypts what SspiEncryptAuthIdentityEx encrypted.
//
// \param Options  Those that it was encrypted with.
// \param EncryptedAuthData  The identity, which is changed.
//
// Returns as SspiDecryptAuthIdentity, and SEC_E_UNSUPPORTED_FUNCTION (other options than
// SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS).
SECURITY_STATUS SspiDecryptAuthIdentityEx(ULONG Options, PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData);

// Whether an identity is encrypted, by the library or by Windows.
//
// \param EncryptedAuthData  The identity.
//
// Returns 1 if it is, else 0.
BOOLEAN SspiIsAuthIdentityEncrypted(PSEC_WINNT_AUTH_IDENTITY_OPAQUE EncryptedAuthData);

// Makes bytes from an identity, encrypted or not, to be stored or sent.
//
// \param AuthIdentity  The identity.
// \param AuthIdentityLength  Receives the number of bytes.
// \param AuthIdentityByteArray  Receives the bytes, which SspiLocalFree erases and frees.
//
// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS or
// SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiMarshalAuthIdentity(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                        ULONG *AuthIdentityLength,
                                        SEC_CHAR **AuthIdentityByteArray);

// Makes an identity from bytes, which may come from an untrusted source: nothing outside of them
// is read.
//
// \param AuthIdentityLength  The number of bytes.
// \param AuthIdentityByteArray  The bytes.
// \param ppAuthIdentity  Receives the identity, which SspiFreeAuthIdentity frees.
//
// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS (not an identity) or
// SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiUnmarshalAuthIdentity(ULONG AuthIdentityLength,
                                          SEC_CHAR *AuthIdentityByteArray,
                                          PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppAuthIdentity);

// Makes an identity with which Negotiate will not choose a package.
//
// \param AuthIdentity  The identity; NULL for the process's own.
// \param pszPackageName  The package's name.
// \param ppNewAuthIdentity  Receives the new identity, which SspiFreeAuthIdentity frees; encrypted
//     if the other is.
//
// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL, or not a name), SEC_E_UNKNOWN_CREDENTIALS or
// SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiExcludePackage(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                   const SEC_WCHAR *pszPackageName,
                                   PSEC_WINNT_AUTH_IDENTITY_OPAQUE *ppNewAuthIdentity);

// Gives the arguments with which the credential manager's CredRead finds an identity.
//
// \param AuthIdentity  The identity.
// \param pszTargetName  The target.
// \param pCredmanCredentialType  Receives CRED_TYPE_DOMAIN_PASSWORD (2), or CRED_TYPE_GENERIC (1)
//     for other credentials.
// \param ppszCredmanTargetName  Receives the target's name, which SspiLocalFree frees.
//
// Returns SEC_E_OK, SEC_E_INVALID_PARAMETER (NULL), SEC_E_UNKNOWN_CREDENTIALS or
// SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiPrepareForCredRead(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                       const SEC_WCHAR *pszTargetName,
                                       ULONG *pCredmanCredentialType,
                                       const SEC_WCHAR **ppszCredmanTargetName);

// Gives the values with which the credential manager's CredWrite stores an identity. SspiLocalFree
// erases and frees them.
//
// \param AuthIdentity  The identity.
// \param pszTargetName  The target; NULL for the user's name.
// \param pCredmanCredentialType  Receives CRED_TYPE_DOMAIN_PASSWORD (2), or CRED_TYPE_GENERIC (1)
//     for other credentials.
// \param ppszCredmanTargetName  Receives the target's name.
// \param ppszCredmanUserName  Receives the user's name, as DOMAIN\user.
// \param ppCredentialBlob  Receives the credentials: a password in UTF-16 without a terminating
//     zero, or packed credentials; NULL for none.
// \param pCredentialBlobSize  Receives their length in bytes.
//
// Returns SEC_E_OK, STATUS_INVALID_PARAMETER (it is encrypted), SEC_E_INVALID_PARAMETER (NULL),
// SEC_E_NO_CREDENTIALS (no user), SEC_E_UNKNOWN_CREDENTIALS or SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiPrepareForCredWrite(PSEC_WINNT_AUTH_IDENTITY_OPAQUE AuthIdentity,
                                        const SEC_WCHAR *pszTargetName,
                                        ULONG *pCredmanCredentialType,
                                        const SEC_WCHAR **ppszCredmanTargetName,
                                        const SEC_WCHAR **ppszCredmanUserName,
                                        uint8_t **ppCredentialBlob,
                                        ULONG *pCredentialBlobSize);

// Extracts the host of a target: from "HTTP/www.example.com:8080", "www.example.com".
//
// \param pszTargetName  The target: a service principal name or a host name.
// \param pszHostName  Receives the host, which SspiLocalFree frees.
//
// Returns SEC_E_OK, SEC_E_TARGET_UNKNOWN (no host in it), SEC_E_INVALID_PARAMETER (NULL) or
// SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiGetTargetHostName(const SEC_WCHAR *pszTargetName, SEC_WCHAR **pszHostName);

// Whether to ask the user for other credentials after an error: for those that
// CREDUI_IS_AUTHENTICATION_ERROR in <wincred.h> lists.
//
// \param ErrorOrNtStatus  The error: a SEC_E_*, an HRESULT, an NTSTATUS or a Windows error.
//
// Returns 1 or 0.
BOOLEAN SspiIsPromptingNeeded(ULONG ErrorOrNtStatus);

// Makes an asynchronous context, which tracks one call at a time. SspiFreeAsyncContext frees it.
//
// Returns the context, or NULL if there is no memory. A forked child cannot use its parent's
// contexts.
PSspiAsyncContext SspiCreateAsyncContext(void);

// Frees an asynchronous context. Its callback is not called any more, and one that is under way
// has returned when this function returns, unless it is the callback that calls this function. So
// the callback's data may be freed next. A call that waits for a thread is not made; one in
// progress has returned likewise. Calls that end a handle are made in any case. Two callbacks that
// free each other's context wait forever.
//
// \param Handle  The context. NULL and invalid contexts are ignored.
void SspiFreeAsyncContext(PSspiAsyncContext Handle);

// Makes a context ready for another call. Its callback stays.
//
// \param Handle  The context, whose last call is complete.
//
// Returns SEC_E_OK or SEC_E_INVALID_HANDLE (not a context, or a call is in progress).
SECURITY_STATUS SspiReinitAsyncContext(PSspiAsyncContext Handle);

// Registers the function that is called, once, when the context's call is complete. Waits for a
// call of the former function that is under way, unless called by it, so that its data may be freed.
//
// \param Context  The context.
// \param Callback  The function; NULL for none. It is called in another thread.
// \param CallbackData  Its second argument.
//
// Returns SEC_E_OK or SEC_E_INVALID_HANDLE.
SECURITY_STATUS SspiSetAsyncNotifyCallback(PSspiAsyncContext Context,
                                           SspiAsyncNotifyCallback Callback,
                                           void *CallbackData);

// Whether a function will be called when the context's call is complete.
//
// \param AsyncContext  The context.
//
// Returns 1 or 0; 0 for an invalid context.
BOOLEAN SspiAsyncContextRequiresNotify(PSspiAsyncContext AsyncContext);

// The state of the context's call.
//
// \param Handle  The context.
//
// Returns SEC_I_ASYNC_CALL_PENDING; once the call is complete, its status; SEC_E_INVALID_HANDLE if
// the context is invalid or no call has been made.
SECURITY_STATUS SspiGetAsyncCallStatus(PSspiAsyncContext Handle);

// AcquireCredentialsHandleW, in a thread of the library.
//
// \param AsyncContext  The context that tracks the call. What the other arguments point to must
//     stay valid until the call is complete.
//
// Returns SEC_E_OK (the call will be made: SspiGetAsyncCallStatus gives its status),
// SEC_E_INVALID_HANDLE (not a context, or it tracks another call) or SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS SspiAcquireCredentialsHandleAsyncW(PSspiAsyncContext AsyncContext,
                                                   SEC_WCHAR *pszPrincipal,
                                                   SEC_WCHAR *pszPackage,
                                                   ULONG fCredentialUse,
                                                   void *pvLogonId,
                                                   void *pAuthData,
                                                   SEC_GET_KEY_FN pGetKeyFn,
                                                   void *pvGetKeyArgument,
                                                   PCredHandle phCredential,
                                                   PTimeStamp ptsExpiry);

// AcquireCredentialsHandleA, likewise.
SECURITY_STATUS SspiAcquireCredentialsHandleAsyncA(PSspiAsyncContext AsyncContext,
                                                   SEC_CHAR *pszPrincipal,
                                                   SEC_CHAR *pszPackage,
                                                   ULONG fCredentialUse,
                                                   void *pvLogonId,
                                                   void *pAuthData,
                                                   SEC_GET_KEY_FN pGetKeyFn,
                                                   void *pvGetKeyArgument,
                                                   PCredHandle phCredential,
                                                   PTimeStamp ptsExpiry);

// InitializeSecurityContextW, in a thread of the library.
//
// \param AsyncContext  As for SspiAcquireCredentialsHandleAsyncW.
//
// Returns as SspiAcquireCredentialsHandleAsyncW.
SECURITY_STATUS SspiInitializeSecurityContextAsyncW(PSspiAsyncContext AsyncContext,
                                                    PCredHandle phCredential,
                                                    PCtxtHandle phContext,
                                                    SEC_WCHAR *pszTargetName,
                                                    ULONG fContextReq,
                                                    ULONG Reserved1,
                                                    ULONG TargetDataRep,
                                                    PSecBufferDesc pInput,
                                                    ULONG Reserved2,
                                                    PCtxtHandle phNewContext,
                                                    PSecBufferDesc pOutput,
                                                    ULONG *pfContextAttr,
                                                    PTimeStamp ptsExpiry);

// InitializeSecurityContextA, likewise.
SECURITY_STATUS SspiInitializeSecurityContextAsyncA(PSspiAsyncContext AsyncContext,
                                                    PCredHandle phCredential,
                                                    PCtxtHandle phContext,
                                                    SEC_CHAR *pszTargetName,
                                                    ULONG fContextReq,
                                                    ULONG Reserved1,
                                                    ULONG TargetDataRep,
                                                    PSecBufferDesc pInput,
                                                    ULONG Reserved2,
                                                    PCtxtHandle phNewContext,
                                                    PSecBufferDesc pOutput,
                                                    ULONG *pfContextAttr,
                                                    PTimeStamp ptsExpiry);

// AcceptSecurityContext, in a thread of the library.
//
// \param AsyncContext  As for SspiAcquireCredentialsHandleAsyncW.
//
// Returns as SspiAcquireCredentialsHandleAsyncW.
SECURITY_STATUS SspiAcceptSecurityContextAsync(PSspiAsyncContext AsyncContext,
                                               PCredHandle phCredential,
                                               PCtxtHandle phContext,
                                               PSecBufferDesc pInput,
                                               ULONG fContextReq,
                                               ULONG TargetDataRep,
                                               PCtxtHandle phNewContext,
                                               PSecBufferDesc pOutput,
                                               ULONG *pfContextAttr,
                                               PTimeStamp ptsTimeStamp);

// FreeCredentialsHandle, in a thread of the library.
//
// \param AsyncContext  As for SspiAcquireCredentialsHandleAsyncW; it may be freed at once.
// \param phCredential  The handle, which is copied.
//
// Returns as SspiAcquireCredentialsHandleAsyncW.
SECURITY_STATUS SspiFreeCredentialsHandleAsync(PSspiAsyncContext AsyncContext, PCredHandle phCredential);

// DeleteSecurityContext, in a thread of the library.
//
// \param AsyncContext  As for SspiAcquireCredentialsHandleAsyncW; it may be freed at once.
// \param phContext  The handle, which is copied.
//
// Returns as SspiAcquireCredentialsHandleAsyncW.
SECURITY_STATUS SspiDeleteSecurityContextAsync(PSspiAsyncContext AsyncContext, PCtxtHandle phContext);

// Packs a context for another process, where ImportSecurityContext makes a context from it: a
// forked child of this one, or any process that is configured with the same key (`[export]
// key_file`), on any machine.
//
// \param phContext  An established context, of either side.
// \param fFlags  0, or of these
//     - SECPKG_CONTEXT_EXPORT_RESET_NEW: the new context starts in the state of this one when it
//       was established.
//     - SECPKG_CONTEXT_EXPORT_DELETE_OLD: this context is deleted; of several such calls one
//       succeeds. Use it. Without this flag there are two contexts: a program that seals with both
//       has messages rejected, and with NTLM encrypts different messages with the same RC4 key
//       stream, which reveals both to whoever sees them.
//     - NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, an extension: a context that awaits the client's reply
//       to NTLM's challenge can be exported too.
// \param pPackedContext  Receives the packed context: BufferType SECBUFFER_EMPTY, and cbBuffer
//     bytes at pvBuffer, which the caller frees with FreeContextBuffer. They are encrypted, and
//     can be imported for a few minutes, by servers with the same name or `[export] audience`, and
//     once in each process, or in all that share `[export] once_file`. Zeros after an error.
// \param pToken  Receives NULL: the imported context has the client's token. May be NULL.
//
// Returns SEC_E_OK; SEC_E_INVALID_HANDLE (also: not established, or failed); SEC_E_CANNOT_PACK
// (Kerberos, or a client, in progress; a context in progress whose credential has an identity,
// accounts or keys of its own; no key); SEC_E_UNSUPPORTED_FUNCTION
// (SECPKG_CONTEXT_EXPORT_TO_KERNEL and other flags); SEC_E_INVALID_PARAMETER (NULL for
// pPackedContext); SEC_E_INSUFFICIENT_MEMORY. For a context of another package, what the operating
// system's secur32.dll returns.
SECURITY_STATUS ExportSecurityContext(PCtxtHandle phContext,
                                      ULONG fFlags,
                                      PSecBuffer pPackedContext,
                                      void **pToken);

// Makes a context from the bytes of ExportSecurityContext, in this process or another.
//
// \param pszPackage  The package of the exported context: the credential's, or the one that
//     Negotiate has chosen. For a package of the operating system, its secur32.dll imports.
// \param pPackedContext  The packed context. It stays the caller's.
// \param Token  Ignored; may be NULL.
// \param phContext  Receives the context's handle, which DeleteSecurityContext ends.
//
// Returns SEC_E_OK; SEC_E_SECPKG_NOT_FOUND (no such package); SEC_E_BAD_PKGID (another package's
// context); SEC_E_INVALID_TOKEN (not a packed context, changed, sealed with another key, for others or
// by another version, too old, or imported before); SEC_E_LOGON_DENIED (this process would not have
// let the client in); SEC_E_NO_CREDENTIALS (the configured key or `[export] once_file` is not
// available); SEC_E_INVALID_HANDLE (NULL for phContext); SEC_E_INVALID_PARAMETER (NULL for
// pPackedContext); SEC_E_INSUFFICIENT_MEMORY.
SECURITY_STATUS ImportSecurityContextW(SEC_WCHAR *pszPackage,
                                       PSecBuffer pPackedContext,
                                       void *Token,
                                       PCtxtHandle phContext);

// ImportSecurityContextW with ANSI text.
SECURITY_STATUS ImportSecurityContextA(SEC_CHAR *pszPackage,
                                       PSecBuffer pPackedContext,
                                       void *Token,
                                       PCtxtHandle phContext);

// Describes the library in this process, for operators. Its presence shows that the library is in
// place.
//
// \param Buffer  Receives UTF-8 text that ends with a zero: lines `key=value`, each with a line
//     feed. `version`; `platform`; `configuration`, the file that the library looks for;
//     `configuration_state`, `in force`, `in force as last read: ...` (the file cannot be used as
//     it is now), `missing: ...` or `not in force, ...`; `mechanisms`;
//     `accounts`, the account file, and `accounts_usable`, how many of its lines can be used;
//     `keytab`; `computer`; `domain`. Others may follow. Not touched after an error.
// \param cbBuffer  Bytes at Buffer; 0 to ask for the number.
// \param pcbNeeded  Receives the number of bytes that were, or would have been, written. May be
//     NULL.
//
// Returns SEC_E_OK, SEC_E_BUFFER_TOO_SMALL or SEC_E_INVALID_PARAMETER (Buffer is NULL).
SECURITY_STATUS NegosspDescribe(SEC_CHAR *Buffer, ULONG cbBuffer, ULONG *pcbNeeded);

// Queries a token's client.
//
// \param Token  From QuerySecurityContextToken. Several threads may use it at once.
// \param Class  The information to get. Text is UTF-8 and ends with a zero.
//     - NEGOSSP_TOKEN_USER_NAME: the name of the client's account on this machine; empty if the
//       configuration gives it by numbers.
//     - NEGOSSP_TOKEN_USER_IDS: a NEGOSSP_TOKEN_IDS.
//     - NEGOSSP_TOKEN_GROUPS: the IDs of the account's groups, an array of ULONG.
//     - NEGOSSP_TOKEN_CLIENT_NAME: the client's name as in SECPKG_ATTR_NAMES.
//     - NEGOSSP_TOKEN_SID: the client's SID as text, `S-1-5-21-...`.
//     - NEGOSSP_TOKEN_GROUP_SIDS: the SIDs of its enabled groups, each followed by a line feed.
//     - NEGOSSP_TOKEN_LEVEL: the impersonation level, a ULONG: NEGOSSP_LEVEL_*.
//     - NEGOSSP_TOKEN_PACKAGE: the package that authenticated the client, `Kerberos` or `NTLM`.
//     - NEGOSSP_TOKEN_EXPIRY: the time when the client's context ends, a TimeStamp in local time.
//     - NEGOSSP_TOKEN_ORIGINS: lines `logon=...`, `name=...`, `sid=...`, `groups=...`,
//       `account=...` with the source of each value: `account file`, `PAC`, ...; for the account
//       the method of `[tokens] map` in the configuration. Others may follow.
// \param Buffer  Receives it; not touched after an error.
// \param cbBuffer  Bytes at Buffer; 0 to ask for the number.
// \param pcbNeeded  Receives the number of bytes that were, or would have been, written. May be
//     NULL.
//
// Returns SEC_E_OK; SEC_E_BUFFER_TOO_SMALL; SEC_E_INVALID_HANDLE; SEC_E_INVALID_PARAMETER (Buffer
// is NULL); SEC_E_UNSUPPORTED_FUNCTION: no such class, or the client's SID is not known.
SECURITY_STATUS NegosspQueryToken(HANDLE Token, ULONG Class, void *Buffer, ULONG cbBuffer, ULONG *pcbNeeded);

// Closes a token. Threads that impersonate its client continue to do so.
//
// \param Token  From QuerySecurityContextToken.
//
// Returns SEC_E_OK; SEC_E_INVALID_HANDLE: not a token, or closed already.
SECURITY_STATUS NegosspCloseToken(HANDLE Token);

// ImpersonateSecurityContext, for the client of a token, whose context may have been deleted.
//
// \param Token  From QuerySecurityContextToken.
//
// Returns what ImpersonateSecurityContext does.
SECURITY_STATUS NegosspImpersonateToken(HANDLE Token);

// The calling process becomes the client of a token, for good: for a child process between fork
// and exec, whose program then has the client's rights and no others.
//
// All its user and group numbers become the account's, its groups are the account's, and it keeps
// no capability. ImpersonateSecurityContext does not suffice for that: the real user stays the
// server's there, and a program may make it the effective one. Files that the parent has open and
// did not mark close-on-exec are the program's too.
//
// \param Token  From QuerySecurityContextToken, called before the fork. The thread that forks may
//     impersonate a client.
//
// Returns SEC_E_OK; SEC_E_NO_IMPERSONATION: the child must end, since it may be partly the client;
// SEC_E_INVALID_HANDLE.
SECURITY_STATUS NegosspBecomeToken(HANDLE Token);

// Ends what NegosspImpersonateToken began, as RevertSecurityContext does.
//
// \param Token  The token. It may have been closed meanwhile.
//
// Returns what RevertSecurityContext does.
SECURITY_STATUS NegosspRevertToken(HANDLE Token);

#ifdef __cplusplus
}
#endif

#define SecPkgInfo NEGOSSP_AW(SecPkgInfo)
#define PSecPkgInfo NEGOSSP_AW(PSecPkgInfo)
#define SecPkgContext_Names NEGOSSP_AW(SecPkgContext_Names)
#define PSecPkgContext_Names NEGOSSP_AW(PSecPkgContext_Names)
#define SecPkgContext_KeyInfo NEGOSSP_AW(SecPkgContext_KeyInfo)
#define PSecPkgContext_KeyInfo NEGOSSP_AW(PSecPkgContext_KeyInfo)
#define SecPkgContext_Authority NEGOSSP_AW(SecPkgContext_Authority)
#define PSecPkgContext_Authority NEGOSSP_AW(PSecPkgContext_Authority)
#define SecPkgContext_ProtoInfo NEGOSSP_AW(SecPkgContext_ProtoInfo)
#define PSecPkgContext_ProtoInfo NEGOSSP_AW(PSecPkgContext_ProtoInfo)
#define SecPkgContext_PackageInfo NEGOSSP_AW(SecPkgContext_PackageInfo)
#define PSecPkgContext_PackageInfo NEGOSSP_AW(PSecPkgContext_PackageInfo)
#define SecPkgContext_NegotiationInfo NEGOSSP_AW(SecPkgContext_NegotiationInfo)
#define PSecPkgContext_NegotiationInfo NEGOSSP_AW(PSecPkgContext_NegotiationInfo)
#define SecPkgContext_NativeNames NEGOSSP_AW(SecPkgContext_NativeNames)
#define PSecPkgContext_NativeNames NEGOSSP_AW(PSecPkgContext_NativeNames)
#define SecPkgContext_CredentialName NEGOSSP_AW(SecPkgContext_CredentialName)
#define PSecPkgContext_CredentialName NEGOSSP_AW(PSecPkgContext_CredentialName)
#define SecPkgCredentials_Names NEGOSSP_AW(SecPkgCredentials_Names)
#define PSecPkgCredentials_Names NEGOSSP_AW(PSecPkgCredentials_Names)
#define SecPkgCredentials_SSIProvider NEGOSSP_AW(SecPkgCredentials_SSIProvider)
#define PSecPkgCredentials_SSIProvider NEGOSSP_AW(PSecPkgCredentials_SSIProvider)
#define SEC_WINNT_AUTH_IDENTITY NEGOSSP_U_AW(SEC_WINNT_AUTH_IDENTITY)
#define PSEC_WINNT_AUTH_IDENTITY NEGOSSP_U_AW(PSEC_WINNT_AUTH_IDENTITY)
#define SEC_WINNT_AUTH_IDENTITY_EX NEGOSSP_AW(SEC_WINNT_AUTH_IDENTITY_EX)
#define PSEC_WINNT_AUTH_IDENTITY_EX NEGOSSP_AW(PSEC_WINNT_AUTH_IDENTITY_EX)
#define ENUMERATE_SECURITY_PACKAGES_FN NEGOSSP_U_AW(ENUMERATE_SECURITY_PACKAGES_FN)
#define QUERY_CREDENTIALS_ATTRIBUTES_FN NEGOSSP_U_AW(QUERY_CREDENTIALS_ATTRIBUTES_FN)
#define ACQUIRE_CREDENTIALS_HANDLE_FN NEGOSSP_U_AW(ACQUIRE_CREDENTIALS_HANDLE_FN)
#define INITIALIZE_SECURITY_CONTEXT_FN NEGOSSP_U_AW(INITIALIZE_SECURITY_CONTEXT_FN)
#define QUERY_CONTEXT_ATTRIBUTES_FN NEGOSSP_U_AW(QUERY_CONTEXT_ATTRIBUTES_FN)
#define QUERY_SECURITY_PACKAGE_INFO_FN NEGOSSP_U_AW(QUERY_SECURITY_PACKAGE_INFO_FN)
#define IMPORT_SECURITY_CONTEXT_FN NEGOSSP_U_AW(IMPORT_SECURITY_CONTEXT_FN)
#define ADD_CREDENTIALS_FN NEGOSSP_U_AW(ADD_CREDENTIALS_FN)
#define SET_CONTEXT_ATTRIBUTES_FN NEGOSSP_U_AW(SET_CONTEXT_ATTRIBUTES_FN)
#define SET_CREDENTIALS_ATTRIBUTES_FN NEGOSSP_U_AW(SET_CREDENTIALS_ATTRIBUTES_FN)
#define CHANGE_PASSWORD_FN NEGOSSP_U_AW(CHANGE_PASSWORD_FN)
#define QUERY_CONTEXT_ATTRIBUTES_EX_FN NEGOSSP_U_AW(QUERY_CONTEXT_ATTRIBUTES_EX_FN)
#define QUERY_CREDENTIALS_ATTRIBUTES_EX_FN NEGOSSP_U_AW(QUERY_CREDENTIALS_ATTRIBUTES_EX_FN)
#define SecurityFunctionTable NEGOSSP_AW(SecurityFunctionTable)
#define PSecurityFunctionTable NEGOSSP_AW(PSecurityFunctionTable)
#define INIT_SECURITY_INTERFACE NEGOSSP_U_AW(INIT_SECURITY_INTERFACE)
#define AcquireCredentialsHandle NEGOSSP_AW(AcquireCredentialsHandle)
#define AddCredentials NEGOSSP_AW(AddCredentials)
#define QueryCredentialsAttributes NEGOSSP_AW(QueryCredentialsAttributes)
#define InitializeSecurityContext NEGOSSP_AW(InitializeSecurityContext)
#define QueryContextAttributes NEGOSSP_AW(QueryContextAttributes)
#define QueryContextAttributesEx NEGOSSP_AW(QueryContextAttributesEx)
#define EnumerateSecurityPackages NEGOSSP_AW(EnumerateSecurityPackages)
#define QuerySecurityPackageInfo NEGOSSP_AW(QuerySecurityPackageInfo)
#define AddSecurityPackage NEGOSSP_AW(AddSecurityPackage)
#define DeleteSecurityPackage NEGOSSP_AW(DeleteSecurityPackage)
#define SetContextAttributes NEGOSSP_AW(SetContextAttributes)
#define SetCredentialsAttributes NEGOSSP_AW(SetCredentialsAttributes)
#define QueryCredentialsAttributesEx NEGOSSP_AW(QueryCredentialsAttributesEx)
#define ChangeAccountPassword NEGOSSP_AW(ChangeAccountPassword)
#define SspiAcquireCredentialsHandleAsync NEGOSSP_AW(SspiAcquireCredentialsHandleAsync)
#define SspiInitializeSecurityContextAsync NEGOSSP_AW(SspiInitializeSecurityContextAsync)
#define ImportSecurityContext NEGOSSP_AW(ImportSecurityContext)
#define InitSecurityInterface NEGOSSP_AW(InitSecurityInterface)

#endif /* !_WIN32 */

#endif /* NEGOSSP_H */
