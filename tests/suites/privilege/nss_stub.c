/* A name service. The file MODE says what it does: `groups` knows that everybody is in 4242, `down` cannot answer, `silent`
 * knows nothing. It is called stub in nsswitch.conf(5). */
#include <errno.h>
#include <nss.h>
#include <pwd.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>

static int mode(void) {
    char text[16] = "";
    FILE *file = fopen(MODE, "re");
    if (file) {
        if (!fgets(text, sizeof text, file)) text[0] = 0;
        fclose(file);
    }
    return text[0];
}

enum nss_status _nss_stub_getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t room, int *error) {
    (void)name, (void)entry, (void)buffer, (void)room;
    if (mode() == 'd') {
        *error = ECONNREFUSED;
        return NSS_STATUS_UNAVAIL;
    }
    *error = ENOENT;
    return NSS_STATUS_NOTFOUND;
}

enum nss_status _nss_stub_initgroups_dyn(const char *user, gid_t group, long *start, long *size, gid_t **groups, long limit,
                                         int *error) {
    (void)user, (void)group, (void)limit;
    switch (mode()) {
    case 'd': *error = ECONNREFUSED; return NSS_STATUS_UNAVAIL;
    case 'g':
        if (*start < *size) (*groups)[(*start)++] = 4242;
        return NSS_STATUS_SUCCESS;
    default: *error = ENOENT; return NSS_STATUS_NOTFOUND;
    }
}
