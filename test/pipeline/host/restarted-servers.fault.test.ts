import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { caughtUp, readLog, rows } from '../../support/system-assertions.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind] })
})
afterAll(() => system.stop())

const ACTORS = 50

/** Publishes as a careful producer does: repeats each message under the same id until it is acknowledged. */
async function publishUntilAcknowledged(tenant: string, count: number, onHalf: () => void): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (i === count / 2) onHalf()
    const body = JSON.stringify({ type: 'add', id: `${tenant}-${i}`, data: { by: 1 } })
    for (;;) {
      try {
        const ack = await system.producer.request(`in.${tenant}.toy.a${i % ACTORS}`, body, { timeout: 1_000 })
        if (ack.json<{ seq?: number }>().seq !== undefined) break
      } catch {
        // Not acknowledged: the message is sent again.
      }
    }
  }
}

/** Asserts that every input has one record, in its actor's order, and one row, and that the counts add up. */
async function expectComplete(tenant: string, count: number): Promise<void> {
  await caughtUp(system)
  const entries = (await readLog(system)).filter((entry) => entry.actor.startsWith(`${tenant}/`))
  for (let actor = 0; actor < ACTORS; actor++) {
    const ids = entries.filter((entry) => entry.actor === `${tenant}/toy/a${actor}`).map((entry) => entry.record.input.id)
    expect(ids).toEqual(Array.from({ length: count / ACTORS }, (_, i) => `${tenant}-${i * ACTORS + actor}`))
  }
  expect(await rows(system, `SELECT count() AS n, uniqExact(id) AS ids FROM events WHERE tenant = '${tenant}' AND idx = 0`)).toEqual([
    { n: count, ids: count },
  ])
  expect(await rows(system, `SELECT sum(label.count::UInt32) AS total FROM actors WHERE tenant = '${tenant}'`)).toEqual([{ total: count }])
  const { state } = await system.running.jetstream.jsm.streams.info('OUT', { subjects_filter: `out.${tenant}.>` })
  expect(Object.values(state.subjects ?? {}).reduce((sum, n) => sum + n, 0)).toBe(count)
}

describe('kill -9 under traffic', () => {
  test('a killed ClickHouse is restarted, and the tables catch up', async () => {
    const killed = system.running.clickhouse?.pid ?? 0
    await publishUntilAcknowledged('ch', 1_000, () => process.kill(killed, 'SIGKILL'))
    await expectComplete('ch', 1_000)
    expect(system.running.clickhouse?.pid).not.toBe(killed)
  })

  test('a killed nats-server is restarted, and nothing that it acknowledged is lost or handled twice', async () => {
    const killed = system.running.nats.pid ?? 0
    await publishUntilAcknowledged('nats', 1_000, () => process.kill(killed, 'SIGKILL'))
    await expectComplete('nats', 1_000)
    expect(system.running.nats.pid).not.toBe(killed)

    await system.producer.request('in.nats.toy.asks', JSON.stringify({ type: 'ask', data: { q: 'still there?' } }))
    await expect.poll(async () => (await readLog(system)).findLast((entry) => entry.actor === 'nats/toy/asks')?.record.to).toBe('open.idle')
  })
})
