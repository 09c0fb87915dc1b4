/* first_call LIBRARY: the first call of a thread that is older than the library, when the heap has no memory. The
 * loader then has no memory for the thread's variables either, and ends a process that uses them. */
#define _GNU_SOURCE
#include "negossp.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* The C library's own functions, replaced for the whole process. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *start, size_t size);
static volatile int full;
void *malloc(size_t size) { return full ? NULL : __libc_malloc(size); }
void *calloc(size_t number, size_t size) { return full ? NULL : __libc_calloc(number, size); }
void *realloc(void *start, size_t size) { return full ? NULL : __libc_realloc(start, size); }

static ENUMERATE_SECURITY_PACKAGES_FN_W enumerate;
static FREE_CONTEXT_BUFFER_FN release;
static pthread_barrier_t loaded;
static SECURITY_STATUS statuses[2];

static void *call(void *unused) {
    pthread_barrier_wait(&loaded);
    ULONG count;
    PSecPkgInfoW infos;
    full = 1;
    statuses[0] = enumerate(&count, &infos);
    full = 0;
    statuses[1] = enumerate(&count, &infos);
    if (statuses[1] == SEC_E_OK) release(infos);
    return unused;
}

int main(int argc, char **argv) {
    pthread_t thread;
    pthread_barrier_init(&loaded, NULL, 2);
    if (argc < 2 || pthread_create(&thread, NULL, call, NULL) != 0) return 2;
    void *library = dlopen(argv[1], RTLD_NOW);
    if (library) {
        enumerate = (ENUMERATE_SECURITY_PACKAGES_FN_W)dlsym(library, "EnumerateSecurityPackagesW");
        release = (FREE_CONTEXT_BUFFER_FN)dlsym(library, "FreeContextBuffer");
    }
    if (!enumerate || !release) return 2;
    pthread_barrier_wait(&loaded);
    pthread_join(thread, NULL);
    int passed = statuses[0] == (SECURITY_STATUS)SEC_E_INSUFFICIENT_MEMORY && statuses[1] == SEC_E_OK;
    if (!passed) printf("FAIL first_call: %#x without memory, %#x after\n", (unsigned)statuses[0], (unsigned)statuses[1]);
    printf("%d passed, %d failed, 0 skipped\n", passed, !passed);
    return !passed;
}
