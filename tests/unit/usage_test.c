/* lib/usage: the rings of refused requests, with many writers, killed ones, and floods. */
#include "base/base.h"
#include <setjmp.h>
#include <cmocka.h>
#include "base/limits.h"
#include "base/text.h"
#include "usage/refusals.h"
#include "folder.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define THREADS	   8
#define PER_THREAD 4000
#define KILLS	   60
#define WRITERS	   3
#define FLOOD	   20000
#define ALL	   (REFUSALS_OF_KEYS + REFUSALS_OF_CERTIFICATES + REFUSALS_OF_OTHERS)

static struct home home;
static struct arena arena;
static struct refusals *refusals;

static int setup(void **state)
{
	static char dir[32];
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/cgu.XXXXXX");
	arena_init(&arena, (size_t)64 * 1024 * 1024);
	if (!mkdtemp(dir) || home_find(dir, &home, NULL) != CG_OK || mkdir(home.run, 0700) != 0)
		return -1;
	return refusals_open(&home, &refusals, NULL) == CG_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	refusals_close(&refusals);
	arena_release(&arena);
	return remove_tree(home.dir);
}

/* --- one that tells whether it is whole: its texts all come from its id --- */

struct one {
	Cg__Refusal r;
	char id[ID_TEXT + 1], path[REFUSAL_PATH_MAX + 1], detail[REFUSAL_DETAIL_MAX + 1];
	struct sha256 sha256;
};

static void repeat(const char *id, char *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = id[i % ID_TEXT];
	out[n] = '\0';
}

static void one_make(struct one *o, const char *key_id, const char *address)
{
	*o = (struct one){.r = CG__REFUSAL__INIT};
	assert_int_equal(random_id(o->id), CG_OK);
	repeat(o->id, o->path, REFUSAL_PATH_MAX);
	repeat(o->id, o->detail, REFUSAL_DETAIL_MAX);
	o->r.request_id = o->id;
	o->r.path = o->path;
	o->r.detail = o->detail;
	o->r.code = (char *)(uintptr_t) "access_denied";
	o->r.has_at = o->r.has_status = true;
	o->r.at = 1795608000;
	o->r.status = 403;
	o->r.key_id = (char *)(uintptr_t)key_id;
	o->r.address = (char *)(uintptr_t)address;
}

/* As one whose certificate nobody registered: `number` stands for it. */
static struct span one_with_certificate(struct one *o, unsigned number, char der[64])
{
	memset(der, 0x30, 64);
	memcpy(der, &number, sizeof(number));
	assert_int_equal(sha256_of(span_make(der, 64), &o->sha256), CG_OK);
	o->r.has_sha256 = true;
	o->r.sha256 = (ProtobufCBinaryData){SHA256_BYTES, o->sha256.b};
	return span_make(der, 64);
}

static void note(struct one *o, struct span der)
{
	struct arena work;
	arena_init(&work, 65536);
	refusals_note(refusals, &o->r, der, &work);
	arena_release(&work);
}

static void note_plain(const char *key_id, const char *address)
{
	struct one o;
	one_make(&o, key_id, address);
	note(&o, SPAN_LIT(""));
}

static void assert_whole(const Cg__Refusal *r)
{
	char path[REFUSAL_PATH_MAX + 1], detail[REFUSAL_DETAIL_MAX + 1];
	assert_int_equal(strlen(r->request_id), ID_TEXT);
	repeat(r->request_id, path, REFUSAL_PATH_MAX);
	repeat(r->request_id, detail, REFUSAL_DETAIL_MAX);
	assert_string_equal(r->path, path);
	assert_string_equal(r->detail, detail);
	assert_string_equal(r->code, "access_denied");
	assert_int_equal(r->status, 403);
}

/* All that fit, each looked at. */
static size_t count(const struct refusals_filter *filter)
{
	struct refusals_page page;
	struct arena work;
	arena_init(&work, (size_t)64 * 1024 * 1024);
	assert_int_equal(refusals_list(refusals, filter, 0, ALL, &work, &page, NULL), CG_OK);
	for (size_t i = 0; i < page.n; i++)
		assert_whole(page.items[i]);
	assert_int_equal(page.next, 0);
	arena_release(&work);
	return page.n;
}

static size_t count_of(const char *q)
{
	return count(&(struct refusals_filter){.q = span_of(q)});
}

/* --- tests --- */

static void test_comes_back_whole(void **state)
{
	(void)state;
	/* Every text at its limit: it has to fit into its slot. */
	struct one o;
	char text[REFUSAL_TEXT_MAX + 1] = "", der[64];
	struct refusals_page page;
	const struct refusals_filter any = {.sha256 = NULL};
	one_make(&o, "k2345678901234567890123456", text);
	repeat(o.id, text, REFUSAL_TEXT_MAX);
	o.r.method = o.r.site = text;
	o.r.api_id = (char *)(uintptr_t) "a2345678901234567890123456";
	o.r.token_sha256_start = (char *)(uintptr_t) "01234567";
	(void)one_with_certificate(&o, 1, der);
	note(&o, SPAN_LIT(""));
	assert_int_equal(refusals_list(refusals, &any, 0, 10, &arena, &page, NULL), CG_OK);
	assert_int_equal(page.n, 1);
	struct span in, out;
	assert_int_equal(record_pack(&o.r, &arena, &in, NULL), CG_OK);
	assert_int_equal(record_pack(page.items[0], &arena, &out, NULL), CG_OK);
	assert_true(span_is(in, out));
}

