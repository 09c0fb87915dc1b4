/* As Windows' own compiler finds it, whatever the case of its letters. */
#include <secext.h>
