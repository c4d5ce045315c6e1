#!/bin/bash
# ctemplate escapes nothing by itself: every template begins with the line that makes it.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tools/tap.sh

wrong='' files=0
while read -r file; do
	files=$((files + 1))
	head -n 1 "$file" | grep -qE '^\{\{%AUTOESCAPE context="(HTML|JAVASCRIPT|CSS|JSON|XML)"' ||
		wrong="$wrong $file"
done < <(find templates -type f -name '*.tpl' ! -name '*.txt.tpl' 2>/dev/null)
[ -z "$wrong" ]
ok $? "every template begins with its auto-escape line ($files templates)" "$wrong"

# Elsewhere the escapes of ctemplate make one line of several, which a form would then send back.
fields=$(grep -rhoE '>[^>]*</textarea>' templates --include='*.tpl')
wrong=$(grep -vE '^>(\{\{[a-z0-9_]+:(p|pre_escape)\}\})?</textarea>$' <<<"$fields")
[ -n "$fields" ] && [ -z "$wrong" ]
ok $? "fields of several lines keep their line ends" "$wrong"

# The plain text of mails needs no escapes, as long as it is nothing else.
wrong=$(find templates -name '*.txt.tpl' ! -path 'templates/mail/*')$(grep -l '<' templates/mail/*.txt.tpl | tr '\n' ' ')
[ -z "$wrong" ]
ok $? "plain text templates are mails' and have no mark-up" "$wrong"

# The escape of HTML makes one line of several: in a field of lines values have the one that does not.
wrong=$(grep -rohE --include='*.tpl' '<textarea.*</textarea>' templates |
	grep -oE '\{\{[a-z_]+(:[a-z_]+)?\}\}</textarea>' | grep -vE ':(p|pre_escape)\}\}' | tr '\n' ' ')
[ -z "$wrong" ]
ok $? "values in fields of several lines keep their lines" "$wrong"

# Nothing that is a template under another name slips past.
wrong=$(grep -rlE '\{\{[%#/>A-Z]' templates 2>/dev/null | grep -v '\.tpl$' | tr '\n' ' ')
[ -z "$wrong" ]
ok $? "only files named .tpl hold template marks" "$wrong"

# A guard without input guards nothing: where pages are, templates are.
[ "$files" -gt 0 ] || [ ! -d lib/page ]
ok $? "there are templates wherever there is lib/page"
done_testing
