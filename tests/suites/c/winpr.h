/* The settings that WinPR appends to an identity, as its <winpr/sspi.h> declares them. */
#ifndef NEGOSSP_TESTS_WINPR_H
#define NEGOSSP_TESTS_WINPR_H

#include "harness.h"

#define WINPR_EXTENDED 0x100
#define WINPR_EXTENDED_V2 0x200

typedef SECURITY_STATUS (*winpr_hash_callback)(void *, const SEC_WINNT_AUTH_IDENTITY_W *, const SecBuffer *, const uint8_t *,
                                               const uint8_t *, const SecBuffer *, uint8_t *);

struct winpr_ntlm {
    char *sam_file;
    winpr_hash_callback callback;
    void *argument;
};

struct winpr_kerberos {
    char *kdc_url, *keytab, *cache, *armor_cache, *anchors, *identity;
    int32_t with_pac, start_time, renew_life_time, life_time;
    uint8_t certificate[20];
};

struct winpr_identity {
    SEC_WINNT_AUTH_IDENTITY_EXW identity;
    struct winpr_ntlm *ntlm;
    struct winpr_kerberos *kerberos;
};

#define ALIGNED __attribute__((aligned(8)))

struct ALIGNED winpr_ntlm_v2 {
    ALIGNED uint32_t size;
    ALIGNED char *sam_file;
    ALIGNED winpr_hash_callback callback;
    ALIGNED void *argument;
    ALIGNED char *target, *nb_computer, *nb_domain, *dns_computer, *dns_domain;
};

struct ALIGNED winpr_kerberos_v2 {
    ALIGNED uint32_t size;
    ALIGNED char *kdc_url;
    ALIGNED char *keytab;
    ALIGNED char *cache;
};

struct ALIGNED winpr_identity_v2 {
    ALIGNED SEC_WINNT_AUTH_IDENTITY_EXW identity;
    ALIGNED uint32_t version;
    ALIGNED struct winpr_ntlm_v2 *ntlm;
    ALIGNED struct winpr_kerberos_v2 *kerberos;
};

/* As FreeRDP's server fills it in: without a user. */
#define WINPR_IDENTITY(flag)                                                                     \
    {.Version = SEC_WINNT_AUTH_IDENTITY_VERSION, .Length = sizeof(SEC_WINNT_AUTH_IDENTITY_EXW), \
     .Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE | (flag)}

#endif
