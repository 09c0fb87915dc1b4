/* harness LIBRARY [names|tables] [GROUP[.TEST]]
 *
 * Runs the tests of the configuration that NEGOSSP_TEST_CONFIGURATION names (run.sh sets NEGOSSP_CONFIG to
 * match), with the functions found by name or taken from the tables of InitSecurityInterface. */
#include "groups.h"

#include <stdio.h>
#include <stdlib.h>

static const struct group groups[] = {
    {"packages", "default", packages_tests},
    {"stack", "default", stack_tests},
    {"credentials", "default", credentials_tests},
    {"services", "default", services_tests},
    {"accept", "default", accept_tests},
    {"arguments", "default", arguments_tests},
    {"buffers", "default", buffers_tests},
    {"channel", "default", channel_tests},
    {"flags", "default", flags_tests},
    {"initiate", "default", initiate_tests},
    {"attributes", "default", attributes_tests},
    {"messages", "default", messages_tests},
    {"layouts", "default", layouts_tests},
    {"memory", "default", memory_tests},
    {"text", "default", text_tests},
    {"handles", "default", handles_tests},
    {"badinput", "default", badinput_tests},
    {"order", "default", order_tests},
    {"servers", "default", servers_tests},
    {"exchanges", "default", exchanges_tests},
    {"additions", "default", additions_tests},
    {"auth_identity", "default", auth_identity_tests},
    {"async", "default", async_tests},
    {"export_import", "default", export_import_tests},
    {"access_token", "default", access_token_tests},
    {"complete", "complete", complete_tests},
    {"limits", "limits", limits_tests},
    {"half_open", "half-open", half_open_tests},
    {"lifetime", "lifetime", lifetime_tests},
    {"no_accounts", "no-accounts", no_accounts_tests},
    {"unreadable", "absent-accounts", unreadable_tests},
    {"unreadable", "malformed", unreadable_tests},
    {"unreadable", "absent", unreadable_tests},
    {"internal", "internal", internal_tests},
    {"strict", "strict", strict_tests},
    {"address", "address", address_tests},
    {"require_mic", "require-mic", require_mic_tests},
    {"export_write", "export-write", export_write_tests},
    {"export_read", "export-read", export_read_tests},
    {"export_own_key", "export-own-key", export_own_key_tests},
    {"export_once", "export-once", export_once_tests},
    {"export_again", "export-once", export_again_tests},
    {"keyless", "absent-key", keyless_tests},
    {"impersonate", "tokens", impersonate_tests},
    {"file-system", "tokens-file-system", file_system_tests},
    {"token", "tokens", token_tests},
    {"wine_user_name", "wine-user-name", wine_user_name_tests},
    {NULL, NULL, NULL},
};

int main(int argc, char **argv) {
    const char *configuration = getenv("NEGOSSP_TEST_CONFIGURATION");
    if (argc < 2) {
        fprintf(stderr, "usage: %s LIBRARY [names|tables] [GROUP[.TEST]]\n", argv[0]);
        return 2;
    }
    bool through_tables = argc > 2 && strcmp(argv[2], "tables") == 0;
    if (!load_library(argv[1], through_tables)) return 2;
    return run_groups(groups, configuration ? configuration : "default", argc > 3 ? argv[3] : NULL) ? 0 : 1;
}
