import { readdir, readFile } from 'node:fs/promises'
import { codeOf } from '../../schemas/errors.ts'

/** What processes have used, by what the kernel says. */
export interface Usage {
  readonly cpuSeconds: number
  readonly rssBytes: number
}

/** The processes of a system by what they do: its servers, and under `up` all others together. */
export type SystemUsage = Readonly<Partial<Record<'up' | 'nats' | 'clickhouse', Usage>>>

/** Linux counts in hundredths of a second on every platform that Node runs on. */
const TICKS_PER_SECOND = 100

/** What `up` processes and all below them have used; empty where there is no /proc, or the processes are not on this machine. */
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

/** What one process has used; `undefined` where there is no such process, or no /proc. */
export const usageOfProcess = async (pid: number): Promise<Usage | undefined> => (await readProcess(pid))?.usage

const sum = (one: Usage | undefined, other: Usage): Usage => ({
  cpuSeconds: (one?.cpuSeconds ?? 0) + other.cpuSeconds, rssBytes: (one?.rssBytes ?? 0) + other.rssBytes,
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

/** `undefined` where it has ended meanwhile. */
async function readProcess(pid: number): Promise<Process | undefined> {
  try {
    const files = ['stat', 'cmdline', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8'))
    const [stat, command, status] = await Promise.all(files)
    // The name, in brackets, may hold anything; what follows it is numbers (proc(5)): the parent, later utime and stime.
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
    return {
      pid, parent: Number(fields[1]), command: command ?? '',
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
