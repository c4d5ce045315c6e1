/* The audit log: what was done, by whom and from where. */
#include "base/base.h"
#include "model/audit.h"
#include "show.h"

static const struct {
	const char *action, *text;
} actions[] = {
    {"api.create",		   "API created"			},
    {"api.change",		   "API changed"			},
    {"api.delete",		   "API deleted"			},
    {"key.create",		   "Key created"			},
    {"key.change",		   "Key changed"			},
    {"key.delete",		   "Key deleted"			},
    {"policy.create",	      "Policy created"		      },
    {"policy.change",	      "Policy changed"		      },
    {"policy.delete",	      "Policy deleted"		      },
    {"credential.add",	       "Credential added"		 },
    {"credential.change",	  "Credential changed"	      },
    {"credential.revoke",	  "Credential revoked"	      },
    {"credential.proven",	  "Private key proven"	      },
    {"certificate.create",	   "Certificate registered"	   },
    {"certificate.delete",	   "Certificate deleted"		},
    {"certificate.crl",		"Revocation list given"	       },
    {"certificate.crl_delete",  "Revocation list removed"		},
    {"exposed_key.create",	   "Public key blocked"	       },
    {"user.create",		    "User created"			  },
    {"user.change",		    "User changed"			  },
    {"user.delete",		    "User deleted"			  },
    {"user.sign_in",	     "Signed in"			},
    {"user.password",	      "Password changed"		},
    {"user.reset",		   "One-time password given"	    },
    {"token.create",	     "REST token created"		 },
    {"token.delete",	     "REST token ended"		       },
    {"token.change",	     "REST token changed"		 },
    {"user.certificate_add",    "Sign-in certificate added"	},
    {"user.certificate_remove", "Sign-in certificate removed"     },
    {"settings.change",		"Settings changed"		  },
    {"organisation.create",	    "Organisation created"		  },
    {"organisation.change",	    "Organisation changed"		  },
    {"organisation.delete",	    "Organisation deleted"		  },
    {"developer.create",	 "Developer joined"		   },
    {"developer.change",	 "Developer changed"		    },
    {"developer.delete",	 "Developer deleted"		    },
    {"developer.sign_in",	  "Developer signed in"	       },
    {"developer.password",	   "Developer's password changed"	 },
    {"catalogue.create",	 "Catalogue entry created"	  },
    {"catalogue.change",	 "Catalogue entry changed"	  },
    {"catalogue.delete",	 "Catalogue entry deleted"	  },
    {"request.create",	       "Key requested"		      },
    {"request.proven",	       "Request proven"		       },
    {"request.approve",		"Request approved"		  },
    {"request.decline",		"Request declined"		  },
    {"request.withdraw",	 "Request withdrawn"		    },
    {"credential.yield",	 "Credential given up to its owner"},
    {"credential.ends_soon",    "Credential ends soon"		   },
    {"credential.expired",	   "Credential ended"		     },
    {"key.ends_soon",	      "Key ends soon"		     },
    {"key.expired",		    "Key ended"		       },
    {"quota.nearly_reached",    "Quota nearly used up"		   },
    {"quota.reached",	      "Quota used up"		     },
    {"exposed_key.delete",	   "Block of a public key lifted"	 },
    {"seal_key.rotate",		"Sealing key changed"	     },
    {"store.import",	     "Records imported"		       },
    {"store.restore",	      "Backup restored"		       },
};

const char *show_action(const char *action)
{
	if (!action)
		return "";
	for (size_t i = 0; i < CG_COUNT(actions); i++)
		if (strcmp(actions[i].action, action) == 0)
			return actions[i].text;
	return action;
}

/* Where the page of the subject is; "" where it has none. */
static json_t *subject_link(const Cg__AuditEntry *e)
{
	static const struct {
		const char *prefix, *path;
	} paths[] = {
	    {"api.",	     "apis"	   },
	    {"key.",	     "keys"	   },
	    {"credential.",  "keys"	  },
	    {"certificate.", "certificates"},
	};
	for (size_t i = 0; e->action && e->subject_id && i < CG_COUNT(paths); i++)
		if (strncmp(e->action, paths[i].prefix, strlen(paths[i].prefix)) == 0)
			return json_sprintf("/admin/%s/%s", paths[i].path, e->subject_id);
	return json_string("");
}

void audit_page(void *arg)
{
	struct page_call *call = arg;
	struct cg_err err = {0};
	struct audit_page page;
	const char *q = page_query(call, "q");
	cg_rc rc = audit_list(call->program->store, &call->actor, show_below(call),
			      LIST_LIMIT_DEFAULT, span_of(q), call->arena, &page, &err);
	if (rc != CG_OK) {
		page_fail(call, rc, &err);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < page.n; i++) {
		const Cg__AuditEntry *e = page.items[i];
		const char *subject =
		    e->subject_name && *e->subject_name ? e->subject_name : e->subject_id;
		(void)json_array_append_new(
		    items,
		    json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "at", page_time(call, e->at),
			      "actor", page_text(span_of(e->actor)), "action",
			      show_action(e->action), "subject", page_text(span_of(subject)),
			      "link", subject_link(e), "from", page_text(span_of(e->from_address)),
			      "changes", page_text(span_of(e->changes))));
	}
	page_show(call, 200, "audit", "audit", "Audit log",
		  json_pack("{s:o, s:o, s:b, s:o}", "items", items, "q", page_text(span_of(q)),
			    "searched", (int)(*q != '\0'), "next",
			    page_next(call, "/admin/audit", q, show_next_below(call, page.next))));
}
