/* Latencies as counts in buckets of a logarithmic scale: four to each doubling, so that a
 * percentile is right to within an eighth, and two histograms can be added. */
#ifndef CG_USAGE_HISTOGRAM_H
#define CG_USAGE_HISTOGRAM_H

#include "base/base.h"

/* The first bucket holds what took less than 64 µs, the last what took 2^28 µs (268 s) or longer.
 */
#define HISTOGRAM_FIRST_BITS 6
#define HISTOGRAM_LAST_BITS  28
#define HISTOGRAM_PER_BITS   4
#define HISTOGRAM_BUCKETS    (2 + HISTOGRAM_PER_BITS * (HISTOGRAM_LAST_BITS - HISTOGRAM_FIRST_BITS))

size_t histogram_bucket(uint64_t us);
/* The bucket's first value, and the one after its last; the last bucket is taken to end at twice
 * its beginning. */
uint64_t histogram_from_us(size_t bucket);
uint64_t histogram_to_us(size_t bucket);

/* What part `p` (0 < p <= 1) of the values is not above, in µs, by nearest rank and a straight line
 * within the bucket; negative when there are none. */
double histogram_percentile(const uint64_t counts[HISTOGRAM_BUCKETS], double p);

#endif
