/* The load generator: N sockets in a process of their own that receive, and answer pings.
 *
 * reader PORT N PATH HOST COOKIES TOPIC   (COOKIES: a file with a Cookie header a line, dealt out in turn, or -;
 *                                          TOPIC: what each joins once it is open, or -)
 *
 * Orders come a line each on standard input and are answered with a line of JSON each:
 *   open S               open what is closed, and join; until all are in or S seconds are over
 *   resume SEQ S         the same, each joining where it was; until all have event SEQ
 *   count SEQ S FILE     wait until all have event SEQ; then write when each event came (see `struct arrival`) to FILE
 *   roam                 from now on who is cut comes back by itself, as live.js does: after what `drain` says, else
 *                        after a pause that doubles, each time somewhere else in it
 *   settle SEQ S FILE    wait until all are in and have event SEQ; then write how long each was away since the last
 *                        such order (doubles, seconds from the cut to `joined`) to FILE
 *   deaf                 read nothing any more
 *   hear S               read again until all are closed; `slow` are those that were told 4408
 *   gauges               how many gauges each has had since the last such order, and the last of them
 *   drop                 cut every connection
 *
 * Each socket checks the numbers of its own events: a hole is `lost`, one it has had is `doubled`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 256   /* handshakes under way */
#define TEXT 400
#define PATIENCE 10.0    /* with a handshake; this and the pauses are live.js's (TIMING) */
#define BACKOFF 0.5
#define BACKOFF_MOST 30.0

enum state { CLOSED, OPENING, JOINING, LIVE };

struct client {
    int fd;
    enum state state;
    long seq;              /* the last event it has, -1: it never joined */
    char epoch[40], ticket[TEXT];
    char *part;            /* bytes of a frame that has not come whole */
    size_t parted;
    uint64_t gauge;        /* a digest of the last one */
    int gauges;
    int resuming;          /* the join under way says where it was */
    double cut;            /* when it lost its connection, 0: it has not, or is back */
    double due;            /* when it connects again, while it roams and is closed */
    double since;          /* when its handshake began */
    double hint;           /* seconds, as `drain` says; 0: nothing was said */
    int attempts;
};

struct arrival {
    uint32_t seq, unused;
    uint64_t nanoseconds;  /* CLOCK_MONOTONIC, which all processes share */
};

static struct client *clients;
static int total, poller, port;
static const char *path, *host, *topic;
static char **cookies;
static int cookie_count;
static char last_gauge[4096];
static struct arrival *arrivals;
static size_t arrived, arrivals_room;
static long frames, lost, doubled, closed, refused, unrecovered, pings, slow;
static int roams;
static double *aways;
static size_t away, aways_room;

/* The order under way */
static enum { NOTHING, OPEN, RESUME, COUNT, SETTLE, HEAR } order;
static long order_seq;
static double deadline, began;
static char order_file[TEXT];
static int next_to_open, opening;
static double looked;   /* when all were last looked at */

static uint64_t now_ns(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static double now(void) { return (double)now_ns() / 1e9; }

static void send_masked(struct client *own, int opcode, const char *payload, size_t length) {
    char frame[2 * TEXT + 16];
    size_t head = 2;
    if (length > 2 * TEXT) length = 2 * TEXT;
    frame[0] = (char)(0x80 | opcode);
    if (length < 126) {
        frame[1] = (char)(0x80 | length);
    } else {
        frame[1] = (char)(0x80 | 126), frame[2] = (char)(length >> 8), frame[3] = (char)length;
        head = 4;
    }
    memset(frame + head, 0, 4);   /* a mask of zeros */
    memcpy(frame + head + 4, payload, length);
    ssize_t sent = send(own->fd, frame, head + 4 + length, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent;   /* a broken connection shows itself when it is read */
}

static void come_back_later(struct client *own) {
    double at = now(), pause = BACKOFF;
    if (own->state == LIVE) own->cut = at;
    for (int past = 0; past < own->attempts && pause < BACKOFF_MOST; past++) pause *= 2;
    if (pause > BACKOFF_MOST) pause = BACKOFF_MOST;
    if (own->hint > 0) pause = own->hint;
    else own->attempts++, pause *= 0.5 + drand48() / 2;
    own->hint = 0;
    own->due = at + pause;
}

static void hang_up(struct client *own, int reset) {
    if (own->state == CLOSED) return;
    if (own->state != LIVE) opening--, refused += !reset;
    else closed += !reset;
    if (reset) {
        struct linger now_ = {.l_onoff = 1, .l_linger = 0};
        setsockopt(own->fd, SOL_SOCKET, SO_LINGER, &now_, sizeof now_);
    }
    close(own->fd);
    free(own->part);
    if (roams && !reset) come_back_later(own);
    own->part = NULL, own->parted = 0, own->state = CLOSED;
}

static void live(struct client *own) {
    own->state = LIVE;
    opening--;
    if (own->cut > 0) {
        if (away == aways_room) {
            aways_room = aways_room ? 2 * aways_room : 1 << 12;
            aways = realloc(aways, aways_room * sizeof *aways);
        }
        aways[away++] = now() - own->cut;
    }
    own->cut = 0, own->attempts = 0;
}

static void connect_one(struct client *own) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)(own - clients)};
    char request[2048];
    int on = 1, length;
    const char *cookie = cookie_count ? cookies[(own - clients) % cookie_count] : "none=1";
    own->since = now();
    own->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (own->fd < 0 || connect(own->fd, (struct sockaddr *)&address, sizeof address)) {
        refused++;
        if (own->fd >= 0) close(own->fd);
        if (roams) come_back_later(own);
        return;
    }
    setsockopt(own->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(own->fd, F_SETFL, O_NONBLOCK);
    length = snprintf(request, sizeof request,
                      "GET %s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                      "Sec-WebSocket-Version: 13\r\nCookie: %s\r\n\r\n",
                      path, host, host, cookie);
    own->state = OPENING;
    opening++;
    epoll_ctl(poller, EPOLL_CTL_ADD, own->fd, &event);
    if (send(own->fd, request, (size_t)length, MSG_NOSIGNAL) < 0) hang_up(own, 0);
}

