#!/bin/bash
# lib/ORDER: a module includes itself and modules above it in the list; programs include modules and
# themselves, never each other.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tools/tap.sh

includes() {
	sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$1"
}

allowed='' seen=0
while read -r module; do
	[ -n "$module" ] || continue
	allowed="$allowed $module"
	wrong='' files=0
	for file in lib/"$module"/*.[ch] lib/"$module"/*.cc; do
		[ -f "$file" ] || continue
		files=$((files + 1))
		for included in $(includes "$file"); do
			seen=$((seen + 1))
			case $included in
			*/*) ;;
			*.pb-c.h) continue ;;
			*) wrong="$wrong $file:$included(written-without-its-folder)" && continue ;;
			esac
			case " $allowed schema " in
			*" ${included%%/*} "*) ;;
			*) wrong="$wrong $file:$included" ;;
			esac
		done
	done
	[ "$files" -gt 0 ]
	ok $? "lib/$module has source files"
	[ -z "$wrong" ]
	ok $? "lib/$module includes nothing that stands below it" "$(tr ' ' '\n' <<<"$wrong")"
done <lib/ORDER

missing=''
for folder in lib/*/; do
	grep -qx "$(basename "$folder")" lib/ORDER || missing="$missing $folder"
done
[ -z "$missing" ]
ok $? "every folder of lib stands in lib/ORDER" "$missing"

wrong='' programs=0
for folder in cgi-bin/*/; do
	programs=$((programs + 1))
	program=$(basename "$folder")
	while read -r file; do
		for included in $(includes "$file"); do
			seen=$((seen + 1))
			case $included in *.pb-c.h) continue ;; esac
			# Of the program itself: beside the file, in the program's folder, or below it.
			[ -f "$(dirname "$file")/$included" ] || [ -f "$folder$included" ] ||
				[ "${included%%/*}" = "$program" ] && continue
			case " $allowed schema " in
			*" ${included%%/*} "*) ;;
			*) wrong="$wrong $file:$included" ;;
			esac
		done
	done < <(find "$folder" -name '*.[ch]')
done
[ -z "$wrong" ]
ok $? "programs include modules of lib and themselves" "$(tr ' ' '\n' <<<"$wrong")"
[ "$programs" -gt 0 ]
ok $? "there are programs ($programs)"
[ "$seen" -gt 20 ]
ok $? "there were includes to look at ($seen)"

wrong='' files=0
while read -r file; do
	files=$((files + 1))
	[ "$(includes "$file" | head -n 1)" = base/base.h ] || wrong="$wrong $file"
done < <(find lib cgi-bin -name '*.c')
[ -z "$wrong" ]
ok $? "base/base.h is the first include of every .c file ($files)" "$(tr ' ' '\n' <<<"$wrong")"
[ "$files" -gt 0 ]
ok $? "there were .c files to look at"
done_testing
