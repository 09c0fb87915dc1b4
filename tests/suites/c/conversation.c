#include "conversation.h"

#define OR(value, usual) ((value) ? (value) : (usual))

size_t length_w(const SEC_WCHAR *text) {
    size_t length = 0;
    while (text && text[length]) length++;
    return length;
}

bool equal_w(const SEC_WCHAR *a, const SEC_WCHAR *b) {
    return a && b && length_w(a) == length_w(b) && memcmp(a, b, length_w(a) * sizeof *a) == 0;
}

bool equal_wa(const SEC_WCHAR *wide, const char *ascii) {
    if (!wide || length_w(wide) != strlen(ascii)) return false;
    for (size_t i = 0; ascii[i]; i++) {
        if (wide[i] != (unsigned char)ascii[i]) return false;
    }
    return true;
}

SEC_WINNT_AUTH_IDENTITY_W identity_w(SEC_WCHAR *user, SEC_WCHAR *domain, SEC_WCHAR *password) {
    return (SEC_WINNT_AUTH_IDENTITY_W){
        .User = user,
        .UserLength = (ULONG)length_w(user),
        .Domain = domain,
        .DomainLength = (ULONG)length_w(domain),
        .Password = password,
        .PasswordLength = (ULONG)length_w(password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE,
    };
}

bool conversation_open(struct conversation *c, const struct terms *terms) {
    memset(c, 0, sizeof *c);
    if (terms) c->terms = *terms;
    struct terms *t = &c->terms;
    t->package = OR(t->package, u"Negotiate");
    t->client_package = OR(t->client_package, t->package);
    t->target = OR(t->target, u"HTTP/server.example.com");
    t->client_requirements = OR(t->client_requirements, CLIENT_USUAL);
    SEC_WINNT_AUTH_IDENTITY_W user = identity_w(OR(t->user, USER), OR(t->domain, DOMAIN), OR(t->password, PASSWORD));
    if (t->anonymous) user = identity_w(u"", u"", u"");
    c->client.has_credential = CHECK_STATUS(
        W->AcquireCredentialsHandleW(NULL, t->client_package, SECPKG_CRED_OUTBOUND, NULL, &user, NULL, NULL,
                                     &c->client.credential, &c->client.expiry),
        SEC_E_OK);
    c->server.has_credential = CHECK_STATUS(
        W->AcquireCredentialsHandleW(NULL, t->package, SECPKG_CRED_INBOUND, NULL, t->server_identity, NULL, NULL,
                                     &c->server.credential, &c->server.expiry),
        SEC_E_OK);
    return c->client.has_credential && c->server.has_credential;
}

static void side_close(struct side *side) {
    if (side->has_context) CHECK_STATUS(W->DeleteSecurityContext(&side->context), SEC_E_OK);
    if (side->has_credential) CHECK_STATUS(W->FreeCredentialsHandle(&side->credential), SEC_E_OK);
    side->has_context = side->has_credential = false;
}

void conversation_close(struct conversation *c) {
    side_close(&c->client);
    side_close(&c->server);
}

SECURITY_STATUS client_leg_with(struct conversation *c, const void *token, ULONG length) {
    const struct terms *t = &c->terms;
    struct side *side = &c->client;
    SecBuffer in[2] = {{length, SECBUFFER_TOKEN, (void *)token},
                       {t->client_bindings_length, SECBUFFER_CHANNEL_BINDINGS, t->client_bindings}};
    bool skip_token = !token && length == 0;
    SecBufferDesc in_desc = {SECBUFFER_VERSION, (t->client_bindings ? 2u : 1u) - skip_token, in + skip_token};
    SecBuffer out = {sizeof side->sent.data, SECBUFFER_TOKEN, side->sent.data};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle new_context = {0, 0};
    side->status = W->InitializeSecurityContextW(
        &side->credential, side->has_context ? &side->context : NULL, t->target, t->client_requirements, 0,
        t->drep, in_desc.cBuffers ? &in_desc : NULL, 0, side->has_context ? &side->context : &new_context,
        &out_desc, &side->attributes, &side->expiry);
    if (!side->has_context && side->status >= 0) {
        side->context = new_context;
        side->has_context = true;
    }
    side->sent.length = out.cbBuffer;
    c->servers_turn = true;
    return side->status;
}

SECURITY_STATUS server_leg_with(struct conversation *c, const void *token, ULONG length) {
    const struct terms *t = &c->terms;
    struct side *side = &c->server;
    SecBuffer in[3] = {{length, SECBUFFER_TOKEN, (void *)token}};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, in};
    if (t->server_bindings)
        in[in_desc.cBuffers++] = (SecBuffer){t->server_bindings_length, SECBUFFER_CHANNEL_BINDINGS, t->server_bindings};
    if (t->server_address)
        in[in_desc.cBuffers++] = (SecBuffer){t->server_address_length, SECBUFFER_NEGOSSP_PEER_ADDRESS, t->server_address};
    ULONG result_length = t->bindings_result_length ? t->bindings_result_length : sizeof *t->bindings_result;
    SecBuffer out[2] = {{sizeof side->sent.data, SECBUFFER_TOKEN, side->sent.data},
                        {result_length, SECBUFFER_CHANNEL_BINDINGS_RESULT, t->bindings_result}};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, t->bindings_result ? 2 : 1, out};
    CtxtHandle new_context = {0, 0};
    side->status = W->AcceptSecurityContext(&side->credential, side->has_context ? &side->context : NULL, &in_desc,
                                            t->server_requirements, t->drep,
                                            side->has_context ? &side->context : &new_context, &out_desc,
                                            &side->attributes, &side->expiry);
    if (!side->has_context && side->status >= 0) {
        side->context = new_context;
        side->has_context = true;
    }
    side->sent.length = out[0].cbBuffer;
    c->servers_turn = false;
    return side->status;
}

