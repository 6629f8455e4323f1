/* context_copy.c: SSLContext.copy(): all that was set on a context, for a new
   one.

   OpenSSL has no copies of an SSL_CTX.  Owns the list of what there is to
   carry over: whatever can be set on a context has its line in it.  Of what
   OpenSSL does not tell, the file that owns the setter keeps what was set. */

#include "context_copy.h"
#include "callbacks_alpn.h"
#include "callbacks_log.h"
#include "callbacks_psk.h"
#include "callbacks_sni.h"
#include "client_sessions.h"
#include "context_ciphers.h"
#include "context_load.h"
#include "ech.h"
#include "errors.h"
#include "hints.h"
#include "judges.h"
#include "ocsp.h"
#include "opensslcompat.h"
#include "ticket_keys.h"
#include "trust.h"

#include <stdint.h>

/* -- what OpenSSL tells ------------------------------------------------- */

static int
copy_versions(sslb_context *copy, sslb_context *original)
{
    ERR_clear_error();
    if (SSL_CTX_set_min_proto_version(
            copy->ctx, (int)SSL_CTX_get_min_proto_version(original->ctx))
        && SSL_CTX_set_max_proto_version(
            copy->ctx, (int)SSL_CTX_get_max_proto_version(original->ctx))) {
        return 0;
    }
    sslb_queue_raise("version bounds", __LINE__);
    return -1;
}

static int
copy_options(sslb_context *copy, sslb_context *original)
{
    uint64_t wanted = SSL_CTX_get_options(original->ctx);

    SSL_CTX_clear_options(copy->ctx, SSL_CTX_get_options(copy->ctx) & ~wanted);
    SSL_CTX_set_options(copy->ctx, wanted);
    return 0;
}

static int
copy_num_tickets(sslb_context *copy, sslb_context *original)
{
    SSL_CTX_set_num_tickets(copy->ctx,
                            SSL_CTX_get_num_tickets(original->ctx));
    return 0;
}

/* The ciphers may have set another one: it comes after them. */
static int
copy_security_level(sslb_context *copy, sslb_context *original)
{
    SSL_CTX_set_security_level(copy->ctx,
                               SSL_CTX_get_security_level(original->ctx));
    return 0;
}

/* -- verification ------------------------------------------------------- */

/* OpenSSL adds flags to those that are there, some of them by itself, and
   takes host flags of 0 for none. */
static int
copy_parameters(sslb_context *copy, sslb_context *original)
{
    X509_VERIFY_PARAM *to = SSL_CTX_get0_param(copy->ctx);
    X509_VERIFY_PARAM *from = SSL_CTX_get0_param(original->ctx);

    ERR_clear_error();
    X509_VERIFY_PARAM_clear_flags(to, X509_VERIFY_PARAM_get_flags(to));
    if (!X509_VERIFY_PARAM_set1(to, from)) {
        sslb_queue_raise("verify_flags", __LINE__);
        return -1;
    }
    X509_VERIFY_PARAM_clear_flags(to, X509_VERIFY_PARAM_get_flags(to)
                                  & ~X509_VERIFY_PARAM_get_flags(from));
    X509_VERIFY_PARAM_set_hostflags(to, original->host_flags);
    copy->host_flags = original->host_flags;
    return 0;
}

static int
copy_verification(sslb_context *copy, sslb_context *original)
{
    SSL_CTX_set_verify(copy->ctx, SSL_CTX_get_verify_mode(original->ctx),
                       SSL_CTX_get_verify_callback(original->ctx));
    copy->check_hostname = original->check_hostname;
    copy->post_handshake_auth = original->post_handshake_auth;
    return copy_parameters(copy, original);
}

static int
copy_judges(sslb_context *copy, sslb_context *original)
{
    copy->judges = sslb_judges_copy(original);
    return 0;
}

/* A session may go from one to the other as long as nothing else is set. */
static int
copy_digests(sslb_context *copy, sslb_context *original)
{
    copy->trust = original->trust;
    copy->settings = original->settings;
    return 0;
}

/* -- the list ----------------------------------------------------------- */

/* The first may start a garbage collection, and the second waits for a store
   that is being filled, without the GIL; all the others see the original as it
   is at one moment. */
static int (*const parts[])(sslb_context *copy, sslb_context *original) = {
    sslb_hints_copy,
    sslb_trust_copy,
    sslb_identities_copy,
    sslb_dh_copy,
    sslb_ciphers_copy,
    copy_security_level,
    copy_versions,
    copy_options,
    copy_num_tickets,
    copy_verification,
    sslb_alpn_copy,
    sslb_sni_copy,
    sslb_msg_copy,
    sslb_keylog_copy,
    sslb_psk_copy,
    copy_judges,
    sslb_ocsp_copy,
    sslb_ech_copy,
    sslb_ticket_keys_copy,
    sslb_client_sessions_copy,
    copy_digests,
};

int
sslb_context_copy(sslb_context *copy, sslb_context *original)
{
    size_t i;

    /* what the original took, when its level may have been another one */
    SSL_CTX_set_security_level(copy->ctx, 0);
    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i](copy, original) < 0) {
            return -1;
        }
    }
    return 0;
}
