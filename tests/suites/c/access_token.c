/* The client's access token, and threads that impersonate the client: Windows' part of
 * QuerySecurityContextToken, ImpersonateSecurityContext and RevertSecurityContext. */
#include "conversation.h"
#include "groups.h"
#include "platform.h"

#ifdef _WIN32

/* The result of GetTokenInformation, in aligned memory. */
union information {
    ULONG_PTR words[1024];
    TOKEN_USER user;
    TOKEN_GROUPS groups;
    TOKEN_PRIVILEGES privileges;
    TOKEN_STATISTICS statistics;
    TOKEN_SOURCE source;
    TOKEN_TYPE type;
    SECURITY_IMPERSONATION_LEVEL level;
};

static bool informed(HANDLE token, TOKEN_INFORMATION_CLASS what, union information *told) {
    DWORD length = 0;
    return CHECK(GetTokenInformation(token, what, told, sizeof *told, &length));
}

static bool well_known(WELL_KNOWN_SID_TYPE type, union information *sid) {
    DWORD length = sizeof *sid;
    return CHECK(CreateWellKnownSid(type, NULL, sid, &length));
}

/* ntdll creates tokens: Windows, and Wine from version 9 on. */
static bool tokens_can_be_made(void) {
    return GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtCreateToken") != NULL;
}

static HANDLE process_token(void) {
    HANDLE token = NULL;
    CHECK(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_DUPLICATE, &token));
    return token;
}

/* The user of the process; read before a thread impersonates a user who may not query it. */
static union information process_user;

static void read_process_user(void) {
    if (process_user.user.User.Sid) return;
    HANDLE process = process_token();
    informed(process, TokenUser, &process_user);
    CHECK(CloseHandle(process));
}

/* The token of an established context's client. */
static bool client_of(struct conversation *c, const struct terms *terms, HANDLE *token) {
    *token = NULL;
    read_process_user();
    return CHECK(conversation_establish(c, terms)) && CHECK_STATUS(W->QuerySecurityContextToken(&c->server.context, token), SEC_E_OK) &&
           CHECK(*token != NULL);
}

/* All fields of a token of a user who is not an administrator. */
static void is_no_administrators(HANDLE token, SECURITY_IMPERSONATION_LEVEL level) {
    union information told, administrators;
    if (!well_known(WinBuiltinAdministratorsSid, &administrators)) return;
    if (informed(token, TokenType, &told)) CHECK_EQUAL(told.type, TokenImpersonation);
    if (informed(token, TokenImpersonationLevel, &told)) CHECK_EQUAL(told.level, level);
    if (informed(token, TokenUser, &told)) CHECK(IsValidSid(told.user.User.Sid));
    if (informed(token, TokenGroups, &told)) {
        for (DWORD i = 0; i < told.groups.GroupCount; i++) {
            SID_AND_ATTRIBUTES *group = &told.groups.Groups[i];
            bool enabled = group->Attributes & SE_GROUP_ENABLED;
            if (EqualSid(group->Sid, &administrators)) CHECK(!enabled && (group->Attributes & SE_GROUP_USE_FOR_DENY_ONLY));
        }
    }
    if (informed(token, TokenPrivileges, &told)) {
        for (DWORD i = 0; i < told.privileges.PrivilegeCount; i++) {
            LUID_AND_ATTRIBUTES *held = &told.privileges.Privileges[i];
            /* SeChangeNotifyPrivilege, which every user has. */
            CHECK(!(held->Attributes & SE_PRIVILEGE_ENABLED) || (held->Luid.LowPart == 23 && held->Luid.HighPart == 0));
        }
    }
}

static bool is_member(HANDLE token, WELL_KNOWN_SID_TYPE type) {
    union information sid;
    BOOL member = FALSE;
    if (!well_known(type, &sid)) return false;
    CHECK(CheckTokenMembership(token, &sid, &member));
    return member;
}

static bool is_the_processs(PSID user) {
    return process_user.user.User.Sid && EqualSid(process_user.user.User.Sid, user);
}

/* The same of a known user, with a token that is the client's own where tokens can be created. */
static void is_a_plain_users(HANDLE token, SECURITY_IMPERSONATION_LEVEL level) {
    union information user;
    is_no_administrators(token, level);
    CHECK(is_member(token, WinWorldSid));
    if (informed(token, TokenUser, &user)) CHECK(is_the_processs(user.user.User.Sid) == !tokens_can_be_made());
}

