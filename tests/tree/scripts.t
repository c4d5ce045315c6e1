#!/bin/bash
# Scripts can be read by their interpreters, tests can be executed, and nothing names a folder of a
# developer's machine.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tools/tap.sh

shells=0 perls=0 pythons=()
while read -r file; do
	IFS= read -r -n 80 first <"$file"
	case $first in
	'#!/bin/bash'* | '#!/bin/sh'*)
		shells=$((shells + 1))
		text=$(bash -n "$file" 2>&1)
		ok $? "$file is shell" "$text"
		;;
	'#!/usr/bin/python3'*)
		pythons+=("$file")
		;;
	'#!/usr/bin/perl'*)
		perls=$((perls + 1))
		text=$(perl -c "$file" 2>&1)
		ok $? "$file is Perl" "$text"
		;;
	'#!'*)
		ok 1 "$file begins with one of the interpreters in use" "$first"
		continue
		;;
	*) continue ;;
	esac
	case $file in *.py) continue ;; esac
	[ -x "$file" ]
	ok $? "$file can be executed"
done < <(find .ci tests -type f -not -path '*/__pycache__/*' -not -path 'tests/certs/*' -not -path 'tests/fuzz/corpus/*')
[ "$shells" -gt 2 ] && [ "${#pythons[@]}" -gt 0 ] && [ "$perls" -gt 0 ]
ok $? "there were scripts to look at ($shells shell, ${#pythons[@]} Python, $perls Perl)"

read_python='
import ast, sys
for name in sys.argv[1:]:
    try:
        ast.parse(open(name).read())
        print(name)
    except (SyntaxError, ValueError) as fault:
        print(name, fault)'
seen=0
while read -r file text; do
	seen=$((seen + 1))
	[ -z "$text" ]
	ok $? "$file is Python" "$text"
done < <(/usr/bin/python3 -c "$read_python" "${pythons[@]}")
[ "$seen" -eq ${#pythons[@]} ]
ok $? "all Python was read" "$seen of ${#pythons[@]}"

wrong=$(find tests -name '*.t' ! -perm -u=x -not -path 'tests/certs/*' -not -path 'tests/fuzz/corpus/*' | tr '\n' ' ')
[ -z "$wrong" ]
ok $? "every .t file can be executed" "$wrong"
wrong=$(find tests -mindepth 4 -name '*.t' -not -path 'tests/certs/*' -not -path 'tests/fuzz/corpus/*' | tr '\n' ' ')
[ -z "$wrong" ]
ok $? "no .t file lies so deep that make does not see it" "$wrong"

if command -v shellcheck >/dev/null; then
	text=$(grep -lrE --exclude-dir=certs --exclude-dir=corpus '^#!/bin/(ba)?sh' .ci tests | sort | xargs -d '\n' shellcheck -x 2>&1)
	ok $? "shellcheck has nothing to say" "$text"
else
	skip "shellcheck has nothing to say" "shellcheck is not installed"
fi

# /home, /root, /Users, or the folder where this very tree lies.
here=$(pwd -P)
wrong=$(grep -rnE --exclude-dir=certs --exclude-dir=corpus "(^|[^A-Za-z0-9_.\$}\"-])(/home/[a-z]|/root/|/Users/)" \
	Makefile .ci apache-conf cgi-bin lib schema templates tests 2>/dev/null |
	grep -v '^tests/tree/scripts.t:')
[ -z "$wrong" ]
ok $? "no file names a developer's folder" "$wrong"
case $here in
/ | /usr/* | /tmp | /build | /src) skip "no file names the folder of this tree" "it lies in $here" ;;
*)
	wrong=$(grep -rnF --exclude-dir=certs --exclude-dir=corpus "$here/" Makefile README.md .ci apache-conf cgi-bin lib schema templates tests 2>/dev/null)
	[ -z "$wrong" ]
	ok $? "no file names the folder of this tree" "$wrong"
	;;
esac
done_testing
