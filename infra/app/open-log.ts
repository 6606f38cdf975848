import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { destination, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'
import { bytesOfFile } from '../servers/data-files.ts'
import type { Settings } from '../settings.ts'

/** `file`: into the data folder, beside a live view. `pretty`: readable lines on stdout. `json`: one JSON object a line on stdout. */
export type LogStyle = 'file' | 'pretty' | 'json'

const FILE = 'colloquy.log'
/** A larger log file is renamed to `colloquy.log.1` at the start; an earlier one of that name is overwritten. */
const FILE_BYTES_MAX = 16 * 1024 * 1024

/** The path of the log file in the data folder. */
export const logFileOf = (settings: Settings): string => join(settings.DATA_DIR, FILE)

/** Opens the log. Writes are synchronous: a logged line survives a crash of the process. */
export async function openLog(settings: Settings, style: LogStyle): Promise<Logger> {
  const options = { level: settings.LOG_LEVEL, base: undefined }
  if (style === 'json') return pino(options, destination({ dest: 1, sync: true }))
  if (style === 'pretty') return pino(options, pretty({ destination: 1, sync: true, translateTime: 'SYS:HH:MM:ss.l' }))
  const dest = logFileOf(settings)
  await mkdir(settings.DATA_DIR, { recursive: true, mode: 0o700 })
  if ((await bytesOfFile(dest)) > FILE_BYTES_MAX) await rename(dest, `${dest}.1`)
  const file = destination({ dest, sync: true, append: true })
  // A full disk must not end the process: the lines are lost until there is room.
  file.on('error', () => undefined)
  return pino(options, file)
}
