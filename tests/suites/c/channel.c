/* What a server tells of its channel: bindings with addresses, in the extended form and for audit; the result that it is told;
 * and the client's address. From Microsoft's "Supporting Extended Protection for Authentication (EPA) in a service". */
#include "conversation.h"
#include "groups.h"
#include "platform.h"

/* Not in every mingw's <sspi.h>. */
struct result {
    ULONG flags;
};
enum {
    AUDIT = 1,
    CLIENT_SUPPORT = 0x1,
    ABSENT = 0x2,
    NOTVALID_MISMATCH = 0x4,
    NOTVALID_MISSING = 0x8,
    VALID_MATCHED = 0x10,
    VALID_PROXY = 0x20,
    VALID_MISSING = 0x40,
};

/* SEC_CHANNEL_BINDINGS with the initiator's address, 192.0.2.7. */
struct bindings {
    SEC_CHANNEL_BINDINGS header;
    unsigned char address[4];
    char data[32];
};

static struct bindings bindings_of(const char *data, bool with_address) {
    struct bindings bindings;
    memset(&bindings, 0, sizeof bindings);
    memcpy(bindings.address, "\xc0\x00\x02\x07", 4);
    strncpy(bindings.data, data, sizeof bindings.data - 1);
    if (with_address) {
        bindings.header.dwInitiatorAddrType = 2;
        bindings.header.cbInitiatorLength = 4;
        bindings.header.dwInitiatorOffset = offsetof(struct bindings, address);
    }
    bindings.header.cbApplicationDataLength = (ULONG)strlen(data);
    bindings.header.dwApplicationDataOffset = offsetof(struct bindings, data);
    return bindings;
}

typedef SECURITY_STATUS(WINAPI *set_flags_fn)(SecPkgContext_Bindings *, ULONG);

static set_flags_fn set_flags(void) {
    return (set_flags_fn)(uintptr_t)find_export("SspiSetChannelBindingFlags");
}

/* The bindings in memory of the library, as QueryContextAttributes of Schannel returns them. */
static bool given(const struct bindings *bindings, ULONG flags, SecPkgContext_Bindings *out) {
    *out = (SecPkgContext_Bindings){sizeof *bindings, (SEC_CHANNEL_BINDINGS *)bindings};
    return CHECK(set_flags()) && CHECK_STATUS(set_flags()(out, flags), SEC_E_OK);
}

/* One conversation: the last leg's status and, if the library has one, its result. */
static void one(struct bindings *client, void *server, ULONG server_length, ULONG requirements, SECURITY_STATUS want,
                ULONG want_result) {
    static SEC_WCHAR *packages[] = {u"Negotiate", u"NTLM"};
    for (size_t i = 0; i < 2; i++) {
        struct conversation c;
        struct result result = {0xdeadbeef};
        struct terms terms = {.package = packages[i],
                              .client_bindings = client,
                              .client_bindings_length = client ? sizeof *client : 0,
                              .server_bindings = server,
                              .server_bindings_length = server_length,
                              .bindings_result = &result.flags,
                              .server_requirements = requirements};
        if (CHECK(conversation_until_last_leg(&c, &terms))) {
            CHECK_EQUAL(result.flags, 0);
            CHECK_STATUS(server_leg(&c), want);
            CHECK_EQUAL(result.flags, want_result);
        }
        conversation_close(&c);
    }
}

/* Ordinary clients know no addresses. */
static void the_servers_addresses_bind_nobody(void) {
    struct bindings plain = bindings_of("tls-server-end-point:right", false);
    struct bindings addressed = bindings_of("tls-server-end-point:right", true);
    struct bindings other = bindings_of("tls-server-end-point:other", false);
    one(&plain, &addressed, sizeof addressed, 0, SEC_E_OK, CLIENT_SUPPORT | VALID_MATCHED);
    one(&addressed, &addressed, sizeof addressed, 0, SEC_E_OK, CLIENT_SUPPORT | VALID_MATCHED);
    one(&other, &addressed, sizeof addressed, 0, SEC_E_BAD_BINDINGS, CLIENT_SUPPORT | NOTVALID_MISMATCH);
    one(NULL, &addressed, sizeof addressed, 0, SEC_E_BAD_BINDINGS, CLIENT_SUPPORT | ABSENT | NOTVALID_MISSING);
}

static void an_address_alone_demands_nothing(void) {
    struct bindings plain = bindings_of("tls-server-end-point:right", false);
    struct bindings address = bindings_of("", true);
    one(NULL, &address, sizeof address, 0, SEC_E_OK, CLIENT_SUPPORT | ABSENT);
    one(&plain, &address, sizeof address, 0, SEC_E_OK, CLIENT_SUPPORT);
}

