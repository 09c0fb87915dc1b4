/* AcceptSecurityContext: its buffers. */
#include "fixture.h"

/* ---- the output */

PROMISE(AcceptSecurityContext, null_output_without_a_token_to_give, "page: pOutput is optional; NTLM's last call gives no token") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    d.output = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, output_of_another_type, "bad use: no SECBUFFER_TOKEN buffer for the token") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.out[0].BufferType = SECBUFFER_DATA;
    CHECK_REFUSED(fixture_call(&d));
    CHECK(untouched(d.room, sizeof d.room));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, output_too_small_and_again, "negossp.h: the answer needs a buffer of the cbBuffer now set. Nothing has changed: call again") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.out[0].cbBuffer = 8;
    CHECK(fixture_call(&d) < 0);
    CHECK(d.out[0].cbBuffer > 8 && d.out[0].cbBuffer < sizeof d.room);
    CHECK(fixture_finish(&d));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, output_too_small_and_again_later, "negossp.h: nothing has changed: call again") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"Negotiate"));
    d.out[0].cbBuffer = 3;
    CHECK_STATUS(fixture_call(&d), SEC_E_BUFFER_TOO_SMALL);
    CHECK(d.out[0].cbBuffer > 3 && d.out[0].cbBuffer < sizeof d.room);
    CHECK(fixture_finish(&d));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, output_of_endless_length, "bad use: cbBuffer is 0xFFFFFFFF; no more is written than the token has") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    d.out[0].cbBuffer = 0xFFFFFFFF;
    if (CHECK_OK_OR_REFUSED(fixture_call(&d)) && d.status >= 0) {
        CHECK(d.out[0].cbBuffer < sizeof d.room && untouched(d.room + d.out[0].cbBuffer, sizeof d.room - d.out[0].cbBuffer));
    }
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, output_stays_within_the_buffer, "page: cbBuffer is the size of the buffer, and then of the token") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(untouched(d.room + d.out[0].cbBuffer, sizeof d.room - d.out[0].cbBuffer));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, no_token_is_of_length_0, "page: the output is sent if there is any; cbBuffer tells") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, allocates, "servers: ASC_REQ_ALLOCATE_MEMORY with pvBuffer = NULL, cbBuffer = 0") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    d.requirements |= ASC_REQ_ALLOCATE_MEMORY;
    d.out[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    REQUIRE_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].pvBuffer != NULL && d.out[0].cbBuffer > 0);
    CHECK_STATUS(W->FreeContextBuffer(d.out[0].pvBuffer), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, says_that_it_allocated, "page: ASC_RET_ALLOCATED_MEMORY can be checked before the final return") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    d.requirements |= ASC_REQ_ALLOCATE_MEMORY;
    d.out[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    REQUIRE_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.attributes & ASC_RET_ALLOCATED_MEMORY);
    W->FreeContextBuffer(d.out[0].pvBuffer);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, does_not_allocate_unasked, "page: without ASC_REQ_ALLOCATE_MEMORY the buffers are the caller's") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].pvBuffer == d.room && !(d.attributes & ASC_RET_ALLOCATED_MEMORY));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, allocates_nothing_for_no_token, "servers: the output is freed in any case, and sent if cbBuffer > 0") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    d.requirements |= ASC_REQ_ALLOCATE_MEMORY;
    d.out[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    REQUIRE_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    CHECK_STATUS(W->FreeContextBuffer(d.out[0].pvBuffer), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, every_leg_allocated, "servers: ASC_REQ_ALLOCATE_MEMORY, attributes fed back, every output freed") {
    struct fixture d;
    ULONG attributes = ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_INTEGRITY;
    REACH(fixture_server_last_with(&d, &(struct terms){.package = u"Negotiate", .server_requirements = ASC_REQ_INTEGRITY}));
    d.requirements = attributes;
    d.out[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    REQUIRE_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(d.attributes & ASC_RET_INTEGRITY);
    CHECK(d.out[0].cbBuffer > 0);
    CHECK_STATUS(client_leg_with(&d.c, d.out[0].pvBuffer, d.out[0].cbBuffer), SEC_E_OK);
    CHECK_STATUS(W->FreeContextBuffer(d.out[0].pvBuffer), SEC_E_OK);
    fixture_close(&d);
}

/* ---- the output after an error */

PROMISE(AcceptSecurityContext, error_leaves_no_output, "servers: after an error the output is sent if cbBuffer > 0: it is 0 or a valid token") {
    struct fixture d;
    REACH(fixture_server_last_with(&d, &(struct terms){.package = u"Negotiate", .password = u"wrong"}));
    CHECK_STATUS(fixture_call(&d), SEC_E_LOGON_DENIED);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, extended_error, "page: ASC_REQ_EXTENDED_ERROR, when errors occur the remote party will be notified") {
    struct fixture d;
    REACH(fixture_server_last_with(&d, &(struct terms){.package = u"Negotiate", .password = u"wrong"}));
    d.requirements |= ASC_REQ_EXTENDED_ERROR;
    CHECK_STATUS(fixture_call(&d), SEC_E_LOGON_DENIED);
    CHECK(d.out[0].cbBuffer > 0);
    if (d.out[0].cbBuffer > 0) {
        CHECK(d.room[0] == 0xa1); /* NegTokenResp */
        CHECK(client_leg_with(&d.c, d.room, d.out[0].cbBuffer) < 0);
    }
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, error_allocated, "servers: after an error the output is sent and freed if cbBuffer > 0") {
    struct fixture d;
    REACH(fixture_server_last_with(&d, &(struct terms){.package = u"Negotiate", .password = u"wrong"}));
    d.requirements |= ASC_REQ_EXTENDED_ERROR | ASC_REQ_ALLOCATE_MEMORY;
    d.out[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    CHECK_STATUS(fixture_call(&d), SEC_E_LOGON_DENIED);
    CHECK((d.out[0].cbBuffer > 0) == (d.out[0].pvBuffer != NULL));
    CHECK_STATUS(W->FreeContextBuffer(d.out[0].pvBuffer), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, error_allocates_nothing_unasked, "servers: after an error pvBuffer is freed: it is NULL, or what the library gave") {
    struct fixture d;
    REACH(fixture_server_second_with(&d, &(struct terms){.package = u"NTLM", .password = u"wrong"}));
    d.requirements |= ASC_REQ_ALLOCATE_MEMORY;
    d.out[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    CHECK_STATUS(fixture_call(&d), SEC_E_LOGON_DENIED);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    CHECK(d.out[0].pvBuffer == NULL);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, extended_error_without_room, "servers: after an error cbBuffer is 0 or the length of a token that is there") {
    struct fixture d;
    REACH(fixture_server_last_with(&d, &(struct terms){.package = u"Negotiate", .password = u"wrong"}));
    d.requirements |= ASC_REQ_EXTENDED_ERROR;
    d.out[0].cbBuffer = 2;
    CHECK_STATUS(fixture_call(&d), SEC_E_LOGON_DENIED);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    CHECK(untouched(d.room + 2, sizeof d.room - 2));
    fixture_close(&d);
}

/* ---- the input */

PROMISE(AcceptSecurityContext, input_of_another_version, "header: ulVersion must be SECBUFFER_VERSION") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in_desc.ulVersion = 1;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_without_buffers, "bad use: cBuffers is 0 where NTLM needs a token") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in_desc.cBuffers = 0;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_of_null_buffers, "bad use: pBuffers is NULL and cBuffers is not 0") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in_desc.pBuffers = NULL;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_of_endless_buffers, "bad use: cBuffers is 0xFFFFFFFF") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in_desc.cBuffers = 0xFFFFFFFF;
    CHECK_OK_OR_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_of_another_type, "page: the first buffer must be of type SECBUFFER_TOKEN") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in[0].BufferType = SECBUFFER_DATA;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_buffer_of_null, "bad use: pvBuffer is NULL and cbBuffer is not 0") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in[0].pvBuffer = NULL;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_of_endless_length, "bad use: an input of 0xFFFFFFFF bytes") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in[0].cbBuffer = 0xFFFFFFFF;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_with_an_empty_buffer_behind, "page: the second buffer should be of type SECBUFFER_EMPTY") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in[1] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    d.in_desc.cBuffers = 2;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_token_is_not_the_first, "page of SecBufferDesc: an array of buffers, each with its type") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in[1] = d.in[0];
    d.in[0] = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    d.in_desc.cBuffers = 2;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_marked_read_only, "header: SECBUFFER_ATTRMASK are attributes beside the type") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in[0].BufferType |= SECBUFFER_READONLY;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_is_read_no_further, "page: cbBuffer is the size of the token") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"Negotiate"));
    d.in[0].pvBuffer = fence(d.c.client.sent.data, d.c.client.sent.length);
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fence_free(d.in[0].pvBuffer, d.c.client.sent.length);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_is_not_changed, "page: pInput's token is an input") {
    struct fixture d;
    struct bytes before;
    REACH(fixture_server_last(&d, u"NTLM"));
    before = d.c.client.sent;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(memcmp(before.data, d.c.client.sent.data, before.length) == 0 && d.in[0].cbBuffer == before.length);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, in_place, "servers: one buffer for what comes and what goes") {
    struct fixture d;
    REACH(somebody_gets_in(u"Negotiate") && fixture_server_first(&d, u"Negotiate"));
    memcpy(d.room, d.c.client.sent.data, d.c.client.sent.length);
    d.in[0].pvBuffer = d.room;
    CHECK(fixture_finish(&d));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, input_and_output_are_one_descriptor, "bad use: pInput and pOutput are the same") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    memcpy(d.room, d.c.client.sent.data, d.c.client.sent.length);
    d.out[0].cbBuffer = d.c.client.sent.length;
    d.input = d.output;
    CHECK_OK_OR_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

