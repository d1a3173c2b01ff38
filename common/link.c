#include "link.h"

int session_compare (session_t a, session_t b)
{
    if (a.epoch != b.epoch) {
        return a.epoch < b.epoch ? -1 : 1;
    }
    return a.counter == b.counter ? 0 : a.counter < b.counter ? -1 : 1;
}

link_verdict_t link_take (link_t *self, session_t session, uint64_t n)
{
    int order = session_compare (session, self->session);
    bool none = session.epoch == 0 && session.counter == 0; /* before every session */
    if (none || order < 0 || (order == 0 && n <= self->last)) {
        return LINK_OLD;
    }
    if (order > 0 && n == 1) {
        *self = (link_t){.session = session, .last = 1};
        return LINK_FIRST;
    }
    if (order == 0 && !self->gap && n == self->last + 1) {
        self->last = n;
        return LINK_TAKE;
    }
    if (order > 0) {
        *self = (link_t){.session = session}; /* the gap is that session's, not the old one's */
    }
    self->gap = true;
    return LINK_GAP;
}
