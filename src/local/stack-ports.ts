import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const port = z.number().int().min(1).max(65_535);
const StackPortsSchema = z.object({
  postgres: port.optional(),
  temporal: port.optional(),
  temporalUi: port.optional(),
});

/** Where the servers of a folder listened last: links and connection strings stay true over a restart. */
export type StackPorts = Readonly<z.infer<typeof StackPortsSchema>>;

/** Empty where nothing, or nothing sensible, is recorded: the ports are a preference, any free one does. */
export function readStackPorts(folder: string): StackPorts {
  try {
    return StackPortsSchema.parse(JSON.parse(readFileSync(portsFile(folder), 'utf8')));
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      error instanceof SyntaxError ||
      error instanceof z.ZodError
    )
      return {};
    throw error;
  }
}

export function writeStackPorts(folder: string, ports: StackPorts): void {
  const draft = `${portsFile(folder)}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ ...readStackPorts(folder), ...ports }));
  renameSync(draft, portsFile(folder));
}

function portsFile(folder: string): string {
  return join(folder, 'ports.json');
}