static void tells_what_there_is_to_know(void) {
    struct conversation c;
    HANDLE token;
    union information told;
    REQUIRE(client_of(&c, NULL, &token));
    is_a_plain_users(token, SecurityImpersonation);
    if (informed(token, TokenStatistics, &told)) {
        CHECK_EQUAL(told.statistics.TokenType, TokenImpersonation);
        CHECK_EQUAL(told.statistics.ImpersonationLevel, SecurityImpersonation);
        DWORD groups = told.statistics.GroupCount, privileges = told.statistics.PrivilegeCount;
        if (informed(token, TokenGroups, &told)) CHECK_EQUAL(told.groups.GroupCount, groups);
        if (informed(token, TokenPrivileges, &told)) CHECK_EQUAL(told.privileges.PrivilegeCount, privileges);
    }
    /* Wine reports the source of no token, not even of the process' own. */
    HANDLE process = process_token();
    DWORD length = 0;
    if (GetTokenInformation(process, TokenSource, &told, sizeof told, &length)) {
        if (informed(token, TokenSource, &told) && tokens_can_be_made()) CHECK(memcmp(told.source.SourceName, "negossp", 8) == 0);
    } else {
        CHECK(!GetTokenInformation(token, TokenSource, &told, sizeof told, &length));
    }
    CHECK(CloseHandle(process));
    CHECK(CloseHandle(token));
    conversation_close(&c);
}

static void good_for_nothing_but_reading_wearing_and_copying(void) {
    struct conversation c;
    HANDLE token;
    REQUIRE(client_of(&c, NULL, &token));
    SetLastError(0);
    CHECK(!AdjustTokenPrivileges(token, TRUE, NULL, 0, NULL, NULL));
    CHECK_EQUAL(GetLastError(), ERROR_ACCESS_DENIED);
    CHECK(CloseHandle(token));
    conversation_close(&c);
}

static void is_copied(void) {
    struct conversation c;
    HANDLE token, copy = NULL;
    REQUIRE(client_of(&c, NULL, &token));
    if (CHECK(DuplicateTokenEx(token, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenImpersonation, &copy))) {
        is_a_plain_users(copy, SecurityImpersonation);
        CHECK(CloseHandle(copy));
    }
    if (CHECK(DuplicateTokenEx(token, MAXIMUM_ALLOWED, NULL, SecurityIdentification, TokenImpersonation, &copy))) {
        is_a_plain_users(copy, SecurityIdentification);
        CHECK(CloseHandle(copy));
    }
    /* As a program does that starts another one as the client. */
    if (CHECK(DuplicateTokenEx(token, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenPrimary, &copy))) CHECK(CloseHandle(copy));
    CHECK(CloseHandle(token));
    conversation_close(&c);
}

static void membership(void) {
    struct conversation c;
    HANDLE token;
    REQUIRE(client_of(&c, NULL, &token));
    CHECK(!is_member(token, WinBuiltinAdministratorsSid));
    CHECK(is_member(token, WinWorldSid));
    CHECK(is_member(token, WinAuthenticatedUserSid));
    CHECK(CloseHandle(token));
    conversation_close(&c);
}

/* The result of AccessCheck where only that SID may read. */
static bool may_read(HANDLE token, PSID allowed) {
    GENERIC_MAPPING mapping = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS};
    union information system, list;
    SECURITY_DESCRIPTOR absolute;
    PRIVILEGE_SET privileges;
    DWORD length = sizeof privileges, granted = 0;
    BOOL access = FALSE;
    ACL *dacl = (ACL *)&list;
    /* Owned by the system, because owners may read an object's access list. */
    if (!well_known(WinLocalSystemSid, &system)) return false;
    CHECK(InitializeAcl(dacl, sizeof list, ACL_REVISION) && AddAccessAllowedAce(dacl, ACL_REVISION, FILE_GENERIC_READ, allowed));
    CHECK(InitializeSecurityDescriptor(&absolute, SECURITY_DESCRIPTOR_REVISION));
    CHECK(SetSecurityDescriptorOwner(&absolute, &system, FALSE) && SetSecurityDescriptorGroup(&absolute, &system, FALSE));
    CHECK(SetSecurityDescriptorDacl(&absolute, TRUE, dacl, FALSE));
    CHECK(AccessCheck(&absolute, token, FILE_GENERIC_READ, &mapping, &privileges, &length, &granted, &access));
    return access && granted == FILE_GENERIC_READ;
}

