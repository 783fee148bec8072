#!/usr/bin/env bash
# The first process of the machine: builds its file system, gives it up to `init.sh` inside.
set -euo pipefail
# `/proc` still is the one outside, so this is the number by which the machine is known there.
read -r outer _ < /proc/self/stat
echo "$outer" > "$WORK/machine.pid"
exec 9> "$WORK/progress"

root=$WORK/machine
mkdir "$root"
mount -t tmpfs -o "size=$DISK_SIZE,mode=755" machine "$root"
cp -a "$WORK/root/." "$root/"
mkdir -p "$root"/{dev,old,proc,root,run/sshd,tmp,usr,var/lib/chrony}
chmod 1777 "$root/tmp"
mount --rbind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
for name in bin lib lib32 lib64 libx32 sbin; do
  if [ -L "/$name" ]; then
    cp -a "/$name" "$root/$name"
  elif [ -d "/$name" ]; then
    mkdir "$root/$name"
    mount --rbind "/$name" "$root/$name"
  fi
done
if [ -e /etc/ld.so.cache ]; then cp /etc/ld.so.cache "$root/etc/"; fi
for name in null zero random urandom; do
  touch "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mount -t proc proc "$root/proc"
cp "$PART/init.sh" "$root/init.sh"
date -u -d "now - $LISTS_AGE" '+Date: %a, %d %b %Y %H:%M:%S UTC' > "$root/tmp/date"
sed -i -e "/^Date:/{r $root/tmp/date" -e 'd}' "$root"/var/lib/apt/lists/*_InRelease

cd "$root"
pivot_root . old
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C PROCESSORS="$PROCESSORS" bash /init.sh
