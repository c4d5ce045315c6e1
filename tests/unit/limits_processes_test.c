/* Counters of limits that threads and processes share: never more than the limit, whoever is killed
 * at whatever moment, and never less than can be had. */
#include "base/base.h"
#include "limits_world.h"
#include <pthread.h>

/* Many more than one process makes before the others have started. */
enum { CALLS = 300000, CALLS_OF_API = CALLS + 1000 };

static void calls_of_key(struct limits_ask asks[3])
{
	asks[0] = ask_rate("api", CALLS_OF_API, 60);
	asks[0].concurrent.on = true;
	asks[0].concurrent.limit = 20;
	asks[1] = ask_rate("key", CALLS + 11, 60);
	asks[2] = ask_quota("key at api", CALLS, LIMITS_DAY);
	asks[2].concurrent.on = true;
	asks[2].concurrent.limit = 7;
}

/* Calls until the quota is used up; calls that find too many at once try again. */
static void *call_until_refused(void *arg)
{
	struct limits_ask asks[3];
	struct limits_result r;
	calls_of_key(asks);
	if (gettid() % 2 == 0) {
		/* Whatever the order in which they are asked for, nobody waits in a circle. */
		struct limits_ask first = asks[0];
		asks[0] = asks[2];
		asks[2] = first;
	}
	(void)__atomic_add_fetch(&shared->ready, 1, __ATOMIC_ACQ_REL);
	wait_until(&shared->ready, shared->together);
	while (!__atomic_load_n(&shared->stop, __ATOMIC_RELAXED)) {
		struct cg_err err = {0};
		if (limits_take(arg, asks, 3, &r, &err) != CG_OK) {
			/* Who gets no time for long finds the lock taken. */
			if (strstr(err.text, "are locked (Connection timed out): try again"))
				continue;
			return (void *)1;
		}
		if (r.verdict == LIMITS_PASSED) {
			uint32_t n = __atomic_add_fetch(&shared->in_flight, 1, __ATOMIC_ACQ_REL);
			uint32_t most = __atomic_load_n(&shared->most_in_flight, __ATOMIC_RELAXED);
			while (n > most && !__atomic_compare_exchange_n(
					       &shared->most_in_flight, &most, n, false,
					       __ATOMIC_RELAXED, __ATOMIC_RELAXED))
				;
			(void)__atomic_add_fetch(&shared->acknowledged, 1, __ATOMIC_ACQ_REL);
			(void)__atomic_sub_fetch(&shared->in_flight, 1, __ATOMIC_ACQ_REL);
			limits_end(arg, &r.held);
		} else if (r.kind == LIMITS_QUOTA) {
			return NULL;
		}
	}
	return NULL;
}

static void run_threads(struct limits *l, uint32_t n)
{
	pthread_t threads[16];
	bool bad = false;
	for (uint32_t i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, call_until_refused, l) != 0)
			_exit(4);
	for (uint32_t i = 0; i < n; i++) {
		void *result;
		(void)pthread_join(threads[i], &result);
		bad = bad || result;
	}
	if (bad)
		_exit(5);
}

static void test_threads_and_processes(void **state)
{
	pid_t pids[4];
	(void)state;
	shared->together = CG_COUNT(pids) * 8;
	for (size_t i = 0; i < CG_COUNT(pids); i++)
		pids[i] = child(run_threads, 8);
	wait_until(&shared->ready, shared->together);
	/* The clock goes on while they count, but nothing falls out. */
	for (int i = 0; i < 50; i++) {
		(void)__atomic_add_fetch(&shared->boot_ns, S, __ATOMIC_RELAXED);
		(void)usleep(200);
	}
	for (size_t i = 0; i < CG_COUNT(pids); i++)
		wait_for(pids[i], 0);
	struct limits_ask asks[3];
	calls_of_key(asks);
	struct limits_result r = take_of(limits, asks, 3);
	assert_int_equal(r.kind, LIMITS_QUOTA);
	assert_int_equal(shared->acknowledged, CALLS);
	assert_in_range(shared->most_in_flight, 1, 7);
	assert_int_equal(r.left[0].rate_left, CALLS_OF_API - CALLS);
	assert_int_equal(r.left[1].rate_left, 11);
	assert_int_equal(r.left[0].in_flight, 0);
	assert_int_equal(r.left[2].in_flight, 0);
}

/* As many as may be begin, and then wait to be killed. */
static void hold_all(struct limits *l, uint32_t n)
{
	struct limits_ask ask = {
	    .name = name_of("held"), .concurrent = {true, 40}
	     };
	for (uint32_t i = 0; i < n; i++) {
		struct limits_result r;
		if (limits_take(l, &ask, 1, &r, NULL) != CG_OK || r.verdict != LIMITS_PASSED)
			_exit(6);
	}
	(void)__atomic_add_fetch(&shared->ready, 1, __ATOMIC_ACQ_REL);
	for (;;)
		(void)pause();
}

