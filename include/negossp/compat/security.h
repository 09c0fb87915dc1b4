/* In place of Windows' <security.h>: see sspi.h. */
#ifndef NEGOSSP_COMPAT_SECURITY_H
#define NEGOSSP_COMPAT_SECURITY_H

#include "secext.h"
#include "sspi.h"

#endif
