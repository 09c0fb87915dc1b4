#include "block.h"

#include "conversation.h"

static ULONG append(struct block *b, const void *bytes, size_t length) {
    ULONG offset = b->identity.cbStructureLength;
    memcpy((unsigned char *)b + offset, bytes, length);
    b->identity.cbStructureLength += (ULONG)length;
    return offset;
}

struct block block_of(const SEC_WCHAR *user, const SEC_WCHAR *list, const GUID *kind, const void *data, size_t length) {
    struct block b;
    memset(&b, 0, sizeof b);
    b.identity.Version = SEC_WINNT_AUTH_IDENTITY_VERSION_2;
    b.identity.cbHeaderLength = sizeof b.identity;
    b.identity.cbStructureLength = sizeof b.identity;
    b.identity.Flags = SEC_WINNT_AUTH_IDENTITY_UNICODE;
    if (kind != NULL) {
        SEC_WINNT_AUTH_PACKED_CREDENTIALS packed;
        memset(&packed, 0, sizeof packed);
        packed.cbHeaderLength = sizeof packed;
        packed.cbStructureLength = (USHORT)(sizeof packed + length);
        packed.AuthData.CredType = *kind;
        packed.AuthData.CredData.ByteArrayOffset = sizeof packed;
        packed.AuthData.CredData.ByteArrayLength = (USHORT)length;
        b.identity.PackedCredentialsOffset = append(&b, &packed, sizeof packed);
        b.identity.PackedCredentialsLength = packed.cbStructureLength;
        append(&b, data, length);
    }
    if (user != NULL) {
        b.identity.UserLength = (USHORT)(2 * length_w(user));
        b.identity.UserOffset = append(&b, user, b.identity.UserLength);
    }
    if (list != NULL) {
        b.identity.PackageListLength = (USHORT)(2 * length_w(list));
        b.identity.PackageListOffset = append(&b, list, b.identity.PackageListLength);
    }
    return b;
}
