#!/bin/sh
# Starts one of certgate's programs from a user's folder: as certgate.cgi by plain CGI, as certgate.fcgi by
# mod_fcgid.  The file htaccess beside it is the manual.
PROGRAM=gate
PROGRAMS="/usr/lib/certgate/cgi-bin"
CERTGATE_HOME="/srv/alice/certgate"
export CERTGATE_HOME
# For plain CGI: the URL path of this folder, a name of your own for this host, the proof.  mod_fcgid has
# them from .htaccess.
CERTGATE_PREFIX="/~alice/api"
CERTGATE_SITE="www"
CERTGATE_PROOF=0000000000000000000000000000000000000000000000000000000000000000
export CERTGATE_PREFIX CERTGATE_SITE CERTGATE_PROOF
exec "$PROGRAMS/$PROGRAM"
