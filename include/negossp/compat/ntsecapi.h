/* In place of Windows' <ntsecapi.h>: see sspi.h. The types that sources of SSPI take from it; the LSA is not on Linux. */
#ifndef NEGOSSP_COMPAT_NTSECAPI_H
#define NEGOSSP_COMPAT_NTSECAPI_H

#include "sspi.h"

typedef LONG NTSTATUS, *PNTSTATUS;

typedef struct _LSA_UNICODE_STRING {
    USHORT Length; /* in bytes, without a zero */
    USHORT MaximumLength;
    SEC_WCHAR *Buffer;
} LSA_UNICODE_STRING, *PLSA_UNICODE_STRING, UNICODE_STRING, *PUNICODE_STRING;

typedef struct _LSA_STRING {
    USHORT Length;
    USHORT MaximumLength;
    CHAR *Buffer;
} LSA_STRING, *PLSA_STRING;

#endif
