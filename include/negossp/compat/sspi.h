/*
 * In place of Windows' <sspi.h>, for sources that are to stay as they are: compile them on Linux with this folder as -I.
 * It has what negossp.h has; <windows.h> is not part of it.
 */
#ifndef NEGOSSP_COMPAT_SSPI_H
#define NEGOSSP_COMPAT_SSPI_H

#ifdef _WIN32
#error "negossp/compat is for other systems than Windows, which has headers of these names"
#endif
#include "../../negossp.h"
#include <stddef.h>

#endif
