/*
 * Kerberos initiators: contexts with a ticket that is cached already, and logons with a password, which take an AS and a TGS
 * exchange. Only the initiator's CPU time counts; the acceptor is negossp's, and the KDC another process.
 *
 *   initiators TEST N   TEST: cached or password; N contexts. Prints `LABEL,TEST,microseconds of CPU for each context`
 *
 * Compiled with -DPEER_GSS it measures the library that it is linked with (MIT's, Heimdal's), else negossp. NEGOSSP_LIBRARY is
 * the library for both. KRB5_CONFIG, KRB5CCNAME and KRB5_KTNAME are the realm's; BENCH_SERVICE is the service's principal.
 */
#include "negossp.h"
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef PEER_GSS
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <gssapi/gssapi_ext.h>
#endif

#define BATCH 50
#define TOKEN 16384

typedef struct {
    unsigned char bytes[TOKEN];
    unsigned long length;
} Token;

static double spent;
static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void fail(const char *what, unsigned status) {
    fprintf(stderr, "%s: %08x\n", what, status);
    exit(1);
}

static PSecurityFunctionTableW sspi;
static SEC_WCHAR *wide(const char *text) {
    SEC_WCHAR *w = calloc(strlen(text) + 1, sizeof *w);
    for (size_t i = 0; text[i]; i++) w[i] = (unsigned char)text[i];
    return w;
}

/* ---- the acceptor ---- */

static CredHandle inbound;
static void accept_token(Token *token, Token *reply) {
    CtxtHandle context;
    SecBuffer in = {token->length, SECBUFFER_TOKEN, token->bytes}, out = {TOKEN, SECBUFFER_TOKEN, reply->bytes};
    SecBufferDesc ins = {SECBUFFER_VERSION, 1, &in}, outs = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    SECURITY_STATUS status = sspi->AcceptSecurityContext(&inbound, NULL, &ins, 0, SECURITY_NATIVE_DREP, &context, &outs,
                                                         &attributes, NULL);
    if (status != SEC_E_OK) fail("AcceptSecurityContext", status);
    reply->length = out.cbBuffer;
    sspi->DeleteSecurityContext(&context);
}

/* ---- initiators ---- */

#ifdef PEER_GSS
typedef gss_ctx_id_t Context;
typedef gss_cred_id_t Credential;
static gss_OID_desc krb5 = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};
static gss_OID_set_desc krb5_only = {1, &krb5};
static gss_name_t target;

