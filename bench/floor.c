/* The floor: the cost of the same work in a plain C program.
 *
 *     floor PORT CERTS WORK SIZE CONNECTIONS
 *
 * It uses OpenSSL's socket BIO on blocking sockets, and one SSL_read or
 * SSL_write for each call of worker.py.  As worker.py does, it reads a number
 * from each line, does that many units of work, and prints "wall cpu bytes".
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

enum { BATCH = 64, ANSWER_BYTES = 4096, FED_BYTES = 40000 };

static int port;
static const char *certs;
static uint64_t size;
static int connections;

static SSL_CTX *client_context, *server_context;
static SSL **links;     /* the connections that are kept, or NULL */
static SSL *ends[2];    /* client and server over memory, or NULL */
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

/* The resident memory of this process, in bytes */
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
    char path[4096];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    snprintf(path, sizeof(path), "%s/root.pem", certs);
    if (ctx == NULL || SSL_CTX_load_verify_locations(ctx, path, NULL) != 1)
        fail(path);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    /* All contestants offer the same cipher suites. */
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

/* Close without sending close_notify, as Python's close() does. */
static void
hang_up(SSL *ssl)
{
    int fd = SSL_get_fd(ssl);
    /* without it, SSL_free makes the session invalid */
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

/* Connections over memory */

static SSL_CTX *
make_server_context(void)
{
    char path[4096];
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    snprintf(path, sizeof(path), "%s/localhost-ec.pem", certs);
    if (ctx == NULL || SSL_CTX_use_certificate_chain_file(ctx, path) != 1
        || SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) != 1)
        fail(path);
    return ctx;
}

static SSL *
over_memory(SSL *ssl)
{
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    return ssl;
}

/* Carry the records of one end to the other. */
static void
carry(SSL *source, SSL *target)
{
    static char data[PIECE_BYTES];
    int size = BIO_read(SSL_get_wbio(source), data, sizeof(data));
    if (size > 0)
        BIO_write(SSL_get_rbio(target), data, size);
}

static void
make_pair(SSL **pair)
{
    pair[0] = over_memory(new_client());
    pair[1] = over_memory(SSL_new(server_context));
    SSL_set_connect_state(pair[0]);
    SSL_set_accept_state(pair[1]);
    while (SSL_in_init(pair[0]) || SSL_in_init(pair[1])) {
        for (int i = 0; i < 2; i++) {
            int rc = SSL_do_handshake(pair[i]);
            if (rc != 1 && SSL_get_error(pair[i], rc) != SSL_ERROR_WANT_READ)
                fail("the handshake over memory");
            carry(pair[i], pair[!i]);
        }
    }
}

static void
free_pair(SSL **pair)
{
    SSL_free(pair[0]);
    SSL_free(pair[1]);
}

static void
prepare_pairs(void)
{
    server_context = make_server_context();
}

static void
prepare_pair(void)
{
    prepare_pairs();
    make_pair(ends);
}

static void
prepare_lean_pairs(void)
{
    prepare_pairs();
    SSL_CTX_set_mode(client_context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_mode(server_context, SSL_MODE_RELEASE_BUFFERS);
}

static void
prepare_lean(void)
{
    SSL_CTX_set_mode(client_context, SSL_MODE_RELEASE_BUFFERS);
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
    char *data = new_message(size);
    clock_start();
    if (write_request(links[0], RECEIVE, size, count) < 0
        || write_messages(links[0], data, size, count) < 0
        || read_exactly(links[0], &done, 1) < 0)
        fail("sending");
    clock_stop();
    free(data);
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

/* Make a session.  The client has to read the tickets first. */
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

static void
memory_handshakes(uint64_t count)
{
    clock_start();
    while (count-- > 0) {
        SSL *pair[2];
        make_pair(pair);
        free_pair(pair);
    }
    clock_stop();
}

static char plain[PIECE_BYTES];

/* Carry the records of a write over in one piece, and read their data. */
static void
transfer_bulk(SSL *source, SSL *target)
{
    if (SSL_write(source, plain, (int)size) <= 0)
        fail("writing to memory");
    carry(source, target);
    if (read_exactly(target, plain, size) < 0)
        fail("reading from memory");
}

/* Move records as asyncio does: feed in a piece, read all decrypted data. */
static void
transfer_fed(SSL *source, SSL *target)
{
    static char piece[FED_BYTES];
    int got;
    if (SSL_write(source, plain, (int)size) <= 0)
        fail("writing to memory");
    while ((got = BIO_read(SSL_get_wbio(source), piece, FED_BYTES)) > 0) {
        BIO_write(SSL_get_rbio(target), piece, got);
        while (SSL_read(target, plain, sizeof(plain)) > 0)
            continue;
        ERR_clear_error();
    }
}

static void
both_ways(uint64_t count, void (*transfer)(SSL *, SSL *))
{
    clock_start();
    while (count-- > 0) {
        transfer(ends[0], ends[1]);
        transfer(ends[1], ends[0]);
    }
    clock_stop();
}

static void
memory_bulk(uint64_t count)
{
    both_ways(count, transfer_bulk);
}

static void
memory_feed(uint64_t count)
{
    both_ways(count, transfer_fed);
}

/* Read one byte of the server.  The tickets come before it. */
static void
idle_pair(SSL **pair)
{
    make_pair(pair);
    if (write_messages(pair[1], "x", 1, 1) < 0)
        fail("writing to memory");
    carry(pair[1], pair[0]);
    if (read_away(pair[0], 1, 1) < 0)
        fail("reading from memory");
}

static void
idle_memory(uint64_t count)
{
    SSL *first[2];
    SSL **pairs = calloc((size_t)connections, sizeof(first));
    idle_pair(first);
    double before = resident();
    clock_start();
    for (int i = 0; i < connections; i++)
        idle_pair(pairs + 2 * i);
    clock_stop();
    bytes = (resident() - before) / (2 * connections * (double)count);
}

static SSL *
idle_socket(void)
{
    SSL *ssl = handshake(connect_socket());
    if (write_request(ssl, SEND, 1, 1) < 0 || read_away(ssl, 1, 1) < 0)
        fail("receiving a byte");
    return ssl;
}

static void
idle_sockets(uint64_t count)
{
    idle_socket();
    double before = resident();
    clock_start();
    for (int i = 0; i < connections; i++)
        idle_socket();
    clock_stop();
    bytes = (resident() - before) / (connections * (double)count);
}

static void
contexts(uint64_t count)
{
    clock_start();
    while (count-- > 0) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        if (ctx == NULL || SSL_CTX_set_default_verify_paths(ctx) != 1)
            fail("loading the system's certificates");
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
        SSL_CTX_free(ctx);
    }
    clock_stop();
}

static void
ca_files(uint64_t count)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/certifi.pem", certs);
    while (count-- > 0) {
        SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
        if (ctx == NULL)
            fail("SSL_CTX_new");
        clock_start();
        if (SSL_CTX_load_verify_locations(ctx, path, NULL) != 1)
            fail(path);
        clock_stop();
        SSL_CTX_free(ctx);
    }
}

