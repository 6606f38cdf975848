import { fork, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { freePorts } from '../../harness/free-ports.ts'
import { compare, drive, type PeerInput } from './drive.ts'

const QUEUE = 'turns'
/** Jobs added per call. */
const BURST = 250
const AHEAD_MAX = 5_000
const POLL_MS = 2

await drive(async ({ folder }) => {
  const [port = 0] = await freePorts(1)
  const log = openSync(join(folder, 'bullmq.log'), 'w')
  const server = spawn(
    'redis-server',
    [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      '--appendonly',
      'yes',
      '--appendfsync',
      'everysec',
      '--save',
      '',
      '--daemonize',
      'no',
    ],
    { stdio: ['ignore', log, log] },
  )
  process.on('exit', () => {
    server.kill('SIGKILL')
  })
  const redis = new Redis({ port, maxRetriesPerRequest: null, retryStrategy: () => 50 })
  // Ignores connection errors, which occur until the server listens. A later failure still makes the requests fail.
  redis.on('error', () => undefined)
  await redis.ping()
  const worker = fork(fileURLToPath(new URL('bullmq-worker.ts', import.meta.url)), [String(port), QUEUE], {
    stdio: ['ignore', log, log, 'ipc'],
  })
  process.on('exit', () => {
    worker.kill('SIGKILL')
  })
  worker.once('exit', (code) => {
    throw new Error(`the worker exited with code ${code}; see ${folder}/bullmq.log`)
  })
  let done = 0
  worker.on('message', (count: number) => {
    done = count
  })

  const queue = new Queue(QUEUE, { connection: redis })
  const sent = new Map<string, number>()
  let added = 0
  return {
    async run(forMs, next) {
      const [untilMs, before] = [performance.now() + forMs, done]
      while (performance.now() < untilMs) {
        if (added - done >= AHEAD_MAX) {
          await delay(POLL_MS)
          continue
        }
        const burst: PeerInput[] = Array.from({ length: BURST }, next)
        for (const { actor } of burst) sent.set(actor, (sent.get(actor) ?? 0) + 1)
        await queue.addBulk(burst.map((data) => ({ name: 'turn', data, opts: { removeOnComplete: true } })))
        added += BURST
      }
      while (done < added) await delay(POLL_MS)
      return done - before
    },
    async check() {
      const stored = await redis.hgetall('conversations')
      return compare(sent, (actor) => (JSON.parse(stored[actor] ?? '{"n":0}') as { n: number }).n)
    },
  }
})