static void access_is_checked_against_it(void) {
    struct conversation c;
    HANDLE token;
    union information administrators, everyone, user;
    REQUIRE(client_of(&c, NULL, &token));
    if (well_known(WinBuiltinAdministratorsSid, &administrators)) CHECK(!may_read(token, &administrators));
    if (well_known(WinWorldSid, &everyone)) CHECK(may_read(token, &everyone));
    if (informed(token, TokenUser, &user)) CHECK(may_read(token, user.user.User.Sid));
    CHECK(CloseHandle(token));
    conversation_close(&c);
}

static void is_worn(void) {
    struct conversation c;
    HANDLE token, worn = NULL;
    REQUIRE(client_of(&c, NULL, &token));
    for (int how = 0; how < 2; how++) {
        CHECK(how ? SetThreadToken(NULL, token) : ImpersonateLoggedOnUser(token));
        if (CHECK(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &worn))) {
            is_a_plain_users(worn, SecurityImpersonation);
            CHECK(CloseHandle(worn));
        }
        CHECK(RevertToSelf());
        CHECK(!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &worn));
        CHECK_EQUAL(GetLastError(), ERROR_NO_TOKEN);
    }
    CHECK(CloseHandle(token));
    conversation_close(&c);
}

static void outlives_its_context(void) {
    struct conversation c;
    HANDLE token, second = NULL;
    REQUIRE(client_of(&c, NULL, &token));
    CHECK_STATUS(W->QuerySecurityContextToken(&c.server.context, &second), SEC_E_OK);
    CHECK(second != token && CloseHandle(second));
    conversation_close(&c);
    is_a_plain_users(token, SecurityImpersonation);
    CHECK(ImpersonateLoggedOnUser(token));
    CHECK(RevertToSelf());
    CHECK(CloseHandle(token));
}

/* A client that requests identification only, or a server that requires no more, gets that level. */
static void level_is_as_agreed(void) {
    struct terms terms[] = {{.client_requirements = CLIENT_USUAL | ISC_REQ_IDENTIFY},
                            {.client_requirements = CLIENT_USUAL | ISC_REQ_IDENTIFY, .package = u"NTLM"},
                            {.server_requirements = ASC_REQ_IDENTIFY}};
    for (unsigned i = 0; i < sizeof terms / sizeof *terms; i++) {
        struct conversation c;
        HANDLE token, more;
        REQUIRE(client_of(&c, &terms[i], &token));
        is_a_plain_users(token, SecurityIdentification);
        CHECK(!DuplicateTokenEx(token, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenImpersonation, &more));
        /* A thread may impersonate with it, and has this level only. */
        if (CHECK_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_OK)) {
            if (CHECK(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &more))) {
                is_a_plain_users(more, SecurityIdentification);
                CHECK(CloseHandle(more));
            }
            CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
        }
        CHECK(CloseHandle(token));
        conversation_close(&c);
    }
}

static void nobody(void) {
    struct conversation c;
    HANDLE token;
    union information told, anonymous;
    REQUIRE(client_of(&c, &(struct terms){.anonymous = true, .server_requirements = ASC_REQ_ALLOW_NULL_SESSION, .package = u"NTLM",
                                          .client_requirements = ISC_REQ_NULL_SESSION}, &token));
    is_no_administrators(token, SecurityImpersonation);
    if (tokens_can_be_made() && informed(token, TokenUser, &told) && well_known(WinAnonymousSid, &anonymous)) {
        CHECK(EqualSid(told.user.User.Sid, &anonymous));
        CHECK(!is_member(token, WinAuthenticatedUserSid));
    }
    CHECK(CloseHandle(token));
    conversation_close(&c);
}

/* ---- ImpersonateSecurityContext, RevertSecurityContext */

/* Whether the thread impersonates a client or has the process' identity. */
static bool acts_as_a_client(void) {
    HANDLE worn = NULL;
    if (!OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &worn)) {
        CHECK_EQUAL(GetLastError(), ERROR_NO_TOKEN);
        return false;
    }
    CHECK(!is_member(NULL, WinBuiltinAdministratorsSid));
    CHECK(CloseHandle(worn));
    return true;
}

