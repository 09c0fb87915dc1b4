#include "run.h"
#include "library.h"

#include <stdlib.h>
#include <string.h>

#ifdef _WIN32

int run_command(struct conversation *conversation, const char *command, char **text) {
    (void)conversation, (void)command;
    *text = _strdup("run: not on Windows\n");
    return 404;
}

#else

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

static char *words(const char *what, SECURITY_STATUS status) {
    char name[64], *text = malloc(128);
    if (text) snprintf(text, 128, "%s: %s\n", what, status_text(status, name));
    return text;
}

/* In the child, which has only the thread that forked: becomes the client, and then the command, which gets neither the
 * server's files and connections nor its environment. A failure is written to `failed`. */
static _Noreturn void become_command(HANDLE token, const char *command, int output, int failed) {
    char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", NULL};
    SECURITY_STATUS status = token_become(token);
    if (status == SEC_E_OK) {
        int nothing = open("/dev/null", O_RDONLY);
        /* A process group of its own, to be ended as a whole. */
        if (nothing >= 0 && setsid() >= 0 && chdir("/") == 0 && dup2(nothing, 0) == 0 && dup2(output, 1) == 1 &&
            dup2(output, 2) == 2 && close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
            execle("/bin/sh", "sh", "-c", command, (char *)NULL, environment);
        status = SEC_E_INTERNAL_ERROR;
    }
    _exit(write(failed, &status, sizeof status) == sizeof status ? 126 : 127);
}

/* Waits until there is something to read, or the end; false when the time is over. */
static bool wait_for(int from, int64_t deadline) {
    for (int64_t left; (left = deadline - os_now()) > 0;)
        if (poll(&(struct pollfd){.fd = from, .events = POLLIN}, 1, (int)left) > 0) return true;
    return false;
}

/* Reads to the end, but no more than there is room for and no longer than until the deadline. NULL if memory ran out. */
static char *read_output(int from, int64_t deadline) {
    static const char more[] = "\n(there is more)\n", late[] = "\n(ended, after %d seconds)\n";
    char *text = malloc(OUTPUT_MAX + 64);
    size_t used = 0;
    while (text) {
        if (!wait_for(from, deadline)) {
            sprintf(text + used, late, RUN_SECONDS);
            break;
        }
        /* One byte past the room tells whether there is more. */
        ssize_t got = read(from, text + used, OUTPUT_MAX + 1 - used);
        if (got > 0) used += (size_t)got;
        text[used] = 0;
        if (got <= 0) break;
        if (used <= OUTPUT_MAX) continue;
        strcpy(text + OUTPUT_MAX, more);
        break;
    }
    /* The page is text. */
    for (size_t i = 0; text && i < used; i++)
        if (!text[i]) text[i] = ' ';
    return text;
}

int run_command(struct conversation *conversation, const char *command, char **text) {
    HANDLE token;
    SECURITY_STATUS status = conversation_token(conversation, &token);
    if (status != SEC_E_OK) {
        *text = words("token", status);
        return 403;
    }
    /* Close-on-exec, and made so at once: another thread may fork at any time. */
    int output[2] = {-1, -1}, failed[2] = {-1, -1};
    bool piped = pipe2(output, O_CLOEXEC) == 0 && pipe2(failed, O_CLOEXEC) == 0;
    pid_t child = piped ? fork() : -1;
    if (child == 0) become_command(token, command, output[1], failed[1]);
    token_close(token);
    close(output[1]);
    close(failed[1]);
    *text = NULL;
    int answer = 503;
    if (child > 0) {
        int64_t deadline = os_now() + RUN_SECONDS * 1000;
        /* The command's beginning closes this pipe. */
        if (wait_for(failed[0], deadline) && read(failed[0], &status, sizeof status) == sizeof status) {
            *text = words("run", status);
            answer = 403;
        } else {
            *text = read_output(output[0], deadline);
            answer = 200;
        }
        /* What is left of its group has no output or no time any more. What the client has put into another session goes
         * on, as with at(1). */
        kill(-child, SIGKILL);
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
    close(output[0]);
    close(failed[0]);
    return answer;
}

#endif