static void test_concurrency_of_the_dead(void **state)
{
	enum { PROCESSES_N = 35 };
	pid_t pids[PROCESSES_N];
	(void)state;
	struct limits_ask ask = {
	    .name = name_of("held"), .concurrent = {true, 40}
	     };
	/* More processes than have room in one slot. */
	for (uint32_t i = 0; i < PROCESSES_N; i++)
		pids[i] = child(hold_all, 1);
	wait_until(&shared->ready, PROCESSES_N);
	struct limits_result mine[40], r;
	for (unsigned i = 0; i < 5; i++) {
		mine[i] = take_of(limits, &ask, 1);
		assert_int_equal(mine[i].verdict, LIMITS_PASSED);
	}
	assert_int_equal(passing(&ask, 1), 0);
	/* Those of the dead are had by the next, those of the living are not. */
	for (uint32_t i = 0; i < PROCESSES_N; i += 2) {
		assert_int_equal(kill(pids[i], SIGKILL), 0);
		wait_for(pids[i], SIGKILL);
	}
	unsigned n = 5;
	for (; n < 40; n++) {
		mine[n] = take_of(limits, &ask, 1);
		if (mine[n].verdict != LIMITS_PASSED)
			break;
	}
	assert_int_equal(n, 5 + (PROCESSES_N + 1) / 2);
	for (uint32_t i = 1; i < PROCESSES_N; i += 2) {
		assert_int_equal(kill(pids[i], SIGKILL), 0);
		wait_for(pids[i], SIGKILL);
	}
	for (unsigned i = 0; i < n; i++)
		limits_end(limits, &mine[i].held);
	assert_int_equal(look_at(&ask, 1).verdict, LIMITS_PASSED);
	/* Again and again, one by one: no place is lost. */
	for (uint32_t i = 0; i < 60; i++) {
		shared->ready = 0;
		pid_t pid = child(hold_all, 40);
		wait_until(&shared->ready, 1);
		assert_int_equal(passing(&ask, 1), 0);
		assert_int_equal(kill(pid, SIGKILL), 0);
		wait_for(pid, SIGKILL);
		r = take_of(limits, &ask, 1);
		assert_int_equal(r.verdict, LIMITS_PASSED);
		assert_int_equal(r.left[0].in_flight, 1);
		limits_end(limits, &r.held);
	}
	struct limits_size size;
	limits_size(limits, &size);
	assert_in_range(size.slots, 1, 8);
	/* What a process leaves open when it closes is given back too. */
	struct limits *other = open_limits();
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(take_of(other, &ask, 1).verdict, LIMITS_PASSED);
	assert_int_equal(passing(&ask, 1), 0);
	limits_close(&other);
	assert_int_equal(passing(&ask, 50), 50);
	/* And does not become another's who gets its place in the table. */
	struct limits_ask fresh = {
	    .name = name_of("fresh"), .concurrent = {true, 40}
	      };
	other = open_limits();
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(take_of(other, &fresh, 1).verdict, LIMITS_PASSED);
	limits_close(&other);
	other = open_limits();
	r = take_of(other, &fresh, 1);
	assert_int_equal(r.verdict, LIMITS_PASSED);
	assert_int_equal(look_at(&fresh, 1).left[0].in_flight, 1);
	limits_end(other, &r.held);
	limits_close(&other);
}

static void test_killed_anywhere(void **state)
{
	enum { KILLS = 150, THREADS_N = 3 };
	pid_t pids[3];
	(void)state;
	seed = 7;
	for (size_t i = 0; i < CG_COUNT(pids); i++)
		pids[i] = child(run_threads, THREADS_N);
	for (uint32_t i = 0; i < KILLS; i++) {
		size_t n = chance(CG_COUNT(pids));
		/* They get on in between, and never to the end. */
		wait_until(&shared->acknowledged, (i + 1) * (CALLS / KILLS / 4));
		(void)usleep(chance(500));
		(void)__atomic_add_fetch(&shared->boot_ns, S / 4, __ATOMIC_RELAXED);
		(void)kill(pids[n], SIGKILL);
		wait_for_any_end(pids[n]);
		pids[n] = child(run_threads, THREADS_N);
	}
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
	for (size_t i = 0; i < CG_COUNT(pids); i++)
		wait_for(pids[i], 0);
	/* One call in flight at a time is let through only if nobody's is left. */
	struct limits_ask asks[3];
	calls_of_key(asks);
	asks[0].concurrent.limit = asks[2].concurrent.limit = 1;
	uint32_t passed = __atomic_load_n(&shared->acknowledged, __ATOMIC_ACQUIRE);
	for (;;) {
		struct limits_result r = take_of(limits, asks, 3);
		if (r.verdict != LIMITS_PASSED) {
			assert_int_equal(r.kind, LIMITS_QUOTA);
			break;
		}
		passed++;
		limits_end(limits, &r.held);
	}
	if (passed > CALLS || passed + KILLS * THREADS_N < CALLS)
		fail_msg("%u calls passed a limit of %d in %d kills", passed, CALLS, KILLS);
	check_table();
}

