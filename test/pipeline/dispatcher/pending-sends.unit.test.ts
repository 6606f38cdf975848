import { expect, test } from 'vitest'
import { newActor } from '../../../actors/core/actor.ts'
import { createSends } from '../../../pipeline/dispatcher/pending-sends.ts'
import type { LogRecord } from '../../../schemas/record.ts'
import { message, recordOf } from '../../support/core-helpers.ts'

const sender = { tenant: 'acme', kind: 'toy', id: 'a1' }
const receiver = { tenant: 'acme', kind: 'toy', id: 'a2' }
const inputOf = (source: string): LogRecord =>
  recordOf(newActor(receiver), message(2, { type: 'note', id: 's-1', source, data: { text: 'x' } }))

test('an input of a producer with the id of a message between actors does not stand for its delivery', () => {
  const sends = createSends()
  const sending: LogRecord = {
    ...recordOf(newActor(sender), message(1, { type: 'note', data: { text: 'x' } })),
    sent: [{ id: 's-1', kind: 'toy', actor: 'a2', type: 'note', data: { text: 'x' } }],
  }
  sends.add(sender, sending, true)
  sends.add(receiver, inputOf('web'), true)
  expect(sends.undelivered()).toHaveLength(1)
  sends.add(receiver, inputOf('colloquy/acme/toy/a1'), true)
  expect(sends.undelivered()).toEqual([])
})