static void sspi_set_channel_binding_flags(void) {
    struct bindings right = bindings_of("tls-server-end-point:right", false);
    struct bindings other = bindings_of("tls-server-end-point:other", false);
    SecPkgContext_Bindings made;
    REQUIRE(given(&right, 0, &made));
    one(&right, made.Bindings, made.BindingsLength, 0, SEC_E_OK, CLIENT_SUPPORT | VALID_MATCHED);
    one(&other, made.Bindings, made.BindingsLength, 0, SEC_E_BAD_BINDINGS, CLIENT_SUPPORT | NOTVALID_MISMATCH);
    one(NULL, made.Bindings, made.BindingsLength, 0, SEC_E_BAD_BINDINGS, CLIENT_SUPPORT | ABSENT | NOTVALID_MISSING);
    one(&other, made.Bindings, made.BindingsLength, ASC_REQ_PROXY_BINDINGS, SEC_E_OK, CLIENT_SUPPORT | VALID_PROXY);
    /* the flags of the extended form can be set again */
    CHECK_STATUS(set_flags()(&made, AUDIT), SEC_E_OK);
    one(&right, made.Bindings, made.BindingsLength, 0, SEC_E_OK, CLIENT_SUPPORT | VALID_MATCHED);
    one(&other, made.Bindings, made.BindingsLength, 0, SEC_E_OK, CLIENT_SUPPORT | NOTVALID_MISMATCH);
    one(NULL, made.Bindings, made.BindingsLength, 0, SEC_E_OK, CLIENT_SUPPORT | ABSENT | NOTVALID_MISSING);
    CHECK_STATUS(W->FreeContextBuffer(made.Bindings), SEC_E_OK);
}

static void the_extended_form_is_laid_out_as_documented(void) {
    struct bindings right = bindings_of("tls-server-end-point:right", true);
    SecPkgContext_Bindings made;
    REQUIRE(given(&right, AUDIT, &made));
    const ULONG *words = (const ULONG *)made.Bindings;
    const char *bytes = (const char *)made.Bindings;
    CHECK_EQUAL(words[0], 0x58454243); /* SEC_CHANNEL_BINDINGS_EX_MAGIC, 'XEBC' */
    CHECK_EQUAL(words[1], AUDIT);
    CHECK_EQUAL(words[2], 48);
    CHECK_EQUAL(words[3], made.BindingsLength);
    CHECK_EQUAL(words[4], 2);
    CHECK_EQUAL(words[5], 4);
    CHECK(words[6] + 4 <= made.BindingsLength && memcmp(bytes + words[6], right.address, 4) == 0);
    CHECK_EQUAL(words[8], 0);
    CHECK_EQUAL(words[10], strlen(right.data));
    CHECK(words[11] + words[10] <= made.BindingsLength && memcmp(bytes + words[11], right.data, words[10]) == 0);
    CHECK_STATUS(W->FreeContextBuffer(made.Bindings), SEC_E_OK);
}

