/* Named tests, checks with a reason, counts. A test passes when none of its checks failed. */
#ifndef NEGOSSP_TESTS_HARNESS_H
#define NEGOSSP_TESTS_HARNESS_H

#include "abi.h"

struct test {
    const char *name;
    void (*run)(void);
};

/* A subject: its tests, and the configuration that they need (see run.sh). */
struct group {
    const char *name;
    const char *configuration;
    const struct test *tests;
};

#define TEST(function) {#function, function}
#define END_OF_TESTS {NULL, NULL}

/* What became of the running test, for a runner of other tests. */
struct outcome {
    volatile int failures;
    char why[400]; /* the first of them */
    char skipped[400];
};
extern struct outcome outcome;
void outcome_reset(void);

/* Records a failure of the running test. Safe from any thread. */
void fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Counts the running test as skipped only. */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The name of a status, for a reader. */
const char *status_name(SECURITY_STATUS status);

bool check(const char *file, int line, const char *what, bool holds);
bool check_status(const char *file, int line, const char *what, SECURITY_STATUS got, SECURITY_STATUS want);
bool check_number(const char *file, int line, const char *what, unsigned long long got, unsigned long long want);

/* Each is an expression: true when the check holds. */
#define CHECK(condition) check(__FILE__, __LINE__, #condition, (condition))
#define CHECK_STATUS(call, want) check_status(__FILE__, __LINE__, #call, (call), (want))
#define CHECK_EQUAL(got, want) \
    check_number(__FILE__, __LINE__, #got, (unsigned long long)(got), (unsigned long long)(want))
/* An error, and one that indicates a fault of the caller or the peer rather than of the library. */
#define CHECK_REFUSED(call) check_refused(__FILE__, __LINE__, #call, (call))
bool check_refused(const char *file, int line, const char *what, SECURITY_STATUS got);

/* Ends the test at the first failure after which the rest is pointless. */
#define REQUIRE(condition) \
    do { \
        if (!CHECK(condition)) return; \
    } while (0)
#define REQUIRE_STATUS(call, want) \
    do { \
        if (!CHECK_STATUS(call, want)) return; \
    } while (0)

/* How many iterations a stress test makes: its number is multiplied by this, in hundredths (NEGOSSP_TEST_EFFORT;
 * less for valgrind). */
unsigned effort(unsigned plan);

/* Runs the groups for one configuration and tells whether all passed. */
bool run_groups(const struct group *groups, const char *configuration, const char *only);

#endif
