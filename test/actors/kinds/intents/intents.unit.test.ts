import { expect, test } from 'vitest'
import { intentKind } from '../../../../actors/kinds/intents/intent-kind.ts'
import { intentsKind } from '../../../../actors/kinds/intents/intents-kind.ts'
import { given, type Scenario } from '../../../../actors/testkit/scenario.ts'
import { exampleIdOf, INTENT_LIMITS, intentActorId } from '../../../../schemas/intent-events.ts'
import { LIMITS } from '../../../../schemas/limits.ts'

const errorOf = ({ records }: Scenario<typeof intentKind> | Scenario<typeof intentsKind>): string => records.at(-1)?.error ?? ''
const intent = (name: string, set = 'main') => given(intentKind, { tenant: 'acme', id: intentActorId(set, name) })
const main = given(intentsKind, { tenant: 'acme', id: 'main' })
/** What an intent tells its set, as its actor sends it. */
const counted = (name: string, examples: number, teach: string, part = 1, parts = 1) =>
  [{ intent: name, examples, teach, part, parts }, { source: `colloquy/acme/intent/${intentActorId('main', name)}` }] as const

test('an intent keeps the ids of its examples, each once, and tells its set how many there are', () => {
  intent('退货')
    .when('intent.taught', { intent: '退货', teach: 't1', add: ['我要退货', 'I want to return it', '我要退货'] })
    .thenSent(intentsKind, 'main', 'intent.counted', { intent: '退货', examples: 2, teach: 't1', part: 1, parts: 1 })
    .when('intent.taught', { intent: '退货', teach: 't2', part: 2, parts: 3, add: ['退款'], remove: [exampleIdOf('我要退货')] })
    .thenSent(intentsKind, 'main', 'intent.counted', { examples: 2, teach: 't2', part: 2, parts: 3 })
    .thenLabel({ set: 'main', intent: '退货', examples: 2 })
    .when('intent.forgotten', { intent: '退货', teach: 't3' })
    .thenSent(intentsKind, 'main', 'intent.counted', { examples: 0, teach: 't3' })
})

test('an intent has at most 2,500 examples, whose ids fit into its state', () => {
  const add = Array.from({ length: INTENT_LIMITS.examplesMax }, (_, index) => `example ${index}`)
  const full = intent('full').when('intent.taught', { intent: 'full', teach: 't1', add })
  full.thenLabel({ set: 'main', intent: 'full', examples: 2_500 })
  expect(Buffer.byteLength(JSON.stringify(full.context))).toBeLessThan(LIMITS.stateBytesMax / 2)
  const beyond = full.when('intent.taught', { intent: 'full', teach: 't2', add: ['one more'] }).thenRejected('bad_data')
  expect(errorOf(beyond)).toBe('add: "full" would have 2501 examples; at most 2500 an intent')
})

test('an example is taught at the actor of its intent only', () => {
  const wrong = intent('billing')
    .when('intent.taught', { intent: 'returns', teach: 't1', add: ['x'] })
    .thenRejected('bad_data')
  expect(errorOf(wrong)).toContain('main--returns')
  intent('billing')
    .when('intent.taught', { intent: ' billing', teach: 't1', add: ['x'] })
    .thenRejected('bad_data')
  intent('billing')
    .when('intent.taught', { intent: 'billing', teach: 't1', part: 2, parts: 1, add: ['x'] })
    .thenRejected('bad_data')
  expect(intentActorId('main', 'returns')).not.toBe(intentActorId('other', 'returns'))
})

test('the version of a set rises once, with the last part of a teach, in any order', () => {
  main
    .when('intent.counted', ...counted('returns', 3, 't1', 2, 3))
    .thenNotEmitted()
    .when('intent.counted', ...counted('shipping', 2, 't1', 1, 3))
    .thenNotEmitted()
    // A part that comes twice counts once.
    .when('intent.counted', ...counted('shipping', 2, 't1', 1, 3))
    .thenNotEmitted()
    .when('intent.counted', ...counted('returns', 5, 't1', 3, 3))
    .thenEmitted('intents.changed', { version: 1, intents: 2, examples: 7 })
    .when('intent.counted', ...counted('returns', 0, 't2'))
    .thenEmitted('intents.changed', { version: 2, intents: 1, examples: 2 })
    .thenContext({ intents: [{ name: 'shipping', examples: 2 }], coming: [] })
})

