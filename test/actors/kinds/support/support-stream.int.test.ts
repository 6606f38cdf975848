import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createSupport } from '../../../../actors/kinds/support/kind.ts'
import { tenantKind } from '../../../../actors/kinds/tenant/kind.ts'
import { type LiveMessage, liveMessageSchema } from '../../../../schemas/live-messages.ts'
import type { StreamMode } from '../../../../schemas/stream-mode.ts'
import { inputSubject, liveSubject, outSubjectsOf } from '../../../../schemas/subjects.ts'
import { completion, type ModelEndpoint, startModelEndpoint } from '../../../support/model-endpoint.ts'
import { articles } from '../../../support/support-harness.ts'
import { startSystem, type System } from '../../../support/test-system.ts'

let model: ModelEndpoint
const UNFIT = 'Our moon base ships in 412 days. The moon base is large.'
/** What the article says of shipping to Germany. */
const FIT = articles.find(({ id }) => id === 'shipping-europe-en')?.text ?? ''

beforeAll(async () => {
  model = await startModelEndpoint()
})
afterAll(() => model.stop())

async function startSupport(mode: StreamMode): Promise<System> {
  const settings = { ROLES: 'host,dispatch,tasks', LLM_BASE_URL: model.url, LLM_MODEL: 'tiny', STREAM: mode } as const
  const system = await startSystem({ kinds: [createSupport({ articles }), tenantKind], settings })
  onTestFinished(() => system.stop())
  return system
}

/** Asks, and takes all that is told until the reply. */
async function ask({ running: { jetstream } }: System, id: string) {
  const address = { tenant: 'acme', kind: 'support', id }
  const [told, sent]: [LiveMessage[], string[]] = [[], []]
  jetstream.nc.subscribe(liveSubject(address), {
    callback(_, message) {
      expect(sent).toEqual([])
      told.push(liveMessageSchema.parse(message.json()))
    },
  })
  jetstream.nc.subscribe(outSubjectsOf(address), {
    callback(_, message) {
      const { type, data } = message.json<{ type: string; data: { text: string } }>()
      if (type === 'message.sent') sent.push(data.text)
    },
  })
  await jetstream.nc.flush()
  const input = { type: 'message.received', id: 'm-1', data: { role: 'user', text: 'How much is shipping to Germany?' } }
  await jetstream.publisher.publish(inputSubject(address), JSON.stringify(input))
  await expect.poll(() => sent).toHaveLength(1)
  const texts = told.map((one) => (one.event === 'delta' ? one.text : 'reset'))
  return { texts, counted: texts.slice(texts.lastIndexOf('reset') + 1).join(''), sent: sent[0] }
}

test('the answer of support is told by checked sentences before it is sent, and one that is held back is never shown', async () => {
  const system = await startSupport('sentence')
  model.react(completion(FIT))
  const good = await ask(system, 'good')
  expect(good.counted).toBe(good.sent)
  model.react(completion(UNFIT))
  const held = await ask(system, 'held')
  expect(held.texts.join('')).not.toContain('moon')
  expect(held.sent).not.toContain('moon')
})

test('token by token, what is held back is taken back', async () => {
  const system = await startSupport('token')
  model.react(completion(UNFIT))
  const { texts, counted, sent } = await ask(system, 'held')
  expect(texts).toContain('reset')
  expect([counted, sent?.includes('moon')]).toEqual(['', false])
})

test('off is silent', async () => {
  const system = await startSupport('off')
  model.react(completion(FIT))
  expect((await ask(system, 'off')).texts).toEqual([])
})
