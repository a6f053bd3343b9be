import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Runs `work` while this process alone holds the lock file; a lock whose owner is gone is taken over.
 * `onWait(pid)` is called once if another live process holds it.
 */
export async function withProcessLock(file, work, onWait = () => undefined) {
  let announced = false;
  while (!tryLock(file)) {
    const owner = readIfThere(file);
    if (owner === null) continue;
    if (!isAlive(owner)) {
      takeAway(file, owner);
      continue;
    }
    if (!announced) onWait(owner.split(' ')[0]);
    announced = true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** A hard link appears together with its content, so no reader ever sees a lock without an owner. */
function tryLock(file) {
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${runningSince(process.pid)}`);
  try {
    linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

/** Renaming first: of two processes that find the same stale lock one gets it, and a lock taken meanwhile is put back. */
function takeAway(file, staleOwner) {
  const aside = `${file}.stale-${process.pid}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (readIfThere(aside) !== staleOwner && !existsSync(file)) renameSync(aside, file);
  else rmSync(aside, { force: true });
}

/** An owner is `pid start`: the start tells a process from a later one that was given the same pid. */
function isAlive(owner) {
  const [pid, since] = owner.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  const now = runningSince(pid);
  return now !== null && now === since;
}

/** Start in clock ticks since boot; null for a zombie, which answers signal 0 but never does anything again. `unknown` off Linux. */
function runningSince(pid) {
  if (process.platform !== 'linux') return 'unknown';
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? null : fields[19];
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return null;
    throw error;
  }
}
