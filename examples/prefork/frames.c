#include "frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

int64_t patience = 10000;

uint32_t frame_length(const struct frame *frame) {
    uint32_t length;
    memcpy(&length, frame->head, sizeof length);
    return ntohl(length);
}

enum arrival frame_read(int from, struct frame *frame) {
    for (;;) {
        bool in_head = frame->got < sizeof frame->head;
        uint32_t length = in_head ? 0 : frame_length(frame);
        if (length > ROOM) return FRAME_GONE;
        uint32_t end = sizeof frame->head + length;
        if (!in_head && frame->got == end) return FRAME_WHOLE;
        unsigned char *to = in_head ? frame->head + frame->got : frame->bytes + frame->got - sizeof frame->head;
        ssize_t n = recv(from, to, end - frame->got, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return FRAME_PART;
        if (n <= 0) return FRAME_GONE;
        frame->got += (uint32_t)n;
    }
}

bool frame_write(int to, const void *first, uint32_t first_length, const void *second, uint32_t second_length) {
    uint32_t length = htonl(first_length + second_length);
    struct iovec parts[] = {{&length, sizeof length}, {(void *)first, first_length}, {(void *)second, second_length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 3};
    return sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)(sizeof length + first_length + second_length);
}

int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}
