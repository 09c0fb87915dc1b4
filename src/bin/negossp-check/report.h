/* Text that goes to standard output, and to a file for the user to send. */
#pragma once

void report_to(const char *path);
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
