#!/bin/sh
# Gives a machine of the lab files of its own. Runs in its mount namespace: nobody else sees any of it.
# $1: where its files are kept; then directories that it goes on sharing, wherever they lie.
set -eu
own=$1
shift
umask 022

# private <directory> <shared directories>: what the machine sees there is its own, and empty at first.
private() {
  place=$1
  shift
  mkdir -p "$own$place"
  chmod --reference="$place" "$own$place"
  for shared; do
    case $shared in
    "$place"/*)
      mkdir -p "$own$shared"
      mount --rbind "$shared" "$own$shared"
      ;;
    esac
  done
  mount --rbind "$own$place" "$place"
}

# A copy, since programs want their names and numbers from there; but no keys and no settings of the servers here. In memory:
# it has secrets. A file of /etc may be a mount of its own, as in containers: its copy is not.
mkdir -p "$own/etc"
mount -t tmpfs -o mode=755 tmpfs "$own/etc"
cp --archive /etc/. "$own/etc"
rm -rf "$own/etc/ssh" "$own/etc/libvirt" "$own/etc/pki" "$own/etc/tgt" "$own/etc/ganesha"
mkdir -p "$own/etc/ssh" "$own/etc/libvirt" "$own/etc/ganesha"
mkdir -p "$own/etc/pki/CA" "$own/etc/pki/libvirt/private" "$own/etc/pki/qemu"
mount --move "$own/etc" /etc

# Nothing of the machine's own services is there: no D-Bus, no systemd, no udev.
private /run "$@"
mkdir -p /run/lock /run/sshd /run/rpcbind /run/tgtd
private /tmp "$@"
for directory in /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /var/lib/nfs ~root/.ssh; do
  if [ -d "$directory" ]; then private "$directory" "$@"; fi
done
if [ -d /var/lib/libvirt ]; then mkdir -p /var/lib/libvirt/images; fi

# libvirt keeps files in it under the numbers of its VMs, and both hosts have a VM of number 1.
if grep -q hugetlbfs /proc/filesystems; then
  mkdir -p /run/hugepages
  mount -t hugetlbfs hugetlbfs /run/hugepages
fi

# /sys shows the network of whoever mounted it.
mount -t sysfs sysfs /sys
