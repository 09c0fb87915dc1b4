/* The tests of every subject, listed in main.c. */
#ifndef NEGOSSP_TESTS_GROUPS_H
#define NEGOSSP_TESTS_GROUPS_H

#include "harness.h"

extern const struct test packages_tests[], stack_tests[], credentials_tests[], services_tests[], accept_tests[],
    arguments_tests[], buffers_tests[], flags_tests[], initiate_tests[], attributes_tests[], messages_tests[],
    layouts_tests[], memory_tests[], text_tests[], handles_tests[], badinput_tests[], order_tests[], servers_tests[],
    exchanges_tests[], complete_tests[], limits_tests[], half_open_tests[], lifetime_tests[], no_accounts_tests[],
    internal_tests[], additions_tests[], auth_identity_tests[], async_tests[], unreadable_tests[], export_import_tests[],
    export_write_tests[], export_read_tests[], export_own_key_tests[], export_once_tests[], export_again_tests[], keyless_tests[], strict_tests[], address_tests[], channel_tests[], require_mic_tests[],
    impersonate_tests[], file_system_tests[], token_tests[], access_token_tests[], wine_user_name_tests[];

#endif
