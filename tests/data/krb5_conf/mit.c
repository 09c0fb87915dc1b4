/*
 * What MIT krb5 reads from the files that KRB5_CONFIG names, in the form of dump() in
 * tests/it/config/krb5_conf.rs; "refused" if it reads none of it. tests/data/krb5_conf/record.sh
 * builds and runs it.
 */
#include <krb5.h>
#include <profile.h>
#include <stdio.h>
#include <string.h>

krb5_error_code krb5_get_tgs_ktypes(krb5_context, krb5_const_principal, krb5_enctype **);

static profile_t profile;

static void values(const char *label, const char *a, const char *b, const char *c)
{
    const char *names[] = {a, b, c, NULL};
    char **list, **value;
    if (profile_get_values(profile, names, &list) != 0)
        return;
    printf("%s", label);
    for (value = list; *value != NULL; value++)
        printf(" <%s>", *value);
    printf("\n");
    profile_free_list(list);
}

static void first(const char *name)
{
    char *value = NULL;
    if (profile_get_string(profile, "libdefaults", name, NULL, NULL, &value) == 0 && value != NULL)
        printf("%s <%s>\n", name, value);
}

static void flag(const char *name, int fallback)
{
    int value;
    if (profile_get_boolean(profile, "libdefaults", name, NULL, fallback, &value) != 0)
        value = fallback;
    printf("%s %d\n", name, value != 0);
}

static void number(const char *name, int fallback)
{
    int value;
    if (profile_get_integer(profile, "libdefaults", name, NULL, fallback, &value) != 0)
        value = fallback;
    printf("%s %d\n", name, value);
}

static void seconds(const char *name)
{
    char *text = NULL;
    krb5_deltat value = 0;
    profile_get_string(profile, "libdefaults", name, NULL, NULL, &text);
    if (text != NULL && krb5_string_to_deltat(text, &value) != 0)
        value = 0;
    printf("%s %d\n", name, value < 0 ? 0 : (int)value);
}

static void enctypes(const char *label, krb5_enctype *list)
{
    printf("%s", label);
    for (; list != NULL && *list != 0; list++)
        if (*list >= 16 && *list <= 23)
            printf(" %d", *list);
    printf("\n");
}

int main(void)
{
    static const char *const realms[] = {"EXAMPLE.TEST", "OTHER.TEST", "THIRD.TEST"};
    static const char *const hosts[] = {
        "www.example.test", "example.test", "a.b.example.test", "host.other.test", "OTHER.test.",
        "single", "192.0.2.1", "deep.sub.example.test",
    };
    krb5_context context;
    krb5_enctype *list = NULL;
    size_t i, j;
    if (krb5_init_context(&context) != 0) {
        printf("refused\n");
        return 0;
    }
    krb5_get_profile(context, &profile);
    first("default_realm");
    first("default_ccache_name");
    first("qualify_shortname");
    flag("rdns", 1);
    flag("forwardable", 0);
    flag("proxiable", 0);
    flag("canonicalize", 0);
    flag("noaddresses", 1);
    flag("dns_uri_lookup", 1);
    number("clockskew", 300);
    number("udp_preference_limit", 1465);
    seconds("ticket_lifetime");
    seconds("renew_lifetime");
    enctypes("permitted_enctypes", krb5_get_permitted_enctypes(context, &list) == 0 ? list : NULL);
    list = NULL;
    enctypes("tgs_enctypes", krb5_get_tgs_ktypes(context, NULL, &list) == 0 ? list : NULL);
    for (i = 0; i < sizeof(realms) / sizeof(*realms); i++) {
        printf("realm %s\n", realms[i]);
        values("kdc", "realms", realms[i], "kdc");
        values("kpasswd_server", "realms", realms[i], "kpasswd_server");
        values("http_anchors", "realms", realms[i], "http_anchors");
        for (j = 0; j < sizeof(realms) / sizeof(*realms); j++) {
            char label[64];
            snprintf(label, sizeof(label), "path %s", realms[j]);
            values(label, "capaths", realms[i], realms[j]);
        }
    }
    for (i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        char **found;
        if (krb5_get_host_realm(context, hosts[i], &found) == 0)
            printf("host %s <%s>\n", hosts[i], found[0]);
    }
    return 0;
}