static void take_and_stop(struct limits *l, uint32_t arg)
{
	struct limits_ask ask = ask_rate("a", 5, 60);
	struct limits_result r;
	(void)arg;
	if (limits_take(l, &ask, 1, &r, NULL) != CG_OK)
		_exit(7);
}

/* Somebody has the lock and does not move: an error, no pass and no wait for ever.  When he is
 * killed, the next one goes on. */
static void test_stopped_holder(void **state)
{
	struct limits_ask ask = ask_rate("a", 5, 60), other = ask_rate("b", 5, 60);
	struct limits_result r;
	struct cg_err err = {0};
	(void)state;
	assert_int_equal(passing(&ask, 2), 2);
	__atomic_store_n(&shared->clock_blocks, 1, __ATOMIC_RELEASE);
	pid_t pid = child(take_and_stop, 0);
	wait_until(&shared->clock_blocked, 1);
	__atomic_store_n(&shared->clock_blocks, 0, __ATOMIC_RELEASE);
	assert_int_equal(limits_take(limits, &ask, 1, &r, &err), CG_UNAVAILABLE);
	assert_int_equal(r.verdict, LIMITS_REFUSED);
	assert_true(err.text[0] != '\0');
	assert_int_equal(passing(&other, 9), 5);
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_for(pid, SIGKILL);
	assert_int_equal(passing(&ask, 9), 3);
}

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
/* --- killed between any two instructions --- */

enum step_scene {
	STEP_COUNT,  /* the ordinary call, in a new part of the window */
	STEP_WINDOW, /* the first one with another window */
	STEP_PERIOD, /* the first one of a new period */
	STEP_NEW,    /* the first one of all */
	STEP_REUSE,  /* the same, in somebody else's slot */
	STEP__COUNT,
};

static struct limits_ask step_asks[2];
static size_t n_step_asks;
static volatile bool stepping;
static volatile uint32_t steps_done, steps_most;
static struct limits *stepped;
static uint64_t step_sum;

/* Of all that the call may change. */
static uint64_t sum_of_state(void)
{
	const uint64_t *parts[] = {(const uint64_t *)(const void *)stepped->file->stripes,
				   (const uint64_t *)(const void *)stepped->segments[0]};
	const size_t words[] = {sizeof(stepped->file->stripes) / 8,
				stepped->file->slots * sizeof(struct slot) / 8};
	uint64_t sum = stepped->file->buckets[limits_bucket(&step_asks[0].name)];
	for (size_t part = 0; part < CG_COUNT(parts); part++)
		for (size_t i = 0; i < words[part]; i++)
			sum = (sum ^ parts[part][i]) * UINT64_C(1099511628211);
	return sum;
}

/* The processor traps after each instruction for as long as the flag is set (Intel SDM vol. 3,
 * 18.3.1.4). */
#define TRAP_FLAG 0x100
/* Only looks at which instructions change something. */
#define LOOK UINT32_MAX

static void on_trap(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	(void)info;
	if (sig == SIGTRAP && stepping) {
		steps_done++;
		if (steps_done == steps_most)
			(void)kill(getpid(), SIGKILL);
		uint64_t sum = steps_most == LOOK ? sum_of_state() : 0;
		if (sum != step_sum && shared->n_changes < CG_COUNT(shared->changes))
			shared->changes[shared->n_changes++] = steps_done;
		step_sum = sum;
	}
	if (stepping)
		uc->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
	else
		uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

static void step_take(struct limits *l, uint32_t steps)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	struct limits_result r;
	/* Once on other names, so that what is slow the first time is done. */
	struct limits_ask warm[] = {ask_rate("warm", 1000000, 60), ask_rate("warm 2", 1000000, 1)};
	if (limits_take(l, warm, 2, &r, NULL) != CG_OK)
		_exit(7);
	(void)sigaction(SIGTRAP, &action, NULL);
	(void)sigaction(SIGUSR1, &action, NULL);
	stepped = l;
	steps_most = steps;
	step_sum = steps == LOOK ? sum_of_state() : 0;
	stepping = true;
	(void)raise(SIGUSR1);
	cg_rc rc = limits_take(l, step_asks, n_step_asks, &r, NULL);
	stepping = false;
	/* All of it, and not acknowledged. */
	if (rc != CG_OK || r.verdict != LIMITS_PASSED)
		_exit(7);
	_exit(9);
}

