#include "authentication.h"
#include "base64.h"
#include "library.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The requested flags; those that the client does not grant are missing on the page. */
#define REQUIREMENTS                                                                                                  \
    (ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_CONNECTION | ASC_REQ_EXTENDED_ERROR | ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY | \
     ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_MUTUAL_AUTH | ASC_REQ_DELEGATE)

/* The schemes, each named as its package. */
static struct scheme {
    const char *name;
    CredHandle credentials;
} schemes[] = {{.name = "Negotiate"}, {.name = "NTLM"}};
#define SCHEMES (sizeof schemes / sizeof *schemes)

static PSecurityFunctionTableW sspi;
#ifndef _WIN32
/* Of negossp alone, or NULL. */
static SECURITY_STATUS (*become_token)(HANDLE);
static SECURITY_STATUS (*close_token)(HANDLE);
#endif

/* ---- text ---- */

/* A growing string; `failed` if memory ran out, or it could not be made. */
struct text {
    char *bytes;
    size_t length, room;
    bool failed;
};

static void append(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (text->failed || length < 0) return;
    if (text->length + (size_t)length + 1 > text->room) {
        size_t room = 2 * (text->length + (size_t)length) + 256;
        char *bytes = realloc(text->bytes, room);
        if (!bytes) {
            text->failed = true;
            return;
        }
        text->bytes = bytes;
        text->room = room;
    }
    va_start(arguments, format);
    vsnprintf(text->bytes + text->length, text->room - text->length, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

/* Appends UTF-16 as UTF-8. Fails if that is not possible, instead of writing something like it: two names must not become
 * one. Nor has a name control characters, which would divide lines. */
static void append_wide(struct text *text, const SEC_WCHAR *wide) {
    if (!wide) text->failed = true;
    for (size_t i = 0; wide && wide[i]; i++) {
        uint32_t c = (uint16_t)wide[i];
        if (c >= 0xD800 && c < 0xDC00 && (uint16_t)wide[i + 1] >= 0xDC00 && (uint16_t)wide[i + 1] < 0xE000)
            c = 0x10000 + ((c - 0xD800) << 10) + ((uint16_t)wide[++i] - 0xDC00u);
        if ((c >= 0xD800 && c < 0xE000) || c < 0x20 || c == 0x7F)
            text->failed = true;
        else if (c < 0x80)
            append(text, "%c", (int)c);
        else if (c < 0x800)
            append(text, "%c%c", (int)(0xC0 | c >> 6), (int)(0x80 | (c & 63)));
        else if (c < 0x10000)
            append(text, "%c%c%c", (int)(0xE0 | c >> 12), (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
        else
            append(text, "%c%c%c%c", (int)(0xF0 | c >> 18), (int)(0x80 | (c >> 12 & 63)), (int)(0x80 | (c >> 6 & 63)),
                   (int)(0x80 | (c & 63)));
    }
}

/* The string, to be freed by the caller; NULL if it failed. */
static char *finish(struct text *text) {
    if (!text->failed) return text->bytes;
    free(text->bytes);
    return NULL;
}

/* ---- the library ---- */

bool authentication_start(const char *library) {
    void *loaded = library_load(library);
    sspi = loaded ? library_table(loaded, library, "InitSecurityInterfaceW") : NULL;
    if (!sspi) return false;
#ifndef _WIN32
    void *become = library_symbol(loaded, "NegosspBecomeToken"), *close = library_symbol(loaded, "NegosspCloseToken");
    memcpy(&become_token, &become, sizeof become_token);
    memcpy(&close_token, &close, sizeof close_token);
#endif
    for (size_t i = 0; i < SCHEMES; i++) {
        SEC_WCHAR package[16] = {0};
        for (size_t j = 0; schemes[i].name[j]; j++) package[j] = (SEC_WCHAR)schemes[i].name[j];
        SECURITY_STATUS status = sspi->AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                                                 &schemes[i].credentials, NULL);
        if (status != SEC_E_OK) {
            char text[64];
            fprintf(stderr, "AcquireCredentialsHandle(%s): %s\n", schemes[i].name, status_text(status, text));
            return false;
        }
    }
    return true;
}

/* ---- the conversation ---- */

/* The scheme that an Authorization header names, and in `*token` what follows it. */
static struct scheme *find_scheme(const char *authorization, const char **token) {
    for (size_t i = 0; i < SCHEMES; i++) {
        size_t length = strlen(schemes[i].name);
        size_t same = 0;
        while (same < length && tolower((unsigned char)authorization[same]) == tolower((unsigned char)schemes[i].name[same]))
            same++;
        if (same < length || (authorization[length] != ' ' && authorization[length])) continue;
        *token = authorization + length + strspn(authorization + length, " ");
        return &schemes[i];
    }
    return NULL;
}

/* A client may begin anew before it has finished, as libsoup does: a NEGOTIATE_MESSAGE ([MS-NLMP] 2.2.1.1), or an
 * InitialContextToken (RFC 2743, 3.1), whose tag no later token has. */
static bool is_first(const unsigned char *bytes, size_t length) {
    static const unsigned char negotiate[] = {'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, 1, 0, 0, 0};
    return (length >= sizeof negotiate && memcmp(bytes, negotiate, sizeof negotiate) == 0) || (length && bytes[0] == 0x60);
}

/* The client's name, to be freed by the caller; NULL if it cannot be had whole, and `*status` says why. */
static char *client_name(CtxtHandle *context, SECURITY_STATUS *status) {
    SecPkgContext_NamesW names = {0};
    struct text text = {0};
    *status = sspi->QueryContextAttributesW(context, SECPKG_ATTR_NAMES, &names);
    if (*status != SEC_E_OK) return NULL;
    append_wide(&text, names.sUserName);
    sspi->FreeContextBuffer(names.sUserName);
    char *name = finish(&text);
    if (!name) *status = SEC_E_LOGON_DENIED;
    return name;
}

enum outcome conversation_step(struct conversation *conversation, const char *authorization, char **reply) {
    *reply = NULL;
    const char *token;
    struct scheme *scheme = find_scheme(authorization, &token);
    if (!scheme) return OUTCOME_NONE;
    size_t length;
    unsigned char *bytes = base64_decode(token, &length);
    if (!bytes) return OUTCOME_BAD;

    /* A token after the end, under the other scheme, or that only a first message can be begins a new conversation. */
    if (conversation->established || conversation->scheme != scheme->name || is_first(bytes, length)) conversation_end(conversation);
    conversation->scheme = scheme->name;

    /* A library that does not know the second buffer's type ignores it. */
    SecBuffer in[] = {{(unsigned)length, SECBUFFER_TOKEN, bytes},
                      {(unsigned)conversation->peer_length, SECBUFFER_NEGOSSP_PEER_ADDRESS, &conversation->peer}};
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, conversation->peer_length ? 2 : 1, in};
    SecBufferDesc out_desc = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle context = conversation->context;
    TimeStamp expiry;
#ifdef _WIN32
    unsigned long flags = 0;
#else
    ULONG flags = 0;
#endif
    SECURITY_STATUS status = sspi->AcceptSecurityContext(&scheme->credentials, conversation->begun ? &context : NULL, &in_desc,
                                                         REQUIREMENTS, SECURITY_NATIVE_DREP, &context, &out_desc, &flags,
                                                         &expiry);
    free(bytes);
    /* A failed first call creates no context. */
    if (status >= 0 || conversation->begun) {
        conversation->context = context;
        conversation->begun = true;
    }
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE) {
        SECURITY_STATUS completed = sspi->CompleteAuthToken(&context, &out_desc);
        if (completed < 0) status = completed;
    }
    conversation->status = status;
    conversation->flags = flags;

    /* There may be an error token for the client. */
    if (out.pvBuffer && out.cbBuffer) *reply = base64_header(scheme->name, out.pvBuffer, out.cbBuffer);
    if (out.pvBuffer) sspi->FreeContextBuffer(out.pvBuffer);

    switch (status) {
    case SEC_I_CONTINUE_NEEDED:
    case SEC_I_COMPLETE_AND_CONTINUE: return OUTCOME_CONTINUE;
    case SEC_E_OK:
    case SEC_I_COMPLETE_NEEDED:
        conversation->client = client_name(&context, &conversation->status);
        conversation->established = conversation->client != NULL;
        if (conversation->established) return OUTCOME_WELCOME;
        free(*reply);
        *reply = NULL;
        conversation_end(conversation);
        return OUTCOME_REFUSED;
    default: conversation_end(conversation); return OUTCOME_REFUSED;
    }
}

void conversation_end(struct conversation *conversation) {
    if (conversation->begun) sspi->DeleteSecurityContext(&conversation->context);
    conversation->begun = conversation->established = false;
    free(conversation->client);
    conversation->client = NULL;
    conversation->flags = 0;
}

/* ---- the client ---- */

static void append_flags(struct text *text, unsigned long flags) {
    static const struct {
        unsigned long flag;
        const char *name;
    } names[] = {
#define NAME(name) {ASC_RET_##name, #name}
        NAME(DELEGATE), NAME(MUTUAL_AUTH), NAME(REPLAY_DETECT), NAME(SEQUENCE_DETECT), NAME(CONFIDENTIALITY),
        NAME(USE_SESSION_KEY), NAME(ALLOCATED_MEMORY), NAME(USED_DCE_STYLE), NAME(DATAGRAM), NAME(CONNECTION),
        NAME(EXTENDED_ERROR), NAME(STREAM), NAME(INTEGRITY), NAME(IDENTIFY), NAME(NULL_SESSION),
#undef NAME
    };
    const char *separator = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!(flags & names[i].flag)) continue;
        append(text, "%s%s", separator, names[i].name);
        flags &= ~names[i].flag;
        separator = " ";
    }
    if (flags) append(text, "%s0x%lx", separator, flags);
    append(text, "\n");
}

