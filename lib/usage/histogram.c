#include "base/base.h"
#include "usage/histogram.h"

size_t histogram_bucket(uint64_t us)
{
	if (us < (uint64_t)1 << HISTOGRAM_FIRST_BITS)
		return 0;
	if (us >= (uint64_t)1 << HISTOGRAM_LAST_BITS)
		return HISTOGRAM_BUCKETS - 1;
	unsigned bits = 63 - (unsigned)__builtin_clzll(us);
	/* The two bits behind the highest one. */
	unsigned part = (unsigned)(us >> (bits - 2)) & (HISTOGRAM_PER_BITS - 1);
	return 1 + (size_t)(bits - HISTOGRAM_FIRST_BITS) * HISTOGRAM_PER_BITS + part;
}

uint64_t histogram_from_us(size_t bucket)
{
	if (bucket == 0)
		return 0;
	size_t bits = HISTOGRAM_FIRST_BITS + (bucket - 1) / HISTOGRAM_PER_BITS;
	return (uint64_t)(HISTOGRAM_PER_BITS + (bucket - 1) % HISTOGRAM_PER_BITS) << (bits - 2);
}

uint64_t histogram_to_us(size_t bucket)
{
	return bucket == HISTOGRAM_BUCKETS - 1 ? 2 * histogram_from_us(bucket)
					       : histogram_from_us(bucket + 1);
}

double histogram_percentile(const uint64_t counts[HISTOGRAM_BUCKETS], double p)
{
	uint64_t n = 0, before = 0;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		n += counts[i];
	double rank = p * (double)n;
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (counts[i] == 0)
			continue;
		if ((double)(before + counts[i]) >= rank) {
			double from = (double)histogram_from_us(i), to = (double)histogram_to_us(i);
			return from + (to - from) * (rank - (double)before) / (double)counts[i];
		}
		before += counts[i];
	}
	return -1;
}
