#include "control_conversation.h"

#include "platform.h"

SEC_WCHAR *const packages[] = {u"Negotiate", u"NTLM"};

static struct conversation control;

bool control_conversation_waits(void) {
    return conversation_until_last_leg(&control, NULL);
}

void control_conversation_goes_on(void) {
    CHECK(converse(&control) && conversation_works(&control));
    conversation_close(&control);
}

SECURITY_STATUS fenced_leg(struct conversation *c, const void *token, ULONG length) {
    void *copy = fence(token, length);
    SECURITY_STATUS status = server_leg_with(c, copy, length);
    fence_free(copy, length);
    return status;
}

bool before_leg(struct conversation *c, SEC_WCHAR *package, int leg) {
    struct terms terms = {.package = package};
    if (leg) return conversation_until_last_leg(c, &terms);
    return conversation_open(c, &terms) && CHECK_STATUS(client_leg(c), SEC_I_CONTINUE_NEEDED);
}
