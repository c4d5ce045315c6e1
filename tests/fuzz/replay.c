/* Gives a fuzz target what it found before, every file of its corpus, and those of tests/certs; or
 * of the folders that are named.  Speaks TAP: one test, which fails without input. */
#include "base/base.h"
#include "fuzz.h"
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)2 * 1024 * 1024)

static const char *current = "";

/* A target that does not hold ends the process; which input did it is told before. */
static void replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *bytes = malloc(FILE_MAX);
	MUST(f && bytes);
	size_t n = fread(bytes, 1, FILE_MAX, f);
	MUST(fclose(f) == 0);
	current = path;
	(void)LLVMFuzzerTestOneInput(bytes, n);
	free(bytes);
}

static size_t replay_folder(const char *folder)
{
	struct dirent **entries;
	size_t run = 0;
	int n = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		char path[4096];
		struct stat st;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && stat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode)) {
				run += replay_folder(path);
			} else {
				replay_file(path);
				run++;
			}
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return run;
}

static void tell_which(int number)
{
	(void)number;
	(void)!write(STDERR_FILENO, current, strlen(current));
	(void)!write(STDERR_FILENO, "\n", 1);
}

int main(int argc, char **argv)
{
	const char *root = getenv("CERTGATE_SOURCE"), *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	char corpus[4096], certs[4096];
	size_t run = 0;
	(void)snprintf(corpus, sizeof(corpus), "%s/tests/fuzz/corpus/%s", root ? root : ".", name);
	(void)snprintf(certs, sizeof(certs), "%s/tests/certs", root ? root : ".");
	(void)signal(SIGABRT, tell_which);
	(void)LLVMFuzzerInitialize(&argc, &argv);
	(void)printf("1..1\n");
	(void)fflush(stdout);
	for (int i = 1; i < argc; i++)
		run += replay_folder(argv[i]);
	if (argc < 2) {
		run = replay_folder(corpus);
		(void)replay_folder(certs);
	}
	(void)printf("%sok 1 - %s: %zu inputs of its corpus\n", run > 0 ? "" : "not ", name, run);
	return run > 0 ? 0 : 1;
}
