/*
 * clock.h
 *	  Time for deadlines: monotonic, so that a change of the clock moves none.
 */
#ifndef AI_RUNTIME_CLOCK_H
#define AI_RUNTIME_CLOCK_H

#include <time.h>

#define AI_NO_DEADLINE PG_UINT64_MAX

/* Returns microseconds since some fixed moment. */
static inline uint64
ai_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64) now.tv_sec * 1000000 + (uint64) now.tv_nsec / 1000;
}

/* Returns the moment that is so many milliseconds from now. */
static inline uint64
ai_deadline_in(int timeout_ms)
{
	return ai_clock_us() + (uint64) timeout_ms * 1000;
}

/*
 * Returns the milliseconds left, rounded up, as WaitEventSetWait() takes them:
 * 0 when it is over, -1 without a deadline.
 */
static inline long
ai_deadline_left_ms(uint64 deadline_us)
{
	uint64		now;

	if (deadline_us == AI_NO_DEADLINE)
		return -1;
	now = ai_clock_us();
	if (now >= deadline_us)
		return 0;
	return (long) Min((deadline_us - now + 999) / 1000, (uint64) 1000 * 86400);
}

#endif							/* AI_RUNTIME_CLOCK_H */
