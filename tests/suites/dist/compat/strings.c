/* Likewise, with the other headers and each by itself first. */
#ifdef _WIN32
#include <windows.h>
#endif
#define SECURITY_WIN32
#include <ntsecapi.h>
#include <secext.h>
#include <sspi.h>
#include <ntsecapi.h>

NTSTATUS copy_string(PLSA_UNICODE_STRING to, PUNICODE_STRING from, PLSA_STRING name);
EXTENDED_NAME_FORMAT format_of(PSecBuffer buffer);

NTSTATUS copy_string(PLSA_UNICODE_STRING to, PUNICODE_STRING from, PLSA_STRING name) {
    to->Length = from->Length;
    to->MaximumLength = name->MaximumLength;
    to->Buffer = from->Buffer;
    return 0;
}

EXTENDED_NAME_FORMAT format_of(PSecBuffer buffer) {
    return buffer->BufferType == SECBUFFER_TOKEN ? NameUserPrincipal : NameUnknown;
}
