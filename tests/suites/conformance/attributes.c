/* QueryContextAttributes of each attribute in <sspi.h>; established contexts of NTLM, asked of the server unless said
 * otherwise. */
#include "fixture.h"

static bool query(struct side *side, ULONG attribute, void *buffer) {
    return CHECK_STATUS(W->QueryContextAttributesW(&side->context, attribute, buffer), SEC_E_OK);
}

static void release(void *buffer) {
    CHECK_STATUS(W->FreeContextBuffer(buffer), SEC_E_OK);
}

/* ---- attributes of contexts of these packages */

PROMISE(QueryContextAttributesW, sizes, "page of SecPkgContext_Sizes: the sizes of the parts of messages") {
    struct conversation c;
    SecPkgContext_Sizes sizes;
    memset(&sizes, 0, sizeof sizes);
    REACH(contexts(&c, u"NTLM"));
    CHECK(query(&c.server, SECPKG_ATTR_SIZES, &sizes));
    CHECK(sizes.cbMaxToken > 0 && sizes.cbMaxSignature > 0 && sizes.cbSecurityTrailer > 0);
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, sizes_of_ntlm, "protocol [MS-NLMP] 2.2.2.9: a signature has 16 bytes") {
    struct conversation c;
    SecPkgContext_Sizes sizes;
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_SIZES, &sizes)) {
        CHECK_EQUAL(sizes.cbMaxSignature, 16);
        CHECK_EQUAL(sizes.cbSecurityTrailer, 16);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, sizes_of_both_sides, "page of SecPkgContext_Sizes: what one side makes, the other takes") {
    struct conversation c;
    SecPkgContext_Sizes client, server;
    REACH(contexts(&c, u"Negotiate"));
    if (query(&c.server, SECPKG_ATTR_SIZES, &server) && query(&c.client, SECPKG_ATTR_SIZES, &client)) {
        CHECK_EQUAL(client.cbMaxSignature, server.cbMaxSignature);
        CHECK_EQUAL(client.cbSecurityTrailer, server.cbSecurityTrailer);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesA, sizes, "page: one page for both forms") {
    struct conversation c;
    SecPkgContext_Sizes a, w;
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_SIZES, &w) && CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_SIZES, &a), SEC_E_OK)) {
        CHECK(memcmp(&a, &w, sizeof a) == 0);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, names, "page of SecPkgContext_Names: the name of the user of the context") {
    struct conversation c;
    SecPkgContext_NamesW names = {NULL};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_NAMES, &names)) {
        CHECK(equal_wa(names.sUserName, "EXAMPLE\\alice"));
        release(names.sUserName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesA, names, "page: one page for both forms; servers: A functions as often as W") {
    struct conversation c;
    SecPkgContext_NamesA names = {NULL};
    REACH(contexts(&c, u"NTLM"));
    if (CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK)) {
        CHECK(strcmp(names.sUserName, "EXAMPLE\\alice") == 0);
        release(names.sUserName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, names_through_negotiate, "page: the attribute is supported by Negotiate too") {
    struct conversation c;
    SecPkgContext_NamesW names = {NULL};
    REACH(contexts(&c, u"Negotiate"));
    if (query(&c.server, SECPKG_ATTR_NAMES, &names)) {
        CHECK(equal_wa(names.sUserName, "EXAMPLE\\alice"));
        release(names.sUserName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, names_each_time_anew, "servers: names freed with FreeContextBuffer, or never") {
    struct conversation c;
    SecPkgContext_NamesW one = {NULL}, two = {NULL};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_NAMES, &one) && query(&c.server, SECPKG_ATTR_NAMES, &two)) {
        CHECK(one.sUserName != two.sUserName);
        release(one.sUserName);
        CHECK(equal_wa(two.sUserName, "EXAMPLE\\alice"));
        release(two.sUserName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, lifespan, "page of SecPkgContext_Lifespan: when the context becomes effective, and when it expires") {
    struct conversation c;
    SecPkgContext_Lifespan span;
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_LIFESPAN, &span)) {
        uint64_t start = (uint64_t)(uint32_t)span.tsStart.HighPart << 32 | span.tsStart.LowPart;
        uint64_t end = (uint64_t)(uint32_t)span.tsExpiry.HighPart << 32 | span.tsExpiry.LowPart;
        CHECK(start <= local_time_ticks() && end > local_time_ticks());
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, lifespan_is_the_expiry, "page of AcceptSecurityContext: ptsTimeStamp receives the expiration time of the context") {
    struct conversation c;
    SecPkgContext_Lifespan span;
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_LIFESPAN, &span)) CHECK(memcmp(&span.tsExpiry, &c.server.expiry, sizeof span.tsExpiry) == 0);
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, dce_info, "page of SecPkgContext_DceInfo: authorization data, for DCE services") {
    struct conversation c;
    SecPkgContext_DceInfo info = {0, NULL};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_DCE_INFO, &info)) {
        CHECK(info.pPac != NULL);
        release(info.pPac);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, key_info, "page of SecPkgContext_KeyInfo: names of algorithms, and the key's size in bits") {
    struct conversation c;
    SecPkgContext_KeyInfoW info;
    memset(&info, 0, sizeof info);
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_KEY_INFO, &info)) {
        CHECK_EQUAL(info.KeySize, 128);
        CHECK(length_w(info.sSignatureAlgorithmName) > 0 && length_w(info.sEncryptAlgorithmName) > 0);
        release(info.sSignatureAlgorithmName), release(info.sEncryptAlgorithmName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesA, key_info, "page: one page for both forms") {
    struct conversation c;
    SecPkgContext_KeyInfoA a;
    SecPkgContext_KeyInfoW w;
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_KEY_INFO, &w) && CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_KEY_INFO, &a), SEC_E_OK)) {
        CHECK(equal_wa(w.sEncryptAlgorithmName, a.sEncryptAlgorithmName));
        CHECK_EQUAL(a.EncryptAlgorithm, w.EncryptAlgorithm);
        release(w.sSignatureAlgorithmName), release(w.sEncryptAlgorithmName);
        release(a.sSignatureAlgorithmName), release(a.sEncryptAlgorithmName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, authority, "page of SecPkgContext_Authority: the name of the authenticating authority, if available") {
    struct conversation c;
    SecPkgContext_AuthorityW authority = {NULL};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_AUTHORITY, &authority)) {
        CHECK(authority.sAuthorityName != NULL);
        release(authority.sAuthorityName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, session_key, "page of SecPkgContext_SessionKey: both sides have the same") {
    struct conversation c;
    SecPkgContext_SessionKey client = {0, NULL}, server = {0, NULL};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_SESSION_KEY, &server) && query(&c.client, SECPKG_ATTR_SESSION_KEY, &client)) {
        CHECK_EQUAL(server.SessionKeyLength, 16);
        CHECK_EQUAL(client.SessionKeyLength, server.SessionKeyLength);
        CHECK(memcmp(client.SessionKey, server.SessionKey, client.SessionKeyLength) == 0);
        release(client.SessionKey), release(server.SessionKey);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, session_keys_differ, "protocol [MS-NLMP] 3.1.5.1.2: the exported session key is chosen for each conversation") {
    struct conversation one, two;
    SecPkgContext_SessionKey first = {0, NULL}, second = {0, NULL};
    REACH(contexts(&one, u"NTLM") && contexts(&two, u"NTLM"));
    if (query(&one.server, SECPKG_ATTR_SESSION_KEY, &first) && query(&two.server, SECPKG_ATTR_SESSION_KEY, &second)) {
        CHECK(memcmp(first.SessionKey, second.SessionKey, 16) != 0);
        release(first.SessionKey), release(second.SessionKey);
    }
    conversation_close(&one), conversation_close(&two);
}

