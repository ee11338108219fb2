#!/usr/bin/env bash
# `make zfs-test`: real OpenZFS in the virtual machine of test.sh (run `make vm-test` once before: its system and kernel
# are taken). Builds the module from Debian's contrib against that kernel, the first time only (the machine's own lists
# of packages are left alone), makes pools on files there, breaks them, and holds what virtual.zfs read against what it
# must. ROUNDSEAL_RECORD=1 keeps what zpool printed in tests/checks/virtual/zfs. Needs root, apt, gcc-12, make.
set -euo pipefail
cd "$(dirname "$0")/../.."
repo=$PWD
vm=${VM_DIR:-/tmp/roundseal-vm}
dir=$vm/zfs
say() { printf 'zfs-test: %s\n' "$*"; }
[ "$(id -u)" = 0 ] || { say "needs root"; exit 2; }
[ -f "$vm/vmlinuz" ] && [ -f "$vm/initrd.gz" ] || { say "run make vm-test first: its machine is used"; exit 2; }
version=$(basename "$vm"/kernel/lib/modules/*)
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"

if [ "$(cat "$dir/modules/version" 2> /dev/null)" != "$version" ]; then
  say "packages"
  rm -rf "$dir/packages" && mkdir "$dir/packages"
  sed -n 's/^deb \(.*\) main.*/deb \1 main contrib/p' "$vm/base/etc/apt/sources.list" > "$dir/apt/sources.list"
  own=(-o Dir::Etc::sourcelist="$dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root
    -o Dir::State::lists="$dir/apt/lists" -o Dir::Cache="$dir/apt/cache")
  apt-get "${own[@]}" update -qq
  (cd "$dir/packages" && apt-get "${own[@]}" download -qq zfs-dkms zfsutils-linux libzfs4linux libzpool5linux libnvpair3linux libuutil3linux
    apt-get -o APT::Sandbox::User=root download -qq "linux-headers-$version" "linux-headers-${version%-amd64}-common" linux-kbuild-6.1)
  rm -rf "$dir/tree" && mkdir "$dir/tree"
  for package in "$dir"/packages/*.deb; do dpkg -x "$package" "$dir/tree"; done
  headers=$dir/tree/usr/src/linux-headers-$version
  sed -i "s#/usr/src/#$dir/tree/usr/src/#" "$headers/Makefile"
  say "building the module"
  (cd "$dir"/tree/usr/src/zfs-*/
    ./configure --disable-dependency-tracking --prefix=/usr --with-config=kernel \
      --with-linux="${headers%-amd64}-common" --with-linux-obj="$headers"
    make -j"$(nproc)") > "$dir/build.log" 2>&1 || { tail -5 "$dir/build.log"; exit 2; }
  rm -rf "$dir/modules.new" && mkdir "$dir/modules.new"
  find "$dir"/tree/usr/src/zfs-*/module -name '*.ko' -exec cp -t "$dir/modules.new" {} +
  strip --strip-debug "$dir"/modules.new/*.ko
  echo "$version" > "$dir/modules.new/version"
  rm -rf "$dir/modules" && mv "$dir/modules.new" "$dir/modules"
fi

say "disk"
rm -rf "$dir/root" && cp -a "$vm/base" "$dir/root"
mkdir -p "$dir/root/srv"
cp -a "$dir/tree"/sbin/z* "$dir/root/usr/sbin/"
cp -a "$dir"/tree/lib/x86_64-linux-gnu/*.so* "$dir/root/usr/lib/x86_64-linux-gnu/"
cp -r "$dir/modules" agent checks "$(.venv/bin/python -c 'import os, psutil; print(os.path.dirname(psutil.__file__))')" "$dir/root/srv/"
cp deploy/vm/zfs_inside.sh deploy/vm/zfs_look.py "$dir/root/srv/"
rm -f "$dir/disk.img" "$dir/out.img" && truncate -s 4G "$dir/disk.img" && truncate -s 16M "$dir/out.img"
mkfs.ext4 -q -F -d "$dir/root" "$dir/disk.img"
rm -rf "$dir/root" "$dir/ir" && mkdir "$dir/ir"
(cd "$dir/ir" && zcat "$vm/initrd.gz" | cpio -id --quiet && sed -i 's# /new /sbin/init# /new /bin/bash /srv/zfs_inside.sh#' init \
  && find . | cpio -o -H newc --quiet | gzip -1 > "$dir/initrd.gz")

say "booting"
timeout "${VM_TIMEOUT:-2400}" qemu-system-x86_64 -accel tcg,thread=multi -smp 2 -m 1536 -nographic -no-reboot -nic none \
  -kernel "$vm/vmlinuz" -initrd "$dir/initrd.gz" -append "console=ttyS0 root=/dev/vda rw quiet" \
  -drive file="$dir/disk.img",if=virtio,format=raw -drive file="$dir/out.img",if=virtio,format=raw \
  < /dev/null 2>&1 | stdbuf -oL tr -d '\r' | tee "$dir/console.log" | grep --line-buffered '^vm:' || true
rm -f "$dir/disk.img"
grep -q '^vm: PASS' "$dir/console.log" || { say "FAILED, see $dir/console.log"; tail -20 "$dir/console.log"; exit 1; }
rm -rf "$dir/out" && mkdir "$dir/out" && tar -C "$dir/out" -xf "$dir/out.img"
ROUNDSEAL_ZFS_OUT=$dir/out "$repo/.venv/bin/python" -m pytest -q -p no:cacheprovider tests/checks/virtual/test_zfs_printed.py
say "PASS"
