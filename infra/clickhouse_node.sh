#!/bin/bash
# First boot of the ClickHouse node. The instance may be replaced at any time: what must outlive it, the volume and
# the address, is attached here. The upper-case names in braces are filled in by infra/clickhouse_node.py.
set -euo pipefail

metadata() {
  local token
  token=$(curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
  curl -sf -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"
}

export AWS_DEFAULT_REGION=${REGION}
instance=$(metadata instance-id)
until aws ec2 attach-volume --volume-id ${VOLUME} --instance-id "$instance" --device /dev/sdf; do sleep 10; done
until aws ec2 attach-network-interface --network-interface-id ${INTERFACE} --instance-id "$instance" --device-index 1
do sleep 10; done

volume=${VOLUME}
device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${!volume/-/}
until [ -e "$device" ]; do sleep 1; done
blkid "$device" || mkfs.xfs "$device"
mkdir -p /var/lib/clickhouse
echo "$device /var/lib/clickhouse xfs noatime 0 2" >> /etc/fstab
mount /var/lib/clickhouse

cat > /etc/yum.repos.d/clickhouse.repo <<'REPO'
[clickhouse-lts]
name=ClickHouse LTS
baseurl=https://packages.clickhouse.com/rpm/lts/
gpgkey=https://packages.clickhouse.com/rpm/lts/repodata/repomd.xml.key
gpgcheck=0
repo_gpgcheck=1
REPO
dnf install -y clickhouse-server clickhouse-client jq
chown clickhouse:clickhouse /var/lib/clickhouse

secret=$(aws secretsmanager get-secret-value --secret-id ${SECRET} --query SecretString --output text)
user=$(jq -r .username <<< "$secret")
password=$(jq -r .password <<< "$secret")
hash=$(printf %s "$password" | sha256sum | cut -d' ' -f1)

cat > /etc/clickhouse-server/users.d/meterhouse.xml <<USERS
<clickhouse><users>
  <default remove="remove"/>
  <$user>
    <password_sha256_hex>$hash</password_sha256_hex>
    <networks><ip>::/0</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
  </$user>
</users></clickhouse>
USERS
cat > /etc/clickhouse-server/config.d/meterhouse.xml <<CONFIG
<clickhouse>
  <listen_host>0.0.0.0</listen_host>
  <s3><backups>
    <endpoint>https://${BUCKET}.s3.${REGION}.amazonaws.com/</endpoint>
    <use_environment_credentials>1</use_environment_credentials>
  </backups></s3>
</clickhouse>
CONFIG
systemctl enable --now clickhouse-server

cat > /usr/local/bin/back-up-clickhouse <<'BACKUP'
#!/bin/bash
set -euo pipefail
secret=$(aws secretsmanager get-secret-value --region ${REGION} --secret-id ${SECRET} --query SecretString --output text)
export CLICKHOUSE_USER=$(jq -r .username <<< "$secret") CLICKHOUSE_PASSWORD=$(jq -r .password <<< "$secret")
clickhouse-client --query \
  "BACKUP DATABASE ${DATABASE} TO S3('https://${BUCKET}.s3.${REGION}.amazonaws.com/$(date -u +%Y-%m-%dT%H%M%SZ)/')"
BACKUP
chmod 755 /usr/local/bin/back-up-clickhouse
cat > /etc/systemd/system/back-up-clickhouse.service <<'UNIT'
[Service]
Type=oneshot
ExecStart=/usr/local/bin/back-up-clickhouse
UNIT
cat > /etc/systemd/system/back-up-clickhouse.timer <<'UNIT'
[Timer]
OnCalendar=*-*-* 03:00:00 UTC
Persistent=true
[Install]
WantedBy=timers.target
UNIT
systemctl ${BACKUPS} --now back-up-clickhouse.timer
