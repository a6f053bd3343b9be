import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export type ThreadName = 'reader-thread' | 'writer-thread' | 'compare-thread';

/** A thread with an event loop of its own: what it measures, this one's work does not distort. */
export function startThread(name: ThreadName, workerData: unknown): Worker {
  return new Worker(new URL(`./${name}.js`, import.meta.url), { workerData });
}

/** The next message of a thread; rejects where the thread fails instead. */
export async function nextMessage<T>(thread: Worker): Promise<T> {
  const [message] = (await once(thread, 'message')) as [T];
  return message;
}

export async function ask<T>(thread: Worker, message: unknown): Promise<T> {
  const answer = nextMessage<T>(thread);
  thread.postMessage(message);
  return answer;
}
