#!/bin/sh
# Sends files to a support ticket, and goes on where it stopped when the line breaks. `sh upload.sh --help` tells how.
#
# Needs curl and either coreutils or busybox, and writes nothing to this machine's disk. The upload token reaches curl
# through a pipe, so that no process list shows it. The requests are those of tus 1.0.0 (https://tus.io).
set -fu

served_from='@SERVED_FROM@' # filled in by the service that this file was fetched from
url=${UPLOAD_URL:-$served_from}
retries=${UPLOAD_RETRIES:-15}
cr=$(printf '\r')
lf='
'

usage() {
  cat <<END
Usage: UPLOAD_TOKEN=lct_... sh upload.sh FILE...

Sends each FILE to the ticket of the upload token, compares the SHA-256 that the service computed with its own, and
prints a receipt. Run the same line again to go on after an interruption: within 24 hours nothing is sent or counted
twice. FILE.md5 and FILE.sha256 go as checksums of FILE.

  UPLOAD_TOKEN       the upload token; where neither this nor the next is set, it is asked for
  UPLOAD_TOKEN_FILE  a file that holds the upload token
  UPLOAD_URL         address of the service [$served_from]
  UPLOAD_RETRIES     tries without progress before giving up [15]
END
}

say() { printf '%s\n' "$*" >&2; }
die() { say "upload.sh: $*"; exit 1; }
printable() { printf '%s' "$1" | tr '\000-\037\177' '?'; }

# SHA-256 of standard input, in hex.
sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else openssl dgst -sha256 -r; fi 2>/dev/null | cut -c 1-64
}

# base64_of HEX: the same bytes in base64.
base64_of() {
  digits=$1
  while [ -n "$digits" ]; do
    rest=${digits#??}
    printf '%b' "\\0$(printf '%03o' "0x${digits%"$rest"}")"
    digits=$rest
  done | base64 | tr -d '\n'
}

# size_of FILE: its bytes. The first form is that of coreutils and busybox, the second that of BSD and macOS.
size_of() { stat -L -c %s "$1" 2>/dev/null || stat -L -f %z "$1" 2>/dev/null; }

# field NAME: that field of the JSON in $answer, which is on one line.
field() {
  case $answer in *"\"$1\":"*) value=${answer#*"\"$1\":"} ;; *) return ;; esac
  case $value in
    \"*) value=${value#\"} value=${value%%'","'*} value=${value%%'"}'*} ;;
    *) value=${value%%[,\}]*} ;;
  esac
  printf '%s' "$value" | tr -d "\\\\"
}

# Asks for the token at the terminal, which shows nothing of it.
prompt() {
  (: </dev/tty) 2>/dev/null || die 'set UPLOAD_TOKEN to the upload token, or UPLOAD_TOKEN_FILE to a file that holds it'
  terminal=$(stty -g </dev/tty)
  trap 'restore; exit 130' HUP INT TERM
  stty -echo </dev/tty
  printf 'Upload token: ' >/dev/tty
  IFS= read -r token </dev/tty
  restore
  trap - HUP INT TERM
}
restore() { stty "$terminal" </dev/tty && printf '\n' >/dev/tty; }

# look_at FILE: sets file, name, shown and size, or ends.
look_at() {
  file=$1 name=${1##*/} shown=$(printable "$1")
  case $file in -*) file=./$file ;; esac
  [ -e "$file" ] || die "$shown: there is no such file"
  [ -f "$file" ] || die "$shown: this is no file; pack a folder with tar first"
  [ -r "$file" ] || die "$shown: this file cannot be read"
  size=$(size_of "$file")
  [ "${size:-0}" -gt 0 ] || die "$shown: this file is empty"
}
changed() {
  [ -z "$upload" ] || ask -X DELETE "$upload" # gives its attempt back
  die "$shown: this file changed while it was sent; send a copy that stays as it is"
}

