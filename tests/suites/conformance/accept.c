/* AcceptSecurityContext: tokens, handles, order of calls, attributes. Its buffers are in accept_buffers.c. */
#include "fixture.h"

/* ---- the first call */

PROMISE(AcceptSecurityContext, ntlm_begins, "page: SEC_I_CONTINUE_NEEDED, send the token to the client and wait for one in return") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].cbBuffer >= 12 && memcmp(d.room, "NTLMSSP\0\2\0\0\0", 12) == 0);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, negotiate_begins, "page: SEC_I_CONTINUE_NEEDED, send the token to the client and wait for one in return") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].cbBuffer > 0 && d.room[0] == 0xa1);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, gives_a_handle, "page: on the first call phNewContext receives the new context handle") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK(SecIsValidHandle(&d.fresh) && !HANDLE_IS_ZERO(d.fresh));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, negotiate_without_a_token, "protocol [MS-SPNG] 3.2.5.2: without a token from the client the server begins, with NegTokenInit2") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    d.in[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].cbBuffer > 0 && d.room[0] == 0x60);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, negotiate_with_null_input, "page: pInput is optional, and can be NULL if no initial token is ready") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    d.input = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    CHECK(d.out[0].cbBuffer > 0);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, negotiate_takes_a_bare_ntlm_token, "protocol [MS-SPNG] 3.3.5.1: a token that is NTLM's own is taken as such") {
    struct fixture d;
    REACH(somebody_gets_in(u"NTLM") && fixture_server_first_with(&d, &(struct terms){.package = u"Negotiate", .client_package = u"NTLM"}));
    CHECK(fixture_finish(&d));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, ntlm_without_a_token, "page: SEC_E_INVALID_TOKEN, the token passed to the function is not valid") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.in[0] = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_TOKEN);
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, ntlm_with_null_input, "bad use: no input where NTLM needs a token") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.input = NULL;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

static void first_token(SEC_WCHAR *package, const void *token, ULONG length) {
    struct fixture d;
    REACH(fixture_server_first(&d, package));
    d.in[0] = (SecBuffer){length, SECBUFFER_TOKEN, (void *)token};
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_TOKEN);
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, garbage_for_ntlm, "page: SEC_E_INVALID_TOKEN, the token passed to the function is not valid") {
    first_token(u"NTLM", "GET / HTTP/1.1\r\n\r\n", 18);
}

PROMISE(AcceptSecurityContext, garbage_for_negotiate, "page: SEC_E_INVALID_TOKEN, the token passed to the function is not valid") {
    first_token(u"Negotiate", "GET / HTTP/1.1\r\n\r\n", 18);
}

PROMISE(AcceptSecurityContext, one_byte_for_negotiate, "page: SEC_E_INVALID_TOKEN, the token passed to the function is not valid") {
    first_token(u"Negotiate", "\x60", 1);
}

PROMISE(AcceptSecurityContext, signature_alone_for_ntlm, "page: SEC_E_INVALID_TOKEN, the token passed to the function is not valid") {
    first_token(u"NTLM", "NTLMSSP", 8);
}

PROMISE(AcceptSecurityContext, spnego_for_ntlm, "page: SEC_E_INVALID_TOKEN; NTLM takes NTLM's own tokens") {
    struct fixture d;
    REACH(fixture_server_first_with(&d, &(struct terms){.package = u"NTLM", .client_package = u"Negotiate"}));
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_TOKEN);
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, truncated_token, "page: SEC_E_INVALID_TOKEN, the token passed to the function is not valid") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"Negotiate"));
    d.in[0].cbBuffer /= 2;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_TOKEN);
    CHECK_NOTHING_CAME_OF_IT(&d);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, challenge_from_a_client, "page: SEC_E_INVALID_TOKEN; a server's message is none of a client's") {
    struct fixture d;
    REACH(fixture_client_second(&d, u"NTLM"));
    struct bytes challenge = d.c.server.sent;
    fixture_close(&d);
    first_token(u"NTLM", challenge.data, challenge.length);
}

