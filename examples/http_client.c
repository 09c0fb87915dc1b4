/* A small HTTP client that logs on with the scheme Negotiate or NTLM through any library that has the SSPI functions, loaded at run
 * time.
 *
 *   http_client [--library PATH] [--package Negotiate|Kerberos|NTLM] [--address ADDRESS] [--target NAME] [--delegate]
 *               [--user USER --domain DOMAIN --password-file FILE] URL
 *
 * The URL is http://HOST[:PORT][/PATH]. The service is HTTP/HOST, or --target; --address is where it is, by default what HOST's name is
 * resolved to. The client is USER of DOMAIN (a Kerberos realm, or a domain or computer of NTLM's), whose password is the first line of
 * FILE ("-": of standard input). Without these three it is whoever the library takes for the user: see README, "As a client".
 * --delegate lets a service that the KDC approves of for it act as the client.
 *
 * What the server says is written to standard output, after lines of "label: value" that begin with "client-". The exit status is 0
 * if the server has let the client in. */
#include "base64.h"
#include "http.h"
#include "library.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
typedef unsigned long sspi_flags;
#else
typedef ULONG sspi_flags;
#endif

/* Legs of one logon. Kerberos has one or two, NTLM has two. */
#define LEGS_MAX 8

struct client {
    const char *package, *scheme, *target;
    sspi_flags requirements, flags;
    CredHandle credentials;
    CtxtHandle context;
    bool begun, established;
    SECURITY_STATUS status;
};

static PSecurityFunctionTableA sspi;

/* ---- the logon ---- */

/* Credentials of the account, or of the user if it has no name. */
static bool acquire(struct client *client, SEC_WINNT_AUTH_IDENTITY_A *account) {
    char package[16];
    snprintf(package, sizeof package, "%s", client->package);
    TimeStamp expiry;
    client->status = sspi->AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, account->User ? account : NULL, NULL,
                                                     NULL, &client->credentials, &expiry);
    return client->status == SEC_E_OK;
}

/* Takes the server's token, NULL at first. `*header` is what to send: a value of Authorization, to be freed, or NULL if that is
 * nothing. False if the logon has failed. */
static bool step(struct client *client, unsigned char *token, size_t length, char **header) {
    SecBuffer in = {(unsigned)length, SECBUFFER_TOKEN, token}, out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, &in}, out_desc = {SECBUFFER_VERSION, 1, &out};
    char target[512];
    TimeStamp expiry;
    *header = NULL;
    snprintf(target, sizeof target, "%s", client->target);
    client->status = sspi->InitializeSecurityContextA(&client->credentials, client->begun ? &client->context : NULL, target,
                                                      client->requirements, 0, SECURITY_NATIVE_DREP, token ? &in_desc : NULL, 0,
                                                      &client->context, &out_desc, &client->flags, &expiry);
    if (client->status >= 0) client->begun = true; /* a failed first call creates no context */
    if (client->status == SEC_I_COMPLETE_NEEDED || client->status == SEC_I_COMPLETE_AND_CONTINUE) {
        SECURITY_STATUS completed = sspi->CompleteAuthToken(&client->context, &out_desc);
        if (completed < 0) client->status = completed;
    }
    client->established = client->status == SEC_E_OK || client->status == SEC_I_COMPLETE_NEEDED;
    bool sends = client->status >= 0 && out.pvBuffer && out.cbBuffer;
    if (sends) *header = base64_header(client->scheme, out.pvBuffer, out.cbBuffer);
    if (out.pvBuffer) sspi->FreeContextBuffer(out.pvBuffer);
    if (sends && !*header) client->status = SEC_E_INSUFFICIENT_MEMORY;
    return client->status >= 0;
}

/* What the server says to the scheme: a token in base64, "" if it only offers it; NULL if it does neither. */
static const char *challenge(const struct client *client, const struct http_answer *answer) {
    size_t length = strlen(client->scheme);
    for (size_t i = 0; i < answer->challenge_count; i++) {
        const char *value = answer->challenges[i];
        size_t same = 0;
        while (same < length && tolower((unsigned char)value[same]) == tolower((unsigned char)client->scheme[same])) same++;
        if (same == length && (!value[length] || value[length] == ' ')) return value + length + strspn(value + length, " ");
    }
    return NULL;
}

