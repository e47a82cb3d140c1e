# SPDX-License-Identifier: Apache-2.0
# Messages, one step with its progress line, retries, and stamps. Sourced by ./tightrope, which has
# set `root` (the project) and `state` (root/.setup).

say() { printf '%s\n' "$*" >&2; }

die() {  # die CODE TEXT...
  local code=$1
  shift
  say "tightrope: $*"
  exit "$code"
}

# A stamp holds the text its step was made from; it is written only when the step succeeded. Line
# ends at the end of the text do not count, because $(<file) drops them.
stamp_is() { [[ -f $state/$1 && "$(<"$state/$1")" == "$(printf '%s' "$2")" ]]; }
stamp() {
  printf '%s\n' "$2" >"$state/$1.new"
  mv -f "$state/$1.new" "$state/$1"
}

# One line that moves while a step works: the last line of its log and the seconds so far. On a
# terminal it is redrawn twice a second; elsewhere a line is printed every 20 seconds.
progress_line() {  # progress_line TITLE LOG
  local start=$SECONDS last text interval=20
  [[ -t 2 ]] && interval=0.5
  while sleep "$interval" && kill -0 $$ 2>/dev/null; do
    last=$(tail -c 400 "$2" 2>/dev/null | tr '\r' '\n' | tr -cd '\n -~' |
      grep -v '^ *$' | tail -n 1 || true)
    text="  $1: $((SECONDS - start)) s  $last"
    if [[ -t 2 ]]; then
      printf '\r\033[K%.78s' "$text" >&2
    else
      printf '%.98s\n' "$text" >&2
    fi
  done
}

stop_progress() {
  if [[ -n ${progress_pid:-} ]]; then
    kill "$progress_pid" 2>/dev/null || true
    wait "$progress_pid" 2>/dev/null || true
    progress_pid=
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
  fi
}

# Runs a command with its output in .setup/log/NAME.log. The command stays in the foreground, so
# that Ctrl-C reaches it; the progress line is the background job.
step() {  # step NAME TITLE COMMAND...
  local name=$1 title=$2 log=$state/log/$1.log start=$SECONDS code=0
  shift 2
  mkdir -p "$state/log"
  : >"$log"
  [[ -t 2 ]] || say "  $title ..."
  progress_line "$title" "$log" 9>&- &
  progress_pid=$!
  "$@" >>"$log" 2>&1 </dev/null || code=$?
  stop_progress
  if ((code != 0)); then
    tail -n 30 "$log" >&2
    die 1 "$title failed (exit $code); the whole output is in $log"
  fi
  say "  $title: done in $((SECONDS - start)) s"
}

# Network steps: three tries, a little apart.
retry() {
  local try
  for try in 1 2 3; do
    "$@" && return 0
    ((try == 3)) || { echo "try $try failed, trying again"; sleep $((try * 5)); }
  done
  return 1
}
