/**
 * What the guardian process runs. Its arguments are the first pids to guard: a host that is killed right after it has
 * started its guardian gets no line through. Lines `add PID` and `remove PID` come from stdin, and at its end all that is
 * registered is killed with its descendants. The host is dead or leaving then, so nobody hears of an error.
 * The first line is what lists of processes show.
 */

/**
 * For any POSIX shell, with its builtins alone: no other program is needed and it stays below 2 MB.
 *
 * A half line at the end of stdin fails `read`, so a pid that was cut off is never used. What it ends is stopped
 * first, from the roots down, so that it starts nothing new and keeps the parent links by which it is found; then
 * it is killed, the youngest first, as the kernel wakes what is stopped and orphaned.
 *
 * `descend` takes the time of the tree alone. `sweep` looks at every process of the machine (0.4 ms for each), so
 * it comes last, for those that had lost their parent before; or first as well, where Linux was built without
 * lists of children. Where there is no /proc, or one of another pid namespace, the groups are all that is known.
 */
export const shellGuardian = `# loky guardian
trap '' INT TERM HUP
roots=" \${*:+$* }"
while read -r verb pid rest; do
  case $pid in ''|*[!0-9]*|0*|1) continue;; esac
  case $verb in
    add) roots="$roots$pid ";;
    remove) case $roots in *" $pid "*) roots="\${roots%% $pid *} \${roots#* $pid }";; esac;;
  esac
done
[ "$roots" = ' ' ] && exit 0
found=' ' fresh=
take() {
  kill -s STOP "$1"
  found="$found$1 " fresh="$1 $fresh"
}
descend() {
  while [ "$1" ]; do
    next=
    for pid in "$@"; do
      take "$pid"
      for file in /proc/$pid/task/*/children; do
        children=
        read -r children < "$file"
        next="$next $children"
      done
    done
    set -- $next
  done
}
sweep() {
  more=1
  while [ "$more" ]; do
    more=
    for file in /proc/[0-9]*/stat; do
      pid=\${file#/proc/}
      pid=\${pid%/stat}
      case "$found$$ " in *" $pid "*) continue;; esac
      read -r line < "$file" || continue
      set -- \${line##*) }
      case $1 in [A-Za-z]) ;; *) continue;; esac
      case $found in *" $2 "*|*" $3 "*|*" $4 "*) take "$pid"; more=1;; esac
    done
  done
}
end() {
  for pid in $fresh; do kill -s KILL "$pid"; done
  fresh=
}
for pid in $roots; do kill -s STOP -- "-$pid"; done
self=
read -r self rest < /proc/self/stat
if [ "$self" = $$ ]; then
  descend $roots
  [ -r /proc/$$/task/$$/children ] || sweep
  end
fi
for pid in $roots; do kill -s KILL -- "-$pid"; done
if [ "$self" = $$ ]; then
  sweep
  end
fi
`;

/** The same in Node where there is no shell, or no POSIX one. It ends process groups, on Windows trees. */
export const nodeGuardian = `// loky guardian
const { spawnSync } = require('node:child_process');
const roots = new Set(process.argv.slice(1).map(Number));
let rest = '';
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
const obey = (line) => {
  const [, verb, pid] = /^(add|remove) ([0-9]+)$/.exec(line) ?? [];
  if (verb === 'add') roots.add(Number(pid));
  if (verb === 'remove') roots.delete(Number(pid));
};
const end = (pid) => {
  if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true });
  else process.kill(-pid, 'SIGKILL');
};
const finish = () => {
  for (const pid of roots) try { end(pid); } catch {}
  process.exit();
};
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\\n');
  rest = lines.pop();
  lines.forEach(obey);
});
process.stdin.on('end', finish).on('error', finish);
`;
