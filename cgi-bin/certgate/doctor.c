#include "base/base.h"
#include "command.h"
int doctor_main(struct command *c)
{
	(void)c;
	return EXIT_REFUSED;
}
