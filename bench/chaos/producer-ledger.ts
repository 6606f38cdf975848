import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { LedgerLine } from './check/chaos-history.ts'

/** The messages and acknowledgements of the producers, in a file, because those of a long run would not fit into memory. */
export interface LedgerFile {
  readonly file: string
  write(line: LedgerLine): void
  close(): Promise<void>
}

export function openLedger(file: string): LedgerFile {
  const stream = createWriteStream(file)
  return {
    file,
    write: (line) => void stream.write(`${JSON.stringify(line)}\n`),
    async close() {
      await once(stream.end(), 'close')
    },
  }
}
