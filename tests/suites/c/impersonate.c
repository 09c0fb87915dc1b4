/* Threads that impersonate their clients, on Linux: each thread has its client's file permissions, and other threads are
 * not affected. */
#define _GNU_SOURCE
#include "conversation.h"
#include "groups.h"
#include "platform.h"

#ifdef _WIN32

const struct test impersonate_tests[] = {END_OF_TESTS};
const struct test file_system_tests[] = {END_OF_TESTS};

#else

#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* config/tokens.toml: user1 to user8 are 61001 to 61008 in the groups 62001 to 62008; user3 and user4 are in 63000 too. */
#define USERS 8
#define UID(n) (61001u + (n))
#define GID(n) (62001u + (n))
#define SHARED 63000u

static SEC_WCHAR *const users[USERS] = {u"user1", u"user2", u"user3", u"user4", u"user5", u"user6", u"user7", u"user8"};

static bool is_root(void) {
    if (geteuid() == 0) return true;
    skip("only root can act as others");
    return false;
}

/* ---- the identity of a thread */

/* The thread's credentials as the kernel reports them. */
struct identity {
    char text[4096];
};

static struct identity identity(void) {
    struct identity identity = {""};
    char line[4096];
    FILE *status = fopen("/proc/thread-self/status", "r");
    size_t used = 0;
    while (status && fgets(line, sizeof line, status)) {
        static const char *const wanted[] = {"Uid:", "Gid:", "Groups:", "CapEff:", "CapPrm:", "CapInh:", "CapAmb:"};
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            if (strncmp(line, wanted[i], strlen(wanted[i])) == 0 && used + strlen(line) < sizeof identity.text) {
                used += (size_t)sprintf(identity.text + used, "%s", line);
            }
        }
    }
    if (status) fclose(status);
    CHECK(used > 0);
    return identity;
}

static bool same(struct identity a, struct identity b) {
    if (strcmp(a.text, b.text) == 0) return true;
    fail(__FILE__, __LINE__, "the thread is\n%s and was\n%s", b.text, a.text);
    return false;
}

/* As system calls, which apply to this thread only. */
static unsigned fs_uid(void) {
    return (unsigned)syscall(SYS_setfsuid, -1);
}
static unsigned fs_gid(void) {
    return (unsigned)syscall(SYS_setfsgid, -1);
}
static unsigned effective_uid(void) {
    return (unsigned)syscall(SYS_geteuid);
}
static unsigned effective_gid(void) {
    return (unsigned)syscall(SYS_getegid);
}

/* This run's configuration. */
static bool effective(void) {
    const char *configuration = getenv("NEGOSSP_TEST_CONFIGURATION");
    return configuration && strcmp(configuration, "tokens-file-system") != 0;
}

/* This thread is user `n` for file access, and for all else as configured. */
static bool acts_as(unsigned n) {
    return CHECK_EQUAL(fs_uid(), UID(n)) && CHECK_EQUAL(fs_gid(), GID(n)) &&
           CHECK_EQUAL(effective_uid(), effective() ? UID(n) : 0) && CHECK_EQUAL(effective_gid(), effective() ? GID(n) : 0);
}

/* ---- files: one of each user's, and one of the group's */

static char folder[64];

static const char *path_of(unsigned n, char *path) {
    sprintf(path, "%s/%u", folder, n);
    return path;
}

/* 0 or the error number. */
static int try_to_open(unsigned n, int flags) {
    char path[128];
    int file = open(path_of(n, path), flags);
    if (file < 0) return errno;
    close(file);
    return 0;
}

#define GROUPS_FILE USERS

static bool make_files(void) {
    strcpy(folder, "/tmp/negossp-test-XXXXXX");
    if (!CHECK(mkdtemp(folder) != NULL)) return false;
    CHECK(chmod(folder, 0711) == 0);
    for (unsigned n = 0; n <= GROUPS_FILE; n++) {
        char path[128];
        int file = open(path_of(n, path), O_CREAT | O_EXCL | O_RDWR, 0600);
        CHECK(file >= 0);
        CHECK(n == GROUPS_FILE ? fchown(file, 0, SHARED) == 0 && fchmod(file, 0060) == 0 : fchown(file, UID(n), GID(n)) == 0);
        close(file);
    }
    return true;
}

