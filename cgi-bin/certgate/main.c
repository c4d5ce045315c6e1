/* certgate: the command. */
#include "base/base.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "command.h"
#include <gnutls/gnutls.h>

static int version_main(struct command *c)
{
	if (!command_all_taken(c))
		return EXIT_USAGE;
	if (c->json)
		return command_print(c, json_pack("{s:s}", "version", CG_VERSION));
	(void)puts("certgate " CG_VERSION);
	return command_told();
}

static const struct {
	const char *name;
	int (*run)(struct command *c);
	const char *help;
} commands[] = {
    {"init",	     init_main,
     "init [--user NAME] [--proof-file FILE]\n"
     "  Makes the data folder with its store and the first owner, whose one-time password it\n"
     "  prints, the key that seals secrets, and the web server's proof: FILE\n"
     "  (" CG_PROOF_FILE ") is for Apache's include, FILE.lighttpd for lighttpd's. Both "
     "must\n"
     "  be gone before another data folder can have them.\n"				    },
    {"cert",	     cert_main,
     "cert show [--as admin|portal|gate] FILE\n"
     "  Shows what certgate reads in a file, PEM or DER (-: standard input).\n"
     "cert list [TEXT] | get SHA256 | add FILE [--kind client|ca|upstream]\n"
     "cert delete SHA256 [--cascade]\n"
     "  Those that are registered; --cascade takes one from its key as well.\n"
     "cert crl CA [FILE | --delete]\n"
     "  Shows, replaces or forgets the revocation list of a CA (its SHA-256).\n"
     "cert block SPKI-SHA256 | unblock SPKI-SHA256\n"
     "  Blocks a public key whose private key is in other hands, or lifts that.\n"		  },
    {"api",	    api_main,
     "api list [TEXT] | show API | create OPTIONS | set API OPTIONS | delete API\n"
     "  Options are the members of the record: --name, --listen-path, --target-url,\n"
     "  --use-certificate, --use-token false, --active false, --timeout-ms, --allowed-ips, …\n"
     "  Of its parts: --upstream-tls-ca-certificates SHA256, --upstream-tls-client-certificate "
     "FILE,\n"
     "  --upstream-tls-client-key FILE, --request-headers-set \"Name: value\", "
     "--cors-allowed-origins\n"
     "  ORIGIN, …; --upstream-tls null takes the whole part away.\n"
     "  --secret-headers \"Name: FILE\" has the value out of a file; \"Name\" leaves it.\n"   },
    {"key",	    key_main,
     "key list [TEXT] | show KEY | create OPTIONS | set KEY OPTIONS | delete KEY\n"
     "key add KEY --cert FILE | add KEY --token | revoke KEY SHA256 [--reason REASON]\n"
     "key change KEY SHA256 OPTIONS\n"
     "  REASON is other, superseded, left or key_exposed (blocks the public key). To renew, add\n"
     "  the new certificate, then give the old one its end; KEY keeps its rights and its limits.\n"
     "  Options: --name, --cert FILE (public, or public and private key in one file), --token,\n"
     "  --api API (once per API), --policy-ids POLICY (once per policy), --active false,\n"
     "  --expires-at TIME, --rate 100/60, --quota 1000/day, --max-concurrent N, --tags TAG;\n"
     "  of change: --ends-at TIME, --active-from TIME, --active true, --bound-to SHA256.\n"   },
    {"policy",      policy_main,
     "policy list [TEXT] | show POLICY | create OPTIONS | set POLICY OPTIONS\n"
     "policy delete POLICY [--detach]\n"
     "  Options: --name, --applies access|rate|quota (once per part), --api API, --rate 100/60\n"
     "  (requests/seconds), --quota 1000/day, --key-lifetime-days N, --active false.\n"
     "  --detach: also from the keys that have it.\n"					     },
    {"token",	      token_main,
     "token list [TEXT] | show TOKEN | create OPTIONS | set TOKEN OPTIONS | delete TOKEN\n"
     "  Tokens for the REST interface. Options: --name, --role owner|admin|viewer,\n"
     "  --owner USER (of a new one; admin), --expires-at TIME (at most a year ahead).\n"	},
    {"user",	     user_main,
     "user list [TEXT] | show USER | create OPTIONS | set USER OPTIONS | delete USER | reset USER\n"
     "  Options: --name, --role owner|admin|viewer, --email ADDRESS, --must-change,\n"
     "  --password-stdin (the password is read from standard input, never from an option; without\n"
     "  it `create` prints a one-time password, as `reset` does). --held false lets somebody in\n"
     "  again whom a restore holds.\n"							},
    {"settings",	 settings_main,
     "settings show | settings set OPTIONS\n"
     "  What holds for the whole installation. Options: --base-urls-gate URL, --base-urls-portal "
     "URL,\n"
     "  --base-urls-admin URL, --sign-up open|closed, --sign-up-domains DOMAIN (once per domain),\n"
     "  --catalogue-public false, --portal-title TEXT, --terms TEXT, --mail-from ADDRESS,\n"
     "  --lighttpd-announce-partners.\n"						      },
    {"explain",	explain_main,
     "explain --url PATH [--cert FILE] [--token-stdin] [--method M] [--address IP] [--site S]\n"
     "  The decision that the gate would take, step by step; IP is 127.0.0.1 unless given.\n" },
    {"doctor",      doctor_main,
     "doctor [--sockets DIR] [--proof-file FILE] [--apache FILE] [--lighttpd FILE]\n"
     "       [--call URL [--cacert FILE]]\n"
     "  Checks folders, store, clock, sockets, the proof and the web server's configuration (the "
     "one\n"
     "  that Debian has, or FILE), and says what to do about each fault. --call: makes a "
     "throw-away\n"
     "  certificate, calls the host at URL with it, and connects to the upstreams. Exits 1 on a "
     "fault.\n"
     "  DIR and FILE of the proof are those of the web server's configuration unless given.\n"},
    {"backup",      backup_main,
     "backup DIR [--with-key]\n"
     "  Copies the store, while everything runs, into a folder that is new or empty and the data\n"
     "  folder's owner's, and checks the copy.\n"
     "  --with-key: the keys too, sealed under the passphrase on standard input.\n"	   },
    {"restore",	restore_main,
     "restore DIR [--yes] [--with-key]\n"
     "  Goes back to a backup. Says what will be lost or held, and does it with --yes. Refuses\n"
     "  while the data folder is in use; keeps the databases that were there.\n"		},
    {"verify",      verify_main,
     "verify [--head NUMBER:HASH]\n"
     "  Checks a copy of the store: files, records, indexes, references, and the audit's chain, "
     "to\n"
     "  a head that was noted in syslog.\n"						   },
    {"export",      export_main,
     "export FILE\n"
     "  All records as JSON (-: standard output); secrets are sealed. FILE is a new one, of who\n"
     "  calls and for nobody else, and is there once it is whole.\n"			    },
    {"import",      import_main,
     "import FILE [--skip-clashes]\n"
     "  Adds the records of an export; nothing is overwritten, and nothing is done when some\n"
     "  clash, unless those are to be skipped. What was removed here since then comes back.\n"},
    {"seal",	     seal_main,
     "seal rotate\n"
     "  Makes a new keys/seal.key and seals under it whatever was sealed; the one before is kept\n"
     "  as keys/seal.previous until the next time, for backups.\n"				  },
    {"mail",	     mail_main,
     "mail [--watch]\n"
     "  Sends the mails that wait, to the folder mail_folder as files, else by the program\n"
     "  mail_command (/usr/sbin/sendmail). --watch: goes on, as `supervise` runs it.\n"       },
    {"steward",	steward_main,
     "steward\n"
     "  The housekeeping, once: saves quotas, writes the logs back and removes what is not "
     "needed.\n"									      },
    {"lighttpd-ca", lighttpd_ca_main,
     "lighttpd-ca [--watch] FILE\n"
     "  Writes FILE for lighttpd's ssl.ca-file, when it has changed: the registered CAs, and with\n"
     "  the setting lighttpd_announce_partners the certificates of the keys, whose names lighttpd\n"
     "  then shows to anybody who connects. --watch: goes on, and writes it again after each "
     "change.\n"									      },
    {"supervise",	  supervise_main,
     "supervise --sockets DIR [--user NAME] [--group GROUP] [--bin DIR] [--gates N] [--admins M]\n"
     "          [--portals P] [--lighttpd-ca FILE] [--no-mail]\n"
     "  Holds the sockets, starts the programs and starts them again; says `ready` when all of\n"
     "  them answer. Exits 1, saying why, where one cannot start because of how it is set up;\n"
     "  else it tries again. With --lighttpd-ca also `lighttpd-ca --watch FILE`, as the\n"
     "  programs' user. --no-mail: something else, as the unit certgate-mail.service, runs `mail\n"
     "  --watch`. SIGUSR1 starts all programs anew, with the settings of now, each before the\n"
     "  one that it follows ends, which then answers what it has begun: no request waits or is\n"
     "  lost. Where they cannot start, the old ones go on.\n"				     },
    {"version",	version_main,
     "version\n"
     "  Says which version this is, as `certgate --version` does.\n"			    },
};

