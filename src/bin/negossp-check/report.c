#include "report.h"

#include <stdarg.h>
#include <stdio.h>

static FILE *file;

void report_to(const char *path) {
    file = fopen(path, "w");
    if (!file) printf("(%s cannot be written: send what is printed here)\n", path);
}

void report(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    if (file) {
        va_start(arguments, format);
        vfprintf(file, format, arguments);
        va_end(arguments);
        fflush(file);
    }
}
