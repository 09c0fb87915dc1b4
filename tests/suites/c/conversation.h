/* A conversation between an initiator and an acceptor of the library, run one leg at a time, so that a test can
 * read or change the tokens between them. */
#ifndef NEGOSSP_TESTS_CONVERSATION_H
#define NEGOSSP_TESTS_CONVERSATION_H

#include "harness.h"

#define TOKEN_MAX 16384

/* The accounts of config/accounts. */
#define USER u"alice"
#define PASSWORD u"Password"
#define DOMAIN u"EXAMPLE"

#define TEXT_LENGTH(text) (sizeof(text) / sizeof *(text) - 1)

/* A token, in memory of its own. */
struct bytes {
    ULONG length;
    unsigned char data[TOKEN_MAX];
};

/* What a test requires; fields that it omits (zero) have the usual values: Negotiate, alice, her password, and a
 * client that requests signing and sealing. */
#define CLIENT_USUAL \
    (ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)
struct terms {
    SEC_WCHAR *package, *client_package;
    SEC_WCHAR *user, *domain, *password;
    SEC_WCHAR *target;
    ULONG client_requirements, server_requirements;
    ULONG drep;
    /* SEC_CHANNEL_BINDINGS of each side. */
    void *client_bindings, *server_bindings;
    ULONG client_bindings_length, server_bindings_length;
    /* SEC_CHANNEL_BINDINGS_RESULT of the server; its length is 4 unless given. */
    ULONG *bindings_result;
    ULONG bindings_result_length;
    /* The `sockaddr` of the client, as the server tells it. */
    void *server_address;
    ULONG server_address_length;
    /* The server's credential is acquired with this identity. */
    SEC_WINNT_AUTH_IDENTITY_W *server_identity;
    /* The client is anonymous. */
    bool anonymous;
};

/* One side. */
struct side {
    CredHandle credential;
    CtxtHandle context;
    bool has_credential, has_context;
    SECURITY_STATUS status;
    ULONG attributes;
    TimeStamp expiry;
    struct bytes sent; /* its last token */
};

struct conversation {
    struct terms terms;
    struct side client, server;
    bool servers_turn;
};

/* An identity over `user`, `domain` and `password`, each NUL-terminated or NULL. */
SEC_WINNT_AUTH_IDENTITY_W identity_w(SEC_WCHAR *user, SEC_WCHAR *domain, SEC_WCHAR *password);
size_t length_w(const SEC_WCHAR *text);
bool equal_w(const SEC_WCHAR *a, const SEC_WCHAR *b);
/* Whether the wide text is this ASCII text. */
bool equal_wa(const SEC_WCHAR *wide, const char *ascii);

/* Acquires both credentials. */
bool conversation_open(struct conversation *c, const struct terms *terms);
/* Deletes and frees whatever there is. */
void conversation_close(struct conversation *c);

/* The next leg of each side, with the other side's last token; the status is the call's. */
SECURITY_STATUS client_leg(struct conversation *c);
SECURITY_STATUS server_leg(struct conversation *c);
/* The same with another token. */
SECURITY_STATUS client_leg_with(struct conversation *c, const void *token, ULONG length);
SECURITY_STATUS server_leg_with(struct conversation *c, const void *token, ULONG length);

/* Runs all legs that are left; true when both sides end with SEC_E_OK. */
bool converse(struct conversation *c);
/* conversation_open, then converse. */
bool conversation_establish(struct conversation *c, const struct terms *terms);
/* Opens, and goes on until the client's last token (AUTHENTICATE_MESSAGE) awaits the server. */
bool conversation_until_last_leg(struct conversation *c, const struct terms *terms);

/* A message goes from the client to the server, sealed, and back: the context works. */
bool conversation_works(struct conversation *c);

/* A `sockaddr` of either family, of the 4 or 16 bytes of an address. */
struct socket_address {
    USHORT family, port;
    unsigned char rest[24];
};

struct socket_address inet(const char *address);
struct socket_address inet6(const char *address);

#define HANDLE_IS_ZERO(handle) ((handle).dwLower == 0 && (handle).dwUpper == 0)

#endif
