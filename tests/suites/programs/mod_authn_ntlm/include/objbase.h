/* An identifier that nobody else has, and its text. */
#include "windows.h"

#define COINIT_MULTITHREADED 0
#define COINIT_SPEED_OVER_MEMORY 0
#define CoInitializeEx(reserved, flags) (void)(flags)
#define CoUninitialize() (void)0
#define CoCreateGuid(guid) (void)!getrandom((guid), sizeof(GUID), 0)

static inline int StringFromGUID2(const GUID *guid, OLECHAR *text, int size) {
    char narrow[39];
    const uint8_t *last = guid->Data4;
    int n = snprintf(narrow, sizeof narrow, "{%08X-%04X-%04X-%02X%02X-%02X%02X%02X%02X%02X%02X}", guid->Data1, guid->Data2, guid->Data3,
                     last[0], last[1], last[2], last[3], last[4], last[5], last[6], last[7]) + 1;
    if (n > size) return 0;
    for (int i = 0; i < n; i++) text[i] = (OLECHAR)narrow[i];
    return n;
}
