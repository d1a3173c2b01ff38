/* check - cmocka with the headers that it wants, for every test program. Not part of the product.
 * */
#ifndef CHECK_H
#define CHECK_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#endif
