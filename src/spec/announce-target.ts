import type { AnnounceTarget, Channel } from '../domain/announce-target.ts';

interface Written {
  readonly webhook?: string | undefined;
  readonly file?: string | undefined;
}

export function toTarget(target: Written & Pick<AnnounceTarget, 'when'>): AnnounceTarget {
  return { ...toChannel(target), when: target.when };
}

export function toChannel({ webhook, file }: Written): Channel {
  return { webhook: webhook ?? null, file: file ?? null };
}
