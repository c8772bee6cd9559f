#!/bin/sh
# The guest's way from its kernel to "ready". Everything comes from the kernel's command line; nothing here writes later.
PATH=/sbin:/bin:/usr/sbin
export PATH
mount -t proc -o noatime proc /proc
mount -t sysfs sysfs /sys
mkdir -p /dev/pts /tmp /data
mount -t devpts devpts /dev/pts

parameter() {
  sed -n "s/.*\bmigrascope\.$1=\([^ ]*\).*/\1/p" /proc/cmdline
}

# In the order in which they depend on each other. A driver without a device is no fault.
while read -r module; do
  insmod "/lib/modules/$module" 2>/dev/null
done </lib/modules/order

hostname "$(parameter hostname)"
ip link set lo up
if [ -d /sys/class/net/eth0 ]; then
  # Addresses are usable at once, and nothing is sent unasked.
  for setting in accept_dad=0 dad_transmits=0 accept_ra=0 router_solicitations=0; do
    echo "${setting#*=}" >"/proc/sys/net/ipv6/conf/eth0/${setting%=*}"
  done
  ip link set eth0 up
  [ -z "$(parameter ipv4)" ] || ip addr add "$(parameter ipv4)" dev eth0
  [ -z "$(parameter ipv6)" ] || ip -6 addr add "$(parameter ipv6)" dev eth0
fi

if [ -b /dev/vda ]; then
  # No thread that goes on reading or initialising the disk after the boot.
  data_options=noatime,nodiratime,noinit_itable,no_prefetch_block_bitmaps
  if ! mount -t ext4 -o "$data_options" /dev/vda /data 2>/dev/null; then
    if [ "$(head -c 65536 /dev/vda | tr -d '\000' | wc -c)" = 0 ]; then
      # Few inodes: the tables for many would take longer to write than all else.
      mke2fs -F -i 1048576 -m 0 -L data /dev/vda >/dev/null && mount -t ext4 -o "$data_options" /dev/vda /data
    else
      echo "migrascope-guest: the disk is neither blank nor readable; left alone"
    fi
  fi
fi

# Swap is a file on the disk, written whole: the kernel swaps to no file with holes, and this file system reserves nothing.
# It is written past the page cache. Its zeros would fill all memory otherwise, and the hypervisor would have to allocate it.
make_swap() {
  grep -q ' /data ' /proc/mounts || { echo "there is no /data"; return 1; }
  if [ "$(stat -c %s /data/swap 2>/dev/null)" != "$1" ]; then
    rm -f /data/swap
    (umask 077 && dd if=/dev/zero of=/data/swap bs=1M count="$1" iflag=count_bytes oflag=direct status=none 2>&1) ||
      return 1
  fi
  mkswap /data/swap 2>&1 >/dev/null && swapon /data/swap 2>&1
}

swap=$(parameter swap)
if [ -z "$swap" ]; then
  rm -f /data/swap
elif ! why=$(make_swap "$swap"); then
  rm -f /data/swap
  echo "migrascope-guest: no swap of $swap bytes: $why"
fi

# Whoever presses the power button wants the file systems unmounted.
[ ! -e /dev/input ] || acpid -c /etc/acpi -l /dev/null -p /run/acpid.pid

dropbear -s -j -k -r /etc/dropbear/host_key
echo "migrascope-guest ready"
