#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct outcome outcome;

static struct {
    int passed, failed, skips;
} state;

void outcome_reset(void) {
    outcome.failures = 0;
    outcome.skipped[0] = '\0';
}

void fail(const char *file, int line, const char *format, ...) {
    bool first = __atomic_fetch_add(&outcome.failures, 1, __ATOMIC_ACQ_REL) == 0;
    if (!first && !getenv("NEGOSSP_TEST_VERBOSE")) return;
    char why[sizeof outcome.why];
    const char *slash = strrchr(file, '/');
    int used = snprintf(why, sizeof why, "%s:%d: ", slash ? slash + 1 : file, line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why + used, sizeof why - (size_t)used, format, arguments);
    va_end(arguments);
    if (first) memcpy(outcome.why, why, sizeof why);
    else printf("  and %s\n", why);
}

void skip(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(outcome.skipped, sizeof outcome.skipped, format, arguments);
    va_end(arguments);
}

const char *status_name(SECURITY_STATUS status) {
#define NAME(name) \
    case (SECURITY_STATUS)name: return #name
    switch (status) {
        NAME(SEC_E_OK);
        NAME(SEC_I_CONTINUE_NEEDED);
        NAME(SEC_I_COMPLETE_NEEDED);
        NAME(SEC_I_COMPLETE_AND_CONTINUE);
        NAME(SEC_E_INSUFFICIENT_MEMORY);
        NAME(SEC_E_INVALID_HANDLE);
        NAME(SEC_E_UNSUPPORTED_FUNCTION);
        NAME(SEC_E_TARGET_UNKNOWN);
        NAME(SEC_E_INTERNAL_ERROR);
        NAME(SEC_E_SECPKG_NOT_FOUND);
        NAME(SEC_E_INVALID_TOKEN);
        NAME(SEC_E_QOP_NOT_SUPPORTED);
        NAME(SEC_E_LOGON_DENIED);
        NAME(SEC_E_UNKNOWN_CREDENTIALS);
        NAME(SEC_E_NO_CREDENTIALS);
        NAME(SEC_E_MESSAGE_ALTERED);
        NAME(SEC_E_OUT_OF_SEQUENCE);
        NAME(SEC_E_NO_AUTHENTICATING_AUTHORITY);
        NAME(SEC_E_CONTEXT_EXPIRED);
        NAME(SEC_E_INCOMPLETE_MESSAGE);
        NAME(SEC_E_BUFFER_TOO_SMALL);
        NAME(SEC_E_BAD_BINDINGS);
        NAME(SEC_E_INVALID_PARAMETER);
        NAME(SEC_E_NOT_OWNER);
        NAME(SEC_E_NO_IMPERSONATION);
        NAME(SEC_E_INCOMPLETE_CREDENTIALS);
        NAME(SEC_E_WRONG_CREDENTIAL_HANDLE);
        NAME(SEC_E_DECRYPT_FAILURE);
    }
#undef NAME
    static _Thread_local char text[16];
    snprintf(text, sizeof text, "0x%08x", (unsigned)status);
    return text;
}

bool check(const char *file, int line, const char *what, bool holds) {
    if (!holds) fail(file, line, "%s", what);
    return holds;
}

bool check_status(const char *file, int line, const char *what, SECURITY_STATUS got, SECURITY_STATUS want) {
    if (got == want) return true;
    /* status_name may use one buffer for both. */
    char name[64];
    snprintf(name, sizeof name, "%s", status_name(got));
    fail(file, line, "%s is %s, not %s", what, name, status_name(want));
    return false;
}

bool check_refused(const char *file, int line, const char *what, SECURITY_STATUS got) {
    if (got < 0 && got != (SECURITY_STATUS)SEC_E_INTERNAL_ERROR) return true;
    fail(file, line, "%s is %s, not refused", what, status_name(got));
    return false;
}

bool check_number(const char *file, int line, const char *what, unsigned long long got, unsigned long long want) {
    if (got == want) return true;
    fail(file, line, "%s is %llu (0x%llx), not %llu (0x%llx)", what, got, got, want, want);
    return false;
}

unsigned effort(unsigned plan) {
    const char *percent = getenv("NEGOSSP_TEST_EFFORT");
    unsigned scaled = percent ? plan * (unsigned)atoi(percent) / 100 : plan;
    return scaled ? scaled : 1;
}

static void run_test(const char *group, const struct test *test) {
    outcome_reset();
    time_t start = time(NULL);
    test->run();
    int seconds = (int)(time(NULL) - start);
    if (seconds >= 5) printf("%s.%s took %d s\n", group, test->name, seconds);
    if (outcome.failures) {
        state.failed++;
        printf("FAIL %s.%s: %s", group, test->name, outcome.why);
        if (outcome.failures > 1) printf(" (and %d more)", outcome.failures - 1);
        printf("\n");
    } else if (outcome.skipped[0]) {
        state.skips++;
        printf("SKIPPED: %s.%s: %s\n", group, test->name, outcome.skipped);
    } else {
        state.passed++;
        printf("ok %s.%s\n", group, test->name);
    }
    fflush(stdout);
}

bool run_groups(const struct group *groups, const char *configuration, const char *only) {
    for (const struct group *group = groups; group->name; group++) {
        if (strcmp(group->configuration, configuration) != 0) continue;
        if (only && strncmp(only, group->name, strlen(group->name)) != 0) continue;
        const char *dot = only ? strchr(only, '.') : NULL;
        for (const struct test *test = group->tests; test->name; test++) {
            if (!dot || strcmp(dot + 1, test->name) == 0) run_test(group->name, test);
        }
    }
    printf("%d passed, %d failed, %d skipped\n", state.passed, state.failed, state.skips);
    return state.failed == 0;
}
