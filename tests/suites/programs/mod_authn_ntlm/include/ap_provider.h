/* The last of the headers that the module includes. From here on `unsigned long` has 32 bits, as on Windows, where the module
 * takes it for DWORD, and a structure of its own for SEC_WINNT_AUTH_IDENTITY; and `unsigned char` is char, of which it
 * subtracts pointers that only Windows' compiler takes for the same. */
#include_next <ap_provider.h>
#define unsigned
#define long uint32_t
