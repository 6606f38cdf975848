import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import { freePorts } from '../../harness/free-ports.ts'
import { compare, drive } from './drive.ts'

/** Concurrent calls; more do not make it faster. */
const CALLS_MAX = 256
const READY_MS_MAX = 60_000

await drive(async ({ folder }) => {
  const [ingressPort = 0, adminPort = 0, nodePort = 0, servicePort = 0] = await freePorts(4)
  // Starts the binary directly. The npm launcher would add a process in between.
  const require = createRequire(createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json'))
  const server = require.resolve(`@restatedev/restate-server-${platform()}-${arch()}/bin/restate-server`)
  const log = openSync(join(folder, 'restate.log'), 'w')
  const children = [
    spawn(server, ['--no-logo', '--listen-mode', 'tcp', '--bind-ip', '127.0.0.1', '--bind-port', String(nodePort)], {
      stdio: ['ignore', log, log],
      cwd: folder,
      env: {
        PATH: process.env['PATH'],
        RESTATE_BASE_DIR: join(folder, 'data'),
        RESTATE_INGRESS__BIND_PORT: String(ingressPort),
        RESTATE_ADMIN__BIND_PORT: String(adminPort),
        RESTATE_DISABLE_TELEMETRY: 'true',
        RESTATE_LOG_FILTER: 'warn',
        DO_NOT_TRACK: '1',
        // The same durability as Colloquy's default: data survives kill -9, without an fsync before each answer.
        RESTATE_LOG_SERVER__ROCKSDB_DISABLE_WAL_FSYNC: 'true',
        RESTATE_BIFROST__LOCAL__ROCKSDB_DISABLE_WAL_FSYNC: 'true',
      },
    }),
    spawn(process.execPath, [fileURLToPath(new URL('restate-service.ts', import.meta.url)), String(servicePort)], {
      stdio: ['ignore', log, log],
      env: { PATH: process.env['PATH'], NODE_ENV: 'production', RESTATE_LOGGING: 'ERROR' },
    }),
  ]
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL')
  })
  await register(`http://127.0.0.1:${adminPort}`, `http://127.0.0.1:${servicePort}`)

  const pool = new Pool(`http://127.0.0.1:${ingressPort}`, { connections: CALLS_MAX, pipelining: 1 })
  const sent = new Map<string, number>()
  const last = new Map<string, number>()
  return {
    async run(forMs, next) {
      const untilMs = performance.now() + forMs
      let turns = 0
      const call = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          const { actor, payload } = next()
          sent.set(actor, (sent.get(actor) ?? 0) + 1)
          const { statusCode, body } = await pool.request({
            method: 'POST',
            path: `/Conversation/${actor}/turn`,
            headers: { 'content-type': 'application/json' },
            body: payload,
          })
          const answer = (await body.json()) as { n: number }
          if (statusCode !== 200) throw new Error(`Restate answered ${statusCode}: ${JSON.stringify(answer)}`)
          last.set(actor, Math.max(last.get(actor) ?? 0, answer.n))
          turns += 1
        }
      }
      await Promise.all(Array.from({ length: CALLS_MAX }, call))
      return turns
    },
    check: async () => compare(sent, (actor) => last.get(actor) ?? 0),
  }
})

async function register(admin: string, uri: string): Promise<void> {
  const deadline = AbortSignal.timeout(READY_MS_MAX)
  for (let cause: unknown = undefined; ; await delay(200)) {
    try {
      const answer = await fetch(`${admin}/deployments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ uri }),
        signal: AbortSignal.timeout(5_000),
      })
      if (answer.ok) return
      cause = await answer.text()
    } catch (error) {
      cause = error
    }
    if (deadline.aborted) throw new Error('Restate did not register the service', { cause })
  }
}
