import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Logger } from 'pino'
import { ColloquyError, codeOf } from '../../../schemas/errors.ts'

const pollMs = 50

export interface OrphanOptions {
  pidFile: string
  configFile: string
  /** How long it may take to end after SIGTERM, before SIGKILL. */
  stopTimeoutMs: number
  log: Logger
}

/**
 * Ends the nats-server of a Colloquy that was killed, if it still runs: its watchdog is about to end it, but a quick start must
 * not meet it on the same store. It is known by its pid file *and* by its command line naming our configuration file, so a
 * pid that now belongs to someone else is left alone. Call it only as the holder of the data folder's lock.
 *
 * @throws ColloquyError `nats_orphan` when it outlives SIGKILL.
 */
export async function endOrphan({ pidFile, configFile, stopTimeoutMs, log }: OrphanOptions): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(missing))
  const isOurs = async (): Promise<boolean> => pid > 0 && (await commandLine(pid)).includes(configFile)

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!(await isOurs())) return
    log.warn({ pid, signal }, 'ending the nats-server of a Colloquy that was killed')
    send(pid, signal)
    for (let waitedMs = 0; waitedMs < stopTimeoutMs && await isOurs(); waitedMs += pollMs) await sleep(pollMs)
  }
  if (await isOurs()) throw new ColloquyError('nats_orphan', `An old nats-server (pid ${pid}) does not end. End it by hand.`)
}

/** Empty when there is no such process, or only a zombie of it. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(missing)).replaceAll('\0', ' ')
  return (await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }))).stdout
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error
  }
}

function missing(error: unknown): string {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return ''
  throw error
}
