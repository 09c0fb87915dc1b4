/* What SSPI's documentation and headers promise, one named promise at a time.
 *
 * A promise is kept when no check in its body fails. Its reason begins with where the promise stands:
 *   page      the page of the function, structure or package in Microsoft's documentation
 *   header    <sspi.h>, its comments and macros
 *   protocol  [MS-NLMP], [MS-SPNG], RFC 4178
 *   negossp.h what this library's own header adds
 *   servers   what existing programs do and rely on
 *   bad use   no page says what comes of it: nothing may crash, and a failure has a documented code
 */
#ifndef NEGOSSP_CONFORMANCE_SUITE_H
#define NEGOSSP_CONFORMANCE_SUITE_H

#include "../c/conversation.h"
#include "../c/platform.h"

#include <stdio.h>
#include <stdlib.h>

struct promise {
    const char *name, *why, *file;
    int line;
    const char *function;
    void (*body)(void);
    struct promise *next;
};

void promise_add(struct promise *promise);

/* A promise of `function`, an export (of which there may be an A and a W form), or of something else, in lower case. */
#define PROMISE(function, what, why) \
    static void function##_##what(void); \
    static struct promise promise_##function##_##what = { \
        #function "." #what, why, __FILE__, __LINE__, #function, function##_##what, NULL}; \
    static void __attribute__((constructor)) add_##function##_##what(void) { promise_add(&promise_##function##_##what); } \
    static void function##_##what(void)

/* Ends the promise where it cannot be checked: a failure, but with the reference it counts as not reached. Checks that
 * failed before are part of that. */
bool reached(const char *file, int line, const char *what, bool holds);
#define REACH(condition) \
    do { \
        if (!reached(__FILE__, __LINE__, #condition, (condition))) return; \
    } while (0)

/* The status is one of those listed. */
bool check_one_of(const char *file, int line, const char *what, SECURITY_STATUS got, const SECURITY_STATUS *any, size_t count);
#define CHECK_ONE_OF(call, ...) \
    check_one_of(__FILE__, __LINE__, #call, (call), (const SECURITY_STATUS[]){__VA_ARGS__}, \
                 sizeof((const SECURITY_STATUS[]){__VA_ARGS__}) / sizeof(SECURITY_STATUS))
/* The call was rejected or, there being no promise, did something; but it returned. */
#define CHECK_OK_OR_REFUSED(call) check_ok_or_refused(__FILE__, __LINE__, #call, (call))
bool check_ok_or_refused(const char *file, int line, const char *what, SECURITY_STATUS got);

/* The library's path, as given on the command line. */
extern const char *library_path;

/* Runs in a process of its own, because the process may not survive it: the function's result is the process's exit status.
 * The library has not been loaded there yet. */
struct errand {
    const char *name;
    int (*run)(void);
};
extern const struct errand errands[];
/* Runs such a function in a child process; returns the child's exit status, or -1 where it crashed or did not end. */
int child(const char *errand);
#define CHILD_IS_FINE 42

/* Invalid handles: all zeros, as SecInvalidateHandle sets it, a deleted one, and arbitrary numbers. */
extern const SecHandle zero_handle, invalid_handle, deleted_handle, made_up_handle;

/* An export with an A and a W form, or only one; NULL where there is none. */
#define EXPORT(type, name) type name##_ = (type)find_export(#name)

#endif