static gss_name_t name_of(const char *text) {
    OM_uint32 minor;
    gss_name_t name;
    gss_buffer_desc buffer = {strlen(text), (void *)text};
    /* GSS_KRB5_NT_PRINCIPAL_NAME */
    static gss_OID_desc principal = {10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01"};
    if (gss_import_name(&minor, &buffer, &principal, &name)) fail("gss_import_name", minor);
    return name;
}
static Credential acquire(const char *password) {
    OM_uint32 major, minor;
    Credential credential = GSS_C_NO_CREDENTIAL;
    if (!password) {
        major = gss_acquire_cred(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &krb5_only, GSS_C_INITIATE, &credential, NULL, NULL);
    } else {
        gss_buffer_desc secret = {strlen(password), (void *)password};
        gss_name_t alice = name_of("alice@EXAMPLE.TEST");
        major = gss_acquire_cred_with_password(&minor, alice, &secret, GSS_C_INDEFINITE, &krb5_only, GSS_C_INITIATE, &credential,
                                               NULL, NULL);
        gss_release_name(&minor, &alice);
    }
    if (GSS_ERROR(major)) fail("gss_acquire_cred", minor);
    return credential;
}
static void release(Credential *credential) {
    OM_uint32 minor;
    gss_release_cred(&minor, credential);
}
static void leg(Credential credential, Context *context, int first, Token *in, Token *out) {
    OM_uint32 minor, flags;
    gss_buffer_desc given = {in ? in->length : 0, in ? in->bytes : NULL}, made = {0, NULL};
    OM_uint32 major = gss_init_sec_context(&minor, credential, context, target, &krb5,
                                           GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG |
                                               GSS_C_INTEG_FLAG,
                                           0, NULL, &given, NULL, &made, &flags, NULL);
    if (major != (first ? GSS_S_CONTINUE_NEEDED : GSS_S_COMPLETE)) fail("gss_init_sec_context", minor);
    if (out) {
        memcpy(out->bytes, made.value, made.length);
        out->length = made.length;
    }
    gss_release_buffer(&minor, &made);
}
static void start(Context *context) { *context = GSS_C_NO_CONTEXT; }
static void end(Context *context) {
    OM_uint32 minor;
    gss_delete_sec_context(&minor, context, NULL);
}
static void prepare(const char *service) { target = name_of(service); }
#else
typedef CtxtHandle Context;
typedef CredHandle Credential;
static SEC_WCHAR *target;

static Credential acquire(const char *password) {
    Credential credential;
    SEC_WINNT_AUTH_IDENTITY_W identity = {0};
    SECURITY_STATUS status;
    if (password) {
        identity.User = wide("alice");
        identity.UserLength = 5;
        identity.Domain = wide("EXAMPLE.TEST");
        identity.DomainLength = 12;
        identity.Password = wide(password);
        identity.PasswordLength = strlen(password);
        identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    }
    status = sspi->AcquireCredentialsHandleW(NULL, wide("Kerberos"), SECPKG_CRED_OUTBOUND, NULL, password ? &identity : NULL,
                                             NULL, NULL, &credential, NULL);
    if (status != SEC_E_OK) fail("AcquireCredentialsHandle", status);
    return credential;
}
static void release(Credential *credential) { sspi->FreeCredentialsHandle(credential); }
static void leg(Credential credential, Context *context, int first, Token *in, Token *out) {
    SecBuffer given = {in ? in->length : 0, SECBUFFER_TOKEN, in ? in->bytes : NULL};
    SecBuffer made = {TOKEN, SECBUFFER_TOKEN, out ? out->bytes : NULL};
    SecBufferDesc ins = {SECBUFFER_VERSION, 1, &given}, outs = {SECBUFFER_VERSION, out ? 1 : 0, &made};
    ULONG attributes;
    SECURITY_STATUS status = sspi->InitializeSecurityContextW(
        &credential, first ? NULL : context, target,
        ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY, 0,
        SECURITY_NATIVE_DREP, in ? &ins : NULL, 0, context, out ? &outs : NULL, &attributes, NULL);
    if (status != (first ? SEC_I_CONTINUE_NEEDED : SEC_E_OK)) fail("InitializeSecurityContext", status);
    if (out) out->length = made.cbBuffer;
}
static void start(Context *context) { memset(context, 0, sizeof *context); }
static void end(Context *context) { sspi->DeleteSecurityContext(context); }
static void prepare(const char *service) { target = wide(service); }
#endif

static Context contexts[BATCH];
static Token requests[BATCH], replies[BATCH];

static void batch(Credential credential, int count) {
    double begun = now();
    for (int i = 0; i < count; i++) {
        start(&contexts[i]);
        leg(credential, &contexts[i], 1, NULL, &requests[i]);
    }
    spent += now() - begun;
    for (int i = 0; i < count; i++) accept_token(&requests[i], &replies[i]);
    begun = now();
    for (int i = 0; i < count; i++) leg(credential, &contexts[i], 0, &replies[i], NULL);
    for (int i = 0; i < count; i++) end(&contexts[i]);
    spent += now() - begun;
}

int main(int argc, char **argv) {
    const char *service = getenv("BENCH_SERVICE"), *label = getenv("LABEL");
    int n = argc == 3 ? atoi(argv[2]) : 0;
    void *library = dlopen(getenv("NEGOSSP_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    if (n <= 0 || !service || !library) {
        fprintf(stderr, "initiators cached|password N: %s\n", library ? "see the source" : dlerror());
        return 2;
    }
    sspi = ((PSecurityFunctionTableW(*)(void))dlsym(library, "InitSecurityInterfaceW"))();
    SECURITY_STATUS status = sspi->AcquireCredentialsHandleW(NULL, wide("Kerberos"), SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                                             &inbound, NULL);
    if (status != SEC_E_OK) fail("AcquireCredentialsHandle", status);
    prepare(service);
    if (!strcmp(argv[1], "cached")) {
        Credential credential = acquire(NULL);
        batch(credential, 1); /* gets the ticket */
        spent = 0;
        for (int done = 0; done < n; done += BATCH) batch(credential, BATCH);
        n = (n + BATCH - 1) / BATCH * BATCH;
        release(&credential);
    } else {
        for (int i = 0; i <= n; i++) {
            double begun = now();
            Credential credential = acquire("Passw0rd!");
            spent += now() - begun;
            batch(credential, 1);
            begun = now();
            release(&credential);
            spent += now() - begun;
            if (i == 0) spent = 0; /* what is made once */
        }
    }
    printf("%s,%s,%.1f\n", label ? label : "", argv[1], spent / n);
    return 0;
}
