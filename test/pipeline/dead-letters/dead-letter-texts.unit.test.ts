import { headers } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { causesOf } from '../../../pipeline/dead-letters/dead-letter-causes.ts'
import { type DeadLetter, scanDeadLetters } from '../../../pipeline/dead-letters/dead-letters.ts'
import { headerText } from '../../../pipeline/dispatcher/dead-letter-messages.ts'
import type { JetStreamContext } from '../../../pipeline/jetstream/connection.ts'

/** A DEAD with one message for each error in a header. */
function deadWith(errors: readonly string[]): JetStreamContext {
  const messages = errors.map((error, index) => {
    const header = headers()
    header.set('Colloquy-Error', error)
    const info = { pending: errors.length - index - 1 }
    return { seq: index + 1, subject: 'dead.bad_data.acme.toy.a', data: new Uint8Array(), time: new Date(index), headers: header, info }
  })
  const consume = async () => Object.assign(messages.values(), { stop: () => undefined })
  const consumer = { info: async () => ({ num_pending: messages.length }), consume }
  return { js: { consumers: { get: async () => consumer } } } as unknown as JetStreamContext
}
async function read(errors: readonly string[]): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = []
  for await (const letter of scanDeadLetters(deadWith(errors), {})) letters.push(letter)
  return letters
}

test('an error text comes back as it was, also where the header is cut', async () => {
  const long = '数据不对：'.repeat(100)
  const texts = ['data.by: must be 50% of "x"', '订单 7 — über', long, '😀'.repeat(200)]
  const errors = (await read(texts.map(headerText))).map(({ error }) => error)
  expect(errors.slice(0, 2)).toEqual(texts.slice(0, 2))
  for (const [index, error] of errors.entries()) expect(texts[index]).toContain(error)
  expect(errors[2]?.length).toBeGreaterThan(100)
})

test('a header that an earlier version cut inside a character loses only that', async () => {
  const whole = encodeURI('数据不对')
  for (let cut = 1; cut < 9; cut++) {
    const [letter] = await read([whole.slice(0, -cut)])
    expect(letter?.error).toBe('数据不')
  }
})

test('a cause shows the error of its newest dead letter as it is', async () => {
  const causes = await causesOf(scanDeadLetters(deadWith(['n 17 is too large', 'n 18 is too large', 'other']), {}))
  expect(causes.map(({ error, count }) => [error, count])).toEqual([
    ['n 18 is too large', 2],
    ['other', 1],
  ])
})

test('places in code tell causes apart', async () => {
  const ended = (at: string): string => `host_ended: this input ended its host 2 times: did not return within 10.1 s, at f (${at})`
  const causes = await causesOf(scanDeadLetters(deadWith(['a.ts:7:18', 'a.ts:7:18', 'a.ts:20:3', 'b.mjs:7:18'].map(ended)), {}))
  expect(causes.map(({ count }) => count)).toEqual([2, 1, 1])
})
