#!/bin/sh
# Becomes `perennial` in the folder of the installation, whatever links lead there.
here=$(readlink -f -- "$0") || exit 1
here=${here%/*}
exec "$here/runtime/bin/python3" -I -S -B "$here/launcher" "$@"