/* Asks until the server has nothing more to say. False if there is no answer, or the logon has failed on this side. */
static bool converse(struct client *client, struct http_input *input, const char *path, const char *host, struct http_answer *answer) {
    char *header = NULL;
    for (int leg = 0; leg < LEGS_MAX; leg++) {
        bool had = http_ask(input, path, host, header) && http_take(input, answer);
        free(header);
        header = NULL;
        if (!had) {
            fprintf(stderr, "the server does not answer\n");
            return false;
        }
        const char *said = challenge(client, answer);
        bool first = leg == 0;
        /* Without a token, the server does not begin (a page for everybody), or has refused. */
        if (client->established || !said || (first ? answer->status != 401 : !*said)) return true;
        size_t length = 0;
        unsigned char *token = *said ? base64_decode(said, &length) : NULL;
        bool went = (!*said || token) && step(client, token, length, &header);
        free(token);
        if (!went) return false;
        if (!header) return true;
        if (!answer->keep_alive && !first) {
            fprintf(stderr, "the server does not keep the connection\n");
            break;
        }
        free(answer->body);
        answer->body = NULL;
    }
    free(header);
    return false;
}

/* ---- what is told ---- */

static void describe(struct client *client, const struct http_answer *answer) {
    char text[64];
    printf("client-status: %s\n", status_text(client->status, text));
    if (answer->status) printf("client-http-status: %d\n", answer->status);
    if (!client->established) return;
    SecPkgContext_NegotiationInfoA negotiation = {0};
    SecPkgContext_PackageInfoA package = {0};
    SecPkgContext_NativeNamesA names = {0};
    if (sspi->QueryContextAttributesA(&client->context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation) == SEC_E_OK) {
        printf("client-mechanism: %s\n", negotiation.PackageInfo->Name);
        sspi->FreeContextBuffer(negotiation.PackageInfo);
    } else if (sspi->QueryContextAttributesA(&client->context, SECPKG_ATTR_PACKAGE_INFO, &package) == SEC_E_OK) {
        printf("client-mechanism: %s\n", package.PackageInfo->Name);
        sspi->FreeContextBuffer(package.PackageInfo);
    }
    if (sspi->QueryContextAttributesA(&client->context, SECPKG_ATTR_NATIVE_NAMES, &names) == SEC_E_OK) {
        if (names.sClientName) printf("client-name: %s\n", names.sClientName);
        if (names.sServerName) printf("client-server: %s\n", names.sServerName);
        if (names.sClientName) sspi->FreeContextBuffer(names.sClientName);
        if (names.sServerName) sspi->FreeContextBuffer(names.sServerName);
    }
    printf("client-server-proved: %s\n", client->flags & ISC_RET_MUTUAL_AUTH ? "yes" : "no");
    printf("client-delegated: %s\n", client->flags & ISC_RET_DELEGATE ? "yes" : "no");
}

/* ---- the connection ---- */

/* Splits the URL in place; `*port` and `*path` may be within it. */
static bool split_url(char *url, char **host, const char **port, const char **path) {
    if (strncmp(url, "http://", 7)) return false;
    *host = url + 7;
    char *slash = strchr(*host, '/');
    static char whole[2048] = "/";
    if (slash) {
        snprintf(whole, sizeof whole, "%s", slash);
        *slash = 0;
    }
    *path = whole;
    char *colon = strrchr(*host, ':');
    *port = colon ? colon + 1 : "80";
    if (colon) *colon = 0;
    return **host && strspn(*port, "0123456789") == strlen(*port) && !strpbrk(*path, " \r\n") && !strpbrk(*host, " \r\n@");
}

static SOCKET connect_to(const char *host, const char *port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    SOCKET socket_ = INVALID_SOCKET;
    if (getaddrinfo(host, port, &hints, &found) != 0) return INVALID_SOCKET;
    for (struct addrinfo *at = found; at && socket_ == INVALID_SOCKET; at = at->ai_next) {
        socket_ = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (socket_ != INVALID_SOCKET && connect(socket_, at->ai_addr, at->ai_addrlen) != 0) {
            socket_close(socket_);
            socket_ = INVALID_SOCKET;
        }
    }
    freeaddrinfo(found);
    return socket_;
}

