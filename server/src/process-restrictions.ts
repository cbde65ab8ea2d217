import { libcFunction, SystemCallError } from './net/libc.ts';
import type { Logger } from './telemetry/log.ts';

const libcPrctl = libcFunction('int prctl(int, long, long, long, long)');

/** From <linux/prctl.h> and <linux/capability.h>. */
const PR_SET_DUMPABLE = 4;
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const CAP_NET_BIND_SERVICE = 10;
const maxCapability = 63;

/**
 * Takes from this process, and from those that it starts, what none of them needs (prctl(2)):
 *
 * - Programs that they start get no privilege from their files (no_new_privs).
 * - They get no capability that they lack now, as root does when it starts a program, except CAP_NET_BIND_SERVICE:
 *   workers bind media ports, which may be below 1024. Only with CAP_SETPCAP; this thread keeps what it has.
 * - Other processes of its user can't read this one's memory or its first environment, which has secrets, and it leaves
 *   no core dump. Doesn't apply to workers, whose sockets shared-port copies.
 *
 * Threads that run already keep their bounding set, but start no programs. Call it before the workers start, and again
 * after setuid(2), which resets the last point. Does nothing on systems other than Linux.
 */
export function restrictProcess(log: Logger): void {
  if (process.platform !== 'linux') {
    return;
  }
  try {
    prctl('PR_SET_NO_NEW_PRIVS', PR_SET_NO_NEW_PRIVS, 1);
    dropBoundingSet();
    prctl('PR_SET_DUMPABLE', PR_SET_DUMPABLE, 0);
  } catch (error) {
    // A container's seccomp profile may refuse them. The server works without.
    log.warn({ error: String(error) }, 'process not restricted');
  }
}

function dropBoundingSet(): void {
  try {
    for (let capability = 0; capability <= maxCapability; capability++) {
      if (capability !== CAP_NET_BIND_SERVICE && isInBoundingSet(capability)) {
        prctl('PR_CAPBSET_DROP', PR_CAPBSET_DROP, capability);
      }
    }
  } catch (error) {
    // EPERM: without CAP_SETPCAP.
    if (!(error instanceof SystemCallError) || error.code !== 'EPERM') {
      throw error;
    }
  }
}

function isInBoundingSet(capability: number): boolean {
  try {
    return prctl('PR_CAPBSET_READ', PR_CAPBSET_READ, capability) === 1;
  } catch (error) {
    // EINVAL: this kernel has fewer capabilities.
    if (error instanceof SystemCallError && error.code === 'EINVAL') {
      return false;
    }
    throw error;
  }
}

function prctl(name: string, option: number, value: number): number {
  return libcPrctl(`prctl(${name})`, option, value, 0, 0, 0);
}
