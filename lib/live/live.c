#include "base/base.h"
#include "live/live.h"
#include "base/hash.h"
#include "base/mapped.h"

struct live_file {
	struct mapped_head head;
	_Alignas(64) uint64_t generation;
};

struct live {
	struct live_file *file;
};

static void make(void *memory)
{
	struct live_file *file = memory;
	/* Not 0 again: a process that outlived the file's loss would take its old cache for
	 * valid. */
	if (random_bytes(&file->generation, sizeof(file->generation)) != CG_OK)
		file->generation = (uint64_t)time(NULL) << 20;
}

cg_rc live_open(const struct home *home, struct live **out, struct cg_err *err)
{
	char path[HOME_PATH_MAX + 8];
	void *memory = NULL;
	(void)snprintf(path, sizeof(path), "%s/live", home->run);
	struct live *live = calloc(1, sizeof(*live));
	if (!live)
		return cg_fail_memory(err);
	cg_rc rc = mapped_open(path, sizeof(struct live_file), make, &memory, err);
	if (rc != CG_OK) {
		free(live);
		return rc;
	}
	live->file = memory;
	*out = live;
	return CG_OK;
}

void live_close(struct live **live)
{
	if (!*live)
		return;
	void *memory = (*live)->file;
	mapped_close(&memory, sizeof(struct live_file));
	free(*live);
	*live = NULL;
}

uint64_t live_generation(const struct live *live)
{
	return __atomic_load_n(&live->file->generation, __ATOMIC_ACQUIRE);
}

void live_generation_move(struct live *live)
{
	(void)__atomic_add_fetch(&live->file->generation, 1, __ATOMIC_ACQ_REL);
}
