import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from 'pino'

/** Files that a process needs besides its streams: connections of other requests (1,024), tables, models, NATS. */
const OTHER_FILES = 1_536

/** How many files this process may open; `undefined` where the system does not say, or sets no limit. */
export async function openFilesMax(): Promise<number | undefined> {
  try {
    // A shell inherits the limits of its parent.
    const { stdout } = await promisify(execFile)('sh', ['-c', 'ulimit -n'])
    return /^\d+$/.test(stdout.trim()) ? Number(stdout) : undefined
  } catch {
    return undefined
  }
}

/** The number of streams that a process may have: the setting, or less where it may not open as many files. Says so then. */
export function streamsMaxOf(wanted: number, filesMax: number | undefined, log: Pick<Logger, 'warn'>): number {
  const possible = filesMax === undefined ? wanted : Math.max(1, filesMax - OTHER_FILES)
  if (possible >= wanted) return wanted
  log.warn(
    { filesMax, streamsMax: possible },
    `COLLOQUY_STREAMS_MAX is ${wanted}, but "ulimit -n" allows ${filesMax} open files: at most ${possible} streams; `
      + `raise it to ${wanted + OTHER_FILES}, or lower the setting`,
  )
  return possible
}
