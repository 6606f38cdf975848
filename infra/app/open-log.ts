import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { destination, pino, type Logger } from 'pino'
import pretty from 'pino-pretty'
import { bytesOfFile } from '../servers/data-files.ts'
import type { Settings } from '../settings.ts'

/** `file`: beside a live view. `pretty`: for a person. `json`: one JSON object per line. */
export type LogStyle = 'file' | 'pretty' | 'json'

const FILE = 'colloquy.log'
/** A larger log of earlier runs is put aside at the start; the one before it goes. */
const FILE_BYTES_MAX = 16 * 1024 * 1024

export const logFileOf = (settings: Settings): string => join(settings.DATA_DIR, FILE)

/** Opens the log; every line is written before the call that logs it returns. */
export async function openLog(settings: Settings, style: LogStyle): Promise<Logger> {
  const options = { level: settings.LOG_LEVEL, base: undefined }
  if (style === 'json') return pino(options, destination({ dest: 1, sync: true }))
  if (style === 'pretty') return pino(options, pretty({ destination: 1, sync: true, translateTime: 'SYS:HH:MM:ss.l' }))
  const dest = logFileOf(settings)
  await mkdir(settings.DATA_DIR, { recursive: true, mode: 0o700 })
  if (await bytesOfFile(dest) > FILE_BYTES_MAX) await rename(dest, `${dest}.1`)
  return pino(options, destination({ dest, sync: true, append: true }))
}
