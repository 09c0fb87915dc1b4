/*
 * The peers that offer SSPI's own ABI: negossp, WinPR 3, and sspi-rs's C library. One source, compiled against each one's
 * header (-DWINPR: winpr's), so that all are called exactly alike. Without -DWINPR the library is named by NEGOSSP_LIBRARY
 * or, compiled with -DPEER_NAME and -DLIBRARY_VARIABLE, by that variable.
 */
#include "peer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef WINPR
#include <winpr/ntlm.h>
#include <winpr/sspi.h>
#include <winpr/wlog.h>
#define PEER_NAME "WinPR 3"
typedef SecurityFunctionTableW function_table;
typedef UINT16 wide;
#else
#include <dlfcn.h>
#include <negossp.h>
#ifndef PEER_NAME
#define PEER_NAME "negossp"
#define LIBRARY_VARIABLE "NEGOSSP_LIBRARY"
#endif
typedef SecurityFunctionTableW function_table;
typedef uint16_t wide;
#endif

static const function_table *table;
static CredHandle inbound, outbound;
static wide target[64];

static void check(const char *what, SECURITY_STATUS status) {
    if (status >= 0) return; /* SEC_E_... are negative, SEC_E_OK and SEC_I_... are not */
    fprintf(stderr, "%s: %s: %08x\n", PEER_NAME, what, (unsigned)status);
    exit(1);
}
static size_t widen(wide *to, const char *from) {
    size_t n = 0;
    while ((to[n] = (unsigned char)from[n])) n++;
    return n;
}

static void start(void) {
    if (table) return;
#ifdef WINPR
    WLog_SetLogLevel(WLog_GetRoot(), WLOG_OFF);
    table = InitSecurityInterfaceExW(SSPI_INTERFACE_WINPR);
#else
    const char *path = getenv(LIBRARY_VARIABLE);
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) {
        fprintf(stderr, "%s: %s: %s\n", PEER_NAME, LIBRARY_VARIABLE, path ? dlerror() : "not set");
        exit(1);
    }
    function_table *(*init)(void) = (function_table * (*)(void)) dlsym(library, "InitSecurityInterfaceW");
    table = init ? init() : NULL;
#endif
    if (!table) check("InitSecurityInterfaceW", -1);
    widen(target, "HTTP/" BENCH_TARGET);
}

static void acquire(CredHandle *credential, int spnego, int usage) {
    static wide user[32], domain[32], password[32], package[32];
    TimeStamp expiry;
    start();
    widen(package, spnego ? "Negotiate" : "NTLM");
#ifdef WINPR
    static wide list[32];
    static char sam[1024];
    static SEC_WINPR_NTLM_SETTINGS ntlm;
    SEC_WINNT_AUTH_IDENTITY_WINPR winpr = {0};
    SEC_WINNT_AUTH_IDENTITY_EXW *identity = (SEC_WINNT_AUTH_IDENTITY_EXW *)&winpr.identity;
    snprintf(sam, sizeof sam, "%s", getenv("WINPR_SAM") ? getenv("WINPR_SAM") : "");
    ntlm.samFile = sam;
    winpr.ntlmSettings = &ntlm;
    identity->Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    identity->Length = sizeof winpr.identity;
    identity->Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_EXTENDED;
    identity->PackageListLength = widen(list, "ntlm,!kerberos");
    identity->PackageList = list;
    int with_name = usage == SECPKG_CRED_OUTBOUND;
#else
    SEC_WINNT_AUTH_IDENTITY_W plain = {0}, *identity = &plain;
    identity->Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    int with_name = usage == SECPKG_CRED_OUTBOUND || getenv("INBOUND_IDENTITY");
#endif
    void *data = identity;
    if (with_name) {
        identity->UserLength = widen(user, BENCH_USER);
        identity->User = user;
        identity->DomainLength = widen(domain, BENCH_DOMAIN);
        identity->Domain = domain;
        identity->PasswordLength = widen(password, BENCH_PASSWORD);
        identity->Password = password;
    }
#ifndef WINPR
    else data = NULL;
#endif
    check("AcquireCredentialsHandle", table->AcquireCredentialsHandleW(NULL, package, usage, NULL, data, NULL, NULL,
                                                                      credential, &expiry));
}
static void start_acceptor(int spnego) { acquire(&inbound, spnego, SECPKG_CRED_INBOUND); }
static void start_initiator(int spnego) { acquire(&outbound, spnego, SECPKG_CRED_OUTBOUND); }

