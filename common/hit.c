#include "hit.h"

int hit_compare (const void *a, const void *b)
{
    const hit_t *left = a;
    const hit_t *right = b;
    if (left->ts != right->ts) {
        return left->ts < right->ts ? -1 : 1;
    }
    return (left->scan > right->scan) - (left->scan < right->scan);
}