static void join(struct client *own) {
    char frame[2 * TEXT];
    int length = snprintf(frame, sizeof frame, "{\"op\":\"join\",\"topic\":\"%s\"", topic);
    own->resuming = (order == RESUME || roams) && own->seq >= 0;
    if (own->resuming) {
        length += snprintf(frame + length, sizeof frame - (size_t)length, ",\"since\":%ld,\"epoch\":\"%s\"",
                           own->seq, own->epoch);
        if (own->ticket[0])
            length += snprintf(frame + length, sizeof frame - (size_t)length, ",\"ticket\":\"%s\"", own->ticket);
    }
    length += snprintf(frame + length, sizeof frame - (size_t)length, "}");
    own->state = JOINING;
    send_masked(own, 1, frame, (size_t)length);
}

/* The text after `"name":` in a frame, or NULL. */
static const char *field(const char *frame, size_t length, const char *name) {
    const char *at = memmem(frame, length, name, strlen(name));
    return at ? at + strlen(name) : NULL;
}

static void copy_string(char *to, size_t room, const char *from, const char *end) {
    size_t length = 0;
    if (!from) return;
    while (from + length < end && from[length] != '"' && length + 1 < room) length++;
    memcpy(to, from, length);
    to[length] = 0;
}

static void text_frame(struct client *own, const char *frame, size_t length, uint64_t at) {
    const char *end = frame + length, *seq = field(frame, length, "\"seq\":");
    if (field(frame, length > 16 ? 16 : length, "\"op\":\"event\"")) {
        long number = seq ? atol(seq) : 0;
        frames++;
        if (own->seq >= 0 && number <= own->seq) doubled++;
        else {
            if (own->seq >= 0) lost += number - own->seq - 1;
            own->seq = number;
        }
        if (order == COUNT) {
            if (arrived == arrivals_room) {
                arrivals_room = arrivals_room ? 2 * arrivals_room : 1 << 16;
                arrivals = realloc(arrivals, arrivals_room * sizeof *arrivals);
            }
            arrivals[arrived++] = (struct arrival){(uint32_t)number, 0, at};
        }
    } else if (field(frame, length > 16 ? 16 : length, "\"op\":\"gauge\"")) {
        own->gauge = 14695981039346656037u;
        for (size_t one = 0; one < length; one++) own->gauge = (own->gauge ^ (uint8_t)frame[one]) * 1099511628211u;
        own->gauges++;
        snprintf(last_gauge, sizeof last_gauge, "%.*s", (int)length, frame);
    } else if (field(frame, length > 17 ? 17 : length, "\"op\":\"joined\"")) {
        int recovered = field(frame, length, "\"recovered\":true") != NULL;
        if (!own->resuming || !recovered) own->seq = seq ? atol(seq) : 0;
        unrecovered += !recovered;
        copy_string(own->epoch, sizeof own->epoch, field(frame, length, "\"epoch\":\""), end);
        copy_string(own->ticket, sizeof own->ticket, field(frame, length, "\"ticket\":\""), end);
        if (own->state == JOINING) live(own);
    } else if (field(frame, length > 16 ? 16 : length, "\"op\":\"drain\"")) {
        const char *pause = field(frame, length, "\"retry_ms\":");
        if (pause) own->hint = atol(pause) / 1000.0;
    } else if (field(frame, length > 16 ? 16 : length, "\"op\":\"error\"")) {
        hang_up(own, 0);
    }
}