SECURITY_STATUS client_leg(struct conversation *c) {
    if (!c->client.has_context) return client_leg_with(c, NULL, 0);
    return client_leg_with(c, c->server.sent.data, c->server.sent.length);
}

SECURITY_STATUS server_leg(struct conversation *c) {
    return server_leg_with(c, c->client.sent.data, c->client.sent.length);
}

/* Whether the side still has, or may have, a leg to make. */
static bool goes_on(const struct side *side) {
    return !side->has_context || side->status == SEC_I_CONTINUE_NEEDED;
}

bool converse(struct conversation *c) {
    for (int legs = 0; legs < 8 && (goes_on(&c->client) || goes_on(&c->server)); legs++) {
        struct side *next = c->servers_turn ? &c->server : &c->client;
        if (!goes_on(next)) break;
        SECURITY_STATUS status = c->servers_turn ? server_leg(c) : client_leg(c);
        if (status != SEC_I_CONTINUE_NEEDED && !CHECK_STATUS(status, SEC_E_OK)) return false;
    }
    return CHECK_STATUS(c->client.status, SEC_E_OK) && CHECK_STATUS(c->server.status, SEC_E_OK);
}

bool conversation_establish(struct conversation *c, const struct terms *terms) {
    return conversation_open(c, terms) && converse(c);
}

bool conversation_until_last_leg(struct conversation *c, const struct terms *terms) {
    return conversation_open(c, terms) && CHECK_STATUS(client_leg(c), SEC_I_CONTINUE_NEEDED) &&
           CHECK_STATUS(server_leg(c), SEC_I_CONTINUE_NEEDED) && CHECK(client_leg(c) >= 0);
}

/* Seals a message on one side and decrypts it on the other. */
static bool send_message(struct side *from, struct side *to, ULONG number) {
    static const char text[] = "attack at dawn";
    char message[sizeof text];
    unsigned char trailer[64];
    memcpy(message, text, sizeof text);
    SecBuffer buffers[2] = {{sizeof trailer, SECBUFFER_TOKEN, trailer}, {sizeof message, SECBUFFER_DATA, message}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop = 77;
    return CHECK_STATUS(W->EncryptMessage(&from->context, 0, &desc, number), SEC_E_OK) &&
           CHECK(memcmp(message, text, sizeof text) != 0) &&
           CHECK_STATUS(W->DecryptMessage(&to->context, &desc, number, &qop), SEC_E_OK) &&
           CHECK(memcmp(message, text, sizeof text) == 0) && CHECK_EQUAL(qop, 77);
}

bool conversation_works(struct conversation *c) {
    return send_message(&c->client, &c->server, 0) && send_message(&c->server, &c->client, 0);
}

#ifdef _WIN32
#define ADDRESS_INET 2
#define ADDRESS_INET6 23
#else
#define ADDRESS_INET 2
#define ADDRESS_INET6 10
#endif

struct socket_address inet(const char *address) {
    struct socket_address made = {ADDRESS_INET, 0x1234, {0}};
    memcpy(made.rest, address, 4);
    return made;
}

struct socket_address inet6(const char *address) {
    struct socket_address made = {ADDRESS_INET6, 0x1234, {0}};
    memcpy(made.rest + 4, address, 16);
    return made;
}
