#include "json_walk.h"

void json_walk_init (json_walk_t *self, const char *text, size_t size)
{
    *self = (json_walk_t){.at = text, .end = text + size, .line = 1};
}

static bool fail (json_walk_t *self, const char *problem)
{
    self->problem = problem;
    return false;
}

/* The byte that is next; NUL, which JSON has nowhere, at the end. */
static char peek (const json_walk_t *self)
{
    return self->at < self->end ? *self->at : '\0';
}

static void skip (json_walk_t *self)
{
    self->line += *self->at == '\n';
    self->at++;
}

/* The byte behind blanks. */
static char skip_blanks (json_walk_t *self)
{
    while (self->at < self->end && memchr (" \t\r\n", *self->at, 4)) {
        skip (self);
    }
    return peek (self);
}

/* A string never goes on in the next line: a quote that is missing is noticed where it is. */
static bool skip_string (json_walk_t *self)
{
    skip (self);
    while (self->at < self->end && *self->at != '"' && *self->at != '\n') {
        self->at += *self->at == '\\' && self->end - self->at > 1 && self->at[1] != '\n';
        self->at++;
    }
    if (peek (self) != '"') {
        return fail (self, "a string does not end");
    }
    skip (self);
    return true;
}

/* A number, true, false, null, or a word that is none of them. */
static bool skip_word (json_walk_t *self)
{
    const char *first = self->at;
    while (peek (self) > ' ' && peek (self) <= '~' && !strchr (",:\"[]{}", peek (self))) {
        skip (self);
    }
    return self->at > first || fail (self, "a value is missing");
}

static bool skip_value (json_walk_t *self)
{
    char open[JSON_WALK_DEPTH_MAX]; /* the brackets that are to close */
    size_t depth = 0;
    do {
        char c = peek (self);
        if (self->at == self->end && depth > 0) {
            return fail (self, "a bracket is not closed");
        }
        if (c == '"') {
            if (!skip_string (self)) {
                return false;
            }
        } else if (c == '{' || c == '[') {
            if (depth == JSON_WALK_DEPTH_MAX) {
                return fail (self, "too many brackets in brackets");
            }
            open[depth++] = c == '{' ? '}' : ']';
            skip (self);
        } else if (depth == 0) {
            return skip_word (self);
        } else if (c == '}' || c == ']') {
            if (open[--depth] != c) {
                return fail (self, "a bracket closes what another kind opened");
            }
            skip (self);
        } else {
            skip (self);
        }
    } while (depth > 0);
    return true;
}

/* Takes what stands before a name: the object's '{', or the ',' behind the last value. False when
 * no name follows. */
static bool skip_to_name (json_walk_t *self)
{
    char c = skip_blanks (self);
    bool first = !self->begun;
    if (first) {
        if (c != '{') {
            return fail (self, "it is not an object");
        }
        skip (self);
        self->begun = true;
        c = skip_blanks (self);
    }
    if (c == '}') {
        skip (self);
        self->ended = true;
        skip_blanks (self);
        return self->at == self->end ? false : fail (self, "there is more behind the object");
    }
    if (!first) {
        if (c != ',') {
            return fail (self, "',' or '}' is missing behind a value");
        }
        skip (self);
        c = skip_blanks (self);
    }
    return c == '"' || fail (self, "a name in quotes is missing");
}

bool json_walk_next (json_walk_t *self, json_member_t *member)
{
    if (self->ended || self->problem || !skip_to_name (self)) {
        return false;
    }
    member->name.text = self->at;
    if (!skip_string (self)) {
        return false;
    }
    member->name.size = (size_t) (self->at - member->name.text);
    if (skip_blanks (self) != ':') {
        return fail (self, "':' is missing behind a name");
    }
    skip (self);
    skip_blanks (self);
    member->line = self->line;
    member->value.text = self->at;
    if (!skip_value (self)) {
        return false;
    }
    member->value.size = (size_t) (self->at - member->value.text);
    return true;
}