/* Whole frames at `bytes`; returns how many bytes they were. */
static size_t take_frames(struct client *own, const char *bytes, size_t length, uint64_t at) {
    size_t done = 0;
    while (own->state != CLOSED && length - done >= 2) {
        const unsigned char *head = (const unsigned char *)bytes + done;
        size_t size = head[1] & 127, start = 2;
        if (size == 126) {
            if (length - done < 4) break;
            size = (size_t)head[2] << 8 | head[3], start = 4;
        } else if (size == 127) {
            if (length - done < 10) break;
            size = (size_t)head[6] << 24 | (size_t)head[7] << 16 | (size_t)head[8] << 8 | head[9], start = 10;
        }
        if (length - done < start + size) break;
        const char *payload = (const char *)head + start;
        int opcode = head[0] & 15;
        if (opcode == 1) text_frame(own, payload, size, at);
        else if (opcode == 9) pings++, send_masked(own, 10, payload, size);
        else if (opcode == 8) {
            const unsigned char *code = (const unsigned char *)payload;
            slow += size >= 2 && (code[0] << 8 | code[1]) == 4408;
            hang_up(own, 0);
        }
        done += start + size;
    }
    return done;
}

static void readable(struct client *own) {
    static char bytes[1 << 17];
    size_t held = own->parted, done = 0;
    if (held) memcpy(bytes, own->part, held);
    ssize_t got = recv(own->fd, bytes + held, sizeof bytes - held, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        hang_up(own, 0);
        return;
    }
    if (got < 0) return;
    uint64_t at = now_ns();
    size_t length = held + (size_t)got;
    if (own->state == OPENING) {
        const char *end = memmem(bytes, length, "\r\n\r\n", 4);
        if (end) {
            if (length < 12 || memcmp(bytes + 8, " 101", 4)) {
                hang_up(own, 0);
                return;
            }
            done = (size_t)(end + 4 - bytes);
            if (topic) join(own);
            else live(own);
        }
    }
    if (own->state != OPENING) done += take_frames(own, bytes + done, length - done, at);
    if (own->state == CLOSED) return;
    free(own->part);
    own->part = NULL;
    own->parted = length - done;
    if (own->parted) {
        own->part = malloc(own->parted);
        memcpy(own->part, bytes + done, own->parted);
    }
}

static int all_have(long seq) {
    for (int at = 0; at < total; at++)
        if (clients[at].state == LIVE && clients[at].seq < seq) return 0;
    return 1;
}

static int count_open(void) {
    int open = 0;
    for (int at = 0; at < total; at++) open += clients[at].state == LIVE;
    return open;
}

static void write_aways(void) {
    FILE *file = fopen(order_file, "wb");
    if (file) {
        fwrite(aways, sizeof *aways, away, file);
        fclose(file);
    }
    away = 0;
}

static void answer(void) {
    if (order == SETTLE) write_aways();
    if (order == COUNT && strcmp(order_file, "-") != 0) {
        FILE *file = fopen(order_file, "wb");
        if (file) {
            fwrite(arrivals, sizeof *arrivals, arrived, file);
            fclose(file);
        }
    }
    printf("{\"seconds\":%.6f,\"open\":%d,\"frames\":%ld,\"lost\":%ld,\"doubled\":%ld,\"closed\":%ld,"
           "\"refused\":%ld,\"unrecovered\":%ld,\"pings\":%ld,\"slow\":%ld}\n",
           now() - began, count_open(), frames, lost, doubled, closed, refused, unrecovered, pings,
           slow);
    frames = lost = doubled = closed = refused = unrecovered = pings = slow = 0;
    order = NOTHING;
}

static void go_on(void) {
    if (order == NOTHING) return;
    if (order == OPEN || order == RESUME) {
        while (next_to_open < total && opening < AT_ONCE) {
            struct client *own = &clients[next_to_open++];
            if (own->state == CLOSED) connect_one(own);
        }
        if (next_to_open < total || opening) {
            if (now() < deadline) return;
        }
    }
    if (order != OPEN && now() < deadline) {
        if (now() < looked + 0.005) return;
        looked = now();
        if (order == HEAR ? count_open() : !all_have(order_seq)) return;
        if (order == SETTLE && count_open() < total) return;
    }
    answer();
}