static ULONG worn_id(void) {
    HANDLE worn = NULL;
    union information told;
    if (!CHECK(OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &worn))) return 0;
    ULONG id = informed(worn, TokenStatistics, &told) ? told.statistics.TokenId.LowPart : 0;
    CHECK(CloseHandle(worn));
    return id;
}

static void before_during_and_after(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    CHECK(!acts_as_a_client());
    CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
    REQUIRE_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_OK);
    CHECK(acts_as_a_client());
    CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
    CHECK(!acts_as_a_client());
    conversation_close(&c);
}

static void one_within_the_other(void) {
    struct conversation outer, inner;
    REQUIRE(conversation_establish(&outer, NULL) && conversation_establish(&inner, NULL));
    REQUIRE_STATUS(W->ImpersonateSecurityContext(&outer.server.context), SEC_E_OK);
    ULONG of_outer = worn_id();
    REQUIRE_STATUS(W->ImpersonateSecurityContext(&inner.server.context), SEC_E_OK);
    CHECK(worn_id() != of_outer);
    /* The token of a further client is created, or has been, whichever client the thread impersonates. */
    HANDLE token = NULL;
    struct conversation third;
    if (client_of(&third, NULL, &token)) is_a_plain_users(token, SecurityImpersonation);
    CHECK(CloseHandle(token));
    conversation_close(&third);
    CHECK_STATUS(W->RevertSecurityContext(&inner.server.context), SEC_E_OK);
    CHECK_EQUAL(worn_id(), of_outer);
    CHECK_STATUS(W->RevertSecurityContext(&outer.server.context), SEC_E_OK);
    CHECK(!acts_as_a_client());
    conversation_close(&outer);
    conversation_close(&inner);
}

/* The program's own impersonation stays in effect afterwards. */
static void within_the_programs_own(void) {
    struct conversation c;
    HANDLE process = process_token(), own = NULL;
    REQUIRE(conversation_establish(&c, NULL));
    REQUIRE(DuplicateTokenEx(process, TOKEN_QUERY | TOKEN_IMPERSONATE, NULL, SecurityImpersonation, TokenImpersonation, &own));
    REQUIRE(SetThreadToken(NULL, own));
    ULONG programs = worn_id();
    if (CHECK_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_OK)) {
        CHECK(worn_id() != programs);
        CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
    }
    CHECK_EQUAL(worn_id(), programs);
    CHECK(RevertToSelf() && CloseHandle(own) && CloseHandle(process));
    conversation_close(&c);
}

static void ends_when_the_context_is_gone(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    CtxtHandle context = c.server.context;
    REQUIRE_STATUS(W->ImpersonateSecurityContext(&context), SEC_E_OK);
    conversation_close(&c);
    CHECK(acts_as_a_client());
    CHECK_STATUS(W->RevertSecurityContext(&context), SEC_E_OK);
    CHECK(!acts_as_a_client());
    CHECK_STATUS(W->RevertSecurityContext(&context), SEC_E_INVALID_HANDLE);
}

static CtxtHandle shared_context;

static void impersonates(unsigned index) {
    for (unsigned i = 0; i < effort(100); i++) {
        CHECK(!acts_as_a_client());
        if (index % 4 == 3) continue; /* the process, whatever the others are */
        CHECK_STATUS(W->ImpersonateSecurityContext(&shared_context), SEC_E_OK);
        CHECK(acts_as_a_client());
        CHECK_STATUS(W->RevertSecurityContext(&shared_context), SEC_E_OK);
    }
}

static void each_thread_for_itself(void) {
    struct conversation c;
    REQUIRE(conversation_establish(&c, NULL));
    shared_context = c.server.context;
    in_threads(8, impersonates);
    CHECK(!acts_as_a_client());
    conversation_close(&c);
}

