#include "abi.h"

#include "platform.h"

#include <stdio.h>

PSecurityFunctionTableA A;
PSecurityFunctionTableW W;
seal_message_fn SealMessageByName;
unseal_message_fn UnsealMessageByName;
INIT_SECURITY_INTERFACE_A InitSecurityInterfaceAByName;
INIT_SECURITY_INTERFACE_W InitSecurityInterfaceWByName;

static SecurityFunctionTableA by_name_a;
static SecurityFunctionTableW by_name_w;
static void *library;
static bool complete, all_needed;

void *find_export(const char *name) {
    return library_symbol(library, name);
}

static void find(const char *name, void *slot, size_t size) {
    void *symbol = find_export(name);
    if (!symbol && all_needed) {
        fprintf(stderr, "no export %s\n", name);
        complete = false;
    }
    memcpy(slot, &symbol, size);
}

#define FIND(table, function) find(#function, &(table).function, sizeof(table).function)
#define FIND_BOTH(function) (FIND(by_name_a, function), FIND(by_name_w, function))
#define FIND_TEXT(function) (FIND(by_name_a, function##A), FIND(by_name_w, function##W))

static void find_all(void) {
    FIND_TEXT(EnumerateSecurityPackages);
    FIND_TEXT(QueryCredentialsAttributes);
    FIND_TEXT(AcquireCredentialsHandle);
    FIND_BOTH(FreeCredentialsHandle);
    FIND_TEXT(InitializeSecurityContext);
    FIND_BOTH(AcceptSecurityContext);
    FIND_BOTH(CompleteAuthToken);
    FIND_BOTH(DeleteSecurityContext);
    FIND_BOTH(ApplyControlToken);
    FIND_TEXT(QueryContextAttributes);
    FIND_BOTH(ImpersonateSecurityContext);
    FIND_BOTH(RevertSecurityContext);
    FIND_BOTH(MakeSignature);
    FIND_BOTH(VerifySignature);
    FIND_BOTH(FreeContextBuffer);
    FIND_TEXT(QuerySecurityPackageInfo);
    FIND_BOTH(ExportSecurityContext);
    FIND_TEXT(ImportSecurityContext);
    FIND_TEXT(AddCredentials);
    FIND_BOTH(QuerySecurityContextToken);
    FIND_BOTH(EncryptMessage);
    FIND_BOTH(DecryptMessage);
    FIND_TEXT(SetContextAttributes);
    FIND_TEXT(SetCredentialsAttributes);
    FIND_TEXT(ChangeAccountPassword);
    find("SealMessage", &SealMessageByName, sizeof SealMessageByName);
    find("UnsealMessage", &UnsealMessageByName, sizeof UnsealMessageByName);
    find("InitSecurityInterfaceA", &InitSecurityInterfaceAByName, sizeof InitSecurityInterfaceAByName);
    find("InitSecurityInterfaceW", &InitSecurityInterfaceWByName, sizeof InitSecurityInterfaceWByName);
}

static bool open_library(const char *path) {
    library = library_open(path);
    if (!library) fprintf(stderr, "cannot load %s: %s\n", path, library_error());
    return library != NULL;
}

bool load_what_there_is(const char *path) {
    if (!open_library(path)) return false;
    all_needed = false;
    find_all();
    A = &by_name_a;
    W = &by_name_w;
    return true;
}

bool load_library(const char *path, bool through_tables) {
    if (!open_library(path)) return false;
    complete = all_needed = true;
    find_all();
    if (!complete) return false;
    A = through_tables ? InitSecurityInterfaceAByName() : &by_name_a;
    W = through_tables ? InitSecurityInterfaceWByName() : &by_name_w;
    if (!A || !W) fprintf(stderr, "InitSecurityInterface returned NULL\n");
    return A && W;
}
