/* ticket_keys.c: the keys of a server's session tickets, which processes may
   share.

   Owns sets of keys.  A set never changes; the release of its last reference
   wipes it.  The GIL protects the count of references.  An SSL keeps the set
   of its first context, so it needs no lock; OpenSSL also uses the ticket
   callback of the first SSL_CTX, even if an SNI callback sets another
   context. */

#include "ticket_keys.h"
#include "errors.h"
#include "pycompat_values.h"

#include <string.h>

#define MOST_KEYS 64

/* The layout of nginx's key files and of SSL_CTX_set_tlsext_ticket_keys(). */
typedef struct {
    unsigned char name[16];     /* sent in the ticket */
    unsigned char mac[32];      /* key of HMAC-SHA-256 */
    unsigned char cipher[32];   /* key of AES-256 */
} ticket_key;

struct sslb_ticket_keys {
    int users;
    int shown;                  /* 0 for our random key, in place of
                                   OpenSSL's */
    size_t count;
    ticket_key keys[];          /* the newest first */
};

static int ex_data_index = -1;

/* -- sets --------------------------------------------------------------- */

static size_t
size_of(size_t count)
{
    return sizeof(sslb_ticket_keys) + count * sizeof(ticket_key);
}

/* Creates a set with room for `count` keys, or returns NULL with a
   MemoryError. */
static sslb_ticket_keys *
keys_new(size_t count)
{
    sslb_ticket_keys *self = OPENSSL_zalloc(size_of(count));

    if (self == NULL) {
        ERR_clear_error();
        PyErr_NoMemory();
        return NULL;
    }
    self->users = 1;
    self->count = count;
    return self;
}

/* Adds a reference, and returns the set, which may be NULL. */
static sslb_ticket_keys *
keys_share(sslb_ticket_keys *self)
{
    if (self != NULL) {
        self->users++;
    }
    return self;
}

void
sslb_ticket_keys_drop(sslb_ticket_keys *self)
{
    if (self != NULL && --self->users == 0) {
        OPENSSL_clear_free(self, size_of(self->count));
    }
}

/* OpenSSL calls this function when it frees an SSL. */
static void
ssl_is_gone(void *parent, void *keys, CRYPTO_EX_DATA *data, int index,
            long argument, void *pointer)
{
    (void)parent;
    (void)data;
    (void)index;
    (void)argument;
    (void)pointer;
    sslb_ticket_keys_drop(keys);
}

int
sslb_ticket_keys_module_init(void)
{
    if (ex_data_index < 0) {
        ex_data_index = SSL_get_ex_new_index(0, NULL, NULL, NULL,
                                             ssl_is_gone);
    }
    if (ex_data_index < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

int
sslb_ticket_keys_attach(SSL *ssl, const sslb_context *context)
{
    sslb_ticket_keys *keys = context->ticket_keys;

    if (keys == NULL) {
        return 1;
    }
    if (!SSL_set_ex_data(ssl, ex_data_index, keys)) {
        return 0;
    }
    keys_share(keys);
    return 1;
}

/* -- tickets ------------------------------------------------------------ */

static const ticket_key *
find_nogil(const sslb_ticket_keys *self, const unsigned char *name)
{
    size_t i;

    for (i = 0; i < self->count; i++) {
        if (memcmp(self->keys[i].name, name,
                   sizeof(self->keys[i].name)) == 0) {
            return &self->keys[i];
        }
    }
    return NULL;
}

/* Prepares the encryption of a ticket.  Returns 1, or 0 with the error queue
   filled, as the next function does. */
static int
encrypt_nogil(const ticket_key *key, unsigned char *name, unsigned char *iv,
              EVP_CIPHER_CTX *cipher, sslb_ticket_mac *mac)
{
    memcpy(name, key->name, sizeof(key->name));
    return RAND_bytes(iv, EVP_CIPHER_iv_length(EVP_aes_256_cbc())) == 1
        && EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher,
                              iv)
        && sslb_ticket_mac_init(mac, key->mac, sizeof(key->mac));
}

/* Encrypts with a random key that nobody keeps.  A connection that is older
   than its context's keys has none, and OpenSSL 1.1.1 sends a malformed
   message if the callback makes no ticket. */
static int
encrypt_for_nobody_nogil(unsigned char *name, unsigned char *iv,
                         EVP_CIPHER_CTX *cipher, sslb_ticket_mac *mac)
{
    ticket_key key;
    int ok = RAND_bytes((unsigned char *)&key, sizeof(key)) == 1
        && encrypt_nogil(&key, name, iv, cipher, mac);

    OPENSSL_cleanse(&key, sizeof(key));
    return ok;
}

/* OpenSSL calls this function for each ticket that it makes or receives:
   SSL_CTX_set_tlsext_ticket_key_evp_cb(3). */
static int
ticket_callback(SSL *ssl, unsigned char *name, unsigned char *iv,
                EVP_CIPHER_CTX *cipher, sslb_ticket_mac *mac, int makes)
{
    const sslb_ticket_keys *keys = SSL_get_ex_data(ssl, ex_data_index);
    const ticket_key *key;
    int ok;

    if (makes) {
        ok = keys != NULL
            ? encrypt_nogil(&keys->keys[0], name, iv, cipher, mac)
            : encrypt_for_nobody_nogil(name, iv, cipher, mac);
        return ok ? 1 : -1;
    }
    key = keys != NULL ? find_nogil(keys, name) : NULL;
    if (key == NULL) {
        return 0;               /* leads to a full handshake */
    }
    ok = EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv)
        && sslb_ticket_mac_init(mac, key->mac, sizeof(key->mac));
    if (!ok) {
        return -1;
    }
    return key == &keys->keys[0] ? 1 : 2;   /* 2: send a new ticket */
}

