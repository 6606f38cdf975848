import type { JetStreamManager, StoredMsg } from '@nats-io/jetstream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBoard } from '../pipeline/cluster/board.ts'
import { startSystem, type System } from './system.ts'

let system: System
beforeAll(async () => { system = await startSystem({ settings: { ROLES: 'host' } }) })
afterAll(() => system.stop())

test('an answer of the board whose end is lost with its server is not waited for, and the next one is whole', async () => {
  const { bus } = system.running
  const board = await openBoard(bus, 1)
  const { direct } = bus.jsm
  // No server can be made to die between two messages of one answer: the end of this one is taken away.
  const endless: typeof direct.getLastMessagesFor = async (...asked) => {
    const whole = await direct.getLastMessagesFor(...asked)
    const seen: StoredMsg[] = []
    for await (const message of whole) seen.push(message)
    const { promise: silence, reject } = Promise.withResolvers<never>()
    return Object.assign(Object.create(whole) as typeof whole, {
      stop: (error?: Error) => reject(error ?? new Error('it was stopped')),
      async* [Symbol.asyncIterator]() {
        yield* seen
        yield await silence
      },
    })
  }
  const jsm: JetStreamManager = Object.assign(Object.create(bus.jsm) as JetStreamManager, { direct: Object.assign(Object.create(direct) as typeof direct, { getLastMessagesFor: endless }) })
  const interrupted = await openBoard({ ...bus, jsm }, 1)
  await expect(interrupted.read(['host'])).rejects.toMatchObject({ code: 'no_reply' })
  expect((await board.read(['host'])).members).toHaveLength(1)
})
