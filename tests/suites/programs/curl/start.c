/* On Linux: curl starts its SSPI where it starts with Windows as a whole, in a file of which the rest is Windows'. */
#include "curl_setup.h"
#include "curl_sspi.h"

__attribute__((constructor)) static void start(void) { (void)Curl_sspi_global_init(); }