/* -- the attribute ------------------------------------------------------ */

/* Holds a reference: creating the tuple may run Python code, which may set
   other keys. */
PyObject *
sslb_context_get_ticket_keys(PyObject *self, void *closure)
{
    sslb_ticket_keys *keys = keys_share(((sslb_context *)self)->ticket_keys);
    Py_ssize_t i, count = keys != NULL && keys->shown
        ? (Py_ssize_t)keys->count : 0;
    PyObject *result = PyTuple_New(count);

    (void)closure;
    for (i = 0; result != NULL && i < count; i++) {
        PyObject *item = PyBytes_FromStringAndSize(
            (const char *)&keys->keys[i], sizeof(ticket_key));

        if (item == NULL) {
            Py_CLEAR(result);
        }
        else {
            PyTuple_SET_ITEM(result, i, item);
        }
    }
    sslb_ticket_keys_drop(keys);
    return result;
}

/* Reads the key at that index. */
static int
read_key(sslb_ticket_keys *self, size_t place, PyObject *value)
{
    Py_buffer view;
    int rc = -1;

    if (sslb_is_unicode(value)) {
        PyErr_SetString(PyExc_TypeError,
                        "ticket_keys: a key must be bytes, not text");
        return -1;
    }
    if (sslb_buffer_get(value, &view) < 0) {
        return -1;
    }
    if (view.len != sizeof(ticket_key)) {
        PyErr_Format(PyExc_ValueError, "ticket_keys: a key must have %d "
                     "bytes, not %zd", (int)sizeof(ticket_key), view.len);
    }
    else if (find_nogil(self, view.buf) != NULL) {
        PyErr_SetString(PyExc_ValueError, "ticket_keys: two keys have the "
                        "same name (their first 16 bytes)");
    }
    else {
        memcpy(&self->keys[place], view.buf, sizeof(ticket_key));
        self->count = place + 1;
        rc = 0;
    }
    PyBuffer_Release(&view);
    return rc;
}

/* A set with a random key, for an empty sequence; NULL on failure.  The
   callback cannot be removed again to restore OpenSSL's own keys: a handshake
   tests for the callback once, then reads it a second time and calls the
   result. */
static sslb_ticket_keys *
random_key(void)
{
    sslb_ticket_keys *self = keys_new(1);

    if (self != NULL && RAND_bytes((unsigned char *)self->keys,
                                   sizeof(ticket_key)) != 1) {
        sslb_queue_raise("ticket_keys", __LINE__);
        sslb_ticket_keys_drop(self);
        return NULL;
    }
    return self;
}

/* Reads all keys of a sequence, or returns NULL. */
static sslb_ticket_keys *
read_keys(PyObject *value)
{
    PyObject *items = NULL;
    sslb_ticket_keys *self = NULL;
    Py_ssize_t i, count;

    if (PyBytes_Check(value) || sslb_is_unicode(value)
        || !PySequence_Check(value)) {
        PyErr_SetString(PyExc_TypeError,
                        "ticket_keys must be a sequence of bytes objects");
        return NULL;
    }
    items = PySequence_Tuple(value);
    if (items == NULL) {
        return NULL;
    }
    count = PyTuple_GET_SIZE(items);
    if (count > MOST_KEYS) {
        PyErr_Format(PyExc_ValueError, "ticket_keys may have at most %d keys",
                     MOST_KEYS);
    }
    else {
        self = count > 0 ? keys_new((size_t)count) : random_key();
    }
    if (self != NULL && count > 0) {
        self->shown = 1;
        self->count = 0;
    }
    for (i = 0; self != NULL && i < count; i++) {
        if (read_key(self, (size_t)i, PyTuple_GET_ITEM(items, i)) < 0) {
            self->count = (size_t)count;    /* wipe all keys */
            sslb_ticket_keys_drop(self);
            self = NULL;
        }
    }
    Py_DECREF(items);
    return self;
}

int
sslb_ticket_keys_copy(sslb_context *copy, sslb_context *original)
{
    if (original->ticket_keys != NULL) {
        copy->ticket_keys = keys_share(original->ticket_keys);
        SSL_CTX_set_tlsext_ticket_key_evp_cb(copy->ctx, ticket_callback);
    }
    return 0;
}

int
sslb_context_set_ticket_keys(PyObject *self, PyObject *value, void *closure)
{
    sslb_context *context = (sslb_context *)self;
    sslb_ticket_keys *keys, *old;

    (void)closure;
    if (sslb_refuse_deletion(value, "ticket_keys") < 0) {
        return -1;
    }
    keys = read_keys(value);
    if (keys == NULL) {
        return -1;
    }
    if (keys->shown
        && SSL_CTX_get_ssl_method(context->ctx) == TLS_client_method()) {
        sslb_ticket_keys_drop(keys);
        PyErr_SetString(PyExc_ValueError,
                        "ticket_keys cannot be set on a client's SSLContext");
        return -1;
    }
    old = context->ticket_keys;
    context->ticket_keys = keys;
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context->ctx, ticket_callback);
    sslb_ticket_keys_drop(old);
    return 0;
}
