import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Logger } from 'pino'
import { namingFile } from '../../../pipeline/runtime/file-errors.ts'
import { isProcessAlive } from '../../../pipeline/runtime/process-alive.ts'
import { codeOf, ColloquyError } from '../../../schemas/errors.ts'

const pollMs = 50

export interface OrphanOptions {
  pidFile: string
  configFile: string
  /** Time between SIGTERM and SIGKILL. */
  stopTimeoutMs: number
  log: Logger
}

/**
 * Ends the nats-server of a killed Colloquy. Its watchdog ends it too, but maybe only after the next start, and two servers must not use
 * one store. Finds the process by its pid file, and checks that its command line names the configuration file: the system may have given
 * the pid to another process. The caller must hold the data folder's lock.
 *
 * @throws ColloquyError `nats_orphan` when it outlives SIGKILL.
 */
export async function endOrphan({ pidFile, configFile, stopTimeoutMs, log }: OrphanOptions): Promise<void> {
  const pid = Number(await namingFile(pidFile, readFile(pidFile, 'utf8')).catch(missing))
  const isOurs = async (): Promise<boolean> => {
    if (!(pid > 0)) return false
    const line = await commandLine(pid)
    return line === '' ? isExiting(pid) : line.includes(configFile)
  }

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!(await isOurs())) return
    log.warn({ pid, signal }, 'stopping the nats-server of a Colloquy that was killed')
    send(pid, signal)
    for (let waitedMs = 0; waitedMs < stopTimeoutMs && (await isOurs()); waitedMs += pollMs) await sleep(pollMs)
  }
  if (await isOurs()) {
    throw new ColloquyError('nats_orphan', `The nats-server of an earlier run (pid ${pid}) does not stop. Kill it by hand.`)
  }
}

/** The command line of a process; empty if the process does not exist, is exiting, or is a zombie. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(missing)).replaceAll('\0', ' ')
  return (await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }))).stdout
}

/** An exiting process loses its command line before it closes its sockets and files. Only Linux shows this state. */
async function isExiting(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return false
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(missing)
  return name.startsWith('nats-server') && isProcessAlive(pid)
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
