#include "base/base.h"
#include "web/response.h"
#include "base/field.h"
#include "base/limits.h"
#include "base/text.h"
#include "web/io.h"

#define HEAD_FIRST_BYTES 1024 /* most heads are shorter */

const char *web_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {
	    {200, "OK"			     },
	    {201, "Created"			   },
	    {202, "Accepted"			    },
	    {204, "No Content"		      },
	    {206, "Partial Content"		   },
	    {301, "Moved Permanently"		     },
	    {302, "Found"			  },
	    {303, "See Other"			     },
	    {304, "Not Modified"			},
	    {307, "Temporary Redirect"	      },
	    {308, "Permanent Redirect"	      },
	    {400, "Bad Request"		       },
	    {401, "Unauthorized"			},
	    {403, "Forbidden"			     },
	    {404, "Not Found"			     },
	    {405, "Method Not Allowed"	      },
	    {406, "Not Acceptable"		  },
	    {408, "Request Timeout"		   },
	    {409, "Conflict"			    },
	    {410, "Gone"			   },
	    {411, "Length Required"		   },
	    {412, "Precondition Failed"	       },
	    {413, "Content Too Large"		     },
	    {414, "URI Too Long"			},
	    {415, "Unsupported Media Type"	  },
	    {416, "Range Not Satisfiable"		 },
	    {422, "Unprocessable Content"		 },
	    {428, "Precondition Required"		 },
	    {429, "Too Many Requests"		     },
	    {431, "Request Header Fields Too Large"},
	    {500, "Internal Server Error"		 },
	    {501, "Not Implemented"		   },
	    {502, "Bad Gateway"		       },
	    {503, "Service Unavailable"	       },
	    {504, "Gateway Timeout"		   },
	    {507, "Insufficient Storage"		},
	};
	for (size_t i = 0; i < CG_COUNT(rows); i++)
		if (rows[i].status == status)
			return rows[i].reason;
	return "Status";
}

void web_response_status(struct web_response *resp, int status)
{
	if (!resp->head_sent)
		resp->status = status;
}

/* Room for n more bytes; what was there stays behind in the arena, which is wiped. */
static bool make_room(struct web_response *resp, size_t n)
{
	size_t room = resp->head_room > 0 ? resp->head_room : HEAD_FIRST_BYTES;
	if (n <= resp->head_room - resp->head_n)
		return true;
	while (n > room - resp->head_n)
		room *= 2;
	char *head = arena_alloc(resp->request->arena, room);
	if (!head) {
		resp->head_failed = true;
		return false;
	}
	if (resp->head_n > 0)
		memcpy(head, resp->head, resp->head_n);
	resp->head = head;
	resp->head_room = room;
	return true;
}

void web_response_init(struct web_response *resp, struct web_request *req)
{
	*resp = (struct web_response){.request = req};
	/* Now, so that what a refusal says has its place also where a request takes all memory. */
	(void)make_room(resp, HEAD_FIRST_BYTES);
}

static void put(struct web_response *resp, struct span s)
{
	if (s.n > 0)
		memcpy(resp->head + resp->head_n, s.p, s.n);
	resp->head_n += s.n;
}

cg_rc web_response_field(struct web_response *resp, struct span name, struct span value)
{
	if (resp->head_sent || !field_is_token(name) || span_is_nocase(name, SPAN_LIT("status")))
		return CG_FAIL;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
			return CG_FAIL;
	if (resp->head_failed || name.n + value.n + 4 > RESPONSE_HEAD_MAX - resp->head_n ||
	    !make_room(resp, name.n + value.n + 4))
		return CG_FAIL;
	put(resp, name);
	put(resp, SPAN_LIT(": "));
	put(resp, value);
	put(resp, SPAN_LIT("\r\n"));
	return CG_OK;
}

cg_rc web_response_field_text(struct web_response *resp, const char *name, const char *value)
{
	return web_response_field(resp, span_of(name), span_of(value));
}

size_t web_response_mark(const struct web_response *resp)
{
	return resp->head_n;
}

void web_response_rewind(struct web_response *resp, size_t mark)
{
	if (!resp->head_sent && mark < resp->head_n)
		resp->head_n = mark;
}

static void send_head(struct web_response *resp)
{
	/* An answer that lost fields of its head must not go out as if it were whole. */
	if (resp->head_failed || resp->status < 200 || resp->status > 599) {
		resp->status = 500;
		resp->reason.n = 0;
	}
	char status[DECIMAL_TEXT];
	(void)decimal_format((uint64_t)resp->status, status);
	struct span reason = resp->reason.n > 0 ? resp->reason : span_of(web_reason(resp->status));
	resp->body_allowed = !resp->request->is_head && resp->status != 204 && resp->status != 304;
	resp->head_sent = true;
	resp->unflushed = true;
	struct web_io *io = resp->request->io;
	const struct span line[] = {SPAN_LIT("Status: "), span_of(status), SPAN_LIT(" "), reason,
				    SPAN_LIT("\r\n")};
	for (size_t i = 0; i < CG_COUNT(line); i++)
		(void)web_io_write(io, line[i]);
	if (!resp->head_failed)
		(void)web_io_write(io, span_make(resp->head, resp->head_n));
	(void)web_io_write(io, SPAN_LIT("\r\n"));
}

cg_rc web_response_body(struct web_response *resp, struct span bytes)
{
	struct web_io *io = resp->request->io;
	if (resp->aborted)
		return CG_FAIL;
	if (!resp->head_sent)
		send_head(resp);
	if (resp->body_allowed && bytes.n > 0) {
		(void)web_io_write(io, bytes);
		resp->body_bytes += bytes.n;
		resp->unflushed = true;
	}
	return io->out_broken ? CG_FAIL : CG_OK;
}

cg_rc web_response_flush(struct web_response *resp)
{
	if (resp->aborted)
		return CG_FAIL;
	if (!resp->head_sent)
		send_head(resp);
	if (resp->unflushed)
		(void)web_io_flush(resp->request->io);
	resp->unflushed = false;
	return resp->request->io->out_broken ? CG_FAIL : CG_OK;
}

bool web_response_take_back(struct web_response *resp, size_t mark)
{
	if (resp->aborted || resp->head_failed || !web_io_take_back(resp->request->io))
		return false;
	resp->head_sent = resp->unflushed = false;
	resp->body_bytes = 0;
	resp->reason.n = 0;
	web_response_rewind(resp, mark);
	return true;
}

cg_rc web_response_send(struct web_response *resp, int status, const char *content_type,
			struct span body)
{
	char length[24];
	(void)snprintf(length, sizeof(length), "%zu", body.n);
	web_response_status(resp, status);
	if (content_type)
		(void)web_response_field_text(resp, "Content-Type", content_type);
	if (status != 204 && status != 304)
		(void)web_response_field_text(resp, "Content-Length", length);
	return web_response_body(resp, body);
}

void web_response_abort(struct web_response *resp)
{
	resp->aborted = true;
	resp->request->io->out_broken = true;
}