static void test_filters(void **state)
{
	(void)state;
	struct one o;
	char der[64];
	struct sha256 other = {{1}}, token;
	for (unsigned i = 0; i < 10; i++)
		note_plain("", "127.0.0.1");
	one_make(&o, "", "127.0.0.1");
	o.r.api_id = (char *)(uintptr_t) "bill-ing";
	(void)one_with_certificate(&o, 7, der);
	memcpy(&token, &o.sha256, sizeof(token));
	note(&o, SPAN_LIT(""));
	assert_int_equal(count(&(struct refusals_filter){.sha256 = NULL}), 11);
	assert_int_equal(count(&(struct refusals_filter){.code = SPAN_LIT("access_denied")}), 11);
	assert_int_equal(count(&(struct refusals_filter){.code = SPAN_LIT("access")}), 0);
	assert_int_equal(count(&(struct refusals_filter){.api_id = SPAN_LIT("bill-ing")}), 1);
	assert_int_equal(count(&(struct refusals_filter){.request_id = span_of(o.id)}), 1);
	assert_int_equal(count(&(struct refusals_filter){.sha256 = &o.sha256}), 1);
	assert_int_equal(count(&(struct refusals_filter){.sha256 = &other}), 0);
	assert_int_equal(count_of("BILL-"), 1);
	/* A token is found by the digest that its credential shows. */
	one_make(&o, "", "127.0.0.1");
	char hex[SHA256_HEX + 1];
	other = (struct sha256){
	    {0xab, 0xcd}
	};
	hex_format(other.b, REFUSAL_TOKEN_DIGITS / 2, hex);
	o.r.token_sha256_start = hex;
	note(&o, SPAN_LIT(""));
	assert_int_equal(count(&(struct refusals_filter){.sha256 = &other}), 1);
}

static void test_pages(void **state)
{
	(void)state;
	enum { MANY = 100 };
	struct one o;
	char ids[MANY][ID_TEXT + 1];
	const struct refusals_filter any = {.sha256 = NULL};
	struct refusals_page page;
	uint64_t below = 0;
	size_t n = 0;
	for (size_t i = 0; i < MANY; i++) {
		one_make(&o, i % 2 ? "key-1" : "", "127.0.0.1");
		memcpy(ids[i], o.id, sizeof(o.id));
		note(&o, SPAN_LIT(""));
	}
	do {
		assert_int_equal(refusals_list(refusals, &any, below, 7, &arena, &page, NULL),
				 CG_OK);
		for (size_t i = 0; i < page.n; i++)
			assert_string_equal(page.items[i]->request_id, ids[MANY - 1 - n++]);
		below = page.next;
	} while (below > 0);
	assert_int_equal(n, MANY);
}

static void test_outlives_its_writers(void **state)
{
	(void)state;
	note_plain("key-1", "");
	refusals_close(&refusals);
	assert_int_equal(refusals_open(&home, &refusals, NULL), CG_OK);
	assert_int_equal(count_of("key-1"), 1);
}

/* Strangers, all with certificates of their own, from one address. */
static void test_flood(void **state)
{
	(void)state;
	enum { OTHERS = 64 };
	char address[64], der[64];
	struct one o;
	struct span out;
	for (unsigned i = 0; i < 200; i++)
		note_plain("partner-1", "");
	for (unsigned i = 0; i < OTHERS; i++) {
		(void)snprintf(address, sizeof(address), "192.0.2.%u", i);
		one_make(&o, "", address);
		note(&o, one_with_certificate(&o, i, der));
	}
	for (unsigned i = 0; i < FLOOD; i++) {
		/* Addresses of one /64 are one source. */
		(void)snprintf(address, sizeof(address), "2001:db8::%x:%x", i >> 16, i & 0xffff);
		one_make(&o, "", address);
		note(&o, one_with_certificate(&o, 1000 + i, der));
		one_make(&o, "", address);
		note(&o, SPAN_LIT(""));
	}
	assert_int_equal(count_of("partner-1"), 200);
	assert_in_range(count_of("192.0.2."), OTHERS / 2, OTHERS);
	assert_int_equal(count_of("2001:db8::"), REFUSALS_OF_CERTIFICATES / REFUSALS_SHARDS +
						     REFUSALS_OF_OTHERS / REFUSALS_SHARDS);
	unsigned kept = 0;
	for (unsigned i = 0; i < OTHERS; i++) {
		(void)one_with_certificate(&o, i, der);
		kept += refusals_certificate(refusals, &o.sha256, &arena, &out, NULL) == CG_OK;
	}
	assert_in_range(kept, OTHERS / 2, OTHERS);
}

