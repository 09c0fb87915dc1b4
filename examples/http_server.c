/* A small HTTP server that authenticates its clients with the schemes Negotiate and NTLM through
 * any library that has the SSPI functions, loaded at run time.
 *
 *   http_server [--port PORT] [--address ADDRESS] [--library PATH] [--files FOLDER] [--run COMMAND]
 *               [--behind-proxy] [--patience SECONDS]
 *
 * These schemes authenticate a connection, not a request: whoever sends the next request on it is taken for the client that
 * has authenticated. A proxy in between that shares its connections to the server among its clients gives one client the
 * rights of another. Requests with X-Forwarded-For, Forwarded or Via, by which a proxy can be recognised, are therefore
 * refused. --behind-proxy allows them: for a proxy that keeps a connection of its own for each connection of a client, and
 * for no other. A proxy that sends none of these headers cannot be noticed.
 *
 * The library is by default that in NEGOSSP_LIBRARY, or else libnegossp.so.1 or negossp.dll wherever the system's loader
 * finds it. Port 0, the default, takes a free one. What it listens on is the first line of its output.
 *
 * GET / describes the client: as HTML to a browser, as text to others. POST and PUT do too, and count the body. With --files,
 * or HTTP_SERVER_FILES in the environment, GET /NAME shows the file of that name in the folder, if the client may read it.
 * With --run, on Linux, GET /run shows the output of the command, which is run by /bin/sh as the client. --patience is how
 * long a client may take for a request. */
#include "authentication.h"
#include "files.h"
#include "http.h"
#include "library.h"
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Connections served at a time. */
#define CONNECTIONS_MAX 256

static int connections;
static const char *files;   /* --files */
static const char *command; /* --run */
static bool behind_proxy;

/* ---- pages ---- */

/* Copies text into HTML. Stops, whole characters only, where `room` ends. */
static void escape(char *out, size_t room, const char *text) {
    size_t used = 0;
    for (; *text; text++) {
        char one[2] = {*text, 0};
        const char *piece = *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : *text == '"' ? "&quot;" : one;
        size_t length = strlen(piece);
        if (used + length + 1 > room) break;
        memcpy(out + used, piece, length);
        used += length;
    }
    out[used] = 0;
}

/* One page: a heading and lines of "label: value". To be freed by the caller. */
static char *page(bool html, const char *heading, const char *lines) {
    size_t room = 8 * (strlen(heading) + strlen(lines)) + 2048;
    char *out = malloc(room), *safe = malloc(room);
    if (!out || !safe) {
        free(out);
        free(safe);
        return NULL;
    }
    if (html) {
        escape(safe, room, lines);
        snprintf(out, room,
                 "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>%s</title>\n"
                 "<style>body{font:16px/1.5 sans-serif;max-width:46em;margin:4em auto;padding:0 1em}"
                 "pre{background:#eef2f6;padding:1em;white-space:pre-wrap}</style>\n"
                 "<h1>%s</h1>\n<pre>%s</pre>\n</html>\n",
                 heading, heading, safe);
    } else {
        snprintf(out, room, "%s\n%s", heading, lines);
    }
    free(safe);
    return out;
}

static bool answer(SOCKET socket, const struct http_request *request, int status, const char *headers, const char *heading,
                   const char *lines) {
    bool html = strstr(request->accept, "text/html") != NULL;
    char *body = page(html, heading, lines);
    bool sent = http_send(socket, body ? status : 503, headers, html ? "text/html" : "text/plain", body ? body : "",
                          !request->is_head, request->keep_alive);
    free(body);
    return sent && request->keep_alive;
}

/* ---- requests ---- */

/* A file for the client of an established conversation. False ends the connection. */
static bool show_file(SOCKET socket, const struct http_request *request, struct conversation *conversation, const char *headers) {
    char *text;
    int status = files_read(conversation, files, request->target + 1, &text);
    bool stays = answer(socket, request, text ? status : 503, headers, status == 200 ? request->target : "You may not", text ? text : "");
    free(text);
    return stays;
}

