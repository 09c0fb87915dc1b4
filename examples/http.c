#include "http.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned http_patience_seconds = 30;

static int64_t deadline_from_now(void) { return os_now() + (int64_t)http_patience_seconds * 1000; }

/* Lets the next call wait no longer than until the deadline; false when that has passed. */
static bool wait_until(SOCKET socket, int64_t deadline) {
    int64_t left = deadline - os_now();
    if (left > 0) socket_timeout(socket, left);
    return left > 0;
}

static bool send_all(SOCKET socket, const char *bytes, size_t length, int64_t deadline) {
    while (length) {
        if (!wait_until(socket, deadline)) return false;
        int sent = (int)send(socket, bytes, length > 1 << 20 ? 1 << 20 : length, IO_FLAGS);
        if (sent <= 0) return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Receives up to `room` bytes: how many; 0 when the peer has disconnected, -1 when the time is over. */
static int receive(const struct http_input *input, char *bytes, size_t room) {
    if (!wait_until(input->socket, input->deadline)) return -1;
    return (int)recv(input->socket, bytes, (int)room, 0);
}

static bool same_word(const char *a, const char *b) {
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) a++, b++;
    return *a == *b;
}

/* Is `word` one of the comma-separated `list`? */
static bool lists(const char *list, const char *word) {
    size_t length = strlen(word);
    while (*list) {
        list += strspn(list, " \t,");
        size_t item = strcspn(list, ",");
        size_t trimmed = item;
        while (trimmed && (list[trimmed - 1] == ' ' || list[trimmed - 1] == '\t')) trimmed--;
        if (trimmed == length) {
            size_t i = 0;
            while (i < length && tolower((unsigned char)list[i]) == tolower((unsigned char)word[i])) i++;
            if (i == length) return true;
        }
        list += item;
    }
    return false;
}

/* A token of RFC 9110: what methods and header names are made of. */
static bool is_token(const char *text) {
    if (!*text) return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("!#$%&'*+-.^_`|~", *text)) return false;
    return true;
}

/* Collects the header fields that this server uses. */
struct fields {
    const char *connection, *expect;
    bool host, transfer_encoding, content_length;
};

static int take_field(struct http_request *request, struct fields *fields, const char *name, const char *value) {
    if (same_word(name, "host")) {
        if (fields->host) return 400;
        fields->host = true;
    } else if (same_word(name, "authorization")) {
        if (request->authorization) return 400;
        request->authorization = value;
    } else if (same_word(name, "x-forwarded-for")) {
        request->proxy_header = "X-Forwarded-For";
    } else if (same_word(name, "forwarded")) {
        request->proxy_header = "Forwarded";
    } else if (same_word(name, "via")) {
        request->proxy_header = "Via";
    } else if (same_word(name, "accept")) {
        request->accept = value;
    } else if (same_word(name, "connection")) {
        fields->connection = value;
    } else if (same_word(name, "expect")) {
        fields->expect = value;
    } else if (same_word(name, "transfer-encoding")) {
        fields->transfer_encoding = true;
    } else if (same_word(name, "content-length")) {
        size_t digits = strspn(value, "0123456789");
        if (!digits || value[digits] || fields->content_length) return 400;
        fields->content_length = true;
        if (digits > 9) return 413;
        request->body_length = (size_t)strtoul(value, NULL, 10);
        if (request->body_length > BODY_MAX) return 413;
    }
    return 0;
}

/* Splits the head, `length` bytes with a zero behind them, in place. Sets `*version` to the minor version. */
static int parse_head(char *head, size_t length, struct http_request *request, struct fields *fields, int *version) {
    if (memchr(head, 0, length)) return 400;
    char *next;
    for (char *line = head; *line; line = next) {
        next = strchr(line, '\n');
        if (!next) return strcmp(line, "\r") == 0 && request->method ? 0 : 400; /* the empty line */
        *next++ = 0;
        size_t end = strlen(line);
        if (end && line[end - 1] == '\r') line[--end] = 0;
        if (strchr(line, '\r')) return 400;
        if (line == head) {
            char *target = strchr(line, ' ');
            char *protocol = target ? strchr(target + 1, ' ') : NULL;
            if (!protocol) return 400;
            *target++ = *protocol++ = 0;
            if (!is_token(line) || !*target) return 400;
            if (strncmp(protocol, "HTTP/1.", 7) || !isdigit((unsigned char)protocol[7]) || protocol[8]) return 505;
            *version = protocol[7] - '0';
            request->method = line;
            request->target = target;
        } else if (end) {
            char *value = strchr(line, ':');
            if (!value) return 400;
            *value++ = 0;
            if (!is_token(line)) return 400;
            value += strspn(value, " \t");
            while (end > (size_t)(value - line) && (line[end - 1] == ' ' || line[end - 1] == '\t')) line[--end] = 0;
            int status = take_field(request, fields, line, value);
            if (status) return status;
        }
    }
    return request->method ? 0 : 400;
}