PROMISE(AcceptSecurityContext, authenticate_comes_first, "page: SEC_E_INVALID_TOKEN; the third message comes after the second") {
    struct fixture d;
    REACH(fixture_server_second(&d, u"NTLM"));
    struct bytes authenticate = d.c.client.sent;
    fixture_close(&d);
    first_token(u"NTLM", authenticate.data, authenticate.length);
}

PROMISE(AcceptSecurityContext, ntlm_token_for_kerberos, "page: SEC_E_INVALID_TOKEN; Kerberos takes Kerberos' own tokens") {
    struct fixture d;
    CredHandle kerberos = invalid_handle;
    REACH(fixture_server_first(&d, u"NTLM"));
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"Kerberos", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &kerberos, NULL),
                   SEC_E_OK);
    d.credential = &kerberos;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_NOTHING_CAME_OF_IT(&d);
    W->FreeCredentialsHandle(&kerberos);
    fixture_close(&d);
}

/* ---- the last call */

PROMISE(AcceptSecurityContext, ntlm_ends, "page: SEC_E_OK, the security context received from the client was accepted") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(conversation_works(&d.c));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, negotiate_ends, "page: an output token that comes with SEC_E_OK must be sent to the client") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"Negotiate"));
    CHECK(fixture_finish(&d));
    CHECK(conversation_works(&d.c));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, native_representation, "page: TargetDataRep is SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    d.drep = SECURITY_NATIVE_DREP;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, network_representation, "servers: SECURITY_NETWORK_DREP") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    d.drep = SECURITY_NETWORK_DREP;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, expiry_may_be_null, "servers: ptsExpiry = NULL") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    d.expiry_at = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, expiry_lies_ahead, "page: ptsTimeStamp receives the expiration time of the context, in local time") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(((uint64_t)(uint32_t)d.expiry.HighPart << 32 | d.expiry.LowPart) > local_time_ticks());
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, attributes_may_be_null, "negossp.h: pfContextAttr may be NULL") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    d.attributes_at = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

/* ---- rejected clients */

static void denied(const struct terms *terms) {
    struct fixture d;
    REACH(fixture_server_last_with(&d, terms));
    CHECK_STATUS(fixture_call(&d), SEC_E_LOGON_DENIED);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, wrong_password, "page: SEC_E_LOGON_DENIED, the logon failed") {
    denied(&(struct terms){.package = u"NTLM", .password = u"not her password"});
}

PROMISE(AcceptSecurityContext, wrong_password_in_negotiate, "page: SEC_E_LOGON_DENIED, the logon failed") {
    denied(&(struct terms){.package = u"Negotiate", .password = u"not her password"});
}

PROMISE(AcceptSecurityContext, unknown_user, "page: SEC_E_LOGON_DENIED, the logon failed") {
    denied(&(struct terms){.package = u"NTLM", .user = u"nobody.of.that.name"});
}

PROMISE(AcceptSecurityContext, disabled_account, "page: SEC_E_LOGON_DENIED, the logon failed") {
    denied(&(struct terms){.package = u"NTLM", .user = u"disabled"});
}

PROMISE(AcceptSecurityContext, null_session_unasked, "page of context requirements: anonymous clients need ASC_REQ_ALLOW_NULL_SESSION") {
    denied(&(struct terms){.package = u"NTLM", .anonymous = true, .client_requirements = ISC_REQ_NULL_SESSION});
}

PROMISE(AcceptSecurityContext, null_session_allowed, "page of context requirements: ASC_REQ_ALLOW_NULL_SESSION, ASC_RET_NULL_SESSION") {
    struct conversation c;
    struct terms terms = {.package = u"NTLM", .anonymous = true, .server_requirements = ASC_REQ_ALLOW_NULL_SESSION,
                          .client_requirements = ISC_REQ_NULL_SESSION};
    REACH(conversation_establish(&c, &terms));
    CHECK(c.server.attributes & ASC_RET_NULL_SESSION);
    conversation_close(&c);
}