PROMISE(QueryContextAttributesW, package_info, "page of SecPkgContext_PackageInfo: the security package in use") {
    struct conversation c;
    SecPkgContext_PackageInfoW info = {NULL};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_PACKAGE_INFO, &info)) {
        CHECK(equal_wa(info.PackageInfo->Name, "NTLM"));
        release(info.PackageInfo);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, package_info_through_negotiate, "page of Negotiate: SECPKG_ATTR_PACKAGE_INFO tells which package was selected") {
    struct conversation c;
    SecPkgContext_PackageInfoW info = {NULL};
    REACH(contexts(&c, u"Negotiate"));
    if (query(&c.server, SECPKG_ATTR_PACKAGE_INFO, &info)) {
        CHECK(equal_wa(info.PackageInfo->Name, "NTLM"));
        release(info.PackageInfo);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesA, package_info, "page: one page for both forms") {
    struct conversation c;
    SecPkgContext_PackageInfoA info = {NULL};
    REACH(contexts(&c, u"NTLM"));
    if (CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK)) {
        CHECK(strcmp(info.PackageInfo->Name, "NTLM") == 0);
        release(info.PackageInfo);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, package_info_is_the_packages, "page of SecPkgInfo: what QuerySecurityPackageInfo tells") {
    struct conversation c;
    SecPkgContext_PackageInfoW info = {NULL};
    PSecPkgInfoW asked = NULL;
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_PACKAGE_INFO, &info) && CHECK_STATUS(W->QuerySecurityPackageInfoW(u"NTLM", &asked), SEC_E_OK)) {
        CHECK_EQUAL(info.PackageInfo->fCapabilities, asked->fCapabilities);
        CHECK_EQUAL(info.PackageInfo->cbMaxToken, asked->cbMaxToken);
        release(info.PackageInfo), release(asked);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, negotiation_info, "page of SecPkgContext_NegotiationInfo: SECPKG_NEGOTIATION_COMPLETE, and the package chosen") {
    struct conversation c;
    SecPkgContext_NegotiationInfoW info = {NULL, 99};
    REACH(contexts(&c, u"Negotiate"));
    if (query(&c.server, SECPKG_ATTR_NEGOTIATION_INFO, &info)) {
        CHECK_EQUAL(info.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
        CHECK(equal_wa(info.PackageInfo->Name, "NTLM"));
        release(info.PackageInfo);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesA, negotiation_info, "page: one page for both forms") {
    struct conversation c;
    SecPkgContext_NegotiationInfoA info = {NULL, 99};
    REACH(contexts(&c, u"Negotiate"));
    if (CHECK_STATUS(A->QueryContextAttributesA(&c.client.context, SECPKG_ATTR_NEGOTIATION_INFO, &info), SEC_E_OK)) {
        CHECK_EQUAL(info.NegotiationState, SECPKG_NEGOTIATION_COMPLETE);
        CHECK(strcmp(info.PackageInfo->Name, "NTLM") == 0);
        release(info.PackageInfo);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, native_names, "page of SecPkgContext_NativeNames: names of client and server") {
    struct conversation c;
    SecPkgContext_NativeNamesW names = {NULL, NULL};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_NATIVE_NAMES, &names)) {
        CHECK(length_w(names.sClientName) > 0 && names.sServerName != NULL);
        release(names.sClientName), release(names.sServerName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, flags, "page of SecPkgContext_Flags: the flags of the context, those of the last call") {
    struct conversation c;
    SecPkgContext_Flags flags = {0};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_FLAGS, &flags)) {
        CHECK_EQUAL(flags.Flags & ASC_RET_INTEGRITY, c.server.attributes & ASC_RET_INTEGRITY);
        CHECK_EQUAL(flags.Flags & ASC_RET_CONFIDENTIALITY, c.server.attributes & ASC_RET_CONFIDENTIALITY);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, flags_of_the_client, "header: ISC_RET_INTEGRITY is not the bit of ASC_RET_INTEGRITY") {
    struct conversation c;
    SecPkgContext_Flags flags = {0};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.client, SECPKG_ATTR_FLAGS, &flags)) CHECK(flags.Flags & ISC_RET_INTEGRITY);
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, client_specified_target, "page of SecPkgContext_ClientSpecifiedTarget: the principal name that the client gave") {
    struct conversation c;
    SecPkgContext_ClientSpecifiedTarget target = {NULL};
    struct terms terms = {.package = u"NTLM", .target = u"cifs/files.example.com"};
    REACH(conversation_establish(&c, &terms));
    if (query(&c.server, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &target)) {
        CHECK(equal_wa(target.sTargetName, "cifs/files.example.com"));
        release(target.sTargetName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, target_information, "page of SecPkgContext_TargetInformation: the target, marshalled") {
    struct conversation c;
    SecPkgContext_TargetInformation target = {0, NULL};
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_TARGET_INFORMATION, &target)) {
        CHECK(target.MarshalledTargetInfo != NULL && target.MarshalledTargetInfoLength > 0);
        release(target.MarshalledTargetInfo);
    }
    conversation_close(&c);
}

