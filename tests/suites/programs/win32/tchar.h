#include "windows.h"
#define _T(text) text