PROMISE(AcceptSecurityContext, somebody_is_no_null_session, "page of context requirements: ASC_RET_NULL_SESSION tells that the client is anonymous") {
    struct conversation c;
    struct terms terms = {.package = u"NTLM", .server_requirements = ASC_REQ_ALLOW_NULL_SESSION};
    REACH(conversation_establish(&c, &terms));
    CHECK(!(c.server.attributes & ASC_RET_NULL_SESSION));
    conversation_close(&c);
}

PROMISE(AcceptSecurityContext, altered_token, "page: SEC_E_LOGON_DENIED or SEC_E_INVALID_TOKEN or SEC_E_MESSAGE_ALTERED") {
    struct fixture d;
    REACH(fixture_server_second(&d, u"NTLM"));
    d.c.client.sent.data[d.c.client.sent.length - 20] ^= 1;
    CHECK_ONE_OF(fixture_call(&d), SEC_E_LOGON_DENIED, SEC_E_INVALID_TOKEN, SEC_E_MESSAGE_ALTERED);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, first_token_again, "page: SEC_E_INVALID_TOKEN, the token passed to the function is not valid") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    d.context = d.new_context = &d.c.server.context;
    d.out[0].cbBuffer = sizeof d.room;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_TOKEN);
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, own_token_reflected, "page: SEC_E_INVALID_TOKEN, the token passed to the function is not valid") {
    struct fixture d;
    REACH(fixture_server_second(&d, u"NTLM"));
    d.in[0] = (SecBuffer){d.c.server.sent.length, SECBUFFER_TOKEN, d.c.server.sent.data};
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_TOKEN);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, last_token_of_another_conversation, "protocol [MS-NLMP] 3.2.5.1.2: the response is to this challenge") {
    struct fixture d, other;
    REACH(fixture_server_second(&d, u"NTLM") && fixture_server_second(&other, u"NTLM"));
    d.in[0] = (SecBuffer){other.c.client.sent.length, SECBUFFER_TOKEN, other.c.client.sent.data};
    CHECK_STATUS(fixture_call(&d), SEC_E_LOGON_DENIED);
    fixture_close(&other), fixture_close(&d);
}

/* ---- wrong handles */

PROMISE(AcceptSecurityContext, deleted_context, "header: SEC_DELETED_HANDLE marks a handle that has ended") {
    fixture_refuses_context(fixture_server_second, deleted_handle);
}

