/*
 * Measures one peer's acceptor.
 *
 *   driver ACCEPTOR.so INITIATOR.so MECH TEST
 *   MECH   ntlm, spnego-ntlm, krb5, spnego-krb5, spnego-krb5-pac (the same, with whatever ticket the environment gives)
 *   TEST   accept     CPU time of a complete acceptance, its context's deletion included
 *          threads    the same on one and on two threads at once, each with contexts of its own
 *          live       memory of an established context, and the time to make it, while LIVE of them exist
 *          logons     the same as accept, by the clock, and with the processor time of all of the process' threads
 *          messages   seal, unseal, sign and verify on the acceptor's side
 *
 * Connections go in batches, leg by leg: all the batch's initiators, then all its acceptors. Only the acceptors' calls lie
 * between two readings of the thread's CPU clock, so that the initiator is never counted and reading the clock costs a
 * hundredth of what it would cost around each call.
 *
 * Writes lines `peer,mech,work,parameter,metric,value`. N: acceptances to measure. LABEL: the peer's name in those lines.
 */
#define _GNU_SOURCE
#include "peers/peer.h"
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 100, MAX_LEGS = 8 };

typedef struct {
    context acceptor, initiator;
    token to_acceptor, to_initiator;
} connection;

static const peer *acceptor, *initiator;
static const char *mech, *label;
static size_t room; /* before a message's data */

static void die(const char *what) {
    fprintf(stderr, "%s %s: %s\n", acceptor ? acceptor->name : "driver", mech ? mech : "", what);
    exit(1);
}
static long from_environment(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}
static double clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}
static double cpu_ns(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }
static double wall_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static void emit(const char *work, const char *parameter, const char *metric, double value) {
    printf("%s,%s,%s,%s,%s,%.3f\n", label, mech, work, parameter, metric, value);
    fflush(stdout);
}

/* ---- connections ---- */

/* What is measured. Callgrind collects inside these two functions only, so keep their names and do not split them. */
__attribute__((noinline)) static void acceptor_legs(connection *v, int n) {
    for (int i = 0; i < n; i++)
        if (!v[i].acceptor.established) acceptor->accept(&v[i].acceptor, &v[i].to_acceptor, &v[i].to_initiator);
}
__attribute__((noinline)) static void acceptor_closes(connection *v, int n) {
    for (int i = 0; i < n; i++) acceptor->close(&v[i].acceptor);
}

static void reset(connection *v, int n) {
    for (int i = 0; i < n; i++) {
        memset(&v[i].acceptor, 0, sizeof v[i].acceptor);
        memset(&v[i].initiator, 0, sizeof v[i].initiator);
        v[i].to_acceptor.size = v[i].to_initiator.size = 0;
    }
}
/* The initiators' legs; returns how many acceptors have something to do. */
static int initiator_legs(connection *v, int n) {
    int waiting = 0;
    for (int i = 0; i < n; i++) {
        connection *c = &v[i];
        if (!c->initiator.established) {
            if (c->initiator.open && !c->to_initiator.size) die("the acceptor sent no token though the initiator awaits one");
            initiator->initiate(&c->initiator, &c->to_initiator, &c->to_acceptor);
        }
        if (!c->acceptor.established) {
            if (!c->to_acceptor.size) die("the initiator is done, the acceptor is not");
            waiting++;
        }
        c->to_initiator.size = 0;
    }
    return waiting;
}
static void initiator_closes(connection *v, int n) {
    for (int i = 0; i < n; i++) initiator->close(&v[i].initiator);
}
static void finished(const connection *v, int n) {
    for (int i = 0; i < n; i++)
        if (!v[i].initiator.established || !v[i].acceptor.established) die("not established at the end of the exchange");
}
/* Establishes a batch; returns the acceptors' CPU time. */
static double establish(connection *v, int n) {
    double spent = 0;
    reset(v, n);
    for (int leg = 0; initiator_legs(v, n); leg++) {
        if (leg == MAX_LEGS) die("too many legs");
        double start = cpu_ns();
        acceptor_legs(v, n);
        spent += cpu_ns() - start;
    }
    finished(v, n);
    return spent;
}
static double drop(connection *v, int n) {
    double start = cpu_ns();
    acceptor_closes(v, n);
    double spent = cpu_ns() - start;
    initiator_closes(v, n);
    return spent;
}

static void measure_accept(void) {
    connection *v = malloc(BATCH * sizeof *v);
    long batches = from_environment("N", 2000) / BATCH;
    double accepting = 0, closing = 0;
    if (!getenv("COLD")) establish(v, BATCH), drop(v, BATCH); /* warm up */
    for (long k = 0; k < batches; k++) {
        accepting += establish(v, BATCH);
        closing += drop(v, BATCH);
    }
    emit("accept", "", "cpu_ns", (accepting + closing) / (batches * BATCH));
    emit("accept", "", "close_ns", closing / (batches * BATCH));
    free(v);
}