/* ---- channel bindings */

struct bound {
    SEC_CHANNEL_BINDINGS head;
    char data[32];
};

static struct bound bindings(const char *data) {
    struct bound b;
    memset(&b, 0, sizeof b);
    b.head.cbApplicationDataLength = (ULONG)strlen(data);
    b.head.dwApplicationDataOffset = sizeof b.head;
    memcpy(b.data, data, strlen(data));
    return b;
}

static ULONG length_of(const struct bound *b) {
    return (ULONG)sizeof b->head + b->head.cbApplicationDataLength;
}

static struct terms bound_terms(struct bound *client, struct bound *server) {
    return (struct terms){.package = u"NTLM", .client_bindings = client, .client_bindings_length = length_of(client),
                          .server_bindings = server, .server_bindings_length = length_of(server)};
}

/* The server's last call, with bindings of its own. */
static bool bound_second(struct fixture *d, struct bound *client, struct bound *server) {
    struct terms terms = bound_terms(client, server);
    if (!fixture_server_second_with(d, &terms)) return false;
    d->in[1] = (SecBuffer){length_of(server), SECBUFFER_CHANNEL_BINDINGS, server};
    d->in_desc.cBuffers = 2;
    return true;
}

PROMISE(AcceptSecurityContext, same_channel, "page: channel bindings in a buffer of type SECBUFFER_CHANNEL_BINDINGS") {
    struct fixture d;
    struct bound b = bindings("tls-unique:0123456789ab");
    REACH(bound_second(&d, &b, &b));
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, another_channel, "page of the status codes: SEC_E_BAD_BINDINGS, the client's channel bindings were incorrect") {
    struct fixture d;
    struct bound one = bindings("tls-unique:0123456789ab"), two = bindings("tls-unique:ba9876543210");
    REACH(bound_second(&d, &one, &two));
    CHECK_STATUS(fixture_call(&d), SEC_E_BAD_BINDINGS);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, bindings_out_of_their_buffer, "bad use: offsets in SEC_CHANNEL_BINDINGS beyond the buffer") {
    struct fixture d;
    struct bound b = bindings("tls-unique:0123456789ab"), wrong = b;
    REACH(bound_second(&d, &b, &b));
    wrong.head.dwApplicationDataOffset = 0xFFFFFFF0;
    d.in[1].pvBuffer = &wrong;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, bindings_cut_off, "bad use: a SECBUFFER_CHANNEL_BINDINGS buffer shorter than the structure") {
    struct fixture d;
    struct bound b = bindings("tls-unique:0123456789ab");
    REACH(bound_second(&d, &b, &b));
    d.in[1].cbBuffer = 5;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, bindings_before_the_token, "page of SecBufferDesc: an array of buffers, each with its type") {
    struct fixture d;
    struct bound b = bindings("tls-unique:0123456789ab");
    REACH(bound_second(&d, &b, &b));
    SecBuffer token = d.in[0];
    d.in[0] = d.in[1], d.in[1] = token;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}
