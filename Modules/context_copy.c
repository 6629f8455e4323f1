/* context_copy.c: SSLContext.copy(): copies all settings to a new context.

   OpenSSL cannot copy an SSL_CTX.  Owns the list of functions that copy; each
   setting of a context needs one.  If OpenSSL has no getter for a setting, the
   file that owns the setter keeps the value. */

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

/* -- settings that OpenSSL returns ---------------------------------------- */

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

/* Runs after sslb_ciphers_copy(): a cipher string may set a level. */
static int
copy_security_level(sslb_context *copy, sslb_context *original)
{
    SSL_CTX_set_security_level(copy->ctx,
                               SSL_CTX_get_security_level(original->ctx));
    return 0;
}

/* -- verification ------------------------------------------------------- */

/* X509_VERIFY_PARAM_set1() only adds flags to existing ones, and does not copy
   host flags of 0.  OpenSSL adds some flags itself. */
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

/* With equal digests each context can resume the other's sessions, until one
   of them gets another setting. */
static int
copy_digests(sslb_context *copy, sslb_context *original)
{
    copy->trust = original->trust;
    copy->settings = original->settings;
    return 0;
}

/* -- the list ----------------------------------------------------------- */

/* The first function may start a garbage collection.  The second one waits,
   without the GIL, for a thread that fills the store.  The others run without
   interruption, so that they see one state of the original. */
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

    /* the original may have got its certificates at a lower level */
    SSL_CTX_set_security_level(copy->ctx, 0);
    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i](copy, original) < 0) {
            return -1;
        }
    }
    return 0;
}