/* The command's output, for the client of an established conversation. False ends the connection. */
static bool show_run(SOCKET socket, const struct http_request *request, struct conversation *conversation, const char *headers) {
    char *text = NULL;
    int status = run_command(conversation, command, &text);
    bool stays = answer(socket, request, text ? status : 503, headers, status == 200 ? request->target : "You may not", text ? text : "");
    free(text);
    return stays;
}

/* A welcome for the client of an established conversation. False ends the connection. */
static bool welcome(SOCKET socket, const struct http_request *request, struct conversation *conversation, const char *headers) {
    char *lines = conversation_describe(conversation);
    if (!lines) return answer(socket, request, 503, headers, "Out of memory", "");
    char body[64] = "";
    if (request->body_length) snprintf(body, sizeof body, "body: %zu bytes\n", request->body_length);
    size_t room = strlen(lines) + strlen(body) + 64;
    char *all = malloc(room);
    if (all) snprintf(all, room, "%sserver: %s\n%s", lines, PLATFORM, body);
    bool stays = answer(socket, request, all ? 200 : 503, headers, "You are authenticated", all ? all : "");
    free(all);
    free(lines);
    return stays;
}

/* What a request of the client of an established conversation is answered with. False ends the connection. */
static bool show(SOCKET socket, const struct http_request *request, struct conversation *conversation, const char *headers) {
    if (command && strcmp(request->target, "/run") == 0) return show_run(socket, request, conversation, headers);
    if (files && strcmp(request->target, "/") != 0) return show_file(socket, request, conversation, headers);
    return welcome(socket, request, conversation, headers);
}

/* Answers one request. False ends the connection. */
static bool serve(SOCKET socket, struct conversation *conversation, const struct http_request *request) {
    static const char offer[] = "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n";
    if (request->proxy_header && !behind_proxy) {
        printf("refused (%s): a proxy, which may share the connection among its clients; see --behind-proxy\n", request->proxy_header);
        fflush(stdout);
        struct http_request last = *request;
        last.keep_alive = false;
        return answer(socket, &last, 403, "", "Not through a proxy", "");
    }
    char *reply = NULL;
    enum outcome outcome = OUTCOME_NONE;
    if (request->authorization) outcome = conversation_step(conversation, request->authorization, &reply);
    /* A request without a token on an authenticated connection comes from the same client. */
    if (outcome == OUTCOME_NONE && conversation->established) outcome = OUTCOME_WELCOME;

    size_t room = (reply ? strlen(reply) : 0) + 64;
    char *headers = malloc(room);
    if (!headers) {
        free(reply);
        return answer(socket, request, 503, "", "Out of memory", "");
    }
    *headers = 0;
    if (reply) snprintf(headers, room, "WWW-Authenticate: %s\r\n", reply);
    free(reply);

    bool stays;
    char status[64], lines[128];
    switch (outcome) {
    case OUTCOME_WELCOME: stays = show(socket, request, conversation, headers); break;
    case OUTCOME_CONTINUE: stays = answer(socket, request, 401, headers, "Go on", ""); break;
    case OUTCOME_BAD: stays = answer(socket, request, 400, "", "The token is not base64", ""); break;
    case OUTCOME_NONE: stays = answer(socket, request, 401, offer, "Who are you?", "offered: Negotiate, NTLM\n"); break;
    default:
        snprintf(lines, sizeof lines, "status: %s\n", status_text(conversation->status, status));
        printf("refused (%s): %s\n", conversation->scheme, status);
        fflush(stdout);
        stays = answer(socket, request, 401, *headers ? headers : offer, "Access denied", lines);
    }
    free(headers);
    return stays;
}

/* ---- connections ---- */