/* Acceptances that wait for another process. */
static void measure_logons(void) {
    connection *v = malloc(BATCH * sizeof *v);
    long batches = from_environment("N", 1000) / BATCH;
    double wall = 0, cpu = 0;
    establish(v, BATCH), drop(v, BATCH); /* warm up */
    for (long k = 0; k < batches; k++) {
        reset(v, BATCH);
        while (initiator_legs(v, BATCH)) {
            double start = wall_ns(), spent = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
            acceptor_legs(v, BATCH);
            wall += wall_ns() - start;
            cpu += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - spent;
        }
        finished(v, BATCH);
        drop(v, BATCH);
    }
    emit("logons", "", "per_second", batches * BATCH / (wall / 1e9));
    emit("logons", "", "cpu_ns", cpu / (batches * BATCH));
    free(v);
}

/* ---- memory ---- */

static double resident(void) {
    long total, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld %ld", &total, &pages) != 2) die("statm");
    fclose(f);
    return (double)pages * sysconf(_SC_PAGESIZE);
}
static double heap(void) {
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}
static void measure_live(void) {
    long total = from_environment("LIVE", 100000) / BATCH * BATCH, made = 0;
    connection *v = malloc(BATCH * sizeof *v);
    context *kept = malloc(total * sizeof *kept);
    double first = 0, last = 0;
    memset(kept, 1, total * sizeof *kept); /* maps its pages before the measurement */
    for (int i = 0; i < 3; i++) establish(v, BATCH), drop(v, BATCH);
    double resident_before = resident(), heap_before = heap();
    while (made < total) {
        double spent = establish(v, BATCH);
        for (int i = 0; i < BATCH; i++) kept[made + i] = v[i].acceptor;
        initiator_closes(v, BATCH);
        made += BATCH;
        if (made <= total / 10) first += spent;
        if (made > total - total / 10) last += spent;
    }
    emit("live", "", "contexts", total);
    emit("live", "", "resident_bytes", (resident() - resident_before) / total);
    emit("live", "", "heap_bytes", (heap() - heap_before) / total);
    emit("live", "", "first_tenth_ns", first / (total / 10));
    emit("live", "", "last_tenth_ns", last / (total / 10));
    double start = cpu_ns();
    for (long i = 0; i < total; i++) acceptor->close(&kept[i]);
    emit("live", "", "close_ns", (cpu_ns() - start) / total);
    free(kept);
    free(v);
}

/* ---- threads ---- */

enum { PER_THREAD = 200 };
typedef struct {
    connection *v;
    void (*work)(connection *, int); /* NULL: end */
    pthread_barrier_t *barrier;
    double from, to, cpu;
} worker;

static void *work(void *argument) {
    worker *w = argument;
    for (;;) {
        pthread_barrier_wait(w->barrier);
        if (!w->work) return NULL;
        double start = cpu_ns();
        w->from = wall_ns();
        w->work(w->v, PER_THREAD);
        w->to = wall_ns();
        w->cpu += cpu_ns() - start;
        pthread_barrier_wait(w->barrier);
    }
}
/* Runs the same work on all workers at once; returns the time from the first start to the last end. */
static double all_at_once(worker *w, int threads, void (*what)(connection *, int)) {
    for (int t = 0; t < threads; t++) w[t].work = what;
    pthread_barrier_wait(w->barrier);
    if (!what) return 0;
    pthread_barrier_wait(w->barrier);
    double from = w[0].from, to = w[0].to;
    for (int t = 1; t < threads; t++) {
        if (w[t].from < from) from = w[t].from;
        if (w[t].to > to) to = w[t].to;
    }
    return to - from;
}
static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static void measure_threads(void) {
    long rounds = from_environment("N", 2000) / PER_THREAD;
    double *spans = malloc(rounds * sizeof *spans);
    for (int threads = 1; threads <= 2; threads++) {
        int n = threads * PER_THREAD;
        connection *v = malloc(n * sizeof *v);
        worker w[2] = {0};
        pthread_t id[2];
        pthread_barrier_t barrier;
        pthread_barrier_init(&barrier, NULL, threads + 1);
        for (int t = 0; t < threads; t++) {
            w[t].v = v + t * PER_THREAD;
            w[t].barrier = &barrier;
            if (pthread_create(&id[t], NULL, work, &w[t])) die("pthread_create");
        }
        double cpu = 0;
        for (long r = -1; r < rounds; r++) { /* the first round warms up */
            double span = 0;
            if (r == 0) w[0].cpu = w[1].cpu = 0;
            reset(v, n);
            while (initiator_legs(v, n)) span += all_at_once(w, threads, acceptor_legs);
            finished(v, n);
            span += all_at_once(w, threads, acceptor_closes);
            initiator_closes(v, n);
            if (r >= 0) spans[r] = span;
        }
        all_at_once(w, threads, NULL);
        for (int t = 0; t < threads; t++) pthread_join(id[t], NULL), cpu += w[t].cpu;
        /* The median, to discard rounds in which a thread waited for a processor. */
        qsort(spans, rounds, sizeof *spans, ascending);
        const char *parameter = threads == 1 ? "1" : "2";
        emit("threads", parameter, "per_second", n / (spans[rounds / 2] / 1e9));
        emit("threads", parameter, "cpu_ns", cpu / ((double)n * rounds));
        pthread_barrier_destroy(&barrier);
        free(v);
    }
    free(spans);
}