static void remove_files(void) {
    char path[128];
    for (unsigned n = 0; n <= GROUPS_FILE; n++) unlink(path_of(n, path));
    CHECK(rmdir(folder) == 0);
}

/* The files that user `n` may open, and no other user. */
static bool opens_what_it_may(unsigned n) {
    bool right = true;
    for (unsigned other = 0; other < USERS; other++) {
        right &= CHECK_EQUAL(try_to_open(other, O_RDWR), other == n ? 0 : EACCES);
    }
    right &= CHECK_EQUAL(try_to_open(GROUPS_FILE, O_RDWR), n == 2 || n == 3 ? 0 : EACCES);
    return right;
}

/* ---- contexts of the users */

static struct conversation conversations[USERS];

static bool establish(void) {
    for (unsigned n = 0; n < USERS; n++) {
        if (!CHECK(conversation_establish(&conversations[n], &(struct terms){.user = users[n]}))) return false;
    }
    return true;
}

static void close_all(void) {
    for (unsigned n = 0; n < USERS; n++) conversation_close(&conversations[n]);
}

#define CONTEXT(n) (&conversations[n].server.context)

/* Runs a test as root, with files and contexts. */
static void with_users(void (*body)(void)) {
    if (!is_root() || !make_files()) return;
    if (establish()) body();
    close_all();
    remove_files();
}

/* ---- one thread */

static void one_user_after_another(void) {
    struct identity before = identity();
    for (unsigned n = 0; n < USERS; n++) {
        REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(n)), SEC_E_OK);
        acts_as(n);
        opens_what_it_may(n);
        CHECK_STATUS(W->RevertSecurityContext(CONTEXT(n)), SEC_E_OK);
        CHECK(same(before, identity()));
        CHECK_EQUAL(try_to_open(n, O_RDWR), 0);
    }
}
static void opens_the_client_s_files(void) {
    with_users(one_user_after_another);
}

static void made_by_user_2(void) {
    char path[128];
    struct stat made;
    CHECK(chmod(folder, 0777) == 0);
    sprintf(path, "%s/made", folder);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(1)), SEC_E_OK);
    int file = open(path, O_CREAT | O_EXCL | O_RDWR, 0600);
    int given_away = fchown(file, UID(2), GID(2)), why = errno;
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(1)), SEC_E_OK);
    CHECK(file >= 0 && given_away != 0 && why == EPERM);
    CHECK(stat(path, &made) == 0 && made.st_uid == UID(1) && made.st_gid == GID(1));
    close(file);
    CHECK(unlink(path) == 0);
}
static void makes_files_that_are_the_client_s(void) {
    with_users(made_by_user_2);
}

/* Reverting restores the identity that the thread had before. */
static void one_within_the_other(void) {
    struct identity before = identity();
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(0)), SEC_E_OK);
    CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT(0)), SEC_E_OK); /* still ended by one call */
    struct identity first = identity();
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(2)), SEC_E_OK);
    acts_as(2);
    opens_what_it_may(2);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(4)), SEC_E_OK); /* which the thread does not impersonate */
    acts_as(2);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(2)), SEC_E_OK);
    CHECK(same(first, identity()));
    opens_what_it_may(0);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(3)), SEC_E_OK);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(0)), SEC_E_OK); /* together with the nested impersonation */
    CHECK(same(before, identity()));
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(3)), SEC_E_OK);
    CHECK(same(before, identity()));
}
static void nested(void) {
    with_users(one_within_the_other);
}