/* Closes so that the last answer arrives even when the peer is still sending, for a second at most. */
static void close_gently(SOCKET socket) {
    char scratch[4096];
    int64_t end = os_now() + 1000;
    shutdown(socket, 1);
    for (int64_t left; (left = end - os_now()) > 0;) {
        socket_timeout(socket, left);
        if (recv(socket, scratch, sizeof scratch, 0) <= 0) break;
    }
    socket_close(socket);
}

static THREAD_BODY(serve_connection, argument) {
    struct http_input *input = argument;
    struct conversation conversation = {.peer_length = sizeof conversation.peer};
    if (getpeername(input->socket, (struct sockaddr *)&conversation.peer, &conversation.peer_length) != 0)
        conversation.peer_length = 0;
    for (;;) {
        struct http_request request;
        int status = http_read(input, &request);
        if (status < 0) break;
        if (status > 0) {
            http_send(input->socket, status, "", "text/plain", "", true, false);
            break;
        }
        if (!serve(input->socket, &conversation, &request)) break;
    }
    conversation_end(&conversation);
    close_gently(input->socket);
    free(input);
    __atomic_sub_fetch(&connections, 1, __ATOMIC_RELAXED);
    THREAD_END;
}

static SOCKET listen_on(const char *address, unsigned port, unsigned *got) {
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    name.sin_addr.s_addr = inet_addr(address);
    socklen_t length = sizeof name;
    if (listener == INVALID_SOCKET) return INVALID_SOCKET;
#ifndef _WIN32
    int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
#endif
    if (bind(listener, (struct sockaddr *)&name, sizeof name) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&name, &length) != 0) {
        socket_close(listener);
        return INVALID_SOCKET;
    }
    *got = ntohs(name.sin_port);
    return listener;
}

int main(int count, char **arguments) {
    const char *library = getenv("NEGOSSP_LIBRARY");
    const char *address = "127.0.0.1";
    unsigned port = 0;
    files = getenv("HTTP_SERVER_FILES");
    for (int i = 1; i < count; i++) {
        bool more = i + 1 < count;
        if (more && strcmp(arguments[i], "--port") == 0)
            port = (unsigned)strtoul(arguments[++i], NULL, 10);
        else if (more && strcmp(arguments[i], "--address") == 0)
            address = arguments[++i];
        else if (more && strcmp(arguments[i], "--library") == 0)
            library = arguments[++i];
        else if (more && strcmp(arguments[i], "--files") == 0)
            files = arguments[++i];
        else if (more && strcmp(arguments[i], "--run") == 0)
            command = arguments[++i];
        else if (strcmp(arguments[i], "--behind-proxy") == 0)
            behind_proxy = true;
        else if (more && strcmp(arguments[i], "--patience") == 0)
            http_patience_seconds = (unsigned)strtoul(arguments[++i], NULL, 10);
        else {
            fprintf(stderr,
                    "usage: %s [--port PORT] [--address ADDRESS] [--library PATH] [--files FOLDER] [--run COMMAND]\n"
                    "       [--behind-proxy] [--patience SECONDS]\n",
                    arguments[0]);
            return 2;
        }
    }
    if (!os_start() || !authentication_start(library && *library ? library : DEFAULT_LIBRARY)) return 1;
    SOCKET listener = listen_on(address, port, &port);
    if (listener == INVALID_SOCKET) {
        fprintf(stderr, "cannot listen on %s port %u\n", address, port);
        return 1;
    }
    printf("listening on http://%s:%u/\n", address, port);
    fflush(stdout);

    for (;;) {
        SOCKET socket = accept(listener, NULL, NULL);
        if (socket == INVALID_SOCKET) continue;
        struct http_input *input = NULL;
        if (__atomic_add_fetch(&connections, 1, __ATOMIC_RELAXED) <= CONNECTIONS_MAX) input = malloc(sizeof *input);
        if (input) {
            input->socket = socket;
            input->used = input->parsed = 0;
            if (thread_start(serve_connection, input)) continue;
            free(input);
        }
        socket_close(socket);
        __atomic_sub_fetch(&connections, 1, __ATOMIC_RELAXED);
    }
}