/* ---- optional attributes: where one is absent, the status says so and nothing is written */

static void has_or_says_not(ULONG attribute) {
    struct conversation c;
    unsigned char answer[256];
    memset(answer, FILLER, sizeof answer);
    REACH(contexts(&c, u"NTLM"));
    SECURITY_STATUS status = W->QueryContextAttributesW(&c.server.context, attribute, answer);
    if (status != SEC_E_OK) {
        CHECK_ONE_OF(status, SEC_E_UNSUPPORTED_FUNCTION, SEC_E_INVALID_HANDLE, SEC_E_NO_CREDENTIALS, SEC_E_TARGET_UNKNOWN);
        CHECK(untouched(answer, sizeof answer));
    }
    conversation_close(&c);
}

static void is_not_there(ULONG attribute) {
    struct conversation c;
    unsigned char answer[256];
    memset(answer, FILLER, sizeof answer);
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, attribute, answer), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK(untouched(answer, sizeof answer));
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, stream_sizes, "page: for stream packages, as Schannel; SEC_E_UNSUPPORTED_FUNCTION") {
    is_not_there(SECPKG_ATTR_STREAM_SIZES);
}

PROMISE(QueryContextAttributesW, proto_info, "page: the protocol in use, of Schannel; SEC_E_UNSUPPORTED_FUNCTION") {
    is_not_there(SECPKG_ATTR_PROTO_INFO);
}

