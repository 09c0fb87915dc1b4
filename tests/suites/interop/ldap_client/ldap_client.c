/* ldap_client LIBRARY ADDRESS TARGET BASE USER [PASSWORD DOMAIN]
 *
 * Asks a directory for a user: binds with GSS-SPNEGO by the library's Negotiate, seals, searches and unbinds ([MS-ADTS]
 * 5.1.1.1.2, RFC 4511, RFC 4752). Without a password it logs on as the user that runs it. Prints lines:
 *
 *   package NAME     that Negotiate has chosen
 *   entry DN         of each entry found
 *   ended            the server has closed the connection after the unbind request
 */
#include "library.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define PORT 389
#define LONGEST 65536
#define TAG_SEQUENCE 0x30
#define TAG_BIND_REQUEST 0x60
#define TAG_BIND_RESPONSE 0x61
#define TAG_UNBIND_REQUEST 0x42
#define TAG_SEARCH_REQUEST 0x63
#define TAG_SEARCH_ENTRY 0x64
#define TAG_SEARCH_DONE 0x65
#define SASL_BIND_IN_PROGRESS 14

static SecurityFunctionTableA *sspi;
static CredHandle credentials;
static CtxtHandle context;
static SecPkgContext_Sizes sizes;
static SOCKET connection;
static unsigned char received[2 * LONGEST];
static size_t have;
static bool sealed;

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static void check(SECURITY_STATUS status, const char *what) {
    char text[64];
    if (status != SEC_E_OK) fail("%s: %s", what, status_text(status, text));
}

/* --------------------------------------------------------------------------------------------------------- BER */

struct bytes {
    unsigned char data[LONGEST];
    size_t length;
};

static void add(struct bytes *to, const void *data, size_t length) {
    if (length > sizeof to->data - to->length) fail("a request too long");
    memcpy(to->data + to->length, data, length);
    to->length += length;
}

/* One element with these contents. */
static void element(struct bytes *to, unsigned char tag, const void *data, size_t length) {
    unsigned char head[4] = {tag, 0x82, (unsigned char)(length >> 8), (unsigned char)length};
    add(to, head, sizeof head);
    add(to, data, length);
}

static void text(struct bytes *to, const char *value) { element(to, 0x04, value, strlen(value)); }

static void number(struct bytes *to, unsigned char tag, unsigned char value) { element(to, tag, &value, 1); }

struct reader {
    const unsigned char *at;
    size_t left;
};

/* The next element's tag, and its contents; 0 if it is not whole. */
static unsigned char next(struct reader *from, struct reader *contents) {
    size_t head = 2, length;
    if (from->left < 2) return 0;
    length = from->at[1];
    if (length > 0x80) {
        size_t count = length - 0x80;
        if (count > 4 || from->left < 2 + count) return 0;
        length = 0;
        for (size_t i = 0; i < count; i++) length = length << 8 | from->at[2 + i];
        head += count;
    }
    if (length > from->left - head) return 0;
    unsigned char tag = from->at[0];
    contents->at = from->at + head;
    contents->left = length;
    from->at += head + length;
    from->left -= head + length;
    return tag;
}

/* ------------------------------------------------------------------------------------------------ the connection */

static void connect_to(const char *address) {
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    if (!os_start() || inet_pton(AF_INET, address, &server.sin_addr) != 1) fail("%s is no address", address);
    connection = socket(AF_INET, SOCK_STREAM, 0);
    socket_timeout(connection, 20000);
    if (connect(connection, (struct sockaddr *)&server, sizeof server) != 0) fail("cannot connect to %s", address);
}

static void send_all(const void *data, size_t length) {
    for (const char *at = data; length > 0;) {
        int sent = (int)send(connection, at, (int)length, IO_FLAGS);
        if (sent <= 0) fail("the connection ends");
        at += sent;
        length -= (size_t)sent;
    }
}

static bool receive(void *data, size_t length) {
    for (char *at = data; length > 0;) {
        int got = (int)recv(connection, at, (int)length, 0);
        if (got <= 0) return false;
        at += got;
        length -= (size_t)got;
    }
    return true;
}

