/* A source as it is written for Windows, in the common part of C and C++: asks for a package by name and through the table. */
#ifdef _WIN32
#include <windows.h>
#endif
#define SECURITY_WIN32
#include <security.h>
#include <stdio.h>

static int describe(PSecurityFunctionTable table, SECURITY_PSTR name, unsigned long *longest) {
    PSecPkgInfo info = NULL;
    SECURITY_STATUS status = table->QuerySecurityPackageInfo(name, &info);
    if (status != SEC_E_OK) {
        return 0;
    }
    *longest = info->cbMaxToken;
    return FreeContextBuffer(info) == SEC_E_OK;
}

int main(void) {
    INIT_SECURITY_INTERFACE init = InitSecurityInterface;
    PSecurityFunctionTable table = init();
    static char name[] = "Negotiate";
    static char target[] = "HTTP/server";
    EXTENDED_NAME_FORMAT format = NameSamCompatible;
    unsigned long longest = 0;
    CredHandle credential;
    CtxtHandle context;
    TimeStamp expiry;
    unsigned char token[4096];
    SecBuffer buffer;
    SecBufferDesc output;
    ULONG attributes = 0;
    SECURITY_STATUS status;

    SecInvalidateHandle(&credential);
    SecInvalidateHandle(&context);
    if (SecIsValidHandle(&credential) || format != 2 || table == NULL || !describe(table, name, &longest)) {
        return 1;
    }
    status = AcquireCredentialsHandle(NULL, name, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, &expiry);
    if (status != SEC_E_OK) {
        return 2;
    }
    buffer.cbBuffer = sizeof token;
    buffer.BufferType = SECBUFFER_TOKEN;
    buffer.pvBuffer = token;
    output.ulVersion = SECBUFFER_VERSION;
    output.cBuffers = 1;
    output.pBuffers = &buffer;
    /* A credential of the other direction. */
    status = InitializeSecurityContext(&credential, NULL, target, ISC_REQ_MUTUAL_AUTH, 0, SECURITY_NATIVE_DREP, NULL, 0, &context, &output,
                                       &attributes, &expiry);
    if (status >= 0 || FreeCredentialsHandle(&credential) != SEC_E_OK) {
        return 3;
    }
    printf("%s %lu\n", name, longest);
    return 0;
}