static void deleted_meanwhile(void) {
    struct identity before = identity();
    CtxtHandle context = *CONTEXT(5);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(&context), SEC_E_OK);
    conversation_close(&conversations[5]);
    acts_as(5);
    CHECK_STATUS(W->ImpersonateSecurityContext(&context), SEC_E_INVALID_HANDLE);
    acts_as(5);
    CHECK_STATUS(W->RevertSecurityContext(&context), SEC_E_OK);
    CHECK(same(before, identity()));
    CHECK_STATUS(W->RevertSecurityContext(&context), SEC_E_INVALID_HANDLE);
}
static void can_stop_when_the_context_is_gone(void) {
    with_users(deleted_meanwhile);
}

/* ---- many threads */

static volatile bool over;

static void one_thread_is_its_user(unsigned index) {
    if (index == USERS) {
        /* The server's own thread, throughout. */
        struct identity before = identity();
        while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
            CHECK_EQUAL(fs_uid(), 0);
            CHECK_EQUAL(effective_uid(), 0);
            CHECK_EQUAL(try_to_open(0, O_RDWR), 0);
            sleep_milliseconds(1);
        }
        CHECK(same(before, identity()));
        return;
    }
    struct identity before = identity();
    unsigned rounds = effort(200);
    for (unsigned i = 0; i < rounds; i++) {
        CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT(index)), SEC_E_OK);
        bool right = opens_what_it_may(index) && acts_as(index);
        CHECK_STATUS(W->RevertSecurityContext(CONTEXT(index)), SEC_E_OK);
        if (!right || !CHECK(same(before, identity()))) break;
    }
    __atomic_store_n(&over, true, __ATOMIC_RELAXED);
}
static void eight_users_at_once(void) {
    struct identity before = identity();
    over = false;
    in_threads(USERS + 1, one_thread_is_its_user);
    CHECK(same(before, identity()));
}
static void threads_see_their_own_client_s_rights(void) {
    with_users(eight_users_at_once);
}

static void one_thread_stays_its_user(unsigned index) {
    CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT(index)), SEC_E_OK);
    CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT((index + 1) % USERS)), SEC_E_OK);
    acts_as((index + 1) % USERS);
}
static void ended_as_users(void) {
    struct identity before = identity();
    in_threads(USERS, one_thread_stays_its_user);
    CHECK(same(before, identity()));
    in_threads(USERS, one_thread_is_its_user);
    CHECK(same(before, identity()));
}
static void threads_may_end_as_their_client(void) {
    with_users(ended_as_users);
}

/* ---- failures */

static void no_account(SEC_WCHAR *user, SEC_WCHAR *domain, SEC_WINNT_AUTH_IDENTITY_W *account) {
    struct conversation c;
    HANDLE token = &c;
    struct identity before = identity();
    REQUIRE(conversation_establish(&c, &(struct terms){.user = user, .domain = domain, .server_identity = account}));
    CHECK_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_NO_IMPERSONATION);
    CHECK_STATUS(W->QuerySecurityContextToken(&c.server.context, &token), SEC_E_NO_IMPERSONATION);
    CHECK(token == NULL);
    CHECK(same(before, identity()));
    CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
    CHECK(same(before, identity()));
    conversation_close(&c);
}

static void clients_without_an_account(void) {
    no_account(u"stranger", NULL, NULL);
    no_account(u"misled", NULL, NULL);
}

/* A local account of that name is root; and a user of another domain is not the local account of the same name. */
static void nobody_is_who_his_name_says_elsewhere(void) {
    no_account(u"root", NULL, NULL);
    SEC_WINNT_AUTH_IDENTITY_W daemon = identity_w(u"daemon", u"EVIL", PASSWORD), root = identity_w(u"root", u"EVIL", PASSWORD);
    SEC_WINNT_AUTH_IDENTITY_W user1 = identity_w(u"user1", u"EVIL", PASSWORD), user3 = identity_w(u"user3", u"EVIL", PASSWORD);
    no_account(u"daemon", u"EVIL", &daemon);
    no_account(u"root", u"EVIL", &root);
    no_account(u"user1", u"EVIL", &user1);
    no_account(u"user3", u"EVIL", &user3);
}

