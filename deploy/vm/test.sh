#!/usr/bin/env bash
# `make vm-test`: installs the offline set in a virtual machine that has no network, from the units, and lets it
# enrol an agent and inspect itself. Debian 12 by debootstrap (VM_MIRROR: another mirror), QEMU without KVM. Needs
# root, apt. Leaves deploy/vm/last.log. The machine's folder is kept in VM_DIR (default /tmp/roundseal-vm) and reused.
set -euo pipefail
cd "$(dirname "$0")/../.."
repo=$PWD
dir=${VM_DIR:-/tmp/roundseal-vm}
log=$repo/deploy/vm/last.log
say() { printf 'vm-test: %s\n' "$*"; }
[ "$(id -u)" = 0 ] || { say "needs root (debootstrap)"; exit 2; }

export DEBIAN_FRONTEND=noninteractive
missing=
for package in qemu-system-x86 debootstrap busybox-static cpio zstd e2fsprogs; do
  dpkg-query -W -f='${Status}' $package 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
# shellcheck disable=SC2086
[ -z "$missing" ] || { say "installing$missing"; apt-get update -qq; apt-get install -y -qq --no-install-recommends $missing >/dev/null; }

mkdir -p "$dir"
included=systemd,systemd-sysv,udev,dbus,kmod,iproute2,python3-minimal,python3-venv,ca-certificates,procps,mdadm,lvm2,smartmontools,multipath-tools,auditd,nftables
if [ "$(cat "$dir/base/etc/included" 2>/dev/null)" != "$included" ]; then
  say "debootstrap"
  rm -rf "$dir/base.new" "$dir/base" "$dir/vmlinuz"
  debootstrap --variant=minbase --include="$included" \
    bookworm "$dir/base.new" ${VM_MIRROR:+"$VM_MIRROR"} > "$dir/debootstrap.log" 2>&1 || { tail -5 "$dir/debootstrap.log"; exit 2; }
  echo "$included" > "$dir/base.new/etc/included"
  mv "$dir/base.new" "$dir/base"
fi
if [ ! -f "$dir/vmlinuz" ]; then
  say "kernel"
  rm -rf "$dir/kernel" && mkdir -p "$dir/kernel"
  name=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image-[0-9]/ {print $2; exit}')
  [ -n "$name" ] || { say "no kernel package: run apt-get update"; exit 2; }
  (cd "$dir/kernel" && apt-get download -qq "$name" && dpkg -x ./*.deb .)
  cp -r "$dir"/kernel/lib/modules "$dir/base/lib/"
  # The machine's own kmod: this host may have none.
  for version in "$dir"/base/lib/modules/*; do chroot "$dir/base" /sbin/depmod "$(basename "$version")"; done
  cp "$dir"/kernel/boot/vmlinuz-* "$dir/vmlinuz"  # last: what is half done is done anew
fi

say "offline set"
bash deploy/wheels.sh "$dir/offline"

say "disk and initramfs"
rm -rf "$dir/root" && cp -a "$dir/base" "$dir/root"
mkdir -p "$dir/root/srv" && cp -r "$dir/offline" "$dir/root/srv/offline"
cp deploy/vm/inside.sh deploy/vm/looks.py deploy/vm/estate.yaml deploy/vm/nightly.* "$dir/root/srv/"
cat > "$dir/root/etc/systemd/system/vmtest.service" <<'UNIT'
[Unit]
Description=vm test
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/bash /srv/inside.sh
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
TimeoutStartSec=infinity
[Install]
WantedBy=multi-user.target
UNIT
mkdir -p "$dir/root/etc/systemd/system/multi-user.target.wants"
ln -sf ../vmtest.service "$dir/root/etc/systemd/system/multi-user.target.wants/vmtest.service"
ln -sf /dev/null "$dir/root/etc/systemd/system/serial-getty@ttyS0.service"
echo roundseal-vm > "$dir/root/etc/hostname"
rm -f "$dir/disk.img" && truncate -s 3G "$dir/disk.img"
mkfs.ext4 -q -F -d "$dir/root" "$dir/disk.img"
rm -rf "$dir/root"
for name in raid-1 raid-2 volumes sata paths usb; do rm -f "$dir/$name.img" && truncate -s 64M "$dir/$name.img"; done
disk() { printf -- '-drive file=%s/%s.img,if=%s,format=raw' "$dir" "$@"; } # name, interface

rm -rf "$dir/initrd" && mkdir -p "$dir/initrd/bin" "$dir/initrd/mod" "$dir/initrd/proc" "$dir/initrd/dev" "$dir/initrd/new"
cp /bin/busybox "$dir/initrd/bin/"
load=
for module in virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk crc16 mbcache crc32c_generic libcrc32c jbd2 ext4; do
  file=$(find "$dir/base/lib/modules" -name "$module.ko*" | head -1)
  [ -n "$file" ] || continue
  cp "$file" "$dir/initrd/mod/" && load="$load $(basename "$file")"
done
cat > "$dir/initrd/init" <<INIT
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for m in $load; do /bin/busybox insmod /mod/\$m; done
/bin/busybox sleep 1
/bin/busybox mount -t ext4 /dev/vda /new
exec /bin/busybox switch_root /new /sbin/init
INIT
chmod +x "$dir/initrd/init"
(cd "$dir/initrd" && find . | cpio -o -H newc --quiet | gzip -1 > "$dir/initrd.gz")

say "booting (no network device at all)"
# shellcheck disable=SC2046  # the disks' words are to be split
timeout "${VM_TIMEOUT:-2400}" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 1536 -nographic -no-reboot -nic none \
  -kernel "$dir/vmlinuz" -initrd "$dir/initrd.gz" -append "console=ttyS0 root=/dev/vda rw quiet systemd.show_status=0" \
  $(disk disk virtio) $(disk raid-1 virtio) $(disk raid-2 virtio) $(disk volumes virtio) $(disk sata none,id=sata) \
  -device ahci,id=ahci -device ide-hd,drive=sata,bus=ahci.0,serial=SN0001 \
  -device virtio-scsi-pci,id=scsi $(disk paths none,id=path-1,file.locking=off) $(disk paths none,id=path-2,file.locking=off) \
  -device scsi-hd,bus=scsi.0,drive=path-1,share-rw=on,serial=LUN1,wwn=0x5000c50015ea71aa \
  -device scsi-hd,bus=scsi.0,drive=path-2,share-rw=on,serial=LUN1,wwn=0x5000c50015ea71aa \
  -device qemu-xhci $(disk usb none,id=usb) -device usb-storage,drive=usb < /dev/null | stdbuf -oL tr -d '\r' | tee "$log" | grep --line-buffered '^vm:' || true
if grep -q '^vm: PASS' "$log"; then say "PASS"; else say "FAILED, see $log"; tail -40 "$log"; exit 1; fi
