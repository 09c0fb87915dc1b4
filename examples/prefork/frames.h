/* Frames, and what both kinds of processes need to serve many connections without waiting for any. */
#ifndef PREFORK_FRAMES_H
#define PREFORK_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest frame in bytes. */
#define ROOM 65536

/* A frame that is arriving. Initialise with zeros for each. */
struct frame {
    uint32_t got; /* bytes, those of the length included */
    unsigned char head[4];
    unsigned char bytes[ROOM];
};

enum arrival { FRAME_PART, FRAME_WHOLE, FRAME_GONE };

/* Takes what has arrived, without waiting, and no more than this frame. FRAME_GONE: the peer has disconnected, or its frame
 * is too long. */
enum arrival frame_read(int from, struct frame *frame);
uint32_t frame_length(const struct frame *frame);

/* Sends a frame of two parts at once, without waiting. False if the peer is gone, or does not read: what it is sent here is
 * far shorter than the system's buffers. */
bool frame_write(int to, const void *first, uint32_t first_length, const void *second, uint32_t second_length);

/* Milliseconds of a clock that nobody sets. */
int64_t now(void);

/* How long a client may take for its handshake, and then for each message; in milliseconds. */
extern int64_t patience;

#endif