/* Sends one LDAPMessage, sealed after the bind: the length in four bytes, then the token, the data and the padding. */
static void send_message(unsigned char id, unsigned char tag, const struct bytes *operation) {
    static struct bytes inner, message, wrapped;
    inner.length = message.length = wrapped.length = 0;
    number(&inner, 0x02, id);
    if (tag == TAG_UNBIND_REQUEST) {
        add(&inner, "\x42\x00", 2);
    } else {
        element(&inner, tag, operation->data, operation->length);
    }
    element(&message, TAG_SEQUENCE, inner.data, inner.length);
    if (!sealed) {
        send_all(message.data, message.length);
        return;
    }
    static unsigned char token[LONGEST], padding[LONGEST];
    SecBuffer buffers[] = {
        {sizes.cbSecurityTrailer, SECBUFFER_TOKEN, token},
        {(unsigned)message.length, SECBUFFER_DATA, message.data},
        {sizes.cbBlockSize, SECBUFFER_PADDING, padding},
    };
    SecBufferDesc description = {SECBUFFER_VERSION, 3, buffers};
    check(sspi->EncryptMessage(&context, 0, &description, 0), "EncryptMessage");
    size_t length = 0;
    for (int i = 0; i < 3; i++) length += buffers[i].cbBuffer;
    unsigned char head[4] = {0, (unsigned char)(length >> 16), (unsigned char)(length >> 8), (unsigned char)length};
    add(&wrapped, head, sizeof head);
    for (int i = 0; i < 3; i++) add(&wrapped, buffers[i].pvBuffer, buffers[i].cbBuffer);
    send_all(wrapped.data, wrapped.length);
}

static void receive_sealed(void) {
    static unsigned char stream[LONGEST];
    unsigned char head[4];
    if (!receive(head, sizeof head)) fail("the connection ends");
    size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (length > sizeof stream || !receive(stream, length)) fail("a message of %u bytes", (unsigned)length);
    SecBuffer buffers[] = {{(unsigned)length, SECBUFFER_STREAM, stream}, {0, SECBUFFER_DATA, NULL}};
    SecBufferDesc description = {SECBUFFER_VERSION, 2, buffers};
    check(sspi->DecryptMessage(&context, &description, 0, NULL), "DecryptMessage");
    if (buffers[1].cbBuffer > sizeof received - have) fail("a reply too long");
    memcpy(received + have, buffers[1].pvBuffer, buffers[1].cbBuffer);
    have += buffers[1].cbBuffer;
}

/* The operation of the next LDAPMessage: its tag and contents, which last until the next call. */
static unsigned char receive_message(struct reader *operation) {
    static unsigned char message[2 * LONGEST];
    for (;;) {
        struct reader all = {received, have}, contents, id;
        if (next(&all, &contents) == TAG_SEQUENCE) {
            memcpy(message, contents.at, contents.left);
            struct reader inner = {message, contents.left};
            have = all.left;
            memmove(received, all.at, all.left);
            if (next(&inner, &id) != 0x02) fail("no LDAPMessage");
            return next(&inner, operation);
        }
        if (sealed) {
            receive_sealed();
        } else {
            int got = (int)recv(connection, (char *)received + have, (int)(sizeof received - have), 0);
            if (got <= 0) fail("the connection ends");
            have += (size_t)got;
        }
    }
}

/* ---------------------------------------------------------------------------------------------------- operations */