static void no_client_on_the_client_s_side(void) {
    struct conversation c;
    HANDLE token = &c;
    REQUIRE(conversation_establish(&c, &(struct terms){.user = users[0]}));
    CHECK_STATUS(W->ImpersonateSecurityContext(&c.client.context), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->QuerySecurityContextToken(&c.client.context, &token), SEC_E_INVALID_HANDLE);
    CHECK(token == NULL);
    conversation_close(&c);
}

static void to_be_identified_only(void) {
    struct identity before = identity();
    struct conversation c;
    HANDLE token;
    char text[64];
    ULONG level;
    struct terms terms = {.user = users[0], .client_requirements = CLIENT_USUAL | ISC_REQ_IDENTIFY};
    REQUIRE(conversation_establish(&c, &terms));
    CHECK_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_NO_IMPERSONATION);
    CHECK(same(before, identity()));
    REQUIRE_STATUS(W->QuerySecurityContextToken(&c.server.context, &token), SEC_E_OK);
    CHECK_STATUS(token_functions()->query(token, NEGOSSP_TOKEN_CLIENT_NAME, text, sizeof text, NULL), SEC_E_OK);
    CHECK(strcmp(text, "EXAMPLE\\user1") == 0);
    CHECK_STATUS(token_functions()->query(token, NEGOSSP_TOKEN_LEVEL, &level, sizeof level, NULL), SEC_E_OK);
    CHECK_EQUAL(level, NEGOSSP_LEVEL_IDENTIFICATION);
    CHECK_STATUS(token_functions()->impersonate(token), SEC_E_NO_IMPERSONATION);
    CHECK(same(before, identity()));
    CHECK_STATUS(token_functions()->close(token), SEC_E_OK);
    conversation_close(&c);
}

/* Runs `body` in a process of its own, which may drop privileges permanently. */
static void in_a_child(void (*body)(void)) {
    int pipes[2];
    char why[sizeof outcome.why] = "ended early";
    REQUIRE(pipe(pipes) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        outcome_reset();
        outcome.why[0] = '\0';
        body();
        if (write(pipes[1], outcome.why, sizeof outcome.why) < 0) abort();
        _exit(0);
    }
    REQUIRE(child > 0);
    close(pipes[1]);
    CHECK(read(pipes[0], why, sizeof why) == (ssize_t)sizeof why);
    close(pipes[0]);
    waitpid(child, NULL, 0);
    if (why[0]) fail(__FILE__, __LINE__, "in a child: %s", why);
}

/* Of the whole process, as servers do it when they have started. */
static void become(unsigned n) {
    gid_t group = GID(n);
    CHECK(syscall(SYS_setgroups, 1, &group) == 0 && setresgid(GID(n), GID(n), GID(n)) == 0 &&
          setresuid(UID(n), UID(n), UID(n)) == 0);
}

static void as_user_1(void) {
    become(0);
    struct identity before = identity();
    CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT(1)), SEC_E_NO_IMPERSONATION);
    CHECK(same(before, identity()));
    CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT(2)), SEC_E_NO_IMPERSONATION);
    CHECK(same(before, identity()));
    opens_what_it_may(0);
    /* An identity that the process already has is permitted. */
    CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT(0)), SEC_E_OK);
    CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT(1)), SEC_E_NO_IMPERSONATION);
    opens_what_it_may(0);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(0)), SEC_E_OK);
    CHECK(same(before, identity()));
}
static void without_privileges_body(void) {
    in_a_child(as_user_1);
}
static void only_itself_without_privileges(void) {
    with_users(without_privileges_body);
}

#define CAPABILITY(number) (1u << (number))
#define DAC_OVERRIDE CAPABILITY(1)
#define SETGID CAPABILITY(6)
#define SETUID CAPABILITY(7)

struct capability_header {
    unsigned version;
    int pid;
};
struct capability_data {
    unsigned effective, permitted, inheritable;
};

/* A service that is not root and has capabilities, as systemd starts them: user 5 with `capabilities` alone. */
static void become_capable(unsigned capabilities) {
    CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
    become(4);
    struct capability_header header = {0x20080522, 0};
    struct capability_data data[2] = {{capabilities, capabilities, 0}, {0, 0, 0}};
    CHECK(syscall(SYS_capset, &header, data) == 0);
}

