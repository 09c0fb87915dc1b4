/* Malformed tokens at every leg: a clear error, no damage, and no effect on a concurrent conversation. */
#include "control_conversation.h"
#include "groups.h"

#include <stdlib.h>

static void truncated_tokens(void) {
    REQUIRE(control_conversation_waits());
    for (size_t p = 0; p < 2; p++) {
        for (int leg = 0; leg < 2; leg++) {
            ULONG step = 100 / effort(100), length = TOKEN_MAX;
            for (ULONG cut = p || leg ? 0 : 1; cut < length; cut += step) {
                struct conversation c;
                REQUIRE(before_leg(&c, packages[p], leg));
                length = c.client.sent.length;
                if (cut < length) {
                    SECURITY_STATUS status = fenced_leg(&c, c.client.sent.data, cut);
                    /* NEGOTIATE_MESSAGE may be as short as its first 16 bytes; no client is accepted by that
                     * alone. */
                    bool begun = leg == 0 && status == SEC_I_CONTINUE_NEEDED;
                    if (!begun && !CHECK_REFUSED(status)) fail(__FILE__, __LINE__, "leg %d cut to %u", leg, (unsigned)cut);
                    if (!begun) CHECK_EQUAL(c.server.sent.length, 0);
                }
                conversation_close(&c);
            }
        }
    }
    control_conversation_goes_on();
}

/* Where the NTLM message begins in a token. */
static ULONG ntlm_offset(const struct bytes *token) {
    for (ULONG i = 0; i + 8 <= token->length; i++) {
        if (memcmp(token->data + i, "NTLMSSP", 8) == 0) return i;
    }
    return 0;
}

/* mechListMIC, at the end of a NegTokenResp: tag and length twice, and NTLM's signature. */
#define MECH_LIST_MIC 20

/* Which bytes of a message matter to whether the client is accepted: all of the NTLM message, and mechListMIC but
 * for its tag, for it may be left out where the client's first mechanism is taken (RFC 4178 5). */
static bool matters(const struct bytes *token, SEC_WCHAR *package, ULONG byte) {
    if (byte < ntlm_offset(token)) return false;
    return package == packages[1] || byte != token->length - MECH_LIST_MIC;
}

/* Flips one bit of one of the three messages in transit. */
static void flip(SEC_WCHAR *package, int message, ULONG bit, ULONG *bits, bool mic) {
    struct conversation c;
    struct terms terms = {.package = package};
    REQUIRE(conversation_open(&c, &terms));
    bool strict = false;
    for (int leg = 0; leg < 3; leg++) {
        struct side *from = leg % 2 ? &c.server : &c.client;
        SECURITY_STATUS status = leg % 2 ? server_leg(&c) : client_leg(&c);
        if (status < 0) {
            CHECK_REFUSED(status);
            CHECK_EQUAL(from->sent.length, 0);
            conversation_close(&c);
            return;
        }
        if (leg != message) continue;
        *bits = from->sent.length * 8;
        strict = mic && matters(&from->sent, package, bit / 8);
        from->sent.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    SECURITY_STATUS status = fenced_leg(&c, c.client.sent.data, c.client.sent.length);
    if (strict || status < 0) {
        if (!CHECK_REFUSED(status)) {
            fail(__FILE__, __LINE__, "message %d, bit %u of byte %u", message, (unsigned)bit % 8, (unsigned)bit / 8);
        }
        CHECK_EQUAL(c.server.sent.length, 0);
    } else {
        CHECK(status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED);
    }
    conversation_close(&c);
}

static void flip_bits_of(int message, bool mic) {
    REQUIRE(control_conversation_waits());
    for (size_t p = 0; p < 2; p++) {
        ULONG bits = 1, step = 700 / effort(700);
        for (ULONG bit = 0; bit < bits; bit += step) flip(packages[p], message, bit, &bits, mic);
    }
    control_conversation_goes_on();
}

/* No client is accepted: the MIC covers all messages. */
static void flipped_bits_in_negotiate(void) {
    flip_bits_of(0, true);
}

static void flipped_bits_in_authenticate(void) {
    flip_bits_of(2, true);
}

/* A client that finds no timestamp in the challenge makes no MIC ([MS-NLMP] 3.1.5.1.2): such a flip shows only where
 * the server requires one, in config/require-mic.toml. */
static void flipped_bits_in_challenge(void) {
    flip_bits_of(1, false);
}

static void flipped_bits_in_challenge_with_mic_required(void) {
    flip_bits_of(1, true);
}

/* Each of AUTHENTICATE_MESSAGE's six descriptors ([MS-NLMP] 2.2.1.3), each with lengths and offsets outside. */
static void length_fields_outside(void) {
    static const uint32_t values[] = {0xffffffff, 0x7fffffff, 0x80000000, 0xfffffff0, 0x0000ffff, 0x00010000};
    REQUIRE(control_conversation_waits());
    for (size_t p = 0; p < 2; p++) {
        for (ULONG field = 12; field <= 52; field += 8) {
            for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
                for (int offset = 0; offset < 2; offset++) {
                    struct conversation c;
                    REQUIRE(before_leg(&c, packages[p], 1));
                    unsigned char *at = c.client.sent.data + ntlm_offset(&c.client.sent) + field;
                    if (offset) memcpy(at + 4, &values[v], 4);
                    else memcpy(at, &values[v], 2), memcpy(at + 2, &values[v], 2);
                    CHECK_REFUSED(fenced_leg(&c, c.client.sent.data, c.client.sent.length));
                    conversation_close(&c);
                }
            }
        }
    }
    control_conversation_goes_on();
}