PROMISE(QueryContextAttributesW, password_expiry, "page of SecPkgContext_PasswordExpiry: where the package knows it") {
    has_or_says_not(SECPKG_ATTR_PASSWORD_EXPIRY);
}

PROMISE(QueryContextAttributesW, user_flags, "page of SecPkgContext_UserFlags: where the package knows them") {
    has_or_says_not(SECPKG_ATTR_USER_FLAGS);
}

PROMISE(QueryContextAttributesW, use_validated, "header: SECPKG_ATTR_USE_VALIDATED, without a structure") {
    has_or_says_not(SECPKG_ATTR_USE_VALIDATED);
}

PROMISE(QueryContextAttributesW, credential_name, "page of SecPkgContext_CredentialName: of Schannel's credentials") {
    has_or_says_not(SECPKG_ATTR_CREDENTIAL_NAME);
}

PROMISE(QueryContextAttributesW, access_token,
        "page of SecPkgContext_AccessToken: a handle to the access token, or SEC_E_NO_IMPERSONATION") {
    struct conversation c;
    SecPkgContext_AccessToken answer = {NULL};
    REACH(contexts(&c, u"NTLM"));
    SECURITY_STATUS status = W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_ACCESS_TOKEN, &answer);
    CHECK_ONE_OF(status, SEC_E_OK, SEC_E_NO_IMPERSONATION, SEC_E_UNSUPPORTED_FUNCTION);
    CHECK((status == SEC_E_OK) == (answer.AccessToken != NULL));
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, target, "page of SecPkgContext_Target: of Schannel's contexts") {
    has_or_says_not(SECPKG_ATTR_TARGET);
}

