/* private_fs DEVICE FOLDER UID [FIXED]: mounts a FUSE file system of that user's on the folder, without allow_other, and serves it
 * until it is unmounted. It has one file, `caller`, which says who the file system is told opens it: `asked for UID`. Neither it
 * nor the kernel checks permissions. With FIXED file and folder show mode 0777, and chmod changes nothing, as on WSL's drives. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { THE_FILE = 2, LARGEST_REQUEST = 1 << 17 };

static int device;
static bool fixed;

static void answer(const struct fuse_in_header *request, int error, const void *data, size_t length) {
    struct fuse_out_header header = {.len = (uint32_t)(sizeof header + length), .error = -error, .unique = request->unique};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)data, length}};
    if (writev(device, parts, 2) < 0 && errno != ENOENT) exit(1); /* ENOENT: the request was interrupted */
}

static struct fuse_attr attributes(uint64_t node) {
    struct fuse_attr of = {.ino = node, .nlink = 1, .size = 64};
    of.mode = node == THE_FILE ? S_IFREG | (fixed ? 0777 : 0400) : S_IFDIR | (fixed ? 0777 : 0500);
    return of;
}

static void serve(const struct fuse_in_header *request) {
    const void *body = request + 1;
    switch (request->opcode) {
    case FUSE_INIT: {
        const struct fuse_init_in *kernel = body;
        struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = kernel->minor, .max_write = 4096};
        if (init.minor > FUSE_KERNEL_MINOR_VERSION) init.minor = FUSE_KERNEL_MINOR_VERSION;
        answer(request, 0, &init, sizeof init);
        break;
    }
    case FUSE_LOOKUP: {
        struct fuse_entry_out entry = {.nodeid = THE_FILE, .attr = attributes(THE_FILE)};
        if (strcmp(body, "caller") == 0) answer(request, 0, &entry, sizeof entry);
        else answer(request, ENOENT, NULL, 0);
        break;
    }
    case FUSE_SETATTR:
    case FUSE_GETATTR: {
        struct fuse_attr_out out = {.attr = attributes(request->nodeid)};
        answer(request, 0, &out, sizeof out);
        break;
    }
    case FUSE_OPEN: {
        struct fuse_open_out opened = {.fh = request->uid, .open_flags = FOPEN_DIRECT_IO};
        answer(request, 0, &opened, sizeof opened);
        break;
    }
    case FUSE_READ: {
        const struct fuse_read_in *read = body;
        char text[64];
        int length = snprintf(text, sizeof text, "asked for %u", (unsigned)read->fh);
        answer(request, 0, text, read->offset ? 0 : (size_t)length);
        break;
    }
    case FUSE_STATFS: {
        struct fuse_statfs_out about = {.st = {.bsize = 4096, .namelen = 255}};
        answer(request, 0, &about, sizeof about);
        break;
    }
    case FUSE_RELEASE: answer(request, 0, NULL, 0); break;
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET: break; /* without an answer */
    default: answer(request, ENOSYS, NULL, 0);
    }
}

int main(int count, char **arguments) {
    static _Alignas(8) char request[LARGEST_REQUEST];
    char options[128];
    if (count != 4 && count != 5) return 2;
    fixed = count == 5;
    device = open(arguments[1], O_RDWR | O_CLOEXEC);
    if (device < 0) {
        perror(arguments[1]);
        return 1;
    }
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%s,group_id=%s", device, arguments[3], arguments[3]);
    if (mount("private_fs", arguments[2], "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
        perror("mount");
        return 1;
    }
    if (daemon(1, 0) != 0) return 1;
    for (;;) {
        ssize_t length = read(device, request, sizeof request);
        if (length >= (ssize_t)sizeof(struct fuse_in_header)) serve((void *)request);
        else if (length < 0 && errno != EINTR && errno != EAGAIN && errno != ENOENT) return errno != ENODEV;
    }
}