static void as_a_capable_service(void) {
    become_capable(DAC_OVERRIDE | SETGID | SETUID);
    struct identity before = identity();
    CHECK_EQUAL(try_to_open(0, O_RDWR), 0);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(2)), SEC_E_OK);
    /* The kernel would have kept CAP_DAC_OVERRIDE. */
    opens_what_it_may(2);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(3)), SEC_E_OK);
    opens_what_it_may(3);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(3)), SEC_E_OK);
    opens_what_it_may(2);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(2)), SEC_E_OK);
    CHECK(same(before, identity()));
    CHECK_EQUAL(try_to_open(0, O_RDWR), 0);
}
static void as_a_service_that_may_change_groups_alone(void) {
    become_capable(DAC_OVERRIDE | SETGID);
    struct identity before = identity();
    CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT(2)), SEC_E_NO_IMPERSONATION);
    CHECK(same(before, identity()));
}
static void capable_body(void) {
    in_a_child(as_a_capable_service);
    in_a_child(as_a_service_that_may_change_groups_alone);
}
static void a_service_s_capabilities_are_not_the_client_s(void) {
    with_users(capable_body);
}

/* ---- accounts of the machine */

static void accounts_by_name(void) {
    static const struct {
        SEC_WCHAR *user;
        const char *name;
        bool anonymous;
    } cases[] = {{u"daemon", "daemon", false}, {NULL, "nobody", true}};
    if (!is_root()) return;
    struct identity before = identity();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct conversation c;
        struct terms terms = {.user = cases[i].user, .anonymous = cases[i].anonymous};
        if (cases[i].anonymous) terms.client_requirements = ISC_REQ_NULL_SESSION, terms.server_requirements = ASC_REQ_ALLOW_NULL_SESSION;
        const struct passwd *account = getpwnam(cases[i].name);
        if (!account) {
            skip("this machine has no %s", cases[i].name);
            return;
        }
        unsigned uid = account->pw_uid, gid = account->pw_gid;
        REQUIRE(conversation_establish(&c, &terms));
        CHECK_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_OK);
        CHECK_EQUAL(fs_uid(), uid);
        CHECK_EQUAL(fs_gid(), gid);
        CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
        CHECK(same(before, identity()));
        conversation_close(&c);
    }
}

/* Root is root where the table lists it, and keeps its privileges. */
static void root_by_the_table(void) {
    struct conversation c;
    if (!is_root()) return;
    struct identity before = identity();
    REQUIRE(conversation_establish(&c, &(struct terms){.user = u"captain"}));
    CHECK_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_OK);
    CHECK_EQUAL(fs_uid(), 0);
    CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
    CHECK(same(before, identity()));
    conversation_close(&c);
}

/* ---- tokens */

static void tokens_of_contexts_gone(void) {
    HANDLE tokens[USERS];
    struct identity before = identity();
    for (unsigned n = 0; n < USERS; n++) CHECK_STATUS(W->QuerySecurityContextToken(CONTEXT(n), &tokens[n]), SEC_E_OK);
    close_all();
    for (unsigned n = 0; n < USERS; n++) {
        REQUIRE_STATUS(token_functions()->impersonate(tokens[n]), SEC_E_OK);
        acts_as(n);
        opens_what_it_may(n);
        CHECK_STATUS(token_functions()->close(tokens[n]), SEC_E_OK);
        acts_as(n);
        CHECK_STATUS(token_functions()->impersonate(tokens[n]), SEC_E_INVALID_HANDLE);
        CHECK_STATUS(token_functions()->revert(tokens[n]), SEC_E_OK);
        CHECK(same(before, identity()));
        CHECK_STATUS(token_functions()->revert(tokens[n]), SEC_E_INVALID_HANDLE);
    }
}
static void tokens_outlive_their_contexts(void) {
    with_users(tokens_of_contexts_gone);
}

/* ---- everything at once: contexts are deleted while others query tokens and impersonate their clients */

static struct conversation contested;
static CtxtHandle contested_context;