static void bind_as(const char *target, SEC_WINNT_AUTH_IDENTITY_A *identity) {
    static unsigned char token[LONGEST];
    char package[] = "Negotiate";
    SecBuffer in = {0, SECBUFFER_TOKEN, NULL}, out = {0, SECBUFFER_TOKEN, token};
    SecBufferDesc in_buffers = {SECBUFFER_VERSION, 1, &in}, out_buffers = {SECBUFFER_VERSION, 1, &out};
    ULONG wanted = ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_SEQUENCE_DETECT, granted = 0;
    TimeStamp expiry;
    SECURITY_STATUS status = sspi->AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, identity, NULL, NULL, &credentials, &expiry);
    check(status, "AcquireCredentialsHandle");
    status = SEC_I_CONTINUE_NEEDED;
    for (unsigned char id = 1, begun = 0;; id++) {
        static struct bytes operation, sasl;
        struct reader reply, result, skipped, given = {NULL, 0};
        out.cbBuffer = 0;
        if (status == SEC_I_CONTINUE_NEEDED) {
            out.cbBuffer = sizeof token;
            status = sspi->InitializeSecurityContextA(&credentials, begun ? &context : NULL, (char *)target, wanted, 0, SECURITY_NATIVE_DREP,
                begun ? &in_buffers : NULL, 0, &context, &out_buffers, &granted, &expiry);
            if (status != SEC_I_CONTINUE_NEEDED) check(status, "InitializeSecurityContext");
            begun = 1;
        }
        operation.length = sasl.length = 0;
        text(&sasl, "GSS-SPNEGO");
        element(&sasl, 0x04, token, out.cbBuffer);
        number(&operation, 0x02, 3);
        text(&operation, "");
        element(&operation, 0xa3, sasl.data, sasl.length);
        send_message(id, TAG_BIND_REQUEST, &operation);
        if (receive_message(&reply) != TAG_BIND_RESPONSE || next(&reply, &result) != 0x0a || result.left != 1) fail("no BindResponse");
        for (unsigned char tag; (tag = next(&reply, &skipped)) != 0;)
            if (tag == 0x87) given = skipped;
        if (*result.at != 0 && *result.at != SASL_BIND_IN_PROGRESS) fail("bind: result %d", *result.at);
        if (given.left > 0 && status == SEC_I_CONTINUE_NEEDED) {
            static unsigned char kept[LONGEST];
            memcpy(kept, given.at, given.left);
            in.pvBuffer = kept;
            in.cbBuffer = (unsigned)given.left;
        }
        if (*result.at != 0) continue;
        if (status == SEC_I_CONTINUE_NEEDED) {
            out.cbBuffer = sizeof token;
            status = sspi->InitializeSecurityContextA(&credentials, &context, (char *)target, wanted, 0, SECURITY_NATIVE_DREP, &in_buffers, 0,
                &context, &out_buffers, &granted, &expiry);
        }
        check(status, "the last InitializeSecurityContext");
        if ((granted & (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY)) != (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY))
            fail("attributes %lx", (unsigned long)granted);
        break;
    }
    SecPkgContext_NegotiationInfoA negotiated;
    check(sspi->QueryContextAttributesA(&context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiated), "SECPKG_ATTR_NEGOTIATION_INFO");
    printf("package %s\n", negotiated.PackageInfo->Name);
    sspi->FreeContextBuffer(negotiated.PackageInfo);
    check(sspi->QueryContextAttributesA(&context, SECPKG_ATTR_SIZES, &sizes), "SECPKG_ATTR_SIZES");
    sealed = true;
}

static void search(const char *base, const char *user) {
    static struct bytes operation, filter, attributes;
    struct reader reply, name;
    operation.length = filter.length = attributes.length = 0;
    text(&filter, "sAMAccountName");
    text(&filter, user);
    text(&attributes, "objectSid");
    text(&operation, base);
    number(&operation, 0x0a, 2); /* wholeSubtree */
    number(&operation, 0x0a, 0);
    number(&operation, 0x02, 0);
    number(&operation, 0x02, 20);
    number(&operation, 0x01, 0);
    element(&operation, 0xa3, filter.data, filter.length);
    element(&operation, TAG_SEQUENCE, attributes.data, attributes.length);
    send_message(100, TAG_SEARCH_REQUEST, &operation);
    for (;;) {
        unsigned char tag = receive_message(&reply);
        if (tag == TAG_SEARCH_DONE) {
            if (next(&reply, &name) != 0x0a || name.left != 1 || *name.at != 0) fail("search: refused");
            return;
        }
        if (tag == TAG_SEARCH_ENTRY && next(&reply, &name) == 0x04) printf("entry %.*s\n", (int)name.left, (const char *)name.at);
    }
}

int main(int argc, char **argv) {
    if (argc != 6 && argc != 8) fail("usage: ldap_client LIBRARY ADDRESS TARGET BASE USER [PASSWORD DOMAIN]");
    void *loaded = library_load(argv[1]);
    sspi = loaded ? library_table(loaded, argv[1], "InitSecurityInterfaceA") : NULL;
    if (!sspi) return 1;
    SEC_WINNT_AUTH_IDENTITY_A identity = {.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    if (argc == 8) {
        identity.User = (unsigned char *)argv[5];
        identity.UserLength = (unsigned)strlen(argv[5]);
        identity.Password = (unsigned char *)argv[6];
        identity.PasswordLength = (unsigned)strlen(argv[6]);
        identity.Domain = (unsigned char *)argv[7];
        identity.DomainLength = (unsigned)strlen(argv[7]);
    }
    connect_to(argv[2]);
    bind_as(argv[3], argc == 8 ? &identity : NULL);
    search(argv[4], argv[5]);
    send_message(101, TAG_UNBIND_REQUEST, NULL);
    unsigned char more;
    if (!receive(&more, 1)) puts("ended");
    check(sspi->DeleteSecurityContext(&context), "DeleteSecurityContext");
    check(sspi->FreeCredentialsHandle(&credentials), "FreeCredentialsHandle");
    socket_close(connection);
    return 0;
}