/* DER lengths: every byte of SPNEGO's wrapping, as a length of one, two and four bytes that reach outside. */
static void der_lengths_outside(void) {
    static const unsigned char lengths[][5] = {
        {0x7f}, {0x80}, {0x81, 0xff}, {0x82, 0xff, 0xff}, {0x84, 0xff, 0xff, 0xff, 0xff}, {0x84, 0x7f, 0xff, 0xff, 0xff}, {0xff}};
    REQUIRE(control_conversation_waits());
    for (int leg = 0; leg < 2; leg++) {
        ULONG wrapping = 1;
        for (ULONG at = 0; at < wrapping; at++) {
            for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
                struct conversation c;
                REQUIRE(before_leg(&c, u"Negotiate", leg));
                wrapping = ntlm_offset(&c.client.sent);
                memcpy(c.client.sent.data + at, lengths[l], strnlen((const char *)lengths[l], 5));
                SECURITY_STATUS status = fenced_leg(&c, c.client.sent.data, c.client.sent.length);
                if (status < 0) CHECK_REFUSED(status);
                conversation_close(&c);
            }
        }
    }
    control_conversation_goes_on();
}

/* Tokens that are of no protocol, or of another one. */
static void foreign_tokens(void) {
    static const struct bytes tokens[] = {
        {1, "\0"},
        {1, "\x60"},
        {7, "NTLMSSP"},
        {8, "NTLMSSP"},
        {12, "NTLMSSP\0\0\0\0\0"},
        {12, "NTLMSSP\0\4\0\0\0"},
        {12, "NTLMSSP\0\xff\xff\xff\xff"},
        {16, "GET / HTTP/1.1\r\n"},
        {5, "\x16\x03\x01\x02\x00"},
        /* an initial context token of Kerberos 5 */
        {17, "\x60\x0f\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01\x00\x6e\x00"},
        /* NegTokenInit that offers Kerberos 5 alone, with a token for it */
        {38, "\x60\x24\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x1a\x30\x18"
             "\xa0\x0d\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"
             "\xa2\x07\x04\x05\x60\x03\x06\x01\x00"},
        /* NegTokenResp, where NegTokenInit belongs */
        {9, "\xa1\x07\x30\x05\xa0\x03\x0a\x01\x01"},
        /* a mechanism list without any */
        {16, "\x60\x0e\x06\x06\x2b\x06\x01\x05\x05\x02\xa0\x04\x30\x02\xa0\x00"},
    };
    REQUIRE(control_conversation_waits());
    for (size_t p = 0; p < 2; p++) {
        for (int leg = 0; leg < 2; leg++) {
            for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
                struct conversation c;
                REQUIRE(before_leg(&c, packages[p], leg));
                SECURITY_STATUS status = fenced_leg(&c, tokens[i].data, tokens[i].length);
                if (!CHECK_REFUSED(status)) fail(__FILE__, __LINE__, "leg %d, token %u", leg, (unsigned)i);
                conversation_close(&c);
            }
        }
    }
    control_conversation_goes_on();
}