static void malformed_bindings_keep_their_memory(void) {
    REQUIRE(set_flags());
    struct bindings right = bindings_of("tls-server-end-point:right", false);
    SecPkgContext_Bindings made = {sizeof right, &right.header};
    CHECK_STATUS(set_flags()(NULL, 0), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(set_flags()(&made, 2), SEC_E_INVALID_PARAMETER);
    made.BindingsLength = 31;
    CHECK_STATUS(set_flags()(&made, 0), SEC_E_INVALID_PARAMETER);
    made.BindingsLength = sizeof right, right.header.dwApplicationDataOffset = 0xfffffff0;
    CHECK_STATUS(set_flags()(&made, 0), SEC_E_INVALID_PARAMETER);
    CHECK(made.Bindings == &right.header && made.BindingsLength == sizeof right);
    made.Bindings = NULL;
    CHECK_STATUS(set_flags()(&made, 0), SEC_E_INVALID_PARAMETER);
}

/* On the first call, when there is no context yet. */
static void a_result_buffer_without_room(void) {
    struct conversation c;
    ULONG result = 0;
    struct terms terms = {.bindings_result = &result, .bindings_result_length = 3};
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(server_leg(&c), SEC_E_BUFFER_TOO_SMALL);
    CHECK(!c.server.has_context);
    conversation_close(&c);
}

const struct test channel_tests[] = {
    TEST(the_servers_addresses_bind_nobody),
    TEST(an_address_alone_demands_nothing),
    TEST(sspi_set_channel_binding_flags),
    TEST(the_extended_form_is_laid_out_as_documented),
    TEST(malformed_bindings_keep_their_memory),
    TEST(a_result_buffer_without_room),
    END_OF_TESTS,
};

/* ---- config/address.toml: [ntlm] workstations = ["192.0.2.7", "2001:db8::9"] */

/* The address with the first call, with the second, or by the attribute in between. */
static void from_address(struct socket_address *address, SECURITY_STATUS want) {
    for (int when = 0; when < 3; when++) {
        struct conversation c;
        struct terms terms = {0};
        REQUIRE(conversation_open(&c, &terms));
        if (when == 0) c.terms.server_address = address, c.terms.server_address_length = sizeof *address;
        CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
        REQUIRE_STATUS(server_leg(&c), SEC_I_CONTINUE_NEEDED);
        c.terms.server_address = NULL;
        if (when == 1) c.terms.server_address = address, c.terms.server_address_length = sizeof *address;
        if (when == 2)
            CHECK_STATUS(W->SetContextAttributesW(&c.server.context, SECPKG_ATTR_NEGOSSP_PEER_ADDRESS, address, sizeof *address),
                         SEC_E_OK);
        CHECK(client_leg(&c) >= 0);
        CHECK_STATUS(server_leg(&c), want);
        conversation_close(&c);
    }
}

static void the_clients_address_is_known(void) {
    struct socket_address right = inet("\xc0\x00\x02\x07"), other = inet("\xc0\x00\x02\x08");
    struct socket_address right6 = inet6("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x09"), other6 = inet6("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x08");
    struct socket_address mapped = inet6("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02\x07");
    struct socket_address none = {1, 0, {0}};
    from_address(&right, SEC_E_OK);
    from_address(&right6, SEC_E_OK);
    from_address(&mapped, SEC_E_OK);
    from_address(&other, SEC_E_LOGON_DENIED);
    from_address(&other6, SEC_E_LOGON_DENIED);
    from_address(&none, SEC_E_LOGON_DENIED);
}

/* The address does not change what binds: Extended Protection and the address at once. */
static void an_address_and_bindings(void) {
    struct bindings plain = bindings_of("tls-server-end-point:right", false);
    struct socket_address right = inet("\xc0\x00\x02\x07");
    struct conversation c;
    struct terms terms = {.client_bindings = &plain, .client_bindings_length = sizeof plain,
                          .server_bindings = &plain, .server_bindings_length = sizeof plain,
                          .server_address = &right, .server_address_length = sizeof right};
    CHECK(conversation_open(&c, &terms) && converse(&c));
    conversation_close(&c);
    struct bindings addressed = bindings_of("tls-server-end-point:right", true);
    terms = (struct terms){.client_bindings = &plain, .client_bindings_length = sizeof plain,
                           .server_bindings = &addressed, .server_bindings_length = sizeof addressed};
    CHECK(conversation_open(&c, &terms) && converse(&c));
    conversation_close(&c);
}

static void an_address_that_is_none(void) {
    struct socket_address right = inet("\xc0\x00\x02\x07");
    struct conversation c;
    struct terms terms = {.server_address = &right, .server_address_length = 7};
    REQUIRE(conversation_open(&c, &terms));
    CHECK_STATUS(client_leg(&c), SEC_I_CONTINUE_NEEDED);
    CHECK_STATUS(server_leg(&c), SEC_E_INVALID_PARAMETER);
    conversation_close(&c);
    REQUIRE(conversation_until_last_leg(&c, NULL));
    CHECK_STATUS(W->SetContextAttributesW(&c.server.context, SECPKG_ATTR_NEGOSSP_PEER_ADDRESS, NULL, 16), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(W->SetContextAttributesW(&c.server.context, SECPKG_ATTR_NEGOSSP_PEER_ADDRESS, &right, 1), SEC_E_INVALID_PARAMETER);
    CHECK_STATUS(A->SetContextAttributesA(&c.server.context, SECPKG_ATTR_NEGOSSP_PEER_ADDRESS, &right, sizeof right), SEC_E_OK);
    CHECK_STATUS(server_leg(&c), SEC_E_OK);
    conversation_close(&c);
}

const struct test address_tests[] = {
    TEST(the_clients_address_is_known),
    TEST(an_address_and_bindings),
    TEST(an_address_that_is_none),
    END_OF_TESTS,
};
