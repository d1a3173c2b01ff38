/* known - what the journal knows of symbols and streams, as messages to a broker. */
#ifndef KNOWN_H
#define KNOWN_H

#include "channel.h"
#include "journal.h"

/* Sends all that is of the part in KNOWN messages, number 0 first, the last of them marked. Stops when the channel
 * is full, or the journal cannot be read (logged): a broker that got no last one asks again. */
void known_send (journal_t *journal, uint64_t epoch, cell_t cell, channel_t *control);

#endif