static bool ok_or_gone(SECURITY_STATUS status) {
    return status == SEC_E_OK || status == (SECURITY_STATUS)SEC_E_INVALID_HANDLE;
}

static void one_thread_of_many(unsigned index) {
    struct identity before = identity();
    CtxtHandle context = contested_context;
    if (index == 0) {
        sleep_milliseconds(1);
        conversation_close(&contested);
        return;
    }
    for (unsigned i = 0; i < 40; i++) {
        HANDLE token = NULL;
        SECURITY_STATUS status = index % 2 ? W->QuerySecurityContextToken(&context, &token) : W->ImpersonateSecurityContext(&context);
        CHECK(ok_or_gone(status));
        CHECK(index % 2 == 0 || (status == SEC_E_OK) == (token != NULL));
        bool acts = index % 2 == 0 && status == SEC_E_OK;
        if (token) {
            CHECK_STATUS(token_functions()->impersonate(token), SEC_E_OK);
            acts_as(0);
            if (index % 3) CHECK_STATUS(token_functions()->close(token), SEC_E_OK);
            CHECK_STATUS(token_functions()->revert(token), SEC_E_OK);
            if (index % 3 == 0) CHECK_STATUS(token_functions()->close(token), SEC_E_OK);
        }
        if (acts) {
            acts_as(0);
            CHECK_STATUS(W->RevertSecurityContext(&context), SEC_E_OK);
        } else {
            CHECK(ok_or_gone(W->RevertSecurityContext(&context)));
        }
        CHECK_EQUAL(fs_uid(), 0);
    }
    CHECK(same(before, identity()));
}

static void races(void) {
    if (!is_root()) return;
    unsigned rounds = effort(50);
    for (unsigned i = 0; i < rounds; i++) {
        REQUIRE(conversation_establish(&contested, &(struct terms){.user = users[0]}));
        contested_context = contested.server.context;
        in_threads(12, one_thread_of_many);
    }
}

/* ---- calls that complete later, started by a thread that impersonates a client, run as the server */

static struct {
    void (*free)(PSspiAsyncContext);
    SECURITY_STATUS (*status)(PSspiAsyncContext);
    struct identity identity;
    SECURITY_STATUS result;
    volatile unsigned times;
} later;

static void note_who_calls(PSspiAsyncContext handle, void *data) {
    (void)data;
    later.result = later.status(handle);
    later.identity = identity();
    later.free(handle);
    __atomic_store_n(&later.times, 1, __ATOMIC_RELEASE);
}

static void begun_as_a_client(void) {
    PSspiAsyncContext (*create)(void);
    SECURITY_STATUS (*set_callback)(PSspiAsyncContext, SspiAsyncNotifyCallback, void *);
    SECURITY_STATUS (*delete_later)(PSspiAsyncContext, PCtxtHandle);
    *(void **)&create = find_export("SspiCreateAsyncContext");
    *(void **)&set_callback = find_export("SspiSetAsyncNotifyCallback");
    *(void **)&delete_later = find_export("SspiDeleteSecurityContextAsync");
    *(void **)&later.free = find_export("SspiFreeAsyncContext");
    *(void **)&later.status = find_export("SspiGetAsyncCallStatus");
    struct identity before = identity();
    later.times = 0;
    PSspiAsyncContext async = create();
    REQUIRE(async != NULL);
    CHECK_STATUS(set_callback(async, note_who_calls, NULL), SEC_E_OK);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(0)), SEC_E_OK);
    SECURITY_STATUS status = delete_later(async, CONTEXT(1));
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(0)), SEC_E_OK);
    REQUIRE_STATUS(status, SEC_E_OK);
    for (int n = 0; n < 10000 && !__atomic_load_n(&later.times, __ATOMIC_ACQUIRE); n++) sleep_milliseconds(1);
    /* The thread sanitizer does not instrument this program. It sees a lock of the library's, which the callback has
     * held. */
    (void)later.status(NULL);
    CHECK_STATUS(later.result, SEC_E_OK);
    CHECK(same(before, later.identity));
    conversations[1].server.has_context = false;
}
static void threads_of_the_library_s_are_the_server_s(void) {
    with_users(begun_as_a_client);
}

