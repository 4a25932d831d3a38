/**
 * What the guardian process runs: a script for any POSIX shell that has `rm`, and on Linux `grep`. It stays below 2 MB.
 *
 * Its arguments are the pid of its host, the PATH, and the first orders: a host that is killed right after it has started
 * its guardian gets no line through. Orders are lines on stdin:
 *
 * - `add PID MARK`: a worker runs.
 * - `gone PID MARK PID@BIRTH …`: its exit was seen; the others had descended from it.
 * - `sweep N`: end what is left of those that have gone. Answered by `N` on stdout.
 *
 * At the end of stdin the host is gone: all workers are ended with their descendants, and then the files and folders of
 * the notes are removed (see notes.ts), which are open as descriptors 3, 4 and 5. A half line at the end of stdin fails
 * `read`, so that a pid that was cut off is never used.
 *
 * What it ends is stopped first, from the roots down, so that it starts nothing new and keeps the parent links by which
 * it is found; then it is killed, the youngest first, as the kernel wakes what is stopped and orphaned. `descend` takes
 * the time of the tree alone. `search` reads all processes of the machine for those that had lost their parent: by the
 * session, the group or the parent they are left with, and by the mark that workers have in their environment. Where
 * there is no /proc, or one of another pid namespace, the groups are all that is known.
 *
 * The number of a process that has gone may belong to a stranger: then nothing with that number is taken. The kernel
 * gives it to no process while a session or a group has that number.
 *
 * The first line is what lists of processes show.
 */
import { MARK_VARIABLE } from './mark.ts';

/** The messages about registered files at the end; their reader may have ended, or may be slow. */
export const MOST_MESSAGES = 100;

export const shellGuardian = `# loky guardian
trap '' INT TERM HUP QUIT PIPE
exec 6>&2 2>/dev/null
owner=$1 PATH=$2
shift 2
cd /
self=
read -r self rest < /proc/self/stat
[ "$self" = $$ ] && cd /proc && proc=1 || proc=
roots=' ' gone=' '
found=' ' fresh= ids= marks=
obey() {
  case $2 in ''|*[!0-9]*) return;; esac
  case $1 in
    sweep) sweep; echo "$2"; return;;
    add|gone) [ "$2" -gt 1 ] || return;;
  esac
  case $1 in
    add) roots="$roots$2:$3 ";;
    gone)
      case $roots in *" $2:$3 "*) roots="\${roots%% $2:$3 *} \${roots#* $2:$3 }";; esac
      gone="$gone$2:$3 "
      shift 3
      gone="$gone\${*:+$* }";;
  esac
}
take() {
  case "$found$$ " in *" $1 "*) return 1;; esac
  kill -s STOP "$1"
  found="$found$1 " fresh="$1 $fresh" ids="$ids|$1"
}
descend() {
  while [ "$1" ]; do
    next=
    for pid in "$@"; do
      take "$pid" || continue
      for file in /proc/$pid/task/*/children; do
        children=
        read -r children < "$file"
        next="$next $children"
      done
    done
    set -- $next
  done
}
search() {
  more=1
  while [ "$more" ]; do
    more=
    for file in \${ids:+$(grep -lsE "\\) [A-Za-z] ([0-9]+ ){0,2}(\${ids#?}) " [0-9]*/stat)} \\
      \${marks:+$(grep -lszE "^${MARK_VARIABLE}=(\${marks#?})\\$" [0-9]*/environ)}; do
      pid=\${file%%/*}
      case "$found$$ " in *" $pid "*) continue;; esac
      descend "$pid"
      more=1
    done
  done
}
end() {
  for pid in $fresh; do kill -s KILL "$pid"; done
  fresh=
}
runs() {
  line=
  read -r line < "/proc/$1/stat" || return 1
  set -- \${line##*) }
  birth=\${20}
  case $1 in [ZXx]) return 1;; esac
}
mark() {
  case $1 in ''|-) ;; *) marks="$marks|$1";; esac
}
rest() {
  for token in $gone; do
    pid=\${token%%[:@]*}
    case $token in
      *@*) if ! runs "$pid"; then ids="$ids|$pid"; elif [ "$birth" = "\${token#*@}" ]; then descend "$pid"; fi;;
      *) runs "$pid" || ids="$ids|$pid"; mark "\${token#*:}";;
    esac
  done
  gone=' '
  search
  end
}
sweep() {
  [ "$proc" ] && rest
  gone=' ' found=' ' ids= marks=
}
end_all() {
  pids=
  for token in $roots; do
    pids="$pids \${token%:*}"
    mark "\${token#*:}"
  done
  for pid in $pids; do kill -s STOP -- "-$pid"; done
  if [ "$proc" ]; then
    descend $pids
    [ -r /proc/$$/task/$$/children ] || search
    end
  fi
  for pid in $pids; do kill -s KILL -- "-$pid"; done
  [ "$proc" ] && rest
}
newline='
'
report= said=0
say() {
  said=$((said + 1))
  [ $said -gt ${MOST_MESSAGES} ] && return
  report="\${report}loky resource tracker: $1$newline"
}
note() {
  before=
  while IFS= read -r line; do
    case $line in
      +*) before="$before\${line#?}$newline"; continue;;
      [FDfd]*) path=$before\${line#?} letter=\${line%"\${line#?}"}; case $path in /*) return;; esac;;
    esac
    before=
  done
  return 1
}
count() {
  files=0 folders=0
  while note; do
    case $letter in F) files=$((files + 1));; D) folders=$((folders + 1));; esac
  done
  leaked "$files" file
  leaked "$folders" folder
}
leaked() {
  [ "$1" = 0 ] && return
  [ "$1" = 1 ] && set -- 1 "$2" || set -- "$1" "$2s"
  say "removing $1 leaked $2 that process $owner had registered and left behind"
}
remove() {
  big=$1 small=$2 how=$3
  set --
  while note; do
    case $letter in $big|$small) ;; *) continue;; esac
    if [ -e "$path" ] || [ -L "$path" ]; then
      set -- "$@" "$path"
      [ $# -lt 100 ] || { discard "$@"; set --; }
    elif [ "$letter" = "$big" ]; then say "$path was removed by another process (ENOENT)"
    fi
  done
  [ $# = 0 ] || discard "$@"
}
discard() {
  message=$(rm "$how" -- "$@" 2>&1) || say "$message"
}
for line in "$@"; do obey $line; done
while read -r line; do obey $line; done
end_all
count <&3
remove F f -f <&4
remove D d -rf <&5
[ $said -gt ${MOST_MESSAGES} ] && report="\${report}loky resource tracker: $((said - ${MOST_MESSAGES})) more messages like these$newline"
[ "$report" ] && printf %s "$report" >&6
`;
