/* Calls whose answers are compared between two libraries. */
#pragma once

#include "library.h"

/* Makes the calls from the `first` on, for a package by its number, and prints a line `NUMBER STATUS` for each. A library that
 * fails may end the process. */
void print_answers(const struct library *library, unsigned package, unsigned first);

/* Makes every call with both, in processes of their own, reports those that are answered otherwise, and returns their number. */
unsigned compare_answers(const struct library *one, const struct library *other);
