#!/bin/sh
# One of MySQL's programs, by the name that this file was called by, run by the loader that belongs to it.
usr=/opt/mysql/usr
name=$(basename "$0")
set -- --no-defaults "$@"
case $name in
  mysqld)
    program=$usr/sbin/mysqld
    set -- "$@" --basedir="$usr" --lc-messages-dir="$usr/share/mysql" --character-sets-dir="$usr/share/mysql/charsets" \
      --plugin-dir="$usr/lib/mysql/plugin" --secure-file-priv=NULL ;;
  *) program=$usr/bin/$name ;;
esac
loader=$(echo $usr/lib64/ld-linux-*.so.*)
libraries=$(echo $usr/lib/*-linux-gnu)
exec "$loader" --library-path "$libraries" "$program" "$@"