PROMISE(AcceptSecurityContext, credential_as_context, "page: SEC_E_INVALID_HANDLE; a credential's handle is not a context's") {
    struct fixture d;
    REACH(fixture_server_second(&d, u"NTLM"));
    d.context = &d.c.server.credential;
    d.new_context = &d.fresh;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, context_as_credential, "page: SEC_E_INVALID_HANDLE; a context's handle is not a credential's") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    d.credential = &d.c.client.context;
    CHECK_STATUS(fixture_call(&d), SEC_E_INVALID_HANDLE);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, clients_context, "bad use: a context that InitializeSecurityContext made") {
    struct fixture d;
    REACH(fixture_server_second(&d, u"NTLM"));
    d.context = d.new_context = &d.c.client.context;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, credential_of_another_package_later, "page: the context handle names the conversation; it has its package") {
    struct fixture d;
    CredHandle other = invalid_handle;
    REACH(fixture_server_second(&d, u"NTLM"));
    REQUIRE_STATUS(W->AcquireCredentialsHandleW(NULL, u"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &other, NULL), SEC_E_OK);
    d.credential = &other;
    CHECK_OK_OR_REFUSED(fixture_call(&d));
    W->FreeCredentialsHandle(&other);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, nowhere_to_put_the_context, "page: phNewContext should never be NULL") {
    struct fixture d;
    REACH(fixture_server_first(&d, u"NTLM"));
    CHECK_REFUSED(W->AcceptSecurityContext(d.credential, NULL, d.input, 0, d.drep, NULL, d.output, &d.attributes, NULL));
    CHECK_EQUAL(d.out[0].cbBuffer, 0);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, context_and_new_context_are_one, "servers: phContext equal to or different from phNewContext") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    CtxtHandle before = d.c.server.context;
    d.new_context = d.context;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(memcmp(&before, d.context, sizeof before) == 0);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, credential_may_be_null_later, "page: phCredential is optional; negossp.h: may be NULL once there is a context") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    d.credential = NULL;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

/* ---- order of calls */

PROMISE(AcceptSecurityContext, after_a_failure, "negossp.h: after an error of a later call there is a context that can only be deleted") {
    struct fixture d;
    REACH(fixture_server_second(&d, u"NTLM"));
    d.in[0].cbBuffer = 30;
    CHECK(fixture_call(&d) < 0);
    d.in[0].cbBuffer = d.c.client.sent.length;
    d.out[0].cbBuffer = sizeof d.room;
    CHECK_REFUSED(fixture_call(&d));
    CHECK_STATUS(W->DeleteSecurityContext(d.context), SEC_E_OK);
    d.c.server.has_context = false;
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, after_a_denial, "page: SEC_E_LOGON_DENIED is final; who is denied does not get in by trying again with the same context") {
    struct fixture d, right;
    REACH(fixture_server_second_with(&d, &(struct terms){.package = u"NTLM", .password = u"wrong"}));
    REACH(fixture_server_second(&right, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_E_LOGON_DENIED);
    d.in[0] = right.in[0];
    d.in[0].pvBuffer = right.c.client.sent.data;
    CHECK_REFUSED(fixture_call(&d));
    fixture_close(&right), fixture_close(&d);
}

PROMISE(AcceptSecurityContext, after_the_end, "bad use: another call for a context that is established") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    d.out[0].cbBuffer = sizeof d.room;
    CHECK_REFUSED(fixture_call(&d));
    CHECK(conversation_works(&d.c));
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, conversations_side_by_side, "page: a context handle names one conversation") {
    struct fixture one, two;
    REACH(fixture_server_last(&one, u"NTLM") && fixture_server_last(&two, u"Negotiate"));
    CHECK(fixture_finish(&one) && fixture_finish(&two));
    CHECK(conversation_works(&one.c) && conversation_works(&two.c));
    fixture_close(&one), fixture_close(&two);
}

PROMISE(AcceptSecurityContext, one_credential_for_many_contexts, "page: the credential's handle is the server's, for every client") {
    struct fixture one, two;
    REACH(fixture_server_first(&one, u"NTLM") && fixture_server_first(&two, u"NTLM"));
    two.credential = one.credential;
    CHECK_STATUS(fixture_call(&one), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(fixture_call(&two), SEC_I_CONTINUE_NEEDED);
    fixture_close(&two), fixture_close(&one);
}

/* ---- attributes */

static ULONG attributes_of(ULONG client, ULONG server) {
    struct conversation c;
    ULONG attributes = 0;
    struct terms terms = {.package = u"NTLM", .client_requirements = client, .server_requirements = server};
    if (conversation_establish(&c, &terms)) attributes = c.server.attributes;
    else attributes = 0xFFFFFFFF;
    conversation_close(&c);
    return attributes;
}

#define ATTRIBUTES(client, server, grant, expected) \
    do { \
        ULONG attributes = attributes_of(client, server); \
        REACH(attributes != 0xFFFFFFFF); \
        CHECK_EQUAL(attributes & (grant), expected); \
    } while (0)

PROMISE(AcceptSecurityContext, grants_integrity, "page: ASC_REQ_INTEGRITY; header: ASC_RET_INTEGRITY is not the bit of ISC_RET_INTEGRITY") {
    ATTRIBUTES(ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, ASC_RET_INTEGRITY, ASC_RET_INTEGRITY);
}

PROMISE(AcceptSecurityContext, grants_confidentiality, "page: ASC_REQ_CONFIDENTIALITY, encrypt and decrypt messages") {
    ATTRIBUTES(ISC_REQ_CONFIDENTIALITY, ASC_REQ_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY);
}

PROMISE(AcceptSecurityContext, grants_replay_detection, "page: ASC_REQ_REPLAY_DETECT, detect replayed packets") {
    ATTRIBUTES(ISC_REQ_REPLAY_DETECT | ISC_REQ_INTEGRITY, ASC_REQ_REPLAY_DETECT, ASC_RET_REPLAY_DETECT, ASC_RET_REPLAY_DETECT);
}

PROMISE(AcceptSecurityContext, grants_sequence_detection, "page: ASC_REQ_SEQUENCE_DETECT, detect messages received out of sequence") {
    ATTRIBUTES(ISC_REQ_SEQUENCE_DETECT | ISC_REQ_INTEGRITY, ASC_REQ_SEQUENCE_DETECT, ASC_RET_SEQUENCE_DETECT, ASC_RET_SEQUENCE_DETECT);
}

PROMISE(AcceptSecurityContext, grants_connection, "page: ASC_REQ_CONNECTION, the context will not handle formatting messages") {
    ATTRIBUTES(ISC_REQ_CONNECTION, ASC_REQ_CONNECTION, ASC_RET_CONNECTION, ASC_RET_CONNECTION);
}

PROMISE(AcceptSecurityContext, grants_identify, "page of context requirements: ASC_RET_IDENTIFY, the client allows no more than to be identified") {
    ATTRIBUTES(ISC_REQ_IDENTIFY | ISC_REQ_INTEGRITY, 0, ASC_RET_IDENTIFY, ASC_RET_IDENTIFY);
}

PROMISE(AcceptSecurityContext, integrity_needs_the_client, "page: the requested attributes may not be supported by the client; see pfContextAttr") {
    ATTRIBUTES(ISC_REQ_CONNECTION, ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY, ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY, 0u);
}

PROMISE(AcceptSecurityContext, no_delegation_with_ntlm, "page: ASC_REQ_DELEGATE is valid for Kerberos") {
    ATTRIBUTES(ISC_REQ_DELEGATE | ISC_REQ_INTEGRITY, ASC_REQ_DELEGATE, ASC_RET_DELEGATE, 0u);
}

PROMISE(AcceptSecurityContext, no_mutual_authentication_with_ntlm, "page: what was required and not granted is to be seen in the attributes") {
    ATTRIBUTES(ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY, ASC_REQ_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH, 0u);
}

PROMISE(AcceptSecurityContext, attributes_fed_back, "servers: attributes returned by one leg fed back as the next leg's requirements") {
    struct fixture d;
    REACH(fixture_server_first_with(&d, &(struct terms){.package = u"NTLM", .server_requirements = ASC_REQ_INTEGRITY}));
    CHECK_STATUS(fixture_call(&d), SEC_I_CONTINUE_NEEDED);
    ULONG returned = d.attributes;
    fixture_close(&d);
    REACH(fixture_server_last_with(&d, &(struct terms){.package = u"NTLM", .server_requirements = ASC_REQ_INTEGRITY}));
    d.requirements = returned;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    CHECK(d.attributes & ASC_RET_INTEGRITY);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, unknown_requirements, "page: requirements that are not supported are not granted; it is for the caller to look") {
    struct fixture d;
    REACH(fixture_server_last(&d, u"NTLM"));
    d.requirements |= 0x80000000;
    CHECK_STATUS(fixture_call(&d), SEC_E_OK);
    fixture_close(&d);
}

PROMISE(AcceptSecurityContext, attributes_after_a_failure, "servers: attributes are looked at without a look at the status; nothing may seem granted") {
    struct fixture d;
    REACH(fixture_server_second_with(&d, &(struct terms){.package = u"NTLM", .password = u"wrong"}));
    d.attributes = 0xFFFFFFFF;
    CHECK(fixture_call(&d) < 0);
    CHECK_EQUAL(d.attributes & (ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY), 0);
    fixture_close(&d);
}
