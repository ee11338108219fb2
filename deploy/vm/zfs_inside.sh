#!/bin/bash
# The first process of the virtual machine of zfs.sh: makes pools on files, breaks them, keeps what zpool prints of
# each case and what virtual.zfs makes of it in /out (a tar on /dev/vdb), and switches the machine off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 TZ=UTC HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2> /dev/null
mount -o remount,rw /
hostname throwaway
mkdir -p /out /p
pace() { echo "$1" > /sys/module/zfs/parameters/zfs_scan_suspend_progress; }  # 1: a scan stays where it is
running() { for _ in $(seq 600); do zpool status "$1" | grep -q "$2 in progress" && return 0; sleep 0.5; done; }
calm() { for _ in $(seq 600); do zpool status "$1" | grep -q "in progress" || return 0; sleep 0.5; done; }
disk() { for name in "${@:2}"; do truncate -s "$1" "/p/$name"; done; }
keep() { # the programs' own bytes, as anybody may ask; then the look, by its real commands
  local list="zpool list -Hp -o name,size,allocated,health" status="zpool status -p"
  for one in list status; do
    timeout 60 setpriv --reuid=65534 --clear-groups ${!one} > "/out/$1.$one" 2> "/out/$1.$one.told"
    echo $? > "/out/$1.$one.exit"
  done
  (cd /srv && timeout 120 setpriv --reuid=65534 --clear-groups python3 zfs_look.py) > "/out/$1.look" 2>&1
  echo "vm: $1: $(cat "/out/$1.look")"
}
keep no_module
for module in spl zavl znvpair zunicode zcommon icp zlua zzstd zfs; do insmod "/srv/modules/$module.ko" || echo "vm: no $module"; done
for _ in $(seq 50); do [ -c /dev/zfs ] && break; sleep 0.2; done
chmod 600 /dev/zfs; keep denied
chmod 666 /dev/zfs  # as the package's udev rule does
keep none
disk 128M a b c d e
zpool create tank mirror /p/a /p/b; zpool create wide raidz /p/c /p/d /p/e
for pool in tank wide; do dd if=/dev/urandom of=/$pool/file bs=1M count=30 status=none; done; sync; zpool sync
keep ok
zpool offline tank /p/b; dd if=/dev/urandom of=/tank/more bs=1M count=10 status=none; zpool sync
keep offline
pace 1; zpool online tank /p/b; running tank resilver; keep resilvering_online; pace 0; calm tank
keep whole_again
zpool offline -f tank /p/b; keep faulted_member; zpool clear tank /p/b; calm tank
dd if=/dev/urandom of=/p/d bs=1M seek=6 count=40 conv=notrunc status=none
zpool export wide; zpool import -d /p wide; zpool scrub -w wide; keep checksum_errors; zpool clear wide
pace 1; zpool scrub wide; running wide scrub; keep scrubbing; pace 0; calm wide
zpool export tank; rm /p/b; zpool import -d /p tank; keep missing_member
disk 128M f; pace 1; zpool replace tank /p/b /p/f 2> /out/replace || zpool replace tank "$(zpool status -g tank | awk '/UNAVAIL|OFFLINE|FAULTED/ {print $1; exit}')" /p/f
running tank resilver; keep replacing; pace 0; calm tank; keep replaced
zpool destroy wide; rm -f /p/c /p/d /p/e
disk 64M g; zpool create lone /p/g; dd if=/dev/urandom of=/lone/file bs=1M count=20 status=none; zpool sync
for at in $(seq 8 40); do dd if=/dev/urandom of=/p/g bs=64k seek=$((at * 16)) count=6 conv=notrunc status=none; done
zpool scrub -w lone; cat /lone/file > /dev/null 2>&1; keep damaged; zpool destroy -f lone
disk 1G h; zpool create -O compression=off full /p/h; dd if=/dev/zero of=/full/file bs=1M status=none; zpool sync
keep nearly_full; zpool destroy full
disk 64M i; zpool create -o failmode=continue gone /p/i; : > /p/i; (dd if=/dev/urandom of=/gone/file bs=1M count=5; timeout 20 zpool scrub gone) > /dev/null 2>&1 &
sleep 10; keep suspended
tar -C /out -cf /dev/vdb . ; sync; echo "vm: PASS"; echo o > /proc/sysrq-trigger; sleep 60
