/* gss-ntlmssp behind MIT's mechglue, as a server written for the GSS-API uses it. GSS_MECH_CONFIG names the plug-in. */
#include "peer.h"
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gss_OID_desc SPNEGO = {6, "\x2b\x06\x01\x05\x05\x02"};
static gss_OID_desc NTLMSSP = {10, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};

static gss_OID mechanism;
static gss_cred_id_t inbound, outbound;
static gss_name_t target;
static __thread gss_buffer_desc held; /* what `seal` or `unseal` returned last */

static void check(const char *what, OM_uint32 major, OM_uint32 minor) {
    if (!GSS_ERROR(major)) return;
    fprintf(stderr, "gss-ntlmssp: %s: major %08x minor %08x\n", what, major, minor);
    exit(1);
}

static gss_name_t import(const char *text, gss_OID type) {
    OM_uint32 major, minor;
    gss_name_t name;
    gss_buffer_desc buffer = {strlen(text), (void *)text};
    major = gss_import_name(&minor, &buffer, type, &name);
    check("gss_import_name", major, minor);
    return name;
}

static gss_cred_id_t acquire(int spnego, gss_cred_usage_t usage) {
    OM_uint32 major, minor;
    gss_cred_id_t credential;
    gss_name_t user = GSS_C_NO_NAME;
    gss_OID_set_desc ntlm = {1, &NTLMSSP}, wanted = {1, spnego ? &SPNEGO : &NTLMSSP};
    mechanism = wanted.elements;
    if (usage == GSS_C_INITIATE) user = import(BENCH_DOMAIN "\\" BENCH_USER, GSS_C_NT_USER_NAME);
    major = gss_acquire_cred(&minor, user, GSS_C_INDEFINITE, &wanted, usage, &credential, NULL, NULL);
    check("gss_acquire_cred", major, minor);
    if (spnego) {
        major = gss_set_neg_mechs(&minor, credential, &ntlm);
        check("gss_set_neg_mechs", major, minor);
    }
    return credential;
}

static void start_acceptor(int spnego) { inbound = acquire(spnego, GSS_C_ACCEPT); }

static void start_initiator(int spnego) {
    outbound = acquire(spnego, GSS_C_INITIATE);
    target = import("HTTP@" BENCH_TARGET, GSS_C_NT_HOSTBASED_SERVICE);
}

/* Stores the outcome of a leg. */
static void leg(context *c, gss_ctx_id_t h, gss_buffer_desc *made, token *out, int established) {
    OM_uint32 minor;
    if (made->length > TOKEN_MAX) check("token too long", GSS_S_FAILURE, 0);
    memcpy(out->data, made->value, out->size = made->length);
    gss_release_buffer(&minor, made);
    c->handle[0] = (uintptr_t)h;
    c->open = 1;
    c->established = established;
}

static void accept(context *c, const token *in, token *out) {
    OM_uint32 major, minor, flags;
    gss_ctx_id_t h = (gss_ctx_id_t)c->handle[0];
    gss_name_t client = GSS_C_NO_NAME;
    gss_buffer_desc given = {in->size, (void *)in->data}, made = GSS_C_EMPTY_BUFFER;
    major = gss_accept_sec_context(&minor, &h, inbound, &given, GSS_C_NO_CHANNEL_BINDINGS, &client, NULL, &made, &flags,
                                   NULL, NULL);
    check("gss_accept_sec_context", major, minor);
    gss_release_name(&minor, &client);
    leg(c, h, &made, out, major == GSS_S_COMPLETE);
}

static void initiate(context *c, const token *in, token *out) {
    OM_uint32 major, minor, flags;
    gss_ctx_id_t h = (gss_ctx_id_t)c->handle[0];
    gss_buffer_desc given = {in->size, (void *)in->data}, made = GSS_C_EMPTY_BUFFER;
    major = gss_init_sec_context(&minor, outbound, &h, target, mechanism,
                                 GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG, 0,
                                 GSS_C_NO_CHANNEL_BINDINGS, c->open ? &given : GSS_C_NO_BUFFER, NULL, &made, &flags, NULL);
    check("gss_init_sec_context", major, minor);
    leg(c, h, &made, out, major == GSS_S_COMPLETE);
}

static void close_context(context *c) {
    OM_uint32 minor;
    gss_ctx_id_t h = (gss_ctx_id_t)c->handle[0];
    if (c->open) gss_delete_sec_context(&minor, &h, GSS_C_NO_BUFFER);
    memset(c, 0, sizeof *c);
}

static uint8_t *seal(context *c, uint8_t *message, size_t size) {
    OM_uint32 major, minor;
    gss_buffer_desc plain = {size, message + SIGNATURE_SIZE};
    gss_release_buffer(&minor, &held);
    major = gss_wrap(&minor, (gss_ctx_id_t)c->handle[0], 1, GSS_C_QOP_DEFAULT, &plain, NULL, &held);
    check("gss_wrap", major, minor);
    if (held.length != size + SIGNATURE_SIZE) check("gss_wrap: length", GSS_S_FAILURE, 0);
    return held.value;
}

static uint8_t *unseal(context *c, uint8_t *message, size_t size) {
    OM_uint32 major, minor;
    gss_buffer_desc sealed = {SIGNATURE_SIZE + size, message};
    gss_release_buffer(&minor, &held);
    major = gss_unwrap(&minor, (gss_ctx_id_t)c->handle[0], &sealed, &held, NULL, NULL);
    check("gss_unwrap", major, minor);
    return held.value;
}

static void sign(context *c, uint8_t *message, size_t size) {
    OM_uint32 major, minor;
    gss_buffer_desc data = {size, message + SIGNATURE_SIZE}, mic;
    major = gss_get_mic(&minor, (gss_ctx_id_t)c->handle[0], GSS_C_QOP_DEFAULT, &data, &mic);
    check("gss_get_mic", major, minor);
    memcpy(message, mic.value, SIGNATURE_SIZE);
    gss_release_buffer(&minor, &mic);
}

static void verify(context *c, uint8_t *message, size_t size) {
    OM_uint32 major, minor;
    gss_buffer_desc data = {size, message + SIGNATURE_SIZE}, mic = {SIGNATURE_SIZE, message};
    major = gss_verify_mic(&minor, (gss_ctx_id_t)c->handle[0], &data, &mic, NULL);
    check("gss_verify_mic", major, minor);
}

const peer *bench_peer(void) {
    static const peer p = {
        .name = "gss-ntlmssp", .start_acceptor = start_acceptor, .start_initiator = start_initiator,
        .accept = accept, .initiate = initiate, .close = close_context,
        .seal = seal, .unseal = unseal, .sign = sign, .verify = verify,
    };
    return &p;
}