/* Read from the links that have an answer; returns the bytes still missing. */
static int
read_ready(uint64_t *left)
{
    static char data[ANSWER_BYTES];
    int missing = 0, last = -1;
    fd_set ready;

    FD_ZERO(&ready);
    for (int i = 0; i < connections; i++)
        if (left[i] > 0) {
            last = SSL_get_fd(links[i]) > last ? SSL_get_fd(links[i]) : last;
            FD_SET(SSL_get_fd(links[i]), &ready);
        }
    if (select(last + 1, &ready, NULL, NULL, NULL) < 0)
        fail("select");
    for (int i = 0; i < connections; i++) {
        if (left[i] > 0 && FD_ISSET(SSL_get_fd(links[i]), &ready)) {
            int rc = SSL_read(links[i], data, sizeof(data));
            if (rc <= 0)
                fail("receiving an echo");
            left[i] -= (uint64_t)rc;
        }
        missing += left[i] > 0;
    }
    return missing;
}

static void
select_loop(uint64_t count)
{
    static char data[ANSWER_BYTES];
    uint64_t *left = calloc((size_t)connections, sizeof(*left));
    clock_start();
    while (count-- > 0) {
        for (int i = 0; i < connections; i++) {
            if (SSL_write(links[i], data, (int)size) <= 0)
                fail("asking for an echo");
            left[i] = size;
        }
        while (read_ready(left) > 0)
            continue;
    }
    clock_stop();
    free(left);
}

static void
both_at_once(uint64_t count)
{
    char done;
    clock_start();
    if (write_request(links[0], DUPLEX, size, count) < 0
        || duplex(links[0], size * count) < 0
        || read_exactly(links[0], &done, 1) < 0)
        fail("sending and receiving at once");
    clock_stop();
}

static uint64_t asked;      /* of each thread */

static void *
ask(void *link)
{
    for (uint64_t i = 0; i < asked; i++)
        if (write_request(link, SEND, size, 1) < 0
            || read_away(link, size, size) < 0)
            fail("asking in a thread");
    return NULL;
}

static void
threads(uint64_t count)
{
    pthread_t *running = calloc((size_t)connections, sizeof(*running));
    asked = count;
    clock_start();
    for (int i = 0; i < connections; i++)
        if (pthread_create(&running[i], NULL, ask, links[i]) != 0)
            fail("pthread_create");
    for (int i = 0; i < connections; i++)
        pthread_join(running[i], NULL);
    clock_stop();
    free(running);
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
    {"memory-handshake", prepare_pairs, memory_handshakes},
    {"memory-bulk", prepare_pair, memory_bulk},
    {"memory-feed", prepare_pair, memory_feed},
    {"idle-memory", prepare_lean_pairs, idle_memory},
    {"idle-sockets", prepare_lean, idle_sockets},
    {"context", NULL, contexts},
    {"ca-file", NULL, ca_files},
    {"select", prepare_echo, select_loop},
    {"duplex", prepare_links, both_at_once},
    {"threads", prepare_links, threads},
    {NULL, NULL, NULL},
};

int
main(int argc, char **argv)
{
    const struct work *work = works;
    unsigned long long count;

    if (argc != 6) {
        fprintf(stderr, "usage: floor PORT CERTS WORK SIZE CONNECTIONS\n");
        return 2;
    }
    port = atoi(argv[1]);
    certs = argv[2];
    while (work->name != NULL && strcmp(work->name, argv[3]) != 0)
        work++;
    if (work->name == NULL) {
        fprintf(stderr, "has no %s\n", argv[3]);
        return 1;
    }
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