/* Connect who is due, and give up handshakes that take too long. */
static void roam(void) {
    static double roamed;
    double at = now();
    if (!roams || at < roamed + 0.02) return;
    roamed = at;
    for (int one = 0; one < total; one++) {
        struct client *own = &clients[one];
        if (own->state == CLOSED ? at >= own->due : own->state == OPENING && at >= own->since + PATIENCE) {
            if (own->state == CLOSED) connect_one(own);
            else hang_up(own, 0);
        }
    }
}

/* Let all bytes lie, or read them again. */
static void listen_to_all(int on) {
    for (int at = 0; at < total; at++) {
        struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.u32 = (uint32_t)at};
        if (clients[at].state == CLOSED) continue;
        if (on) epoll_ctl(poller, EPOLL_CTL_ADD, clients[at].fd, &event);
        else epoll_ctl(poller, EPOLL_CTL_DEL, clients[at].fd, &event);   /* hang-ups come whatever is asked for */
    }
}

static void gauges(void) {
    int most = 0, alike = 1;
    for (int at = 0; at < total; at++) {
        if (clients[at].gauges > most) most = clients[at].gauges;
        alike &= clients[at].gauge == clients[0].gauge;
        clients[at].gauges = 0;
    }
    printf("{\"most\":%d,\"alike\":%d,\"last\":%s}\n", most, alike, last_gauge[0] ? last_gauge : "null");
}

static void obey(const char *line) {
    double seconds = 60;
    began = now();
    next_to_open = 0;
    if (sscanf(line, "open %lf", &seconds) == 1) order = OPEN;
    else if (sscanf(line, "resume %ld %lf", &order_seq, &seconds) == 2) order = RESUME;
    else if (sscanf(line, "count %ld %lf %399s", &order_seq, &seconds, order_file) == 3) order = COUNT, arrived = 0;
    else if (sscanf(line, "settle %ld %lf %399s", &order_seq, &seconds, order_file) == 3) order = SETTLE;
    else if (sscanf(line, "hear %lf", &seconds) == 1) order = HEAR, listen_to_all(1);
    else if (!strcmp(line, "deaf")) listen_to_all(0), printf("{}\n");
    else if (!strcmp(line, "roam")) roams = 1, printf("{}\n");
    else if (!strcmp(line, "gauges")) gauges();
    else if (!strcmp(line, "drop")) {
        for (int at = 0; at < total; at++) hang_up(&clients[at], 1);
        printf("{}\n");
    } else {
        fprintf(stderr, "reader: no such order: %s\n", line);
        exit(2);
    }
    deadline = began + seconds;
}

static int orders(void) {
    static char line[1024];
    static size_t filled;
    ssize_t got = read(0, line + filled, sizeof line - 1 - filled);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    filled += (size_t)got;
    line[filled] = 0;
    char *end = strchr(line, '\n');
    if (!end) return 1;
    *end = 0;   /* one order at a time: the next is given after the answer */
    filled = 0;
    obey(line);
    return 1;
}

static void read_cookies(const char *name) {
    static char line[1000];
    FILE *file = fopen(name, "r");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\r\n")] = 0;
        cookies = realloc(cookies, (size_t)(cookie_count + 1) * sizeof *cookies);
        cookies[cookie_count++] = strdup(line);
    }
    if (file) fclose(file);
}

int main(int count, char **arguments) {
    if (count != 7) return 2;
    port = atoi(arguments[1]), total = atoi(arguments[2]);
    path = arguments[3], host = arguments[4];
    topic = strcmp(arguments[6], "-") ? arguments[6] : NULL;
    if (strcmp(arguments[5], "-")) read_cookies(arguments[5]);
    clients = calloc((size_t)total, sizeof *clients);
    for (int at = 0; at < total; at++) clients[at].seq = -1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    fcntl(0, F_SETFL, O_NONBLOCK);
    poller = epoll_create1(0);
    struct epoll_event input = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &input);
    for (;;) {
        struct epoll_event events[512];
        int ready = epoll_wait(poller, events, 512, order == NOTHING && !roams ? -1 : 5);
        for (int at = 0; at < ready; at++) {
            if (events[at].data.u32 == UINT32_MAX) {
                if (!orders()) return 0;
            } else if (clients[events[at].data.u32].state != CLOSED) {
                readable(&clients[events[at].data.u32]);
            }
        }
        roam();
        go_on();
    }
}
