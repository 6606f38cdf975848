import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type CliOptions, startUp } from './run-cli.ts'
import { type System, temporaryFolder } from './test-system.ts'

type Settings = NonNullable<CliOptions['settings']>
/** A started process. */
export type Worker = Awaited<ReturnType<typeof startUp>>

/** The settings by which another process reaches the NATS of a system. */
export async function natsSettingsOf({ running, settings }: Pick<System, 'running' | 'settings'>) {
  const password = (await readFile(join(settings.DATA_DIR, 'nats-password'), 'utf8')).trim()
  return { NATS_URL: running.nats.url, NATS_USER: 'colloquy', NATS_PASSWORD: password }
}

/** Workers as processes of their own, against the servers of a system that runs none of their stages itself. */
export interface Workers {
  /** Those that run. A test takes out whom it ends itself. */
  readonly started: Worker[]
  /** Starts one with the roles that decide, send and work; more settings replace these. */
  start(settings?: Settings): Promise<Worker>
  /** Kills all, and waits for their ends. */
  kill(): Promise<void>
}

/** Prepares the workers of a test. @param system tells the system when a worker starts */
export function createWorkers(system: () => System): Workers {
  const started: Worker[] = []
  return {
    started,
    async start(settings) {
      const own = { ROLES: 'host,dispatch,tasks', LEASE_MS: '2000', ...settings }
      const worker = await startUp({ dataDir: await temporaryFolder(), settings: { ...(await natsSettingsOf(system())), ...own } })
      started.push(worker)
      return worker
    },
    async kill() {
      for (const worker of started) worker.signal('SIGKILL')
      await Promise.all(started.map(({ ended }) => ended))
    },
  }
}
