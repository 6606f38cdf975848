import { expect, test } from 'vitest'
import { newActor } from '../../../actors/core/actor.ts'
import { createLogParser } from '../../../pipeline/jetstream/log-message.ts'
import { address, message, recordOf } from '../../support/core-helpers.ts'

test('half a surrogate pair is read as U+FFFD, which every table can hold; other Unicode and backslashes stay', () => {
  const record = recordOf(newActor(address), message(1, { type: 'add', data: { by: 1 } }))
  const json = JSON.stringify({ ...record, error: '😀 \\ud800 \ud800!' })
  expect(json).toContain('\\\\ud800 \\ud800!')

  const read = createLogParser(undefined)({ seq: 7, subject: 'log.0.acme.toy.a1', data: Buffer.from(json), time: new Date(0) })

  expect(read.record?.error).toBe('😀 \\ud800 \ufffd!')
})
