#include "port/win32.h"