PROMISE(QueryContextAttributesW, authentication_id, "header: SECPKG_ATTR_AUTHENTICATION_ID, of Digest") {
    has_or_says_not(SECPKG_ATTR_AUTHENTICATION_ID);
}

PROMISE(QueryContextAttributesW, logoff_time, "page of SecPkgContext_LogoffTime: where the account has one") {
    has_or_says_not(SECPKG_ATTR_LOGOFF_TIME);
}

PROMISE(QueryContextAttributesW, nego_keys, "page of SecPkgContext_NegoKeys: of packages that NegoEx negotiates") {
    has_or_says_not(SECPKG_ATTR_NEGO_KEYS);
}

PROMISE(QueryContextAttributesW, prompting_needed, "header: SECPKG_ATTR_PROMPTING_NEEDED, of interactive packages") {
    has_or_says_not(SECPKG_ATTR_PROMPTING_NEEDED);
}

PROMISE(QueryContextAttributesW, unique_bindings, "page of SecPkgContext_Bindings: of the outer channel, so of Schannel; SEC_E_UNSUPPORTED_FUNCTION") {
    is_not_there(SECPKG_ATTR_UNIQUE_BINDINGS);
}

PROMISE(QueryContextAttributesW, endpoint_bindings, "page of SecPkgContext_Bindings: of the outer channel, so of Schannel; SEC_E_UNSUPPORTED_FUNCTION") {
    is_not_there(SECPKG_ATTR_ENDPOINT_BINDINGS);
}

PROMISE(QueryContextAttributesW, last_client_token_status, "page of SecPkgContext_LastClientTokenStatus: where the package keeps it") {
    has_or_says_not(SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS);
}

PROMISE(QueryContextAttributesW, nego_pkg_info, "page of SecPkgContext_NegoPackageInfo: of Negotiate's list of packages") {
    has_or_says_not(SECPKG_ATTR_NEGO_PKG_INFO);
}

PROMISE(QueryContextAttributesW, nego_status, "page of SecPkgContext_NegoStatus: the last status of Negotiate") {
    has_or_says_not(SECPKG_ATTR_NEGO_STATUS);
}

PROMISE(QueryContextAttributesW, context_deleted, "header: SECPKG_ATTR_CONTEXT_DELETED, without a structure") {
    has_or_says_not(SECPKG_ATTR_CONTEXT_DELETED);
}

PROMISE(QueryContextAttributesW, dtls_mtu, "header: SECPKG_ATTR_DTLS_MTU, of Schannel's datagrams; SEC_E_UNSUPPORTED_FUNCTION") {
    is_not_there(SECPKG_ATTR_DTLS_MTU);
}

PROMISE(QueryContextAttributesW, application_protocol, "header: SECPKG_ATTR_APPLICATION_PROTOCOL, of Schannel; SEC_E_UNSUPPORTED_FUNCTION") {
    is_not_there(SECPKG_ATTR_APPLICATION_PROTOCOL);
}

PROMISE(QueryContextAttributesW, is_loopback, "header: SECPKG_ATTR_IS_LOOPBACK") {
    has_or_says_not(SECPKG_ATTR_IS_LOOPBACK);
}

PROMISE(QueryContextAttributesW, subject_security_attributes, "page of SecPkgContext_SubjectAttributes: where there is a token") {
    has_or_says_not(SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES);
}

PROMISE(QueryContextAttributesW, unknown_attribute, "page: SEC_E_UNSUPPORTED_FUNCTION, the attribute is not supported") {
    is_not_there(0x7fffffff);
}

