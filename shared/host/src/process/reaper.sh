# Ends what a host leaves behind (see reaper.ts). It is told on its input which process groups live, and ends them when the
# input closes. Then, where there is a /proc, it ends what has left its group, by the mark in its environment.
trap '' HUP INT TERM
mark=$1
groups=' '
while read -r what pid; do
  case $what in
    +) groups="$groups$pid " ;;
    -) groups="${groups%%" $pid "*} ${groups#*" $pid "}" ;;
  esac
done
for pid in $groups; do kill -s KILL -- "-$pid" 2>/dev/null; done
for round in 1 2 3 4 5; do
  found=$(grep -lsF "$mark" /proc/[0-9]*/environ 2>/dev/null)
  [ -n "$found" ] || break
  for at in $found; do
    pid=${at#/proc/}
    kill -s KILL "${pid%/environ}" 2>/dev/null
  done
done
