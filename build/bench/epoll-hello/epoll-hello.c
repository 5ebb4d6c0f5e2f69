/* The physical limit that servers are compared with: one thread, one epoll, no allocation per request. It answers
 * every request head with one fixed response on one port, and sends back what it receives on another. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_MAX = 64 * 1024, EVENTS_MAX = 256, BACKLOG = 512, HEADS_MAX = INPUT_MAX / 4 };

static const char response[] =
    "HTTP/1.1 200 OK\r\nServer: raw\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
static const char last_response[] =
    "HTTP/1.1 200 OK\r\nServer: raw\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n"
    "Hello, World!";
static const char end_of_head[] = "\r\n\r\n";

enum { RESPONSE_LENGTH = sizeof response - 1, END_LENGTH = sizeof end_of_head - 1 };

enum kind { LISTEN_HELLO, LISTEN_ECHO, HELLO, ECHO };

struct connection {
    int fd;
    enum kind kind;
    int matched;     /* how much of end_of_head the input ends with */
    int closes;      /* the peer asked for the end behind the next response */
    size_t left;     /* of the output that the kernel has not taken; nothing is received meanwhile */
    char *output;
};

static int epoll;
static char input[INPUT_MAX];
static char responses[HEADS_MAX * (size_t)RESPONSE_LENGTH];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void watch(struct connection *connection, int operation, unsigned events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (epoll_ctl(epoll, operation, connection->fd, &event) < 0)
        fail("epoll_ctl");
}

static void add(int fd, enum kind kind)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        fail("calloc");
    connection->fd = fd;
    connection->kind = kind;
    watch(connection, EPOLL_CTL_ADD, EPOLLIN);
}

static int listen_on(const char *ip, enum kind kind)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(ip)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        fail("listen");
    add(fd, kind);
    return ntohs(address.sin_port);
}

static void accept_all(int listen_fd, enum kind kind)
{
    int fd, on = 1;
    while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        add(fd, kind == LISTEN_HELLO ? HELLO : ECHO);
    }
}

static void close_connection(struct connection *connection)
{
    close(connection->fd);
    free(connection->output);
    free(connection);
}

/* Sends and keeps what the kernel does not take. Returns 0 when the connection has ended. */
static int send_bytes(struct connection *connection, const char *bytes, size_t length)
{
    ssize_t sent = send(connection->fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        return 0;
    if (sent < 0)
        sent = 0;
    if ((size_t)sent == length) {
        connection->left = 0;
        return !connection->closes;
    }

    char *rest = malloc(length - sent);
    if (!rest)
        fail("malloc");
    memcpy(rest, bytes + sent, length - sent);
    free(connection->output);
    connection->output = rest;
    connection->left = length - sent;
    watch(connection, EPOLL_CTL_MOD, EPOLLOUT);
    return 1;
}

/* Counts the heads that end in these bytes; one may have begun in those before. */
static int count_heads(struct connection *connection, const char *bytes, size_t length)
{
    int heads = 0;
    size_t i = 0;
    while (i < length) {
        if (connection->matched == 0) {
            const char *next = memchr(bytes + i, end_of_head[0], length - i);
            if (!next)
                return heads;
            i = next - bytes;
        }
        if (bytes[i] == end_of_head[connection->matched])
            connection->matched++;
        else
            connection->matched = bytes[i] == end_of_head[0];
        i++;
        if (connection->matched == END_LENGTH) {
            connection->matched = 0;
            heads++;
        }
    }
    return heads;
}

/* Returns 0 when the connection has ended. */
static int on_readable(struct connection *connection)
{
    ssize_t length = recv(connection->fd, input, sizeof input, 0);
    if (length <= 0)
        return length < 0 && errno == EAGAIN;
    if (connection->kind == ECHO)
        return send_bytes(connection, input, length);

    int heads = count_heads(connection, input, length);
    if (heads == 0)
        return 1;
    connection->closes = memmem(input, length, "Connection: close", 17) != NULL;
    if (connection->closes)
        return send_bytes(connection, last_response, sizeof last_response - 1);
    return send_bytes(connection, responses, (size_t)heads * RESPONSE_LENGTH);
}

/* Returns 0 when the connection has ended. */
static int on_writable(struct connection *connection)
{
    if (!send_bytes(connection, connection->output, connection->left))
        return 0;
    if (connection->left == 0)
        watch(connection, EPOLL_CTL_MOD, EPOLLIN);
    return 1;
}

static void serve(struct connection *connection)
{
    if (connection->kind == LISTEN_HELLO || connection->kind == LISTEN_ECHO)
        accept_all(connection->fd, connection->kind);
    else if (!(connection->left > 0 ? on_writable(connection) : on_readable(connection)))
        close_connection(connection);
}

/* Listens on the IP address that is its argument; without one, on the loopback. */
int main(int count_of_words, char **words)
{
    const char *ip = count_of_words > 1 ? words[1] : "127.0.0.1";
    struct epoll_event events[EVENTS_MAX];
    for (int i = 0; i < HEADS_MAX; i++)
        memcpy(responses + (size_t)i * RESPONSE_LENGTH, response, RESPONSE_LENGTH);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        fail("epoll_create1");

    int hello = listen_on(ip, LISTEN_HELLO);
    int echo = listen_on(ip, LISTEN_ECHO);
    printf("http://%s:%d (echo on %d, hello on %d): epoll in C, one thread\n", ip, hello, echo, hello);
    fflush(stdout);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
        if (count < 0 && errno != EINTR)
            fail("epoll_wait");
        for (int i = 0; i < count; i++)
            serve(events[i].data.ptr);
    }
}