PROMISE(QueryContextAttributesA, unknown_attribute, "page: SEC_E_UNSUPPORTED_FUNCTION, the attribute is not supported") {
    struct conversation c;
    unsigned char answer[64];
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(A->QueryContextAttributesA(&c.server.context, 0x7fffffff, answer), SEC_E_UNSUPPORTED_FUNCTION);
    conversation_close(&c);
}

/* ---- contexts that are not established */

static void begun(ULONG attribute) {
    struct fixture d;
    unsigned char answer[256];
    memset(answer, FILLER, sizeof answer);
    REACH(fixture_server_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK_ONE_OF(W->QueryContextAttributesW(&d.c.server.context, attribute, answer), SEC_E_INVALID_HANDLE, SEC_E_UNSUPPORTED_FUNCTION);
    CHECK(untouched(answer, sizeof answer));
    fixture_close(&d);
}

PROMISE(QueryContextAttributesW, names_before_the_end, "page of AcceptSecurityContext: who the client is, is known when the context is established") {
    begun(SECPKG_ATTR_NAMES);
}

PROMISE(QueryContextAttributesW, session_key_before_the_end, "page of AcceptSecurityContext: security-related attributes not before the final call") {
    begun(SECPKG_ATTR_SESSION_KEY);
}

PROMISE(QueryContextAttributesW, lifespan_before_the_end, "page of AcceptSecurityContext: until the last call the expiration time can be incorrect") {
    struct fixture d;
    SecPkgContext_Lifespan span;
    REACH(fixture_server_first(&d, u"NTLM") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    CHECK_OK_OR_REFUSED(W->QueryContextAttributesW(&d.c.server.context, SECPKG_ATTR_LIFESPAN, &span));
    fixture_close(&d);
}

PROMISE(QueryContextAttributesW, negotiation_info_before_the_end, "page of SecPkgContext_NegotiationInfo: can be queried before the setup is complete") {
    struct fixture d;
    SecPkgContext_NegotiationInfoW info = {NULL, 99};
    REACH(fixture_client_first(&d, u"Negotiate") && fixture_call(&d) == SEC_I_CONTINUE_NEEDED);
    if (query(&d.c.client, SECPKG_ATTR_NEGOTIATION_INFO, &info)) {
        CHECK(info.NegotiationState != SECPKG_NEGOTIATION_COMPLETE);
        CHECK(info.PackageInfo && length_w(info.PackageInfo->Name) > 0);
        release(info.PackageInfo);
    }
    fixture_close(&d);
}

PROMISE(QueryContextAttributesW, of_a_denied_client, "page: SEC_E_INVALID_HANDLE; nothing is told of a client who was rejected") {
    struct fixture d;
    SecPkgContext_NamesW names = {NULL};
    REACH(fixture_server_second_with(&d, &(struct terms){.package = u"NTLM", .password = u"wrong"}));
    CHECK(fixture_call(&d) < 0);
    CHECK_STATUS(W->QueryContextAttributesW(&d.c.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_INVALID_HANDLE);
    CHECK(names.sUserName == NULL);
    fixture_close(&d);
}

/* ---- wrong arguments */

static void of_handle(PCtxtHandle handle) {
    SecPkgContext_Sizes sizes;
    CHECK_STATUS(W->QueryContextAttributesW(handle, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
}

PROMISE(QueryContextAttributesW, null_handle, "page: SEC_E_INVALID_HANDLE") {
    of_handle(NULL);
}

PROMISE(QueryContextAttributesW, zero_handle, "page: SEC_E_INVALID_HANDLE") {
    CtxtHandle handle = zero_handle;
    of_handle(&handle);
}

PROMISE(QueryContextAttributesW, invalidated_handle, "header: SecInvalidateHandle makes a handle that is none") {
    CtxtHandle handle = invalid_handle;
    of_handle(&handle);
}

PROMISE(QueryContextAttributesW, made_up_handle, "page: SEC_E_INVALID_HANDLE") {
    CtxtHandle handle = made_up_handle;
    of_handle(&handle);
}

PROMISE(QueryContextAttributesA, null_handle, "page: SEC_E_INVALID_HANDLE") {
    SecPkgContext_Sizes sizes;
    CHECK_STATUS(A->QueryContextAttributesA(NULL, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
}

PROMISE(QueryContextAttributesW, credential_as_context, "page: SEC_E_INVALID_HANDLE; a credential's handle is not a context's") {
    CredHandle credential;
    REACH(W->AcquireCredentialsHandleW(NULL, u"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL) == SEC_E_OK);
    of_handle(&credential);
    W->FreeCredentialsHandle(&credential);
}

PROMISE(QueryContextAttributesW, null_buffer, "bad use: pBuffer is not optional") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_REFUSED(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_SIZES, NULL));
    conversation_close(&c);
}

PROMISE(QueryContextAttributesW, unaligned_buffer, "bad use: a structure at an odd address") {
    struct conversation c;
    unsigned char room[sizeof(SecPkgContext_Sizes) + 1];
    SecPkgContext_Sizes sizes, aligned;
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_SIZES, room + 1) && query(&c.server, SECPKG_ATTR_SIZES, &aligned)) {
        memcpy(&sizes, room + 1, sizeof sizes);
        CHECK(memcmp(&sizes, &aligned, sizeof sizes) == 0);
    }
    conversation_close(&c);
}

/* ---- QueryContextAttributesEx: the same, with the buffer's length */

typedef SECURITY_STATUS(WINAPI *query_ex_fn)(PCtxtHandle, ULONG, void *, ULONG);

static SECURITY_STATUS query_ex(PCtxtHandle context, ULONG attribute, void *buffer, ULONG length) {
    EXPORT(query_ex_fn, QueryContextAttributesExW);
    return QueryContextAttributesExW_(context, attribute, buffer, length);
}

PROMISE(QueryContextAttributesExW, as_without_ex, "page: queries a security package for certain attributes; cbBuffer is the size of pBuffer") {
    struct conversation c;
    SecPkgContext_Sizes one, two;
    REACH(contexts(&c, u"NTLM"));
    if (query(&c.server, SECPKG_ATTR_SIZES, &one) && CHECK_STATUS(query_ex(&c.server.context, SECPKG_ATTR_SIZES, &two, sizeof two), SEC_E_OK)) {
        CHECK(memcmp(&one, &two, sizeof one) == 0);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesExA, as_without_ex, "page: queries a security package for certain attributes; cbBuffer is the size of pBuffer") {
    EXPORT(query_ex_fn, QueryContextAttributesExA);
    struct conversation c;
    SecPkgContext_NamesA names = {NULL};
    REACH(contexts(&c, u"NTLM"));
    if (CHECK_STATUS(QueryContextAttributesExA_(&c.server.context, SECPKG_ATTR_NAMES, &names, sizeof names), SEC_E_OK)) {
        CHECK(strcmp(names.sUserName, "EXAMPLE\\alice") == 0);
        release(names.sUserName);
    }
    conversation_close(&c);
}

PROMISE(QueryContextAttributesExW, one_byte_too_few, "page: cbBuffer is the size of pBuffer; SEC_E_BUFFER_TOO_SMALL where the structure does not fit") {
    struct conversation c;
    unsigned char room[sizeof(SecPkgContext_Sizes)];
    memset(room, FILLER, sizeof room);
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(query_ex(&c.server.context, SECPKG_ATTR_SIZES, room, sizeof room - 1), SEC_E_BUFFER_TOO_SMALL);
    CHECK(untouched(room, sizeof room));
    conversation_close(&c);
}

PROMISE(QueryContextAttributesExW, no_bytes, "page: cbBuffer is the size of pBuffer; SEC_E_BUFFER_TOO_SMALL where the structure does not fit") {
    struct conversation c;
    unsigned char room[4];
    memset(room, FILLER, sizeof room);
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(query_ex(&c.server.context, SECPKG_ATTR_SIZES, room, 0), SEC_E_BUFFER_TOO_SMALL);
    CHECK(untouched(room, sizeof room));
    conversation_close(&c);
}

PROMISE(QueryContextAttributesExW, more_bytes_than_needed, "page: cbBuffer is the size of pBuffer, which may be larger than the structure") {
    struct conversation c;
    unsigned char room[sizeof(SecPkgContext_Sizes) + 32];
    memset(room, FILLER, sizeof room);
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(query_ex(&c.server.context, SECPKG_ATTR_SIZES, room, sizeof room), SEC_E_OK);
    CHECK(untouched(room + sizeof(SecPkgContext_Sizes), 32));
    conversation_close(&c);
}

PROMISE(QueryContextAttributesExW, null_buffer, "bad use: pBuffer is not optional") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_REFUSED(query_ex(&c.server.context, SECPKG_ATTR_SIZES, NULL, 64));
    conversation_close(&c);
}

PROMISE(QueryContextAttributesExW, null_handle, "page: SEC_E_INVALID_HANDLE") {
    SecPkgContext_Sizes sizes;
    CHECK_STATUS(query_ex(NULL, SECPKG_ATTR_SIZES, &sizes, sizeof sizes), SEC_E_INVALID_HANDLE);
}

PROMISE(QueryContextAttributesExW, unknown_attribute, "page: SEC_E_UNSUPPORTED_FUNCTION, the attribute is not supported") {
    struct conversation c;
    unsigned char room[64];
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(query_ex(&c.server.context, 0x7fffffff, room, sizeof room), SEC_E_UNSUPPORTED_FUNCTION);
    conversation_close(&c);
}

/* ---- SetContextAttributes */

PROMISE(SetContextAttributesW, null_handle, "page of the status codes: SEC_E_INVALID_HANDLE, the handle specified is invalid") {
    ULONG value = 0;
    CHECK_STATUS(W->SetContextAttributesW(NULL, SECPKG_ATTR_USE_VALIDATED, &value, sizeof value), SEC_E_INVALID_HANDLE);
}

PROMISE(SetContextAttributesA, invalidated_handle, "page of the status codes: SEC_E_INVALID_HANDLE, the handle specified is invalid") {
    ULONG value = 0;
    CtxtHandle handle = invalid_handle;
    CHECK_STATUS(A->SetContextAttributesA(&handle, SECPKG_ATTR_USE_VALIDATED, &value, sizeof value), SEC_E_INVALID_HANDLE);
}

PROMISE(SetContextAttributesW, unknown_attribute, "page: SEC_E_UNSUPPORTED_FUNCTION, the package does not support the attribute") {
    struct conversation c;
    ULONG value = 0;
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(W->SetContextAttributesW(&c.server.context, 0x7fffffff, &value, sizeof value), SEC_E_UNSUPPORTED_FUNCTION);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

PROMISE(SetContextAttributesW, attribute_to_be_read_only, "page: SEC_E_UNSUPPORTED_FUNCTION; nobody sets the client's name") {
    struct conversation c;
    SecPkgContext_NamesW names = {u"EXAMPLE\\somebody"};
    REACH(contexts(&c, u"NTLM"));
    CHECK_STATUS(W->SetContextAttributesW(&c.server.context, SECPKG_ATTR_NAMES, &names, sizeof names), SEC_E_UNSUPPORTED_FUNCTION);
    conversation_close(&c);
}

PROMISE(SetContextAttributesW, null_buffer, "page: SEC_E_INVALID_PARAMETER, one or more parameters are not valid, or SEC_E_UNSUPPORTED_FUNCTION") {
    struct conversation c;
    REACH(contexts(&c, u"NTLM"));
    CHECK_ONE_OF(W->SetContextAttributesW(&c.server.context, SECPKG_ATTR_USE_VALIDATED, NULL, 4), SEC_E_INVALID_PARAMETER,
                 SEC_E_UNSUPPORTED_FUNCTION);
    conversation_close(&c);
}