static int usage(FILE *to, const char *only)
{
	char safe[200];
	if (!only)
		(void)fputs("certgate [--home DIR] [--json] COMMAND …\n"
			    "certgate --version | --help | COMMAND --help\n"
			    "  The data folder is DIR, else CERTGATE_HOME, else that of the "
			    "configuration.\n\n",
			    to);
	bool found = !only;
	for (size_t i = 0; i < CG_COUNT(commands); i++)
		if (!only || strcmp(only, commands[i].name) == 0) {
			found = true;
			(void)fputs(commands[i].help, to);
		}
	if (!found) {
		(void)usage(stderr, NULL);
		text_for_log(span_of(only), safe, sizeof(safe));
		(void)fprintf(stderr, "certgate: There is no command “%s”; these are all.\n", safe);
		return EXIT_USAGE;
	}
	return to == stdout ? command_told() : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct command c = {.n_words = argc > 0 ? argc - 1 : 0, .words = argv + 1};
	const char *home;
	if (!file_hold_standard())
		return EXIT_REFUSED;
	log_open("certgate");
	arena_init(&c.arena, COMMAND_ARENA_MAX);
	if (gnutls_global_init() < 0) {
		(void)fputs("certgate: GnuTLS cannot be used.\n", stderr);
		return EXIT_REFUSED;
	}
	while ((home = command_take(&c, "--home")))
		c.home_option = home;
	c.json = command_take_flag(&c, "--json");
	bool wants_help = command_take_flag(&c, "--help");
	bool wants_version = command_take_flag(&c, "--version");
	const char *name = command_next(&c);
	if (wants_help || (name && strcmp(name, "help") == 0))
		return usage(stdout, wants_help ? name : command_next(&c));
	if (wants_version)
		return version_main(&c);
	for (size_t i = 0; name && i < CG_COUNT(commands); i++)
		if (strcmp(name, commands[i].name) == 0) {
			int status = commands[i].run(&c);
			if (status == EXIT_USAGE)
				(void)usage(stderr, name);
			command_close(&c);
			return status;
		}
	return usage(stderr, name);
}