static void test_certificates(void **state)
{
	(void)state;
	struct one often, o;
	char der_often[64], der[64], large[CERT_DER_MAX];
	struct span out, der_of_often;
	one_make(&often, "", "192.0.2.1");
	der_of_often = one_with_certificate(&often, 1, der_often);
	for (unsigned i = 0; i < 500; i++) {
		/* What is seen again and again stays, whatever passes by. */
		note(&often, der_of_often);
		one_make(&o, "", "192.0.2.1");
		note(&o, one_with_certificate(&o, 1000 + i, der));
	}
	assert_int_equal(refusals_certificate(refusals, &often.sha256, &arena, &out, NULL), CG_OK);
	assert_true(span_is(out, der_of_often));
	(void)one_with_certificate(&o, 1000, der);
	assert_int_equal(refusals_certificate(refusals, &o.sha256, &arena, &out, NULL),
			 CG_NOT_FOUND);
	memset(large, 0x31, sizeof(large));
	assert_int_equal(sha256_of(span_make(large, sizeof(large)), &o.sha256), CG_OK);
	note(&o, span_make(large, sizeof(large)));
	assert_int_equal(refusals_certificate(refusals, &o.sha256, &arena, &out, NULL), CG_OK);
	assert_true(span_is(out, span_make(large, sizeof(large))));
	/* An unknown one beside the token of a known key. */
	one_make(&o, "key-1", "192.0.2.1");
	note(&o, one_with_certificate(&o, 5000, der));
	assert_int_equal(refusals_certificate(refusals, &o.sha256, &arena, &out, NULL), CG_OK);
}

/* Two writers in one slot leave something that is neither's: seen here by changing a byte. */
static void test_torn(void **state)
{
	(void)state;
	char path[HOME_PATH_MAX + 16];
	struct stat st;
	struct one o;
	for (unsigned i = 0; i < 3; i++)
		note_plain("key-1", "");
	one_make(&o, "key-1", "");
	note(&o, SPAN_LIT(""));
	(void)snprintf(path, sizeof(path), "%s/refusals", home.run);
	int fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	size_t size = (size_t)st.st_size;
	char *file = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(file != MAP_FAILED);
	char *at = memmem(file, size, o.detail, 50);
	assert_non_null(at);
	assert_int_equal(count_of("key-1"), 4);
	at[49]++;
	assert_int_equal(count_of("key-1"), 3);
	at[49]--;
	assert_int_equal(count_of("key-1"), 4);
	assert_int_equal(munmap(file, size), 0);
	assert_int_equal(close(fd), 0);
}

static void *write_many(void *arg)
{
	(void)arg;
	char der[64];
	for (unsigned i = 0; i < PER_THREAD; i++) {
		struct one o;
		one_make(&o, i % 3 == 0 ? "key-1" : "", "192.0.2.1");
		note(&o, i % 3 == 1 ? one_with_certificate(&o, i % 50, der) : SPAN_LIT(""));
	}
	return NULL;
}

/* All write into the same three shards, which turn round hundreds of times meanwhile. */
static void test_threads(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	const struct refusals_filter any = {.sha256 = NULL};
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, NULL), 0);
	for (size_t i = 0; i < 50; i++)
		(void)count(&any);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	/* A slot is empty only where two threads met in it. */
	assert_in_range(count(&any), ALL / REFUSALS_SHARDS - THREADS * 3, ALL / REFUSALS_SHARDS);
}

static void write_for_ever(int go)
{
	char der[64];
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (unsigned i = 0;; i++) {
		struct one o;
		one_make(&o, i % 2 ? "key-1" : "", "192.0.2.1");
		note(&o, i % 2 ? SPAN_LIT("") : one_with_certificate(&o, i, der));
		if (i == 20 && write(go, "x", 1) != 1)
			_exit(1);
	}
}

static void test_killed_writers(void **state)
{
	(void)state;
	const struct refusals_filter any = {.sha256 = NULL};
	for (unsigned k = 0; k < KILLS; k++) {
		pid_t pids[WRITERS];
		int go[2];
		char ready[WRITERS];
		assert_int_equal(pipe(go), 0);
		for (size_t i = 0; i < WRITERS; i++)
			if ((pids[i] = fork()) == 0)
				write_for_ever(go[1]);
		for (size_t i = 0; i < WRITERS; i++)
			assert_int_equal(read(go[0], ready, 1), 1);
		(void)count(&any);
		for (size_t i = 0; i < WRITERS; i++)
			assert_int_equal(kill(pids[i], SIGKILL), 0);
		for (size_t i = 0; i < WRITERS; i++)
			assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
		(void)close(go[0]);
		(void)close(go[1]);
		(void)count(&any);
	}
	/* What they left half done keeps nobody from its slot. */
	for (size_t i = 0; i < REFUSALS_OF_KEYS / REFUSALS_SHARDS; i++)
		note_plain("key-1", "192.0.2.1");
	assert_int_equal(count_of("key-1"), REFUSALS_OF_KEYS / REFUSALS_SHARDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_comes_back_whole, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_filters, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_pages, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_outlives_its_writers, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_certificates, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_killed_writers, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
