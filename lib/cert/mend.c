#include "base/base.h"
#include "cert/inside.h"
#include <unistr.h>

static const struct {
	struct span from;
	char to; /* 0: nothing */
} fixed[] = {
  /* What backslash escapes leave is white space in any case. */
    {SPAN_LIT("\\n"),	      '\n'},
    {SPAN_LIT("\\r"),	      '\r'},
    {SPAN_LIT("\\t"),	      '\t'},
    {SPAN_LIT("\\/"),	      '/' },
    {SPAN_LIT("\\\""),	       '"' },
    {SPAN_LIT("\\\\"),	       '\\'},
    {SPAN_LIT("&amp;"),	'&' },
    {SPAN_LIT("&quot;"),	 '"' },
    {SPAN_LIT("&lt;"),	       '<' },
    {SPAN_LIT("&gt;"),	       '>' },
    {SPAN_LIT("&nbsp;"),	 ' ' },
    {SPAN_LIT("&NewLine;"),    '\n'},
    {SPAN_LIT("&Tab;"),	'\t'},
    {SPAN_LIT("&plus;"),	 '+' },
    {SPAN_LIT("&equals;"),	   '=' },
    {SPAN_LIT("&sol;"),	'/' },
    {SPAN_LIT("\xc2\xa0"),	   ' ' }, /* no-break space */
    {SPAN_LIT("\xe2\x80\xaf"), ' ' },
    {SPAN_LIT("\xe2\x80\xa8"), '\n'}, /* line and paragraph separator */
    {SPAN_LIT("\xe2\x80\xa9"), '\n'},
    {SPAN_LIT("\xc2\xad"),	   0   }, /* soft hyphen */
    {SPAN_LIT("\xe2\x80\x8b"), 0	}, /* zero-width space, joiners, word joiner */
    {SPAN_LIT("\xe2\x80\x8c"), 0	},
    {SPAN_LIT("\xe2\x80\x8d"), 0	},
    {SPAN_LIT("\xe2\x81\xa0"), 0	},
    {SPAN_LIT("\xef\xbb\xbf"), 0	}, /* byte order mark */
};

/* Up to `most` digits at s; how many, and their value. */
static size_t number_at(struct span s, bool hex, size_t most, uint32_t *value)
{
	size_t n = 0;
	*value = 0;
	while (n < s.n && n < most) {
		int d = hex_digit(s.p[n]);
		if (d < 0 || (!hex && d > 9))
			break;
		*value = *value * (hex ? 16 : 10) + (uint32_t)d;
		n++;
	}
	return n;
}

/* An escape that stands for a character by its number: its length, or 0. */
static size_t numbered_at(struct span s, uint32_t *c)
{
	if (s.n >= 3 && s.p[0] == '%')
		return number_at(span_from(s, 1), true, 2, c) == 2 ? 3 : 0;
	if (s.n >= 6 && s.p[0] == '\\' && s.p[1] == 'u')
		return number_at(span_from(s, 2), true, 4, c) == 4 ? 6 : 0;
	if (s.n >= 4 && s.p[0] == '&' && s.p[1] == '#') {
		bool hex = s.p[2] == 'x' || s.p[2] == 'X';
		size_t head = hex ? 3 : 2;
		/* Eight digits fit for any character and in 32 bits. */
		size_t n = number_at(span_from(s, head), hex, 8, c);
		return n > 0 && head + n < s.n && s.p[head + n] == ';' ? head + n + 1 : 0;
	}
	return 0;
}

size_t mend(struct span text, char *out, bool *changed)
{
	size_t n = 0;
	*changed = false;
	while (text.n > 0) {
		uint32_t c;
		size_t used = 0;
		uint8_t first = (uint8_t)text.p[0];
		if (first == '%' || first == '\\' || first == '&')
			used = numbered_at(text, &c);
		if (used > 0) {
			uint8_t utf8[6];
			/* %XX is a byte, the others are characters; none grows. */
			int len = first == '%' ? 0 : u8_uctomb(utf8, c, sizeof(utf8));
			if (len > 0 && (size_t)len <= used) {
				memcpy(out + n, utf8, (size_t)len);
				n += (size_t)len;
			} else {
				out[n++] = first == '%' ? (char)(uint8_t)c : '?';
			}
		} else if (first == '\\' || first == '&' || first >= 0x80) {
			for (size_t i = 0; i < CG_COUNT(fixed) && used == 0; i++)
				if (span_starts(text, fixed[i].from)) {
					used = fixed[i].from.n;
					if (fixed[i].to)
						out[n++] = fixed[i].to;
				}
		}
		if (used > 0) {
			*changed = true;
		} else {
			out[n++] = text.p[0];
			used = 1;
		}
		text = span_from(text, used);
	}
	return n;
}