/* The first line of a file, into `password`. */
static bool read_password(const char *path, char *password, int room) {
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    bool had = file && fgets(password, room, file);
    if (file && file != stdin) fclose(file);
    if (had) password[strcspn(password, "\r\n")] = 0;
    return had;
}

/* Overwrites a secret; not left out by the compiler. */
static void erase(char *secret, size_t length) {
    for (volatile char *at = secret; length; length--) *at++ = 0;
}

static int usage(const char *program) {
    fprintf(stderr,
            "usage: %s [--library PATH] [--package Negotiate|Kerberos|NTLM] [--address ADDRESS] [--target NAME]\n"
            "       [--delegate] [--user USER --domain DOMAIN --password-file FILE] URL\n",
            program);
    return 2;
}

int main(int count, char **arguments) {
    const char *library = getenv("NEGOSSP_LIBRARY"), *address = NULL, *user = NULL, *domain = "", *password_file = NULL;
    struct client client = {
        .package = "Negotiate",
        .requirements = ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT |
                        ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY,
    };
    char *url = NULL;
    for (int i = 1; i < count; i++) {
        bool more = i + 1 < count;
        if (more && strcmp(arguments[i], "--library") == 0)
            library = arguments[++i];
        else if (more && strcmp(arguments[i], "--package") == 0)
            client.package = arguments[++i];
        else if (more && strcmp(arguments[i], "--address") == 0)
            address = arguments[++i];
        else if (more && strcmp(arguments[i], "--target") == 0)
            client.target = arguments[++i];
        else if (strcmp(arguments[i], "--delegate") == 0)
            client.requirements |= ISC_REQ_DELEGATE;
        else if (more && strcmp(arguments[i], "--user") == 0)
            user = arguments[++i];
        else if (more && strcmp(arguments[i], "--domain") == 0)
            domain = arguments[++i];
        else if (more && strcmp(arguments[i], "--password-file") == 0)
            password_file = arguments[++i];
        else if (!url && arguments[i][0] != '-')
            url = arguments[i];
        else
            return usage(arguments[0]);
    }
    char *host;
    const char *port, *path;
    if (!url || !user != !password_file || !split_url(url, &host, &port, &path)) return usage(arguments[0]);
    client.scheme = strcmp(client.package, "NTLM") == 0 ? "NTLM" : "Negotiate";
    char target[512], authority[512], password[512] = "";
    snprintf(target, sizeof target, "HTTP/%s", host);
    snprintf(authority, sizeof authority, strcmp(port, "80") == 0 ? "%s" : "%s:%s", host, port);
    if (!client.target) client.target = target;
    if (password_file && !read_password(password_file, password, sizeof password)) {
        fprintf(stderr, "no password in %s\n", password_file);
        return 1;
    }

    library = library && *library ? library : DEFAULT_LIBRARY;
    void *loaded = os_start() ? library_load(library) : NULL;
    sspi = loaded ? library_table(loaded, library, "InitSecurityInterfaceA") : NULL;
    if (!sspi) return 1;
    SEC_WINNT_AUTH_IDENTITY_A account = {
        .User = (void *)user, .UserLength = user ? (unsigned)strlen(user) : 0,
        .Domain = (void *)domain, .DomainLength = (unsigned)strlen(domain),
        .Password = (void *)password, .PasswordLength = (unsigned)strlen(password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    bool acquired = acquire(&client, &account);
    erase(password, sizeof password);
    struct http_answer answer = {0};
    struct http_input *input = calloc(1, sizeof *input);
    bool conversed = false;
    if (acquired && input) {
        input->socket = connect_to(address ? address : host, port);
        if (input->socket == INVALID_SOCKET)
            fprintf(stderr, "cannot connect to %s port %s\n", address ? address : host, port);
        else {
            conversed = converse(&client, input, path, authority, &answer);
            socket_close(input->socket);
        }
    }
    describe(&client, &answer);
    /* Before its side of the logon has ended, the server has not proved who it is: the page may be anybody's. */
    bool in = conversed && answer.status >= 200 && answer.status < 300 && client.established;
    if (answer.body) printf("%s", answer.body);
    free(answer.body);
    free(input);
    if (client.begun) sspi->DeleteSecurityContext(&client.context);
    if (acquired) sspi->FreeCredentialsHandle(&client.credentials);
    return in ? 0 : 1;
}
