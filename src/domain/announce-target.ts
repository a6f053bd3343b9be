export const ANNOUNCEMENTS = [
  'approval_requested',
  'published',
  'rolled_back',
  'held',
  'sign_off_requested',
  'overdue',
  'lagging',
] as const;
export type Announcement = (typeof ANNOUNCEMENTS)[number];

/** One of both: a webhook by the variable that holds its address, or a file in the folder of reports. */
export interface Channel {
  readonly webhook: string | null;
  readonly file: string | null;
}

export interface AnnounceTarget extends Channel {
  readonly when: readonly Announcement[];
}
