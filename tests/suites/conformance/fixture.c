#include "fixture.h"

SecBufferDesc desc_of(SecBuffer *buffers, ULONG count) {
    return (SecBufferDesc){SECBUFFER_VERSION, count, buffers};
}

bool untouched(const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (((const unsigned char *)bytes)[i] != FILLER) return false;
    }
    return true;
}

/* The call of `side` that takes `token`, if there is one. */
static void lay_out(struct fixture *d, bool accepts, const struct bytes *token) {
    struct side *side = accepts ? &d->c.server : &d->c.client;
    d->accepts = accepts;
    d->credential = &side->credential;
    d->fresh = zero_handle;
    d->context = side->has_context ? &side->context : NULL;
    d->new_context = side->has_context ? &side->context : &d->fresh;
    d->target = d->c.terms.target;
    d->requirements = accepts ? d->c.terms.server_requirements : d->c.terms.client_requirements;
    d->reserved1 = d->reserved2 = 0;
    d->drep = SECURITY_NATIVE_DREP;
    memset(d->in, 0, sizeof d->in);
    memset(d->out, 0, sizeof d->out);
    if (token) d->in[0] = (SecBuffer){token->length, SECBUFFER_TOKEN, (void *)token->data};
    d->in_desc = desc_of(d->in, 1);
    d->input = token ? &d->in_desc : NULL;
    memset(d->room, FILLER, sizeof d->room);
    d->out[0] = (SecBuffer){sizeof d->room, SECBUFFER_TOKEN, d->room};
    d->out_desc = desc_of(d->out, 1);
    d->output = &d->out_desc;
    d->attributes = 0;
    d->attributes_at = &d->attributes;
    memset(&d->expiry, 0, sizeof d->expiry);
    d->expiry_at = &d->expiry;
}

bool fixture_client_first_with(struct fixture *d, const struct terms *terms) {
    memset(d, 0, sizeof *d);
    if (!conversation_open(&d->c, terms)) return false;
    lay_out(d, false, NULL);
    return true;
}

bool fixture_server_first_with(struct fixture *d, const struct terms *terms) {
    if (!fixture_client_first_with(d, terms) || !CHECK_STATUS(client_leg(&d->c), SEC_I_CONTINUE_NEEDED)) return false;
    lay_out(d, true, &d->c.client.sent);
    return true;
}

static bool fixture_client_second_with(struct fixture *d, const struct terms *terms) {
    if (!fixture_server_first_with(d, terms) || !CHECK_STATUS(server_leg(&d->c), SEC_I_CONTINUE_NEEDED)) return false;
    lay_out(d, false, &d->c.server.sent);
    return true;
}

bool fixture_server_second_with(struct fixture *d, const struct terms *terms) {
    if (!fixture_client_second_with(d, terms) || !CHECK(client_leg(&d->c) >= 0)) return false;
    lay_out(d, true, &d->c.client.sent);
    return true;
}

bool fixture_client_first(struct fixture *d, SEC_WCHAR *package) {
    return fixture_client_first_with(d, &(struct terms){.package = package});
}

bool fixture_client_second(struct fixture *d, SEC_WCHAR *package) {
    return fixture_client_second_with(d, &(struct terms){.package = package});
}

bool fixture_server_first(struct fixture *d, SEC_WCHAR *package) {
    return fixture_server_first_with(d, &(struct terms){.package = package});
}

bool fixture_server_second(struct fixture *d, SEC_WCHAR *package) {
    return fixture_server_second_with(d, &(struct terms){.package = package});
}

/* Tried only once. */
bool somebody_gets_in(SEC_WCHAR *package) {
    static int known[2];
    int *in = &known[equal_wa(package, "NTLM")];
    if (*in == 0) {
        struct conversation c;
        *in = contexts(&c, package) ? 1 : -1;
        conversation_close(&c);
    }
    return CHECK(*in == 1);
}

bool fixture_server_last_with(struct fixture *d, const struct terms *terms) {
    return somebody_gets_in(terms->package) && fixture_server_second_with(d, terms);
}

bool fixture_server_last(struct fixture *d, SEC_WCHAR *package) {
    return fixture_server_last_with(d, &(struct terms){.package = package});
}

SECURITY_STATUS fixture_call(struct fixture *d) {
    d->status = d->accepts ? W->AcceptSecurityContext(d->credential, d->context, d->input, d->requirements, d->drep,
                                                      d->new_context, d->output, d->attributes_at, d->expiry_at)
                           : W->InitializeSecurityContextW(d->credential, d->context, d->target, d->requirements,
                                                           d->reserved1, d->drep, d->input, d->reserved2, d->new_context,
                                                           d->output, d->attributes_at, d->expiry_at);
    struct side *side = d->accepts ? &d->c.server : &d->c.client;
    if (!side->has_context && d->status >= 0) {
        side->context = d->fresh;
        side->has_context = true;
    }
    side->status = d->status;
    return d->status;
}

bool fixture_finish(struct fixture *d) {
    struct side *side = d->accepts ? &d->c.server : &d->c.client;
    if (fixture_call(d) < 0) return CHECK_STATUS(d->status, SEC_I_CONTINUE_NEEDED);
    if (!CHECK(d->out[0].cbBuffer <= sizeof side->sent.data)) return false;
    side->sent.length = d->out[0].cbBuffer;
    if (side->sent.length) memcpy(side->sent.data, d->out[0].pvBuffer, side->sent.length);
    d->c.servers_turn = !d->accepts;
    return converse(&d->c);
}

void fixture_close(struct fixture *d) {
    conversation_close(&d->c);
}

void check_nothing_came_of_it(const char *file, int line, struct fixture *d) {
    check_number(file, line, "cbBuffer", d->out[0].cbBuffer, 0);
    CtxtHandle context = d->fresh;
    check(file, line, "there is no context", W->DeleteSecurityContext(&context) < 0);
}

void fixture_refuses_context(bool (*before)(struct fixture *d, SEC_WCHAR *package), SecHandle handle) {
    struct fixture d;
    REACH(before(&d, u"NTLM"));
    d.context = d.new_context = &handle;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_HANDLE);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    fixture_close(&d);
}

bool contexts(struct conversation *c, SEC_WCHAR *package) {
    return conversation_establish(c, &(struct terms){.package = package});
}
