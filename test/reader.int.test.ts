import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openReader } from '../pipeline/streams/reader.ts'
import { publishAll } from './ledger.ts'
import { startSystem, type System } from './system.ts'
import { toyKind } from './toy-kind.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind] })
})
afterAll(() => system.stop())

/** The least that the client takes. */
const HEARTBEAT_MS = 500

test('one who works long on what he got is not taken for a consumer that is lost', async () => {
  await publishAll(system, Array.from({ length: 6 }, (_, n) => ({ subject: 'in.acme.toy.slow', body: { type: 'add', id: `slow-${n}`, data: { by: 1 } } })))
  const reader = await openReader(system.running.bus, { stream: 'INBOX', filterSubjects: [], startSeq: 1, messagesMax: 2, heartbeatMs: HEARTBEAT_MS })
  const read: number[] = []
  for await (const message of reader) {
    read.push(message.seq)
    // For so long that more than two heartbeats are missed.
    if (read.length === 2) await delay(HEARTBEAT_MS * 4)
    if (read.length === 6) break
  }
  expect(read).toEqual([1, 2, 3, 4, 5, 6])
})
