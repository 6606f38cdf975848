import fc from 'fast-check'
import { loadCatalogue } from '../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../actors/kinds/interest/kind.ts'
import { createReminder } from '../../actors/kinds/reminder/kind.ts'
import type { KindGenerators } from './actor-histories.ts'
import { timeAt } from './core-helpers.ts'
import { parallelKind } from './parallel-kind.ts'
import { someAnswer, someHits, support, understoodAs } from './support-harness.ts'
import { toyKind } from './toy-kind.ts'

const plain = (...types: string[]) => fc.constantFrom(...types.map((type) => ({ type, data: {} })))
const messages = (...texts: string[]) =>
  fc.record({
    type: fc.constant('message.received'),
    data: fc.record({ role: fc.constantFrom('user', 'user', 'user', 'agent', 'assistant', 'system'), text: fc.constantFrom(...texts) }),
  })
const unknownType = fc.record({ type: fc.constant('unheard.of'), data: fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }) })
const invalid = fc.constantFrom<{ type: string; data: unknown }>(
  { type: 'add', data: { by: 'much' } },
  { type: 'add', data: [1] },
  { type: 'arm', data: { ms: -1 } },
  { type: 'message.received', data: { role: 'nobody' } },
  { type: 'message.received', data: { role: 'user' } },
  { type: 'xstate.done.actor.job', data: {} },
  { type: 'timer.fired', data: { run: 'x' } },
  { type: 'note', data: { text: '\ud800' } },
)
const mixed = (...own: fc.Arbitrary<{ type: string; data: unknown }>[]): KindGenerators['inputs'] =>
  fc.oneof(...own.map((arbitrary) => ({ weight: 10, arbitrary })), { weight: 1, arbitrary: unknownType }, { weight: 1, arbitrary: invalid })

export const toy: KindGenerators = {
  kind: toyKind,
  inputs: mixed(
    fc.record({ type: fc.constant('add'), data: fc.record({ by: fc.double({ noNaN: true, noDefaultInfinity: true }) }) }),
    fc.record({ type: fc.constant('note'), data: fc.record({ text: fc.string({ unit: 'binary' }) }) }),
    fc.record({ type: fc.constant('ask'), data: fc.record({ q: fc.string() }) }),
    plain('pause', 'resume', 'pause', 'resume', 'split', 'left', 'right', 'leave', 'throw', 'spin', 'corrupt'),
    fc.oneof({ weight: 20, arbitrary: plain('resume', 'left', 'right') }, { weight: 1, arbitrary: plain('finish') }),
  ),
  outputs: { answer: [{ text: 'so' }, { text: '' }] },
}

export const parallel: KindGenerators = {
  kind: parallelKind,
  inputs: mixed(
    plain('go', 'go', 'go', 'stop', 'risk', 'blink'),
    plain('poke', 'poke', 'poke', 'away', 'away', 'back', 'wholly'),
    fc.oneof(fc.record({ type: fc.constant('arm'), data: fc.record({ ms: fc.nat(1_000_000) }) }), plain('disarm')),
    fc.oneof(fc.record({ type: fc.constant('hear'), data: fc.record({ word: fc.string() }) }), messages('hi', '你好')),
    fc.oneof({ weight: 30, arbitrary: plain('go', 'poke') }, { weight: 1, arbitrary: plain('quit') }),
  ),
  outputs: { first: [{ gives: 1 }, { gives: 0.1 }], second: [{ gives: 2 }], risky: [{ gives: 3 }] },
}

export const supportDesk: KindGenerators = {
  kind: support,
  inputs: mixed(
    messages('Hello', 'How much is shipping to Germany?', 'useless bot', 'a human please', 'thanks!', '怎么退货', '转人工', '', '👍'),
    messages('and to Japan?', '香港呢？', 'Where is HB-1234567?'),
    fc.oneof(
      plain('case.resolved'),
      fc.constantFrom(
        { type: 'feedback.given', data: { rating: 5 } },
        { type: 'feedback.given', data: { rating: 1 } },
        { type: 'case.taken', data: { agent: 'Ann' } },
      ),
    ),
  ),
  outputs: {
    lookup: [
      { hits: someHits },
      { hits: [] },
      ...(['handoff', 'feedback', 'chitchat'] as const).map((act) => ({ hits: [], understood: understoodAs(act) })),
    ],
    answer: [someAnswer, { text: null, sources: [] }],
  },
}

/** Times around those of the messages of a history. */
const appointmentAt = fc.integer({ min: -2, max: 72 }).map((hours) => new Date(Date.parse(timeAt(1)) + hours * 3_600_000).toISOString())

export const reminder: KindGenerators = {
  kind: createReminder(),
  inputs: mixed(
    fc.record({
      type: fc.constant('appointment.booked'),
      data: fc.record({ at: appointmentAt, what: fc.constantFrom('牙科检查', 'dentist'), lang: fc.constantFrom('zh', 'en') }),
    }),
    fc.record({ type: fc.constant('appointment.moved'), data: fc.record({ at: appointmentAt }) }),
    plain('appointment.confirmed', 'appointment.cancelled'),
  ),
  outputs: {},
}

const topics = fc.array(fc.constantFrom('books', '书', 'travel', 'music', '音乐'), { minLength: 1, maxLength: 4 })
const item = fc.record({ item: fc.constantFrom('a', 'b', 'c', 'd'), topics })

export const interest: KindGenerators = {
  kind: createInterest(loadCatalogue()),
  inputs: mixed(
    fc.record({ type: fc.constantFrom('item.browsed', 'item.liked', 'item.bought'), data: item }),
    fc.record({
      type: fc.constant('item.rated'),
      data: fc.record({ item: fc.constant('a'), topics, stars: fc.integer({ min: 1, max: 5 }) }),
    }),
    fc.record({ type: fc.constant('recommendations.asked'), data: fc.record({ count: fc.integer({ min: 1, max: 9 }) }) }),
  ),
  outputs: { recommend: [[], [{ item: 'a', score: 0.5 }]] },
}
