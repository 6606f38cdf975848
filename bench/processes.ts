import { readdir, readFile } from 'node:fs/promises'
import { codeOf } from '../schemas/errors.ts'

/** What a process has used, by what the kernel says. */
export interface Usage {
  readonly cpuSeconds: number
  readonly rssBytes: number
}

/** The processes of a system by what they do. */
export type SystemUsage = Readonly<Partial<Record<'up' | 'nats' | 'clickhouse', Usage>>>

/** Linux counts in hundredths of a second on every platform that Node runs on. */
const TICKS_PER_SECOND = 100

/** What `up` and its servers have used; empty where there is no /proc, or the process is not on this machine. */
export async function usageOf(upPid: number): Promise<SystemUsage> {
  const processes = await listProcesses()
  const found: { -readonly [Name in keyof SystemUsage]: SystemUsage[Name] } = {}
  for (const { pid, parent, command, usage } of processes) {
    if (pid === upPid) found.up = usage
    else if (parent === upPid && command.includes('nats-server')) found.nats = usage
    else if (parent === upPid && command.includes('clickhouse')) found.clickhouse = usage
  }
  return found
}

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
