/* The floor: what a plain C program does with the same OpenSSL.
 *
 *     floor PORT ROOTS WORK SIZE CONNECTIONS
 *
 * OpenSSL's socket BIO on blocking sockets, one SSL_read or SSL_write a call,
 * nothing clever.  Takes and gives the same lines as worker.py: a number in,
 * that many units of work done, "wall cpu bytes" out.
 */

#include "wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>

enum { BATCH = 64, ANSWER_BYTES = 4096 };

static int port;
static const char *roots;
static uint64_t size;
static int connections;

static SSL_CTX *client_context, *server_context;
static SSL **links;     /* the connections that are kept, or NULL */
static SSL_SESSION *session;

/* The clock */

static double wall, cpu, bytes;

static double
wall_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double
cpu_now(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec)
        + 1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static void
clock_start(void)
{
    wall -= wall_now();
    cpu -= cpu_now();
}

static void
clock_stop(void)
{
    cpu += cpu_now();
    wall += wall_now();
}

/* Memory that this process has in use, in bytes */
static double
resident(void)
{
    long pages = 0;
    FILE *stream = fopen("/proc/self/statm", "r");
    if (stream == NULL || fscanf(stream, "%*d %ld", &pages) != 1)
        fail("/proc/self/statm");
    fclose(stream);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Connections */

static SSL_CTX *
make_client_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL || SSL_CTX_load_verify_locations(ctx, roots, NULL) != 1)
        fail(roots);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    /* Everyone says hello with the same words. */
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    if (SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM") != 1)
        fail("choosing ciphers");
    return ctx;
}

static int
connect_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    if (fd < 0
        || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail("connecting to the peer");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static SSL *
new_client(void)
{
    SSL *ssl = SSL_new(client_context);
    if (ssl == NULL || SSL_set_tlsext_host_name(ssl, "localhost") != 1
        || SSL_set1_host(ssl, "localhost") != 1)
        fail("SSL_new");
    return ssl;
}

static SSL *
handshake(int fd)
{
    SSL *ssl = new_client();
    SSL_set_fd(ssl, fd);
    if (session != NULL)
        SSL_set_session(ssl, session);
    if (SSL_connect(ssl) != 1)
        fail("the handshake");
    return ssl;
}

/* Close without a word, as Python's close() does. */
static void
hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);
    /* or SSL_free would spoil the session */
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN);
    SSL_free(ssl);
    close(fd);
}

static void
prepare_links(void)
{
    links = calloc((size_t)connections, sizeof(*links));
    for (int i = 0; i < connections; i++)
        links[i] = handshake(connect_socket());
}

static void
prepare_echo(void)
{
    prepare_links();
    for (int i = 0; i < connections; i++)
        if (write_request(links[i], ECHO, size, 1) < 0)
            fail("asking for an echo");
}

/* The works.  Each does `count` units between clock_start and clock_stop. */

static void
receive(uint64_t count)
{
    size_t piece = size < PIECE_BYTES ? size : PIECE_BYTES;
    clock_start();
    if (write_request(links[0], SEND, size, count) < 0
        || read_away(links[0], size * count, piece) < 0)
        fail("receiving");
    clock_stop();
}

static void
send_all(uint64_t count)
{
    char done;
    clock_start();
    if (write_request(links[0], RECEIVE, size, count) < 0
        || write_messages(links[0], size, count) < 0
        || read_exactly(links[0], &done, 1) < 0)
        fail("sending");
    clock_stop();
}

static void
echo(uint64_t count)
{
    char data[ANSWER_BYTES] = {0};
    clock_start();
    while (count-- > 0) {
        if (SSL_write(links[0], data, (int)size) <= 0)
            fail("asking for an echo");
        for (size_t left = size; left > 0; ) {
            int rc = SSL_read(links[0], data, sizeof(data));
            if (rc <= 0)
                fail("receiving an echo");
            left -= (size_t)rc;
        }
    }
    clock_stop();
}

static void
handshakes(uint64_t count)
{
    int fds[BATCH];
    while (count > 0) {
        int batch = count < BATCH ? (int)count : BATCH;
        for (int i = 0; i < batch; i++)
            fds[i] = connect_socket();
        clock_start();
        for (int i = 0; i < batch; i++) {
            SSL *ssl = handshake(fds[i]);
            if (session != NULL && !SSL_session_reused(ssl))
                fail("resuming the session");
            hang_up(ssl);
        }
        clock_stop();
        count -= (uint64_t)batch;
    }
}

/* A session, for which the tickets must have been read. */
static void
prepare_session(void)
{
    char byte;
    SSL *ssl = handshake(connect_socket());
    if (write_request(ssl, SEND, 1, 1) < 0
        || read_exactly(ssl, &byte, 1) < 0)
        fail("receiving a session");
    session = SSL_get1_session(ssl);
    hang_up(ssl);
}

/* The program */

struct work {
    const char *name;
    void (*prepare)(void);
    void (*run)(uint64_t count);
};

static const struct work works[] = {
    {"recv_into", prepare_links, receive},
    {"recv", prepare_links, receive},
    {"sendall", prepare_links, send_all},
    {"echo", prepare_echo, echo},
    {"full", NULL, handshakes},
    {"resumed", prepare_session, handshakes},
    {NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
    const struct work *work = works;
    unsigned long long count;

    if (argc != 6) {
        fprintf(stderr, "usage: floor PORT ROOTS WORK SIZE CONNECTIONS\n");
        return 2;
    }
    port = atoi(argv[1]);
    roots = argv[2];
    while (work->name != NULL && strcmp(work->name, argv[3]) != 0)
        work++;
    if (work->name == NULL)
        fail(argv[3]);
    size = strtoull(argv[4], NULL, 10);
    connections = atoi(argv[5]);
    signal(SIGPIPE, SIG_IGN);
    client_context = make_client_context();
    if (work->prepare != NULL)
        work->prepare();
    while (scanf("%llu", &count) == 1) {
        wall = cpu = bytes = 0;
        work->run(count);
        printf("%.9f %.9f %.0f\n", wall, cpu, bytes);
        fflush(stdout);
    }
    return 0;
}