/* ---- what is not a file of an ordinary file system */

static void seen_by_others(void) {
    /* The kernel reports the effective user to a socket's peer. */
    struct ucred peer;
    socklen_t length = sizeof peer;
    int pair[2];
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(6)), SEC_E_OK);
    int made = socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(6)), SEC_E_OK);
    REQUIRE(made == 0);
    CHECK(getsockopt(pair[0], SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0);
    CHECK_EQUAL(peer.uid, UID(6));
    CHECK_EQUAL(peer.gid, GID(6));
    close(pair[0]);
    close(pair[1]);
}
static void peers_see_the_client(void) {
    with_users(seen_by_others);
}

/* A thread that impersonates has no privileges of root: no port below 1024, no change of the host name. */
static void no_privilege(void) {
    char name[256];
    CHECK(gethostname(name, sizeof name) == 0);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(7)), SEC_E_OK);
    int status = sethostname(name, strlen(name)), why = errno;
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(7)), SEC_E_OK);
    CHECK(status != 0);
    CHECK_EQUAL(why, EPERM);
}
static void no_privilege_is_left(void) {
    with_users(no_privilege);
}

/* As root a client could write how the kernel starts programs, and give a program of its own capabilities. */
static void root_s_reach(void) {
    static const char setting[] = "/proc/sys/kernel/core_pattern";
    /* VFS_CAP_REVISION_2 with CAP_SETUID. */
    static const unsigned capabilities[5] = {0x02000001, SETUID, 0, 0, 0};
    char path[128];
    struct stat about;
    int as_root = open(setting, O_WRONLY | O_CLOEXEC);
    if (as_root >= 0) close(as_root);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(7)), SEC_E_OK);
    int opened = open(setting, O_WRONLY | O_CLOEXEC), why = errno;
    int given = setxattr(path_of(7, path), "security.capability", capabilities, sizeof capabilities, 0), why_not = errno;
    int trusted = setxattr(path, "trusted.negossp", "x", 1, 0);
    int owned = chown(path, 0, (gid_t)-1);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(7)), SEC_E_OK);
    if (opened >= 0) close(opened);
    if (effective() && as_root >= 0) {
        CHECK(opened < 0);
        CHECK_EQUAL(why, EACCES);
    }
    CHECK(given != 0 && trusted != 0 && owned != 0);
    CHECK_EQUAL(why_not, EPERM);
    CHECK(stat(path, &about) == 0 && about.st_uid == UID(7));
}
static void what_is_root_s_stays_root_s(void) {
    with_users(root_s_reach);
}

/* ---- a program that is the client */

static HANDLE becoming;

static void becomes_user_3(void) {
    char expected[512];
    CHECK_STATUS(token_functions()->become(becoming), SEC_E_OK);
    sprintf(expected, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nGroups:\t%u %u \n", UID(2), UID(2), UID(2), UID(2), GID(2),
            GID(2), GID(2), GID(2), GID(2), SHARED);
    struct identity now = identity();
    if (strncmp(now.text, expected, strlen(expected)) != 0) fail(__FILE__, __LINE__, "it is\n%sand not\n%s", now.text, expected);
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        sprintf(expected, "%s:\t0000000000000000\n", sets[i]);
        CHECK(strstr(now.text, expected) != NULL);
    }
    CHECK(setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
    opens_what_it_may(2);
}
static void becomes_nobody_else(void) {
    become(0);
    struct identity before = identity();
    CHECK_STATUS(token_functions()->become(becoming), SEC_E_NO_IMPERSONATION);
    CHECK(same(before, identity()));
}
static void programs(void) {
    struct identity before = identity();
    REQUIRE_STATUS(W->QuerySecurityContextToken(CONTEXT(2), &becoming), SEC_E_OK);
    in_a_child(becomes_user_3);
    in_a_child(becomes_nobody_else);
    /* Forked by a thread that impersonates another client. */
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(5)), SEC_E_OK);
    in_a_child(becomes_user_3);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(5)), SEC_E_OK);
    CHECK(same(before, identity()));
    CHECK_STATUS(token_functions()->close(becoming), SEC_E_OK);
}
static void a_child_becomes_the_client(void) {
    with_users(programs);
}

