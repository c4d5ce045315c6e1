#!/bin/sh
# Starts one of certgate's programs from a user's folder: as certgate.cgi by plain CGI, as certgate.fcgi by
# mod_fcgid.  The file htaccess beside it is the manual.
PROGRAM=gate
PROGRAMS=/srv/alice/lib/certgate/cgi-bin
CERTGATE_HOME=/srv/alice/certgate
export CERTGATE_HOME
exec "$PROGRAMS/$PROGRAM"
