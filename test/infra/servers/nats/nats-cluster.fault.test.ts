import { rm } from 'node:fs/promises'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import pRetry from 'p-retry'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NatsServers, startNatsCluster } from '../../../../bench/harness/nats-servers.ts'
import { type Proxy, startProxy } from '../../../support/proxy.ts'
import { caughtUp, readLog, rows } from '../../../support/system-assertions.ts'
import { startSystem, type System, temporaryFolder } from '../../../support/test-system.ts'
import { toyKind } from '../../../support/toy-kind.ts'

let folder: string
let cluster: NatsServers
/** The way to one server, which can be cut. */
let way: Proxy
let system: System
let producer: NatsConnection

beforeAll(async () => {
  folder = await temporaryFolder()
  cluster = await startNatsCluster(folder)
  way = await startProxy(cluster.ports[0] ?? 0)
  system = await startSystem({
    kinds: [toyKind],
    settings: {
      NATS_URL: `nats://127.0.0.1:${way.port}`,
      NATS_USER: cluster.user,
      NATS_PASSWORD: cluster.password,
      NATS_SYNC_INTERVAL: 'always',
    },
  })
  producer = await connect({
    servers: cluster.url.split(','),
    user: cluster.user,
    pass: cluster.password,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
  })
})
afterAll(async () => {
  await producer.close()
  await system.stop()
  way.cut()
  await cluster.stop()
  await rm(folder, { recursive: true, force: true })
})

const ACTORS = 20
/** A replica that its server left behind is found out within 15 s, an INBOX that takes nothing over as well. */
const TEST_TIMEOUT_MS = 120_000

/** A producer that repeats what was not acknowledged, under the same id. */
async function publishStubbornly(tenant: string, count: number, onHalf: () => Promise<void>): Promise<void> {
  let half: Promise<void> | undefined
  for (let i = 0; i < count; i++) {
    if (i === count / 2) half = onHalf()
    const body = JSON.stringify({ type: 'add', id: `${tenant}-${i}`, data: { by: 1 } })
    for (;;) {
      try {
        const ack = await producer.request(`in.${tenant}.toy.a${i % ACTORS}`, body, { timeout: 1_000 })
        if (ack.json<{ seq?: number }>().seq !== undefined) break
      } catch {
        // Not acknowledged: it is sent again until it is.
      }
    }
  }
  await half
}

async function allIsThere(tenant: string, count: number): Promise<void> {
  await caughtUp(system)
  // A server may not know a consumer yet when it is asked for it.
  const entries = (await pRetry(() => readLog(system))).filter((entry) => entry.actor.startsWith(`${tenant}/`))
  for (let actor = 0; actor < ACTORS; actor++) {
    const ids = entries.filter((entry) => entry.actor === `${tenant}/toy/a${actor}`).map((entry) => entry.record.input.id)
    expect(ids).toEqual(Array.from({ length: count / ACTORS }, (_, i) => `${tenant}-${i * ACTORS + actor}`))
  }
  expect(await rows(system, `SELECT sum(label.count::UInt32) AS total FROM actors WHERE tenant = '${tenant}'`)).toEqual([{ total: count }])
}

/** Tasks are taken and done again; one that waited for a server that died may have passed its deadline. */
async function tasksWork(id: string): Promise<void> {
  let asked = 0
  await expect
    .poll(
      async () => {
        asked += 1
        const body = JSON.stringify({ type: 'ask', data: { q: 'still there?' } })
        await producer.request(`in.${id}.toy.asks-${asked}`, body, { timeout: 1_000 }).catch(() => undefined)
        const ended = (await readLog(system))
          .filter(({ actor }) => actor.startsWith(`${id}/toy/asks`))
          .flatMap(({ record }) => record.ended)
        return ended.some(({ status }) => status === 'done')
      },
      { interval: 500 },
    )
    .toBe(true)
}

const leaderOf = async (stream: string): Promise<number> => {
  const { cluster: at } = await system.running.jetstream.jsm.streams.info(stream)
  return Array.from({ length: cluster.size }, (_, index) => cluster.nameOf(index)).indexOf(at?.leader ?? '')
}

describe('a cluster of three servers', () => {
  test('keeps three copies of every stream and reports it', async () => {
    for (const stream of ['INBOX', 'LOG', 'OUT', 'TASKS', 'TIMERS', 'DEAD']) {
      expect((await system.running.jetstream.jsm.streams.info(stream)).config.num_replicas).toBe(3)
    }
    expect(system.running.durability).toEqual({ replicas: 3, fsync: 'always' })
  })

  test('does not compress the log: nats-server cannot cut a compressed block when a replica starts again', async () => {
    expect((await system.running.jetstream.jsm.streams.info('LOG')).config.compression).toBe('none')
  })

  test('keeps working where a client is cut off from its server: it connects to the others', async () => {
    await publishStubbornly('cut', 400, async () => way.cut())
    await allIsThere('cut', 400)
  })

  test(
    'keeps working without the leader of LOG',
    async () => {
      let killed = -1
      await publishStubbornly('leader', 400, async () => {
        killed = await leaderOf('LOG')
        await cluster.kill(killed)
      })
      await allIsThere('leader', 400)
      await tasksWork('leader')
      await cluster.start(killed)
    },
    TEST_TIMEOUT_MS,
  )

  test(
    'waits while two of three servers are away, and continues when they are back',
    async () => {
      await publishStubbornly('two', 400, async () => {
        await cluster.kill(0)
        await cluster.kill(1)
        await cluster.start(0)
        await cluster.start(1)
      })
      await allIsThere('two', 400)
      await tasksWork('two')
    },
    TEST_TIMEOUT_MS,
  )
})
