/*
 * Peers with the GSS-API, as a server written for it uses them: gss-ntlmssp behind MIT's mechglue (GSS_MECH_CONFIG names the
 * plug-in), MIT's Kerberos, and with -DHEIMDAL Heimdal's. KEYTAB_IN_MEMORY: MIT's keytab is copied there first.
 */
#include "peer.h"
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#ifdef HEIMDAL
#define PEER_NAME "Heimdal"
#else
#define PEER_NAME "gss-ntlmssp" /* or MIT, by LABEL */
#include <gssapi/gssapi_ext.h>
#include <krb5.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gss_OID_desc oid_spnego = {6, "\x2b\x06\x01\x05\x05\x02"};
static gss_OID_desc oid_ntlm = {10, "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"};
static gss_OID_desc oid_krb5 = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};

static int what;
static gss_OID mechanism;
static gss_cred_id_t inbound, outbound;
static gss_name_t target;
static __thread gss_buffer_desc held; /* what `seal` or `unseal` returned last */

static void check(const char *call, OM_uint32 major, OM_uint32 minor) {
    if (!GSS_ERROR(major)) return;
    fprintf(stderr, "%s: %s: major %08x minor %08x\n", what & KERBEROS ? "Kerberos" : "NTLM", call, major, minor);
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

static gss_cred_id_t acquire(gss_cred_usage_t usage) {
    OM_uint32 major, minor;
    gss_cred_id_t credential;
    gss_name_t user = GSS_C_NO_NAME;
    gss_OID inner = what & KERBEROS ? &oid_krb5 : &oid_ntlm;
    gss_OID_set_desc in_spnego = {1, inner}, wanted = {1, what & SPNEGO ? &oid_spnego : inner};
    mechanism = wanted.elements;
    if (usage == GSS_C_INITIATE && !(what & KERBEROS)) user = import(BENCH_DOMAIN "\\" BENCH_USER, GSS_C_NT_USER_NAME);
    major = gss_acquire_cred(&minor, user, GSS_C_INDEFINITE, &wanted, usage, &credential, NULL, NULL);
    check("gss_acquire_cred", major, minor);
#ifdef HEIMDAL /* has no gss_set_neg_mechs, and no other mechanism with credentials */
    (void)in_spnego;
#else
    if (what & SPNEGO) {
        major = gss_set_neg_mechs(&minor, credential, &in_spnego);
        check("gss_set_neg_mechs", major, minor);
    }
#endif
    return credential;
}

/* MIT reads the keytab's file at each acceptance. */
static void keytab_to_memory(void) {
#ifndef HEIMDAL
    krb5_context context;
    krb5_keytab file, memory;
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    if (!getenv("KEYTAB_IN_MEMORY")) return;
    if (krb5_init_context(&context) || krb5_kt_default(context, &file) || krb5_kt_resolve(context, "MEMORY:bench", &memory) ||
        krb5_kt_start_seq_get(context, file, &cursor))
        check("keytab", GSS_S_FAILURE, 0);
    while (!krb5_kt_next_entry(context, file, &entry, &cursor)) krb5_kt_add_entry(context, memory, &entry);
    krb5_kt_end_seq_get(context, file, &cursor);
    setenv("KRB5_KTNAME", "MEMORY:bench", 1);
#endif
}

static void start_acceptor(int measured) {
    what = measured;
    if (what & KERBEROS) keytab_to_memory();
    inbound = acquire(GSS_C_ACCEPT);
}

static void start_initiator(int measured) {
    what = measured;
    outbound = acquire(GSS_C_INITIATE);
    target = what & KERBEROS ? import(getenv("BENCH_SERVICE"), (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME)
                             : import("HTTP@" BENCH_TARGET, GSS_C_NT_HOSTBASED_SERVICE);
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

static void accept_leg(context *c, const token *in, token *out) {
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

static void initiate_leg(context *c, const token *in, token *out) {
    OM_uint32 major, minor, flags;
    gss_ctx_id_t h = (gss_ctx_id_t)c->handle[0];
    gss_buffer_desc given = {in->size, (void *)in->data}, made = GSS_C_EMPTY_BUFFER;
    major = gss_init_sec_context(&minor, outbound, &h, target, mechanism,
                                 GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG |
                                     (what & KERBEROS ? GSS_C_MUTUAL_FLAG : 0),
                                 0,
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

#define SIGNATURE (what & KERBEROS ? KERBEROS_MIC : NTLM_ROOM)

static uint8_t *seal(context *c, uint8_t *message, size_t size) {
    OM_uint32 major, minor;
    gss_buffer_desc plain = {size, message + room_for(what)};
    gss_release_buffer(&minor, &held);
    major = gss_wrap(&minor, (gss_ctx_id_t)c->handle[0], 1, GSS_C_QOP_DEFAULT, &plain, NULL, &held);
    check("gss_wrap", major, minor);
    if (held.length != size + room_for(what)) check("gss_wrap: length", GSS_S_FAILURE, 0);
    return held.value;
}

static uint8_t *unseal(context *c, uint8_t *message, size_t size) {
    OM_uint32 major, minor;
    gss_buffer_desc sealed = {room_for(what) + size, message};
    gss_release_buffer(&minor, &held);
    major = gss_unwrap(&minor, (gss_ctx_id_t)c->handle[0], &sealed, &held, NULL, NULL);
    check("gss_unwrap", major, minor);
    return held.value;
}

static void sign(context *c, uint8_t *message, size_t size) {
    OM_uint32 major, minor;
    gss_buffer_desc data = {size, message + room_for(what)}, mic;
    major = gss_get_mic(&minor, (gss_ctx_id_t)c->handle[0], GSS_C_QOP_DEFAULT, &data, &mic);
    check("gss_get_mic", major, minor);
    memcpy(message, mic.value, SIGNATURE);
    gss_release_buffer(&minor, &mic);
}

static void verify(context *c, uint8_t *message, size_t size) {
    OM_uint32 major, minor;
    gss_buffer_desc data = {size, message + room_for(what)}, mic = {SIGNATURE, message};
    major = gss_verify_mic(&minor, (gss_ctx_id_t)c->handle[0], &data, &mic, NULL);
    check("gss_verify_mic", major, minor);
}

const peer *bench_peer(void) {
    static const peer p = {
        .name = PEER_NAME, .start_acceptor = start_acceptor, .start_initiator = start_initiator,
        .accept = accept_leg, .initiate = initiate_leg, .close = close_context,
        .seal = seal, .unseal = unseal, .sign = sign, .verify = verify,
    };
    return &p;
}
