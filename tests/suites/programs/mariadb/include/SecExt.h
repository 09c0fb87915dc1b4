/* For the spelling that Windows' own compiler accepts in any letter case. */
#include <secext.h>
