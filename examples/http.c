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

/* Ends a line of a head and returns what follows it; NULL if it has no end. `*length` is without the line's end. */
static char *end_line(char *line, size_t *length) {
    char *next = strchr(line, '\n');
    if (!next) return NULL;
    *next++ = 0;
    *length = strlen(line);
    if (*length && line[*length - 1] == '\r') line[--*length] = 0;
    return next;
}

/* Splits a line of that length in place into a field's name, at its beginning, and the value; NULL if it is no field. */
static char *split_field(char *line, size_t length) {
    char *value = strchr(line, ':');
    if (!value) return NULL;
    *value++ = 0;
    value += strspn(value, " \t");
    while (length > (size_t)(value - line) && (line[length - 1] == ' ' || line[length - 1] == '\t')) line[--length] = 0;
    return is_token(line) ? value : NULL;
}

/* Splits the head, `length` bytes with a zero behind them, in place. Sets `*version` to the minor version. */
static int parse_head(char *head, size_t length, struct http_request *request, struct fields *fields, int *version) {
    if (memchr(head, 0, length)) return 400;
    char *next;
    size_t end;
    for (char *line = head; *line; line = next) {
        next = end_line(line, &end);
        if (!next) return strcmp(line, "\r") == 0 && request->method ? 0 : 400; /* the empty line */
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
            char *value = split_field(line, end);
            if (!value) return 400;
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

/* ---- a client's side ---- */

bool http_ask(struct http_input *input, const char *target, const char *host, const char *authorization) {
    size_t room = strlen(target) + strlen(host) + (authorization ? strlen(authorization) : 0) + 128;
    char *text = malloc(room);
    if (!text) return false;
    int length = snprintf(text, room, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/plain, */*\r\n%s%s%s\r\n", target, host,
                          authorization ? "Authorization: " : "", authorization ? authorization : "", authorization ? "\r\n" : "");
    input->deadline = deadline_from_now();
    bool sent = length > 0 && (size_t)length < room && send_all(input->socket, text, (size_t)length, input->deadline);
    free(text);
    return sent;
}

/* Splits an answer's head in place, as parse_head does. `*body` is the length of what follows. */
static bool parse_answer(char *head, size_t length, struct http_answer *answer, size_t *body) {
    bool measured = false;
    char *next;
    size_t end;
    if (memchr(head, 0, length)) return false;
    for (char *line = head; *line && strcmp(line, "\r"); line = next) {
        next = end_line(line, &end);
        if (!next) return false;
        if (line == head) {
            if (strncmp(line, "HTTP/1.", 7) || end < 12 || line[8] != ' ' || strspn(line + 9, "0123456789") != 3) return false;
            answer->status = atoi(line + 9);
            answer->keep_alive = line[7] != '0';
            continue;
        }
        char *value = split_field(line, end);
        if (!value || same_word(line, "transfer-encoding")) return false;
        if (same_word(line, "connection") && lists(value, "close")) answer->keep_alive = false;
        if (same_word(line, "www-authenticate") && answer->challenge_count < CHALLENGES_MAX)
            answer->challenges[answer->challenge_count++] = value;
        if (same_word(line, "content-length")) {
            size_t digits = strspn(value, "0123456789");
            if (measured || !digits || digits > 9 || value[digits]) return false;
            measured = true;
            *body = (size_t)strtoul(value, NULL, 10);
        }
    }
    return answer->status && (measured || answer->status == 204 || answer->status == 304) && *body <= ANSWER_MAX;
}

bool http_take(struct http_input *input, struct http_answer *answer) {
    *answer = (struct http_answer){0};
    input->used = 0; /* nothing was asked for that is not answered yet */
    size_t head;
    while (!(head = head_length(input))) {
        int got = input->used < HEAD_MAX ? receive(input, input->bytes + input->used, HEAD_MAX - input->used) : 0;
        if (got <= 0) return false;
        input->used += (size_t)got;
    }
    char *rest = input->bytes + head;
    size_t body = 0, have = input->used - head;
    input->bytes[head - 1] = 0;
    if (!parse_answer(input->bytes, head - 1, answer, &body) || have > body) return false;
    answer->body = malloc(body + 1);
    if (!answer->body) return false;
    memcpy(answer->body, rest, have);
    while (have < body) {
        int got = receive(input, answer->body + have, body - have);
        if (got <= 0) break;
        have += (size_t)got;
    }
    answer->body[have] = 0;
    if (have == body) return true;
    free(answer->body);
    answer->body = NULL;
    return false;
}