/* ---- messages ---- */

typedef struct {
    size_t size;
    const char *name;
    int count; /* messages in one measurement; divided by SHORTER */
} message_size;
static const message_size SIZES[] = {{64, "64B", 8000}, {1024, "1KiB", 8000}, {16384, "16KiB", 1000}, {1 << 20, "1MiB", 24}};

static void fresh(connection *c) {
    drop(c, 1);
    establish(c, 1);
}
static void fill(uint8_t *message, size_t size) {
    for (size_t i = 0; i < size; i++) message[room + i] = i * 7 + 3;
}
/* The other side must accept the acceptor's sealed and signed messages. */
static void check_messages(connection *c, size_t size) {
    uint8_t *message = malloc(room + size), *plain = malloc(room + size);
    fill(plain, size);
    fill(message, size);
    fresh(c);
    uint8_t *sealed = acceptor->seal(&c->acceptor, message, size);
    if (sealed != message) memcpy(message, sealed, room + size);
    if (!memcmp(message + room, plain + room, size)) die("the sealed message is the plain one");
    if (memcmp(initiator->unseal(&c->initiator, message, size), plain + room, size)) die("unsealed differs");
    if (acceptor->sign) {
        fresh(c);
        acceptor->sign(&c->acceptor, plain, size);
        initiator->verify(&c->initiator, plain, size);
    }
    free(message);
    free(plain);
}
static void measure_size(connection *c, size_t size, const char *name, int count) {
    size_t stride = room + size;
    uint8_t *messages = malloc(count * stride), *m;
    double start;
    for (int i = 0; i < count; i++) fill(messages + i * stride, size);

    fresh(c);
    start = cpu_ns();
    for (int i = 0; i < count; i++) acceptor->seal(&c->acceptor, messages + i * stride, size);
    emit("seal", name, "cpu_ns", (cpu_ns() - start) / count);

    fresh(c);
    for (int i = 0; i < count; i++) {
        m = messages + i * stride;
        fill(m, size);
        uint8_t *sealed = initiator->seal(&c->initiator, m, size);
        if (sealed != m) memcpy(m, sealed, stride);
    }
    start = cpu_ns();
    for (int i = 0; i < count; i++) acceptor->unseal(&c->acceptor, messages + i * stride, size);
    emit("unseal", name, "cpu_ns", (cpu_ns() - start) / count);

    if (acceptor->sign) {
        fresh(c);
        start = cpu_ns();
        for (int i = 0; i < count; i++) acceptor->sign(&c->acceptor, messages + i * stride, size);
        emit("sign", name, "cpu_ns", (cpu_ns() - start) / count);

        fresh(c);
        for (int i = 0; i < count; i++) initiator->sign(&c->initiator, messages + i * stride, size);
        start = cpu_ns();
        for (int i = 0; i < count; i++) acceptor->verify(&c->acceptor, messages + i * stride, size);
        emit("verify", name, "cpu_ns", (cpu_ns() - start) / count);
    }
    free(messages);
}
static void measure_messages(void) {
    long shorter = from_environment("SHORTER", 1);
    connection *c = calloc(1, sizeof *c);
    establish(c, 1);
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        check_messages(c, SIZES[i].size);
        measure_size(c, SIZES[i].size, SIZES[i].name, SIZES[i].count / shorter);
    }
    drop(c, 1);
    free(c);
}

/* ---- */

static const peer *load(const char *path) {
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) {
        fprintf(stderr, "driver: %s\n", dlerror());
        exit(1);
    }
    const peer *(*get)(void) = (const peer *(*)(void))dlsym(object, "bench_peer");
    if (!get) die("no bench_peer");
    return get();
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*measure)(void);
    } tests[] = {{"accept", measure_accept}, {"threads", measure_threads}, {"live", measure_live}, {"messages", measure_messages},
                 {"logons", measure_logons}};
    if (argc != 5) return fprintf(stderr, "usage: driver ACCEPTOR.so INITIATOR.so [spnego-]ntlm|krb5 TEST\n"), 2;
    mech = argv[3];
    acceptor = load(argv[1]);
    initiator = load(argv[2]);
    int what = (strncmp(mech, "spnego-", 7) ? 0 : SPNEGO) | (strstr(mech, "krb5") ? KERBEROS : 0);
    label = getenv("LABEL") ? getenv("LABEL") : acceptor->name;
    room = room_for(what);
    acceptor->start_acceptor(what);
    initiator->start_initiator(what);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        if (!strcmp(argv[4], tests[i].name)) return tests[i].measure(), 0;
    die("no such test");
}