# ask CURL-OPTION... URL: one request. Sets answer, status (000 where none came), reason and what the headers say.
# A line on which nothing moves for two minutes counts as broken.
meter=-sS errors=1
exec 3>&2
ask() {
  whole='' location='' offset='' archive='' digest='' time='' after=''
  answer=$(printf 'header = "Upload-Token: %s"\n' "$token" | curl -q "$meter" -giK - -H 'Tus-Resumable: 1.0.0' \
    --connect-timeout 30 --speed-limit 1 --speed-time 120 -w '\nstatus %{http_code}\n' "$@" 2>&"$errors")
  ended=$? status=000 reason=''
  IFS=$lf
  for line in $answer; do
    line=${line%"$cr"}
    case $line in
      HTTP/*) whole='' location='' offset='' archive='' digest='' time='' after='' ;; # also after an interim answer
      '') whole=yes ;;
      [Ll]ocation:*) location=${line##*/} ;;
      [Uu]pload-[Oo]ffset:*) offset=${line##*[!0-9]} ;;
      [Aa]rchive-[Ii]d:*) archive=${line##* } ;;
      [Rr]epr-[Dd]igest:*) digest=$line ;;
      [Dd]ate:*) time=${line#*: } ;;
      [Rr]etry-[Aa]fter:*) after=${line##*[!0-9]} ;;
      'curl: ('*) reason=${line#*) } ;;
      'status '*) status=${line#status } ;;
    esac
  done
  unset IFS
  # curl takes an answer that ends within its head for a whole one.
  if [ "$ended" -ne 0 ] || [ -z "$whole" ]; then
    status=000 archive=''
    : "${reason:=the connection broke}"
  else
    reason=$(field detail)
    : "${reason:=the service answered $status}"
  fi
}