static void prepare_scene(enum step_scene scene)
{
	static unsigned n;
	char name[32];
	(void)snprintf(name, sizeof(name), "scene %d.%u", scene, n++);
	step_asks[0] = ask_quota(name, 10, LIMITS_DAY);
	step_asks[0].rate.limit = 10;
	step_asks[0].rate.per_s = 60;
	step_asks[0].concurrent.on = true;
	step_asks[0].concurrent.limit = 1;
	step_asks[1] = ask_rate("api of all", UINT32_MAX, 60);
	step_asks[1].concurrent.on = true;
	step_asks[1].concurrent.limit = 1;
	n_step_asks = scene == STEP_COUNT ? 2 : 1;
	if (scene == STEP_REUSE) {
		/* What the one before has counted is over and in the store. */
		struct limits_quota quotas[64];
		uint32_t position = 0;
		size_t changed;
		pass(2 * 86400 * S);
		do {
			assert_int_equal(
			    limits_changed(limits, &position, quotas, 64, &changed, NULL), CG_OK);
			assert_int_equal(limits_saved(limits, quotas, changed, NULL), CG_OK);
		} while (changed > 0);
		/* Takes what may be left loose, so that each goes the same way, instruction by
		 * instruction. */
		struct limits_ask other = numbered("other", n, 1, 60);
		share_stripe(&other.name);
		limits->file->stripes[0].hand = 0;
		assert_true(passes(&other));
		limits->file->stripes[0].hand = 0;
		pass(100 * S);
		share_stripe(&step_asks[0].name);
	}
}

/* Lets a child make the call of a scene and kills it after so many instructions; whether it was
 * faster. */
static bool run_scene(enum step_scene scene, uint32_t steps)
{
	static const struct {
		unsigned before, least;
	} scenes[STEP__COUNT] = {
	    [STEP_COUNT] = {4, 5},
		   [STEP_WINDOW] = {4, 5},
		   [STEP_PERIOD] = {9, 9},
	    [STEP_NEW] = {0, 9},
		   [STEP_REUSE] = {0, 9},
	};
	struct limits_result r;
	int status;
	prepare_scene(scene);
	for (unsigned i = 0; i < scenes[scene].before; i++) {
		r = take_of(limits, step_asks, n_step_asks);
		assert_int_equal(r.verdict, LIMITS_PASSED);
		limits_end(limits, &r.held);
	}
	if (scene == STEP_COUNT)
		pass(4 * S);
	else if (scene == STEP_WINDOW)
		step_asks[0].rate.per_s = 30;
	else if (scene == STEP_PERIOD)
		pass(86400 * S);
	pid_t pid = child(step_take, steps);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 9);
	else
		assert_int_equal(WTERMSIG(status), SIGKILL);
	/* What is free is found again: chains that grow would shift the steps. */
	limits->file->stripes[0].hand = 0;
	/* All but at most the one, and none is in flight. */
	unsigned n = 0;
	for (;; n++) {
		r = take_of(limits, step_asks, n_step_asks);
		if (r.verdict != LIMITS_PASSED)
			break;
		limits_end(limits, &r.held);
	}
	if (n < scenes[scene].least || n > scenes[scene].least + 1 || r.kind != LIMITS_RATE ||
	    r.ask != 0)
		fail_msg("scene %d, killed after %u steps: %u passed, kind %d of %zu", scene, steps,
			 n, r.kind, r.ask);
	return WIFEXITED(status);
}

static void test_killed_at_each_step(void **state)
{
	struct limits_size size;
	uint32_t kills = 0;
	(void)state;
	for (enum step_scene scene = 0; scene < STEP__COUNT; scene++) {
		shared->n_changes = 0;
		assert_true(run_scene(scene, LOOK));
		/* Locks, at least, and counts. */
		assert_in_range(shared->n_changes, 15, CG_COUNT(shared->changes) - 1);
		for (uint32_t i = 0; i < shared->n_changes; i++)
			kills += !run_scene(scene, shared->changes[i]);
		check_table();
	}
	assert_in_range(kills, 100, 5000);
	/* At most one slot is lost in a kill. */
	limits_size(limits, &size);
	assert_in_range(size.slots, 1, 2 * kills);
}
#endif

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_threads_and_processes),
		TEST(test_concurrency_of_the_dead),
		TEST(test_killed_anywhere),
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
		TEST(test_killed_at_each_step),
#endif
		TEST(test_stopped_holder),
	};
	/* A fault here tends to be a wait for ever: it must be a failure. */
	(void)alarm(600);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
