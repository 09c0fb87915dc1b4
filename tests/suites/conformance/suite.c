#include "suite.h"

#include <ctype.h>

#ifdef _WIN32
#include <windows.h>
#else
#include <sys/wait.h>
#include <unistd.h>
#endif

const SecHandle zero_handle = {0, 0};
const SecHandle invalid_handle = {(ULONG_PTR)-1, (ULONG_PTR)-1};
const SecHandle deleted_handle = {(ULONG_PTR)-2, (ULONG_PTR)-2};
const SecHandle made_up_handle = {0x12345679, 0x87654321};

const char *library_path;

static struct promise *promises;
static bool is_reference;

static bool before(const struct promise *a, const struct promise *b) {
    int files = strcmp(a->file, b->file);
    return files ? files < 0 : a->line < b->line;
}

void promise_add(struct promise *promise) {
    struct promise **at = &promises;
    while (*at && before(*at, promise)) at = &(*at)->next;
    promise->next = *at;
    *at = promise;
}

bool reached(const char *file, int line, const char *what, bool holds) {
    if (holds && !outcome.failures) return true;
    if (is_reference) {
        outcome_reset();
        skip("not reached");
    } else if (!outcome.failures) {
        fail(file, line, "%s", what);
    }
    return false;
}

bool check_one_of(const char *file, int line, const char *what, SECURITY_STATUS got, const SECURITY_STATUS *any, size_t count) {
    char names[200] = "";
    for (size_t i = 0; i < count; i++) {
        if (got == any[i]) return true;
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", i ? " or " : "", status_name(any[i]));
    }
    fail(file, line, "%s is %s, not %s", what, status_name(got), names);
    return false;
}

bool check_ok_or_refused(const char *file, int line, const char *what, SECURITY_STATUS got) {
    return got >= 0 || check_refused(file, line, what, got);
}

/* Whether the library has the function that the promise is about. A name in lower case is not a
 * function. */
static bool exists(const char *function) {
    if (islower((unsigned char)function[0])) return true;
    char name[64];
    static const char *const forms[] = {"", "W", "A"};
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", function, forms[i]);
        if (find_export(name)) return true;
    }
    return false;
}

/* A promise that hangs ends the process. */
#define LONGEST_SECONDS 90

#ifdef _WIN32
static volatile LONG promises_begun;

static DWORD WINAPI watchdog(void *argument) {
    (void)argument;
    for (LONG seen = -1; seen != promises_begun; Sleep(LONGEST_SECONDS * 1000)) seen = promises_begun;
    printf("hangs\n");
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), 98);
    return 0;
}

static void end_process_now(void) {
    TerminateProcess(GetCurrentProcess(), 97);
}

static void watch(void) {
    if (InterlockedIncrement(&promises_begun) == 1) CloseHandle(CreateThread(NULL, 0, watchdog, NULL, 0, NULL));
}

/* No debugger, no dialog: the process ends, and its output shows where. */
static LONG WINAPI end_process(EXCEPTION_POINTERS *exception) {
    printf("exception %08lx\n", exception->ExceptionRecord->ExceptionCode);
    fflush(stdout);
    TerminateProcess(GetCurrentProcess(), 99);
    return EXCEPTION_EXECUTE_HANDLER;
}
#else
static void end_process_now(void) {
    _exit(97);
}

static void watch(void) {
    alarm(LONGEST_SECONDS);
}
#endif

static void run(const struct promise *promise) {
    printf("AT %s\n", promise->name);
    fflush(stdout);
    watch();
    outcome_reset();
    if (exists(promise->function)) promise->body();
    else fail(promise->file, promise->line, "no-export");
    if (outcome.failures) printf("FAIL %s: %s\n", promise->name, outcome.why);
    else if (outcome.skipped[0]) printf("SKIP %s: %s\n", promise->name, outcome.skipped);
    else printf("ok %s\n", promise->name);
    if (outcome.failures) printf("  because %s\n", promise->why);
    fflush(stdout);
    /* After a broken promise other state may be damaged, such as the heap. */
    if (outcome.failures && is_reference) end_process_now();
}

static const struct promise *find(const char *name) {
    for (const struct promise *p = promises; p; p = p->next) {
        if (strcmp(p->name, name) == 0) return p;
    }
    return NULL;
}

static int list(void) {
    for (const struct promise *p = promises; p; p = p->next) printf("%s\t%s\n", p->name, p->why);
    return 0;
}

/* The names of promises are unique, so that each can be found. */
static bool unique(void) {
    for (const struct promise *p = promises; p; p = p->next) {
        if (find(p->name) != p) {
            fprintf(stderr, "two promises are named %s\n", p->name);
            return false;
        }
    }
    return true;
}

static const char *own_program;

static int run_errand(const char *name) {
    for (const struct errand *e = errands; e->name; e++) {
        if (strcmp(e->name, name) == 0) return e->run();
    }
    return 2;
}

#ifdef _WIN32

int child(const char *errand) {
    char command[1024];
    STARTUPINFOA startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    DWORD status = (DWORD)-1;
    snprintf(command, sizeof command, "\"%s\" \"%s\" --errand %s", own_program, library_path, errand);
    if (!CreateProcessA(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &process)) return -1;
    if (WaitForSingleObject(process.hProcess, 60000) == WAIT_OBJECT_0) GetExitCodeProcess(process.hProcess, &status);
    else TerminateProcess(process.hProcess, 98);
    CloseHandle(process.hThread), CloseHandle(process.hProcess);
    return (int)status;
}

#else

int child(const char *errand) {
    pid_t process = fork();
    int status = 0;
    if (process == 0) {
        alarm(60);
        execl(own_program, own_program, library_path, "--errand", errand, (char *)NULL);
        _exit(2);
    }
    if (process < 0 || waitpid(process, &status, 0) != process || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

#endif

static int usage(const char *program) {
    fprintf(stderr, "usage: %s LIBRARY|--list [--reference] [--after NAME | --only NAME]\n", program);
    return 2;
}

int main(int argc, char **argv) {
    const char *after = NULL, *only = NULL;
    if (argc < 2 || !unique()) return usage(argv[0]);
    if (strcmp(argv[1], "--list") == 0) return list();
    own_program = argv[0];
    library_path = argv[1];
#ifdef _WIN32
    static char full[MAX_PATH];
    if (GetModuleFileNameA(NULL, full, sizeof full)) own_program = full;
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetUnhandledExceptionFilter(end_process);
#endif
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--reference") == 0) is_reference = true;
        else if (strcmp(argv[i], "--after") == 0 && i + 1 < argc) after = argv[++i];
        else if (strcmp(argv[i], "--errand") == 0 && i + 1 < argc) return run_errand(argv[i + 1]);
        else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc) only = argv[++i];
        else return usage(argv[0]);
    }
    if (!load_what_there_is(library_path)) return 2;
    const struct promise *start = after ? find(after) : NULL;
    if (after && !start) return usage(argv[0]);
    for (const struct promise *p = start ? start->next : promises; p; p = p->next) {
        if (only && strncmp(p->name, only, strlen(only)) != 0) continue;
        run(p);
    }
    printf("END\n");
    return 0;
}