static void refuses_what_is_no_client(void) {
    struct conversation c;
    HANDLE token = (HANDLE)1;
    CtxtHandle none, zero = {0, 0};
    SecInvalidateHandle(&none);
    REQUIRE(conversation_until_last_leg(&c, NULL));
    CtxtHandle *contexts[] = {NULL, &none, &zero, &c.client.context, &c.server.context};
    for (unsigned i = 0; i < sizeof contexts / sizeof *contexts; i++) {
        token = (HANDLE)1;
        CHECK_STATUS(W->QuerySecurityContextToken(contexts[i], &token), SEC_E_INVALID_HANDLE);
        CHECK(token == NULL);
        CHECK_STATUS(W->ImpersonateSecurityContext(contexts[i]), SEC_E_INVALID_HANDLE);
        CHECK(!acts_as_a_client());
    }
    CHECK_STATUS(W->RevertSecurityContext(&none), SEC_E_INVALID_HANDLE);
    REQUIRE(converse(&c));
    CHECK_STATUS(W->QuerySecurityContextToken(&c.client.context, &token), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->ImpersonateSecurityContext(&c.client.context), SEC_E_INVALID_HANDLE);
    CHECK_STATUS(W->QuerySecurityContextToken(&c.server.context, NULL), SEC_E_INVALID_PARAMETER);
    conversation_close(&c);
}

static void once_with_each(void) {
    struct conversation c;
    HANDLE token;
    REQUIRE(client_of(&c, NULL, &token));
    CHECK_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_OK);
    CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
    CHECK(CloseHandle(token));
    conversation_close(&c);
}

static void no_handle_is_left(void) {
    DWORD before = 0, after = 0;
    for (int i = 0; i < 3; i++) once_with_each(); /* opened once only */
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &before));
    for (unsigned i = 0; i < effort(50); i++) once_with_each();
    CHECK(GetProcessHandleCount(GetCurrentProcess(), &after));
    CHECK_EQUAL(after, before);
}

static void the_process_stays_what_it_is(void) {
    char before[256] = "", after[256] = "";
    DWORD there = GetEnvironmentVariableA("WINEUSERNAME", before, sizeof before);
    once_with_each();
    CHECK_EQUAL(GetEnvironmentVariableA("WINEUSERNAME", after, sizeof after), there);
    CHECK(strcmp(before, after) == 0);
}

const struct test access_token_tests[] = {
    TEST(tells_what_there_is_to_know),
    TEST(good_for_nothing_but_reading_wearing_and_copying),
    TEST(is_copied),
    TEST(membership),
    TEST(access_is_checked_against_it),
    TEST(is_worn),
    TEST(outlives_its_context),
    TEST(level_is_as_agreed),
    TEST(nobody),
    TEST(before_during_and_after),
    TEST(one_within_the_other),
    TEST(within_the_programs_own),
    TEST(ends_when_the_context_is_gone),
    TEST(each_thread_for_itself),
    TEST(refuses_what_is_no_client),
    TEST(no_handle_is_left),
    TEST(the_process_stays_what_it_is),
    END_OF_TESTS,
};

/* ---- config/wine-user-name.toml: [tokens] wine_user_name */

/* The name that LookupAccountSid gives for the user of the token that Wine has when it creates none. */
static void lookup_account_sid_tells_the_client(void) {
    struct conversation c;
    HANDLE token;
    union information user;
    char name[256] = "", domain[256] = "";
    DWORD name_size = sizeof name, domain_size = sizeof domain;
    SID_NAME_USE use;
    REQUIRE(client_of(&c, NULL, &token));
    HANDLE process = process_token();
    if (informed(process, TokenUser, &user) && CHECK(LookupAccountSidA(NULL, user.user.User.Sid, name, &name_size, domain, &domain_size, &use))) {
        CHECK(strcmp(name, "alice") == 0);
    }
    CHECK(CloseHandle(process) && CloseHandle(token));
    conversation_close(&c);
}

static void get_user_name_tells_the_client(void) {
    struct conversation c;
    char name[256] = "";
    DWORD size = sizeof name;
    REQUIRE(conversation_establish(&c, &(struct terms){.user = u"mutable", .password = u"old one"}));
    REQUIRE_STATUS(W->ImpersonateSecurityContext(&c.server.context), SEC_E_OK);
    CHECK(GetUserNameA(name, &size) && strcmp(name, "mutable") == 0);
    CHECK_STATUS(W->RevertSecurityContext(&c.server.context), SEC_E_OK);
    conversation_close(&c);
}

const struct test wine_user_name_tests[] = {
    TEST(lookup_account_sid_tells_the_client),
    TEST(get_user_name_tells_the_client),
    END_OF_TESTS,
};

#else

const struct test access_token_tests[] = {END_OF_TESTS}, wine_user_name_tests[] = {END_OF_TESTS};

#endif