/* ---- a thread that cannot be given its own credentials again */

static void without_a_way_back(void) {
    struct capability_header header = {0x20080522, 0};
    struct capability_data data[2] = {{0, 0, 0}, {0, 0, 0}};
    struct conversation c;
    /* User 5 with capabilities, whose real user is not the client either. */
    become_capable(SETGID | SETUID);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(CONTEXT(2)), SEC_E_OK);
    REQUIRE(syscall(SYS_capset, &header, data) == 0);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(2)), SEC_E_NO_IMPERSONATION);
    /* It is partly the client: it authenticates nobody, and acts as nobody else. */
    CHECK_STATUS(W->ImpersonateSecurityContext(CONTEXT(3)), SEC_E_NO_IMPERSONATION);
    if (CHECK(conversation_open(&c, &(struct terms){.user = users[0]}))) CHECK_STATUS(client_leg(&c), SEC_E_NO_IMPERSONATION);
    conversation_close(&c);
    CHECK_STATUS(W->RevertSecurityContext(CONTEXT(2)), SEC_E_NO_IMPERSONATION);
}
static void no_way_back_body(void) {
    in_a_child(without_a_way_back);
}
static void a_thread_between_two_users_serves_nobody(void) {
    with_users(no_way_back_body);
}

/* [tokens] min_uid: no client is a user of the system by its name. */
static void no_user_of_the_system(void) {
    struct conversation c;
    HANDLE token = NULL;
    if (!getpwnam("daemon")) {
        skip("this machine has no daemon");
        return;
    }
    REQUIRE(conversation_establish(&c, &(struct terms){.user = u"daemon"}));
    CHECK_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_NO_IMPERSONATION);
    CHECK_STATUS(W->QuerySecurityContextToken(&c.server.context, &token), SEC_E_NO_IMPERSONATION);
    conversation_close(&c);
}

const struct test impersonate_tests[] = {
    TEST(opens_the_client_s_files),
    TEST(makes_files_that_are_the_client_s),
    TEST(nested),
    TEST(can_stop_when_the_context_is_gone),
    TEST(threads_see_their_own_client_s_rights),
    TEST(threads_may_end_as_their_client),
    TEST(clients_without_an_account),
    TEST(nobody_is_who_his_name_says_elsewhere),
    TEST(no_client_on_the_client_s_side),
    TEST(to_be_identified_only),
    TEST(only_itself_without_privileges),
    TEST(a_service_s_capabilities_are_not_the_client_s),
    TEST(accounts_by_name),
    TEST(root_by_the_table),
    TEST(tokens_outlive_their_contexts),
    TEST(races),
    TEST(threads_of_the_library_s_are_the_server_s),
    TEST(peers_see_the_client),
    TEST(no_privilege_is_left),
    TEST(what_is_root_s_stays_root_s),
    TEST(a_child_becomes_the_client),
    TEST(a_thread_between_two_users_serves_nobody),
    END_OF_TESTS,
};

const struct test file_system_tests[] = {
    TEST(opens_the_client_s_files),
    TEST(makes_files_that_are_the_client_s),
    TEST(nested),
    TEST(can_stop_when_the_context_is_gone),
    TEST(threads_see_their_own_client_s_rights),
    TEST(threads_may_end_as_their_client),
    TEST(only_itself_without_privileges),
    TEST(a_service_s_capabilities_are_not_the_client_s),
    TEST(tokens_outlive_their_contexts),
    TEST(races),
    TEST(threads_of_the_library_s_are_the_server_s),
    TEST(no_privilege_is_left),
    TEST(what_is_root_s_stays_root_s),
    TEST(a_child_becomes_the_client),
    TEST(no_user_of_the_system),
    END_OF_TESTS,
};

#endif
