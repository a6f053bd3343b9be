import type { BackfillState } from '../src/domain/backfill-state.ts';
import { waitingOn } from '../src/domain/status-view.ts';

/** In bytes, with some room below the 2 KB that a memo may have. */
const MEMO_BYTES = 1_990;
/** A wait is told in a sentence. */
const WAIT_CHARACTERS = 300;

/** Shown by the UI with every worker stopped. The wait is cut where statements and sentence together would be too long. */
export function memoOf(state: BackfillState): Record<string, string> {
  const memo = {
    status: state.status,
    since: state.since,
    waitingOn: '',
    rollback: state.rollbackStatement ?? 'nothing is published',
    detachCapture: state.plan?.detachStatement ?? 'no capture is installed',
    whenNoWorkerAnswers: 'start a worker (npm run worker): the run goes on by itself; signals sent meanwhile are kept',
  };
  const reason = (waitingOn(state)?.reason ?? 'nothing').slice(0, WAIT_CHARACTERS);
  return { ...memo, waitingOn: cutToBytes(reason, MEMO_BYTES - utf8Bytes(JSON.stringify(memo))) };
}

function cutToBytes(text: string, bytes: number): string {
  const characters = [...text];
  while (characters.length > 0 && utf8Bytes(JSON.stringify(characters.join(''))) > bytes) characters.pop();
  return characters.join('');
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}
