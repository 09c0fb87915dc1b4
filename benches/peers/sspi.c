/*
 * The peers with SSPI's own ABI: negossp, and with -DWINPR WinPR 3. One source, compiled against each one's header, so that
 * both are called exactly alike. negossp is loaded from the path in NEGOSSP_LIBRARY.
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
#else
#include <dlfcn.h>
#include <negossp.h>
#define PEER_NAME "negossp"
#endif
typedef uint16_t wide;

static const SecurityFunctionTableW *table;
static CredHandle outbound;
static wide target[64];
static int what;

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

/* The function table. */
#ifdef WINPR
static const SecurityFunctionTableW *load(void) {
    WLog_SetLogLevel(WLog_GetRoot(), WLOG_OFF);
    return InitSecurityInterfaceExW(SSPI_INTERFACE_WINPR);
}
#else
static const SecurityFunctionTableW *load(void) {
    const char *path = getenv("NEGOSSP_LIBRARY");
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) {
        fprintf(stderr, "NEGOSSP_LIBRARY: %s\n", path ? dlerror() : "not set");
        exit(1);
    }
    PSecurityFunctionTableW (*init)(void) = (PSecurityFunctionTableW(*)(void))dlsym(library, "InitSecurityInterfaceW");
    return init ? init() : NULL;
}
#endif

/* `pAuthData`: the account for an initiator, for an acceptor whatever the library wants there. */
#define FILL_NAME(identity)                                     \
    do {                                                        \
        static wide user[32], domain[32], password[32];         \
        (identity).UserLength = widen(user, BENCH_USER);        \
        (identity).User = user;                                 \
        (identity).DomainLength = widen(domain, BENCH_DOMAIN);  \
        (identity).Domain = domain;                             \
        (identity).PasswordLength = widen(password, BENCH_PASSWORD); \
        (identity).Password = password;                         \
    } while (0)
#ifdef WINPR
static void *auth_data(int initiator) {
    static wide packages[32];
    static char file[1024];
    static SEC_WINPR_NTLM_SETTINGS ntlm = {.samFile = file};
    static SEC_WINNT_AUTH_IDENTITY_WINPR winpr;
    snprintf(file, sizeof file, "%s", getenv("WINPR_SAM") ? getenv("WINPR_SAM") : "");
    memset(&winpr, 0, sizeof winpr);
    winpr.ntlmSettings = &ntlm;
    winpr.identity.Version = SEC_WINNT_AUTH_IDENTITY_VERSION;
    winpr.identity.Length = sizeof winpr.identity;
    winpr.identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | SEC_WINNT_AUTH_IDENTITY_EXTENDED;
    winpr.identity.PackageListLength = widen(packages, "ntlm,!kerberos");
    winpr.identity.PackageList = (void *)packages;
    if (initiator) FILL_NAME(winpr.identity);
    return &winpr;
}
#else
static void *auth_data(int initiator) {
    static SEC_WINNT_AUTH_IDENTITY_W identity;
    if (!initiator) return NULL;
    identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    FILL_NAME(identity);
    return &identity;
}
#endif

static void acquire(CredHandle *credential, int usage) {
    wide package[32];
    TimeStamp expiry;
    widen(package, what & SPNEGO ? "Negotiate" : what & KERBEROS ? "Kerberos" : "NTLM");
    check("AcquireCredentialsHandle", table->AcquireCredentialsHandleW(NULL, package, usage, NULL,
                                                                      auth_data(usage == SECPKG_CRED_OUTBOUND), NULL, NULL,
                                                                      credential, &expiry));
}
static void start(int measured) {
    what = measured;
    if (!table) table = load();
    if (!table) check("InitSecurityInterfaceW", -1);
    widen(target, "HTTP/" BENCH_TARGET);
}
static void start_initiator(int measured) {
    start(measured);
    acquire(&outbound, SECPKG_CRED_OUTBOUND);
}
/* WinPR writes into the credential while accepting, so that threads cannot share one. */
#ifdef WINPR
#define PER_THREAD __thread
#else
#define PER_THREAD
#endif
static CredHandle *inbound(void) {
    static PER_THREAD CredHandle credential;
    static PER_THREAD int acquired;
    if (!acquired) acquire(&credential, SECPKG_CRED_INBOUND), acquired = 1;
    return &credential;
}
static void start_acceptor(int measured) {
    start(measured);
    inbound();
}

_Static_assert(sizeof(CtxtHandle) == 2 * sizeof(uintptr_t), "a context handle fits into context.handle");

static void accept(context *c, const token *in, token *out) {
    SecBuffer given = {in->size, SECBUFFER_TOKEN, (void *)in->data}, made = {TOKEN_MAX, SECBUFFER_TOKEN, out->data};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &given}, output = {SECBUFFER_VERSION, 1, &made};
    CtxtHandle *h = (CtxtHandle *)c->handle;
    unsigned attributes = 0;
    TimeStamp expiry;
    SECURITY_STATUS status = table->AcceptSecurityContext(
        inbound(), c->open ? h : NULL, &input,
        ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT |
            (what & KERBEROS ? ASC_REQ_MUTUAL_AUTH : 0),
        SECURITY_NATIVE_DREP, h, &output, &attributes, &expiry);
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
    unsigned attributes = 0;
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

/* The two buffers of a message: its data, and the signature or trailer in the room before it. */
#define MESSAGE(message, size, trailer)                                                \
    SecBuffer buffers[2] = {{(ULONG)(size), SECBUFFER_DATA, (message) + room_for(what)}, \
                            {(trailer), SECBUFFER_TOKEN, (message)}};                  \
    SecBufferDesc descriptor = {SECBUFFER_VERSION, 2, buffers};                        \
    CtxtHandle *h = (CtxtHandle *)c->handle
#define SIGNATURE (what & KERBEROS ? KERBEROS_MIC : NTLM_ROOM)

static uint8_t *seal(context *c, uint8_t *message, size_t size) {
    MESSAGE(message, size, room_for(what));
    check("EncryptMessage", table->EncryptMessage(h, 0, &descriptor, c->sent++));
    return message;
}
static uint8_t *unseal(context *c, uint8_t *message, size_t size) {
    MESSAGE(message, size, room_for(what));
    ULONG qop;
    if (what & KERBEROS) { /* gss_wrap's token is one piece, its checksum at the end: a SECBUFFER_STREAM finds the data */
        buffers[0] = (SecBuffer){(ULONG)(size + room_for(what)), SECBUFFER_STREAM, message};
        buffers[1] = (SecBuffer){0, SECBUFFER_DATA, NULL};
    }
    check("DecryptMessage", table->DecryptMessage(h, &descriptor, c->received++, &qop));
    return what & KERBEROS ? buffers[1].pvBuffer : message + room_for(what);
}
static void sign(context *c, uint8_t *message, size_t size) {
    MESSAGE(message, size, SIGNATURE);
    check("MakeSignature", table->MakeSignature(h, 0, &descriptor, c->sent++));
}
static void verify(context *c, uint8_t *message, size_t size) {
    MESSAGE(message, size, SIGNATURE);
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