/* The length of the head that the input begins with, its empty last line included; 0 when it is not all here. */
static size_t head_length(const struct http_input *input) {
    for (size_t i = 0; i < input->used; i++) {
        if (input->bytes[i] != '\n') continue;
        if (i + 1 < input->used && input->bytes[i + 1] == '\n') return i + 2;
        if (i + 2 < input->used && input->bytes[i + 1] == '\r' && input->bytes[i + 2] == '\n') return i + 3;
    }
    return 0;
}

/* Reads and discards the body; what follows it in the buffer stays. */
static int skip_body(struct http_input *input, size_t head, size_t body) {
    size_t here = input->used - head < body ? input->used - head : body;
    input->parsed = head + here;
    for (body -= here; body;) {
        char scratch[16 * 1024];
        int got = receive(input, scratch, body < sizeof scratch ? body : sizeof scratch);
        if (got <= 0) return got ? 408 : -1;
        body -= (size_t)got;
    }
    return 0;
}

int http_read(struct http_input *input, struct http_request *request) {
    memmove(input->bytes, input->bytes + input->parsed, input->used - input->parsed);
    input->used -= input->parsed;
    input->parsed = 0;
    *request = (struct http_request){.accept = ""};
    input->deadline = deadline_from_now();

    size_t head;
    for (;;) {
        /* Empty lines before a request are ignored (RFC 9112, 2.2). */
        size_t blank = 0;
        while (blank < input->used && (input->bytes[blank] == '\r' || input->bytes[blank] == '\n')) blank++;
        memmove(input->bytes, input->bytes + blank, input->used - blank);
        input->used -= blank;
        head = head_length(input);
        if (head) break;
        if (input->used == HEAD_MAX) return 431;
        int got = receive(input, input->bytes + input->used, HEAD_MAX - input->used);
        if (got <= 0) return !input->used ? -1 : got ? 408 : 400;
        input->used += (size_t)got;
    }

    /* The head's last byte is the newline of its empty line; in its place goes the end of the text. */
    input->bytes[head - 1] = 0;
    struct fields fields = {0};
    int version = 1;
    int status = parse_head(input->bytes, head - 1, request, &fields, &version);
    if (status) return status;
    if (version >= 1 && !fields.host) return 400;
    if (fields.transfer_encoding) return 501;
    request->is_head = strcmp(request->method, "HEAD") == 0;
    if (!request->is_head && strcmp(request->method, "GET") && strcmp(request->method, "POST") && strcmp(request->method, "PUT"))
        return 501;
    request->keep_alive = version >= 1 ? !(fields.connection && lists(fields.connection, "close"))
                                       : fields.connection && lists(fields.connection, "keep-alive");
    if (fields.expect && request->body_length && input->used == head &&
        !send_all(input->socket, "HTTP/1.1 100 Continue\r\n\r\n", 25, input->deadline))
        return -1;
    return skip_body(input, head, request->body_length);
}

static const char *reason(int status) {
    switch (status) {
    case 200: return "OK";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
    }
}

bool http_send(SOCKET socket, int status, const char *headers, const char *content_type, const char *body, bool body_wanted,
               bool keep_alive) {
    size_t room = strlen(headers) + strlen(body) + 512;
    char *text = malloc(room);
    if (!text) return false;
    int length = snprintf(text, room,
                          "HTTP/1.1 %d %s\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %zu\r\n"
                          "Cache-Control: no-store\r\nConnection: %s\r\n%s\r\n%s",
                          status, reason(status), content_type, strlen(body), keep_alive ? "keep-alive" : "close", headers,
                          body_wanted ? body : "");
    bool sent = length > 0 && (size_t)length < room && send_all(socket, text, (size_t)length, deadline_from_now());
    free(text);
    return sent;
}
