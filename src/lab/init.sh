#!/bin/sh
# The lab's init process: it is the benchmark server, and when it ends the kernel ends everything in the lab.
# $1: the lab's directory; then the names of its other machines. Writes "<machine> <pid>" for each machine that stands.
set -eu
hostname benchmark

# The process numbers of the lab stay reachable from PID namespaces below it: /proc/<pid>/ns names the machines.
mkdir -p "$1/proc"
mount -t proc proc "$1/proc"
shift

for machine; do
  unshare --net --uts --mount sh -c '
    hostname "$1"
    echo "$1 $$"
    exec sleep infinity >/dev/null
  ' sh "$machine" &
done

# Waiting for one child, the shell reaps every orphan that the kernel hands to the init process.
sleep infinity >/dev/null &
wait "$!"
