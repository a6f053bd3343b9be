/** Consecutive batches `[from, to]`, both included, numbered from 1. */
export interface BatchRange {
  readonly from: number;
  readonly to: number;
}

/** What is left to do, whatever the number of batches: a cursor and the few ranges that lanes gave back. */
export interface BatchQueue {
  readonly next: number;
  readonly total: number;
  readonly returned: readonly ReturnedRange[];
}

/** `alone`: its one batch is a claim of its own, because it kept others waiting. */
export type ReturnedRange = BatchRange & { readonly alone?: true };

export function startQueue(total: number): BatchQueue {
  return { next: 1, total, returned: [] };
}

/** Takes up to `size` consecutive batches; what was given back goes first. Null when nothing is left. */
export function takeClaim(queue: BatchQueue, size: number): { claim: BatchRange; rest: BatchQueue } | null {
  const width = Math.max(1, Math.floor(size));
  const [first, ...others] = queue.returned;
  if (first !== undefined) {
    const to = Math.min(first.to, first.from + width - 1);
    const left = to < first.to ? [{ from: to + 1, to: first.to }] : [];
    return { claim: { from: first.from, to }, rest: { ...queue, returned: [...left, ...others] } };
  }
  if (queue.next > queue.total) return null;
  const to = Math.min(queue.total, queue.next + width - 1);
  return { claim: { from: queue.next, to }, rest: { ...queue, next: to + 1 } };
}

/** Puts an unfinished rest back, in order, neighbours joined. */
export function giveBack(queue: BatchQueue, rest: ReturnedRange): BatchQueue {
  const sorted = [...queue.returned, rest].sort((a, b) => a.from - b.from);
  const joined: ReturnedRange[] = [];
  for (const range of sorted) {
    const last = joined.at(-1);
    const apart = last?.alone === true || range.alone === true;
    if (last !== undefined && !apart && range.from <= last.to + 1) {
      joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else joined.push(range);
  }
  return { ...queue, returned: joined };
}

/** Puts an unfinished rest back so that its first batch is the next claim, and that alone. */
export function giveBackSplit(queue: BatchQueue, { from, to }: BatchRange): BatchQueue {
  const first = giveBack(queue, { from, to: from, alone: true });
  return from < to ? giveBack(first, { from: from + 1, to }) : first;
}

export function isExhausted(queue: BatchQueue): boolean {
  return queue.next > queue.total && queue.returned.length === 0;
}

/** How many batches nobody has taken. */
export function batchesLeft({ next, total, returned }: BatchQueue): number {
  return returned.reduce((sum, { from, to }) => sum + to - from + 1, total - next + 1);
}

/** An activity costs about 0.1 s on a default server: tiny batches share one, up to this much work. */
const CLAIM_TARGET_MS = 5_000;
/** Towards the end claims get smaller, so that no lane has the last five seconds to itself; not below this, or handing over costs more than it saves. */
const LAST_CLAIM_MS = 500;
/** Keeps the result of one claim small, however tiny the batches. */
const CLAIM_MAX_BATCHES = 50;

/**
 * How many batches the next claim should hold, from what the finished ones took; one until something was measured. With
 * several lanes, half of a lane's fair share of what is left at most: at the end all lanes come to rest at about the same time.
 */
export function claimSize(
  measured: { readonly batches: number; readonly busyMs: number },
  { left, lanes }: { readonly left: number; readonly lanes: number },
): number {
  if (measured.batches === 0) return 1;
  const perBatch = Math.max(1, measured.busyMs / measured.batches);
  const most = Math.min(CLAIM_MAX_BATCHES, Math.max(1, Math.floor(CLAIM_TARGET_MS / perBatch)));
  if (lanes === 1) return most;
  const share = Math.ceil(left / lanes);
  const least = Math.min(share, Math.ceil(LAST_CLAIM_MS / perBatch));
  return Math.max(1, Math.min(most, Math.max(least, Math.ceil(share / 2))));
}

/** How many claims a run will have, about: as `claimSize` cuts them once it knows how long a batch takes. */
export function claimsFor({ batches, busyMs }: { readonly batches: number; readonly busyMs: number }): number {
  return Math.min(batches, Math.ceil(Math.max(batches / CLAIM_MAX_BATCHES, busyMs / CLAIM_TARGET_MS)));
}
