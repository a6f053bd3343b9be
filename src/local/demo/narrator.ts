import type { StatusView } from '../../domain/status-view.ts';

/** Tells the story in plain lines with the seconds since it began; progress moves in place on a terminal only. */
export interface Narrator {
  say(line: string): void;
  /** What a status means, once, when it is reached. */
  chapter(view: StatusView): void;
  progress(view: StatusView): void;
}

const MEANING: Readonly<Partial<Record<StatusView['status'], string>>> = {
  planning: 'reads the documents, looks at the catalogue, really runs five sample partitions, freezes the plan',
  proving: 'builds one partition twice in scratch tables: a rerun must change nothing',
  preserving: 'installs late-write capture, proves it with a canary, copies the trusted result, makes an empty shadow',
  building: 'rebuilds history into the shadow, two lanes, every batch checked against snapshot, sources and live table',
  reconciling: 'adds everything up, writes evidence, digest and report',
  awaitingApproval: 'nothing happens until the data owner says so',
  publishing: 'arms the view, catches up with live writes, switches readers in one transaction',
  observing: 'the rollback window: one statement undoes it',
  awaitingSignOff: 'each party says that the old version may go',
  consolidating: 'moves corrected rows into the base table, row by guarded row, and retires the overlay',
  rollingBack: 'switches readers back in one statement',
  rolledBack: 'consumers read the previous history again; the corrected one is kept',
  completed: 'the base table holds the corrected history; only the evidence is left',
};

export function createNarrator(out: NodeJS.WriteStream): Narrator {
  const began = Date.now();
  let open = false;
  const stamp = (): string => `${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s`;
  const say = (line: string): void => {
    if (open) out.write('\n');
    open = false;
    out.write(`${stamp()}  ${line}\n`);
  };
  return {
    say,
    chapter: (view) => {
      say('');
      say(`── ${view.status}: ${MEANING[view.status] ?? ''}`);
    },
    progress: (view) => {
      if (!out.isTTY) return;
      const { batches, partitions } = view;
      out.write(
        `\r${stamp()}     ${partitions.done}/${partitions.total} partitions, ${batches.done}/${batches.total} batches `,
      );
      open = true;
    },
  };
}
