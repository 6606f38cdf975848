import { readdir, readFile } from 'node:fs/promises'
import { codeOf } from '../../schemas/errors.ts'

/** Processor time and memory of processes, from /proc. */
export interface Usage {
  readonly cpuSeconds: number
  readonly rssBytes: number
}

/** Usage by program: one entry per server, and the entry `up` for all other processes together. */
export type SystemUsage = Readonly<Partial<Record<'up' | 'nats' | 'clickhouse', Usage>>>

/** Linux counts processor time in hundredths of a second on every platform that Node supports. */
const TICKS_PER_SECOND = 100

/** Usage of `up` processes and their descendants; empty without /proc or if the processes run on another machine. */
export async function usageOf(upPids: readonly number[]): Promise<SystemUsage> {
  const found: { -readonly [Name in keyof SystemUsage]: SystemUsage[Name] } = {}
  const processes = await listProcesses()
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]))
  const isOurs = (pid: number | undefined): boolean => pid !== undefined && (upPids.includes(pid) || isOurs(parents.get(pid)))
  for (const { pid, command, usage } of processes) {
    if (!isOurs(pid)) continue
    const name = command.includes('nats-server') ? 'nats' : command.includes('infra/servers/clickhouse/') ? 'clickhouse' : 'up'
    found[name] = sum(found[name], usage)
  }
  return found
}

/** Usage of one process; `undefined` if there is no such process, or no /proc. */
export const usageOfProcess = async (pid: number): Promise<Usage | undefined> => (await readProcess(pid))?.usage

const sum = (one: Usage | undefined, other: Usage): Usage => ({
  cpuSeconds: (one?.cpuSeconds ?? 0) + other.cpuSeconds,
  rssBytes: (one?.rssBytes ?? 0) + other.rssBytes,
})

interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
  readonly usage: Usage
}

async function listProcesses(): Promise<Process[]> {
  const names = await readdir('/proc').catch(() => [])
  const read = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map((name) => readProcess(Number(name))))
  return read.filter((process) => process !== undefined)
}

/** `undefined` if the process has exited meanwhile. */
async function readProcess(pid: number): Promise<Process | undefined> {
  try {
    const files = ['stat', 'cmdline', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8'))
    const [stat, command, status] = await Promise.all(files)
    // The name in brackets may contain any characters, so parsing starts after it. The numbers there include the parent, utime and stime
    // (proc(5)).
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
    return {
      pid,
      parent: Number(fields[1]),
      command: command ?? '',
      usage: {
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
        rssBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status ?? '')?.[1] ?? 0) * 1024,
      },
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH' || codeOf(error) === 'EACCES') return undefined
    throw error
  }
}
