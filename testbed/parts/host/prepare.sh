#!/usr/bin/env bash
# What files cannot carry: links, modes, keys, secrets.
set -euo pipefail
root=$WORK/root
mkdir -p "$root"/etc/{ssh,shop} "$root"/etc/systemd/system/{multi-user,sysinit,timers}.target.wants
ln -s ../shop-api.service "$root/etc/systemd/system/multi-user.target.wants/shop-api.service"
ln -s ../nftables.service "$root/etc/systemd/system/sysinit.target.wants/nftables.service"
ln -s ../apt-daily-upgrade.timer "$root/etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer"
ssh-keygen -q -t ed25519 -N '' -C machine -f "$root/etc/ssh/ssh_host_ed25519_key"
install -m 600 /dev/null "$root/etc/shop/shop-api.env"
cat > "$root/etc/shop/shop-api.env" <<ENV
DATABASE_URL=postgres://shop:$SECRET_DATABASE@db.example.com:5432/shop
SESSION_SECRET=$SECRET_SESSION
SMTP_HOST=mail.example.com
UPLOADS_BUCKET=shop-uploads
NODE_ENV=production
PUBLIC_ORIGIN=https://shop.example.com
TOKEN_SECRET=$SECRET_TOKEN
SMTP_PASSWORD=$SECRET_MAIL
PORTS=443
ENV