/* SPNEGO inside SPNEGO, and nesting without end. */
static void nested_tokens(void) {
    REQUIRE(control_conversation_waits());
    struct conversation c;
    REQUIRE(before_leg(&c, u"Negotiate", 0));
    /* NegTokenInit { NTLMSSP; mechToken: this very token } */
    ULONG inner = c.client.sent.length;
    REQUIRE(inner < 0x80);
    static unsigned char token[8192];
    const unsigned char head[] = {0x60, 0x81, (unsigned char)(30 + inner), 0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02,
                                  0xa0, (unsigned char)(20 + inner), 0x30, (unsigned char)(18 + inner), 0xa0, 0x0e, 0x30, 0x0c,
                                  0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a};
    memcpy(token, head, sizeof head);
    token[sizeof head] = 0xa2;
    token[sizeof head + 1] = (unsigned char)(inner + 2);
    token[sizeof head + 2] = 0x04;
    token[sizeof head + 3] = (unsigned char)inner;
    memcpy(token + sizeof head + 4, c.client.sent.data, inner);
    CHECK_REFUSED(fenced_leg(&c, token, (ULONG)(sizeof head + 4 + inner)));
    conversation_close(&c);
    static const unsigned char brackets[] = {0x30, 0x60, 0xa0, 0xa1, 0xa2};
    for (size_t b = 0; b < sizeof brackets; b++) {
        for (int indefinite = 0; indefinite < 2; indefinite++) {
            REQUIRE(before_leg(&c, u"Negotiate", 0));
            for (size_t i = 0; i < sizeof token; i += 2) token[i] = brackets[b], token[i + 1] = indefinite ? 0x80 : 0x7e;
            CHECK_REFUSED(fenced_leg(&c, token, sizeof token));
            conversation_close(&c);
        }
    }
    control_conversation_goes_on();
}

/* More than cbMaxToken, though it begins with a valid token. */
static void oversized_tokens(void) {
    static const ULONG lengths[] = {70000, 1u << 20, 16u << 20};
    REQUIRE(control_conversation_waits());
    for (size_t p = 0; p < 2; p++) {
        for (int leg = 0; leg < 2; leg++) {
            for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
                struct conversation c;
                REQUIRE(before_leg(&c, packages[p], leg));
                unsigned char *large = calloc(1, lengths[i]);
                memcpy(large, c.client.sent.data, c.client.sent.length);
                CHECK_REFUSED(fenced_leg(&c, large, lengths[i]));
                free(large);
                conversation_close(&c);
            }
        }
    }
    control_conversation_goes_on();
}

/* Random bytes of every length. */
static void random_tokens(void) {
    uint64_t random = 20261122;
    unsigned rounds = effort(3000);
    REQUIRE(control_conversation_waits());
    for (unsigned i = 0; i < rounds; i++) {
        unsigned char noise[600];
        ULONG length = 1 + i % (sizeof noise - 1);
        for (ULONG b = 0; b < length; b++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            noise[b] = (unsigned char)(random >> 56);
        }
        if (i % 3 == 1) memcpy(noise, "NTLMSSP\0\1\0\0\0", length < 12 ? length : 12);
        if (i % 3 == 2) memcpy(noise, "\x60\x28\x06\x06\x2b\x06\x01\x05\x05\x02", length < 10 ? length : 10);
        struct conversation c;
        struct terms terms = {.package = packages[i % 2]};
        REQUIRE(conversation_open(&c, &terms));
        SECURITY_STATUS status = fenced_leg(&c, noise, length);
        if (status != SEC_I_CONTINUE_NEEDED) CHECK_REFUSED(status);
        conversation_close(&c);
    }
    control_conversation_goes_on();
}

const struct test badinput_tests[] = {
    TEST(truncated_tokens),
    TEST(flipped_bits_in_negotiate),
    TEST(flipped_bits_in_challenge),
    TEST(flipped_bits_in_authenticate),
    TEST(length_fields_outside),
    TEST(der_lengths_outside),
    TEST(foreign_tokens),
    TEST(nested_tokens),
    TEST(oversized_tokens),
    TEST(random_tokens),
    END_OF_TESTS,
};

const struct test require_mic_tests[] = {
    TEST(flipped_bits_in_challenge_with_mic_required),
    END_OF_TESTS,
};
