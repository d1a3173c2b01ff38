#include "holidays.h"

enum { MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY };

/* The n-th such weekday of a month. */
static day_t nth (int year, int month, int weekday, int n)
{
    day_t first = day_from (year, month, 1);
    return first + (weekday - day_weekday (first) + 7) % 7 + 7 * (n - 1);
}

static day_t last_monday_of_may (int year)
{
    day_t last = day_from (year, 5, 31);
    return last - day_weekday (last);
}

/* Easter Sunday of the Gregorian calendar: Butcher's rule, with the names it is usually
 * given in. */
static day_t easter (int year)
{
    int a = year % 19;
    int b = year / 100, c = year % 100;
    int d = b / 4, e = b % 4;
    int g = (8 * b + 13) / 25;
    int h = (19 * a + b - d - g + 15) % 30;
    int i = c / 4, k = c % 4;
    int l = (32 + 2 * e + 2 * i - h - k) % 7;
    int m = (a + 11 * h + 19 * l) / 433;
    int month = (h + l - 7 * m + 90) / 25;
    int day = (h + l - 7 * m + 33 * month + 19) % 32;
    return day_from (year, month, day);
}

/* The day on which a fixed date is kept. */
static day_t observed (int year, int month, int day_of_month)
{
    day_t day = day_from (year, month, day_of_month);
    int weekday = day_weekday (day);
    return weekday == SATURDAY ? day - 1 : weekday == SUNDAY ? day + 1 : day;
}

int holidays_of_year (int year, day_t holidays[static HOLIDAYS_MAX])
{
    int count = 0;
    if (day_weekday (day_from (year, 1, 1)) != SATURDAY) {
        holidays[count++] = observed (year, 1, 1);
    }
    if (year >= 1998) {
        holidays[count++] = nth (year, 1, MONDAY, 3);
    }
    holidays[count++] = nth (year, 2, MONDAY, 3);
    holidays[count++] = easter (year) - 2;
    holidays[count++] = last_monday_of_may (year);
    if (year >= 2022) {
        holidays[count++] = observed (year, 6, 19);
    }
    holidays[count++] = observed (year, 7, 4);
    holidays[count++] = nth (year, 9, MONDAY, 1);
    holidays[count++] = nth (year, 11, THURSDAY, 4);
    holidays[count++] = observed (year, 12, 25);
    return count;
}