_Static_assert(sizeof(CtxtHandle) == 2 * sizeof(uintptr_t), "a context handle fits into context.handle");

static void accept(context *c, const token *in, token *out) {
    SecBuffer given = {in->size, SECBUFFER_TOKEN, (void *)in->data}, made = {TOKEN_MAX, SECBUFFER_TOKEN, out->data};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &given}, output = {SECBUFFER_VERSION, 1, &made};
    CtxtHandle *h = (CtxtHandle *)c->handle;
    ULONG attributes = 0;
    TimeStamp expiry;
    SECURITY_STATUS status = table->AcceptSecurityContext(
        &inbound, c->open ? h : NULL, &input,
        ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT, SECURITY_NATIVE_DREP,
        h, &output, &attributes, &expiry);
    check("AcceptSecurityContext", status);
    c->open = 1;
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        check("CompleteAuthToken", table->CompleteAuthToken(h, &output));
        status = status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
    }
    out->size = made.cbBuffer;
    c->established = status == SEC_E_OK;
}

static void initiate(context *c, const token *in, token *out) {
    SecBuffer given = {in->size, SECBUFFER_TOKEN, (void *)in->data}, made = {TOKEN_MAX, SECBUFFER_TOKEN, out->data};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &given}, output = {SECBUFFER_VERSION, 1, &made};
    CtxtHandle *h = (CtxtHandle *)c->handle;
    ULONG attributes = 0;
    TimeStamp expiry;
    SECURITY_STATUS status = table->InitializeSecurityContextW(
        &outbound, c->open ? h : NULL, target,
        ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT, 0, SECURITY_NATIVE_DREP,
        c->open ? &input : NULL, 0, h, &output, &attributes, &expiry);
    check("InitializeSecurityContext", status);
    c->open = 1;
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        check("CompleteAuthToken", table->CompleteAuthToken(h, &output));
        status = status == SEC_I_COMPLETE_NEEDED ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
    }
    out->size = made.cbBuffer;
    c->established = status == SEC_E_OK;
}

static void close_context(context *c) {
    if (c->open) table->DeleteSecurityContext((CtxtHandle *)c->handle);
    memset(c, 0, sizeof *c);
}

/* The two buffers of a message: its data and its signature. */
#define MESSAGE(message, size)                                                      \
    SecBuffer buffers[2] = {{(ULONG)(size), SECBUFFER_DATA, (message) + SIGNATURE_SIZE}, \
                            {SIGNATURE_SIZE, SECBUFFER_TOKEN, (message)}};          \
    SecBufferDesc descriptor = {SECBUFFER_VERSION, 2, buffers};                     \
    CtxtHandle *h = (CtxtHandle *)c->handle

static uint8_t *seal(context *c, uint8_t *message, size_t size) {
    MESSAGE(message, size);
    check("EncryptMessage", table->EncryptMessage(h, 0, &descriptor, c->sent++));
    return message;
}
static uint8_t *unseal(context *c, uint8_t *message, size_t size) {
    MESSAGE(message, size);
    ULONG qop;
    check("DecryptMessage", table->DecryptMessage(h, &descriptor, c->received++, &qop));
    return message + SIGNATURE_SIZE;
}
static void sign(context *c, uint8_t *message, size_t size) {
    MESSAGE(message, size);
    check("MakeSignature", table->MakeSignature(h, 0, &descriptor, c->sent++));
}
static void verify(context *c, uint8_t *message, size_t size) {
    MESSAGE(message, size);
    ULONG qop;
    check("VerifySignature", table->VerifySignature(h, &descriptor, c->received++, &qop));
}

const peer *bench_peer(void) {
    static const peer p = {
        .name = PEER_NAME, .start_acceptor = start_acceptor, .start_initiator = start_initiator,
        .accept = accept, .initiate = initiate, .close = close_context,
        .seal = seal, .unseal = unseal, .sign = sign, .verify = verify,
    };
    return &p;
}
