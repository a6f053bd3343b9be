/** Several installations may share a namespace: each puts its prefix before the names of its task queues. */
export function taskQueueName(prefix: string | null, queue: string): string {
  return prefix === null ? queue : `${prefix}-${queue}`;
}
