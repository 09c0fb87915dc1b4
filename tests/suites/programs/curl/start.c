/* On Linux: initialises curl's SSPI support, which on Windows is done in a file that cannot be compiled here. */
#include "curl_setup.h"
#include "curl_sspi.h"

__attribute__((constructor)) static void start(void) { (void)Curl_sspi_global_init(); }
