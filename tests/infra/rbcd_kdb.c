/* A database module for MIT's KDC: that of db2, which knows besides who may act for others towards a service (resource-based
 * constrained delegation, [MS-SFU] 3.2.5.2). db2's cannot say that, nor the directory's.
 *
 * The service's attribute `allowed_from` has the principals, with a space between them:
 *
 *     kadmin: setstr HTTP/target allowed_from "HTTP/server@EXAMPLE.TEST"
 *
 * mit-kdc.sh compiles it, with DB2 as the path of db2's. */
#include <dlfcn.h>
#include <kdb.h>
#include <stdio.h>
#include <string.h>

#define ATTRIBUTE "allowed_from"

kdb_vftabl kdb_function_table;

static krb5_error_code allowed_to_delegate_from(krb5_context context, krb5_const_principal client,
                                                krb5_const_principal server, krb5_pac server_pac,
                                                const krb5_db_entry *proxy) {
    char *names = NULL, *name = NULL, *rest = NULL;
    int allowed = 0;
    (void)client;
    (void)server_pac;
    if (krb5_dbe_get_string(context, (krb5_db_entry *)proxy, ATTRIBUTE, &names) != 0 || names == NULL) {
        return KRB5KDC_ERR_BADOPTION;
    }
    if (krb5_unparse_name(context, server, &name) == 0) {
        for (char *one = strtok_r(names, " ", &rest); one != NULL; one = strtok_r(NULL, " ", &rest)) {
            if (strcmp(one, name) == 0) allowed = 1;
        }
        krb5_free_unparsed_name(context, name);
    }
    krb5_dbe_free_string(context, names);
    return allowed ? 0 : KRB5KDC_ERR_BADOPTION;
}

/* The KDC reads the table once the module is loaded. */
__attribute__((constructor)) static void take_db2s(void) {
    void *db2 = dlopen(DB2, RTLD_NOW | RTLD_LOCAL);
    const kdb_vftabl *table = db2 == NULL ? NULL : dlsym(db2, "kdb_function_table");
    if (table == NULL) {
        fprintf(stderr, "rbcd_kdb: %s\n", dlerror());
        return;
    }
    if (table->maj_ver != KRB5_KDB_DAL_MAJOR_VERSION) {
        fprintf(stderr, "rbcd_kdb: db2's module is of version %d\n", table->maj_ver);
        return;
    }
    kdb_function_table = *table;
    kdb_function_table.allowed_to_delegate_from = allowed_to_delegate_from;
}
