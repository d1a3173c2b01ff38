#include "parameter.h"

#include "csv.h"

#include <math.h>
#include <strings.h>

#define INTEGER_MAX 10000

/* ------------------------------------------------------------------ reading: NULL, or what to give
 * instead */

static const char *read_number (span_t text, bool is_maximum, double *number)
{
    if (is_maximum && span_is (text, "inf")) {
        *number = INFINITY;
        return NULL;
    }
    if (!csv_number (text.text, text.size, number)) {
        return is_maximum ? "give a number, such as 0.5 or 1e9, or inf"
                          : "give a number, such as 0.5 or 1e9";
    }
    *number += 0.0; /* -0 and 0 are one definition: one text, one hash */
    return NULL;
}

static const char *read_integer (span_t text, int *integer)
{
    int value = 0;
    for (size_t i = 0; i < text.size && value <= INTEGER_MAX; i++) {
        if (text.text[i] < '0' || text.text[i] > '9') {
            value = 0;
            break;
        }
        value = 10 * value + (text.text[i] - '0');
    }
    if (value < 1 || value > INTEGER_MAX) {
        return "give a whole number from 1 to 10000";
    }
    *integer = value;
    return NULL;
}

static const char *read_flag (span_t text, bool *flag)
{
    *flag = span_is (text, "true");
    return *flag || span_is (text, "false") ? NULL : "give true or false";
}

static const char *read_time (span_t text, int *minute)
{
    static const char form[] = "00:00";
    bool fits = text.size == strlen (form);
    for (size_t i = 0; fits && i < text.size; i++) {
        fits = form[i] == ':' ? text.text[i] == ':' : text.text[i] >= '0' && text.text[i] <= '9';
    }
    if (fits) {
        int hours = 10 * (text.text[0] - '0') + (text.text[1] - '0');
        int minutes = 10 * (text.text[3] - '0') + (text.text[4] - '0');
        if (hours < 24 && minutes < 60) {
            *minute = 60 * hours + minutes;
            return NULL;
        }
    }
    return "give a time from 00:00 to 23:59, such as 09:30";
}

static int read_weekday (span_t text)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (int i = 0; i < 7; i++) {
        bool is_digit = text.size == 1 && text.text[0] == '0' + i;
        if (is_digit || (text.size == 3 && strncasecmp (text.text, names[i], 3) == 0)) {
            return i;
        }
    }
    return -1;
}

static const char *read_weekdays (span_t text, unsigned *days)
{
    *days = 0;
    span_t part;
    while (span_cut (&text, '/', &part)) {
        int weekday = read_weekday (part);
        if (weekday < 0) {
            return "give weekdays, such as 0/1/3 (0 is Monday) or mon/tue/thu";
        }
        *days |= 1u << weekday;
    }
    return NULL;
}

#define STRING_(x) #x
#define STRING(x)  STRING_ (x)

static const char too_many[] = "too many: give at most " STRING (SCAN_SHIFTS_MAX);

static const char *read_integers (span_t text, int *integers, int *count)
{
    *count = 0;
    span_t part;
    while (span_cut (&text, '/', &part)) {
        if (*count == SCAN_SHIFTS_MAX) {
            return too_many;
        }
        int *last = &integers[*count];
        if (read_integer (part, last)) {
            return "give whole numbers from 1 to 10000, such as 2/10/15";
        }
        for (const int *other = integers; other < last; other++) {
            if (*other == *last) {
                return "give each number once";
            }
        }
        ++*count;
    }
    return NULL;
}

static const char *read_numbers (span_t text, double *numbers, int *count)
{
    *count = 0;
    span_t part;
    while (span_cut (&text, '/', &part)) {
        if (*count == SCAN_SHIFTS_MAX) {
            return too_many;
        }
        if (read_number (part, false, &numbers[*count])) {
            return "give numbers, such as 0.12/0.14/0.16";
        }
        ++*count;
    }
    return NULL;
}

const char *parameter_read (const scan_parameter_t *self, span_t text, scan_t *scan)
{
    void *field = (char *) scan + self->offset;
    switch (self->type) {
    case PARAMETER_NUMBER:
        return read_number (text, strncmp (self->name, "max_", 4) == 0, field);
    case PARAMETER_INTEGER:
        return read_integer (text, field);
    case PARAMETER_FLAG:
        return read_flag (text, field);
    case PARAMETER_TIME:
        return read_time (text, field);
    case PARAMETER_WEEKDAYS:
        return read_weekdays (text, field);
    case PARAMETER_INTEGERS:
        return read_integers (text, field, &scan->shift_count);
    case PARAMETER_NUMBERS:
        return read_numbers (text, field, &scan->shift_change_count);
    }
    return "unknown";
}

/* ------------------------------------------------------------------ writing */

static void put_number (buffer_t *out, double number)
{
    char text[NUMBER_TEXT];
    if (isinf (number)) {
        buffer_printf (out, "inf");
    } else {
        number_format (number, text);
        buffer_printf (out, "%s", text);
    }
}

static void put_weekdays (buffer_t *out, unsigned days)
{
    const char *separator = "";
    for (int i = 0; i < 7; i++) {
        if (days & 1u << i) {
            buffer_printf (out, "%s%d", separator, i);
            separator = "/";
        }
    }
}

bool parameter_is_set (const scan_parameter_t *self, const scan_t *scan)
{
    const void *field = (const char *) scan + self->offset;
    switch (self->type) {
    case PARAMETER_NUMBER:
        return !isnan (*(const double *) field);
    case PARAMETER_FLAG:
        return *(const bool *) field;
    case PARAMETER_WEEKDAYS:
        return *(const unsigned *) field != 0;
    case PARAMETER_INTEGER:
    case PARAMETER_TIME:
    case PARAMETER_INTEGERS:
    case PARAMETER_NUMBERS:
        break;
    }
    return true;
}

void parameter_write (const scan_parameter_t *self, const scan_t *scan, buffer_t *out)
{
    const void *field = (const char *) scan + self->offset;
    buffer_printf (out, self->type == PARAMETER_FLAG ? "%s" : "%s=", self->name);
    switch (self->type) {
    case PARAMETER_FLAG:
        break;
    case PARAMETER_NUMBER:
        put_number (out, *(const double *) field);
        break;
    case PARAMETER_INTEGER:
        buffer_printf (out, "%d", *(const int *) field);
        break;
    case PARAMETER_TIME:
        buffer_printf (out, "%02d:%02d", *(const int *) field / 60, *(const int *) field % 60);
        break;
    case PARAMETER_WEEKDAYS:
        put_weekdays (out, *(const unsigned *) field);
        break;
    case PARAMETER_INTEGERS:
        for (int i = 0; i < scan->shift_count; i++) {
            buffer_printf (out, "%s%d", i ? "/" : "", scan->shift_periods[i]);
        }
        break;
    case PARAMETER_NUMBERS:
        for (int i = 0; i < scan->shift_change_count; i++) {
            buffer_printf (out, "%s", i ? "/" : "");
            put_number (out, scan->shift_min_changes[i]);
        }
        break;
    }
}
