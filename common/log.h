/* log - lines on stderr for the person who runs it: text, logfmt or json.
 *
 * The level and form are the process's, set once in main before anything else: the only mutable
 * globals here, because every module may have to say something. One call is one line and one write
 * (2), whole in a pipe too. Characters that could confuse a terminal or a parser (controls, quotes
 * in json) are escaped: much of what is logged came from outside.
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

typedef enum { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG } log_level_t;
typedef enum { LOG_TEXT, LOG_LOGFMT, LOG_JSON } log_format_t;

/* `program` must live as long as the process: "fastscanner". Text lines are "fastscanner: warning:
 * ..." (information without its level's name); logfmt and json lines carry time, level, program,
 * message. */
void log_init (const char *program, log_level_t level, log_format_t format);

/* Names as options take them; false when unknown. */
bool log_level_parse (const char *text, log_level_t *level);
bool log_format_parse (const char *text, log_format_t *format);

bool log_wants (log_level_t level);

void log_error (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void log_warning (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void log_info (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void log_debug (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

/* Called before a line is written and after, when a progress line stands on the terminal. NULL for
 * none. Of lines of this thread alone: they touch what is its. */
void log_around (void (*before) (void *), void (*after) (void *), void *argument);

#endif
