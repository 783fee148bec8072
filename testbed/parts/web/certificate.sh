#!/bin/bash
# certificate.sh authorities            makes a root and an intermediate authority
# certificate.sh leaf DAYS [NAME] [KEY]  makes a certificate and its chain; negative days have passed
# certificate.sh self-signed            makes a certificate that its own key signs
set -euo pipefail
cd "$WORK/tls"

key() { openssl genpkey -quiet "$@"; }

# sign NOT_AFTER_DAYS SUBJECT EXTENSIONS CSR CERTIFICATE CA
sign() {
    # `openssl x509 -days` knows no past; `openssl ca` does, and wants an index.
    local from until
    from=$(date -u -d "$((${1} < 90 ? ${1} - 90 : 0)) days - 1 hour" +%Y%m%d%H%M%SZ)
    until=$(date -u -d "$1 days" +%Y%m%d%H%M%SZ)
    mkdir -p issued
    : > index.txt
    printf '%s' "$3" > extensions
    openssl ca -batch -notext -config <(printf '%s\n' \
        '[ca]' 'default_ca=d' '[d]' 'database=index.txt' 'new_certs_dir=issued' 'rand_serial=yes' 'default_md=sha256' 'policy=p' 'unique_subject=no' \
        '[p]' 'commonName=supplied') \
        -cert "$6.pem" -keyfile "$6.key" -extfile extensions -startdate "$from" -enddate "$until" \
        -subj "$2" -in "$4" -out "$5" 2> sign.log || { cat sign.log >&2; exit 1; }
}

case $1 in
authorities)
    for name in root intermediate; do key -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $name.key; done
    openssl req -x509 -new -key root.key -subj "/CN=Shop Test Root" -days 3650 -sha256 -out root.pem \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
    openssl req -new -key intermediate.key -subj "/CN=Shop Test Intermediate" -out intermediate.csr
    sign 3650 "/CN=Shop Test Intermediate" $'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' \
        intermediate.csr intermediate.pem root
    ;;
leaf)
    name=${3:-shop.example.com}
    key ${4:--algorithm EC -pkeyopt ec_paramgen_curve:P-256} -out leaf.key
    openssl req -new -key leaf.key -subj "/CN=$name" -out leaf.csr
    sign "$2" "/CN=$name" "basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
subjectAltName=DNS:$name,DNS:localhost
" leaf.csr leaf.pem intermediate
    cat leaf.pem intermediate.pem > chain.pem
    ;;
self-signed)
    openssl req -x509 -new -key leaf.key -subj "/CN=shop.example.com" -days 90 -sha256 -out leaf.pem \
        -addext "subjectAltName=DNS:shop.example.com,DNS:localhost"
    cp leaf.pem chain.pem
    ;;
esac
rm -rf -- *.csr index.txt* issued extensions sign.log
