/* samples - what a benchmark measured, one JSON object a line, and the figures that come of them.
 *
 *     {"series":"daily.ours","seconds":0.41,"rows":2418434,...}     a round
 *     {"series":"daily.duckdb","note":"not present: ..."}           why there is none
 *
 * A field is reached by a path: `candle_to_commit_us.p50`, `stages.1.bytes_per_second`.
 */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <jansson.h>
#include <stddef.h>

/* What is taken of a series: a field of each sample, less the median of the same field of `minus` where there is
 * one, times `times`. */
typedef struct {
    const char *label, *series, *field, *minus;
    double times;
} measure_t;

typedef struct {
    size_t count; /* of samples; 0: the others say nothing */
    double median, least, most;
} figure_t;

/* An array of all lines of a file, which the caller releases. NULL, and said why on stderr. */
json_t *samples_load (const char *path);

figure_t samples_figure (const json_t *samples, const measure_t *measure);

/* Why the series is not there; lives as long as the samples. Never NULL. */
const char *samples_why (const json_t *samples, const char *series);

/* The version that a series' samples name; lives as long as they do. Empty when they name none. */
const char *samples_version (const json_t *samples, const char *series);

/* How many samples contradict another of their row, which is what stands before the first dot of a series: all that
 * count `rows` count the same, `symbols` too, and nobody reads fewer candles than there are rows. Each is named on
 * stderr. */
size_t samples_contradictions (const json_t *samples);

#endif
