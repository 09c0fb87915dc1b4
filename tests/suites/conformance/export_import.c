/* Exported contexts: how ExportSecurityContext's result can be used. */
#include "fixture.h"

/* negossp.h's own, which mingw's headers do not have. */
#ifndef NEGOSSP_CONTEXT_EXPORT_HALF_OPEN
#define NEGOSSP_CONTEXT_EXPORT_HALF_OPEN 0x4e530000
#endif

/* The context, packed; a reference may have no package that does it. */
static bool packs(CtxtHandle *context, ULONG flags, SecBuffer *packed) {
    *packed = (SecBuffer){0, SECBUFFER_EMPTY, NULL};
    return W->ExportSecurityContext(context, flags, packed, NULL) == SEC_E_OK;
}

static SECURITY_STATUS unpack(SecBuffer *packed, CtxtHandle *context) {
    *context = (CtxtHandle){0, 0};
    return W->ImportSecurityContextW(u"Negotiate", packed, NULL, context);
}

static void freed(SecBuffer *packed) { CHECK_STATUS(W->FreeContextBuffer(packed->pvBuffer), SEC_E_OK); }

/* The context of one side is exported and imported again on the other. */
static void goes_on(bool client) {
    struct conversation c;
    SecBuffer packed;
    REACH(contexts(&c, u"Negotiate"));
    CtxtHandle *context = client ? &c.client.context : &c.server.context;
    REACH(packs(context, SECPKG_CONTEXT_EXPORT_DELETE_OLD, &packed));
    CHECK(packed.cbBuffer != 0 && packed.pvBuffer != NULL);
    CHECK_STATUS(unpack(&packed, context), SEC_E_OK);
    freed(&packed);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

PROMISE(ExportSecurityContext, can_be_imported, "page: a serialized representation that can later be imported; freed with FreeContextBuffer") {
    goes_on(false);
}

PROMISE(ExportSecurityContext, of_a_client_too, "page: a handle of the security context to be exported, whichever side it is") {
    goes_on(true);
}

PROMISE(ExportSecurityContext, delete_old, "page: SECPKG_CONTEXT_EXPORT_DELETE_OLD: the old security context is deleted") {
    struct conversation c;
    SecBuffer packed;
    REACH(contexts(&c, u"Negotiate"));
    CtxtHandle old = c.server.context;
    REACH(packs(&c.server.context, SECPKG_CONTEXT_EXPORT_DELETE_OLD, &packed));
    CHECK_STATUS(W->DeleteSecurityContext(&old), SEC_E_INVALID_HANDLE);
    freed(&packed);
    c.server.has_context = false;
    conversation_close(&c);
}

PROMISE(ExportSecurityContext, the_old_one_stays, "page: it is deleted with SECPKG_CONTEXT_EXPORT_DELETE_OLD, and so not without") {
    struct conversation c;
    SecBuffer packed;
    REACH(contexts(&c, u"Negotiate"));
    REACH(packs(&c.server.context, 0, &packed));
    freed(&packed);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

PROMISE(ExportSecurityContext, reset_new, "page: SECPKG_CONTEXT_EXPORT_RESET_NEW: the new security context is reset to its initial state") {
    struct conversation c;
    SecBuffer server, client;
    const ULONG flags = SECPKG_CONTEXT_EXPORT_RESET_NEW | SECPKG_CONTEXT_EXPORT_DELETE_OLD;
    REACH(contexts(&c, u"Negotiate"));
    CHECK(conversation_works(&c));
    REACH(packs(&c.server.context, flags, &server) && packs(&c.client.context, flags, &client));
    CHECK_STATUS(unpack(&server, &c.server.context), SEC_E_OK);
    CHECK_STATUS(unpack(&client, &c.client.context), SEC_E_OK);
    freed(&server);
    freed(&client);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

PROMISE(ExportSecurityContext, to_kernel, "page: SECPKG_CONTEXT_EXPORT_TO_KERNEL is not supported") {
    struct conversation c;
    SecBuffer packed;
    REACH(contexts(&c, u"Negotiate"));
    CHECK(!packs(&c.server.context, SECPKG_CONTEXT_EXPORT_TO_KERNEL, &packed));
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

PROMISE(ExportSecurityContext, not_before_it_is_established, "negossp.h: SEC_E_INVALID_HANDLE") {
    struct fixture d;
    SecBuffer packed;
    REACH(fixture_server_last(&d, u"Negotiate"));
    CHECK(!packs(&d.c.server.context, 0, &packed) && packed.pvBuffer == NULL);
    fixture_close(&d);
}

PROMISE(ImportSecurityContextW, gives_a_context, "page: phContext: the new security context, deleted with DeleteSecurityContext") {
    struct conversation c;
    SecBuffer packed;
    CtxtHandle context;
    REACH(contexts(&c, u"Negotiate"));
    REACH(packs(&c.server.context, 0, &packed));
    CHECK_STATUS(unpack(&packed, &context), SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_OK);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
    freed(&packed);
    conversation_close(&c);
}

PROMISE(ImportSecurityContextA, gives_a_context, "page: one page for both forms") {
    struct conversation c;
    SecBuffer packed;
    REACH(contexts(&c, u"NTLM"));
    REACH(packs(&c.server.context, SECPKG_CONTEXT_EXPORT_DELETE_OLD, &packed));
    CHECK_STATUS(A->ImportSecurityContextA("NTLM", &packed, NULL, &c.server.context), SEC_E_OK);
    freed(&packed);
    CHECK(conversation_works(&c));
    conversation_close(&c);
}

PROMISE(ImportSecurityContextW, knows_the_client, "page: the context that was exported") {
    struct conversation c;
    SecBuffer packed;
    SecPkgContext_NamesW before, after;
    REACH(contexts(&c, u"Negotiate"));
    REACH(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_NAMES, &before) == SEC_E_OK);
    REACH(packs(&c.server.context, SECPKG_CONTEXT_EXPORT_DELETE_OLD, &packed));
    CHECK_STATUS(unpack(&packed, &c.server.context), SEC_E_OK);
    freed(&packed);
    if (CHECK_STATUS(W->QueryContextAttributesW(&c.server.context, SECPKG_ATTR_NAMES, &after), SEC_E_OK)) {
        CHECK(equal_w(before.sUserName, after.sUserName));
        W->FreeContextBuffer(after.sUserName);
    }
    W->FreeContextBuffer(before.sUserName);
    conversation_close(&c);
}

PROMISE(ImportSecurityContextW, of_another_package, "page of the status codes: SEC_E_BAD_PKGID") {
    struct conversation c;
    SecBuffer packed;
    CtxtHandle context;
    REACH(contexts(&c, u"NTLM"));
    REACH(packs(&c.server.context, 0, &packed));
    CHECK_STATUS(unpack(&packed, &context), SEC_E_BAD_PKGID);
    freed(&packed);
    conversation_close(&c);
}

PROMISE(ImportSecurityContextW, once, "negossp.h: SEC_E_INVALID_TOKEN: imported before in this process") {
    struct conversation c;
    SecBuffer packed;
    CtxtHandle context, again;
    REACH(contexts(&c, u"Negotiate"));
    REACH(packs(&c.server.context, 0, &packed));
    CHECK_STATUS(unpack(&packed, &context), SEC_E_OK);
    CHECK_STATUS(unpack(&packed, &again), SEC_E_INVALID_TOKEN);
    CHECK_STATUS(W->DeleteSecurityContext(&context), SEC_E_OK);
    freed(&packed);
    conversation_close(&c);
}

PROMISE(ImportSecurityContextW, changed, "negossp.h: SEC_E_INVALID_TOKEN: not a packed context, changed, ...") {
    struct conversation c;
    SecBuffer packed;
    CtxtHandle context;
    REACH(contexts(&c, u"Negotiate"));
    REACH(packs(&c.server.context, 0, &packed));
    ((unsigned char *)packed.pvBuffer)[packed.cbBuffer / 2] ^= 1;
    CHECK_STATUS(unpack(&packed, &context), SEC_E_INVALID_TOKEN);
    freed(&packed);
    conversation_close(&c);
}

PROMISE(ExportSecurityContext, half_open, "negossp.h: NEGOSSP_CONTEXT_EXPORT_HALF_OPEN: a context that awaits the answer to NTLM's challenge") {
    struct fixture d;
    SecBuffer packed;
    REACH(fixture_server_last(&d, u"Negotiate"));
    REACH(packs(&d.c.server.context, SECPKG_CONTEXT_EXPORT_DELETE_OLD | NEGOSSP_CONTEXT_EXPORT_HALF_OPEN, &packed));
    CHECK_STATUS(unpack(&packed, &d.c.server.context), SEC_E_OK);
    freed(&packed);
    CHECK(fixture_finish(&d) && conversation_works(&d.c));
    fixture_close(&d);
}
