import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { BenchSystem } from './bench-system.ts'

/** The machine on which figures were measured. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  /** Load average of the minute before the run; above 0, other processes were active. */
  readonly load: number
}

/** Versions by program. */
export type Versions = Readonly<Record<string, string>>

export const describeMachine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  system: `${process.platform} ${release()} ${process.arch}`,
  load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
})

const packageSchema = z.object({ version: z.string() })
const versionSchema = z.array(z.object({ version: z.string() }))

/** Versions of Colloquy, Node and XState. */
export async function readOwnVersions(): Promise<Versions> {
  const versionIn = async (path: string): Promise<string> =>
    packageSchema.parse(JSON.parse(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8'))).version
  return { colloquy: await versionIn('package.json'), node: process.version, xstate: await versionIn('node_modules/xstate/package.json') }
}

export async function readVersions({ nc, clickhouse }: BenchSystem): Promise<Versions> {
  const result = await clickhouse.query({ query: 'SELECT version() AS version', format: 'JSONEachRow' })
  return {
    ...(await readOwnVersions()),
    nats: nc.info?.version ?? 'unknown',
    clickhouse: versionSchema.parse(await result.json())[0]?.version ?? 'unknown',
  }
}

/** The checked-out commit, with `+` if files have changed since; `unknown` outside a repository. */
export async function readCommit(): Promise<string> {
  const git = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('git', args, { cwd: new URL('../..', import.meta.url).pathname })).stdout.trim()
  try {
    const [commit, changes] = await Promise.all([git('rev-parse', '--short=12', 'HEAD'), git('status', '--porcelain')])
    return `${commit}${changes === '' ? '' : '+'}`
  } catch {
    return 'unknown'
  }
}