test('a part that comes again after its teach was complete changes nothing', () => {
  main
    .when('intent.counted', ...counted('a', 1, 't1'))
    .thenEmitted('intents.changed', { version: 1 })
    .when('intent.counted', ...counted('a', 1, 't1'))
    .thenNotEmitted()
    .thenContext({ version: 1, coming: [], done: ['t1'] })
})

test('parts that disagree about their teach, and counts of anybody else, are refused', () => {
  const half = main.when('intent.counted', ...counted('a', 1, 't1', 1, 3))
  const other = half.when('intent.counted', ...counted('b', 1, 't1', 2, 2)).thenRejected('bad_data')
  expect(errorOf(other)).toBe('parts: the teach "t1" has 3 parts, as one of them said before, and not 2')
  const [data] = counted('ghost', 77, 't2')
  const forged = main.when('intent.counted', data, { source: 'me' }).thenRejected('bad_data')
  expect(errorOf(forged)).toContain('only actors of the kind intent send')
})

test('two teaches at a time are counted apart, and one whose parts do not all come can be completed', () => {
  main
    .when('intent.counted', ...counted('a', 1, 't1', 1, 2))
    .when('intent.counted', ...counted('b', 1, 't2', 1, 2))
    .when('intent.counted', ...counted('c', 1, 't1', 2, 2))
    .thenEmitted('intents.changed', { version: 1, intents: 3, examples: 3 })
    .when('intents.completed', { teach: 't2' })
    .thenEmitted('intents.changed', { version: 2 })
    .when('intents.completed', { teach: 't2' })
    .thenNotEmitted()
})

test('descriptions and routes stay with an intent until they are taken away', () => {
  main
    .when('intents.described', { intents: [{ name: 'returns', description: 'Wants to give something back', route: 'refund' }] })
    .thenEmitted('intents.changed', { version: 1, intents: 0, examples: 0 })
    .when('intent.counted', ...counted('returns', 4, 't1'))
    .when('intents.described', { intents: [{ name: 'returns', route: null }] })
    .thenContext({ intents: [{ name: 'returns', examples: 4, description: 'Wants to give something back' }] })
})

test('a set has at most 1,000 intents, and its names, descriptions and routes fit into its state', () => {
  const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => ({ name: `i${from + index}`, route: 'desk' }))
  const full = main.when('intents.described', { intents: many(0, 1_000) }).thenEmitted('intents.changed', { version: 1 })
  const beyond = full.when('intent.counted', ...counted('one more', 1, 't1')).thenRejected('bad_data')
  expect(errorOf(beyond)).toBe('the set "main" would have 1001 intents; at most 1000')
  const long = main.when('intents.described', { intents: many(0, 300).map((one) => ({ ...one, description: '长'.repeat(200) })) })
  expect(errorOf(long.thenRejected('bad_data'))).toContain(`at most ${INTENT_LIMITS.setBytesMax}`)
  given(intentsKind, { tenant: 'acme', id: 'a--b' })
    .when('intent.counted', ...counted('x', 1, 't1'))
    .thenRejected('bad_data')
})

test('teaches under way at a time have a bound, and the state stays small at the largest', () => {
  let set: Scenario<typeof intentsKind> = main
  const parts = INTENT_LIMITS.partsMax
  for (let teach = 0; teach < 20; teach += 1) set = set.when('intent.counted', ...counted('a', 1, `t${teach}`, parts, parts))
  expect(set.context.coming).toHaveLength(INTENT_LIMITS.teachesMax)
  expect(Buffer.byteLength(JSON.stringify(set.context.coming)) + INTENT_LIMITS.setBytesMax).toBeLessThan(LIMITS.stateBytesMax)
})