/* Thread-safe gmtime. On Windows the result is stored per thread. */
static struct tm *calendar(const time_t *time, struct tm *parts) {
#ifdef _WIN32
    (void)parts;
    return gmtime(time);
#else
    return gmtime_r(time, parts);
#endif
}

/* A time stamp of SSPI, in local time; "never" if it is out of range. */
static void append_time(struct text *text, const TimeStamp *stamp) {
    int64_t ticks;
    memcpy(&ticks, stamp, sizeof ticks);
    int64_t seconds = ticks / 10000000 - 11644473600LL;
    time_t time = (time_t)seconds;
    struct tm *parts = ticks > 0 && seconds < 32503680000LL && (int64_t)time == seconds ? calendar(&time, &(struct tm){0}) : NULL;
    char date[32];
    if (parts && strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", parts))
        append(text, "%s", date);
    else
        append(text, "%s", ticks > 0 ? "never" : "not known");
}

SECURITY_STATUS conversation_impersonate(struct conversation *conversation) {
    return sspi->ImpersonateSecurityContext(&conversation->context);
}

SECURITY_STATUS conversation_revert(struct conversation *conversation) {
    return sspi->RevertSecurityContext(&conversation->context);
}

#ifndef _WIN32
SECURITY_STATUS conversation_token(struct conversation *conversation, HANDLE *token) {
    if (!become_token || !close_token || !sspi->QuerySecurityContextToken) return SEC_E_UNSUPPORTED_FUNCTION;
    return sspi->QuerySecurityContextToken(&conversation->context, token);
}

SECURITY_STATUS token_become(HANDLE token) { return become_token(token); }
void token_close(HANDLE token) { close_token(token); }
#endif

char *conversation_describe(struct conversation *conversation) {
    CtxtHandle *context = &conversation->context;
    struct text text = {0};

    append(&text, "user: %s\nscheme: %s\n", conversation->client, conversation->scheme);

    SecPkgContext_NegotiationInfoW negotiation = {0};
    SecPkgContext_PackageInfoW package = {0};
    if (sspi->QueryContextAttributesW(context, SECPKG_ATTR_NEGOTIATION_INFO, &negotiation) == SEC_E_OK) {
        append(&text, "package: ");
        append_wide(&text, negotiation.PackageInfo->Name);
        append(&text, negotiation.NegotiationState == SECPKG_NEGOTIATION_COMPLETE ? "\n" : " (still negotiating)\n");
        sspi->FreeContextBuffer(negotiation.PackageInfo);
    } else if (sspi->QueryContextAttributesW(context, SECPKG_ATTR_PACKAGE_INFO, &package) == SEC_E_OK) {
        append(&text, "package: ");
        append_wide(&text, package.PackageInfo->Name);
        append(&text, "\n");
        sspi->FreeContextBuffer(package.PackageInfo);
    }

    append(&text, "flags: ");
    append_flags(&text, conversation->flags);

    SecPkgContext_KeyInfoW key = {0};
    if (sspi->QueryContextAttributesW(context, SECPKG_ATTR_KEY_INFO, &key) == SEC_E_OK) {
        append(&text, "key: %u bits, signs with ", (unsigned)key.KeySize);
        append_wide(&text, key.sSignatureAlgorithmName);
        append(&text, ", encrypts with ");
        append_wide(&text, key.sEncryptAlgorithmName);
        append(&text, "\n");
        sspi->FreeContextBuffer(key.sSignatureAlgorithmName);
        sspi->FreeContextBuffer(key.sEncryptAlgorithmName);
    }
    SecPkgContext_Sizes sizes;
    if (sspi->QueryContextAttributesW(context, SECPKG_ATTR_SIZES, &sizes) == SEC_E_OK)
        append(&text, "sizes: token %u, signature %u, trailer %u, block %u\n", (unsigned)sizes.cbMaxToken,
               (unsigned)sizes.cbMaxSignature, (unsigned)sizes.cbSecurityTrailer, (unsigned)sizes.cbBlockSize);
    SecPkgContext_Lifespan lifespan;
    if (sspi->QueryContextAttributesW(context, SECPKG_ATTR_LIFESPAN, &lifespan) == SEC_E_OK) {
        append(&text, "valid: ");
        append_time(&text, &lifespan.tsStart);
        append(&text, " to ");
        append_time(&text, &lifespan.tsExpiry);
        append(&text, " (local time)\n");
    }

    return finish(&text);
}
