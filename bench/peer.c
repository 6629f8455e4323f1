/* The other end of every measured connection: a TLS server on loopback.
 *
 *     peer CERTIFICATE
 *
 * It prints its port and OpenSSL's version, one per line.  It answers the
 * requests of wire.h on each connection, in a thread of its own, until its
 * standard input ends.
 */

#include "wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STACK_BYTES = 256 * 1024, BACKLOG = 4096 };

static SSL_CTX *context;

static int
echo(SSL *ssl, uint64_t size)
{
    char *data = malloc(size);
    if (data == NULL)
        return -1;
    while (read_exactly(ssl, data, size) == 0
           && SSL_write(ssl, data, (int)size) > 0)
        continue;
    free(data);
    return -1;
}

static int
send_messages(SSL *ssl, const struct request *request)
{
    char *data = new_message(request->size);
    int rc = write_messages(ssl, data, request->size, request->count);
    free(data);
    return rc;
}

/* Read the rest of an HTTP request and send the page. */
static int
answer_http(SSL *ssl)
{
    static const char end[] = "\r\n\r\n";
    static const char page[] = "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/plain\r\n"
        "Content-Length: 6\r\n\r\n"
        "hello\n";
    size_t matched = 0;
    char next;

    while (matched < strlen(end)) {
        if (read_exactly(ssl, &next, 1) < 0)
            return -1;
        matched = next == end[matched] ? matched + 1 : next == end[0];
    }
    return write_messages(ssl, page, strlen(page), 1);
}

static int
answer(SSL *ssl, const struct request *request)
{
    uint64_t bytes = request->size * request->count;
    switch (request->what) {
    case SEND:
        return send_messages(ssl, request);
    case ECHO:
        return echo(ssl, request->size);
    case RECEIVE:
        if (read_away(ssl, bytes, PIECE_BYTES) < 0)
            return -1;
        return write_messages(ssl, "x", 1, 1);
    case DUPLEX:
        if (duplex(ssl, bytes) < 0)
            return -1;
        return write_messages(ssl, "x", 1, 1);
    case GET:
        return answer_http(ssl);
    default:
        return -1;
    }
}

static void *
serve(void *argument)
{
    int fd = (int)(intptr_t)argument;
    int on = 1;
    struct request request;
    SSL *ssl = SSL_new(context);

    if (ssl == NULL)
        fail("SSL_new");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1)
        while (read_request(ssl, &request) == 0
               && answer(ssl, &request) == 0)
            continue;
    SSL_free(ssl);
    close(fd);
    return NULL;
}

static int
listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0
        || listen(fd, BACKLOG) < 0
        || getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        fail("listening on loopback");
    printf("%d\n%s\n", ntohs(address.sin_port),
           OpenSSL_version(OPENSSL_VERSION));
    fflush(stdout);
    return fd;
}

static SSL_CTX *
make_context(const char *certificate)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL
        || SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1
        || SSL_CTX_use_PrivateKey_file(ctx, certificate,
                                       SSL_FILETYPE_PEM) != 1)
        fail(certificate);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    /* Clients resume with tickets, so the server needs no cache. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    return ctx;
}

static void *
wait_for_end(void *argument)
{
    char byte;
    while (read(0, &byte, 1) > 0)
        continue;
    exit(0);
    return argument;
}

int
main(int argc, char **argv)
{
    pthread_t thread;
    pthread_attr_t detached;

    if (argc != 2) {
        fprintf(stderr, "usage: peer CERTIFICATE\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    context = make_context(argv[1]);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&detached, STACK_BYTES);
    int server = listener();
    if (pthread_create(&thread, &detached, wait_for_end, NULL) != 0)
        fail("pthread_create");
    for (;;) {
        int fd = accept(server, NULL, NULL);
        if (fd < 0 || pthread_create(&thread, &detached, serve,
                                     (void *)(intptr_t)fd) != 0)
            fail("accepting a connection");
    }
}
