/* The physical limit: one thread, epoll, one send() of a prebuilt frame a socket.
 *
 * sender PORT: answers every request with a handshake (unchecked: its client does not look at the key), and writes
 * each line of its standard input as a text frame to every socket. What a socket does not take waits in memory.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 65536

static const char ANSWER[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: unchecked\r\n\r\n";

struct waiting {
    char *bytes;
    size_t length;
};

static int open_sockets[MOST], open_count;   /* what a broadcast walks along */
static int place[MOST];                      /* fd -> index in it, -1: no handshake yet */
static struct waiting waiting[MOST];         /* by fd */
static int poller;

static void watch(int fd, unsigned events, int how) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(poller, how, fd, &event);
}

static void drop(int fd) {
    if (place[fd] >= 0) {
        int last = open_sockets[--open_count];
        open_sockets[place[fd]] = last;
        place[last] = place[fd];
    }
    free(waiting[fd].bytes);
    waiting[fd] = (struct waiting){0};
    close(fd);
}

static void hold(int fd, const char *bytes, size_t length) {
    struct waiting *own = &waiting[fd];
    own->bytes = realloc(own->bytes, own->length + length);
    memcpy(own->bytes + own->length, bytes, length);
    if (own->length == 0) watch(fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    own->length += length;
}

static void broadcast(const char *frame, size_t length) {
    for (int at = 0; at < open_count; at++) {
        int fd = open_sockets[at];
        if (waiting[fd].length) {
            hold(fd, frame, length);
            continue;
        }
        ssize_t sent = send(fd, frame, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == (ssize_t)length) continue;
        if (sent < 0 && errno != EAGAIN) continue;   /* its hang-up comes through epoll */
        hold(fd, frame + (sent > 0 ? sent : 0), length - (sent > 0 ? sent : 0));
    }
}

static void say(const char *line, size_t length) {
    static char frame[70000];
    size_t head = 2;
    frame[0] = (char)0x81;
    if (length < 126) {
        frame[1] = (char)length;
    } else {
        frame[1] = 126, frame[2] = (char)(length >> 8), frame[3] = (char)length;
        head = 4;
    }
    memcpy(frame + head, line, length);
    broadcast(frame, head + length);
}

static void writable(int fd) {
    struct waiting *own = &waiting[fd];
    ssize_t sent = send(fd, own->bytes, own->length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return;
    own->length -= (size_t)sent;
    memmove(own->bytes, own->bytes + sent, own->length);
    if (own->length == 0) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
}

static void readable(int fd) {
    static char bytes[16384];
    ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        drop(fd);
    } else if (got > 0 && place[fd] < 0 && memmem(bytes, (size_t)got, "\r\n\r\n", 4)) {
        if (send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) < 0) return;
        place[fd] = open_count;
        open_sockets[open_count++] = fd;
    }
}

static void accept_all(int listener) {
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        place[fd] = -1;
        watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static int orders(void) {
    static char line[65536];
    static size_t filled;
    ssize_t got = read(0, line + filled, sizeof line - filled);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    filled += (size_t)got;
    char *end, *start = line;
    while ((end = memchr(start, '\n', filled - (size_t)(start - line)))) {
        say(start, (size_t)(end - start));
        start = end + 1;
    }
    filled -= (size_t)(start - line);
    memmove(line, start, filled);
    return 1;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror("sender");
        return 1;
    }
    fcntl(0, F_SETFL, O_NONBLOCK);
    poller = epoll_create1(0);
    watch(listener, EPOLLIN, EPOLL_CTL_ADD);
    watch(0, EPOLLIN, EPOLL_CTL_ADD);
    for (;;) {
        struct epoll_event events[512];
        int ready = epoll_wait(poller, events, 512, -1);
        for (int at = 0; at < ready; at++) {
            int fd = events[at].data.fd;
            if (fd == listener) accept_all(listener);
            else if (fd == 0) {
                if (!orders()) return 0;
            } else {
                if (events[at].events & EPOLLOUT) writable(fd);
                if (events[at].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(fd);
            }
        }
    }
}