# again [STATUS]: after an answer that was not the one hoped for. Ends where another try would end the same, else waits.
again() {
  case $status/$(field code) in
    000/*) case $ended in 1 | 2 | 3 | 51 | 60 | 77) die "$url: $reason" ;; esac ;; # the address or its certificate
    507/*) die "$shown: $reason" ;; # nobody makes room within minutes
    3??/*) die "$url: this address leads elsewhere; set UPLOAD_URL to where it does" ;;
    "${1-}"/* | 2??/* | 408/* | 409/* | 429/* | 5??/* | 423/upload-busy) ;;
    *) die "$shown: $reason" ;;
  esac
  tries=$((tries + 1))
  [ "$tries" -le "$retries" ] || die "$shown: given up ($reason); run the same line again to go on"
  seconds=$pause pause=$((pause < 30 ? pause * 2 : 60))
  case $after in '' | ?????*) ;; *) [ "$after" -le "$seconds" ] || seconds=$after ;; esac
  say "  $reason; trying again in $seconds s"
  sleep "$seconds"
}

# Creates the upload, or finds it where this file was begun or sent before: the key stands for its name and content.
create() {
  ask -d '' -H 'Content-Type:' -H "Upload-Length: $size" -H "Idempotency-Key: $key" -H "Repr-Digest: $claim" \
    -H "Upload-Metadata: filename $(printf '%s' "$name" | base64 | tr -d '\n')" "$url/api/v1/uploads"
  if [ "$status" = 201 ] && [ -n "$location" ]; then upload=$url/api/v1/uploads/$location; else again; fi
}

# Sends what the service does not have yet. After an interruption archive is still empty.
send_rest() {
  ask -I "$upload"
  if [ "$status" != 200 ] || [ -z "$offset" ]; then
    # Why it is refused only an answer with a body tells, as that to the creation; one that has expired is begun anew.
    case $status in 4??) upload='' ;; esac
    again "$status"
    return
  fi
  [ -z "$archive" ] || return 0
  [ "$offset" -le "$known" ] || known=$offset tries=0 pause=1
  [ "$(size_of "$file")" = "$size" ] || changed
  [ "$offset" -eq 0 ] || say "  going on after $offset of $size bytes"
  [ ! -t 2 ] || meter=-# errors=3
  # curl would add a Content-Range to what it goes on with, which means nothing in a PATCH.
  ask -X PATCH -C "$offset" -T "$file" -H 'Content-Range:' -H 'Content-Type: application/offset+octet-stream' \
    -H "Upload-Offset: $offset" "$upload"
  meter=-sS errors=1
  [ -z "$archive" ] || return 0
  case $status/$(field code) in
    # A file that grows: curl sends more than it announced, and the answer to that hides the one before it.
    400/request-malformed) status=000 reason='the file grows' ;;
  esac
  case $status in 413 | 422) [ "$(sha256 2>/dev/null <"$file")" = "$sum" ] || changed ;; esac
  again 404
}

send() {
  say "$shown: computing the SHA-256 of $size bytes"
  sum=$(sha256 2>/dev/null <"$file") archive='' upload='' known=0
  [ "${#sum}" -eq 64 ] || die "$shown: its SHA-256 cannot be computed"
  key=$(printf '%s %s' "$sum" "$name" | sha256) claim="sha-256=:$(base64_of "$sum"):"
  while [ -z "$archive" ]; do if [ -z "$upload" ]; then create; else send_rest; fi; done
  case $digest in *"$claim"*) ;; *) die "$shown: the service has another SHA-256 than this file, which has $sum" ;; esac
  printf '%s\n' "$(printable "$name") was received." "  size     $size bytes" "  SHA-256  $sum" \
    "  archive  $archive" "  ticket   $ticket" "  time     $time"
}

# A side-car, as collectors make them: a claim about another file. It goes in one request.
send_side_car() {
  encoded=$(printf '%s' "$name" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%')
  while ask -T "$file" "$url/api/v1/archives/$encoded"; [ "$status" != 201 ]; do again; done
  printf '%s\n' "$(printable "$name") was kept as a checksum."
}

case ${1-} in -h | --help) usage; exit 0 ;; --) shift ;; esac
[ $# -gt 0 ] || { usage >&2; exit 2; }
command -v curl >/dev/null || die 'install curl first'
case $url in
  http://?* | https://?*) url=${url%"${url##*[!/]}"} ;;
  *) die 'set UPLOAD_URL to the address of the service, such as https://logs.example.com' ;;
esac
case $retries in '' | *[!0-9]*) die 'set UPLOAD_RETRIES to a number' ;; esac
for file; do look_at "$file"; done

token=${UPLOAD_TOKEN-}
if [ -z "$token" ] && [ -n "${UPLOAD_TOKEN_FILE-}" ]; then
  token=$(cat 2>/dev/null <"$UPLOAD_TOKEN_FILE") || die 'the file that UPLOAD_TOKEN_FILE names cannot be read'
fi
[ -n "$token" ] || prompt
unset UPLOAD_TOKEN
token=$(printf '%s' "$token" | tr -d ' \t\r\n')
[ "$token" = "$(printf '%s' "$token" | tr -cd 'A-Za-z0-9_-')" ] || die 'this is no upload token; copy it whole'
[ -n "$token" ] || die 'there is no upload token'

trap '[ ! -t 2 ] || say; say "upload.sh: interrupted; run the same line again to go on"; exit 130' INT
shown=$url tries=0 pause=1
while ask "$url/api/v1/upload-token"; [ "$status" != 200 ]; do again; done
ticket=$(field ticket) state=$(field state) largest=$(field maxUploadBytes)
case $ticket/$largest in /* | */ | */*[!0-9]*) die "$url: this is no upload service; check the address" ;; esac
[ "$state" != revoked ] || die 'the upload token was revoked; ask the support engineer for a new one'
[ "$state" = active ] || say "  the upload token is $state: only what it began or sent before can be finished"
for file; do
  look_at "$file"
  [ "$size" -le "$largest" ] || die "$shown: $size bytes are more than $largest, the most that is taken; split it"
done
for file; do
  look_at "$file"
  tries=0 pause=1
  case $name in ?*.[Mm][Dd]5 | ?*.[Ss][Hh][Aa]256) send_side_car ;; *) send ;; esac
done
